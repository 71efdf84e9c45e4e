"""Every kind of fault, proven by the client that meets it and by the request log."""

from __future__ import annotations

import time
from email.utils import formatdate
from typing import Any

import pytest
from fixtures import client, needs_workspace

pytestmark = needs_workspace
httpx = pytest.importorskip("httpx")

ME = "GET /api/2.0/preview/scim/v2/Me"
MKDIRS = "POST /api/2.0/workspace/mkdirs"


@pytest.fixture
def http(workspace: Any) -> Any:
    """A client that tries once."""
    return httpx.Client(
        base_url=workspace.url, headers={"Authorization": f"Bearer {workspace.token}"}, timeout=30
    )


def me(http: Any) -> Any:
    return http.get("/api/2.0/preview/scim/v2/Me")


def mkdirs(http: Any, path: str) -> Any:
    return http.post("/api/2.0/workspace/mkdirs", json={"path": path})


def is_there(http: Any, path: str) -> bool:
    answer = http.get("/api/2.0/workspace/get-status", params={"path": path})
    assert answer.status_code in (200, 404)
    return bool(answer.status_code == 200)


def last(workspace: Any) -> dict[str, Any]:
    found: dict[str, Any] = workspace.requests()[-1]
    return found


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("retry_after", [None, 1, "date"])
def test_too_many_and_unavailable(workspace: Any, http: Any, status: int, retry_after: Any) -> None:
    if retry_after == "date":
        retry_after = formatdate(time.time() + 2, usegmt=True)
    workspace.fault(ME, "status", status=status, retry_after=retry_after, times=2)
    for _ in range(2):
        answer = me(http)
        assert answer.status_code == status and answer.json()["error_code"]
        wanted = None if retry_after is None else str(retry_after)
        assert answer.headers.get("Retry-After") == wanted
        assert (last(workspace)["status"], last(workspace)["fault"]) == (status, "status")
    assert me(http).status_code == 200
    assert [rule["struck"] for rule in workspace.faults()] == [2]


def test_the_sdk_comes_through(workspace: Any) -> None:
    """Two 429 that ask for a second each: the SDK waits them out."""
    sdk = client(workspace)
    workspace.fault(ME, "status", status=429, retry_after=1, times=2)
    before, start = last(workspace)["n"], time.monotonic()
    assert sdk.current_user.me().active
    assert time.monotonic() - start >= 2
    assert [r["status"] for r in workspace.requests(before)] == [429, 429, 200]


def test_dropped_before_it_was_applied(workspace: Any, http: Any) -> None:
    workspace.fault(MKDIRS, "drop_before")
    with pytest.raises(httpx.TransportError):
        mkdirs(http, "/Shared/dropped-before")
    assert (last(workspace)["status"], last(workspace)["fault"]) == (None, "drop_before")
    assert last(workspace)["json"] == {"path": "/Shared/dropped-before"}
    assert not is_there(http, "/Shared/dropped-before")


def test_dropped_after_it_was_applied(workspace: Any, http: Any) -> None:
    workspace.fault(MKDIRS, "drop_after")
    with pytest.raises(httpx.TransportError):
        mkdirs(http, "/Shared/dropped-after")
    assert (last(workspace)["status"], last(workspace)["fault"]) == (None, "drop_after")
    assert is_there(http, "/Shared/dropped-after")


def test_answered_otherwise_after_it_was_applied(workspace: Any, http: Any) -> None:
    """The ambiguous POST: done, and told that it was not."""
    workspace.fault(MKDIRS, "status", status=503, after=True)
    assert mkdirs(http, "/Shared/done-and-denied").status_code == 503
    assert is_there(http, "/Shared/done-and-denied")


def test_without_after_nothing_is_done(workspace: Any, http: Any) -> None:
    workspace.fault(MKDIRS, "status", status=500)
    assert mkdirs(http, "/Shared/denied").status_code == 500
    assert not is_there(http, "/Shared/denied")


@pytest.mark.parametrize("after", [False, True])
def test_slow(workspace: Any, http: Any, after: bool) -> None:
    workspace.fault(ME, "slow", seconds=0.4, after=after)
    start = time.monotonic()
    assert me(http).status_code == 200
    assert time.monotonic() - start >= 0.4
    assert last(workspace)["fault"] == "slow" and last(workspace)["ms"] >= 400
    assert me(http).status_code == 200
    assert last(workspace)["fault"] is None


def test_a_slow_answer_holds_up_nobody_else(workspace: Any, http: Any) -> None:
    """Nor does it matter that the one who asked has gone: it is done all the same, as in the cloud."""
    workspace.fault(MKDIRS, "slow", seconds=1.5)
    with pytest.raises(httpx.ReadTimeout):
        http.post("/api/2.0/workspace/mkdirs", json={"path": "/Shared/slow"}, timeout=0.1)
    assert not is_there(http, "/Shared/slow")
    end = time.monotonic() + 20
    while not is_there(http, "/Shared/slow"):
        assert time.monotonic() < end
        time.sleep(0.1)


def test_the_first_read_is_stale(workspace: Any, http: Any) -> None:
    mkdirs(http, "/Shared/stale-1")
    mkdirs(http, "/Shared/stale-2")
    workspace.fault("GET /api/2.0/workspace/get-status", "stale")
    seen = [is_there(http, f"/Shared/stale-{n}") for n in (1, 1, 2, 1, 2)]
    assert seen == [False, True, False, True, True]


def test_skip_contains_and_the_first_rule_that_fits(workspace: Any, http: Any) -> None:
    workspace.fault("* /api/2.0/*", "status", status=503, skip=1, times=2)
    assert [me(http).status_code for _ in range(4)] == [200, 503, 503, 200]
    workspace.clear_faults()
    workspace.fault("GET */get-status", "status", status=500, contains="path=%2FShared", times=0)
    assert is_there(http, "/Users")
    query = {"path": "/Shared"}
    assert [
        http.get("/api/2.0/workspace/get-status", params=query).status_code for _ in range(3)
    ] == [500] * 3


def test_faults_before_the_token_is_looked_at(workspace: Any) -> None:
    """Token endpoints can fail too."""
    workspace.fault("POST /oidc/v1/token", "status", status=503)
    answer = httpx.post(f"{workspace.url}/oidc/v1/token", data={"grant_type": "client_credentials"})
    assert answer.status_code == 503
    answer = httpx.post(f"{workspace.url}/oidc/v1/token", data={"grant_type": "client_credentials"})
    assert answer.status_code == 401


def test_the_cluster_of_a_task() -> None:
    """Asked for by the jobs, not by a request."""
    from local_databricks.faults import Faults

    faults = Faults()
    faults.add({"route": "ingest*", "kind": "cluster", "times": 2})
    assert faults.strike("GET", "/ingest", "") is None
    assert faults.cluster("load") is None
    assert "failed to start" in str(faults.cluster("ingest_orders"))
    assert faults.cluster("ingest_items") is not None
    assert faults.cluster("ingest_orders") is None
    assert [rule["struck"] for rule in faults.rules()] == [2]


@pytest.mark.parametrize(
    "rule",
    [
        {"route": ME, "kind": "unknown"},
        {"route": "/no/method", "kind": "slow"},
        {"kind": "slow"},
        {"route": ME, "kind": "slow", "sceonds": 1},
    ],
)
def test_a_wrong_plan_is_refused(http: Any, rule: dict[str, Any]) -> None:
    assert http.post("/_workspace/faults", json=rule).status_code == 400


def test_guests_may_not(workspace: Any) -> None:
    guest = httpx.Client(
        base_url=workspace.url, headers={"Authorization": f"Bearer {workspace.guest['token']}"}
    )
    assert guest.get("/_workspace/requests").status_code == 403
    assert guest.get("/_workspace/faults").status_code == 403
    assert guest.delete("/_workspace/faults").status_code == 403
    assert guest.post("/_workspace/faults", json={"route": ME, "kind": "slow"}).status_code == 403
    assert guest.post("/_workspace/settings", json={"ttl_seconds": 1}).status_code == 403
