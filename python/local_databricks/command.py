"""`python -m local_databricks start|stop|status --folder DIR`.

`start` stays in the foreground and prints one line of JSON when the workspace is ready; the same stands in
DIR/workspace.json. It ends by SIGTERM, SIGINT or `stop`.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import socket
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from local_databricks.workspace import Workspace

STOP_S = 30.0  # how long `stop` waits for the process to end by itself
BACKLOG = 1024
USAGE, FAILED = 2, 3


def main(argv: list[str] | None = None) -> int:
    """Runs one command; the exit code: 0, 2 (wrong use, or not running), 3 (what failed is said)."""
    options = _options().parse_args(argv)
    run: int = options.run(options)
    return run


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local_databricks", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="start|stop|status")
    for name, run in (("start", start), ("stop", stop), ("status", status)):
        command = commands.add_parser(name)
        command.set_defaults(run=run)
        command.add_argument("--folder", type=Path, required=True, help="where the state is")
        if name == "start":
            command.add_argument("--port", type=int, default=0, help="0 (default): a free one")
            command.add_argument(
                "--no-spark", action="store_true", help="serve no SQL and run no jobs"
            )
            command.add_argument(
                "--while-stdin", action="store_true", help="end when standard input is closed"
            )
    return parser


def start(options: argparse.Namespace) -> int:
    """Serves DIR until it is told to end."""
    os.umask(0o077)
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.WARNING,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    from local_databricks.workspace import InUse, Workspace

    try:
        workspace = Workspace(options.folder, with_spark=not options.no_spark)
    except InUse as held:
        print(f"local_databricks: {held}", file=sys.stderr)
        return USAGE
    except OSError as failed:
        print(f"local_databricks: {failed}", file=sys.stderr)
        return FAILED
    if options.while_stdin:
        threading.Thread(target=_end_with_stdin, daemon=True).start()
    # uvicorn has handlers of its own while it serves, and raises the signal again behind that
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        return _serve(workspace, options.port)
    except (OSError, RuntimeError) as failed:  # what a part lacks is said by itself
        print(f"local_databricks: {failed}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return 0
    finally:
        workspace.close()


def _serve(workspace: Workspace, port: int) -> int:
    from local_databricks.serve import serve

    # With its protocol named: asyncio turns Nagle's algorithm off for such sockets only, and head and body of an answer
    # are two packets, so that the second would wait 40 ms for the client's delayed acknowledgement.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
        listener.listen(BACKLOG)  # runs that go on when the jobs start may ask before all is ready
    except (OSError, OverflowError) as failed:
        raise OSError(f"cannot listen on port {port}: {failed}") from None
    workspace.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    workspace.start()

    def ready() -> None:
        workspace.publish()
        print(json.dumps(workspace.published()), flush=True)

    return serve(workspace, listener, ready)


def _end_with_stdin() -> None:
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def stop(options: argparse.Namespace) -> int:
    """Tells the process that serves DIR to end, and waits until it has."""
    said = running(options.folder)
    if said is None:
        print(f"local_databricks: nothing serves {options.folder}", file=sys.stderr)
        return USAGE
    os.kill(said["pid"], signal.SIGTERM)
    end = time.monotonic() + STOP_S
    while held(options.folder):
        if time.monotonic() > end:
            print(f"local_databricks: process {said['pid']} does not end", file=sys.stderr)
            return FAILED
        time.sleep(0.02)
    return 0


def status(options: argparse.Namespace) -> int:
    """Prints one line of JSON: whether DIR is served, by which process and where; never credentials."""
    said = running(options.folder)
    keys = ("url", "pid", "folder", "workspace_id")
    about = {key: said[key] for key in keys} if said else {"folder": str(options.folder.absolute())}
    print(json.dumps({"running": said is not None, **about}))
    return 0 if said else USAGE


def running(folder: Path) -> dict[str, Any] | None:
    """What DIR/workspace.json says when a process serves DIR."""
    if not held(folder):
        return None
    try:
        said: dict[str, Any] = json.loads((folder / "workspace.json").read_text())
    except (OSError, ValueError):
        return None
    return said if said.get("url") else None


def held(folder: Path) -> bool:
    """Whether a process holds the lock of DIR."""
    import fcntl

    try:
        lock = os.open(folder / "lock", os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(lock)
    return False
