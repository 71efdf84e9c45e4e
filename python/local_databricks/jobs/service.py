"""The Jobs API as methods: saved jobs, their runs, and what may be asked of them.

`Jobs` is the workspace's part `jobs`. Methods raise ApiError in the cloud's words; bodies are the JSON objects of the
API. What a task does is the performer's affair: the notebook runner, or what a test hands in.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from local_databricks.errors import ApiError, denied, invalid
from local_databricks.jobs import graph, permissions, settings, view
from local_databricks.jobs.engine import BadOption, Engine, Options, now_ms
from local_databricks.jobs.export import page
from local_databricks.jobs.model import Json, Performer, Repair, Run, TaskRun
from local_databricks.jobs.settings import BadSettings
from local_databricks.jobs.states import Ending, Phase, Result
from local_databricks.jobs.store import Job, Store

_JOB_ARRAYS = ("tasks", "job_clusters", "environments", "parameters")
_RUN_ARRAYS = ("tasks", "job_clusters", "job_parameters", "repair_history", "iterations")
_SUBMIT_FIELDS = (
    "run_name",
    "tasks",
    "environments",
    "timeout_seconds",
    "queue",
    "run_as",
    "git_source",
    "email_notifications",
    "webhook_notifications",
    "notification_settings",
    "health",
    "budget_policy_id",
    "performance_target",
)
_SINGLE_USE = (
    "jar_params",
    "python_params",
    "spark_submit_params",
    "python_named_params",
    "sql_params",
)
MAX_TOKEN = 64
MAX_NOTEBOOK_PARAMS_BYTES = 10_000


class Caller(Protocol):
    """Who asks."""

    @property
    def name(self) -> str: ...
    @property
    def admin(self) -> bool: ...


class Jobs:
    """Jobs of one workspace. `perform` and `options` are for tests; else notebooks run, two tasks at once."""

    def __init__(
        self, workspace: Any, perform: Performer | None = None, options: Options | None = None
    ) -> None:
        self.workspace = workspace
        self.store = Store(workspace.database)
        self._runner: Any = None
        if perform is None:
            from local_databricks.notebook.process import Notebooks

            self._runner = Notebooks(workspace, self)
            perform = self._runner.perform
        self.engine = Engine(self.store, perform, options or _options(workspace))
        with contextlib.suppress(BadOption):
            self.engine.options.change(self.store.settings())
        self._starting = threading.Lock()
        self._changing = threading.Lock()  # a saved job: from reading it to saving it

    def start(self) -> None:
        """Begins to run jobs; runs that were active when the last server ended are failed."""
        if self._runner:
            self._runner.start()
        self.engine.start()

    def stop(self) -> None:
        """Stops what runs."""
        self.engine.stop()
        if self._runner:
            self._runner.stop()

    @property
    def url(self) -> str:
        return str(self.workspace.url)

    def options(self, change: Json | None) -> Json:
        """The settings of this part, which are kept: `parallel` tasks at once (2 unless told), `pip_allowed` packages,
        `places` (see notebook.places), and `pace`, the seconds that a second of a timeout takes (not kept).
        """
        options = self.engine.options
        if change is not None:
            try:
                options.change(change)
            except BadOption as error:
                raise invalid(str(error)) from error
            self.store.save_settings({k: v for k, v in options.described().items() if k != "pace"})
            self.engine.wake()
        return options.described()

    # Jobs

    def create(self, caller: Caller, body: Json) -> Json:
        """jobs/create."""
        acl = permissions.given(body.get("access_control_list"))
        given = {k: v for k, v in body.items() if k != "access_control_list"}
        job = Job(self.store.new_id(), _complete(given), caller.name, "", now_ms(), acl)
        job.run_as = _run_as(job.settings, caller.name)
        self.store.save_job(job)
        return {"job_id": job.job_id}

    def reset(self, caller: Caller, body: Json) -> Json:
        """jobs/reset: all settings replaced; run_as stays when it is left out."""
        with self._changing:
            job = self._job(caller, body, "CAN_MANAGE")
            new = dict(_object(body, "new_settings"))
            if "run_as" not in new and "run_as" in job.settings:
                new["run_as"] = job.settings["run_as"]
            return self._save_settings(job, new)

    def update(self, caller: Caller, body: Json) -> Json:
        """jobs/update: the fields given replaced, arrays merged by key, fields removed."""
        with self._changing:
            job = self._job(caller, body, "CAN_MANAGE")
            new = _object(body, "new_settings") if body.get("new_settings") is not None else {}
            _check_shape(body, {"fields_to_remove": [str]})
            with _telling():
                merged = settings.updated(job.settings, new, body.get("fields_to_remove") or [])
            return self._save_settings(job, merged)

    def _save_settings(self, job: Job, new: Json) -> Json:
        job.settings = _complete(new)
        job.run_as = _run_as(job.settings, job.creator)
        self.store.save_job(job)
        self.engine.limit(job.job_id, job.settings["timeout_seconds"])
        return {}

    def get(self, caller: Caller, job_id: int, page_token: str | None) -> Json:
        """jobs/get, arrays 100 at a time."""
        job = self._job(caller, {"job_id": job_id}, "CAN_VIEW")
        shown = view.job(job)
        return view.paged(shown, shown["settings"], _JOB_ARRAYS, _offset(page_token))

    def list(
        self, caller: Caller, limit: int, name: str | None, expand: bool, page_token: str | None
    ) -> Json:
        """jobs/list, newest first."""
        if not 1 <= limit <= 100:
            raise invalid("The limit must be between 1 and 100.")
        offset = _offset(page_token)
        found = self.store.jobs(name, offset, limit + 1)
        seen = [job for job in found[:limit] if permissions.may(caller, job, "CAN_VIEW")]
        shown: Json = {"has_more": len(found) > limit}
        if seen:
            shown["jobs"] = [view.listed_job(job, expand) for job in seen]
        if len(found) > limit:
            shown["next_page_token"] = view.token(str(offset + limit))
        if offset:
            shown["prev_page_token"] = view.token(str(max(0, offset - limit)))
        return shown

    def delete(self, caller: Caller, body: Json) -> Json:
        """jobs/delete; its runs stay."""
        with self._changing:
            job = self._job(caller, body, "CAN_MANAGE")
            self.store.delete_job(job.job_id)
        return {}

    def _job(self, caller: Caller, body: Json, level: str) -> Job:
        job_id = _integer(body, "job_id")
        job = self.store.job(job_id)
        if job is None:
            raise invalid(f"Job {job_id} does not exist.")
        permissions.require(caller, job, level)
        return job

    def permissions(self, caller: Caller, job_id: int, change: Json | None, replace: bool) -> Json:
        """GET, PATCH and PUT of permissions/jobs/{id}."""
        level = "CAN_VIEW" if change is None else "CAN_MANAGE"
        with self._changing:
            job = self.store.job(job_id)
            if job is None:
                raise ApiError(404, "RESOURCE_DOES_NOT_EXIST", f"Job {job_id} does not exist.")
            permissions.require(caller, job, level)
            if change is not None:
                entries = permissions.given(change.get("access_control_list"))
                job.acl = entries if replace else permissions.merged(job.acl, entries)
                self.store.save_job(job)
        return permissions.shown(job)

    # Starting runs

    def run_now(self, caller: Caller, body: Json) -> Json:
        """jobs/run-now; the same idempotency token starts one run."""
        job = self._job(caller, body, "CAN_MANAGE_RUN")
        _check_shape(body, settings.RUN_SHAPE)
        overrides = _overrides(job, body)
        with self._starting:
            old = self._by_token(body, job.job_id)
            run = old or self._start(
                "JOB_RUN", job.job_id, job.settings, caller, overrides, body.get("queue"), body
            )
        return {"run_id": run.run_id, "number_in_job": run.run_id}

    def submit(self, caller: Caller, body: Json) -> Json:
        """jobs/runs/submit: a run without a saved job."""
        _check_shape(body, settings.SHAPE)
        given = {name: body[name] for name in _SUBMIT_FIELDS if name in body}
        given["name"] = given.pop("run_name", "Untitled")
        if not given.get("tasks"):
            raise invalid("One of 'tasks' must be specified.")
        done = _complete(given)
        with self._starting:
            run = self._by_token(body, 0) or self._start(
                "SUBMIT_RUN", self.store.new_id(), done, caller, {}, None, body
            )
        return {"run_id": run.run_id}

    def child(self, parent: Run, path: str, arguments: dict[str, str], timeout_seconds: int) -> Run:
        """Starts the run of dbutils.notebook.run."""
        task = {
            "task_key": "notebook",
            "notebook_task": {"notebook_path": path, "base_parameters": arguments},
        }
        done = settings.complete(
            {"name": path.rsplit("/", 1)[-1], "tasks": [task], "timeout_seconds": timeout_seconds}
        )
        run = self._new_run("WORKFLOW_RUN", self.store.new_id(), done, parent.creator, {})
        self.engine.add(run)
        return run

    def _by_token(self, body: Json, job_id: int) -> Run | None:
        """The run that this idempotency token has started before."""
        token = body.get("idempotency_token")
        if not token:
            return None
        if len(token) > MAX_TOKEN:
            raise invalid(f"The idempotency token must have at most {MAX_TOKEN} characters.")
        known = self.store.token_run(token)
        if known is None:
            return None
        if known[0] != job_id:
            raise invalid("The idempotency token was used for another job.")
        run = self.engine.find(known[1])
        if run is None:
            raise invalid(f"Run {known[1]} with the given idempotency token has been deleted.")
        return run

    def _start(
        self,
        run_type: str,
        job_id: int,
        of: Json,
        caller: Caller,
        overrides: Json,
        queue: Json | None,
        body: Json,
    ) -> Run:
        run = self._new_run(run_type, job_id, of, caller.name, overrides)
        queued = (queue or of.get("queue") or {}).get("enabled", False)
        busy = len(self.engine.active(job_id))
        if (
            run_type == "JOB_RUN"
            and busy >= of["max_concurrent_runs"]
            and not (queued and of["max_concurrent_runs"])
        ):
            _skip(run)
        # the engine's lock comes before the database's, as everywhere
        with self.engine.lock, self.store.transaction():
            self.engine.add(run)
            if body.get("idempotency_token"):
                known = job_id if run_type == "JOB_RUN" else 0
                self.store.save_token(body["idempotency_token"], known, run.run_id)
        return run

    def _new_run(self, run_type: str, job_id: int, of: Json, creator: str, overrides: Json) -> Run:
        run = Run(self.store.new_id(), job_id, run_type, of, creator, now_ms(), overrides=overrides)
        only = overrides.get("only")
        tasks = {task["task_key"]: task for task in of.get("tasks") or []}
        try:
            keys = graph.selected(tasks, only) if only else set(tasks)
        except graph.BadGraph as error:
            raise invalid(str(error)) from error
        for key, task in tasks.items():
            if key in keys:
                run.tasks.append(self._new_task(run, task))
        run.repairs.append(Repair(0, run.start_ms, [task.run_id for task in run.tasks]))
        return run

    def _new_task(self, run: Run, task: Json, attempt: int = 0, repair_id: int = 0) -> TaskRun:
        phase = Phase.BLOCKED if task.get("depends_on") else Phase.PENDING
        made = TaskRun(
            self.store.new_id(), run.run_id, len(run.tasks), task, attempt, repair_id, phase
        )
        return made

    # Runs

    def run(
        self,
        caller: Caller,
        run_id: int,
        *,
        resolved: bool = False,
        history: bool = False,
        page_token: str | None = None,
    ) -> Json:
        """runs/get, of a run or of a task's run; arrays 100 at a time."""
        offset = _offset(page_token)
        with self.engine.lock:
            run, task = self._run(caller, run_id, "CAN_VIEW")
            if task is not None:
                shown = view.run_of_task(run, task, self.url, resolved=resolved)
            else:
                shown = view.run(run, self.url, resolved=resolved, history=history)
        return view.paged(shown, shown, _RUN_ARRAYS, offset)

    def output(self, caller: Caller, run_id: int) -> Json:
        """runs/get-output of a task's run."""
        with self.engine.lock:
            run, task = self._run(caller, run_id, "CAN_VIEW")
            if task is None:
                raise invalid(
                    "Retrieving the output of runs with multiple tasks is not supported. "
                    "Please retrieve the output of each individual task run instead."
                )
            return view.output(run, task, self.store.output(task.run_id), self.url)

    def export(self, caller: Caller, run_id: int) -> Json:
        """runs/export: each notebook of the run as an HTML page with its cells and what they printed."""
        with self.engine.lock:
            run, task = self._run(caller, run_id, "CAN_VIEW")
            chosen = [task] if task else list(run.latest().values())
            views = []
            for one in chosen:
                if "notebook_task" in one.settings:
                    content = page(one, self.store.output(one.run_id))
                    views.append({"content": content, "name": one.key, "type": "NOTEBOOK"})
        return {"views": views}

    def runs(self, caller: Caller, asked: Json) -> Json:
        """runs/list, newest first. `asked`: job_id, active_only, completed_only, limit, run_type, start_time_from,
        start_time_to, expand_tasks, page_token."""
        limit = asked.get("limit", 20)
        if not 1 <= limit <= 25:
            raise invalid("The limit must be between 1 and 25.")
        where = _runs_where(asked)
        with self.engine.lock:
            found = self.store.runs(where, limit + 1)
            active = {run.run_id: run for run in self.engine.active()}
            seen = [active.get(run.run_id, run) for run in found[:limit]]
            seen = [run for run in seen if self._may_see(caller, run)]
            entries = [self._listed(run, bool(asked.get("expand_tasks"))) for run in seen]
        shown: Json = {"has_more": len(found) > limit}
        if entries:
            shown["runs"] = entries
        if len(found) > limit:
            last = found[limit - 1]
            shown["next_page_token"] = view.token(f"{last.start_ms}:{last.run_id}")
        return shown

    def _listed(self, run: Run, expand: bool) -> Json:
        entry = view.run(run, self.url, tasks=expand)
        return view.paged(entry, entry, _RUN_ARRAYS, 0)

    def cancel(self, caller: Caller, body: Json) -> Json:
        """runs/cancel, of a run or of a task's run; it goes on for a moment."""
        run, task = self._run(caller, _integer(body, "run_id"), "CAN_MANAGE_RUN")
        if task is None:
            self.engine.cancel(run.run_id)
        else:
            self.engine.cancel_task(task.run_id)
        return {}

    def cancel_all(self, caller: Caller, body: Json) -> Json:
        """runs/cancel-all: the active runs of a job, or all that wait in a queue."""
        if body.get("job_id") is not None:
            job = self._job(caller, body, "CAN_MANAGE_RUN")
            chosen = self.engine.active(job.job_id)
        elif body.get("all_queued_runs"):
            chosen = [run for run in self.engine.active() if run.phase == Phase.QUEUED]
        else:
            raise invalid("Either job_id or all_queued_runs must be specified.")
        for run in chosen:
            self.engine.cancel(run.run_id)
        return {}

    def delete_run(self, caller: Caller, body: Json) -> Json:
        """runs/delete; an active run is refused."""
        with self.engine.lock:
            run, _ = self._run(caller, _integer(body, "run_id"), "CAN_MANAGE")
            if not run.ended:
                message = f"Run {run.run_id} is active; cancel it before deleting it."
                raise ApiError(400, "INVALID_STATE", message)
            self.store.delete_run(run.run_id)
        return {}

    def repair(self, caller: Caller, body: Json) -> Json:
        """runs/repair: some tasks of a run that has ended run again, in the same run."""
        _check_shape(body, settings.RUN_SHAPE)
        with self.engine.lock:
            run, task = self._run(caller, _integer(body, "run_id"), "CAN_MANAGE_RUN")
            if task is not None:
                raise invalid(
                    f"Run {task.run_id} is the run of a task; repair run {run.run_id} instead."
                )
            if not run.ended:
                raise ApiError(
                    400, "INVALID_STATE", f"Run {run.run_id} is active and cannot be repaired."
                )
            _check_latest_repair(run, body)
            keys = _keys_to_repair(run, body)
            params = body.get("job_parameters") or {}
            _check_parameters(params, run.settings)
            repair_id = self.store.new_id()
            run.overrides = _merged_overrides(run.overrides, params, body.get("notebook_params"))
            fresh = [
                self._new_task(run, old.settings, old.attempt + 1, repair_id)
                for key, old in run.latest().items()
                if key in keys
            ]
            for index, made in enumerate(fresh):
                made.position = len(run.tasks) + index
            run.repairs.append(Repair(repair_id, now_ms(), [made.run_id for made in fresh]))
            self.engine.again(run, fresh)
        return {"repair_id": repair_id}

    def _run(self, caller: Caller, run_id: int, level: str) -> tuple[Run, TaskRun | None]:
        """The run, or the run of a task with the run that it belongs to."""
        owner = self.store.run_of_task(run_id)
        run = self.engine.find(run_id if owner is None else owner)
        if run is None:
            raise invalid(f"Run {run_id} does not exist.")
        self._require_run(caller, run, level)
        if owner is None:
            return run, None
        return run, next(task for task in run.tasks if task.run_id == run_id)

    def _require_run(self, caller: Caller, run: Run, level: str) -> None:
        if caller.admin or run.creator == caller.name:
            return
        job = self.store.job(run.job_id)
        if job is None:
            raise denied(f"{caller.name} does not have the permission {level} on run {run.run_id}.")
        permissions.require(caller, job, level)

    def _may_see(self, caller: Caller, run: Run) -> bool:
        try:
            self._require_run(caller, run, "CAN_VIEW")
        except ApiError:
            return False
        return True

    def files(self, run_id: int) -> Path:
        """The folder for what a task's run leaves on disk while it runs."""
        return Path(self.workspace.folder) / "runs" / str(run_id)


def _options(workspace: Any) -> Options:
    auth = getattr(workspace, "auth", None)
    fault = getattr(getattr(workspace, "faults", None), "cluster", None)
    return Options(
        cluster_fault=fault or (lambda task_key: None),
        workspace_id=int(getattr(auth, "workspace_id", 0)),
        workspace_url=lambda: str(workspace.url),
    )


@contextlib.contextmanager
def _telling() -> Iterator[None]:
    """What is wrong with settings is told to the client."""
    try:
        yield
    except BadSettings as error:
        raise invalid(str(error)) from error


def _complete(given: Json) -> Json:
    with _telling():
        return settings.complete(given)


def _check_shape(body: Json, shape: Json) -> None:
    with _telling():
        settings.check_shape(body, shape)


def _run_as(of: Json, creator: str) -> str:
    named = of.get("run_as") or {}
    return str(next(iter(named.values()), creator))


def _object(body: Json, name: str) -> Json:
    value = body.get(name)
    if not isinstance(value, dict):
        raise invalid(f"Missing required field: {name}")
    return value


def _integer(body: Json, name: str) -> int:
    value = body.get(name)
    if isinstance(value, str) and value.isdecimal():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise invalid(
            f"Missing required field: {name}"
            if value is None
            else f"Field {name} must be an integer."
        )
    if not -(1 << 63) <= value < 1 << 63:
        raise invalid(f"Field {name} is no 64-bit integer.")
    return value


def _offset(page_token: str | None) -> int:
    try:
        return view.page_of(page_token)
    except view.BadPageToken as error:
        raise invalid(str(error)) from error


def _check_parameters(given: Any, of: Json) -> None:
    if not isinstance(given, dict):
        raise invalid("job_parameters must be an object.")
    with _telling():
        settings.check_parameters(given, [p["name"] for p in of.get("parameters") or []])


def _overrides(job: Job, body: Json) -> Json:
    """What run-now hands in, checked."""
    job_parameters, notebook_params = (
        body.get("job_parameters") or {},
        body.get("notebook_params") or {},
    )
    if job_parameters and notebook_params:
        raise invalid("job_parameters and notebook_params cannot be specified together.")
    if notebook_params and job.settings.get("parameters"):
        raise invalid("notebook_params cannot be used with a job that has job parameters.")
    used = [name for name in _SINGLE_USE if body.get(name)]
    if used:
        raise invalid(f"{used[0]} is not supported by the local workspace.")
    if (
        sum(len(str(k)) + len(str(v)) for k, v in notebook_params.items())
        > MAX_NOTEBOOK_PARAMS_BYTES
    ):
        raise invalid(f"notebook_params exceed {MAX_NOTEBOOK_PARAMS_BYTES} bytes.")
    _check_parameters(job_parameters, job.settings)
    found = {
        "job_parameters": job_parameters,
        "notebook_params": {k: str(v) for k, v in notebook_params.items()},
        "only": body.get("only"),
    }
    return {name: value for name, value in found.items() if value}


def _merged_overrides(old: Json, job_parameters: Json, notebook_params: Json | None) -> Json:
    merged = dict(old)
    if job_parameters:
        merged["job_parameters"] = (old.get("job_parameters") or {}) | job_parameters
    if notebook_params:
        merged["notebook_params"] = notebook_params
    return merged


def _skip(run: Run) -> None:
    """A run that does not begin because the job runs often enough already."""
    result = Result.MAXIMUM_CONCURRENT_RUNS_REACHED
    ending = Ending(result, "Run skipped: the job has reached its maximum concurrent runs.")
    for task in run.tasks:
        task.phase, task.ending, task.start_ms = Phase.TERMINATED, ending, run.start_ms
        task.end_ms = run.start_ms
    run.phase, run.ending, run.end_ms = Phase.TERMINATED, ending, run.start_ms
    run.repairs[-1].ending, run.repairs[-1].end_ms = ending, run.end_ms


def _runs_where(asked: Json) -> list[tuple[str, Any]]:
    if asked.get("active_only") and asked.get("completed_only"):
        raise invalid("active_only and completed_only cannot both be true.")
    where: list[tuple[str, Any]] = []
    if asked.get("active_only"):
        where.append(("active = ?", 1))
    if asked.get("completed_only"):
        where.append(("active = ?", 0))
    for name, condition in (
        ("job_id", "job_id = ?"),
        ("start_time_from", "start_ms >= ?"),
        ("start_time_to", "start_ms <= ?"),
    ):
        if asked.get(name) is not None:
            where.append((condition, asked[name]))
    kind = asked.get("run_type")
    where.append(("run_type = ?", kind) if kind else ("run_type <> ?", "WORKFLOW_RUN"))
    if asked.get("page_token"):
        where += _behind(asked["page_token"])
    return where


def _behind(page_token: str) -> list[tuple[str, Any]]:
    try:
        start_ms, _, run_id = view.untoken(page_token).partition(":")
        last = (int(start_ms), int(run_id))
    except (view.BadPageToken, ValueError) as error:
        raise invalid(f"Invalid page token '{page_token}'.") from error
    # ids grow with time, so that one comparison of the pair is two comparisons of numbers
    return [("start_ms <= ?", last[0]), ("run_id < ?", last[1])]


def _check_latest_repair(run: Run, body: Json) -> None:
    latest = run.repairs[-1].id if run.repairs else 0
    said = body.get("latest_repair_id")
    if latest and said is None:
        raise invalid(
            f"latest_repair_id must be specified: run {run.run_id} has been repaired before."
        )
    if said is not None and said != latest:
        raise invalid(f"latest_repair_id {said} is not the latest repair of run {run.run_id}.")


def _keys_to_repair(run: Run, body: Json) -> set[str]:
    latest = run.latest()
    rerun, all_failed = body.get("rerun_tasks") or [], bool(body.get("rerun_all_failed_tasks"))
    if bool(rerun) == all_failed:
        raise invalid("Exactly one of rerun_tasks and rerun_all_failed_tasks must be specified.")
    unknown = [key for key in rerun if key not in latest]
    if unknown:
        raise invalid(f"Task '{unknown[0]}' does not exist in run {run.run_id}.")
    tasks = {key: task.settings for key, task in latest.items()}
    ends = {key: task.ending for key, task in latest.items() if task.ending}
    keys = graph.to_repair(tasks, ends, rerun, all_failed, bool(body.get("rerun_dependent_tasks")))
    if not keys:
        raise invalid(f"Run {run.run_id} has no failed tasks to repair.")
    return keys
