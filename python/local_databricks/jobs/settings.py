"""Job settings: what the server fills in, refuses and merges.

Settings are the JSON objects of the API, kept as they came; nothing unknown is dropped. `BadSettings` is what a client
is told with 400 INVALID_PARAMETER_VALUE.
"""

import copy
from collections.abc import Iterable
from typing import Any

from local_databricks.jobs import graph
from local_databricks.jobs.references import references

Settings = dict[str, Any]

# The field that names the entries of each array that `update` merges.
KEYS = {
    "tasks": "task_key",
    "job_clusters": "job_cluster_key",
    "environments": "environment_key",
    "parameters": "name",
}
KINDS_RUN_HERE = ("notebook_task", "condition_task", "for_each_task")
_OPERATORS = {
    "EQUAL_TO",
    "NOT_EQUAL",
    "GREATER_THAN",
    "GREATER_THAN_OR_EQUAL",
    "LESS_THAN",
    "LESS_THAN_OR_EQUAL",
}
_RUN_IFS = {
    "ALL_SUCCESS",
    "AT_LEAST_ONE_SUCCESS",
    "NONE_FAILED",
    "ALL_DONE",
    "AT_LEAST_ONE_FAILED",
    "ALL_FAILED",
}
MAX_TASKS = 1000
MAX_TAGS = 25
MAX_CONCURRENCY = 100  # iterations of a for each task at once
MAX_NAME_BYTES = 4096
MAX_BASE_PARAMETERS_BYTES = 1 << 20


class BadSettings(Exception):
    """What is wrong with a job's settings, for the client."""


# What is read of a body has these types, where it is there and not null: a list of a shape, an object of shapes.
_TASK_SHAPE: Settings = {
    "task_key": str,
    "run_if": str,
    "depends_on": [{"task_key": str, "outcome": str}],
    "job_cluster_key": str,
    "environment_key": str,
    "existing_cluster_id": str,
    "new_cluster": dict,
    "libraries": [{"pypi": {"package": str}}],
    "notebook_task": {"notebook_path": str, "source": str, "base_parameters": dict},
    "condition_task": dict,
    "for_each_task": {"task": dict},
}
SHAPE: Settings = {
    "tags": dict,
    "run_as": dict,
    "queue": dict,
    "tasks": [_TASK_SHAPE],
    "job_clusters": [{"job_cluster_key": str, "new_cluster": dict}],
    "environments": [{"environment_key": str, "spec": {"dependencies": [str]}}],
    "parameters": [{"name": str}],
    "access_control_list": [dict],
    "idempotency_token": str,
}
RUN_SHAPE: Settings = {
    "job_parameters": dict,
    "notebook_params": dict,
    "only": [str],
    "queue": dict,
    "idempotency_token": str,
    "rerun_tasks": [str],
}
_SHAPES = {str: "a string", dict: "an object"}


def check_shape(value: Any, shape: Any, name: str = "") -> None:
    """Raises BadSettings where a field has another type than `shape` says; null stands for a field left out."""
    if value is None:
        return
    if isinstance(shape, list):
        if not isinstance(value, list):
            of = "objects" if isinstance(shape[0], dict) else "values"
            raise BadSettings(f"Field '{name}' must be a list of {of}.")
        for item in value:
            if item is None:
                raise BadSettings(f"Field '{name}' must not hold null.")
            check_shape(item, shape[0], name)
    elif isinstance(shape, dict):
        check_shape(value, dict, name)
        for field, inner in shape.items():
            check_shape(value.get(field), inner, field)
    elif not isinstance(value, shape):
        raise BadSettings(f"Field '{name}' must be {_SHAPES[shape]}.")


def kind_of(task: dict[str, Any]) -> str:
    """The name of the one `*_task` field of a task; raises BadSettings when there is not exactly one."""
    kinds = [name for name in task if name.endswith("_task")]
    if len(kinds) != 1:
        said = "more than one" if kinds else "no"
        raise BadSettings(
            f"Task '{task.get('task_key')}' specifies {said} task type; exactly one is required."
        )
    return kinds[0]


def complete(settings: Settings) -> Settings:
    """A checked copy with the fields that the server fills in; raises BadSettings."""
    check_shape(settings, SHAPE)
    done = copy.deepcopy(settings)
    for name, value in _defaults().items():
        done.setdefault(name, value)
    check(done)
    for task in done.get("tasks") or []:
        _complete_task(task)
    for cluster in done.get("job_clusters") or []:
        _complete_cluster(cluster.get("new_cluster"))
    return done


def _defaults() -> Settings:
    return {
        "name": "Untitled",
        "email_notifications": {},
        "webhook_notifications": {},
        "timeout_seconds": 0,
        "max_concurrent_runs": 1,
        "format": "MULTI_TASK",
    }


def _complete_task(task: dict[str, Any]) -> None:
    task.setdefault("run_if", "ALL_SUCCESS")
    task.setdefault("timeout_seconds", 0)
    task.setdefault("email_notifications", {})
    if "notebook_task" in task:
        task["notebook_task"].setdefault("source", "WORKSPACE")
    _complete_cluster(task.get("new_cluster"))


def _complete_cluster(cluster: dict[str, Any] | None) -> None:
    if cluster is not None:
        cluster.setdefault("data_security_mode", "SINGLE_USER")


def check(settings: Settings) -> None:
    """Raises BadSettings for what the cloud would refuse."""
    tasks = _list(settings, "tasks")
    if len(tasks) > MAX_TASKS:
        raise BadSettings(f"The number of tasks {len(tasks)} exceeds the limit of {MAX_TASKS}.")
    if len(str(settings.get("name", "")).encode()) > MAX_NAME_BYTES:
        raise BadSettings(f"The job's name exceeds {MAX_NAME_BYTES} bytes.")
    if len(settings.get("tags") or {}) > MAX_TAGS:
        raise BadSettings(f"The number of tags exceeds the limit of {MAX_TAGS}.")
    _whole_number(settings, "timeout_seconds", 0)
    _whole_number(settings, "max_concurrent_runs", 0, 1000)
    for name, key in KEYS.items():
        _distinct(name, [entry.get(key) for entry in _list(settings, name)])
    clusters = {entry["job_cluster_key"] for entry in _list(settings, "job_clusters")}
    environments = {entry["environment_key"] for entry in _list(settings, "environments")}
    for task in tasks:
        _check_task(task, clusters, environments)
    try:
        graph.check(tasks)
    except graph.BadGraph as error:
        raise BadSettings(str(error)) from error


def _list(settings: Settings, name: str) -> list[dict[str, Any]]:
    entries = settings.get(name) or []
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise BadSettings(f"Field '{name}' must be a list of objects.")
    return entries


def _distinct(field: str, names: list[Any]) -> None:
    for name in names:
        if not isinstance(name, str) or not name:
            raise BadSettings(f"Every entry of '{field}' needs '{KEYS[field]}'.")
        if names.count(name) > 1:
            raise BadSettings(f"Duplicate {KEYS[field]} '{name}' in '{field}' is not allowed.")


def _whole_number(of: dict[str, Any], name: str, least: int, most: int | None = None) -> None:
    value = of.get(name, least)
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise BadSettings(f"Field '{name}' must be an integer of at least {least}.")
    if most is not None and value > most:
        raise BadSettings(f"Field '{name}' must be at most {most}.")


def _check_task(task: dict[str, Any], clusters: set[str], environments: set[str]) -> None:
    key, kind = task["task_key"], kind_of(task)
    if any(not wait.get("task_key") for wait in task.get("depends_on") or []):
        raise BadSettings(f"Every entry of 'depends_on' of task '{key}' needs 'task_key'.")
    if task.get("run_if") and task["run_if"] not in _RUN_IFS:
        raise BadSettings(f"Task '{key}' has an unknown run_if '{task['run_if']}'.")
    _whole_number(task, "timeout_seconds", 0)
    _whole_number(task, "max_retries", -1)
    _whole_number(task, "min_retry_interval_millis", 0)
    if task.get("job_cluster_key") not in clusters | {None}:
        raise BadSettings(
            f"Job cluster '{task['job_cluster_key']}' of task '{key}' is not defined in field 'job_clusters'."
        )
    if task.get("environment_key") not in environments | {None}:
        raise BadSettings(
            f"Environment '{task['environment_key']}' of task '{key}' is not defined."
        )
    if not isinstance(task[kind], dict):
        raise BadSettings(f"Field '{kind}' of task '{key}' must be an object.")
    if kind == "notebook_task":
        _check_notebook(key, task[kind])
    if kind == "condition_task":
        _check_condition(key, task[kind])
    if kind == "for_each_task":
        _check_for_each(key, task[kind], clusters, environments)


def _check_condition(key: str, task: dict[str, Any]) -> None:
    if task.get("op") not in _OPERATORS:
        raise BadSettings(f"Condition task '{key}' has an unknown operator '{task.get('op')}'.")
    for side in ("left", "right"):
        if task.get(side) is None:
            raise BadSettings(f"Condition task '{key}' needs a '{side}'.")


def _check_for_each(
    key: str, task: dict[str, Any], clusters: set[str], environments: set[str]
) -> None:
    nested = task.get("task")
    check_shape(nested, _TASK_SHAPE, "task")
    if not isinstance(nested, dict) or kind_of(nested) == "for_each_task":
        raise BadSettings(f"For each task '{key}' needs a nested task that is not a for each task.")
    if not isinstance(nested.get("task_key"), str) or not nested["task_key"]:
        raise BadSettings(f"The nested task of for each task '{key}' needs 'task_key'.")
    _check_task(nested, clusters, environments)
    if not isinstance(task.get("inputs"), str):
        raise BadSettings(f"For each task '{key}' needs 'inputs', a string.")
    if task.get("concurrency") is not None:
        _whole_number(task, "concurrency", 1, MAX_CONCURRENCY)


def _check_notebook(key: str, task: dict[str, Any]) -> None:
    path = task.get("notebook_path")
    if not isinstance(path, str) or not path:
        raise BadSettings(f"Task '{key}' needs a notebook_path.")
    if task.get("source", "WORKSPACE") == "WORKSPACE" and not path.startswith("/"):
        raise BadSettings(
            f"Invalid notebook path '{path}': only absolute paths are currently supported."
        )
    parameters = task.get("base_parameters") or {}
    if sum(len(str(k)) + len(str(v)) for k, v in parameters.items()) > MAX_BASE_PARAMETERS_BYTES:
        raise BadSettings(f"The base_parameters of task '{key}' exceed 1 MB.")


def check_parameters(given: dict[str, Any] | None, known: Iterable[str]) -> None:
    """Raises BadSettings when run-now hands in a job parameter that the job does not have."""
    unknown = set(given or {}) - set(known)
    if unknown:
        raise BadSettings(f"The job parameters {sorted(unknown)} are not defined in the job.")


def updated(settings: Settings, new: Settings, remove: list[str]) -> Settings:
    """The settings after jobs/update: fields replaced, arrays merged by key, `remove` ("tasks/t", "schedule") gone."""
    check_shape(new, SHAPE)
    for name in KEYS:
        _distinct(name, [entry.get(KEYS[name]) for entry in _list(new, name)])
    done = copy.deepcopy(settings)
    for name, value in new.items():
        done[name] = _merged(name, done.get(name) or [], value or []) if name in KEYS else value
    for path in remove:
        field, _, key = path.partition("/")
        if key and field in KEYS:
            done[field] = [entry for entry in done.get(field) or [] if entry[KEYS[field]] != key]
        else:
            done.pop(field, None)
    return done


def _merged(
    field: str, old: list[dict[str, Any]], new: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    key = KEYS[field]
    by_key = {entry[key]: entry for entry in old} | {entry[key]: entry for entry in new}
    return list(by_key.values())


def strings_refer_to(value: Any) -> list[list[str]]:
    """The reference paths inside all strings of a value."""
    if isinstance(value, str):
        return references(value)
    if isinstance(value, dict):
        value = list(value.values())
    return [p for item in value for p in strings_refer_to(item)] if isinstance(value, list) else []
