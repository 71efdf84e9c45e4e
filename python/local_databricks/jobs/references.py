"""Dynamic value references: `{{job.id}}` and its kin, as the strings of a task's settings may hold them.

A reference is two braces around a path of names joined by dots; a name with other characters than letters, digits and
underscores stands in backticks. What is not a well-formed path, or does not begin with a known namespace, stays the
text that it is. A path that begins with a known namespace and names nothing there is an error: `UnknownReference`.
There are no expressions.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

_REFERENCE = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
_NAME = re.compile(r"`([^`]+)`|([A-Za-z0-9_]+)")

# The older spellings, without a namespace, that the cloud still replaces.
_OLD_NAMES = {
    "job_id": "job.id",
    "run_id": "task.run_id",
    "parent_run_id": "job.run_id",
    "task_key": "task.name",
    "start_date": "job.start_time.iso_date",
    "task_retry_count": "task.execution_count",
}

NAMESPACES = ("job", "task", "tasks", "workspace", "input")


class UnknownReference(Exception):
    """A path in a known namespace that names nothing; the message is for the task's run."""


def _truth(value: bool) -> str:
    return "true" if value else "false"


_TIME: dict[str, Callable[[datetime], str]] = {
    "iso_date": lambda t: t.strftime("%Y-%m-%d"),
    "iso_datetime": lambda t: t.strftime("%Y-%m-%dT%H:%M:%S"),
    "iso_weekday": lambda t: str(t.isoweekday()),
    "is_weekday": lambda t: _truth(t.isoweekday() < 6),
    "year": lambda t: str(t.year),
    "month": lambda t: str(t.month),
    "day": lambda t: str(t.day),
    "hour": lambda t: str(t.hour),
    "minute": lambda t: str(t.minute),
    "second": lambda t: str(t.second),
    "timestamp_ms": lambda t: str(int(t.timestamp() * 1000)),
}


@dataclass
class TaskFacts:
    """What references may ask about a task of the run; `result_state` is None while it has not ended."""

    name: str
    run_id: int
    execution_count: int = 1
    notebook_path: str | None = None
    result_state: str | None = None
    error_code: str | None = None
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Scope:
    """All that the references of one task run can see.

    `start_time_ms` is the job run's, UTC. `input` is the element that a for_each task hands to its iteration, None
    elsewhere. `tasks` holds the tasks of the run by key, the asking one included.
    """

    job_id: int
    job_name: str
    job_run_id: int
    start_time_ms: int
    repair_count: int = 0
    trigger_type: str = "ONE_TIME"
    parameters: Mapping[str, str] = field(default_factory=dict)
    task: TaskFacts | None = None
    tasks: Mapping[str, TaskFacts] = field(default_factory=dict)
    workspace_id: int = 0
    workspace_url: str = ""
    input: Any = None


def path_of(text: str) -> list[str] | None:
    """The names of a path, None when the text is not a path."""
    names: list[str] = []
    at = 0
    while True:
        match = _NAME.match(text, at)
        if not match:
            return None
        names.append(match.group(1) or match.group(2))
        at = match.end()
        if at == len(text):
            return names
        if text[at] != ".":
            return None
        at += 1


def references(text: str) -> list[list[str]]:
    """The paths in a known namespace that the text refers to, in order."""
    found = [_known_path(match.group(1)) for match in _REFERENCE.finditer(text)]
    return [path for path in found if path]


def resolve(text: str, scope: Scope) -> str:
    """The text with each reference replaced by its value; raises UnknownReference."""

    def replaced(match: re.Match[str]) -> str:
        path = _known_path(match.group(1))
        return match.group(0) if path is None else text_of(_value(path, scope))

    return _REFERENCE.sub(replaced, text)


def resolve_all(value: Any, scope: Scope) -> Any:
    """The same value with the references of all strings inside replaced."""
    if isinstance(value, str):
        return resolve(value, scope)
    if isinstance(value, list):
        return [resolve_all(item, scope) for item in value]
    if isinstance(value, dict):
        return {key: resolve_all(item, scope) for key, item in value.items()}
    return value


def text_of(value: Any) -> str:
    """A value as it stands in a parameter: strings as they are, everything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def _known_path(text: str) -> list[str] | None:
    path = path_of(_OLD_NAMES.get(text, text))
    return path if path and path[0] in NAMESPACES else None


def _value(path: list[str], scope: Scope) -> Any:
    finders = {
        "job": _of_job,
        "task": lambda rest, scope: _of_task(rest, scope.task),
        "tasks": lambda rest, scope: _of_task(rest[1:], scope.tasks.get(rest[0]) if rest else None),
        "workspace": _of_workspace,
        "input": _of_input,
    }
    found = finders[path[0]](path[1:], scope)
    if found is None:
        raise UnknownReference(f"Unknown dynamic value reference: {{{{{'.'.join(path)}}}}}")
    return found


def _of_job(rest: list[str], scope: Scope) -> Any:
    plain: dict[tuple[str, ...], Any] = {
        ("id",): scope.job_id,
        ("name",): scope.job_name,
        ("run_id",): scope.job_run_id,
        ("repair_count",): scope.repair_count,
        ("trigger", "type"): scope.trigger_type.lower(),
    }
    if len(rest) == 2 and rest[0] == "parameters":
        return scope.parameters.get(rest[1])
    if len(rest) == 2 and rest[0] == "start_time" and rest[1] in _TIME:
        return _TIME[rest[1]](datetime.fromtimestamp(scope.start_time_ms / 1000, UTC))
    return plain.get(tuple(rest))


def _of_task(rest: list[str], task: TaskFacts | None) -> Any:
    if task is None:
        return None
    if len(rest) == 2 and rest[0] == "values":
        return task.values.get(rest[1])
    if len(rest) != 1:
        return None
    return {
        "name": task.name,
        "run_id": task.run_id,
        "execution_count": task.execution_count,
        "notebook_path": task.notebook_path,
        "result_state": task.result_state and task.result_state.lower(),
        "error_code": task.error_code,
    }.get(rest[0])


def _of_workspace(rest: list[str], scope: Scope) -> Any:
    if len(rest) != 1:
        return None
    return {"id": scope.workspace_id, "url": scope.workspace_url}.get(rest[0])


def _of_input(rest: list[str], scope: Scope) -> Any:
    value = scope.input
    for name in rest:
        value = value.get(name) if isinstance(value, dict) else None
    return value
