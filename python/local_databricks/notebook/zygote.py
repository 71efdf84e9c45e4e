"""A warm process that is forked once per notebook: it has imported what notebooks import, and opened nothing.

Started as `python -m local_databricks.notebook.zygote FD` with one end of a control socket (SOCK_SEQPACKET). A request
{"run": n} comes with two descriptors: the notebook's end of its link, and where its output goes. Answers: {"run",
"pid"} once it is forked, {"run", "exit"} (as waitpid says it) when it has ended. When the workspace goes, so do this
process and all notebooks.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import random
import signal
import socket
import sys
import traceback
from typing import Any, TextIO

_PR_SET_PDEATHSIG = 1


def warm() -> None:
    """Imports what nearly every notebook needs; a workspace without Spark may lack some of it."""
    for name in (
        "pandas",
        "pyspark.sql.connect.session",
        "pyspark.sql.functions",
        "pyspark.sql.types",
        "pyspark.sql.window",
        "local_databricks.spark.client",
        "local_databricks.spark.front",
        "local_databricks.notebook.runner",
        "local_databricks.notebook.places",
    ):
        with contextlib.suppress(ImportError):
            __import__(name)


def serve(control: socket.socket) -> None:
    """Forks for each request, until the other end is gone."""
    children: dict[int, int] = {}
    wake, waker = socket.socketpair()
    for end in (wake, waker):
        end.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)
    import select

    while True:
        ready, _, _ = select.select([control, wake], [], [])
        if wake in ready:
            wake.recv(4096)
            _reap(control, children)
        if control in ready:
            message, descriptors, _, _ = socket.recv_fds(control, 65536, 2)
            if not message:
                break
            run = json.loads(message)["run"]
            pid = os.fork()
            if pid == 0:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                for end in (control, wake, waker):
                    end.close()
                _child(*descriptors)
            children[pid] = run
            for descriptor in descriptors:
                os.close(descriptor)
            _tell(control, {"run": run, "pid": pid})
    for pid in children:
        with contextlib.suppress(OSError):
            os.killpg(pid, signal.SIGKILL)


def _reap(control: socket.socket, children: dict[int, int]) -> None:
    while children:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        if pid in children:
            _tell(control, {"run": children.pop(pid), "exit": status})


def _tell(control: socket.socket, message: dict[str, Any]) -> None:
    with contextlib.suppress(OSError):
        control.send(json.dumps(message).encode())


def _child(link: int, output: int) -> None:
    """The notebook's process; does not return."""
    code = 1
    try:
        os.setsid()
        _end_with_parent()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        _redirect(output)
        _reseed()
        _work(link)
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(BaseException):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _redirect(output: int) -> None:
    """Nothing to read, and all that is printed into `output`, line by line."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    for descriptor, target in ((nothing, 0), (output, 1), (output, 2)):
        os.dup2(descriptor, target)
    os.close(nothing)
    os.close(output)
    sys.stdout, sys.stderr = _printer(1), _printer(2)


def _printer(descriptor: int) -> TextIO:
    return open(descriptor, "w", buffering=1, encoding="utf-8", errors="replace", closefd=False)


def _reseed() -> None:
    """Notebooks must not draw the same random numbers because they are copies of one process."""
    random.seed()
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        numpy.random.seed()


def _work(descriptor: int) -> None:
    from local_databricks.notebook import places
    from local_databricks.notebook.link import Channel, Link
    from local_databricks.notebook.runner import Runner

    channel = Channel(socket.socket(fileno=descriptor))
    work = channel.receive()
    if work is None:
        return
    places.enter(work["places"], work["scratch"], work["places_how"])
    _end_with_parent()  # a new namespace may have forgotten it
    folder = os.path.dirname(work["path"]).rstrip("/")
    os.chdir("/Workspace" + folder)
    # What lies beside this package is not the workspace's: a notebook finds only what was put there for it.
    beside = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    sys.path[:] = [path for path in sys.path if os.path.abspath(path) != beside]
    os.environ.pop("PYTHONPATH", None)
    sys.path.insert(0, "/Workspace" + folder)
    sys.argv = [""]
    runner = Runner(work, Link(channel))
    ended = runner.run()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):  # the notebook may have closed or replaced them
            stream.flush()
    with contextlib.suppress(Exception):
        runner.close()
    channel.send({"done": ended})


def main() -> None:
    control = socket.socket(fileno=int(sys.argv[1]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    warm()
    serve(control)


if __name__ == "__main__":
    main()
