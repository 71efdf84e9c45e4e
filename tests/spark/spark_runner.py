"""Runs an emitted pipeline on real Spark and Delta: the job's tasks in the order they wait for each other.

Usage: spark_runner.py PIPELINE WORK RUN_ID=SOURCE_PATH[;PARAMETER=VALUE...]... sql:STATEMENT...

One run of the whole job per RUN_ID, one after the other, in one local session whose tables live in WORK, then the
statements, in which {schema} is that of the tables. Prints JSON: per run what each MERGE counted, the seconds of each
task, the exception that ended it, if any, and the rows of all tables behind it with the number of their versions; per
statement its rows or the exception. Needs a Python with pyspark; BLDR_DELTA_JARS is
a folder with the jars of delta-spark and delta-storage. A notebook gets its own globals and `dbutils.widgets`, and its
folder as the current one, as in a workspace; a reference such as {{job.run_id}} is put in as Databricks does.
"""

import ast
import contextlib
import importlib
import io
import json
import os
import sys
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

CATALOG, SCHEMA = "spark_catalog", "bldr"
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


def session(work: Path) -> Any:
    os.environ["PYSPARK_PYTHON"] = sys.executable  # its workers need pyarrow, too
    jars = ",".join(str(jar) for jar in sorted(Path(os.environ["BLDR_DELTA_JARS"]).glob("*.jar")))
    options = {
        "spark.jars": jars,
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        "spark.sql.warehouse.dir": str(work / "warehouse"),
        "spark.sql.catalogImplementation": "in-memory",
        "spark.sql.shuffle.partitions": "1",
        "spark.databricks.delta.snapshotPartitions": "1",
        "spark.driver.memory": "1g",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.extraJavaOptions": "-XX:+UseSerialGC -XX:TieredStopAtLevel=1",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "ERROR",
    }
    builder = importlib.import_module("pyspark.sql").SparkSession.builder.master("local[1]")
    for name, value in options.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


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


def run_job(pipeline: Path, source: str, run_id: str) -> dict[str, Any]:
    """source: the folder, and what else is to be given, as `;NAME=VALUE`."""
    job = json.loads((pipeline / "job.json").read_text())
    source, *others = source.split(";")
    given = {p["name"]: p["default"] for p in job["parameters"]}
    given |= dict(other.split("=", 1) for other in others)
    given |= {"catalog": CATALOG, "schema": SCHEMA, "source_path": source, "governance": "false"}
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


def tables(spark: Any, work: Path) -> dict[str, Any]:
    found = {}
    folder = work / "warehouse" / f"{SCHEMA}.db"
    for row in spark.sql(f"SHOW TABLES IN {CATALOG}.{SCHEMA}").collect():
        if not row.isTemporary:
            frame = spark.table(f"`{CATALOG}`.`{SCHEMA}`.`{row.tableName}`")
            rows = [[cell(value) for value in line] for line in frame.collect()]
            found[row.tableName] = {
                "columns": frame.columns,
                "types": [t for _, t in frame.dtypes],
                "comments": [field.metadata.get("comment") for field in frame.schema],
                "versions": len(list(folder.glob(f"{row.tableName}/_delta_log/*.json"))),
                "rows": rows,
            }
    return found


def execute(spark: Any, statement: str) -> dict[str, Any]:
    try:
        rows = spark.sql(statement.replace("{schema}", f"{CATALOG}.{SCHEMA}")).collect()
    except Exception as error:
        return {"failed": str(error), "rows": []}
    return {"failed": None, "rows": [{k: cell(v) for k, v in row.asDict().items()} for row in rows]}


def main() -> None:
    pipeline, work = Path(sys.argv[1]), Path(sys.argv[2])
    spark = session(work)
    spark.sql(f"CREATE SCHEMA IF NOT EXISTS {CATALOG}.{SCHEMA}")
    runs: list[dict[str, Any]] = []
    for argument in sys.argv[3:]:
        if argument.startswith("sql:"):
            runs.append(execute(spark, argument.removeprefix("sql:")))
            continue
        run_id, source = argument.split("=", 1)
        started = time.monotonic()
        ran = run_job(pipeline, source, run_id)
        runs.append({**ran, "seconds": time.monotonic() - started, "tables": tables(spark, work)})
    json.dump(runs, sys.stdout)
    spark.stop()


if __name__ == "__main__":
    main()
