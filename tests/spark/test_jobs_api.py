"""Saved jobs and runs over REST: databricks-sdk is the client, the API's JSON schemas judge bodies and answers."""

import secrets
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from databricks.sdk.errors import InvalidParameterValue, NotFound, PermissionDenied
from databricks.sdk.service import jobs as api
from databricks.sdk.service.jobs import JobSettings, NotebookTask, Task, TaskDependency
from fixtures import client, needs_workspace
from job_world import valid
from notebook_world import Notebooks, until

pytestmark = needs_workspace


@pytest.fixture
def notebooks(sdk: Any) -> Notebooks:
    return Notebooks(sdk, secrets.token_hex(4))


def task(key: str, path: str = "/Shared/none", **fields: Any) -> Task:
    return Task(task_key=key, notebook_task=NotebookTask(notebook_path=path), **fields)


def bodies(workspace: Any, since: int, path: str) -> list[dict[str, Any]]:
    """What was sent to a path since then."""
    return [entry["json"] for entry in workspace.requests(since) if entry["path"].endswith(path)]


def last_request(workspace: Any) -> int:
    return max((entry["n"] for entry in workspace.requests()), default=0)


def full_settings(name: str) -> dict[str, Any]:
    cluster = {"spark_version": "17.3.x-scala2.13", "node_type_id": "m5.large", "num_workers": 0}
    return {
        "name": name,
        "description": "all sorts of fields",
        "tags": {"team": "etl"},
        "parameters": [{"name": "day", "default": "today"}],
        "job_clusters": [{"job_cluster_key": "main", "new_cluster": cluster}],
        "environments": [
            {
                "environment_key": "env",
                "spec": {"environment_version": "2", "dependencies": ["a==1"]},
            }
        ],
        "schedule": {
            "quartz_cron_expression": "0 0 5 * * ?",
            "timezone_id": "UTC",
            "pause_status": "PAUSED",
        },
        "queue": {"enabled": True},
        "max_concurrent_runs": 3,
        "timeout_seconds": 7200,
        "email_notifications": {"on_failure": ["a@b.c"]},
        "tasks": [
            {
                "task_key": "a",
                "job_cluster_key": "main",
                "notebook_task": {"notebook_path": "/Shared/a", "base_parameters": {"x": "1"}},
                "max_retries": 1,
                "min_retry_interval_millis": 1000,
                "retry_on_timeout": True,
                "timeout_seconds": 60,
            },
            {
                "task_key": "b",
                "depends_on": [{"task_key": "a"}],
                "run_if": "ALL_DONE",
                "spark_python_task": {"python_file": "/Shared/x.py"},
                "environment_key": "env",
            },
        ],
    }


def test_a_job_is_kept_as_it_was_given_and_filled_in(workspace: Any, sdk: Any) -> None:
    given = full_settings("kept")
    valid("settings", given)
    since = last_request(workspace)
    job_id = sdk.jobs.create(**fields_of(given)).job_id
    assert job_id > 2**53
    [sent] = bodies(workspace, since, "/jobs/create")
    valid("settings", sent)
    found = workspace.ask("GET", f"/api/2.2/jobs/get?job_id={job_id}")
    valid("jobs.Job", found)
    settings = found["settings"]
    assert found["creator_user_name"] == found["run_as_user_name"] == "admin@workspace.local"
    assert settings["format"] == "MULTI_TASK" and settings["webhook_notifications"] == {}
    assert settings["tasks"][0]["run_if"] == "ALL_SUCCESS"
    assert settings["tasks"][0]["notebook_task"]["source"] == "WORKSPACE"
    assert settings["job_clusters"][0]["new_cluster"]["data_security_mode"] == "SINGLE_USER"
    assert contains(settings, given)
    assert sdk.jobs.get(job_id).settings.tasks[1].depends_on == [TaskDependency(task_key="a")]


def fields_of(settings: dict[str, Any]) -> dict[str, Any]:
    """As arguments of the client's create()."""
    return {k: v for k, v in JobSettings.from_dict(settings).__dict__.items() if v}


def contains(whole: Any, part: Any) -> bool:
    """Whether all of `part` is in `whole`."""
    if isinstance(part, dict):
        return all(key in whole and contains(whole[key], value) for key, value in part.items())
    if isinstance(part, list):
        return len(part) == len(whole) and all(map(contains, whole, part))
    return bool(whole == part)


def test_reset_replaces_everything_but_run_as(workspace: Any, sdk: Any) -> None:
    who = workspace.client_id
    job_id = sdk.jobs.create(
        name="old",
        tags={"a": "b"},
        run_as=api.JobRunAs(service_principal_name=who),
        tasks=[task("a")],
    ).job_id
    assert sdk.jobs.get(job_id).run_as_user_name == who
    sdk.jobs.reset(job_id, JobSettings(name="new", tasks=[task("b")]))
    found = sdk.jobs.get(job_id)
    assert (found.settings.name, found.settings.tags) == ("new", None)
    assert [t.task_key for t in found.settings.tasks] == ["b"] and found.run_as_user_name == who


def test_update_merges_arrays_and_removes_fields(sdk: Any) -> None:
    job_id = sdk.jobs.create(**fields_of(full_settings("u"))).job_id
    new = JobSettings(tasks=[task("a", "/Shared/changed"), task("c")], description="changed")
    sdk.jobs.update(
        job_id, new_settings=new, fields_to_remove=["tasks/b", "schedule", "environments/env"]
    )
    settings = sdk.jobs.get(job_id).settings
    assert [t.task_key for t in settings.tasks] == ["a", "c"]
    assert settings.tasks[0].notebook_task.notebook_path == "/Shared/changed"
    assert settings.tasks[0].max_retries is None and settings.description == "changed"
    assert (
        settings.schedule is None and settings.tags == {"team": "etl"} and not settings.environments
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s["tasks"].append(s["tasks"][0]), "Duplicate task_key 'a'"),
        (lambda s: s["tasks"][1].update(depends_on=[{"task_key": "x"}]), "depends on task 'x'"),
        (lambda s: s["tasks"][0].update(depends_on=[{"task_key": "b"}]), "form a cycle"),
        (lambda s: s["tasks"][0].update(job_cluster_key="other"), "Job cluster 'other'"),
        (lambda s: s["tasks"][1].update(environment_key="other"), "Environment 'other'"),
        (lambda s: s["tasks"][0].pop("notebook_task"), "no task type"),
        (
            lambda s: s["tasks"][0].update(pipeline_task={"pipeline_id": "x"}),
            "more than one task type",
        ),
        (lambda s: s["tasks"][0].update(run_if="SOMETIMES"), "unknown run_if"),
        (lambda s: s["tasks"][0]["notebook_task"].update(notebook_path="a"), "only absolute paths"),
        (
            lambda s: s["tasks"][0]["notebook_task"].update(base_parameters={"x": "a" * 2**20}),
            "exceed 1 MB",
        ),
        (lambda s: s.update(name="n" * 4097), "exceeds 4096 bytes"),
        (lambda s: s.update(tags={str(i): "" for i in range(26)}), "limit of 25"),
        (lambda s: s.update(max_concurrent_runs=1001), "at most 1000"),
        (lambda s: s.update(timeout_seconds=-1), "at least 0"),
        (lambda s: s.update(tasks={"a": 1}), "must be a list"),
        (lambda s: s["parameters"].append({"default": "x"}), "needs 'name'"),
    ],
)
def test_settings_that_are_refused(
    workspace: Any, change: Callable[[dict[str, Any]], Any], message: str
) -> None:
    from urllib.error import HTTPError

    settings = full_settings("refused")
    change(settings)
    with pytest.raises(HTTPError) as error:
        workspace.ask("POST", "/api/2.2/jobs/create", settings)
    import json

    body = json.loads(error.value.read())
    assert error.value.code == 400 and body["error_code"] == "INVALID_PARAMETER_VALUE"
    assert message in body["message"]


def test_a_job_that_is_not_there(sdk: Any) -> None:
    with pytest.raises(NotFound, match="Job 5 does not exist"):
        sdk.jobs.get(5)
    with pytest.raises(NotFound, match="Run 5 does not exist"):
        sdk.jobs.get_run(5)
    job_id = sdk.jobs.create(name="short", tasks=[task("a")]).job_id
    sdk.jobs.delete(job_id)
    for call in (sdk.jobs.get, sdk.jobs.run_now, sdk.jobs.delete):
        with pytest.raises((NotFound, InvalidParameterValue), match=f"Job {job_id} does not exist"):
            call(job_id)


def test_jobs_get_pages_arrays_of_more_than_100(workspace: Any, sdk: Any) -> None:
    settings = JobSettings(
        name="wide",
        tasks=[task(f"t{i}") for i in range(230)],
        parameters=[api.JobParameterDefinition(name=f"p{i}", default="") for i in range(120)],
    )
    job_id = sdk.jobs.create(**settings.__dict__).job_id
    page = workspace.ask("GET", f"/api/2.2/jobs/get?job_id={job_id}")
    valid("jobs.Job", page)
    assert len(page["settings"]["tasks"]) == 100 and page["has_more"] is True
    whole = sdk.jobs.get(job_id)  # follows the tokens
    assert [t.task_key for t in whole.settings.tasks] == [f"t{i}" for i in range(230)]
    assert len(whole.settings.parameters) == 120
    with pytest.raises(InvalidParameterValue, match="page token"):
        sdk.jobs._api.do(
            "GET", "/api/2.2/jobs/get", query={"job_id": job_id, "page_token": "nonsense!"}
        )


def test_jobs_list_filters_by_name_and_pages(workspace: Any, sdk: Any) -> None:
    name = f"listed {secrets.token_hex(4)}"
    made = [sdk.jobs.create(name=name, tasks=[task("a")]).job_id for _ in range(7)]
    found = [job.job_id for job in sdk.jobs.list(name=name.upper(), limit=3)]
    assert found == made[::-1]
    page = workspace.ask("GET", f"/api/2.2/jobs/list?name={name.replace(' ', '%20')}&limit=3")
    valid("jobs.ListJobsResponse", page)
    assert "tasks" not in page["jobs"][0]["settings"] and page["has_more"] is True
    expanded = next(iter(sdk.jobs.list(name=name, expand_tasks=True)))
    assert [t.task_key for t in expanded.settings.tasks] == ["a"]
    assert list(sdk.jobs.list(name=name[:-1])) == []
    with pytest.raises(InvalidParameterValue, match="limit"):
        list(sdk.jobs.list(limit=101))


def test_21_and_20_have_the_same_calls(workspace: Any) -> None:
    made = workspace.ask("POST", "/api/2.1/jobs/create", {"name": "old", "tasks": []})
    got = workspace.ask("GET", f"/api/2.0/jobs/get?job_id={made['job_id']}")
    assert got["settings"]["name"] == "old"


def test_the_same_token_starts_one_run(notebooks: Notebooks, sdk: Any) -> None:
    path = notebooks.put("n", "dbutils.notebook.exit('x')")
    job_id = sdk.jobs.create(name="once", max_concurrent_runs=5, tasks=[task("a", path)]).job_id
    token = secrets.token_hex(32)
    found: list[int] = []
    threads = [
        threading.Thread(
            target=lambda: found.append(sdk.jobs.run_now(job_id, idempotency_token=token).run_id)
        )
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6 and len(set(found)) == 1
    assert len(list(sdk.jobs.list_runs(job_id=job_id))) == 1
    notebooks.wait(found[0])
    assert sdk.jobs.run_now(job_id, idempotency_token=token).run_id == found[0]
    assert sdk.jobs.run_now(job_id).run_id != found[0]
    submitted = [
        sdk.jobs.submit(
            run_name="s", tasks=[notebooks.task(path)], idempotency_token="s" + token[1:]
        ).run_id
        for _ in range(2)
    ]
    assert submitted[0] == submitted[1] != found[0]
    sdk.jobs.delete_run(found[0])
    with pytest.raises(InvalidParameterValue, match="has been deleted"):
        sdk.jobs.run_now(job_id, idempotency_token=token)
    with pytest.raises(InvalidParameterValue, match="at most 64"):
        sdk.jobs.run_now(job_id, idempotency_token=token + "x")
    for run in sdk.jobs.list_runs(active_only=True):
        notebooks.wait(run.run_id)


def test_parameters_that_do_not_fit(notebooks: Notebooks, sdk: Any) -> None:
    job_id = sdk.jobs.create(
        name="p", parameters=[api.JobParameterDefinition(name="a", default="1")], tasks=[task("t")]
    ).job_id
    with pytest.raises(InvalidParameterValue, match="not defined in the job"):
        sdk.jobs.run_now(job_id, job_parameters={"b": "2"})
    with pytest.raises(InvalidParameterValue, match="cannot be specified together"):
        sdk.jobs.run_now(job_id, job_parameters={"a": "2"}, notebook_params={"a": "2"})
    with pytest.raises(InvalidParameterValue, match="has job parameters"):
        sdk.jobs.run_now(job_id, notebook_params={"a": "2"})


def test_the_waiter_of_the_sdk_raises_for_a_failed_run(notebooks: Notebooks, sdk: Any) -> None:
    from databricks.sdk.errors import OperationFailed

    path = notebooks.put("bad", "1 / 0")
    with pytest.raises(OperationFailed, match="Task main failed with message: Workload failed"):
        sdk.jobs.submit(run_name="w", tasks=[notebooks.task(path)]).result()
    good = notebooks.put("good", "1")
    run = sdk.jobs.submit(run_name="w", tasks=[notebooks.task(good)]).result()
    assert run.state.result_state.value == "SUCCESS" and run.run_type.value == "SUBMIT_RUN"


def test_the_output_of_a_parent_is_refused(notebooks: Notebooks, sdk: Any, workspace: Any) -> None:
    path = notebooks.put("n", "dbutils.notebook.exit('v')")
    run = notebooks.wait(notebooks.start(notebooks.task(path, "a"), notebooks.task(path, "b")))
    with pytest.raises(InvalidParameterValue, match="runs with multiple tasks is not supported"):
        sdk.jobs.get_run_output(run.run_id)
    found = workspace.ask("GET", f"/api/2.2/jobs/runs/get-output?run_id={run.tasks[1].run_id}")
    valid("jobs.RunOutput", found)
    assert found["notebook_output"] == {"result": "v", "truncated": False} and "logs" not in found
    assert found["metadata"]["tasks"][0]["task_key"] == "b"


def test_runs_list(notebooks: Notebooks, sdk: Any, workspace: Any) -> None:
    path = notebooks.put("n", "1")
    job_id = sdk.jobs.create(name="l", max_concurrent_runs=20, tasks=[task("a", path)]).job_id
    made = [sdk.jobs.run_now(job_id).run_id for _ in range(7)]
    for run_id in made:
        notebooks.wait(run_id)
    assert [run.run_id for run in sdk.jobs.list_runs(job_id=job_id, limit=3)] == made[::-1]
    page = workspace.ask(
        "GET", f"/api/2.2/jobs/runs/list?job_id={job_id}&limit=3&expand_tasks=true"
    )
    valid("jobs.ListRunsResponse", page)
    assert page["has_more"] is True and page["runs"][0]["tasks"][0]["task_key"] == "a"
    assert list(sdk.jobs.list_runs(job_id=job_id, active_only=True)) == []
    middle = sdk.jobs.get_run(made[3]).start_time
    later = sdk.jobs.list_runs(job_id=job_id, start_time_from=middle)
    assert {run.run_id for run in later} >= set(made[3:])
    with pytest.raises(InvalidParameterValue, match="cannot both"):
        list(sdk.jobs.list_runs(active_only=True, completed_only=True))
    with pytest.raises(InvalidParameterValue, match="limit"):
        list(sdk.jobs.list_runs(limit=26))


def test_runs_get_pages_the_tasks_of_a_wide_run(workspace: Any, sdk: Any) -> None:
    """Conditions need no process: the run is over at once."""
    yes = api.ConditionTask(op=api.ConditionTaskOp.EQUAL_TO, left="1", right="1")
    keys = [f"t{i}" for i in range(120)]
    tasks = [api.SubmitTask(task_key=key, condition_task=yes) for key in keys]
    run = sdk.jobs.submit(run_name="wide", tasks=tasks).result()
    assert [task.task_key for task in run.tasks] == keys  # the SDK follows the tokens
    assert {task.state.result_state.value for task in run.tasks} == {"SUCCESS"}
    path = f"/api/2.2/jobs/runs/get?run_id={run.run_id}"
    first = workspace.ask("GET", path)
    second = workspace.ask("GET", f"{path}&page_token={first['next_page_token']}")
    valid("jobs.Run", first)
    assert [len(page["tasks"]) for page in (first, second)] == [100, 20]
    assert "next_page_token" not in second


def test_repair_over_rest(notebooks: Notebooks, sdk: Any) -> None:
    notebooks.file("ok.txt", "no")
    path = notebooks.put("n", "assert open('ok.txt').read() == 'yes'")
    run_id = notebooks.start(notebooks.task(path))
    assert notebooks.wait(run_id).state.result_state.value == "FAILED"
    notebooks.file("ok.txt", "yes")
    repair = sdk.jobs.repair_run(run_id, rerun_all_failed_tasks=True).response
    run = notebooks.wait(run_id)
    assert run.state.result_state.value == "SUCCESS"
    found = sdk.jobs.get_run(run_id, include_history=True)
    assert [item.type.value for item in found.repair_history] == ["ORIGINAL", "REPAIR"]
    assert found.repair_history[1].id == repair.repair_id


def test_resolved_values(notebooks: Notebooks, sdk: Any) -> None:
    path = notebooks.put("n", "1")
    run_id = notebooks.start(notebooks.task(path, x="{{job.run_id}}"))
    notebooks.wait(run_id)
    found = sdk.jobs.get_run(run_id, include_resolved_values=True).tasks[0]
    assert found.resolved_values.notebook_task.base_parameters == {"x": str(run_id)}
    assert found.notebook_task.base_parameters == {"x": "{{job.run_id}}"}
    assert sdk.jobs.get_run(run_id).tasks[0].resolved_values is None


def test_a_job_cluster_that_does_not_start(workspace: Any, notebooks: Notebooks, sdk: Any) -> None:
    workspace.fault(
        "etl", "cluster", message="CLOUD_PROVIDER_LAUNCH_FAILURE(CLOUD_FAILURE): no capacity"
    )
    path = notebooks.put("n", "1")
    one = notebooks.task(path, "etl")
    one.new_cluster = api.compute.ClusterSpec(spark_version="17.3.x-scala2.13", num_workers=0)
    run = notebooks.wait(notebooks.start(one))
    assert run.state.life_cycle_state.value == "INTERNAL_ERROR"
    details = run.status.termination_details
    assert (details.code.value, details.type.value) == ("CLUSTER_ERROR", "CLOUD_FAILURE")
    failed = run.tasks[0]
    assert failed.status.termination_details.code.value == "CLUSTER_ERROR"
    assert "no capacity" in sdk.jobs.get_run_output(failed.run_id).error
    assert notebooks.wait(notebooks.start(one)).state.result_state.value == "SUCCESS"
    workspace.fault("main", "cluster", message="no capacity")
    serverless = notebooks.wait(notebooks.start(notebooks.task(path)))
    assert serverless.status.termination_details.code.value == "CLUSTER_ERROR"
    assert "no capacity" in serverless.state.state_message


def test_a_stopped_server_ends_its_runs(new_workspace: Callable[..., Any], tmp_path: Any) -> None:
    first = new_workspace(tmp_path / "w")
    before = Notebooks(client(first), "stop")
    run_id = before.start(before.task(before.put("slow", "import time\ntime.sleep(100)")))
    until(
        lambda: before.sdk.jobs.get_run(run_id).tasks[0].state.life_cycle_state.value == "RUNNING"
    )
    started = time.monotonic()
    first.stop()
    assert time.monotonic() - started < 15
    second = new_workspace(tmp_path / "w")
    run = client(second).jobs.get_run(run_id)
    assert run.status.termination_details.code.value == "INTERNAL_ERROR"
    assert run.tasks[0].state.life_cycle_state.value == "INTERNAL_ERROR"
    second.stop()


def test_permissions(workspace: Any, sdk: Any, notebooks: Notebooks) -> None:
    from databricks.sdk.service.iam import AccessControlRequest, PermissionLevel

    who = {name: workspace.guest[name] for name in ("client_id", "client_secret")}
    guest = client(workspace, token=workspace.guest["token"])
    job_id = sdk.jobs.create(name="private", tasks=[task("a", notebooks.put("n", "1"))]).job_id
    with pytest.raises(PermissionDenied):
        guest.jobs.get(job_id)
    assert job_id not in [job.job_id for job in guest.jobs.list(name="private")]

    def grant(level: str) -> None:
        entry = AccessControlRequest(
            service_principal_name=who["client_id"], permission_level=PermissionLevel[level]
        )
        sdk.permissions.update("jobs", str(job_id), access_control_list=[entry])

    grant("CAN_VIEW")
    assert guest.jobs.get(job_id).settings.name == "private"
    with pytest.raises(PermissionDenied):
        guest.jobs.run_now(job_id)
    grant("CAN_MANAGE_RUN")
    run_id = guest.jobs.run_now(job_id).run_id
    notebooks.wait(run_id)
    with pytest.raises(PermissionDenied):
        guest.jobs.delete(job_id)
    found = sdk.permissions.get("jobs", str(job_id))
    levels = {
        entry.user_name
        or entry.service_principal_name: entry.all_permissions[0].permission_level.value
        for entry in found.access_control_list
    }
    assert levels == {"admin@workspace.local": "IS_OWNER", who["client_id"]: "CAN_MANAGE_RUN"}
    sdk.permissions.set("jobs", str(job_id), access_control_list=[])
    with pytest.raises(PermissionDenied):
        guest.jobs.get(job_id)


def test_a_restarted_server_shows_old_runs_and_ends_those_that_were_active(
    new_workspace: Callable[..., Any], tmp_path: Any
) -> None:
    first = new_workspace(tmp_path / "w")
    before = Notebooks(client(first), "kill")
    (first.folder / "volumes" / "main").mkdir(parents=True)
    done = before.wait(
        before.start(before.task(before.put("quick", "dbutils.notebook.exit('kept')")))
    )
    slow = before.put(
        "slow",
        "import os, time\nopen('/Volumes/main/pid', 'w').write(str(os.getpid()))\ntime.sleep(100)",
    )
    active = before.start(before.task(slow, "a"), before.task(slow, "b", after=("a",)))
    file = first.folder / "volumes" / "main" / "pid"
    until(lambda: file.is_file() and file.read_text())
    first.kill()
    until(lambda: _gone(int(file.read_text())), 10)

    second = new_workspace(tmp_path / "w")
    after = Notebooks(client(second), "kill")
    run = after.sdk.jobs.get_run(active)
    assert run.state.life_cycle_state.value == "INTERNAL_ERROR"
    assert run.status.termination_details.code.value == "INTERNAL_ERROR"
    assert {t.state.life_cycle_state.value for t in run.tasks} == {"INTERNAL_ERROR"}
    assert after.outcome(after.sdk.jobs.get_run(done.run_id)).result == "kept"
    after.sdk.jobs.repair_run(active, rerun_all_failed_tasks=True)
    until(lambda: after.sdk.jobs.get_run(active).tasks[2].state.life_cycle_state.value == "RUNNING")
    after.sdk.jobs.cancel_run(active)
    assert after.wait(active).state.result_state.value == "CANCELED"
    second.stop()


def _gone(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_settings_of_the_part_are_kept_and_for_administrators(
    workspace: Any, new_workspace: Callable[..., Any], tmp_path: Any
) -> None:
    first = new_workspace(tmp_path / "w")
    first.ask("POST", "/_workspace/jobs", {"parallel": 5, "pace": 0.5})
    first.stop()
    second = new_workspace(tmp_path / "w")
    found = second.ask("GET", "/_workspace/jobs")
    assert found == {"parallel": 5, "pace": 1.0, "pip_allowed": [], "places": "auto"}
    second.stop()
    guest = client(workspace, token=workspace.guest["token"])
    with pytest.raises(PermissionDenied):
        guest.api_client.do("POST", "/_workspace/jobs", body={"parallel": 1})
    with pytest.raises(InvalidParameterValue, match="parallel"):
        client(workspace).api_client.do("POST", "/_workspace/jobs", body={"parallel": 0})


JOBS = "/api/2.2/jobs"
TASK = {"task_key": "a", "notebook_task": {"notebook_path": "/Shared/a"}}
HUGE = 1 << 70


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("create", {"name": "x", "description": "\ud800"}),
        ("create", {"name": "x", "tasks": [TASK | {"notebook_task": "/Shared/a"}]}),
        ("create", {"name": "x", "tasks": [TASK | {"depends_on": ["b"]}]}),
        ("create", {"name": "x", "tasks": [TASK | {"depends_on": {"task_key": "a"}}]}),
        ("create", {"name": "x", "tasks": [TASK | {"job_cluster_key": ["a"]}]}),
        ("create", {"name": "x", "tasks": [TASK | {"run_if": ["a"]}]}),
        ("create", {"name": "x", "tasks": [TASK | {"libraries": ["a"]}]}),
        (
            "create",
            {
                "name": "x",
                "tasks": [
                    {
                        "task_key": "a",
                        "notebook_task": {"notebook_path": "/a", "base_parameters": [1]},
                    }
                ],
            },
        ),
        ("create", {"name": "x", "tags": 5}),
        ("create", {"name": "x", "run_as": "me"}),
        ("create", {"name": "x", "access_control_list": ["me"]}),
        ("create", {"name": "x", "access_control_list": {"a": "b"}}),
        ("update", {"new_settings": {"tasks": [{}]}}),
        ("update", {"new_settings": {"tasks": "a"}}),
        ("update", {"fields_to_remove": [1]}),
        ("update", {"fields_to_remove": "tags"}),
        (
            "reset",
            {"new_settings": {"name": "x", "queue": True, "tasks": [TASK], "parameters": ["a"]}},
        ),
        ("run-now", {"queue": True}),
        ("run-now", {"idempotency_token": 5}),
        ("run-now", {"job_parameters": ["a"]}),
        ("run-now", {"notebook_params": ["a"]}),
        ("run-now", {"only": [5]}),
        ("run-now", {"only": "a"}),
        ("runs/submit", {"tasks": [TASK], "queue": "yes"}),
        ("runs/submit", {"tasks": [TASK], "idempotency_token": ["a"]}),
        ("runs/submit", {"tasks": ["a"]}),
        ("runs/cancel", {"run_id": HUGE}),
        ("runs/repair", {"run_id": HUGE, "rerun_all_failed_tasks": True}),
        ("delete", {"job_id": str(HUGE)}),
    ],
)
def test_bodies_of_another_shape_are_refused(workspace: Any, path: str, body: Any) -> None:
    from urllib.error import HTTPError

    job = workspace.ask("POST", f"{JOBS}/create", {"name": "shapes", "tasks": [TASK]})
    with pytest.raises(HTTPError) as error:
        workspace.ask(
            "POST", f"{JOBS}/{path}", job | body if path in ("update", "reset", "run-now") else body
        )
    assert error.value.code == 400
    workspace.ask("GET", f"{JOBS}/list?limit=100")
