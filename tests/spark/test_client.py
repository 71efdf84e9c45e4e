"""`bldr databricks check` and `smoke` against the local workspace, whose request log is the judge; with the fault plan on, too.

What is expected of a workspace is what databricks-sdk sees there. No secret and no token is in a file below the output folder.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bldr
import pytest
from fixtures import client, needs_spark, needs_workspace

pytestmark = needs_workspace

ME = "/api/2.0/preview/scim/v2/Me"


def environment(workspace: Any, **more: str) -> dict[str, str]:
    """Only what is said here: nobody's own workspace is asked."""
    mine = {k: v for k, v in os.environ.items() if not k.startswith(("DATABRICKS_", "ARM_"))}
    return {**mine, "HOME": "/nowhere", "DATABRICKS_HOST": workspace.url, **more}


def pat(workspace: Any) -> dict[str, str]:
    return environment(workspace, DATABRICKS_TOKEN=workspace.token)


def oauth(workspace: Any) -> dict[str, str]:
    return environment(
        workspace,
        DATABRICKS_CLIENT_ID=workspace.client_id,
        DATABRICKS_CLIENT_SECRET=workspace.client_secret,
    )


def azure(workspace: Any) -> dict[str, str]:
    return {
        **oauth(workspace),
        "DATABRICKS_TENANT_ID": workspace.tenant_id,
        "AZURE_AUTHORITY_HOST": workspace.url,
    }


def told(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert done.stdout, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def check(env: dict[str, str], output: Path, *args: str) -> tuple[int, dict[str, dict[str, Any]]]:
    """Exit code, and what each step told."""
    done = bldr.run("databricks", "check", "--json", "--output", output, *args, env=env)
    return done.returncode, {step["step"]: step for step in told(done)["steps"]}


def smoke(env: dict[str, str], output: Path, *args: str) -> tuple[int, dict[str, dict[str, Any]]]:
    done = bldr.run("databricks", "smoke", "--json", "--output", output, *args, env=env)
    return done.returncode, {step["step"]: step for step in told(done)["steps"]}


def since(workspace: Any) -> int:
    entries = workspace.requests()
    return int(entries[-1]["n"]) if entries else 0


def asked(entries: list[dict[str, Any]], method: str, path: str) -> list[dict[str, Any]]:
    return [e for e in entries if e["method"] == method and e["path"] == path]


def expect_no_secret(output: Path, workspace: Any) -> None:
    """The secrets that were given, whole: in no file, whatever its kind."""
    secrets = [workspace.token, workspace.client_secret, "bldr-local."]
    files = [path for path in output.rglob("*") if path.is_file()]
    assert files
    for path in files:
        content = path.read_bytes()
        for secret in secrets:
            assert secret.encode() not in content, path


@pytest.mark.parametrize("way", [pat, oauth, azure], ids=["pat", "oauth", "azure"])
def test_each_way_to_authenticate(
    workspace: Any, tmp_path: Path, way: Callable[[Any], dict[str, str]]
) -> None:
    before = since(workspace)
    _, steps = check(way(workspace), tmp_path)
    me = client(workspace, token=workspace.token) if way is pat else None
    expected = me.current_user.me().user_name if me else workspace.client_id
    assert (steps["me"]["verdict"], steps["me"]["detail"]) == ("ok", expected)
    entries = workspace.requests(before)
    request = asked(entries, "GET", ME)[0]
    name = "pat" if way is pat else "oauth-m2m" if way is oauth else "azure-client-secret"
    assert request["headers"]["user-agent"].startswith("bldr/0.1.0 c/0.1.0 os/linux auth/" + name)
    assert request["headers"]["authorization"].startswith("Bearer")
    assert ("x-databricks-azure-sp-management-token" in request["headers"]) == (way is azure)
    tokens = [e for e in entries if e["path"].endswith("/token")]
    if way is pat:
        assert not tokens
    elif way is oauth:
        assert [e["path"] for e in entries[:3]] == [
            "/.well-known/databricks-config",
            "/oidc/.well-known/oauth-authorization-server",
            "/oidc/v1/token",
        ]
        assert len(tokens) == 1
    else:
        assert sorted(e["form"]["resource"] for e in tokens) == [
            "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d",
            "https://management.core.windows.net/",
        ]
    expect_no_secret(tmp_path, workspace)


def test_a_profile_names_the_workspace(workspace: Any, tmp_path: Path) -> None:
    (tmp_path / ".databrickscfg").write_text(
        f"[local]\nhost = {workspace.url}/\nclient_id = {workspace.client_id}\n"
        f"client_secret = {workspace.client_secret}\n"
    )
    env = {**environment(workspace), "HOME": str(tmp_path)}
    del env["DATABRICKS_HOST"]
    out = tmp_path / "out"
    _, steps = check(env, out, "--profile", "local")
    assert steps["me"]["detail"] == workspace.client_id
    expect_no_secret(out, workspace)
    done = bldr.run("databricks", "check", "--output", out, "--profile", "other", env=env)
    assert done.returncode == 2
    assert "has no profile [other]" in done.stderr


def test_what_is_wrong_is_told(workspace: Any, tmp_path: Path) -> None:
    env = {**oauth(workspace), "DATABRICKS_CLIENT_SECRET": "canary-wrong"}
    code, steps = check(env, tmp_path)
    assert code == 1
    assert "invalid_client" in steps["me"]["detail"]
    assert steps["jobs"]["verdict"] == "skipped"
    code, steps = check({**pat(workspace), "DATABRICKS_TOKEN": "canary-wrong"}, tmp_path)
    assert (code, steps["me"]["outcome"]) == (1, "unauthenticated")
    for path in tmp_path.rglob("*"):
        assert b"canary-wrong" not in path.read_bytes()


def test_later_is_waited_for(workspace: Any, tmp_path: Path) -> None:
    workspace.fault(f"GET {ME}", "status", status=429, retry_after=3, times=1)
    workspace.fault(f"GET {ME}", "status", status=503, times=1)
    workspace.fault(f"GET {ME}", "drop_after", times=1)
    before = since(workspace)
    _, steps = check(pat(workspace), tmp_path)
    assert steps["me"]["verdict"] == "ok"
    entries = asked(workspace.requests(before), "GET", ME)
    assert [e["status"] for e in entries] == [429, 503, None, 200]
    assert entries[1]["at"] - entries[0]["at"] >= 3000
    assert entries[2]["at"] - entries[1]["at"] >= 1000


def test_a_refused_token_is_replaced(workspace: Any, tmp_path: Path) -> None:
    workspace.fault(f"GET {ME}", "status", status=401, times=1)
    before = since(workspace)
    _, steps = check(oauth(workspace), tmp_path)
    assert steps["me"]["verdict"] == "ok"
    entries = workspace.requests(before)
    assert [e["status"] for e in asked(entries, "GET", ME)] == [401, 200]
    assert len(asked(entries, "POST", "/oidc/v1/token")) == 2


def test_a_token_endpoint_that_is_busy(workspace: Any, tmp_path: Path) -> None:
    workspace.fault("POST /oidc/v1/token", "status", status=503, retry_after=2, times=1)
    workspace.fault("POST /oidc/v1/token", "drop_before", times=1)
    before = since(workspace)
    _, steps = check(oauth(workspace), tmp_path)
    assert steps["me"]["verdict"] == "ok"
    entries = asked(workspace.requests(before), "POST", "/oidc/v1/token")
    assert [e["status"] for e in entries] == [503, None, 200]
    assert entries[1]["at"] - entries[0]["at"] >= 2000


# The whole round needs jobs and SQL.


def sdk_of(workspace: Any) -> Any:
    return client(workspace)


@pytest.fixture
def whole(spark_workspace: Any) -> Any:
    """The workspace with Spark, jobs and SQL."""
    import urllib.error

    try:
        spark_workspace.ask("GET", "/api/2.2/jobs/list")
        spark_workspace.ask("GET", "/api/2.0/sql/warehouses")
    except urllib.error.HTTPError:
        pytest.skip("this workspace has no jobs or no SQL yet")
    return spark_workspace


def all_of_it(workspace: Any) -> list[str]:
    warehouse = next(iter(sdk_of(workspace).warehouses.list()))
    return ["--catalog", "main", "--warehouse", str(warehouse.id)]


def expect_clean(workspace: Any) -> None:
    """Nothing with the smoke test's name is left, as databricks-sdk sees it."""
    w = sdk_of(workspace)
    assert not [j for j in w.jobs.list() if "smoke" in (j.settings.name or "")]
    assert not [s for s in w.schemas.list("main") if "smoke" in (s.name or "")]
    user = w.current_user.me().user_name
    assert not [o for o in w.workspace.list(f"/Users/{user}") if "smoke" in (o.path or "")]


@needs_spark
def test_a_whole_round(whole: Any, tmp_path: Path) -> None:
    before = since(whole)
    code, steps = smoke(pat(whole), tmp_path, *all_of_it(whole))
    assert code == 0, steps
    assert {name for name, step in steps.items() if step["verdict"] != "ok"} == set()
    assert steps["run"]["detail"].startswith('gave "499500 hello from bldr ')
    entries = whole.requests(before)
    assert len(asked(entries, "POST", "/api/2.2/jobs/create")) == 1
    assert len(asked(entries, "POST", "/api/2.2/jobs/run-now")) == 1
    expect_clean(whole)
    expect_no_secret(tmp_path, whole)
    assert [p.name for p in tmp_path.iterdir() if "smoke" in p.name] == []


FAULTS: list[tuple[str, str, dict[str, Any]]] = [
    ("POST /api/2.0/workspace/mkdirs", "drop_after", {}),
    ("POST /api/2.0/workspace/import", "status", {"status": 503, "after": True}),
    ("POST /api/2.1/unity-catalog/schemas", "drop_after", {}),
    ("PUT /api/2.0/fs/files/*", "status", {"status": 429, "retry_after": 1}),
    ("POST /api/2.2/jobs/create", "drop_after", {}),
    ("POST /api/2.2/jobs/run-now", "drop_after", {}),
    ("GET /api/2.2/jobs/runs/get", "stale", {}),
    ("GET /api/2.2/jobs/runs/get-output", "status", {"status": 502}),
    ("POST /api/2.0/sql/statements", "status", {"status": 503}),
    ("POST /api/2.2/jobs/delete", "drop_after", {}),
    ("DELETE /api/2.1/unity-catalog/volumes/*", "status", {"status": 504, "after": True}),
]


@needs_spark
def test_nothing_is_lost_and_nothing_doubled(whole: Any, tmp_path: Path) -> None:
    for route, kind, options in FAULTS:
        whole.fault(route, kind, **options)
    before = since(whole)
    code, steps = smoke(oauth(whole), tmp_path, *all_of_it(whole))
    struck = {rule["route"]: rule["struck"] for rule in whole.faults()}
    assert all(struck.values()), struck
    assert code == 0, steps
    entries = whole.requests(before)
    # the create that was dropped after it was done: looked up, not sent again
    assert len(asked(entries, "POST", "/api/2.2/jobs/create")) == 1
    runs = asked(entries, "POST", "/api/2.2/jobs/run-now")
    assert len(runs) == 2
    assert len({e["json"]["idempotency_token"] for e in runs}) == 1
    assert len(runs[0]["json"]["idempotency_token"]) == 64
    polled = {e["query"]["run_id"] for e in asked(entries, "GET", "/api/2.2/jobs/runs/get")}
    assert len(polled) == 1
    expect_clean(whole)
    expect_no_secret(tmp_path, whole)


@needs_spark
def test_a_round_that_fails_cleans_up(whole: Any, tmp_path: Path) -> None:
    whole.fault("PUT /api/2.0/fs/files/*", "status", status=403, error_code="PERMISSION_DENIED")
    code, steps = smoke(pat(whole), tmp_path, *all_of_it(whole))
    assert code == 1
    assert steps["upload"]["verdict"] == "failed"
    assert steps["run"]["verdict"] == "skipped"
    assert {steps[name]["verdict"] for name in ("no_volume", "no_schema", "no_folder")} == {"ok"}
    expect_clean(whole)


@needs_spark
def test_a_round_that_was_killed_goes_on(whole: Any, tmp_path: Path) -> None:
    before = since(whole)
    args = [bldr.BIN, "databricks", "smoke", "--output", str(tmp_path), *all_of_it(whole)]
    process = subprocess.Popen(args, env=pat(whole), stdout=subprocess.DEVNULL)
    end = time.monotonic() + 60
    while not asked(whole.requests(before), "POST", "/api/2.2/jobs/run-now"):
        assert time.monotonic() < end and process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    rows = json.loads(bldr.run("threads", "list", "--output", tmp_path, "--json").stdout)
    thread = next(row["thread"] for row in rows if "smoke" in row["thread"])
    code, steps = smoke(pat(whole), tmp_path, "--resume", thread)
    assert code == 0, steps
    entries = whole.requests(before)
    assert len(asked(entries, "POST", "/api/2.2/jobs/create")) == 1
    assert len({e["query"]["run_id"] for e in asked(entries, "GET", "/api/2.2/jobs/runs/get")}) == 1
    expect_clean(whole)


@needs_spark
def test_what_a_run_makes_is_not_missing(whole: Any, tmp_path: Path) -> None:
    """A new workspace has neither schema nor volume; a catalogue is made by nobody but a person."""
    code, steps = check(pat(whole), tmp_path, "--schema", "yet_to_be")
    assert code == 0, steps
    assert steps["schema"]["detail"] == "main.yet_to_be is not there yet: a run makes it"
    assert steps["volume"]["verdict"] == "ok"
    code, steps = check(pat(whole), tmp_path, "--catalog", "nowhere")
    assert (code, steps["catalog"]["verdict"]) == (1, "missing")
    assert steps["schema"]["verdict"] == "missing"


@needs_spark
def test_what_to_grant_is_what_is_missing(whole: Any, tmp_path: Path) -> None:
    """A principal without rights is told statements; once they have been run by an admin, nothing is missing."""
    env = environment(whole, DATABRICKS_TOKEN=whole.guest["token"])
    places = ["--catalog", "main", "--schema", "default"]
    warehouse = next(iter(sdk_of(whole).warehouses.list())).id
    seen: set[str] = set()
    for _ in range(4):
        code, steps = check(env, tmp_path, *places)
        grants = [sql for step in steps.values() for sql in step.get("grants", [])]
        assert (code == 0) == (not grants), steps
        if code == 0:
            break
        assert not seen & set(grants), "what was granted is asked for again"
        seen |= set(grants)
        for sql in grants:
            done = sdk_of(whole).statement_execution.execute_statement(sql, warehouse)
            assert done.status.state.value == "SUCCEEDED", (sql, done.status)
    assert code == 0
    assert any(sql.startswith("GRANT USE CATALOG ON CATALOG `main` TO `") for sql in seen)
