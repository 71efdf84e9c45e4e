"""Runs go forward here: one thread decides, each attempt of a task works in a thread of its own.

    QUEUED -> RUNNING -> (TERMINATING) -> TERMINATED      a run
    BLOCKED -> PENDING -> RUNNING -> TERMINATED           a task's run; a retry is a new one that begins as WAITING

Every change is written to the store before anybody can see it. What a task does is not known here: `perform` does it.
"""

import json
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from local_databricks.jobs import conditions, graph, states
from local_databricks.jobs.model import Attempt, Done, Json, Performer, Run, TaskRun
from local_databricks.jobs.references import (
    Scope,
    TaskFacts,
    UnknownReference,
    resolve,
    resolve_all,
)
from local_databricks.jobs.settings import KINDS_RUN_HERE, kind_of
from local_databricks.jobs.states import Ending, Phase, Result
from local_databricks.jobs.store import Store

log = logging.getLogger(__name__)

_SKIPPED = {
    Result.UPSTREAM_FAILED: "An upstream task failed.",
    Result.UPSTREAM_CANCELED: "An upstream task was canceled.",
    Result.EXCLUDED: "The task's run condition was not met.",
    Result.DISABLED: "The task is disabled.",
}
_FULL = ("MAX_CONCURRENT_RUNS_REACHED", "Queued due to reaching maximum concurrent runs limit.")
MAX_ITERATIONS = 5000


def now_ms() -> int:
    return time.time_ns() // 1_000_000


class BadOption(Exception):
    """A setting of the jobs part that cannot be."""


@dataclass
class Options:
    """`parallel` tasks run at once over all runs. `pace` is how long a second of the settings' timeouts and intervals
    takes, in seconds. `pip_allowed` and `places` are the notebooks'. `cluster_fault(task key)` is asked when a
    task is the first on its cluster, or starts on serverless compute: a reason when that shall not start.
    """

    parallel: int = 2
    pace: float = 1.0
    pip_allowed: list[str] = field(default_factory=list)
    places: str = "auto"
    cluster_fault: Callable[[str], str | None] = lambda task_key: None
    workspace_id: int = 0
    workspace_url: Callable[[], str] = lambda: ""

    def described(self) -> Json:
        """Those that may be changed."""
        return {name: getattr(self, name) for name in _MAY_CHANGE}

    def change(self, wish: Json) -> None:
        """Raises BadOption, in which case nothing has changed."""
        for name, value in wish.items():
            if name not in _MAY_CHANGE or not _MAY_CHANGE[name](value):
                raise BadOption(f"{name} cannot be {value!r}")
        for name, value in wish.items():
            setattr(self, name, value)


_MAY_CHANGE: dict[str, Callable[[Any], bool]] = {
    "parallel": lambda value: isinstance(value, int) and 1 <= value <= 100,
    "pace": lambda value: isinstance(value, int | float) and 0 < value <= 1,
    "pip_allowed": lambda value: isinstance(value, list) and all(isinstance(v, str) for v in value),
    "places": lambda value: value in ("auto", "namespace", "patched"),
}


class Engine:
    """Moves active runs forward. All public methods may be called from any thread."""

    def __init__(self, store: Store, perform: Performer, options: Options) -> None:
        self.store = store
        self.lock = threading.RLock()
        self._perform = perform
        self.options = options
        self._changed = threading.Condition(self.lock)
        self._active: dict[int, Run] = {}
        self._attempts: dict[int, Attempt] = {}
        self._slots = 0
        self._clusters: dict[tuple[int, str], tuple[str, str | None]] = {}
        self._thread: threading.Thread | None = None
        self._stopping = False

    def start(self) -> None:
        """Ends the runs that were active when the last server died, and begins to work."""
        with self._changed:
            for run in self.store.active_runs():
                self._lose(run, states.lost())
        self._thread = threading.Thread(target=self._loop, name="jobs", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stops what runs; active runs end as if the server had died."""
        with self._changed:
            self._stopping = True
            for attempt in list(self._attempts.values()):
                attempt.cancel(states.lost())
            self._changed.notify_all()
        if self._thread:
            self._thread.join()
        deadline = time.monotonic() + 10
        with self._changed:
            while self._attempts and time.monotonic() < deadline:
                self._changed.wait(0.1)
            for run in list(self._active.values()):
                self._lose(run, states.lost())
            self._active.clear()

    def add(self, run: Run) -> None:
        """A new run, whose tasks are there; it is saved."""
        with self._changed, self.store.transaction():
            self._save(run, run.tasks)
            if not run.ended:
                self._active[run.run_id] = run
            self._changed.notify_all()

    def again(self, run: Run, fresh: list[TaskRun]) -> None:
        """A run that had ended goes on with new attempts (a repair)."""
        with self._changed, self.store.transaction():
            run.tasks += fresh
            run.phase, run.ending, run.end_ms, run.stopping = Phase.PENDING, None, 0, None
            self._save(run, fresh)
            self._active[run.run_id] = run
            self._changed.notify_all()

    def find(self, run_id: int) -> Run | None:
        """A run, as it is now; look at it under `lock`."""
        with self.lock:
            return self._active.get(run_id) or self.store.run(run_id)

    def active(self, job_id: int | None = None) -> list[Run]:
        """The runs that have not ended, oldest first."""
        with self.lock:
            return [run for run in self._active.values() if job_id in (None, run.job_id)]

    def cancel(self, run_id: int) -> None:
        """Stops a run; nothing happens when it has ended."""
        with self._changed:
            run = self._active.get(run_id)
            if run and not run.stopping:
                self._stop_run(run, states.canceled())
            self._changed.notify_all()

    def cancel_task(self, task_run_id: int) -> None:
        """Stops one task of an active run; those that wait for it see it as cancelled."""
        with self._changed:
            for run in self._active.values():
                for task in run.tasks:
                    if task.run_id == task_run_id and task.ending is None:
                        self._stop_task(run, task, states.canceled())
            self._changed.notify_all()

    def wake(self) -> None:
        """Something outside has changed: looks at all runs again."""
        with self._changed:
            self._changed.notify_all()

    def limit(self, job_id: int, timeout_seconds: int) -> None:
        """A job's new timeout holds for its active runs too."""
        with self._changed:
            for run in self.active(job_id):
                run.settings = run.settings | {"timeout_seconds": timeout_seconds}
            self._changed.notify_all()

    def wait(self, run_id: int, timeout: float) -> bool:
        """Waits until a run has ended; whether it has."""
        deadline = time.monotonic() + timeout
        with self._changed:
            while run_id in self._active:
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                self._changed.wait(left)
            return True

    def _save(self, run: Run, tasks: list[TaskRun]) -> None:
        with self.store.transaction():
            self.store.save_run(run)
            for task in tasks:
                self.store.save_task(task)

    def _lose(self, run: Run, why: Ending) -> None:
        with self.store.transaction():
            for task in run.tasks:
                if task.ending is None:
                    self._end_task(run, task, why)
            self._end_run(run, why)

    def _break(self, run: Run, error: Exception) -> None:
        """Ends a run that cannot go on because the engine itself failed, such as for a full disk."""
        log.error("run %d cannot go on", run.run_id, exc_info=error)
        why = _broken(error)
        for task in run.tasks:
            attempt = self._attempts.get(task.run_id)
            if attempt:
                attempt.cancel(why)
        try:
            self._lose(run, why)
        except Exception as again:  # what is not written is lost when the next server starts
            log.error("the end of run %d cannot be written", run.run_id, exc_info=again)
            run.phase, run.ending = Phase.TERMINATED, why
            self._active.pop(run.run_id, None)
            self._changed.notify_all()

    # The deciding thread.

    def _loop(self) -> None:
        with self._changed:
            while not self._stopping:
                count = len(self._active)
                due = self._turn()
                if len(self._active) < count:
                    continue  # a run ended: one that waited in the queue may begin
                self._changed.wait(None if due is None else max(0.001, (due - now_ms()) / 1000))

    def _turn(self) -> int | None:
        """Moves every run as far as it goes; when to look again at the latest, in ms since 1970."""
        dues: list[int] = []
        for run in list(self._active.values()):
            try:
                if run.phase in (Phase.PENDING, Phase.QUEUED):
                    self._admit(run)
                if run.phase in (Phase.RUNNING, Phase.TERMINATING):
                    dues += self._advance(run)
            except Exception as error:
                self._break(run, error)
        return min(dues, default=None)

    def _admit(self, run: Run) -> None:
        if run.stopping:
            run.phase = Phase.TERMINATING
            return
        others = [
            r for r in self.active(run.job_id) if r.phase in (Phase.RUNNING, Phase.TERMINATING)
        ]
        # 0 skips new runs; one that is repaired would wait for ever
        most = max(1, run.settings.get("max_concurrent_runs", 1))
        if run.run_type == "JOB_RUN" and len(others) >= most:
            if run.phase != Phase.QUEUED:
                run.phase, run.queue = Phase.QUEUED, _FULL
                self.store.save_run(run)
            return
        run.phase, run.queue = Phase.RUNNING, None
        run.begin_ms = now_ms()
        self.store.save_run(run)

    def _advance(self, run: Run) -> list[int]:
        """Moves a run as far as it goes; when to look at it again, in ms since 1970."""
        self._expire(run)
        dues: list[int] = []
        known = len(run.tasks)
        with self.store.transaction():
            while self._step(run, dues, known):
                pass
            if all(task.ending for task in run.latest().values()):
                self._end_run(run, run.stopping or self._verdict(run))
        return dues + self._deadlines(run)

    def _expire(self, run: Run) -> None:
        """Stops what is past its time."""
        now = now_ms()
        deadline = self._deadline(run.begin_ms, run.settings)
        if deadline and deadline <= now and not run.stopping:
            self._stop_run(run, states.timed_out())
        for task in run.tasks:
            attempt = self._attempts.get(task.run_id)
            deadline = self._deadline(task.start_ms, task.settings)
            if attempt and deadline and deadline <= now:
                attempt.cancel(states.timed_out())

    def _deadlines(self, run: Run) -> list[int]:
        """Those that are still to come, of the run and of what runs."""
        found = [] if run.stopping else [self._deadline(run.begin_ms, run.settings)]
        for task in run.tasks:
            attempt = self._attempts.get(task.run_id)
            if attempt and not attempt.stopped:
                found.append(self._deadline(task.start_ms, task.settings))
        return [deadline for deadline in found if deadline]

    def _deadline(self, start_ms: int, settings: Json) -> int:
        seconds = settings.get("timeout_seconds") or 0
        return start_ms + int(seconds * 1000 * self.options.pace) if seconds else 0

    def _step(self, run: Run, dues: list[int], known: int) -> bool:
        """Starts or ends each task for which it is time; whether a task ended, so that others may follow.

        Attempts behind the first `known` of the run wait for the next turn: one that fails at once and is tried
        again for ever must not keep the lock.
        """
        latest = run.latest()
        ended = {k: (t.ending.result, t.outcome) for k, t in latest.items() if t.ending}
        before = len(ended)
        for key, task in latest.items():
            if task.ending or task.run_id in self._attempts:
                continue
            if run.stopping:
                self._end_task(run, task, run.stopping)
                continue
            verdict = graph.decide(task.settings, ended, latest)
            if isinstance(verdict, Result):
                self._end_task(run, task, Ending(verdict, _SKIPPED[verdict]))
            elif verdict and (task.due_ms > now_ms() or task.position >= known):
                dues.append(task.due_ms)
            elif verdict:
                self._start_task(run, task)
                if task.ending:  # at once; another attempt of it may have been made
                    return True
            if task.ending:
                ended[key] = (task.ending.result, task.outcome)
        return len(ended) > before

    def _verdict(self, run: Run) -> Ending:
        latest = run.latest()
        leaves = graph.leaves({key: task.settings for key, task in latest.items()})
        return states.of_run([(k, t.ending, k in leaves) for k, t in latest.items() if t.ending])

    def _stop_run(self, run: Run, why: Ending) -> None:
        run.stopping = why
        if run.phase == Phase.RUNNING:
            run.phase = Phase.TERMINATING
        self.store.save_run(run)
        for task in run.tasks:
            if task.run_id in self._attempts:
                self._stop_task(run, task, why)

    def _stop_task(self, run: Run, task: TaskRun, why: Ending) -> None:
        attempt = self._attempts.get(task.run_id)
        if attempt:
            task.phase = Phase.TERMINATING
            attempt.cancel(why)
        else:
            self._end_task(run, task, why)

    def _end_task(self, run: Run, task: TaskRun, ending: Ending) -> None:
        task.phase, task.ending, task.end_ms = Phase.TERMINATED, ending, now_ms()
        task.start_ms = task.start_ms or task.end_ms
        self.store.save_task(task)

    def _end_run(self, run: Run, ending: Ending) -> None:
        run.phase, run.ending, run.end_ms = Phase.TERMINATED, ending, now_ms()
        if run.repairs:
            run.repairs[-1].ending, run.repairs[-1].end_ms = ending, run.end_ms
        self.store.save_run(run)
        self._active.pop(run.run_id, None)
        self._clusters = {k: v for k, v in self._clusters.items() if k[0] != run.run_id}
        self._changed.notify_all()

    # Starting a task.

    def scope(self, run: Run, task: TaskRun | None) -> Scope:
        """What references in `task`'s settings can see; raises UnknownReference for one in a parameter's value."""
        values = self.store.values(run.run_id)
        facts = {key: _facts(t, values.get(key, {})) for key, t in run.latest().items()}
        own = _facts(task, {}) if task else None
        scope = Scope(
            run.job_id,
            run.name,
            run.run_id,
            run.start_ms,
            repair_count=max(0, len(run.repairs) - 1),
            trigger_type=run.trigger,
            task=own,
            tasks=facts,
            workspace_id=self.options.workspace_id,
            workspace_url=self.options.workspace_url(),
            input=task.input if task else None,
        )
        scope.parameters = {k: resolve(v, scope) for k, v in run.parameters().items()}
        return scope

    def _start_task(self, run: Run, task: TaskRun) -> None:
        if self._slots >= self.options.parallel and run.run_type != "WORKFLOW_RUN":
            if task.phase == Phase.BLOCKED:
                task.phase = Phase.PENDING
                self.store.save_task(task)
            return
        task.start_ms = now_ms()
        attempt = self._prepare(run, task)
        if isinstance(attempt, Ending):
            self._after(run, task, Done(attempt, {"error": attempt.message}))
        elif "condition_task" in task.settings:
            self._after(run, task, _guarded(conditions.decide, attempt))
        else:
            self._launch(run, task, attempt)

    def _prepare(self, run: Run, task: TaskRun) -> Attempt | Ending:
        """The attempt, with references replaced; or why it cannot be made."""
        kind = kind_of(task.settings)
        if kind not in KINDS_RUN_HERE:
            return states.wrong_configuration(
                f"Tasks of type {kind} are not supported by the local workspace."
            )
        try:
            scope = self.scope(run, task)
            work = dict(task.settings[kind])
            nested = {"task": work.pop("task")} if kind == "for_each_task" else {}
            task.resolved = {kind: resolve_all(work, scope) | nested}
        except UnknownReference as error:
            return states.wrong_configuration(str(error))
        fault = self._cluster_fault(run, task)
        if fault and task.cluster_id:
            return states.cluster_failed(task.cluster_id, fault)
        if fault:
            return states.serverless_failed(fault)
        return Attempt(run, task, task.settings | task.resolved, scope)

    def _cluster_fault(self, run: Run, task: TaskRun) -> str | None:
        """Gives the task its cluster; why that does not start, when it does not."""
        key = task.settings.get("job_cluster_key")
        if not key and not task.settings.get("new_cluster"):
            task.cluster_id = task.settings.get("existing_cluster_id", "")
            serverless = "notebook_task" in task.settings and not task.cluster_id
            return self.options.cluster_fault(task.key) if serverless else None
        name = (run.run_id, key or f"/{task.run_id}")
        found = self._clusters.get(name)
        if found is None or found[1]:
            cluster_id = (
                time.strftime("%m%d-%H%M%S-", time.gmtime()) + f"{self.store.new_id() % 36**8:08x}"
            )
            found = self._clusters[name] = (cluster_id, self.options.cluster_fault(task.key))
        task.cluster_id, fault = found
        return fault

    def _launch(self, run: Run, task: TaskRun, attempt: Attempt) -> None:
        task.phase, task.run_ms = Phase.RUNNING, now_ms()
        self.store.save_task(task)
        self._attempts[task.run_id] = attempt
        slots = 0 if run.run_type == "WORKFLOW_RUN" else 1
        self._slots += slots
        work = self._for_each if "for_each_task" in task.settings else self._perform
        threading.Thread(
            target=self._work,
            args=(run, task, attempt, work, slots),
            name=f"task-{task.run_id}",
            daemon=True,
        ).start()

    # The threads of attempts.

    def _work(
        self, run: Run, task: TaskRun, attempt: Attempt, work: Callable[[Attempt], Done], slots: int
    ) -> None:
        done = _guarded(work, attempt)
        with self._changed:
            del self._attempts[task.run_id]
            self._slots -= slots
            try:
                if not run.ended:  # or it broke meanwhile
                    stopped = attempt.stopped
                    self._after(run, task, Done(stopped, done.output) if stopped else done)
            except Exception as error:
                self._break(run, error)
            self._changed.notify_all()

    def _after(self, run: Run, task: TaskRun, done: Done) -> None:
        """An attempt has ended: it is written down, and tried again if the settings say so."""
        with self.store.transaction():
            if done.output:
                self.store.save_output(task.run_id, done.output)
            task.outcome = done.output.get("outcome")
            self._end_task(run, task, done.ending)
            given_up = run.stopping or self._stopping or task.parent_run_id
            if not given_up and _tried_again(run, task, done.ending):
                wait = task.settings.get("min_retry_interval_millis") or 0
                retry = TaskRun(
                    self.store.new_id(),
                    run.run_id,
                    len(run.tasks),
                    task.settings,
                    attempt=task.attempt + 1,
                    repair_id=task.repair_id,
                    phase=Phase.WAITING,
                    due_ms=now_ms() + int(wait * self.options.pace),
                )
                run.tasks.append(retry)
                if run.repairs:
                    run.repairs[-1].task_run_ids.append(retry.run_id)
                self._save(run, [retry])

    def _for_each(self, attempt: Attempt) -> Done:
        """Runs the nested task once per input, `concurrency` at a time; fails when one of them fails."""
        work = attempt.task["for_each_task"]
        try:
            inputs = json.loads(work["inputs"])
        except ValueError:
            inputs = None
        if not isinstance(inputs, list) or len(inputs) > MAX_ITERATIONS:
            message = f"The inputs of a for each task must be a JSON array of at most {MAX_ITERATIONS} elements."
            return Done(states.wrong_configuration(message), {"error": message})
        with ThreadPoolExecutor(max(1, int(work.get("concurrency") or 1))) as pool:
            ends = list(pool.map(lambda given: self._iteration(attempt, given), inputs))
        bad = [end for end in ends if end.result != Result.SUCCESS]
        if not bad:
            return Done(states.success())
        message = f"{len(bad)} of {len(ends)} iterations failed. {bad[0].message}"
        return Done(states.failed(message), {"error": message})

    def _iteration(self, outer: Attempt, given: Any) -> Ending:
        run = outer.run
        with self._changed:
            if outer.stopped:
                return outer.stopped
            task = TaskRun(
                self.store.new_id(),
                run.run_id,
                len(run.tasks),
                outer.task["for_each_task"]["task"],
                repair_id=outer.task_run.repair_id,
                parent_run_id=outer.run_id,
                input=given,
                start_ms=now_ms(),
            )
            run.tasks.append(task)
            self.store.save_task(task)
            inner = self._prepare(run, task)
            if isinstance(inner, Ending):
                self._after(run, task, Done(inner, {"error": inner.message}))
                return inner
            task.phase, task.run_ms = Phase.RUNNING, now_ms()
            self.store.save_task(task)
            self._attempts[task.run_id] = inner
            self._changed.notify_all()  # its time may be up before anything else happens
        outer.on_cancel(lambda: inner.cancel(outer.stopped or states.canceled()))
        self._work(run, task, inner, self._perform, 0)
        return task.ending or states.lost()


def _guarded(work: Callable[[Attempt], Done], attempt: Attempt) -> Done:
    """What `work` says of the attempt; an internal error when it breaks: no thread of the engine may end of it."""
    try:
        return work(attempt)
    except Exception as error:
        why = _broken(error)
        return Done(why, {"error": why.message})


def _broken(error: Exception) -> Ending:
    message = f"Run failed with an internal error: {type(error).__name__}: {error}"
    return Ending(Result.FAILED, message, "INTERNAL_ERROR", "INTERNAL_ERROR", internal=True)


def _facts(task: TaskRun, values: Json) -> TaskFacts:
    path = task.settings.get("notebook_task", {}).get("notebook_path")
    facts = TaskFacts(task.key, task.run_id, task.attempt + 1, path, values=values)
    if task.ending:
        facts.result_state = task.ending.result.value
        facts.error_code = task.ending.termination_code
    return facts


def _tried_again(run: Run, task: TaskRun, ending: Ending) -> bool:
    """Whether the settings ask for another attempt."""
    wanted = task.settings.get("max_retries") or 0
    made = sum(1 for t in run.tasks if t.key == task.key and t.repair_id == task.repair_id)
    if wanted == 0 or (wanted > 0 and made > wanted):
        return False
    if ending.result == Result.TIMEDOUT:
        return bool(task.settings.get("retry_on_timeout"))
    return ending.result == Result.FAILED
