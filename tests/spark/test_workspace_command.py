"""bldr workspace start|stop|status: the binary starts a workspace that databricks-sdk can work with, and ends it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fixtures import needs_workspace

BIN = os.environ.get("BLDR_BIN", "")
SPARK_HOME = Path(__file__).resolve().parents[2] / ".spark"
pytestmark = [
    needs_workspace,
    pytest.mark.skipif(not BIN, reason="needs BLDR_BIN"),
    pytest.mark.skipif(not SPARK_HOME.is_dir(), reason="needs .spark"),
]


def bldr(*words: str | Path, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Runs it; a pipe that the workspace had kept open would hold this up."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("BLDR_") and k != "PYTHONPATH"}
    return subprocess.run(
        [BIN, "workspace", *map(str, words)],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=cwd,
        env={**clean, "BLDR_SPARK_HOME": str(SPARK_HOME), **env},
    )


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Where a test's workspace is; nothing serves it afterwards."""
    yield tmp_path / "a workspace"
    assert bldr("stop", "--folder", tmp_path / "a workspace", cwd=tmp_path).returncode == 0


def start(folder: Path, *words: str) -> dict[str, Any]:
    done = bldr("start", "--folder", folder, "--no-spark", "--json", *words, cwd=folder.parent)
    assert done.returncode == 0, done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def wait_until_gone(pid: int) -> None:
    """Or nothing but an entry that nobody has asked for yet (Z), where the machine's first process asks for none."""
    end = time.monotonic() + 20
    while True:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return
        if state == "Z":
            return
        assert time.monotonic() < end
        time.sleep(0.02)


def test_start_use_stop(folder: Path) -> None:
    from databricks.sdk import WorkspaceClient

    said = start(folder)
    credentials = json.loads(Path(said["credentials"]).read_text())
    assert (
        said["running"] and said["url"] == credentials["url"] and said["pid"] == credentials["pid"]
    )
    assert Path(said["credentials"]).stat().st_mode & 0o777 == 0o600
    assert not any(credentials[name] in json.dumps(said) for name in ("token", "client_secret"))
    sdk = WorkspaceClient(host=said["url"], token=credentials["token"])
    sdk.workspace.mkdirs("/Shared/kept")
    about = bldr("status", "--folder", folder, "--json", cwd=folder.parent)
    assert about.returncode == 0 and json.loads(about.stdout) == said
    assert start(folder) == said  # it runs already
    assert os.getsid(said["pid"]) == said["pid"]  # apart from the terminal
    assert bldr("stop", "--folder", folder, cwd=folder.parent).returncode == 0
    wait_until_gone(said["pid"])
    about = bldr("status", "--folder", folder, "--json", cwd=folder.parent)
    assert about.returncode == 3 and json.loads(about.stdout)["running"] is False
    again = start(folder)
    assert again["pid"] != said["pid"]
    sdk = WorkspaceClient(host=again["url"], token=credentials["token"])
    assert sdk.workspace.get_status("/Shared/kept").object_id


def test_killed_ones_mislead_nobody(folder: Path) -> None:
    """workspace.json of a killed one is still there; the kernel says that nobody serves the folder."""
    first = start(folder)
    os.kill(first["pid"], signal.SIGKILL)
    end = time.monotonic() + 20
    while bldr("status", "--folder", folder, cwd=folder.parent).returncode == 0:
        assert time.monotonic() < end
    assert bldr("stop", "--folder", folder, cwd=folder.parent).returncode == 0
    assert start(folder)["pid"] != first["pid"]


def test_the_port_asked_for(folder: Path) -> None:
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert start(folder, "--port", str(port))["url"] == f"http://127.0.0.1:{port}"
    other = folder.parent / "other"
    done = bldr("start", "--folder", other, "--no-spark", "--port", str(port), cwd=folder.parent)
    assert done.returncode == 3 and f"cannot listen on port {port}" in done.stderr
    assert bldr("status", "--folder", other, cwd=folder.parent).returncode == 3


def test_default_folder(tmp_path: Path) -> None:
    """`workspace` in the output folder."""
    started = bldr("start", "--no-spark", "--output", "out", cwd=tmp_path)
    try:
        assert started.returncode == 0 and "out/workspace/workspace.json" in started.stdout
        assert (tmp_path / "out/workspace/state.db").exists()
    finally:
        assert bldr("stop", "--output", "out", cwd=tmp_path).returncode == 0


@pytest.mark.parametrize(
    ("words", "env", "code", "said"),
    [
        (["start", "--port", "70000"], {}, 2, "port"),
        (["start", "--port", "x"], {}, 2, "port"),
        (["start", "extra"], {}, 2, "usage"),
        (["start"], {"BLDR_SPARK_HOME": "/nowhere"}, 2, "/nowhere"),
        (["start", "--spark-home", "/nowhere"], {}, 2, "/nowhere"),
        (["start", "--folder", "/dev/null/x"], {}, 3, "/dev/null"),
        (["status", "--folder", "none"], {}, 3, ""),
        (["stop", "--folder", "none"], {}, 0, ""),
        (["begin"], {}, 2, "no command"),
    ],
)
def test_wrong_use(
    tmp_path: Path, words: list[str], env: dict[str, str], code: int, said: str
) -> None:
    done = bldr(*words, cwd=tmp_path, **env)
    assert done.returncode == code and said in done.stderr
    assert not list(tmp_path.rglob("state.db"))


def test_a_python_that_has_nothing(tmp_path: Path) -> None:
    """What it said on its way out is told."""
    python = tmp_path / "home/venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\necho 'No module named starlette' >&2\nexit 1\n")
    python.chmod(0o755)
    done = bldr("start", "--spark-home", tmp_path / "home", "--folder", "f", cwd=tmp_path)
    assert done.returncode == 3
    assert "did not start" in done.stderr and "No module named starlette" in done.stderr


def test_interrupted_while_it_starts(tmp_path: Path) -> None:
    """Ctrl-C: nothing is left behind."""
    python = tmp_path / "home/venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text(f"#!/bin/sh\necho $$ > {tmp_path}/pid\nexec sleep 100\n")
    python.chmod(0o755)
    process = subprocess.Popen(
        [BIN, "workspace", "start", "--spark-home", str(tmp_path / "home"), "--folder", "f"],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
    )
    end = time.monotonic() + 20
    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
        assert time.monotonic() < end
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130 and "interrupted" in said
    wait_until_gone(int((tmp_path / "pid").read_text()))
