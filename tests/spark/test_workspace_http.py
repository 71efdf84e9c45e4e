"""What databricks-sdk does not send: ranges, conditions, large bodies that are refused, many at once."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from email.utils import formatdate, parsedate_to_datetime
from typing import Any

import pytest
from fixtures import needs_workspace

pytestmark = needs_workspace
httpx = pytest.importorskip("httpx")

CONTENT = bytes(range(256)) * 400
FILE = "/api/2.0/fs/files/Volumes/main/default/http/f.bin"


@pytest.fixture
def http(workspace: Any) -> Any:
    """A client that tries once; there is a file of a volume."""
    (workspace.folder / "volumes/main/default/http").mkdir(parents=True, exist_ok=True)
    client = httpx.Client(
        base_url=workspace.url, headers={"Authorization": f"Bearer {workspace.token}"}, timeout=60
    )
    assert client.put(FILE, content=CONTENT).status_code == 204
    return client


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=10-19", 10, 20),
        ("bytes=1000-", 1000, len(CONTENT)),
        ("bytes=-7", len(CONTENT) - 7, len(CONTENT)),
        (f"bytes=5-{len(CONTENT) + 99}", 5, len(CONTENT)),
    ],
)
def test_ranges(http: Any, asked: str, start: int, end: int) -> None:
    answer = http.get(FILE, headers={"Range": asked})
    assert answer.status_code == 206 and answer.content == CONTENT[start:end]
    assert answer.headers["Content-Range"] == f"bytes {start}-{end - 1}/{len(CONTENT)}"


def test_a_range_beyond_the_end(http: Any) -> None:
    answer = http.get(FILE, headers={"Range": f"bytes={len(CONTENT)}-"})
    assert answer.status_code == 416


def test_head_says_how_long_and_how_old(http: Any) -> None:
    head, get = http.head(FILE), http.get(FILE)
    assert head.status_code == 200 and head.content == b""
    for name in ("Content-Length", "Last-Modified", "Content-Type", "Accept-Ranges"):
        assert head.headers[name] == get.headers[name]
    assert head.headers["Content-Length"] == str(len(CONTENT))
    assert abs(parsedate_to_datetime(head.headers["Last-Modified"]).timestamp() - time.time()) < 60
    assert http.head("/api/2.0/fs/files/Volumes/main/default/http/none").status_code == 404
    assert http.head("/api/2.0/fs/directories/Volumes/main/default/http").status_code == 200
    assert http.head("/api/2.0/fs/directories/Volumes/main/default/http/none").status_code == 404


def test_unmodified_since(http: Any) -> None:
    written = http.head(FILE).headers["Last-Modified"]
    before = formatdate(parsedate_to_datetime(written).timestamp() - 1, usegmt=True)
    assert http.get(FILE, headers={"If-Unmodified-Since": written}).status_code == 200
    assert http.get(FILE, headers={"If-Unmodified-Since": before}).status_code == 412
    assert http.get(FILE, headers={"If-Unmodified-Since": "yesterday"}).status_code == 400


def test_a_refused_upload_is_told_why(http: Any) -> None:
    """The body is read to its end all the same: a client that is still sending would see a broken connection."""
    body = CONTENT * 200
    for path, status in ((FILE + "?overwrite=false", 409), (FILE.replace("/http/", "/none/"), 404)):
        answer = http.put(path, content=body)
        assert answer.status_code == status and answer.json()["message"]
    assert http.get(FILE).content == CONTENT
    answer = httpx.put(str(http.base_url) + FILE, content=body)
    assert answer.status_code == 401 and answer.json()["message"]


def test_a_body_in_chunks(http: Any) -> None:
    """Without Content-Length."""
    assert http.put(FILE, content=iter([CONTENT] * 10)).status_code == 204
    assert http.get(FILE).content == CONTENT * 10


def test_wrong_pages(http: Any) -> None:
    for query in (
        "page_token=!",
        "page_token=%C3%A9",
        "page_size=1001",
        "page_size=-1",
        "page_size=x",
    ):
        answer = http.get(f"/api/2.0/fs/directories/Volumes/main/default/http?{query}")
        assert answer.status_code == 400, query


def test_pages_go_on_where_they_ended_though_files_come_and_go(workspace: Any, http: Any) -> None:
    folder = workspace.folder / "volumes/main/default/http/moving"
    folder.mkdir()
    for i in range(10):
        (folder / f"f{i}").touch()
    url = "/api/2.0/fs/directories/Volumes/main/default/http/moving"
    first = http.get(url, params={"page_size": 5}).json()
    (folder / "f0").unlink()
    (folder / "f4").unlink()
    (folder / "f3a").touch()
    second = http.get(url, params={"page_size": 5, "page_token": first["next_page_token"]}).json()
    assert [c["name"] for c in first["contents"]] == ["f0", "f1", "f2", "f3", "f4"]
    assert [c["name"] for c in second["contents"]] == ["f5", "f6", "f7", "f8", "f9"]
    assert "next_page_token" not in second


def test_names_of_catalogs_do_not_mind_case(http: Any) -> None:
    assert http.get(FILE.replace("main/default/http", "Main/DEFAULT/Http")).content == CONTENT
    assert http.get(FILE.replace("f.bin", "F.BIN")).status_code == 404


def test_many_at_once(http: Any) -> None:
    """Writers of other paths and of the same one: each answer is right, ids are different, no write is torn."""

    def work(n: int) -> tuple[int, bytes]:
        path = f"/Shared/many/{n}/deep"
        assert http.post("/api/2.0/workspace/mkdirs", json={"path": path}).status_code == 200
        body = bytes([n]) * 300_000
        assert http.put(FILE, content=body).status_code == 204
        seen = http.get(FILE).content
        status = http.get("/api/2.0/workspace/get-status", params={"path": path}).json()
        return status["object_id"], seen

    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(work, range(100)))
    assert len({object_id for object_id, _ in found}) == 100
    assert all(len(seen) == 300_000 and len(set(seen)) == 1 for _, seen in found)


def test_answers_do_not_wait_for_an_acknowledgement(http: Any) -> None:
    """Nagle's algorithm would make every answer take 40 ms or more."""

    def once() -> float:
        start = time.perf_counter()
        assert http.get("/api/2.0/preview/scim/v2/Me").status_code == 200
        return time.perf_counter() - start

    assert min(once() for _ in range(30)) < 0.035


def test_unity_catalog_decides_about_volumes() -> None:
    """Until the catalogue is asked only admins may; then it is asked, with the privilege and the volume's full name."""
    from local_databricks.auth import Principal
    from local_databricks.errors import ApiError
    from local_databricks.workspace import Workspace

    asked: list[tuple[str, ...]] = []

    def grants(principal: Principal, privilege: str, kind: str, name: str) -> bool:
        asked.append((principal.name, privilege, kind, name))
        return privilege == "READ_VOLUME"

    workspace = Workspace.__new__(Workspace)
    workspace.privilege = None
    guest = Principal(1, "service_principal", "app", "guest", False)
    admin = Principal(2, "user", "me", "me", True)
    assert not workspace.may(guest, "READ_VOLUME", "volume", "main.raw.v")
    assert workspace.may(admin, "READ_VOLUME", "volume", "main.raw.v")
    workspace.privilege = grants
    workspace.require(guest, "READ_VOLUME", "volume", "main.raw.v")
    with pytest.raises(ApiError) as said:
        workspace.require(guest, "WRITE_VOLUME", "volume", "main.raw.v")
    assert said.value.status == 403 and "WRITE VOLUME on Volume 'main.raw.v'" in said.value.message
    assert asked == [("app", p, "volume", "main.raw.v") for p in ("READ_VOLUME", "WRITE_VOLUME")]


def test_a_log_of_many_requests_is_cut(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file does not grow for ever, and a line cut off by a kill is left out."""
    from local_databricks import requests
    from local_databricks.database import Database
    from local_databricks.secrets import Secrets

    monkeypatch.setattr(requests, "ENTRIES_MAX", 10)
    secrets = Secrets(Database(tmp_path / "state.db"))

    def make() -> requests.RequestLog:
        return requests.RequestLog(tmp_path, secrets)

    log = make()
    for i in range(45):
        log.add({"path": f"/{i}"}, [])
    log.close()
    path = tmp_path / "requests.jsonl"
    assert len(path.read_text().splitlines()) <= 20
    with open(path, "a") as out:
        out.write('{"n": 46, "pa')
    log = make()
    assert [e["n"] for e in log.entries()] == list(range(36, 46))
    log.add({"path": "/new"}, [])
    log.close()
    assert [e["n"] for e in make().entries(44)] == [45, 46]
