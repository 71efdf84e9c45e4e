"""Each rule of bldr_lint finds what it names, says where, and leaves alone what serverless allows."""

import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "python"))
from bldr_lint import RULES, lint_source

# A line, and the rule that must find something in it.
REFUSED = [
    ("frame.cache()", "cache"),
    ("frame.persist()", "cache"),
    ("frame.unpersist()", "cache"),
    ("spark.catalog.cacheTable('t')", "cache"),
    ("spark.sql('CACHE TABLE t')", "cache"),
    ("spark.sql(f'uncache table {name}')", "cache"),
    ("keep = frame.cache", "cache"),
    ("frame.checkpoint()", "checkpoint"),
    ("frame.localCheckpoint()", "checkpoint"),
    ("frame.createGlobalTempView('v')", "global-view"),
    ("spark.sql('CREATE GLOBAL TEMPORARY VIEW v AS SELECT 1')", "global-view"),
    ("spark.table('global_temp.v')", "global-view"),
    ("frame.rdd.map(len)", "rdd"),
    ("from pyspark.rdd import RDD", "rdd"),
    ("frame.toJSON()", "rdd"),
    ("spark.sparkContext.parallelize([1])", "spark-context"),
    ("from pyspark import SparkContext", "spark-context"),
    ("SparkContext.getOrCreate()", "spark-context"),
    ("spark._jvm.java.lang.System.gc()", "jvm"),
    ("frame._jdf", "jvm"),
    ("import py4j.java_gateway", "jvm"),
    ("from delta.tables import DeltaTable", "delta-table"),
    ("import delta", "delta-table"),
    ("DeltaTable.forName(spark, 't')", "delta-table"),
    ("delta.tables.DeltaTable.forName(spark, 't')", "delta-table"),
    ("frame.foreach(print)", "foreach"),
    ("frame.foreachPartition(print)", "foreach"),
    ("spark.createDataFrame(rows)", "create-data-frame"),
    ("spark.createDataFrame([(n,) for n in range(10)])", "create-data-frame"),
    ("spark.createDataFrame(data=rows)", "create-data-frame"),
    ("spark.conf.set('spark.sql.legacy.javaCharsets', 'true')", "conf"),
    ("session.spark.conf.set(key, 'true')", "conf"),
    ("spark.conf.unset('spark.databricks.delta.schema.autoMerge.enabled')", "conf"),
    ("SparkSession.builder.config('spark.jars', 'x.jar')", "conf"),
    ("spark.sql('SET spark.sql.caseSensitive = true')", "conf"),
    ("F.input_file_name()", "input-file-name"),
    ("from pyspark.sql.functions import input_file_name", "input-file-name"),
    ("spark.sql('SELECT input_file_name() FROM t')", "input-file-name"),
    ("spark.read.csv('dbfs:/data/x.csv')", "dbfs"),
    ("open('/dbfs/data/x.csv')", "dbfs"),
    ("spark.read.csv('/mnt/raw/x.csv')", "dbfs"),
    ("spark.sql(\"COPY INTO t FROM 'dbfs:/x'\")", "dbfs"),
    ("dbutils.fs.mount('a', 'b')", "dbfs"),
    ("getattr(frame, 'cache')()", "cache"),
    ("exec(text)", "hidden"),
    ("eval('frame.' + name)", "hidden"),
    ("def (", "syntax"),
]
ALLOWED = [
    "spark.conf.set('spark.sql.session.timeZone', 'UTC')",
    "spark.conf.set('spark.sql.ansi.enabled', 'true')",
    "spark.sql('SET CATALOG main')",
    "spark.sql('SET TIME ZONE UTC')",
    "spark.createDataFrame([(1, 'a'), (-1, 'b')], 'key bigint, label string')",
    "frame.createOrReplaceTempView('rows')",
    "spark.sql('MERGE INTO t USING s ON t.a = s.a WHEN NOT MATCHED THEN INSERT *')",
    "spark.read.csv('/Volumes/main/bldr/landing/mnt/x.csv')",
    "frame.select('_metadata.file_path')",
    "rdd = 1",
    "cache = {}",
    'def f():\n    """Never calls cache table t, nor reads dbfs:/x."""',
    "regular = re.compile('x')",
    "F.udf(decode)",
    "getattr(dialect, name)",
]


@pytest.mark.parametrize(("line", "rule"), REFUSED)
def test_what_serverless_refuses_is_found(line: str, rule: str) -> None:
    findings = lint_source(f"first = 1\n{line}\n", "x.py")
    assert {finding.rule for finding in findings} == {rule}
    assert {finding.line for finding in findings} == {2}
    assert str(findings[0]).startswith(f"x.py:2: {rule}: ")


@pytest.mark.parametrize("line", ALLOWED)
def test_what_it_allows_is_left_alone(line: str) -> None:
    assert lint_source(line + "\n") == []


def test_every_rule_has_a_case() -> None:
    assert {rule for _, rule in REFUSED} == set(RULES)


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bldr_lint", *map(str, arguments)]
    folder = Path(__file__).resolve().parents[2] / "python"
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_the_command_tells_findings_and_its_exit_code(tmp_path: Path) -> None:
    (tmp_path / "good.py").write_text("x = 1\n")
    assert (run(tmp_path).returncode, run(tmp_path).stdout) == (0, "")
    (tmp_path / "bad.py").write_text("frame.cache()\nframe.rdd\n")
    done = run(tmp_path)
    assert done.returncode == 1
    assert [line.split(": ")[1] for line in done.stdout.splitlines()] == ["cache", "rdd"]
    assert run(tmp_path / "none.py").returncode == 2
    assert run().returncode == 2
