"""The task graph, states, retries, timeouts, queue and repair, with tasks that do as the test says; no Spark.

What is expected is the published behaviour of Jobs: run_if and its outcomes, the leaves that decide about the run,
INTERNAL_ERROR in the older field. The bodies and answers are held against the API's JSON schemas.
"""

import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from job_world import ADMIN, World, codes, fail, notebook, results, until_stopped
from local_databricks.errors import ApiError
from local_databricks.jobs import states
from local_databricks.jobs.model import Done


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


def condition(key: str, left: str, op: str, right: str, after: object = ()) -> dict[str, Any]:
    task = notebook(key, after)
    del task["notebook_task"]
    return task | {"condition_task": {"op": op, "left": left, "right": right}}


def test_tasks_run_behind_those_they_wait_for(world: World) -> None:
    run = world.run(
        notebook("d", ["b", "c"]), notebook("b", "a"), notebook("c", "a"), notebook("a")
    )
    assert codes(run) == ("TERMINATED", "SUCCESS", "SUCCESS", "SUCCESS")
    assert world.script.ran[0] == "a" and world.script.ran[-1] == "d"
    assert sorted(world.script.ran) == ["a", "b", "c", "d"]
    assert len({task["run_id"] for task in run["tasks"]} | {run["run_id"]}) == 5
    assert all(task["run_id"] > 2**53 for task in run["tasks"])


@pytest.mark.parametrize("parallel", [1, 2, 5])
def test_independent_tasks_run_at_once(tmp_path: Path, parallel: int) -> None:
    world = World(tmp_path, parallel)
    world.script.acts = {f"t{i}": [until_stopped] for i in range(8)}
    run_id = world.start(world.job(*(notebook(f"t{i}") for i in range(8))))
    world.until(lambda: len(world.script.ran) == parallel)
    states_now = [task["status"]["state"] for task in world.seen(run_id)["tasks"]]
    assert states_now.count("RUNNING") == parallel and states_now.count("PENDING") == 8 - parallel
    world.jobs.cancel(ADMIN, {"run_id": run_id})
    world.ended(run_id)
    assert world.script.peak == parallel
    world.close()


def test_a_failed_task_fails_the_run_in_both_forms(world: World) -> None:
    world.script.acts = {"a": [fail("no such column")]}
    run = world.run(notebook("a"), notebook("b", "a"), notebook("c", "b"))
    assert codes(run) == ("INTERNAL_ERROR", "FAILED", "RUN_EXECUTION_ERROR", "CLIENT_ERROR")
    said = (
        "Task a failed with message: Workload failed, see run output for details."
        " This caused all downstream tasks to get skipped."
    )
    assert run["state"]["state_message"] == run["status"]["termination_details"]["message"] == said
    a, b, c = run["tasks"]
    assert codes(a) == ("TERMINATED", "FAILED", "RUN_EXECUTION_ERROR", "CLIENT_ERROR")
    assert a["state"]["state_message"] == "Workload failed, see run output for details"
    for skipped in (b, c):
        assert codes(skipped)[:3] == ("SKIPPED", "UPSTREAM_FAILED", "SKIPPED")
    output = world.output(a)
    assert output["error"] == "ValueError: no such column" and output["error_trace"] == "trace"
    assert output["metadata"]["run_id"] == a["run_id"]


def test_a_run_without_tasks_behind_the_failed_one_says_nothing_of_skipping(world: World) -> None:
    world.script.acts = {"a": [fail()]}
    run = world.run(notebook("a"))
    said = "Task a failed with message: Workload failed, see run output for details."
    assert run["state"]["state_message"] == said


# Dependencies ok, ok2 succeed; bad, bad2 fail; what a task that waits for them gets (conditional-tasks page of the
# documentation: unmet is "upstream failed", or "excluded" for the two that handle failures).
RUN_IFS = [
    ("ALL_SUCCESS", ["ok", "ok2"], "SUCCESS"),
    ("ALL_SUCCESS", ["ok", "bad"], "UPSTREAM_FAILED"),
    ("AT_LEAST_ONE_SUCCESS", ["ok", "bad"], "SUCCESS"),
    ("AT_LEAST_ONE_SUCCESS", ["bad", "bad2"], "UPSTREAM_FAILED"),
    ("NONE_FAILED", ["ok", "ok2"], "SUCCESS"),
    ("NONE_FAILED", ["ok", "bad"], "UPSTREAM_FAILED"),
    ("ALL_DONE", ["bad", "bad2"], "SUCCESS"),
    ("ALL_DONE", ["ok", "bad"], "SUCCESS"),
    ("AT_LEAST_ONE_FAILED", ["ok", "bad"], "SUCCESS"),
    ("AT_LEAST_ONE_FAILED", ["ok", "ok2"], "EXCLUDED"),
    ("ALL_FAILED", ["bad", "bad2"], "SUCCESS"),
    ("ALL_FAILED", ["ok", "bad"], "EXCLUDED"),
]


@pytest.mark.parametrize(("run_if", "waits", "result"), RUN_IFS)
def test_run_if(world: World, run_if: str, waits: list[str], result: str) -> None:
    world.script.acts = {"bad": [fail()], "bad2": [fail()]}
    tasks = [notebook(key) for key in ("ok", "ok2", "bad", "bad2")]
    run = world.run(*tasks, notebook("t", waits, run_if=run_if))
    assert results(run)["t"] == result
    assert ("t" in world.script.ran) == (result == "SUCCESS")


def test_excluded_tasks_count_as_successful_and_spread_when_all_are(world: World) -> None:
    run = world.run(
        notebook("ok"),
        notebook("cleanup", "ok", run_if="AT_LEAST_ONE_FAILED"),
        notebook("alone", "cleanup", run_if="ALL_DONE"),
        notebook("both", ["ok", "cleanup"]),
        notebook("none_failed", ["ok", "cleanup"], run_if="NONE_FAILED"),
    )
    assert results(run) == {
        "ok": "SUCCESS",
        "cleanup": "EXCLUDED",
        "alone": "EXCLUDED",
        "both": "SUCCESS",
        "none_failed": "SUCCESS",
    }
    assert codes(run)[1] == "SUCCESS"


def test_a_failure_that_a_task_behind_it_handles_is_success_with_failures(world: World) -> None:
    world.script.acts = {"bad": [fail()]}
    run = world.run(notebook("bad"), notebook("last", "bad", run_if="ALL_DONE"))
    assert codes(run) == ("TERMINATED", "SUCCESS_WITH_FAILURES", "SUCCESS_WITH_FAILURES", "SUCCESS")


def test_a_condition_chooses_the_branch(world: World) -> None:
    def set_value(attempt: Any) -> Done:
        world.jobs.store.set_value(attempt.run.run_id, "count", "rows", 12)
        return Done(states.success())

    world.script.acts = {"count": [set_value]}
    run = world.run(
        notebook("count"),
        condition("many", "{{tasks.count.values.rows}}", "GREATER_THAN", "9.5", "count"),
        notebook("big", [("many", "true")]),
        notebook("small", [("many", "false")]),
        notebook("after_small", "small"),
        notebook("join", ["big", "after_small"]),
    )
    assert results(run) == {
        "count": "SUCCESS",
        "many": "SUCCESS",
        "big": "SUCCESS",
        "small": "EXCLUDED",
        "after_small": "EXCLUDED",
        "join": "SUCCESS",
    }
    many = run["tasks"][1]
    assert many["condition_task"] == {
        "op": "GREATER_THAN",
        "left": "12",
        "right": "9.5",
        "outcome": "true",
    }
    resolved = world.seen(run["run_id"], resolved=True)["tasks"][1]["resolved_values"]
    assert resolved == {"condition_task": {"left": "12", "right": "9.5"}}


@pytest.mark.parametrize(
    ("left", "op", "right", "outcome"),
    [
        ("12.0", "EQUAL_TO", "12", "false"),
        ("a", "NOT_EQUAL", "b", "true"),
        ("9", "LESS_THAN", "10", "true"),
        ("9", "GREATER_THAN_OR_EQUAL", "9.0", "true"),
        ("-1", "LESS_THAN_OR_EQUAL", "-2", "false"),
    ],
)
def test_conditions(world: World, left: str, op: str, right: str, outcome: str) -> None:
    run = world.run(condition("c", left, op, right))
    assert run["tasks"][0]["condition_task"]["outcome"] == outcome


def test_a_condition_on_what_is_no_number_fails(world: World) -> None:
    run = world.run(condition("c", "many", "LESS_THAN", "3"))
    assert codes(run)[2] == "INVALID_RUN_CONFIGURATION"
    assert "'many' is not a number" in run["state"]["state_message"]


def test_an_unknown_reference_fails_its_task_before_it_runs(world: World) -> None:
    task = notebook("a")
    task["notebook_task"]["base_parameters"] = {"x": "{{job.naem}}"}
    run = world.run(task)
    assert codes(run["tasks"][0])[2] == "INVALID_RUN_CONFIGURATION" and world.script.ran == []
    assert "{{job.naem}}" in world.output(run["tasks"][0])["error"]


def test_references_are_replaced_in_parameters(world: World) -> None:
    task = notebook("a")
    task["notebook_task"]["base_parameters"] = {
        "run": "{{job.run_id}}/{{task.run_id}}",
        "day": "{{job.parameters.day}}",
    }
    job_id = world.job(
        task, name="nightly", parameters=[{"name": "day", "default": "{{job.name}}"}]
    )
    first = world.ended(world.start(job_id))
    second = world.ended(world.start(job_id, job_parameters={"day": "2025-07-01"}))
    for run, day in ((first, "nightly"), (second, "2025-07-01")):
        task_run_id = run["tasks"][0]["run_id"]
        given = world.script.attempts[task_run_id].task["notebook_task"]["base_parameters"]
        assert given == {"run": f"{run['run_id']}/{task_run_id}", "day": day}
    assert second["job_parameters"] == [
        {"name": "day", "default": "{{job.name}}", "value": "2025-07-01"}
    ]


def test_retries_are_attempts_of_their_own(world: World) -> None:
    world.script.acts = {"a": [fail("first"), fail("second"), Done(states.success())]}
    run = world.run(
        notebook("a", max_retries=3, min_retry_interval_millis=2000), notebook("b", "a")
    )
    attempts = [task for task in run["tasks"] if task["task_key"] == "a"]
    assert [a["attempt_number"] for a in attempts] == [0, 1, 2]
    assert [a["state"]["result_state"] for a in attempts] == ["FAILED", "FAILED", "SUCCESS"]
    assert attempts[1]["start_time"] - attempts[0]["end_time"] >= 20  # 2 s at this pace
    assert codes(run)[1] == "SUCCESS" and world.script.ran == ["a", "a", "a", "b"]
    assert "first" in world.output(attempts[0])["error"]


def test_retries_end(world: World) -> None:
    world.script.acts = {"a": [fail()]}
    run = world.run(notebook("a", max_retries=2))
    assert world.script.ran == ["a"] * 3 and codes(run)[1] == "FAILED"


def test_a_task_that_waits_for_its_retry_says_so(tmp_path: Path) -> None:
    world = World(tmp_path, pace=1)
    world.script.acts = {"a": [fail()]}
    run_id = world.start(world.job(notebook("a", max_retries=1, min_retry_interval_millis=60_000)))
    world.until(lambda: len(world.seen(run_id)["tasks"]) == 2)
    waiting = world.seen(run_id)["tasks"][1]
    assert waiting["status"]["state"] == "WAITING"
    assert waiting["state"]["life_cycle_state"] == "WAITING_FOR_RETRY"
    world.jobs.cancel(ADMIN, {"run_id": run_id})
    assert results(world.ended(run_id)) == {"a": "CANCELED"}
    world.close()


@pytest.mark.parametrize("retry", [False, True])
def test_a_task_past_its_time_is_stopped(world: World, retry: bool) -> None:
    world.script.acts = {"a": [until_stopped, Done(states.success())]}
    task = notebook("a", timeout_seconds=5, max_retries=1, retry_on_timeout=retry)
    run = world.run(task, notebook("b", "a"))
    assert codes(run["tasks"][0])[:3] == ("TERMINATED", "TIMEDOUT", "CANCELED")
    assert run["tasks"][0]["state"]["user_cancelled_or_timedout"] is True
    assert results(run)["b"] == ("SUCCESS" if retry else "UPSTREAM_FAILED")
    assert world.script.ran == (["a", "a", "b"] if retry else ["a"])


def test_a_job_past_its_time_is_stopped(world: World) -> None:
    world.script.acts = {"a": [until_stopped]}
    run = world.run(notebook("a", max_retries=-1), notebook("b", "a"), timeout_seconds=5)
    assert codes(run)[:3] == ("TERMINATED", "TIMEDOUT", "CANCELED")
    assert set(results(run).values()) == {"TIMEDOUT"} and world.script.ran == ["a"]


def test_cancel_stops_what_runs_and_what_waits(world: World) -> None:
    world.script.acts = {"a": [until_stopped]}
    run_id = world.start(
        world.job(notebook("a", max_retries=5), notebook("b", "a", run_if="ALL_DONE"))
    )
    world.until(lambda: world.script.ran)
    assert world.seen(run_id)["tasks"][1]["status"]["state"] == "BLOCKED"
    assert world.jobs.cancel(ADMIN, {"run_id": run_id}) == {}
    run = world.ended(run_id)
    assert codes(run)[:3] == ("TERMINATED", "CANCELED", "USER_CANCELED")
    assert run["state"]["state_message"] == "Run cancelled."
    assert run["state"]["user_cancelled_or_timedout"] is True
    assert set(results(run).values()) == {"CANCELED"} and world.script.ran == ["a"]
    assert world.jobs.cancel(ADMIN, {"run_id": run_id}) == {}  # an ended one stays as it is
    assert world.seen(run_id) == run


def test_cancelling_one_task_lets_those_that_handle_it_run(world: World) -> None:
    world.script.acts = {"a": [until_stopped]}
    job = world.job(notebook("a"), notebook("next", "a"), notebook("tidy", "a", run_if="ALL_DONE"))
    run_id = world.start(job)
    world.until(lambda: world.script.ran)
    world.jobs.cancel(ADMIN, {"run_id": world.seen(run_id)["tasks"][0]["run_id"]})
    run = world.ended(run_id)
    assert results(run) == {"a": "CANCELED", "next": "UPSTREAM_CANCELED", "tidy": "SUCCESS"}
    assert codes(run)[1] == "CANCELED"


def test_cancel_all(world: World) -> None:
    world.script.acts = {"a": [until_stopped]}
    job_id = world.job(notebook("a"), max_concurrent_runs=1, queue={"enabled": True})
    first, second = world.start(job_id), world.start(job_id)
    world.until(lambda: world.seen(second)["status"]["state"] != "PENDING")
    world.until(lambda: world.script.ran)
    assert world.seen(second)["status"] == {
        "state": "QUEUED",
        "queue_details": {
            "code": "MAX_CONCURRENT_RUNS_REACHED",
            "message": "Queued due to reaching maximum concurrent runs limit.",
        },
    }
    world.jobs.cancel_all(ADMIN, {"all_queued_runs": True})
    assert codes(world.ended(second))[1] == "CANCELED"
    world.jobs.cancel_all(ADMIN, {"job_id": job_id})
    assert codes(world.ended(first))[1] == "CANCELED" and world.script.ran == ["a"]


def test_a_queued_run_begins_when_another_ends(world: World) -> None:
    world.script.acts = {"a": [until_stopped, Done(states.success())]}
    job_id = world.job(notebook("a"), queue={"enabled": True})
    first, second, third = (world.start(job_id) for _ in range(3))
    world.until(lambda: world.script.ran)
    world.jobs.cancel(ADMIN, {"run_id": first})
    assert codes(world.ended(second))[1] == codes(world.ended(third))[1] == "SUCCESS"
    assert world.seen(second)["end_time"] <= world.seen(third)["end_time"]
    assert world.seen(second)["queue_duration"] > 0


def test_without_a_queue_a_run_too_many_is_skipped(world: World) -> None:
    world.script.acts = {"a": [until_stopped]}
    job_id = world.job(notebook("a"))
    first, second = world.start(job_id), world.start(job_id)
    skipped = world.ended(second)
    assert codes(skipped) == (
        "SKIPPED",
        "MAXIMUM_CONCURRENT_RUNS_REACHED",
        "MAX_CONCURRENT_RUNS_EXCEEDED",
        "CLIENT_ERROR",
    )
    world.jobs.cancel(ADMIN, {"run_id": first})
    world.ended(first)


def test_zero_concurrent_runs_skips_all(world: World) -> None:
    run = world.run(notebook("a"), max_concurrent_runs=0)
    assert codes(run)[0] == "SKIPPED" and world.script.ran == []


def test_a_cluster_that_does_not_start_is_the_platforms_fault(world: World) -> None:
    world.faults = ["CLOUD_PROVIDER_LAUNCH_FAILURE(CLOUD_FAILURE): no capacity"]
    cluster = {"spark_version": "17.3.x-scala2.13", "num_workers": 0, "node_type_id": "m"}
    clusters = [{"job_cluster_key": "main", "new_cluster": cluster}]
    task = notebook("a", job_cluster_key="main", max_retries=1)
    run = world.run(task, notebook("b", "a", job_cluster_key="main"), job_clusters=clusters)
    first, second, b = (run["tasks"][i] for i in (0, 2, 1))
    assert codes(first) == ("INTERNAL_ERROR", "FAILED", "CLUSTER_ERROR", "CLOUD_FAILURE")
    assert (
        "unexpected state Terminated: CLOUD_PROVIDER_LAUNCH_FAILURE"
        in first["state"]["state_message"]
    )
    assert codes(second)[1] == codes(b)[1] == codes(run)[1] == "SUCCESS"
    assert second["cluster_instance"]["cluster_id"] == b["cluster_instance"]["cluster_id"]
    assert first["cluster_instance"]["cluster_id"] != b["cluster_instance"]["cluster_id"]
    assert world.script.ran == ["a", "b"]
    world.faults = ["out of stock"]
    failed = world.run(notebook("a", job_cluster_key="main"), job_clusters=clusters)
    assert codes(failed)[2:] == ("CLUSTER_ERROR", "CLOUD_FAILURE")


def test_a_kind_of_task_that_does_not_run_here_says_so(world: World) -> None:
    run = world.run({"task_key": "p", "pipeline_task": {"pipeline_id": "x"}})
    assert codes(run)[2] == "INVALID_RUN_CONFIGURATION"
    assert "pipeline_task are not supported by the local workspace" in run["state"]["state_message"]


def test_a_performer_that_breaks_is_an_internal_error(world: World) -> None:
    def broken(attempt: Any) -> Done:
        raise OSError("disk full")

    world.script.acts = {"a": [broken]}
    run = world.run(notebook("a"))
    assert codes(run)[2:] == ("INTERNAL_ERROR", "INTERNAL_ERROR")


def test_for_each_runs_its_task_once_per_input(world: World) -> None:
    nested = notebook("each_inner")
    nested["notebook_task"]["base_parameters"] = {
        "region": "{{input.name}}",
        "run": "{{job.run_id}}",
    }
    inputs = '[{"name": "EU"}, {"name": "US"}, {"name": "APAC"}]'
    task = {
        "task_key": "each",
        "for_each_task": {"inputs": inputs, "concurrency": 2, "task": nested},
    }
    run = world.run(task, notebook("b", "each"))
    assert codes(run)[1] == "SUCCESS" and len(world.script.ran) == 4
    given = [a.task["notebook_task"].get("base_parameters") for a in world.script.attempts.values()]
    assert sorted(p["region"] for p in given if p) == ["APAC", "EU", "US"]
    each = world.seen(run["tasks"][0]["run_id"])
    assert len(each["iterations"]) == 3
    stats = run["tasks"][0]["for_each_task"]["stats"]["task_run_stats"]
    assert stats["succeeded_iterations"] == stats["total_iterations"] == 3


def test_for_each_fails_when_an_iteration_does(world: World) -> None:
    world.script.acts = {"inner": [fail(), Done(states.success())]}
    task = {"task_key": "each", "for_each_task": {"inputs": "[1, 2]", "task": notebook("inner")}}
    run = world.run(task, notebook("b", "each"))
    assert codes(run)[1] == "FAILED" and world.script.ran == ["inner", "inner"]
    assert "1 of 2 iterations failed" in run["state"]["state_message"]


def test_only_some_tasks_of_a_job(world: World) -> None:
    job_id = world.job(*(notebook(k, a) for k, a in (("a", []), ("b", "a"), ("c", "b"), ("x", []))))
    for only, expected in (
        (["b"], ["b"]),
        (["+b"], ["a", "b"]),
        (["b+"], ["b", "c"]),
        (["+c", "x"], ["a", "b", "c", "x"]),
    ):
        world.script.ran.clear()
        run = world.ended(world.start(job_id, only=only))
        assert sorted(world.script.ran) == expected == sorted(results(run))
    with pytest.raises(ApiError, match="Task 'nobody'"):
        world.start(job_id, only=["nobody"])


def test_repair_runs_failed_tasks_and_those_behind_them_again(world: World) -> None:
    world.script.acts = {"b": [fail(), Done(states.success())]}
    run = world.run(notebook("a"), notebook("b", "a"), notebook("c", "b"))
    assert results(run) == {"a": "SUCCESS", "b": "FAILED", "c": "UPSTREAM_FAILED"}
    run_id = run["run_id"]
    answer = world.jobs.repair(ADMIN, {"run_id": run_id, "rerun_all_failed_tasks": True})
    again = world.ended(run_id)
    assert codes(again) == ("TERMINATED", "SUCCESS", "SUCCESS", "SUCCESS")
    assert world.script.ran == ["a", "b", "b", "c"]
    assert [(t["task_key"], t["attempt_number"]) for t in again["tasks"]] == [
        ("a", 0),
        ("b", 0),
        ("c", 0),
        ("b", 1),
        ("c", 1),
    ]
    history = world.seen(run_id, history=True)["repair_history"]
    assert [h["type"] for h in history] == ["ORIGINAL", "REPAIR"]
    assert (
        history[0]["state"]["result_state"] == "FAILED" and history[1]["id"] == answer["repair_id"]
    )
    assert history[1]["task_run_ids"] == [t["run_id"] for t in again["tasks"][3:]]


def test_a_second_repair_names_the_first(world: World) -> None:
    world.script.acts = {"a": [fail()]}
    run_id = world.run(notebook("a"), notebook("b", "a"))["run_id"]
    repair = {"run_id": run_id, "rerun_tasks": ["a"], "rerun_dependent_tasks": True}
    first = world.jobs.repair(ADMIN, repair)["repair_id"]
    world.ended(run_id)
    with pytest.raises(ApiError, match="latest_repair_id must be specified"):
        world.jobs.repair(ADMIN, repair)
    with pytest.raises(ApiError, match="is not the latest repair"):
        world.jobs.repair(ADMIN, repair | {"latest_repair_id": first + 1})
    world.script.acts = {}
    world.jobs.repair(ADMIN, repair | {"latest_repair_id": first})
    run = world.ended(run_id)
    assert results(run) == {"a": "SUCCESS", "b": "SUCCESS"} and codes(run)[1] == "SUCCESS"


def test_repair_runs_successful_dependents_too_when_asked(world: World) -> None:
    run_id = world.run(notebook("a"), notebook("b", "a"), notebook("c"))["run_id"]
    world.jobs.repair(
        ADMIN, {"run_id": run_id, "rerun_tasks": ["a"], "rerun_dependent_tasks": True}
    )
    world.ended(run_id)
    assert sorted(world.script.ran) == ["a", "a", "b", "b", "c"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "Exactly one of"),
        ({"rerun_tasks": ["a"], "rerun_all_failed_tasks": True}, "Exactly one of"),
        ({"rerun_tasks": ["x"]}, "Task 'x' does not exist"),
        ({"rerun_all_failed_tasks": True}, "no failed tasks"),
    ],
)
def test_repairs_that_are_refused(world: World, body: dict[str, Any], message: str) -> None:
    run_id = world.run(notebook("a"))["run_id"]
    with pytest.raises(ApiError, match=message) as error:
        world.jobs.repair(ADMIN, {"run_id": run_id} | body)
    assert (error.value.status, error.value.code) == (400, "INVALID_PARAMETER_VALUE")


def test_an_active_run_is_neither_repaired_nor_deleted(world: World) -> None:
    world.script.acts = {"a": [until_stopped]}
    run_id = world.start(world.job(notebook("a")))
    with pytest.raises(ApiError, match="is active"):
        world.jobs.repair(ADMIN, {"run_id": run_id, "rerun_all_failed_tasks": True})
    with pytest.raises(ApiError, match="is active"):
        world.jobs.delete_run(ADMIN, {"run_id": run_id})
    world.jobs.cancel(ADMIN, {"run_id": run_id})
    world.ended(run_id)
    assert world.jobs.delete_run(ADMIN, {"run_id": run_id}) == {}
    with pytest.raises(ApiError, match=f"Run {run_id} does not exist"):
        world.seen(run_id)


def test_a_thousand_tasks_in_a_chain_do_not_stall(tmp_path: Path) -> None:
    world = World(tmp_path, parallel=2)
    tasks = [notebook(f"t{i}", [f"t{i - 1}"] if i else []) for i in range(300)]
    world.script.acts = {"t0": [fail()]}
    run_id = world.start(world.job(*tasks))
    assert world.jobs.engine.wait(run_id, 30)
    found: list[str] = []
    token = None
    while True:
        page = world.seen(run_id, page_token=token)
        assert len(page["tasks"]) <= 100
        found += [task["state"]["result_state"] for task in page["tasks"]]
        token = page.get("next_page_token")
        if token is None:
            break
    assert found == ["FAILED"] + ["UPSTREAM_FAILED"] * 299
    world.close()


def test_starting_runs_while_others_go_on_does_not_stall(tmp_path: Path) -> None:
    world = World(tmp_path, parallel=8)
    job_id = world.job(*(notebook(f"t{i}") for i in range(5)), max_concurrent_runs=1000)
    started: list[int] = []

    def start() -> None:
        started.extend([world.start(job_id) for _ in range(20)])

    threads = [threading.Thread(target=start, daemon=True) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not any(thread.is_alive() for thread in threads), "two locks wait for each other"
    assert all(world.jobs.engine.wait(run_id, 30) for run_id in started)
    world.close()


FOR_EACH: dict[str, Any] = {"inputs": '["a"]', "task": notebook("one")}


@pytest.mark.parametrize(
    ("task", "message"),
    [
        ({"condition_task": {"op": "EQUAL_TO", "right": "1"}}, "needs a 'left'"),
        ({"condition_task": {"op": "EQUAL_TO", "left": "1"}}, "needs a 'right'"),
        ({"condition_task": None}, "must be an object"),
        ({"notebook_task": None}, "must be an object"),
        ({"for_each_task": {"task": notebook("one")}}, "needs 'inputs'"),
        ({"for_each_task": FOR_EACH | {"inputs": ["a"]}}, "needs 'inputs'"),
        ({"for_each_task": FOR_EACH | {"concurrency": "many"}}, "must be an integer"),
        ({"for_each_task": FOR_EACH | {"concurrency": 101}}, "at most 100"),
        ({"for_each_task": FOR_EACH | {"task": {"notebook_task": {}}}}, "needs 'task_key'"),
        (
            {"for_each_task": FOR_EACH | {"task": {"task_key": "o", "notebook_task": {}}}},
            "needs a notebook_path",
        ),
    ],
)
def test_tasks_that_could_not_run_are_refused(
    world: World, task: dict[str, Any], message: str
) -> None:
    with pytest.raises(ApiError, match=message) as caught:
        world.jobs.create(ADMIN, {"name": "job", "tasks": [{"task_key": "t"} | task]})
    assert (caught.value.status, caught.value.code) == (400, "INVALID_PARAMETER_VALUE")


@pytest.mark.parametrize(
    "task", [{"condition_task": {"op": "EQUAL_TO"}}, {"for_each_task": {"task": notebook("one")}}]
)
def test_settings_saved_before_they_were_refused_do_not_stop_the_engine(
    world: World, task: dict[str, Any]
) -> None:
    job_id = world.job(notebook("t"))
    job = world.jobs.store.job(job_id)
    assert job is not None
    job.settings["tasks"] = [{"task_key": "t"} | task]
    world.jobs.store.save_job(job)
    run_id = world.start(job_id)
    assert world.jobs.engine.wait(run_id, 5), "the run did not end"
    run = world.jobs.run(ADMIN, run_id)
    assert codes(run)[1:] == ("FAILED", "INTERNAL_ERROR", "INTERNAL_ERROR")
    assert codes(world.run(notebook("a")))[1] == "SUCCESS"


def test_a_task_that_fails_at_once_for_ever_lets_others_in(world: World) -> None:
    bad = notebook("a", max_retries=-1)
    bad["notebook_task"]["base_parameters"] = {"x": "{{job.nothing}}"}
    run_id = world.start(world.job(bad))
    done = threading.Event()

    def cancel() -> None:
        world.jobs.cancel(ADMIN, {"run_id": run_id})
        done.set()

    threading.Thread(target=cancel, daemon=True).start()
    assert done.wait(10), "the engine does not let go"
    assert world.ended(run_id)["state"]["result_state"] == "CANCELED"


def test_an_iteration_past_its_time_is_stopped(world: World) -> None:
    world.script.acts = {"one": [until_stopped]}
    nested = {"task": notebook("one", timeout_seconds=10), "inputs": '["a"]'}
    run = world.run({"task_key": "all", "for_each_task": nested})
    outer = world.seen(run["tasks"][0]["run_id"])
    [iteration] = outer["iterations"]
    assert iteration["state"]["result_state"] == "TIMEDOUT"


def test_the_history_of_a_skipped_run(world: World) -> None:
    run_id = world.start(world.job(notebook("a"), max_concurrent_runs=0))
    [first] = world.seen(run_id, history=True)["repair_history"]
    assert first["state"]["life_cycle_state"] == "SKIPPED"


def test_changes_of_a_job_at_once_are_all_kept(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = world.job(notebook("a"))
    read = world.jobs.store.job

    def slow(asked: int) -> Any:
        found = read(asked)
        time.sleep(0.1)
        return found

    monkeypatch.setattr(world.jobs.store, "job", slow)
    changes = [
        lambda: world.jobs.update(ADMIN, {"job_id": job_id, "new_settings": {"name": "new"}}),
        lambda: world.jobs.update(ADMIN, {"job_id": job_id, "new_settings": {"description": "d"}}),
        lambda: world.jobs.permissions(
            ADMIN,
            job_id,
            {"access_control_list": [{"user_name": "u", "permission_level": "CAN_VIEW"}]},
            False,
        ),
    ]
    threads = [threading.Thread(target=change) for change in changes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    job = read(job_id)
    assert job is not None and job.acl
    assert (job.settings["name"], job.settings["description"]) == ("new", "d")


def test_a_run_that_is_being_repaired_is_not_deleted(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.script.acts = {"a": [fail(), until_stopped]}
    run_id = world.run(notebook("a"))["run_id"]
    real = world.jobs._run

    def slow(*asked: Any) -> Any:
        found = real(*asked)
        if asked[2] == "CAN_MANAGE":  # of delete: a repair comes just then
            repairing.start()
            repairing.join(0.5)
        return found

    refused: list[str] = []

    def repair() -> None:
        try:
            world.jobs.repair(ADMIN, {"run_id": run_id, "rerun_all_failed_tasks": True})
        except ApiError as error:
            refused.append(error.message)

    repairing = threading.Thread(target=repair, daemon=True)
    monkeypatch.setattr(world.jobs, "_run", slow)
    world.jobs.delete_run(ADMIN, {"run_id": run_id})
    repairing.join()
    monkeypatch.undo()
    assert refused == [f"Run {run_id} does not exist."]
    assert world.jobs.store.run(run_id) is None and not world.jobs.engine.active()


@pytest.mark.parametrize("when", ["starts", "ends"])
def test_a_write_that_fails_ends_the_run_and_not_the_engine(
    world: World, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    save, full = world.jobs.store.save_task, [True]

    def failing(task: Any) -> None:
        if full and (task.phase == "RUNNING" if when == "starts" else task.ending is not None):
            full.clear()
            raise sqlite3.OperationalError("database or disk is full")
        save(task)

    monkeypatch.setattr(world.jobs.store, "save_task", failing)
    run = world.run(notebook("a"), notebook("b", "a"))
    assert codes(run)[1:] == ("FAILED", "INTERNAL_ERROR", "INTERNAL_ERROR")
    assert "disk is full" in run["state"]["state_message"]
    assert not full and world.script.ran.count("a") <= 1 and "b" not in world.script.ran
    assert codes(world.run(notebook("c")))[1] == "SUCCESS"


def test_a_repaired_run_of_a_job_that_may_not_run_does_not_wait_for_ever(world: World) -> None:
    run_id = world.start(world.job(notebook("a"), max_concurrent_runs=0))
    world.jobs.repair(ADMIN, {"run_id": run_id, "rerun_tasks": ["a"]})
    assert codes(world.ended(run_id, 5))[1] == "SUCCESS"
