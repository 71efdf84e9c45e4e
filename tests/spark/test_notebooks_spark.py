"""Notebook tasks on the workspace's Spark: sessions of their own, %sql, UDFs, and queries that end with their run."""

import secrets
import time
from typing import Any

import pytest
from fixtures import client, needs_spark
from notebook_world import Notebooks, until

pytestmark = needs_spark
EXIT = "dbutils.notebook.exit"


@pytest.fixture
def notebooks(spark_workspace: Any) -> Notebooks:
    return Notebooks(client(spark_workspace), secrets.token_hex(4))


def test_spark_and_sql_cells(notebooks: Notebooks) -> None:
    done = notebooks.run(
        "from pyspark.sql import SparkSession, functions as F\nassert SparkSession.builder.getOrCreate() is spark and SparkSession.getActiveSession() is spark",
        "spark.range(5).withColumn('d', F.col('id') * 2).createOrReplaceTempView('v')",
        "# MAGIC %sql\n# MAGIC -- two statements; the last is the result\n# MAGIC SELECT ';' AS a;\n"
        "# MAGIC SELECT id, d FROM v WHERE id > :least ORDER BY id",
        "rows = [tuple(r) for r in _sqldf.collect()]\ndisplay(table('v').limit(1))",
        f"{EXIT}(str(rows) + str(sql('select count(*) c from v').first().c))",
        least="2",
    )
    assert (done.error, done.result) == ("", "[(3, 6), (4, 8)]5")
    assert "id  d" in done.printed


def test_a_sql_notebook(notebooks: Notebooks) -> None:
    done = notebooks.run(
        "CREATE WIDGET TEXT n DEFAULT '4'",
        "SELECT CAST(:n AS INT) * 2 AS x",
        f"-- MAGIC %python\n-- MAGIC {EXIT}(_sqldf.first().x)",
        language="SQL",
    )
    assert (done.error, done.result) == ("", "8")


def test_sessions_are_isolated(notebooks: Notebooks) -> None:
    name = f"v_{secrets.token_hex(4)}"
    first = notebooks.run(
        f"spark.range(1).createOrReplaceTempView('{name}')\nspark.conf.set('spark.sql.shuffle.partitions', '7')\n"
        "spark.conf.set('leak.x', '1')\nspark.sql('USE SCHEMA information_schema') if False else None",
        f"{EXIT}(spark.client._session_id if hasattr(spark, 'client') else '')",
    )
    second = notebooks.run(
        "seen = [spark.catalog.tableExists('"
        + name
        + "'), spark.conf.get('spark.sql.shuffle.partitions'),"
        " spark.conf.get('leak.x', 'none')]",
        f"{EXIT}(str(seen) + spark.client._session_id)",
    )
    assert first.state == second.state == "SUCCESS"
    assert (second.result or "").startswith("[False, '2', 'none']") and not (
        second.result or ""
    ).endswith(first.result or "?")


def test_an_error_of_spark_is_the_last_line(notebooks: Notebooks) -> None:
    done = notebooks.run("df = spark.sql('select nothing from nowhere_at_all')\ndf.show()")
    assert done.error.startswith("AnalysisException: [TABLE_OR_VIEW_NOT_FOUND]")
    assert "local_databricks" not in done.trace


def test_volumes_are_the_same_for_spark_and_python(
    notebooks: Notebooks, spark_workspace: Any
) -> None:
    name = secrets.token_hex(4)
    (spark_workspace.folder / "volumes" / "main" / "raw" / name).mkdir(parents=True)
    done = notebooks.run(
        f"base = '/Volumes/main/raw/{name}'\nopen(base + '/in.csv', 'w').write('a,b\\n1,x\\n2,y\\n')",
        "df = spark.read.option('header', True).csv(base + '/in.csv')\ndf.write.mode('overwrite').parquet(base + '/out')",
        # libraries of C++ open files themselves: where no mount namespace is to be had, only what Python opened is theirs
        "import glob, os, pandas\nout = base + '/out'\n"
        "parts = [out] if os.system(f'test -d {out}') == 0 else [open(f, 'rb') for f in glob.glob(out + '/*.parquet')]",
        "found = [b for part in parts for b in pandas.read_parquet(part).b]",
        "found.append(df.select('_metadata.file_path').first()[0])",
        f"{EXIT}(str(found))",
    )
    assert (done.error, done.result) == ("", f"['x', 'y', 'dbfs:/Volumes/main/raw/{name}/in.csv']")


def test_udfs_run_with_what_the_notebook_defines(notebooks: Notebooks) -> None:
    done = notebooks.run(
        "from pyspark.sql.functions import udf\nk = 3\n@udf('int')\ndef times(x):\n    return x * k",
        f"{EXIT}(str([r[0] for r in spark.range(3).select(times('id')).collect()]))",
    )
    assert (done.error, done.result) == ("", "[0, 3, 6]")


@pytest.mark.parametrize("how", ["cancel", "timeout", "killed"])
def test_the_query_ends_with_the_run(notebooks: Notebooks, spark_workspace: Any, how: str) -> None:
    """The JVM is idle soon after, though the query would have gone on for minutes."""
    slow = "spark.sql('select count(*) from range(1000000000000) where id % 7 = 8').collect()"
    killer = "import os, threading\nthreading.Timer(2, lambda: os.kill(os.getpid(), 9)).start()"
    path = notebooks.put("slow", killer if how == "killed" else "pass", slow)
    task = notebooks.task(path)
    task.timeout_seconds = 3 if how == "timeout" else None
    run_id = notebooks.start(task)
    until(lambda: notebooks.sdk.jobs.get_run(run_id).state.life_cycle_state.value == "RUNNING")
    if how == "cancel":
        time.sleep(2)
        notebooks.sdk.jobs.cancel_run(run_id)
    run = notebooks.wait(run_id)
    expected = {"cancel": "CANCELED", "timeout": "TIMEDOUT", "killed": "FAILED"}[how]
    assert run.tasks[0].state.result_state.value == expected
    pid = _jvm(spark_workspace)

    def idle() -> bool:
        before = _cpu_ticks(pid)
        time.sleep(1)
        return _cpu_ticks(pid) - before < 50

    until(idle, 15)


def _jvm(running: Any) -> int:
    """The JVM that the workspace's process started."""
    import pathlib

    for entry in pathlib.Path("/proc").iterdir():
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            if (
                int(fields[1]) == running.process.pid
                and (entry / "comm").read_text().strip() == "java"
            ):
                return int(entry.name)
        except (OSError, IndexError, ValueError):
            continue
    raise AssertionError("the workspace has no JVM")


def _cpu_ticks(pid: int) -> int:
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def test_statements_of_governance_reach_the_registry(notebooks: Notebooks) -> None:
    """From spark.sql and from %sql: a volume, keys, and a grant are there for REST afterwards; errors are the cloud's."""
    schema = f"s_{secrets.token_hex(4)}"
    done = notebooks.run(
        f"spark.sql('CREATE SCHEMA main.{schema}')\nspark.sql('USE CATALOG main')\nspark.sql('USE {schema}')",
        "# MAGIC %sql\n# MAGIC CREATE TABLE dim (k BIGINT NOT NULL, n STRING, CONSTRAINT pk PRIMARY KEY (k));\n"
        "# MAGIC CREATE VOLUME files;\n# MAGIC INSERT INTO dim VALUES (1, 'a');",
        f"open('/Volumes/main/{schema}/files/x.txt', 'w').write('x')",
        f"merged = spark.sql('''MERGE INTO main.{schema}.dim t USING (SELECT 1 k, 'b' n UNION SELECT 2, 'c') s ON t.k = s.k\n"
        "WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *''').first()",
        "rows = [tuple(r) for r in spark.table('dim').orderBy('k').collect()]",
        "try:\n    spark.sql('CREATE VOLUME files')\nexcept Exception as e:\n    rows.append(type(e).__name__)",
        f"{EXIT}(str(rows + [merged.num_updated_rows, merged.num_inserted_rows]))",
    )
    assert (done.error, done.result) == ("", "[(1, 'b'), (2, 'c'), 'AnalysisException', 1, 1]")
    sdk = notebooks.sdk
    assert [v.name for v in sdk.volumes.list("main", schema)] == ["files"]
    assert sdk.files.download(f"/Volumes/main/{schema}/files/x.txt").contents.read() == b"x"
    keys = sdk.tables.get(f"main.{schema}.dim").table_constraints
    assert keys[0].primary_key_constraint.child_columns == ["k"]


def test_every_statement_of_a_cell_is_executed(notebooks: Notebooks) -> None:
    done = notebooks.run(
        "SELECT assert_true(id < 3, 'too large') FROM range(5);\nSELECT 1 AS x", language="SQL"
    )
    assert done.state == "FAILED" and "too large" in done.error


def test_widgets_of_sql_behind_a_comment(notebooks: Notebooks) -> None:
    done = notebooks.run(
        "-- how many\nCREATE WIDGET TEXT n DEFAULT '4'; -- and\n/* that is all */ REMOVE WIDGET n;",
        "-- again\nCREATE WIDGET TEXT n DEFAULT '5' -- five",
        "SELECT CAST(:n AS INT) * 2 AS x",
        f"-- MAGIC %python\n-- MAGIC {EXIT}(_sqldf.first().x)",
        language="SQL",
    )
    assert (done.error, done.result) == ("", "10")
