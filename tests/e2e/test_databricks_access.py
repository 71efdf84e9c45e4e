"""Which workspace `bldr databricks check` asks, and as whom, by what the configuration's layers say; a small server plays the workspace."""

import json
import os
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from bldr import BIN

TOKEN = "canary-of-dotenv"
ME = "/api/2.0/preview/scim/v2/Me"
WAREHOUSES = "/api/2.0/sql/warehouses"


class Workspace(ThreadingHTTPServer):
    """Knows one user and two warehouses; whatever else it is asked for is not there."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.seen: list[tuple[str, str]] = []  # (path, Authorization)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, Workspace)
        self.server.seen.append((self.path, self.headers["Authorization"]))
        answers = {
            ME: {"userName": "ann"},
            WAREHOUSES: {
                "warehouses": [
                    {"id": "w1", "name": "one", "state": "STOPPED", "cluster_size": "Large"},
                    {"id": "w2", "name": "two", "state": "RUNNING", "cluster_size": "Small"},
                ]
            },
        }
        known = answers.get(self.path)
        body = json.dumps(known or {"error_code": "RESOURCE_DOES_NOT_EXIST"}).encode()
        self.send_response(200 if known else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def workspace() -> Iterator[Workspace]:
    server = Workspace()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def bldr(cwd: Path, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [BIN, *args],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=cwd,
        env={"PATH": os.environ["PATH"], "HOME": str(cwd), **env},
    )


def test_dotenv_names_the_workspace_and_who_to_be(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(
        f"DATABRICKS_HOST={workspace.url}\nDATABRICKS_TOKEN='{TOKEN}'\nBLDR_CATALOG=sales\n"
    )
    done = bldr(tmp_path, "databricks", "check")
    assert done.returncode == 1, done.stderr  # the places are not there
    assert f"workspace {workspace.url} (.env:1), as pat (DATABRICKS_TOKEN of .env)" in done.stdout
    assert "ok       identity                     ann\n" in done.stdout
    assert "CREATE CATALOG IF NOT EXISTS `sales`;" in done.stdout
    assert "two, RUNNING, size Small" in done.stdout  # the one that answers soonest
    assert {who for _, who in workspace.seen} == {f"Bearer {TOKEN}"}
    shown = bldr(tmp_path, "config", "--json")
    assert json.loads(shown.stdout)["databricks.host"]["value"] == workspace.url
    for path in [p for p in (tmp_path / "output").rglob("*") if p.is_file()]:
        assert TOKEN.encode() not in path.read_bytes(), path
    assert TOKEN not in done.stdout + done.stderr + shown.stdout + shown.stderr


def test_the_environment_comes_before_dotenv_and_that_before_a_profile(
    workspace: Workspace, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text(
        "DATABRICKS_CONFIG_FILE=profiles\nDATABRICKS_TOKEN=of-dotenv\nDATABRICKS_WORKSPACE_ID=7\n"
    )
    (tmp_path / "profiles").write_text(f"[dev]\nhost = {workspace.url}\ntoken = of-profile\n")
    bldr(tmp_path, "databricks", "check", "--profile", "dev")
    assert workspace.seen[-1][1] == "Bearer of-dotenv"
    bldr(tmp_path, "databricks", "check", "--profile", "dev", DATABRICKS_TOKEN="of-environment")
    assert workspace.seen[-1][1] == "Bearer of-environment"
    (tmp_path / ".env").write_text("DATABRICKS_CONFIG_FILE=profiles\n")
    bldr(tmp_path, "databricks", "check", "--profile", "dev")
    assert workspace.seen[-1][1] == "Bearer of-profile"


def test_options_and_file_are_read_as_for_a_run(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "bldr.config.json").write_text(
        json.dumps({"databricks": {"host": workspace.url, "schema": "gold"}})
    )
    done = bldr(tmp_path, "databricks", "check", "--catalog", "a`b", "--json", DATABRICKS_TOKEN="t")
    steps = {step["step"]: step for step in json.loads(done.stdout)["steps"]}
    assert steps["schema"]["grants"][0] == "CREATE SCHEMA IF NOT EXISTS `a``b`.`gold`;"
    assert steps["volume"]["detail"].startswith("a`b.gold.landing: ")
    assert done.returncode == 1
