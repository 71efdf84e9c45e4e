"""The task graph of a run, as pure functions: what may start, what never will, what a repair runs again.

A graph is the run's tasks by key, each with `depends_on` and `run_if` as in the settings. Its state is how each task
ended, for those that have: (result, outcome), where the outcome is "true" or "false" for a condition task, None for
others. Nothing here reads a clock or starts anything.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from local_databricks.jobs.states import Ending, Result

Task = Mapping[str, Any]
Tasks = Mapping[str, Task]

FAILURES = {Result.FAILED, Result.TIMEDOUT, Result.UPSTREAM_FAILED}
CANCELS = {Result.CANCELED, Result.UPSTREAM_CANCELED}
# Dependencies that neither ran nor stand in the way.
ASIDE = {Result.EXCLUDED, Result.DISABLED}
HANDLES_FAILURE = {"AT_LEAST_ONE_FAILED", "ALL_FAILED"}


class BadGraph(Exception):
    """The tasks' dependencies make no graph; the message names the task."""


def check(tasks: Iterable[Task]) -> None:
    """Raises BadGraph for a key that comes twice, an unknown dependency, or a cycle."""
    known: dict[str, Task] = {}
    for task in tasks:
        if task["task_key"] in known:
            raise BadGraph(f"Duplicate task key '{task['task_key']}' is not allowed.")
        known[task["task_key"]] = task
    for key, task in known.items():
        for name in upstream(task):
            if name not in known:
                raise BadGraph(
                    f"Invalid dependency: task '{key}' depends on task '{name}', which does not exist."
                )
    in_order(known)


def upstream(task: Task) -> list[str]:
    """The keys of the tasks that it waits for."""
    return [wait["task_key"] for wait in task.get("depends_on") or []]


def in_order(tasks: Tasks) -> list[str]:
    """The keys, each behind those that it waits for; raises BadGraph for a cycle."""
    waits = {key: {name for name in upstream(task) if name in tasks} for key, task in tasks.items()}
    ordered: list[str] = []
    while waits:
        ready = [key for key, missing in waits.items() if not missing]
        if not ready:
            raise BadGraph(f"The tasks {', '.join(sorted(waits))} form a cycle.")
        ordered += ready
        waits = {key: missing - set(ready) for key, missing in waits.items() if key not in ready}
    return ordered


def leaves(tasks: Tasks) -> set[str]:
    """The keys of the tasks that no other waits for."""
    return set(tasks) - {name for task in tasks.values() for name in upstream(task)}


def downstream(tasks: Tasks, keys: Iterable[str]) -> set[str]:
    """The keys of all tasks that wait, directly or not, for one of `keys`; those themselves not included."""
    found: set[str] = set()
    border = set(keys)
    while border:
        border = {k for k, t in tasks.items() if border & set(upstream(t)) and k not in found}
        found |= border
    return found - set(keys)


def selected(tasks: Tasks, only: Iterable[str]) -> set[str]:
    """The keys that run-now's `only` names: "t", "+t" with all before it, "t+" with all behind it.

    Raises BadGraph for a task that is not there.
    """
    chosen: set[str] = set()
    for pattern in only:
        key = pattern.strip("+")
        if key not in tasks:
            raise BadGraph(f"Task '{key}' in 'only' does not exist in the job.")
        chosen.add(key)
        if pattern.endswith("+"):
            chosen |= downstream(tasks, [key])
        if pattern.startswith("+"):
            chosen |= _before(tasks, key)
    return chosen


def _before(tasks: Tasks, key: str) -> set[str]:
    found: set[str] = set()
    border = [key]
    while border:
        border = [name for k in border for name in upstream(tasks[k]) if name not in found]
        found.update(border)
    return found


def decide(
    task: Task, ended: Mapping[str, tuple[Result, str | None]], present: Iterable[str]
) -> Result | bool | None:
    """Whether a task starts: True; not yet: None; never: the result that it gets instead.

    `present` are the keys that this run has at all: a dependency outside it (run-now's `only`) counts as met.
    """
    names = set(present)
    waits = [wait for wait in task.get("depends_on") or [] if wait["task_key"] in names]
    if any(wait["task_key"] not in ended for wait in waits):
        return None
    if task.get("disabled"):
        return Result.DISABLED
    if not waits:
        return True
    results = [ended[wait["task_key"]][0] for wait in waits]
    barred = [_other_branch(wait, ended[wait["task_key"]]) for wait in waits]
    if all(off or result == Result.EXCLUDED for off, result in zip(barred, results, strict=True)):
        return Result.EXCLUDED
    taken = [result for off, result in zip(barred, results, strict=True) if not off]
    return _run_if(task.get("run_if") or "ALL_SUCCESS", taken, any(barred))


def _other_branch(wait: Mapping[str, Any], ended: tuple[Result, str | None]) -> bool:
    """Whether the dependency is on the branch that its condition did not take."""
    result, outcome = ended
    return result == Result.SUCCESS and bool(wait.get("outcome")) and wait["outcome"] != outcome


def _run_if(condition: str, results: list[Result], barred: bool) -> Result | bool:
    """Excluded and disabled dependencies count as successful for ALL_SUCCESS, and as absent for the others."""
    ran = [result for result in results if result not in ASIDE]
    failed = [result for result in ran if result in FAILURES | CANCELS]
    met = {
        "ALL_SUCCESS": not failed and not barred,
        "AT_LEAST_ONE_SUCCESS": Result.SUCCESS in ran,
        "NONE_FAILED": not failed and bool(ran),
        "ALL_DONE": True,
        "AT_LEAST_ONE_FAILED": bool(failed),
        "ALL_FAILED": bool(ran) and len(failed) == len(ran),
    }[condition]
    if met:
        return True
    if condition in HANDLES_FAILURE or not failed:
        return Result.EXCLUDED
    return Result.UPSTREAM_CANCELED if set(failed) <= CANCELS else Result.UPSTREAM_FAILED


def to_repair(
    tasks: Tasks,
    ends: Mapping[str, Ending],
    rerun: Iterable[str],
    all_failed: bool,
    dependents: bool,
) -> set[str]:
    """The keys that a repair runs again: those asked for, and all that did not succeed or were skipped for it."""
    chosen = set(rerun)
    if all_failed:
        chosen |= {key for key, end in ends.items() if end.result in FAILURES | CANCELS}
    if dependents:
        chosen |= downstream(tasks, chosen)
    return chosen
