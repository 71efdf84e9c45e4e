"""Jobs and runs as the API shows them: JSON objects of Jobs 2.2."""

import base64
from typing import Any

from local_databricks.jobs import states
from local_databricks.jobs.model import Json, Repair, Run, TaskRun
from local_databricks.jobs.states import Phase
from local_databricks.jobs.store import Job

PAGE = 100

# What of a task's settings a run's task shows.
_TASK_FIELDS = {
    "task_key",
    "description",
    "depends_on",
    "run_if",
    "disabled",
    "timeout_seconds",
    "max_retries",
    "min_retry_interval_millis",
    "retry_on_timeout",
    "job_cluster_key",
    "new_cluster",
    "existing_cluster_id",
    "environment_key",
    "libraries",
    "email_notifications",
    "webhook_notifications",
    "notification_settings",
    "disable_auto_optimization",
    "compute",
}
_CLUSTER_FIELDS = ("job_cluster_key", "new_cluster", "existing_cluster_id", "libraries")


class BadPageToken(Exception):
    """A page token that this server did not hand out."""


def token(text: str) -> str:
    """An opaque page token."""
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def untoken(page_token: str) -> str:
    """What a page token holds; raises BadPageToken."""
    try:
        padded = page_token + "=" * (-len(page_token) % 4)
        return base64.b64decode(padded.encode(), b"-_", validate=True).decode()
    except ValueError as error:
        raise BadPageToken(f"Invalid page token '{page_token}'.") from error


def page_of(page_token: str | None) -> int:
    """The offset that a token of a paged array holds, 0 without one; raises BadPageToken."""
    if not page_token:
        return 0
    text = untoken(page_token)
    if not text.isdecimal():
        raise BadPageToken(f"Invalid page token '{page_token}'.")
    return int(text)


def paged(body: Json, holder: Json, fields: tuple[str, ...], offset: int) -> Json:
    """`body`, whose arrays `fields` inside `holder` are cut to the page at `offset`."""
    longest = max((len(holder.get(name) or []) for name in fields), default=0)
    for name in fields:
        if name in holder:
            holder[name] = holder[name][offset : offset + PAGE]
    if longest > offset + PAGE:
        body["next_page_token"] = token(str(offset + PAGE))
        body["has_more"] = True
    return body


def job(saved: Job) -> Json:
    """jobs/get."""
    return {
        "job_id": saved.job_id,
        "creator_user_name": saved.creator,
        "run_as_user_name": saved.run_as,
        "created_time": saved.created_ms,
        "settings": saved.settings,
    }


def listed_job(saved: Job, expand: bool) -> Json:
    """An entry of jobs/list: tasks and job_clusters (the first 100) only when asked for."""
    shown = job(saved)
    del shown["run_as_user_name"]
    hidden = () if expand else ("tasks", "job_clusters")
    settings = {k: v for k, v in saved.settings.items() if k not in hidden}
    shown["settings"] = settings
    paged({}, settings, ("tasks", "job_clusters", "parameters", "environments"), 0)
    shown["has_more"] = any(
        len(saved.settings.get(name) or []) > PAGE for name in ("tasks", "job_clusters")
    )
    return shown


def _page_url(url: str, run: Run, run_id: int) -> str:
    return f"{url}/#job/{run.job_id}/run/{run_id}"


def _times(start_ms: int, run_ms: int, end_ms: int) -> Json:
    return {
        "start_time": start_ms,
        "setup_duration": max(0, run_ms - start_ms) if run_ms else 0,
        "execution_duration": max(0, end_ms - run_ms) if run_ms and end_ms else 0,
        "cleanup_duration": 0,
        "end_time": end_ms,
        "run_duration": max(0, end_ms - start_ms) if end_ms else 0,
    }


def task_run(run: Run, task: TaskRun, url: str, *, resolved: bool = False) -> Json:
    """An entry of a run's tasks."""
    settings = task.settings
    shown = {name: value for name, value in settings.items() if name in _TASK_FIELDS}
    shown |= {name: value for name, value in settings.items() if name.endswith("_task")}
    if "condition_task" in shown:
        shown["condition_task"] = _condition(task)
    if "for_each_task" in shown:
        shown["for_each_task"] = settings["for_each_task"] | {"stats": _iteration_stats(run, task)}
    shown |= {
        "run_id": task.run_id,
        "attempt_number": task.attempt,
        "run_page_url": _page_url(url, run, task.run_id),
        "state": states.state(task.phase, task.ending),
        "status": states.status(task.phase, task.ending),
    }
    shown |= _times(task.start_ms, task.run_ms, task.end_ms)
    if task.cluster_id:
        shown["cluster_instance"] = {
            "cluster_id": task.cluster_id,
            "spark_context_id": str(task.run_id),
        }
    if resolved and task.resolved:
        shown["resolved_values"] = _resolved(run, task.resolved)
    return shown


def _condition(task: TaskRun) -> Json:
    values = dict((task.resolved or task.settings)["condition_task"])
    return values | ({"outcome": task.outcome} if task.outcome else {})


def _resolved(run: Run, resolved: Json) -> Json:
    """`resolved_values`: the parameters of the notebook as it gets them, the sides of a condition."""
    if "notebook_task" in resolved:
        base = resolved["notebook_task"].get("base_parameters") or {}
        given = run.overrides.get("notebook_params") or {}
        return {"notebook_task": {"base_parameters": base | run.parameters() | given}}
    if "condition_task" in resolved:
        asked = resolved["condition_task"]
        return {"condition_task": {"left": asked["left"], "right": asked["right"]}}
    return {}


def _iteration_stats(run: Run, task: TaskRun) -> Json:
    made = [t for t in run.tasks if t.parent_run_id == task.run_id]
    ended = [t.ending for t in made if t.ending]
    good = sum(1 for ending in ended if ending.result == states.Result.SUCCESS)
    counts = {
        "scheduled_iterations": len(made),
        "active_iterations": len(made) - len(ended),
        "completed_iterations": len(ended),
        "succeeded_iterations": good,
        "failed_iterations": len(ended) - good,
        "total_iterations": len(made),
    }
    return {"task_run_stats": counts}


def _base(run: Run, url: str) -> Json:
    """What the run and each of its tasks' runs say alike."""
    shown: Json = {
        "job_id": run.job_id,
        "run_type": run.run_type,
        "creator_user_name": run.creator,
        "trigger": run.trigger,
        "run_name": run.name,
    }
    if run.parameters():
        given = run.overrides.get("job_parameters") or {}
        shown["job_parameters"] = [
            {"name": p["name"], "default": p.get("default", "")}
            | ({"value": str(given[p["name"]])} if p["name"] in given else {})
            for p in run.settings.get("parameters") or []
        ]
    params = run.overrides.get("notebook_params")
    if params:
        shown["overriding_parameters"] = {"notebook_params": params}
    return shown


def run(
    of: Run, url: str, *, resolved: bool = False, history: bool = False, tasks: bool = True
) -> Json:
    """runs/get of a run, or an entry of runs/list; arrays uncut."""
    shown = _base(of, url) | {
        "run_id": of.run_id,
        "number_in_job": of.run_id,
        "original_attempt_run_id": of.run_id,
        "attempt_number": 0,
        "run_page_url": _page_url(url, of, of.run_id),
        "state": states.state(of.phase, of.ending, of.queue),
        "status": states.status(of.phase, of.ending, of.queue),
    }
    shown |= _times(of.start_ms, of.begin_ms, of.end_ms)
    shown["queue_duration"] = max(0, (of.begin_ms or of.end_ms or of.start_ms) - of.start_ms)
    if tasks:
        shown["tasks"] = [
            task_run(of, t, url, resolved=resolved) for t in of.tasks if not t.parent_run_id
        ]
        if of.settings.get("job_clusters"):
            shown["job_clusters"] = of.settings["job_clusters"]
    if history and len(of.repairs) > 0:
        shown["repair_history"] = [_repair(repair, of) for repair in of.repairs]
    return shown


def run_of_task(of: Run, task: TaskRun, url: str, *, resolved: bool = False) -> Json:
    """runs/get of a task's own run id, and the metadata of its output."""
    entry = task_run(of, task, url, resolved=resolved)
    own = ("run_id", "attempt_number", "run_page_url", "state", "status", "cluster_instance")
    shown = _base(of, url) | {name: entry[name] for name in own if name in entry}
    shown |= _times(task.start_ms, task.run_ms, task.end_ms)
    shown |= {
        "number_in_job": task.run_id,
        "original_attempt_run_id": task.run_id,
        "job_run_id": of.run_id,
        "run_name": task.key,
        "tasks": [entry],
    }
    cluster = {name: task.settings[name] for name in _CLUSTER_FIELDS if name in task.settings}
    if cluster:
        shown["cluster_spec"] = cluster
    iterations = [t for t in of.tasks if t.parent_run_id == task.run_id]
    if iterations:
        shown["iterations"] = [task_run(of, t, url, resolved=resolved) for t in iterations]
    return shown


def _repair(repair: Repair, of: Run) -> Json:
    phase = Phase.TERMINATED if repair.ending else of.phase
    shown: Json = {
        "type": "REPAIR" if repair.id else "ORIGINAL",
        "start_time": repair.start_ms,
        "end_time": repair.end_ms,
        "state": states.state(phase, repair.ending),
        "status": states.status(phase, repair.ending),
        "task_run_ids": repair.task_run_ids,
    }
    return shown | ({"id": repair.id} if repair.id else {})


def output(of: Run, task: TaskRun, stored: Json, url: str) -> Json:
    """runs/get-output of a task's run."""
    shown: dict[str, Any] = {"metadata": run_of_task(of, task, url)}
    for name in ("notebook_output", "error", "error_trace"):
        if name in stored:
            shown[name] = stored[name]
    if "notebook_task" in task.settings and task.ending and "notebook_output" not in shown:
        shown["notebook_output"] = {"truncated": False}
    return shown
