"""A workspace for tests: its own process, its own folder, gone with the process that started it.

running = start(folder, spark=False)
WorkspaceClient(host=running.url, token=running.token)
running.stop()
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

READY_S = 180.0
STOP_S = 60.0
PACKAGES = Path(__file__).resolve().parents[1]


@dataclass
class Running:
    """A served workspace. `guest` has token, client_id and client_secret of a principal without rights."""

    url: str
    token: str
    client_id: str
    client_secret: str
    folder: Path
    process: subprocess.Popen[str]
    tenant_id: str
    workspace_id: str
    guest: dict[str, str]

    def stop(self) -> None:
        """Ends it as `stop` does; waits. Nothing happens when it has ended."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self._wait(STOP_S)

    def kill(self) -> None:
        """kill -9; waits."""
        self.process.kill()
        self._wait(STOP_S)

    def requests(self, since: int = 0) -> list[dict[str, Any]]:
        """The request log: entries with `n` above `since`, without those of /_workspace."""
        return list(self.ask("GET", f"/_workspace/requests?since={since}")["requests"])

    def fault(self, route: str, kind: str, **options: Any) -> None:
        """Adds to the fault plan: see faults.Rule for the kinds and options."""
        self.ask("POST", "/_workspace/faults", {"route": route, "kind": kind, **options})

    def faults(self) -> list[dict[str, Any]]:
        """The fault plan, with how often each rule struck."""
        return list(self.ask("GET", "/_workspace/faults")["faults"])

    def clear_faults(self) -> None:
        """Empties the fault plan."""
        self.ask("DELETE", "/_workspace/faults")

    def settings(self, **settings: Any) -> None:
        """Changes settings of the authentication: see Auth.change."""
        self.ask("POST", "/_workspace/settings", settings)

    def ask(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        """One call as the admin, by nothing but Python's own client. Raises urllib.error.HTTPError."""
        request = urllib.request.Request(
            self.url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            found: dict[str, Any] = json.loads(answer.read() or b"{}")
            return found

    def _wait(self, seconds: float) -> None:
        try:
            self.process.wait(seconds)
        finally:
            for pipe in (self.process.stdin, self.process.stdout):
                if pipe is not None:
                    pipe.close()


def start(folder: Path, *, spark: bool = True, python: str = sys.executable) -> Running:
    """Starts a workspace in `folder` and waits until it answers; what it says on stderr goes to folder/log.

    Raises RuntimeError with the end of that log when it does not come up.
    """
    folder.mkdir(parents=True, exist_ok=True)
    command = [python, "-m", "local_databricks", "start", "--folder", str(folder), "--while-stdin"]
    if not spark:
        command.append("--no-spark")
    search = os.pathsep.join(filter(None, (str(PACKAGES), os.environ.get("PYTHONPATH", ""))))
    with open(folder / "log", "a") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env={**os.environ, "PYTHONPATH": search},
        )
    assert process.stdout is not None
    ready, _, _ = select.select([process.stdout], [], [], READY_S)
    line = process.stdout.readline() if ready else ""
    if not line:
        if not ready:
            process.kill()
        process.wait(STOP_S)
        tail = (folder / "log").read_text()[-4000:]
        raise RuntimeError(f"the workspace did not start (exit code {process.returncode}):\n{tail}")
    said = json.loads(line)
    names = ("url", "token", "client_id", "client_secret", "tenant_id", "workspace_id", "guest")
    return Running(**{name: said[name] for name in names}, folder=folder, process=process)
