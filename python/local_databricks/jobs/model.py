"""What the job engine keeps in memory and in the database: runs, and the attempts of their tasks."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from local_databricks.jobs.references import Scope
from local_databricks.jobs.states import Ending, Phase

Json = dict[str, Any]


@dataclass
class TaskRun:
    """One attempt of one task; its `run_id` is its own. Times are milliseconds since 1970, 0 when not yet."""

    run_id: int
    job_run_id: int
    position: int
    settings: Json
    attempt: int = 0
    repair_id: int = 0
    phase: Phase = Phase.PENDING
    ending: Ending | None = None
    outcome: str | None = None
    resolved: Json | None = None
    cluster_id: str = ""
    start_ms: int = 0
    run_ms: int = 0
    end_ms: int = 0
    due_ms: int = 0
    # iterations of a for_each task: the run id of that task's run and the input as JSON
    parent_run_id: int = 0
    input: Any = None

    @property
    def key(self) -> str:
        return str(self.settings["task_key"])


@dataclass
class Repair:
    """An entry of repair_history: the original run (id 0) or a repair, with the attempts it started."""

    id: int
    start_ms: int
    task_run_ids: list[int]
    end_ms: int = 0
    ending: Ending | None = None


@dataclass
class Run:
    """A run of a job, of runs/submit, or of dbutils.notebook.run (`run_type` says which).

    `settings` is a copy of the job's settings at the time; `tasks` holds every attempt ever made, in the order they
    were made; `overrides` is what run-now handed in.
    """

    run_id: int
    job_id: int
    run_type: str
    settings: Json
    creator: str
    start_ms: int
    overrides: Json = field(default_factory=dict)
    phase: Phase = Phase.PENDING
    ending: Ending | None = None
    queue: tuple[str, str] | None = None
    begin_ms: int = 0
    end_ms: int = 0
    trigger: str = "ONE_TIME"
    repairs: list[Repair] = field(default_factory=list)
    tasks: list[TaskRun] = field(default_factory=list)
    stopping: Ending | None = None  # why it is being stopped: cancelled or timed out

    @property
    def name(self) -> str:
        return str(self.settings.get("name") or self.settings.get("run_name") or "Untitled")

    @property
    def ended(self) -> bool:
        return self.phase == Phase.TERMINATED

    def latest(self) -> dict[str, TaskRun]:
        """The newest attempt of each task, by key."""
        return {task.key: task for task in self.tasks if not task.parent_run_id}

    def parameters(self) -> dict[str, str]:
        """The job's parameters with the values of this run."""
        given = self.overrides.get("job_parameters") or {}
        known = {p["name"]: p.get("default", "") for p in self.settings.get("parameters") or []}
        return {name: str(given.get(name, default)) for name, default in known.items()}


@dataclass
class Done:
    """What a performer hands back: how the task ended, and what runs/get-output will tell."""

    ending: Ending
    output: Json = field(default_factory=dict)


class Attempt:
    """A task run as its performer sees it: what to do, and the wish to stop.

    `task` is the settings with references replaced, `parameters` the job's parameters, `notebook_params` those of
    run-now. The performer registers by `on_cancel` what kills its work; it is called at once when the wish is there
    already, and from another thread.
    """

    def __init__(self, run: Run, task_run: TaskRun, task: Json, scope: Scope) -> None:
        self.run = run
        self.task_run = task_run
        self.task = task
        self.scope = scope
        self.parameters = run.parameters()
        self.notebook_params: dict[str, str] = run.overrides.get("notebook_params") or {}
        self.stopped: Ending | None = None
        self._lock = threading.Lock()
        self._callbacks: list[Callable[[], None]] = []

    @property
    def run_id(self) -> int:
        return self.task_run.run_id

    def cancel(self, why: Ending) -> None:
        """Asks the performer to stop, without waiting for it; the first reason stays."""
        with self._lock:
            if self.stopped:
                return
            self.stopped = why
            callbacks = list(self._callbacks)
        for callback in callbacks:
            threading.Thread(target=callback, daemon=True).start()

    def on_cancel(self, callback: Callable[[], None]) -> None:
        with self._lock:
            self._callbacks.append(callback)
            late = self.stopped is not None
        if late:
            callback()


Performer = Callable[[Attempt], Done]
