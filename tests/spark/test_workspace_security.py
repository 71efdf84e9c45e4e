"""What strangers try: paths that lead out, names that are not this machine's, and looking for secrets where none belong."""

from __future__ import annotations

import base64
import http.client
import json
import os
import socket
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from fixtures import client, needs_workspace

pytestmark = needs_workspace

CANARY = b"the canary that nobody outside may read"


def raw(
    running: Any, method: str, target: str, body: bytes = b"", headers: dict[str, str] | None = None
) -> tuple[int, dict[str, str], bytes]:
    """One request whose target and headers are sent as they stand; the token goes with it unless `headers` has one."""
    at = urlsplit(running.url)
    connection = http.client.HTTPConnection(str(at.hostname), at.port, timeout=30)
    connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
    sent = {"Host": at.netloc, "Authorization": f"Bearer {running.token}", **(headers or {})}
    if body or method in ("POST", "PUT"):
        sent.setdefault("Content-Length", str(len(body)))
    for name, value in sent.items():
        if value:
            connection.putheader(name, value)
    connection.endheaders(body or None)
    answer = connection.getresponse()
    found = answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
    connection.close()
    return found


# -- paths ------------------------------------------------------------------------------------------------------------

OUT = [
    "/../canary", "/Users/../../canary", "/Users/../../../canary", "/Workspace/../canary", "/Shared/../../state.db",
    "..", "../canary", "canary", "", ".", "/Shared/./x", "/Shared/\x00x", "/Shared/x\ny", "/" + "n" * 256, "/a" * 3000,
]  # fmt: skip
OUT_OF_VOLUMES = [
    "/Volumes/main/default/held/../../../../canary", "/Volumes/main/default/held/../../../../state.db",
    "/Volumes/../main/default/held/x", "/Volumes/main/default/..", "/Volumes/main/default/../default/held/f",
    "/Volumes/..%/a/b/c", "/Volumes/main/default", "/canary", "/../canary", "/Volumes/main/default/held/\x00",
    "/Volumes/main/default/held/link/canary", "/Volumes/main/default/held/link",
]  # fmt: skip


@pytest.fixture(scope="module")
def held(new_workspace: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A workspace with a canary beside it, and links that lead there, as only a notebook's process could make them."""
    folder = tmp_path_factory.mktemp("held") / "state"
    running = new_workspace(folder)
    (folder.parent / "canary").write_bytes(CANARY)
    inside = folder / "volumes/main/default/held"
    inside.mkdir(parents=True)
    (inside / "f").write_bytes(b"inside")
    (inside / "link").symlink_to(folder.parent)
    (folder / "workspace/Shared/link").symlink_to(folder.parent)
    return running


def outside(running: Any) -> list[str]:
    """All names of the state's folder and of the one around it that strangers have no say in."""
    folder: Path = running.folder
    there = [p for p in folder.parent.rglob("*") if not p.name.startswith(("state.db", "requests"))]
    inside = (folder / "workspace", folder / "volumes")
    return sorted(str(p) for p in there if not any(top in p.parents for top in inside))


def spellings(path: str) -> set[str]:
    """A path as a URL may have it: encoded whole, in part, dots too."""
    whole = quote(path.lstrip("/"), safe="")
    part = quote(path.lstrip("/"))
    return {
        whole,
        part,
        part.replace("..", "%2e%2e"),
        part.replace("..", "%2E."),
        whole.replace("..", "%2e%2e"),
    }


@pytest.mark.parametrize("path", [*OUT, "/Shared/link/canary", "/Shared/link"])
def test_no_path_leads_out_of_the_tree(held: Any, path: str) -> None:
    before = outside(held)
    content = base64.b64encode(b"# planted").decode()
    made = {
        "path": path,
        "content": content,
        "language": "PYTHON",
        "format": "SOURCE",
        "overwrite": True,
    }
    bodies = [
        ("mkdirs", {"path": path}), ("delete", {"path": path, "recursive": True}), ("import", made),
        ("import", made | {"format": "AUTO"}),
    ]  # fmt: skip
    if path in ("/Shared/link",):
        bodies = []  # it is a name of the tree; what it leads to is not
    for call, body in bodies:
        status, _, answer = raw(
            held, "POST", f"/api/2.0/workspace/{call}", json.dumps(body).encode()
        )
        assert status in (400, 404), (call, answer)
    for call in ("get-status", "list", "export"):
        for direct in ("false", "true"):
            target = (
                f"/api/2.0/workspace/{call}?path={quote(path, safe='')}&direct_download={direct}"
            )
            status, _, answer = raw(held, "GET", target)
            assert status in (400, 404) and CANARY not in answer, (call, answer)
    assert outside(held) == before
    assert (held.folder.parent / "canary").read_bytes() == CANARY


@pytest.mark.parametrize("path", [path for path in OUT if len(path) > 1] + ["/Shared/link/canary"])
def test_no_url_leads_out_of_the_tree(held: Any, path: str) -> None:
    before = outside(held)
    for spelt in spellings(path):
        status, _, answer = raw(held, "GET", f"/api/2.0/workspace-files/{spelt}")
        assert status in (400, 404) and CANARY not in answer, spelt
        target = f"/api/2.0/workspace-files/import-file/{spelt}?overwrite=true"
        status, _, answer = raw(held, "POST", target, b"planted")
        # a relative path is one below the root: "canary" is /canary
        assert status in (400, 404) or spelt == "canary", (spelt, answer)
    assert outside(held) == before
    assert (held.folder.parent / "canary").read_bytes() == CANARY


@pytest.mark.parametrize("path", OUT_OF_VOLUMES)
def test_no_url_leads_out_of_a_volume(held: Any, path: str) -> None:
    before = outside(held)
    for spelt in spellings(path):
        for method, api in (
            ("GET", "files"), ("HEAD", "files"), ("PUT", "files"), ("DELETE", "files"), ("POST", "files"),
            ("GET", "directories"), ("HEAD", "directories"), ("PUT", "directories"), ("DELETE", "directories"),
        ):  # fmt: skip
            target = f"/api/2.0/fs/{api}/{spelt}?action=initiate-upload"
            status, _, answer = raw(held, method, target, b"planted" if method == "PUT" else b"")
            assert status in (400, 404) and CANARY not in answer, (method, api, spelt, answer)
    assert outside(held) == before
    assert (held.folder.parent / "canary").read_bytes() == CANARY
    assert (held.folder / "volumes/main/default/held/f").read_bytes() == b"inside"


def test_a_url_that_is_not_utf_8(held: Any) -> None:
    for target in (
        "/api/2.0/workspace-files/%ff",
        "/api/2.0/fs/files/Volumes/main/default/held/%c0%af",
    ):
        assert raw(held, "GET", target)[0] == 400


# -- who may speak ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host",
    [
        "example.com",
        "127.0.0.1.example.com",
        "localhost.example.com:80",
        "10.0.0.1",
        "",
        "localhost@evil",
        "localhost:80/oidc/?",
        "localhost:x",
    ],
)
def test_only_loopback_names(workspace: Any, host: str) -> None:
    """A page that points its own name at 127.0.0.1 gets nothing, discovery and token endpoints included."""
    for target in (
        "/api/2.0/preview/scim/v2/Me",
        "/.well-known/databricks-config",
        "/_workspace/requests",
    ):
        status, _, answer = raw(workspace, "GET", target, headers={"Host": host})
        assert status in (400, 403) and b"workspace_id" not in answer
    status, _, _ = raw(workspace, "POST", "/oidc/v1/token", headers={"Host": host})
    assert status in (400, 403)


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1", "[::1]:8080", "[::1]"])
def test_loopback_names(workspace: Any, host: str) -> None:
    assert raw(workspace, "GET", "/api/2.0/preview/scim/v2/Me", headers={"Host": host})[0] == 200


def test_it_listens_on_loopback_only(workspace: Any) -> None:
    port = urlsplit(workspace.url).port
    listening = [
        line.split()[1]
        for table in ("/proc/net/tcp", "/proc/net/tcp6")
        for line in Path(table).read_text().splitlines()[1:]
        if line.split()[3] == "0A" and int(line.split()[1].rpartition(":")[2], 16) == port
    ]
    assert listening == [f"0100007F:{port:04X}"]


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Basic Zm9vOmJhcg==", "bearer x", "Bearer \u00e9"]
)
def test_without_a_token(workspace: Any, header: str) -> None:
    for target in (
        "/api/2.0/preview/scim/v2/Me",
        "/_workspace/requests",
        "/no/such/route",
        "/api/2.0/fs/files/x",
    ):
        status, _, answer = raw(workspace, "GET", target, headers={"Authorization": header})
        assert status in (401, 403) and json.loads(answer)["message"]


def test_no_path_looks_like_one_that_asks_for_no_token(workspace: Any) -> None:
    for path in ("oauth2/token", "x/oauth2/v2.0/token", ".well-known/databricks-config", "oidc/x"):
        for method in ("GET", "PUT", "DELETE"):
            target = f"/api/2.0/fs/files/Volumes/main/default/v/{path}"
            assert raw(workspace, method, target, headers={"Authorization": ""})[0] == 401
        target = f"/api/2.0/workspace-files/{path}"
        assert raw(workspace, "GET", target, headers={"Authorization": ""})[0] == 401
    for target in ("/oidc/../api/2.0/workspace/list?path=/", "/oidc/%2e%2e/api/2.0/workspace/list?path=/",
                   "//api/2.0/workspace/list?path=/", "/_workspace/run/../requests"):  # fmt: skip
        status, _, answer = raw(workspace, "GET", target, headers={"Authorization": ""})
        assert (
            status in (400, 401, 403, 404, 501)
            and b"objects" not in answer
            and b"requests" not in answer[:20]
        )


def test_an_unknown_route_says_its_pattern(workspace: Any) -> None:
    for method, path in (
        ("GET", "/api/2.0/clusters/none"),
        ("DELETE", "/api/2.0/workspace/import"),
    ):
        status, _, answer = raw(workspace, method, path)
        assert status == 501 and f"{method} {path}" in json.loads(answer)["message"]


@pytest.mark.parametrize("body", [b"{", b"[]", b"1", b'{"path": 1}', b"\xff", b"[" * 100_000, b""])
def test_bodies_that_are_not_what_they_should_be(workspace: Any, body: bytes) -> None:
    status, _, answer = raw(workspace, "POST", "/api/2.0/workspace/mkdirs", body)
    assert status == 400 and json.loads(answer)["error_code"]


def test_a_surrogate_in_json(workspace: Any) -> None:
    status, _, answer = raw(
        workspace, "POST", "/api/2.0/workspace/mkdirs", b'{"path": "/Shared/\\ud800"}'
    )
    assert status == 400 and json.loads(answer)["error_code"] == "MALFORMED_REQUEST"


def test_an_endless_body_is_not_read_to_its_end(workspace: Any) -> None:
    """A body longer than any JSON may be: refused before all of it is there."""
    at = urlsplit(workspace.url)
    with socket.create_connection((at.hostname, at.port), timeout=30) as connection:
        head = (
            f"POST /api/2.0/workspace/mkdirs HTTP/1.1\r\nHost: {at.netloc}\r\n"
            f"Authorization: Bearer {workspace.token}\r\nContent-Length: {1 << 40}\r\n\r\n"
        )
        connection.sendall(head.encode())
        block, sent, answer = b" " * (1 << 20), 0, b""
        connection.settimeout(0.01)
        while not answer and sent < 200 << 20:
            try:
                sent += connection.send(block)
                answer = connection.recv(100)
            except TimeoutError:
                continue
    assert answer.startswith(b"HTTP/1.1 400")


# -- Azure ------------------------------------------------------------------------------------------------------------

DATABRICKS, MANAGEMENT = (
    "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d",
    "https://management.core.windows.net/",
)


def azure(running: Any, wanted: str, **changes: str) -> tuple[int, dict[str, Any]]:
    form = {
        "grant_type": "client_credentials", "client_id": running.client_id, "client_secret": running.client_secret,
        "resource": wanted, "tenant": running.tenant_id,
    } | changes  # fmt: skip
    tenant = form.pop("tenant")
    body = "&".join(f"{name}={quote(value, safe='')}" for name, value in form.items()).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Authorization": ""}
    status, _, answer = raw(running, "POST", f"/{tenant}/oauth2/token", body, headers)
    return status, json.loads(answer)


def ask_as(running: Any, token: str, **headers: str) -> int:
    sent = {"Authorization": f"Bearer {token}", **headers}
    return raw(running, "GET", "/api/2.0/preview/scim/v2/Me", headers=sent)[0]


def test_azure_tokens(workspace: Any) -> None:
    status, said = azure(workspace, DATABRICKS)
    assert status == 200 and said["expires_in"] == "3600" and said["token_type"] == "Bearer"
    assert ask_as(workspace, said["access_token"]) == 200
    _, management = azure(workspace, MANAGEMENT)
    assert ask_as(workspace, management["access_token"]) == 403  # for another resource
    header = "X-Databricks-Azure-SP-Management-Token"
    assert ask_as(workspace, said["access_token"], **{header: management["access_token"]}) == 200
    assert ask_as(workspace, said["access_token"], **{header: said["access_token"]}) == 403
    assert ask_as(workspace, said["access_token"], **{header: "nonsense"}) == 403


def test_azure_wants_both_headers_of_a_stranger(workspace: Any) -> None:
    workspace.settings(azure_member=False)
    token, management = (
        azure(workspace, which)[1]["access_token"] for which in (DATABRICKS, MANAGEMENT)
    )
    one = {"X-Databricks-Azure-SP-Management-Token": management}
    both = one | {"X-Databricks-Azure-Workspace-Resource-Id": "/subscriptions/s/resourceGroups/g"}
    assert [ask_as(workspace, token, **headers) for headers in ({}, one, both)] == [403, 403, 200]
    shown = workspace.requests()[-1]["headers"]
    assert shown["x-databricks-azure-workspace-resource-id"] == "/subscriptions/s/resourceGroups/g"
    assert shown["x-databricks-azure-sp-management-token"].startswith("sha256:")


def test_azure_tokens_end_early(workspace: Any) -> None:
    """With 30 seconds or less to live a token is refused, as Azure Databricks does."""
    for seconds, answer in ((29, 401), (60, 200)):
        workspace.settings(ttl_seconds=seconds)
        assert ask_as(workspace, azure(workspace, DATABRICKS)[1]["access_token"]) == answer


@pytest.mark.parametrize(
    ("changes", "status", "error", "number"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client", 7000215),
        ({"client_id": "wrong"}, 400, "unauthorized_client", 700016),
        ({"tenant": "common"}, 400, "invalid_request", 90002),
        ({"resource": "https://example.com"}, 400, "invalid_resource", 500011),
        ({"grant_type": "password"}, 400, "unsupported_grant_type", 70003),
    ],
)
def test_azure_errors(
    workspace: Any, changes: dict[str, str], status: int, error: str, number: int
) -> None:
    got, said = azure(workspace, DATABRICKS, **changes)
    assert (got, said["error"], said["error_codes"]) == (status, error, [number])
    assert (
        f"AADSTS{number}: " in said["error_description"]
        and ". Trace ID: " in said["error_description"]
    )


def test_the_tenant_can_be_found(workspace: Any) -> None:
    status, headers, _ = raw(workspace, "GET", "/aad/auth", headers={"Authorization": ""})
    assert status == 302 and urlsplit(headers["location"]).path.split("/")[1] == workspace.tenant_id


# -- where secrets are not --------------------------------------------------------------------------------------------


def test_no_secret_in_the_log(new_workspace: Callable[..., Any], tmp_path: Path) -> None:
    running = new_workspace(tmp_path / "quiet")
    sdk = client(running)
    secret = 'pä"ss\\word\n😀'
    sdk.secrets.create_scope("s")
    sdk.secrets.put_secret("s", "k", string_value=secret)
    sdk.secrets.put_secret("s", "b", bytes_value=base64.b64encode(b"binary-secret-value").decode())
    client(
        running, client_id=running.client_id, client_secret=running.client_secret
    ).current_user.me()
    token = azure(running, DATABRICKS)[1]["access_token"]
    ask_as(running, token, **{"X-Databricks-Azure-SP-Management-Token": token})
    told = [secret, "binary-secret-value", running.token, running.client_secret, token]
    for (
        value
    ) in (
        told
    ):  # a careless client: in a query, in a body of another API, in a job's parameters, in a path
        raw(running, "GET", f"/api/2.0/workspace/get-status?path=/x&note={quote(value)}")
        body = {"path": "/Shared/x", "more": {"password": value, "note": f"see {value}!"}}
        raw(running, "POST", "/api/2.0/workspace/mkdirs", json.dumps(body).encode())
        nested = json.dumps({"parameters": json.dumps({"note": value})})
        raw(running, "POST", "/api/2.0/workspace/mkdirs", nested.encode())
        raw(running, "POST", "/oidc/v1/token", f"client_secret={quote(value)}".encode(),
            {"Content-Type": "application/x-www-form-urlencoded"})  # fmt: skip
    running.stop()
    kept = [running.folder / name for name in ("requests.jsonl", "log")]
    text = "".join(path.read_text() for path in kept)
    assert "mkdirs" in text and "idempotency" not in text
    for value in told:
        forms = {
            value,
            json.dumps(value)[1:-1],
            json.dumps(json.dumps(value))[2:-2],
            quote(value),
            quote(value, safe=""),
        }
        forms.add(base64.b64encode(value.encode()).decode())
        assert [form for form in forms if form in text] == [], value[:20]


def test_links_to_results_are_logged_without_their_key(workspace: Any) -> None:
    """So that a test sees whether a client sent its token to one."""
    raw(workspace, "GET", "/_workspace/results/the-key", headers={"Authorization": ""})
    entry = workspace.requests()[-1]
    assert (
        entry["path"] == "/_workspace/results/<not logged>"
        and "authorization" not in entry["headers"]
    )
    raw(workspace, "GET", "/_workspace/results/the-key")
    assert "authorization" in workspace.requests()[-1]["headers"]


def test_files_are_for_their_owner_only(new_workspace: Callable[..., Any], tmp_path: Path) -> None:
    running = new_workspace(tmp_path / "modes")
    client(running).workspace.mkdirs("/Shared/a")
    client(running).secrets.create_scope("s")
    for path in [running.folder, *running.folder.rglob("*")]:
        if path.name != "log":  # made by the test's own process
            assert stat.S_IMODE(os.stat(path).st_mode) & 0o077 == 0 or path == running.folder, path
    said = json.loads((running.folder / "workspace.json").read_text())
    assert (said["url"], said["token"]) == (running.url, running.token)


def test_credentials_differ_from_workspace_to_workspace(
    new_workspace: Callable[..., Any], workspace: Any
) -> None:
    other = new_workspace()
    mine = {
        workspace.token,
        workspace.client_id,
        workspace.client_secret,
        workspace.tenant_id,
        *workspace.guest.values(),
    }
    its = {
        other.token,
        other.client_id,
        other.client_secret,
        other.tenant_id,
        *other.guest.values(),
    }
    assert len(mine) == len(its) == 7 and not mine & its
    assert ask_as(other, workspace.token) == 403
