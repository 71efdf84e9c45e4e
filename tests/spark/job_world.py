"""For tests of the job logic: a workspace of a database alone, tasks that do as the test says, and schema checks."""

import functools
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jsonschema
from local_databricks.database import Database
from local_databricks.jobs import states
from local_databricks.jobs.engine import Options
from local_databricks.jobs.model import Attempt, Done
from local_databricks.jobs.service import Jobs

Json = dict[str, Any]
SHARED = Path(__file__).resolve().parents[3] / "shared" / "databricks"
ADMIN = SimpleNamespace(name="admin@workspace.local", admin=True)
GUEST = SimpleNamespace(name="7a3b0000-0000-0000-0000-00000000beef", admin=False)


@functools.cache
def schema(name: str) -> Any:
    """The validator of jobs.Run and its kin, "settings" or "submit"."""
    if name == "settings":
        return jsonschema.Draft202012Validator(_read("job_settings"))
    api = _read("jobs_api")
    if name != "submit":
        api = {"$defs": api["$defs"], "$ref": f"#/$defs/{name}"}
    return jsonschema.Draft202012Validator(api)


def _read(name: str) -> Json:
    return dict(json.loads((SHARED / f"{name}.schema.json").read_text()))


def valid(name: str, value: object) -> None:
    """Raises when the value is not what the API's schema says; nothing to check against where the schemas are not."""
    if SHARED.is_dir():
        schema(name).validate(value)


def notebook(key: str, after: object = (), **fields: object) -> Json:
    """A notebook task; `after` holds keys, or (key, outcome)."""
    task: Json = {"task_key": key, "notebook_task": {"notebook_path": f"/Shared/{key}"}} | fields
    waits = [after] if isinstance(after, str) else list(after)  # type: ignore[call-overload]
    if waits:
        task["depends_on"] = [
            {"task_key": w} if isinstance(w, str) else {"task_key": w[0], "outcome": w[1]}
            for w in waits
        ]
    return task


def fail(message: str = "boom") -> Done:
    return Done(states.failed(), {"error": f"ValueError: {message}", "error_trace": "trace"})


@dataclass
class Script:
    """What tasks do: `acts[key]` is a list of what each attempt does, the last one for ever; others succeed.

    An act is a Done, or a function of the attempt. `ran` is the order of the attempts, `peak` how many ran at once.
    """

    acts: dict[str, list[Any]] = field(default_factory=dict)
    ran: list[str] = field(default_factory=list)
    attempts: dict[int, Attempt] = field(default_factory=dict)
    peak: int = 0
    _now: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def perform(self, attempt: Attempt) -> Done:
        key = attempt.task_run.key
        with self._lock:
            self._now += 1
            self.peak = max(self.peak, self._now)
            self.ran.append(key)
            self.attempts[attempt.run_id] = attempt
            acts = self.acts.get(key) or [Done(states.success())]
            act = acts.pop(0) if len(acts) > 1 else acts[0]
        try:
            return act(attempt) if callable(act) else act
        finally:
            with self._lock:
                self._now -= 1


def until_stopped(attempt: Attempt) -> Done:
    """A task that works until somebody stops it."""
    stopped = threading.Event()
    attempt.on_cancel(stopped.set)
    assert stopped.wait(20), "nobody stopped the task"
    return Done(states.failed("killed"))


class World:
    """Jobs on a database in `folder`; `script` says what tasks do. A second of the settings takes `pace` seconds."""

    def __init__(self, folder: Path, parallel: int = 2, pace: float = 0.01) -> None:
        self.folder = folder
        self.script = Script()
        self.faults: list[str] = []
        self.options = Options(
            parallel=parallel,
            pace=pace,
            cluster_fault=lambda key: self.faults.pop(0) if self.faults else None,
            workspace_id=77,
        )
        self.open()

    def open(self) -> None:
        """Starts, or starts again as after a crash."""
        self.database = Database(self.folder / "state.db")
        workspace = SimpleNamespace(
            database=self.database, folder=self.folder, url="http://localhost:1"
        )
        self.jobs = Jobs(workspace, self.script.perform, self.options)
        self.jobs.start()

    def close(self) -> None:
        self.jobs.stop()
        self.database.close()

    def job(self, *tasks: Json, **fields: object) -> int:
        body = {"name": "job", "tasks": list(tasks)} | fields
        valid("settings", body)
        return int(self.jobs.create(ADMIN, body)["job_id"])

    def start(self, job_id: int, **fields: object) -> int:
        body = {"job_id": job_id} | fields
        valid("jobs.RunNow", body)
        return int(self.jobs.run_now(ADMIN, body)["run_id"])

    def run(self, *tasks: Json, **fields: object) -> Json:
        """A job with these tasks, run to its end."""
        return self.ended(self.start(self.job(*tasks, **fields)))

    def ended(self, run_id: int, seconds: float = 10) -> Json:
        assert self.jobs.engine.wait(run_id, seconds), "the run did not end"
        return self.seen(run_id)

    def seen(self, run_id: int, **asked: Any) -> Json:
        shown = self.jobs.run(ADMIN, run_id, **asked)
        valid("jobs.Run", shown)
        return shown

    def output(self, task: Json) -> Json:
        shown = self.jobs.output(ADMIN, task["run_id"])
        valid("jobs.RunOutput", shown)
        return shown

    def until(self, true: Callable[[], object], seconds: float = 10) -> None:
        deadline = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < deadline, "it did not come to that"
            time.sleep(0.002)


def results(run: Json) -> dict[str, str]:
    """How the newest attempt of each task ended."""
    return {task["task_key"]: task["state"].get("result_state", "") for task in run["tasks"]}


def codes(run: Json) -> tuple[str, str, str, str]:
    """(life_cycle_state, result_state, termination code, termination type) of a run or a task."""
    details = run["status"]["termination_details"]
    return (
        run["state"]["life_cycle_state"],
        run["state"]["result_state"],
        details["code"],
        details["type"],
    )
