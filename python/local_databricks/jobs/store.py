"""Jobs and runs in the database: what a restarted server still knows."""

import json
import sqlite3
from dataclasses import dataclass
from typing import Any, Protocol

from local_databricks.jobs.model import Json, Repair, Run, TaskRun
from local_databricks.jobs.states import Ending, Phase

_TABLES = (
    """CREATE TABLE jobs (
        job_id INTEGER PRIMARY KEY, name TEXT NOT NULL, settings TEXT NOT NULL, creator TEXT NOT NULL,
        run_as TEXT NOT NULL, created_ms INTEGER NOT NULL, acl TEXT NOT NULL)""",
    """CREATE TABLE runs (
        run_id INTEGER PRIMARY KEY, job_id INTEGER NOT NULL, run_type TEXT NOT NULL, active INTEGER NOT NULL,
        start_ms INTEGER NOT NULL, doc TEXT NOT NULL)""",
    "CREATE INDEX runs_by_job ON runs (job_id, start_ms)",
    "CREATE INDEX runs_by_start ON runs (start_ms, run_id)",
    """CREATE TABLE task_runs (
        run_id INTEGER PRIMARY KEY, job_run_id INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
        position INTEGER NOT NULL, doc TEXT NOT NULL)""",
    "CREATE INDEX task_runs_by_run ON task_runs (job_run_id, position)",
    """CREATE TABLE run_outputs (
        run_id INTEGER PRIMARY KEY REFERENCES task_runs ON DELETE CASCADE, doc TEXT NOT NULL)""",
    """CREATE TABLE task_values (
        job_run_id INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE, task_key TEXT NOT NULL, key TEXT NOT NULL,
        value TEXT NOT NULL, PRIMARY KEY (job_run_id, task_key, key))""",
    """CREATE TABLE run_tokens (
        token TEXT PRIMARY KEY, job_id INTEGER NOT NULL, run_id INTEGER NOT NULL)""",
    "CREATE TABLE job_options (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
)


class Database(Protocol):
    """What is used of local_databricks.database.Database."""

    def migrate(self, module: str, statements: tuple[str, ...]) -> None: ...
    def transaction(self) -> Any: ...
    def rows(self, sql: str, parameters: Any = ()) -> list[sqlite3.Row]: ...
    def row(self, sql: str, parameters: Any = ()) -> sqlite3.Row | None: ...
    def write(self, sql: str, parameters: Any = ()) -> int: ...
    def new_id(self) -> int: ...


@dataclass
class Job:
    """A saved job. `acl` is a list of {principal kind: name, "permission_level"}."""

    job_id: int
    settings: Json
    creator: str
    run_as: str
    created_ms: int
    acl: list[Json]


class Store:
    """Reads and writes; decides nothing."""

    def __init__(self, database: Database) -> None:
        self._db = database
        database.migrate("jobs", _TABLES)

    def new_id(self) -> int:
        return self._db.new_id()

    def transaction(self) -> Any:
        return self._db.transaction()

    def save_job(self, job: Job) -> None:
        self._db.write(
            "REPLACE INTO jobs VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                job.job_id,
                job.settings.get("name", ""),
                json.dumps(job.settings),
                job.creator,
                job.run_as,
                job.created_ms,
                json.dumps(job.acl),
            ),
        )

    def job(self, job_id: int) -> Job | None:
        row = self._db.row("SELECT * FROM jobs WHERE job_id = ?", (job_id,))
        return _job(row) if row else None

    def jobs(self, name: str | None, offset: int, limit: int) -> list[Job]:
        """Newest first; `name` is exact but for case."""
        where = "WHERE lower(name) = lower(?)" if name is not None else ""
        rows = self._db.rows(
            f"SELECT * FROM jobs {where} ORDER BY job_id DESC LIMIT ? OFFSET ?",
            ([name] if name is not None else []) + [limit, offset],
        )
        return [_job(row) for row in rows]

    def delete_job(self, job_id: int) -> None:
        self._db.write("DELETE FROM jobs WHERE job_id = ?", (job_id,))

    def save_run(self, run: Run) -> None:
        """The run itself, without its tasks."""
        doc = {
            "settings": run.settings,
            "creator": run.creator,
            "overrides": run.overrides,
            "phase": run.phase.value,
            "ending": run.ending and run.ending.stored(),
            "queue": run.queue,
            "begin_ms": run.begin_ms,
            "end_ms": run.end_ms,
            "trigger": run.trigger,
            "repairs": [_repair_doc(repair) for repair in run.repairs],
        }
        row = (
            run.run_id,
            run.job_id,
            run.run_type,
            int(not run.ended),
            run.start_ms,
            json.dumps(doc),
        )
        self._db.write(
            "INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (run_id) DO UPDATE SET active = excluded.active, doc = excluded.doc",
            row,
        )

    def save_task(self, task: TaskRun) -> None:
        doc = {name: getattr(task, name) for name in _TASK_FIELDS} | {
            "phase": task.phase.value,
            "ending": task.ending and task.ending.stored(),
        }
        self._db.write(
            "INSERT INTO task_runs VALUES (?, ?, ?, ?) ON CONFLICT (run_id) DO UPDATE SET doc = excluded.doc",
            (task.run_id, task.job_run_id, task.position, json.dumps(doc)),
        )

    def run(self, run_id: int) -> Run | None:
        """A run with its tasks."""
        row = self._db.row("SELECT * FROM runs WHERE run_id = ?", (run_id,))
        return self._with_tasks(row) if row else None

    def run_of_task(self, task_run_id: int) -> int | None:
        """The id of the job run that a task run belongs to."""
        row = self._db.row("SELECT job_run_id FROM task_runs WHERE run_id = ?", (task_run_id,))
        return int(row["job_run_id"]) if row else None

    def active_runs(self) -> list[Run]:
        rows = self._db.rows("SELECT * FROM runs WHERE active = 1 ORDER BY start_ms, run_id")
        return [self._with_tasks(row) for row in rows]

    def runs(
        self, where: list[tuple[str, Any]], limit: int, *, ascending: bool = False
    ) -> list[Run]:
        """Newest first; each of `where` is an SQL condition with one marker, and its value."""
        conditions = " AND ".join(condition for condition, _ in where) or "1"
        order = "ASC" if ascending else "DESC"
        rows = self._db.rows(
            f"SELECT * FROM runs WHERE {conditions} ORDER BY start_ms {order}, run_id {order} LIMIT ?",
            [value for _, value in where] + [limit],
        )
        return [self._with_tasks(row) for row in rows]

    def delete_run(self, run_id: int) -> None:
        self._db.write("DELETE FROM runs WHERE run_id = ?", (run_id,))

    def token_run(self, token: str) -> tuple[int, int] | None:
        """(job id, run id) of the run that was started with an idempotency token."""
        row = self._db.row("SELECT job_id, run_id FROM run_tokens WHERE token = ?", (token,))
        return (row["job_id"], row["run_id"]) if row else None

    def save_token(self, token: str, job_id: int, run_id: int) -> None:
        self._db.write("INSERT INTO run_tokens VALUES (?, ?, ?)", (token, job_id, run_id))

    def save_output(self, run_id: int, output: Json) -> None:
        self._db.write("REPLACE INTO run_outputs VALUES (?, ?)", (run_id, json.dumps(output)))

    def output(self, run_id: int) -> Json:
        row = self._db.row("SELECT doc FROM run_outputs WHERE run_id = ?", (run_id,))
        return dict(json.loads(row["doc"])) if row else {}

    def set_value(self, job_run_id: int, task_key: str, key: str, value: Any) -> None:
        self._db.write(
            "REPLACE INTO task_values VALUES (?, ?, ?, ?)",
            (job_run_id, task_key, key, json.dumps(value)),
        )

    def values(self, job_run_id: int) -> dict[str, Json]:
        """The task values of a run: task key -> key -> value."""
        found: dict[str, Json] = {}
        query = "SELECT task_key, key, value FROM task_values WHERE job_run_id = ?"
        for row in self._db.rows(query, (job_run_id,)):
            found.setdefault(row["task_key"], {})[row["key"]] = json.loads(row["value"])
        return found

    def save_settings(self, settings: Json) -> None:
        """Of the jobs part itself."""
        with self._db.transaction():
            for name, value in settings.items():
                self._db.write("REPLACE INTO job_options VALUES (?, ?)", (name, json.dumps(value)))

    def settings(self) -> Json:
        return {
            row["name"]: json.loads(row["value"])
            for row in self._db.rows("SELECT * FROM job_options")
        }

    def _with_tasks(self, row: sqlite3.Row) -> Run:
        doc = json.loads(row["doc"])
        run = Run(
            row["run_id"],
            row["job_id"],
            row["run_type"],
            doc["settings"],
            doc["creator"],
            row["start_ms"],
            overrides=doc["overrides"],
            phase=Phase(doc["phase"]),
            ending=_ending(doc["ending"]),
            queue=tuple(doc["queue"]) if doc["queue"] else None,
            begin_ms=doc["begin_ms"],
            end_ms=doc["end_ms"],
            trigger=doc["trigger"],
            repairs=[Repair(**(r | {"ending": _ending(r["ending"])})) for r in doc["repairs"]],
        )
        query = "SELECT * FROM task_runs WHERE job_run_id = ? ORDER BY position, run_id"
        run.tasks = [_task(task) for task in self._db.rows(query, (run.run_id,))]
        return run


_TASK_FIELDS = (
    "settings",
    "attempt",
    "repair_id",
    "outcome",
    "resolved",
    "cluster_id",
    "start_ms",
    "run_ms",
    "end_ms",
    "due_ms",
    "parent_run_id",
    "input",
)


def _job(row: sqlite3.Row) -> Job:
    return Job(
        row["job_id"],
        json.loads(row["settings"]),
        row["creator"],
        row["run_as"],
        row["created_ms"],
        json.loads(row["acl"]),
    )


def _task(row: sqlite3.Row) -> TaskRun:
    doc = json.loads(row["doc"])
    task = TaskRun(row["run_id"], row["job_run_id"], row["position"], doc["settings"])
    for name in _TASK_FIELDS:
        setattr(task, name, doc[name])
    task.phase, task.ending = Phase(doc["phase"]), _ending(doc["ending"])
    return task


def _ending(stored: Json | None) -> Ending | None:
    return Ending.restored(stored) if stored else None


def _repair_doc(repair: Repair) -> Json:
    return {
        "id": repair.id,
        "start_ms": repair.start_ms,
        "task_run_ids": repair.task_run_ids,
        "end_ms": repair.end_ms,
        "ending": repair.ending and repair.ending.stored(),
    }
