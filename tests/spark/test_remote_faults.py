"""A remote run while the workspace answers badly, and one whose process is killed again and again: nothing lost, nothing doubled.

Judged against an uninterrupted run over the same files: the same bytes of artefacts. BLDR_REMOTE=all kills at least 20 times,
not 3; the seed is printed, BLDR_SEED sets it.
"""

from __future__ import annotations

import json
import os
import random
import signal
import time
from pathlib import Path
from typing import Any

import bldr
import pytest
import remote_world
from fixtures import client, needs_spark
from remote_world import Told, environment, expect_one_job, newest, run_remote
from test_planted import trip_lines, write_trips

pytestmark = [needs_spark, pytest.mark.usefixtures("minutes"), pytest.mark.timeout(3600)]

KILLS = 20 if os.environ.get("BLDR_REMOTE") == "all" else 3
ANSWERS: dict[str, Any] = {"kind": "status", "status": 503, "retry_after": 1}
PLAN: list[dict[str, Any]] = [
    {"route": "GET /api/2.1/unity-catalog/*", "kind": "drop_before"},
    {"route": "POST /api/2.0/workspace/mkdirs", "kind": "drop_after"},
    {"route": "POST /api/2.0/workspace/import", "kind": "drop_before"},
    {"route": "POST /api/2.0/workspace/import", "kind": "drop_after", "skip": 2},
    {"route": "POST /api/2.0/workspace/import", **ANSWERS, "skip": 3, "times": 2},
    {"route": "PUT /api/2.0/fs/files/*", "kind": "drop_after"},
    {"route": "PUT /api/2.0/fs/files/*", "kind": "drop_before"},
    {"route": "POST /api/2.2/jobs/create", **ANSWERS},
    {"route": "POST /api/2.2/jobs/create", "kind": "drop_before"},
    {"route": "POST /api/2.2/jobs/create", "kind": "drop_after"},
    {"route": "POST /api/2.2/jobs/run-now", "kind": "status", "status": 429, "retry_after": 1},
    {"route": "POST /api/2.2/jobs/run-now", "kind": "drop_after"},
    {"route": "GET /api/2.2/jobs/runs/get", "kind": "stale", "times": 0},
    {"route": "GET /api/2.2/jobs/runs/get", "kind": "status", "status": 503, "skip": 4},
    {"route": "POST /api/2.0/sql/statements", "kind": "drop_after"},
    {"route": "POST /api/2.0/sql/statements", "kind": "status", "status": 429, "skip": 3},
    {"route": "POST /api/2.0/sql/statements", "kind": "drop_before", "skip": 5},
    {"route": "GET /api/2.0/sql/statements/*", "kind": "stale", "times": 0},
]


@pytest.fixture(scope="module")
def trips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_trips(tmp_path_factory.mktemp("trips") / "trips", trip_lines())


@pytest.fixture(scope="module")
def calm(
    shared_spark_workspace: Any, trips: Path, tmp_path_factory: pytest.TempPathFactory
) -> Told:
    """The run that nothing disturbs."""
    told = run_remote(shared_spark_workspace, trips, tmp_path_factory.mktemp("calm"), "calm")
    assert told.outcome["verdict"] == "validated"
    expect_one_job(told, creates=1, runs=2)
    return told


def expect_same(told: Told, calm: Told) -> None:
    assert told.outcome["verdict"] == calm.outcome["verdict"]
    assert bldr.artefacts(told.folder) == bldr.artefacts(calm.folder)
    rows = bldr.warehouse_rows(calm.folder / "warehouse.db")
    assert bldr.warehouse_rows(told.folder / "warehouse.db") == rows


def expect_one_of_each(workspace: Any, schema: str) -> None:
    """By databricks-sdk: one job, and the two runs of one attempt."""
    jobs = client(workspace).jobs
    (job,) = jobs.list(name=f"bldr main.{schema}")
    assert len(list(jobs.list_runs(job_id=job.job_id))) == 2


def expect_no_secret(output: Path, workspace: Any, said: str) -> None:
    """Neither what was given nor what was fetched for it is in any file, nor in what was said."""
    canaries = [workspace.token, workspace.client_secret, "bldr-local."]
    files = [path for path in output.rglob("*") if path.is_file()]
    assert any(path.name == "bldr.db" for path in files)
    for content in (said.encode(), *(path.read_bytes() for path in files)):
        for canary in canaries:
            assert canary.encode() not in content


def test_a_workspace_that_answers_badly(
    calm: Told, spark_workspace: Any, trips: Path, tmp_path: Path
) -> None:
    """As a service principal whose tokens live for five seconds."""
    spark_workspace.settings(ttl_seconds=5)
    for rule in PLAN:
        spark_workspace.ask("POST", "/_workspace/faults", rule)
    told = run_remote(spark_workspace, trips, tmp_path, "stormy", oauth=True)
    struck = {(r["route"], r["kind"], r["status"]): r["struck"] for r in spark_workspace.faults()}
    spark_workspace.clear_faults()
    spark_workspace.settings(ttl_seconds=3600)
    polled = [e for e in told.requests if "/sql/statements/" in e["path"]]
    idle = [k for k, n in struck.items() if n == 0 and (polled or "statements/*" not in k[0])]
    assert not idle
    expect_same(told, calm)
    expect_one_job(told, creates=1, runs=2)
    expect_one_of_each(spark_workspace, "stormy")
    tokens = [e for e in told.requests if e["path"] == "/oidc/v1/token" and e["status"] == 200]
    assert len(tokens) > 3
    expect_no_secret(tmp_path, spark_workspace, json.dumps(told.outcome) + told.stderr)


def killed_until_it_ends(
    workspace: Any, begin: tuple[str | Path, ...], output: Path, longest: int, seed: int
) -> tuple[list[int], str]:
    """Kills a run, and each resumption of it, at most `longest` events after the kill before; those events, and what was said.

    How many events a run has depends on how often it asked the workspace: only gaps can be told beforehand.
    """
    gaps, env = random.Random(seed), environment(workspace)
    command, moments, said = begin, [gaps.randint(1, longest)], ""
    while True:
        done = remote_world.bldr(env, *command, "--output", output, hook=f"kill={moments[-1]}")
        said += done.stdout + done.stderr
        if done.returncode != -signal.SIGKILL:
            return moments[:-1], said
        command = ("runs", "resume")
        moments.append(moments[-1] + gaps.randint(1, longest))


def test_killed_at_random_moments(
    calm: Told, spark_workspace: Any, trips: Path, tmp_path: Path
) -> None:
    seed = int(os.environ.get("BLDR_SEED", time.time_ns() % 1_000_000))
    before = newest(spark_workspace)
    begin = ("run", "--source-dir", trips, "--target", "databricks", "--schema", "killed")
    longest = calm.outcome["events"] // (2 * KILLS)
    moments, said = killed_until_it_ends(spark_workspace, begin, tmp_path, longest, seed)
    env = environment(spark_workspace)
    show = remote_world.bldr(env, "runs", "show", "--output", tmp_path, "--json")
    assert show.returncode == 0, said + show.stderr
    told = Told(json.loads(show.stdout), spark_workspace.requests(before))
    events = f"{told.outcome['events']} events ({calm.outcome['events']} undisturbed)"
    print(f"BLDR_SEED={seed}: {len(moments)} kills, {events}, at {moments}")
    assert told.outcome["status"] == "done" and len(moments) >= KILLS, said
    expect_same(told, calm)
    expect_one_job(told, creates=1, runs=2)
    expect_one_of_each(spark_workspace, "killed")
    expect_no_secret(tmp_path, spark_workspace, said + show.stdout + show.stderr)
