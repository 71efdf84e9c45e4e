"""Runs an emitted pipeline on a Spark Connect server: the job's tasks in the order they wait for each other.

Usage: BLDR_SPARK_URL=URL spark_runner.py PIPELINE WAREHOUSE SCHEMA RUN_ID=SOURCE_PATH[;PARAMETER=VALUE...]... sql:STATEMENT...

One run of the whole job per RUN_ID, one after the other, in one session with its tables in main.SCHEMA, then the
statements, in which {schema} is that of the tables. WAREHOUSE is the folder of the server's tables. Prints JSON: per run what
each MERGE counted, the seconds of each task, the exception that ended it, if any, and the rows of all tables behind it with
the number of their versions; per statement its rows or the exception. A notebook gets its own globals and
`dbutils.widgets`, and its folder as the current one, as in a workspace; a reference such as {{job.run_id}} is put in as
Databricks does.
"""

import ast
import contextlib
import io
import json
import os
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

CATALOG = "main"
ROOT = "${workspace.file_path}/"


class Widgets:
    """A parameter that the job hands in wins over the notebook's default."""

    def __init__(self, given: dict[str, str]) -> None:
        self.given = given
        self.values: dict[str, str] = {}

    def text(self, name: str, default: str, label: str | None = None) -> None:
        self.values[name] = self.given.get(name, default)

    def get(self, name: str) -> str:
        return self.values[name]


class Utilities:
    def __init__(self, given: dict[str, str]) -> None:
        self.widgets = Widgets(given)


def in_order(tasks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The tasks, each behind those that it waits for; the last that could run first comes first."""
    left = {task["task_key"]: task for task in reversed(tasks)}
    done: list[dict[str, Any]] = []
    while left:
        ready = [
            task
            for task in left.values()
            if not any(wait["task_key"] in left for wait in task.get("depends_on", []))
        ]
        if not ready:
            raise ValueError(f"tasks wait for each other: {sorted(left)}")
        done.append(left.pop(ready[0]["task_key"]))
    return done


def run_notebook(path: Path, parameters: dict[str, str]) -> list[dict[str, Any]]:
    """What the notebook printed about its MERGEs."""
    printed = io.StringIO()
    code = compile(path.read_text(), str(path), "exec")
    with contextlib.redirect_stdout(printed), contextlib.chdir(path.parent):
        exec(code, {"__name__": "__main__", "dbutils": Utilities(parameters)})
    lines = [line.split(": ", 1) for line in printed.getvalue().splitlines() if ": {" in line]
    return [{"table": table, **ast.literal_eval(counts)} for table, counts in lines]


def run_job(pipeline: Path, schema: str, source: str, run_id: str) -> dict[str, Any]:
    """source: the folder, and what else is to be given, as `;NAME=VALUE`."""
    job = json.loads((pipeline / "job.json").read_text())
    source, *others = source.split(";")
    given = {p["name"]: p["default"] for p in job["parameters"]}
    given |= dict(other.split("=", 1) for other in others)
    given |= {"catalog": CATALOG, "schema": schema, "source_path": source, "governance": "false"}
    ran: dict[str, Any] = {"merges": [], "failed": None, "tasks": {}}
    for task in in_order(job["tasks"]):
        notebook = task["notebook_task"]
        base = notebook["base_parameters"].items()
        own = {name: value.replace("{{job.run_id}}", run_id) for name, value in base}
        path = pipeline / (notebook["notebook_path"].removeprefix(ROOT) + ".py")
        started = time.monotonic()
        try:
            ran["merges"] += run_notebook(path, {**own, **given})
        except Exception as error:
            ran["failed"] = f"{task['task_key']}: {error}"
            break
        finally:
            ran["tasks"][task["task_key"]] = round(time.monotonic() - started, 2)
    return ran


def cell(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format(value, "f")
    return value if isinstance(value, int | str | list | dict | None) else str(value)


def tables(spark: Any, warehouse: Path, schema: str) -> dict[str, Any]:
    found = {}
    for row in spark.sql(f"SHOW TABLES IN {CATALOG}.{schema}").collect():
        if not row.isTemporary:
            frame = spark.table(f"`{CATALOG}`.`{schema}`.`{row.tableName}`")
            rows = [[cell(value) for value in line] for line in frame.collect()]
            log = warehouse / f"{CATALOG}__{schema}.db" / row.tableName / "_delta_log"
            found[row.tableName] = {
                "columns": frame.columns,
                "types": [t for _, t in frame.dtypes],
                "comments": [field.metadata.get("comment") for field in frame.schema],
                "versions": len(list(log.glob("*.json"))),
                "rows": rows,
            }
            assert found[row.tableName]["versions"], log
    return found


def execute(spark: Any, schema: str, statement: str) -> dict[str, Any]:
    try:
        rows = spark.sql(statement.replace("{schema}", f"{CATALOG}.{schema}")).collect()
    except Exception as error:
        return {"failed": str(error), "rows": []}
    return {"failed": None, "rows": [{k: cell(v) for k, v in row.asDict().items()} for row in rows]}


def main() -> None:
    from local_databricks.spark import client

    pipeline, warehouse, schema = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    url = os.environ["SPARK_REMOTE"] = os.environ["BLDR_SPARK_URL"]  # of builder.getOrCreate()
    spark = client.connect(url)
    spark.sql(f"CREATE SCHEMA IF NOT EXISTS {CATALOG}.{schema}")
    runs: list[dict[str, Any]] = []
    for argument in sys.argv[4:]:
        if argument.startswith("sql:"):
            runs.append(execute(spark, schema, argument.removeprefix("sql:")))
            continue
        run_id, source = argument.split("=", 1)
        started = time.monotonic()
        ran = run_job(pipeline, schema, source, run_id)
        seconds = time.monotonic() - started
        runs.append({**ran, "seconds": seconds, "tables": tables(spark, warehouse, schema)})
    spark.sql(f"DROP SCHEMA {CATALOG}.{schema} CASCADE")
    json.dump(runs, sys.stdout)
    client.close(spark)


def run(running: Any, pipeline: Path, schema: str, *arguments: str) -> list[dict[str, Any]]:
    """This program over the Spark of a running workspace (testing.Running); what it prints."""
    opened = running.ask("POST", "/_workspace/spark/sessions", {})
    warehouse = running.folder.resolve() / "spark" / "warehouse"
    packages = Path(__file__).resolve().parents[2] / "python"
    try:
        done = subprocess.run(
            [sys.executable, __file__, str(pipeline), str(warehouse), schema, *arguments],
            capture_output=True,
            text=True,
            timeout=1700,
            check=False,
            env={**os.environ, "BLDR_SPARK_URL": opened["url"], "PYTHONPATH": str(packages)},
        )
    finally:
        running.ask("POST", f"/_workspace/spark/sessions/{opened['session_id']}/release", {})
    assert done.returncode == 0, done.stderr[-4000:]
    ran: list[dict[str, Any]] = json.loads(done.stdout)
    return ran


if __name__ == "__main__":
    main()
