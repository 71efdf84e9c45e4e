"""Starting, stopping, being killed: what was answered is there afterwards."""

from __future__ import annotations

import base64
import io
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fixtures import client, needs_workspace

pytestmark = needs_workspace

PYTHON = Path(__file__).resolve().parents[2] / "python"


def command(*words: str) -> subprocess.CompletedProcess[str]:
    """One run of `python -m local_databricks`."""
    return subprocess.run(
        [sys.executable, "-m", "local_databricks", *words],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(PYTHON)},
    )


def plain(running: Any) -> Any:
    """A client that tries once."""
    import httpx

    return httpx.Client(
        base_url=running.url, headers={"Authorization": f"Bearer {running.token}"}, timeout=30
    )


def fill(running: Any) -> dict[str, Any]:
    """Something of everything; what it looks like."""
    from databricks.sdk.service.workspace import ImportFormat

    sdk = client(running)
    sdk.workspace.mkdirs("/Shared/kept/folder")
    sdk.workspace.upload(
        "/Shared/kept/nb.py", b"# Databricks notebook source\nx = 1\n", format=ImportFormat.AUTO
    )
    sdk.workspace.upload("/Shared/kept/f.bin", bytes(range(256)), format=ImportFormat.AUTO)
    (running.folder / "volumes/main/default/kept").mkdir(parents=True, exist_ok=True)
    sdk.files.upload("/Volumes/main/default/kept/in/f.csv", io.BytesIO(b"a,b\n"), overwrite=True)
    sdk.secrets.create_scope("kept")
    sdk.secrets.put_secret("kept", "k", string_value="v")
    return look(running)


def look(running: Any) -> dict[str, Any]:
    sdk = client(running)
    return {
        "me": sdk.current_user.me().as_dict(),
        "workspace": sdk.get_workspace_id(),
        "tree": [o.as_dict() for o in sdk.workspace.list("/Shared/kept")],
        "notebook": sdk.workspace.download("/Shared/kept/nb").read(),
        "file": sdk.workspace.download("/Shared/kept/f.bin").read(),
        "volume": sdk.files.download("/Volumes/main/default/kept/in/f.csv").contents.read(),
        "secret": sdk.secrets.get_secret("kept", "k").value,
        "oauth": client(running, client_id=running.client_id, client_secret=running.client_secret)
        .current_user.me()
        .user_name,
        "guest": client(running, token=running.guest["token"]).current_user.me().user_name,
    }


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_everything_is_there_after_a_restart(
    new_workspace: Callable[..., Any], tmp_path: Path, end: str
) -> None:
    first = new_workspace(tmp_path / "state")
    before = fill(first)
    token = client(
        first, client_id=first.client_id, client_secret=first.client_secret
    ).config.authenticate()
    logged = first.requests()
    getattr(first, end)()
    second = new_workspace(tmp_path / "state")
    assert (second.token, second.client_id, second.client_secret) == (
        first.token,
        first.client_id,
        first.client_secret,
    )
    assert look(second) == before
    oauth = token["Authorization"].removeprefix("Bearer ")
    assert client(second, token=oauth).current_user.me().user_name == first.client_id
    assert second.requests()[: len(logged)] == logged
    client(second).workspace.mkdirs("/Shared/new")
    ids = [o["object_id"] for o in before["tree"]]
    assert client(second).workspace.get_status("/Shared/new").object_id not in ids


def test_killed_while_it_works(new_workspace: Callable[..., Any], tmp_path: Path) -> None:
    """Killed again and again under load: whatever was answered with success is there, whole, and the start needs no help."""
    folder, answered = tmp_path / "state", {}
    for life in range(5):
        running = new_workspace(folder)
        stop = threading.Event()
        done: dict[str, bytes] = {}
        (folder / "volumes/main/default/v").mkdir(parents=True, exist_ok=True)
        threads = [
            threading.Thread(target=_write_on, args=(running, f"{life}-{n}", stop, done))
            for n in range(3)
        ]
        for thread in threads:
            thread.start()
        end = time.monotonic() + 60
        while len(done) < 10 * (life + 1):
            assert time.monotonic() < end
            time.sleep(0.01)
        running.kill()
        stop.set()
        for thread in threads:
            thread.join()
        answered.update(done)
    http = plain(new_workspace(folder))
    for path, content in answered.items():
        if path.startswith("/Volumes"):
            assert http.get(f"/api/2.0/fs/files{path}").content == content
        else:
            query = {"path": path, "direct_download": "true"}
            assert http.get("/api/2.0/workspace/export", params=query).content == content
    assert not list((folder / "staging").iterdir())


def _write_on(running: Any, name: str, stop: threading.Event, done: dict[str, bytes]) -> None:
    """Puts notebooks, files and volume files by a client that tries once, until the workspace has gone."""
    import httpx

    http = plain(running)
    for i in range(10_000):
        content = f"{name} {i}\n".encode() * 1000
        source = b"# Databricks notebook source\n" + content
        coded = base64.b64encode(source).decode()
        notebook = {"path": f"/Shared/nb-{name}-{i}", "content": coded, "language": "PYTHON"}
        try:
            if http.post("/api/2.0/workspace/import", json=notebook).status_code == 200:
                done[notebook["path"]] = source
            path = f"/Shared/f-{name}-{i}"
            if (
                http.post(
                    f"/api/2.0/workspace-files/import-file{path}", content=content
                ).status_code
                == 200
            ):
                done[path] = content
            path = f"/Volumes/main/default/v/{name}-{i}"
            if http.put(f"/api/2.0/fs/files{path}", content=content).status_code == 204:
                done[path] = content
        except httpx.TransportError:
            return
        if stop.is_set():
            return


def test_half_an_upload_is_none(workspace: Any) -> None:
    """A connection that breaks in the middle of a body leaves what was there."""
    import socket
    from urllib.parse import urlsplit

    (workspace.folder / "volumes/main/default/half").mkdir(parents=True, exist_ok=True)
    sdk, path = client(workspace), "/Volumes/main/default/half/f"
    sdk.files.upload(path, io.BytesIO(b"whole"), overwrite=True)
    at = urlsplit(workspace.url)
    for target in (
        f"PUT /api/2.0/fs/files{path}?overwrite=true",
        "POST /api/2.0/workspace-files/import-file/Shared/h",
    ):
        with socket.create_connection((at.hostname, at.port)) as connection:
            head = (
                f"{target} HTTP/1.1\r\nHost: {at.netloc}\r\nAuthorization: Bearer {workspace.token}\r\n"
                "Content-Length: 1000000\r\n\r\n"
            )
            connection.sendall(head.encode() + b"half" * 1000)
            time.sleep(0.1)
    end = time.monotonic() + 20
    while list((workspace.folder / "staging").iterdir()):
        assert time.monotonic() < end
        time.sleep(0.05)
    assert sdk.files.download(path).contents.read() == b"whole"
    assert not (workspace.folder / "workspace/Shared/h").exists()


def test_one_process_per_folder(new_workspace: Callable[..., Any], tmp_path: Path) -> None:
    running = new_workspace(tmp_path / "one")
    second = command("start", "--folder", str(running.folder), "--no-spark")
    assert second.returncode == 2 and "another process" in second.stderr and second.stdout == ""
    assert client(running).current_user.me().active


def test_start_status_stop(tmp_path: Path) -> None:
    """The command line alone: one line of JSON when it is ready, 0 at the end; status never tells a credential."""
    folder = tmp_path / "state"
    process = subprocess.Popen(
        [sys.executable, "-m", "local_databricks", "start", "--folder", str(folder), "--no-spark"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(PYTHON)},
    )
    assert process.stdout is not None
    said = json.loads(process.stdout.readline())
    assert said == json.loads((folder / "workspace.json").read_text())
    assert {"url", "token", "client_id", "client_secret"} <= said.keys()
    about = command("status", "--folder", str(folder))
    assert about.returncode == 0 and json.loads(about.stdout)["pid"] == process.pid
    assert not any(secret in about.stdout for secret in (said["token"], said["client_secret"]))
    assert command("stop", "--folder", str(folder)).returncode == 0
    assert process.wait(20) == 0 and process.stdout.read() == ""
    process.stdout.close()
    about = command("status", "--folder", str(folder))
    assert about.returncode == 2 and json.loads(about.stdout)["running"] is False
    again = command("stop", "--folder", str(folder))
    assert again.returncode == 2 and "nothing serves" in again.stderr


def test_wrong_use(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for words in (
        ("start",),
        ("start", "--folder", str(tmp_path / "file")),
        ("start", "--folder", str(tmp_path / "state"), "--port", "99999"),
        ("begin",),
    ):
        ended = command(*words)
        assert ended.returncode in (2, 3) and ended.stderr and "Traceback" not in ended.stderr


PART = """
import sys
import local_databricks.app as app
import local_databricks.workspace as w
from local_databricks.command import main

class Part:
    def __init__(self, workspace):
        pass
    def start(self):
        print(type(self).__name__, "starts", file=sys.stderr)
    def stop(self):
        print(type(self).__name__, "stops", file=sys.stderr)
        raise OSError("cannot")

class Lacking(Part):
    def start(self):
        raise RuntimeError("there is no java")

class Later(Part):
    pass

here = sys.modules["parts"] = sys.modules["__main__"]
app.APIS = ()  # whose routes ask for more of their parts
w.PARTS = tuple(w.Part(name, "parts", kind) for name, kind in PARTS)
raise SystemExit(main(["start", "--folder", sys.argv[1], "--while-stdin"]))
"""


def parts(folder: Path, *kinds: str) -> subprocess.Popen[str]:
    """A workspace of parts that say what happens to them."""
    wanted = list(zip(("registry", "spark"), kinds, strict=True))
    return subprocess.Popen(
        [sys.executable, "-c", f"PARTS = {wanted}" + PART, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(PYTHON)},
    )


def told(stderr: str) -> list[str]:
    """Without the traceback of the part that fails when it is stopped."""
    return [
        line for line in stderr.splitlines() if re.match(r"\w+ (starts|stops)$|local_data", line)
    ]


def test_parts_start_in_order_and_stop_in_the_other(tmp_path: Path) -> None:
    """Though one fails when it is stopped."""
    process = parts(tmp_path, "Part", "Later")
    assert process.stdout is not None and json.loads(process.stdout.readline())["url"]
    _, stderr = process.communicate(timeout=60)  # closes its standard input
    assert told(stderr) == ["Part starts", "Later starts", "Later stops", "Part stops"]
    assert process.returncode == 0


def test_a_part_that_cannot_start_says_why(tmp_path: Path) -> None:
    """In one line at the end; what was started before is stopped, and the folder is free."""
    process = parts(tmp_path, "Part", "Lacking")
    assert process.stderr is not None
    stderr = process.stderr.read()  # to its end, its standard input still open
    stdout, _ = process.communicate(timeout=60)
    assert (process.returncode, stdout) == (3, "") and "RuntimeError" not in stderr
    assert sorted(told(stderr)) == [
        "Lacking stops",
        "Part starts",
        "Part stops",
        "local_databricks: there is no java",
    ]
    assert command("stop", "--folder", str(tmp_path)).returncode == 2


def test_it_ends_with_who_started_it(tmp_path: Path) -> None:
    """The tests' process is killed: no workspace stays behind."""
    program = (
        "import os, sys; from pathlib import Path; from local_databricks import testing\n"
        f"print(testing.start(Path({str(tmp_path / 'state')!r}), spark=False).process.pid, flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(PYTHON)},
    )
    assert ended.returncode == -signal.SIGKILL
    end = time.monotonic() + 20
    while Path(f"/proc/{int(ended.stdout)}").exists():
        assert time.monotonic() < end
        time.sleep(0.05)
