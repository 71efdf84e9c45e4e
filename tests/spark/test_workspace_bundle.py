"""The calls that a bundle deploy makes, in its order, as recorded (research/clients.md), sent by a plain HTTP client."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
from fixtures import needs_workspace

pytestmark = needs_workspace

NOTEBOOK = b"# Databricks notebook source\nprint('deployed')\n"


class Bundle:
    """One deployment's requests; every path in a URL is percent-encoded whole, slashes too."""

    def __init__(self, running: Any, root: str) -> None:
        import httpx

        self.root = root
        self.http = httpx.Client(
            base_url=running.url, headers={"Authorization": f"Bearer {running.token}"}, timeout=30
        )

    def status(self, path: str) -> Any:
        query = {"path": f"{self.root}/{path}", "return_export_info": "true"}
        return self.http.get("/api/2.0/workspace/get-status", params=query)

    def mkdirs(self, path: str) -> Any:
        return self.http.post(
            "/api/2.0/workspace/mkdirs", json={"path": f"{self.root}/{path}".rstrip("/")}
        )

    def write(self, path: str, content: bytes, overwrite: bool = True) -> Any:
        escaped = quote(f"{self.root}/{path}".lstrip("/"), safe="")
        url = f"/api/2.0/workspace-files/import-file/{escaped}?overwrite={str(overwrite).lower()}"
        return self.http.post(url, content=content)

    def read(self, path: str) -> Any:
        return self.http.get(
            f"/api/2.0/workspace-files/{quote(f'{self.root}/{path}'.lstrip('/'), safe='')}"
        )

    def export(self, path: str) -> Any:
        query = {"path": f"{self.root}/{path}", "direct_download": "true"}
        return self.http.get("/api/2.0/workspace/export", params=query)

    def delete(self, path: str, recursive: bool) -> Any:
        body = {"path": f"{self.root}/{path}".rstrip("/"), "recursive": recursive}
        return self.http.post("/api/2.0/workspace/delete", json=body)


@pytest.fixture
def bundle(workspace: Any, request: pytest.FixtureRequest) -> Bundle:
    return Bundle(
        workspace, f"/Workspace/Users/admin@workspace.local/.bundle/{request.node.name}/dev 1"
    )


def test_deploy_run_destroy(bundle: Bundle) -> None:
    assert bundle.http.get("/api/2.0/preview/scim/v2/Me?").status_code == 200
    for state in ("terraform.tfstate", "resources.json", "deployment.json"):
        answer = bundle.status(f"state/{state}")
        assert (answer.status_code, answer.json()["error_code"]) == (404, "RESOURCE_DOES_NOT_EXIST")
    assert bundle.delete("artifacts/.internal", recursive=True).status_code == 404
    assert bundle.mkdirs("artifacts/.internal").status_code == 200

    first = bundle.write(
        "files/src/nb.py", NOTEBOOK
    )  # the parent is missing: mkdirs, and once more
    assert first.status_code == 404
    assert bundle.mkdirs("files/src").status_code == 200
    assert bundle.write("files/src/nb.py", NOTEBOOK).status_code == 200
    assert bundle.write("files/src/nb.py", NOTEBOOK).status_code == 200
    assert bundle.write("files/src/lib.py", b"x = 1\n").status_code == 200
    status = bundle.status("files/src/nb").json()
    assert (status["object_type"], status["language"]) == ("NOTEBOOK", "PYTHON")
    assert status["repos_export_format"] == "SOURCE"
    assert bundle.status("files/src/nb.py").status_code == 404
    assert bundle.status("files/src/lib.py").json()["object_type"] == "FILE"

    assert bundle.mkdirs("state").status_code == 200
    resources = json.dumps({"job": {"id": 2**62}}).encode()
    assert bundle.write("state/resources.json", resources).status_code == 200
    assert bundle.read("state/resources.json").content == resources
    assert bundle.http.post("/telemetry-ext", json={"protoLogs": ["{}"]}).status_code == 200

    assert bundle.delete("", recursive=False).json()["error_code"] == "DIRECTORY_NOT_EMPTY"
    assert bundle.delete("", recursive=True).status_code == 200
    assert bundle.status("").status_code == 404
    assert bundle.read("state/resources.json").status_code == 404


def test_the_lock_of_a_deployment(bundle: Bundle) -> None:
    """404 while there is no folder, 200 for the first, 409 for the second, whose id the export tells."""
    mine, other = json.dumps({"ID": "1"}).encode(), json.dumps({"ID": "2"}).encode()
    missing = bundle.write("state/deploy.lock", mine, overwrite=False)
    assert missing.status_code == 404 and "parent folder" in missing.json()["message"]
    bundle.mkdirs("state")
    assert bundle.write("state/deploy.lock", mine, overwrite=False).status_code == 200
    assert bundle.write("state/deploy.lock", other, overwrite=False).status_code == 409
    assert bundle.export("state/deploy.lock").content == mine
    assert bundle.delete("state/deploy.lock", recursive=False).status_code == 200
    assert bundle.write("state/deploy.lock", other, overwrite=False).status_code == 200


def test_one_of_many_takes_the_lock(bundle: Bundle) -> None:
    from concurrent.futures import ThreadPoolExecutor

    bundle.mkdirs("state")
    for _ in range(5):
        with ThreadPoolExecutor(8) as pool:
            tries = [
                pool.submit(bundle.write, "state/deploy.lock", str(i).encode(), False)
                for i in range(8)
            ]
        codes = [found.result().status_code for found in tries]
        assert sorted(codes) == [200] + [409] * 7
        assert bundle.read("state/deploy.lock").content == str(codes.index(200)).encode()
        bundle.delete("state/deploy.lock", recursive=False)


def test_a_notebook_that_is_there_is_told_by_its_message(bundle: Bundle) -> None:
    """Not 409: 400, no error code, and the words that clients look for."""
    bundle.mkdirs("files")
    assert bundle.write("files/nb.py", NOTEBOOK, overwrite=False).status_code == 200
    answer = bundle.write("files/nb.py", NOTEBOOK, overwrite=False)
    assert answer.status_code == 400 and answer.json()["error_code"] == ""
    path = f"{bundle.root}/files/nb".removeprefix("/Workspace")
    assert answer.json()["message"] == f"Path ({path}) already exists."
    assert bundle.read("files/nb").content == NOTEBOOK


def test_files_larger_than_a_notebook_may_be(bundle: Bundle) -> None:
    """import-file takes more than the 10 MB of import; export gives no more than those."""
    content = bytes(range(256)) * 4096 * 12
    bundle.mkdirs("files")
    assert bundle.write("files/big.whl", content).status_code == 200
    assert bundle.read("files/big.whl").content == content
    assert bundle.export("files/big.whl").json()["error_code"] == "MAX_NOTEBOOK_SIZE_EXCEEDED"
