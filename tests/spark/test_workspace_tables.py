"""Three-level names on real Spark and Delta, volumes as paths, and what is kept over a fresh server. Spark is the judge."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from fixtures import needs_spark
from sessions import rows, session

pytestmark = needs_spark


@pytest.fixture(scope="module")
def running(shared_spark_workspace: Any) -> Any:
    return shared_spark_workspace


@pytest.fixture(scope="module")
def spark(running: Any) -> Iterator[Any]:
    with session(running) as found:
        found.sql("CREATE SCHEMA main.sales COMMENT 'what was sold'")
        found.sql(
            "CREATE TABLE main.sales.orders (id BIGINT NOT NULL COMMENT 'the key', amount DECIMAL(10,2), "
            "who STRING) CLUSTER BY (id) COMMENT 'one row per order'"
        )
        found.sql(
            "INSERT INTO main.sales.orders VALUES (1, 2.50, 'a'), (2, 3.50, 'b'), (3, 4.50, 'c')"
        )
        yield found
        found.sql("DROP SCHEMA main.sales CASCADE")
        assert not (running.folder / "volumes/main/sales/landing").exists()


def failure(spark: Any, text: str) -> str:
    from pyspark.errors import PySparkException

    with pytest.raises(PySparkException) as raised:
        spark.sql(text).collect()
    return str(raised.value)


def test_merge_update_delete_and_their_history(spark: Any) -> None:
    merged = rows(
        spark,
        "MERGE INTO main.sales.orders t USING (SELECT 1L AS id, 9.99 AS amount UNION ALL SELECT 4L, 1.00) s "
        "ON t.id = s.id WHEN MATCHED THEN UPDATE SET amount = s.amount "
        "WHEN NOT MATCHED THEN INSERT (id, amount, who) VALUES (s.id, s.amount, 'new')",
    )
    assert merged == [(2, 1, 0, 1)]
    assert rows(spark, "UPDATE main.sales.orders SET who = 'z' WHERE id = 2") == [(1,)]
    assert rows(spark, "DELETE FROM main.sales.orders WHERE id = 3") == [(1,)]
    found = rows(spark, "SELECT id, CAST(amount AS STRING), who FROM main.sales.orders ORDER BY id")
    assert found == [(1, "9.99", "a"), (2, "3.50", "z"), (4, "1.00", "new")]
    history = [r.operation for r in spark.sql("DESCRIBE HISTORY main.sales.orders").collect()]
    assert history == ["DELETE", "UPDATE", "MERGE", "WRITE", "CREATE TABLE"]
    before = rows(spark, "SELECT count(*) FROM main.sales.orders VERSION AS OF 1")
    assert before == [(3,)]


def test_not_null_and_check_are_enforced(spark: Any) -> None:
    spark.sql("ALTER TABLE main.sales.orders ADD CONSTRAINT positive CHECK (amount > 0)")
    said = failure(spark, "INSERT INTO main.sales.orders VALUES (9, -1.00, 'x')")
    assert "DELTA_VIOLATE_CONSTRAINT_WITH_VALUES" in said and "positive" in said
    said = failure(spark, "INSERT INTO main.sales.orders VALUES (NULL, 1.00, 'x')")
    assert "DELTA_NOT_NULL_CONSTRAINT_VIOLATED" in said
    spark.sql("ALTER TABLE main.sales.orders DROP CONSTRAINT positive")
    said = failure(spark, "ALTER TABLE main.sales.orders DROP CONSTRAINT positive")
    assert "DELTA_CONSTRAINT_DOES_NOT_EXIST" in said and "main__sales" not in said


def test_names_are_shown_with_three_levels(spark: Any) -> None:
    detail = spark.sql("DESCRIBE DETAIL main.sales.orders").collect()[0]
    assert detail.name == "main.sales.orders"
    assert detail.clusteringColumns == ["id"] and detail.description == "one row per order"
    described = dict((r[0], r[1]) for r in rows(spark, "DESCRIBE EXTENDED main.sales.orders"))
    assert described["Name"] == "main.sales.orders"
    assert "`main`.`sales`.`nope`" in failure(spark, "SELECT * FROM main.sales.nope")
    assert "`main`.`nope`.`x`" in failure(spark, "SELECT * FROM main.nope.x")
    assert "`nope`.`sales`.`x`" in failure(spark, "SELECT * FROM nope.sales.x")
    said = failure(spark, "DROP SCHEMA main.sales")
    assert "SCHEMA_NOT_EMPTY" in said and "`main`.`sales`" in said
    assert "NO_SUCH_CATALOG_EXCEPTION" in failure(spark, "CREATE SCHEMA nope.x")


def test_dataframe_api_and_generated_columns(spark: Any) -> None:
    from pyspark.sql import functions as F

    frame = spark.table("main.sales.orders").where(F.col("id") < 3).select("id", "who")
    frame.write.mode("overwrite").saveAsTable("main.sales.copied")
    frame.write.mode("append").saveAsTable("main.sales.copied")
    assert spark.table("main.sales.copied").count() == 4
    assert spark.catalog.tableExists("main.sales.copied")
    spark.sql("ALTER TABLE main.sales.copied RENAME TO main.sales.renamed")
    assert rows(spark, "SHOW TABLES IN main.sales LIKE 'ren*'") == [("sales", "renamed", False)]
    spark.sql(
        "CREATE OR REPLACE TABLE main.sales.renamed (n BIGINT GENERATED ALWAYS AS IDENTITY, a INT, "
        "b INT GENERATED ALWAYS AS (a + 1))"
    )
    spark.sql("INSERT INTO main.sales.renamed (a) VALUES (41)")
    assert rows(spark, "SELECT n, a, b FROM main.sales.renamed") == [(1, 41, 42)]


def test_views(spark: Any) -> None:
    spark.sql("CREATE VIEW main.sales.small AS SELECT id, who FROM sales.orders WHERE id < 3")
    assert spark.table("main.sales.small").orderBy("id").collect()[0].who == "a"
    shown = rows(spark, "SHOW VIEWS IN main.sales")
    assert shown == [("sales", "small", False)]
    spark.sql("CREATE OR REPLACE VIEW main.sales.small AS SELECT 7 AS id")
    assert rows(spark, "SELECT * FROM main.sales.small") == [(7,)]
    spark.sql("ALTER VIEW main.sales.small AS SELECT 8 AS id")
    assert rows(spark, "SELECT * FROM main.sales.small") == [(8,)]
    spark.sql("DROP VIEW main.sales.small")
    assert "TABLE_OR_VIEW_NOT_FOUND" in failure(spark, "SELECT * FROM main.sales.small")
    spark.sql("CREATE TEMPORARY VIEW passing AS SELECT 1 AS one")
    assert ("sales", "passing", False) not in rows(spark, "SHOW TABLES IN main.sales")
    spark.sql("DROP VIEW passing")


def test_current_catalog_and_schema(running: Any) -> None:
    with session(running) as spark:
        where = "SELECT current_catalog(), current_schema()"
        assert rows(spark, where) == [("main", "default")]
        spark.sql("CREATE CATALOG shop")
        spark.sql("USE CATALOG shop")
        assert rows(spark, where) == [("shop", "default")]
        spark.sql("CREATE SCHEMA s")
        spark.sql("USE SCHEMA s")
        spark.sql("CREATE TABLE t AS SELECT 1 AS a")
        assert rows(spark, "SHOW TABLES") == [("s", "t", False)]
        assert rows(spark, "SHOW SCHEMAS") == [("default",), ("information_schema",), ("s",)]
        assert rows(spark, "SHOW CATALOGS") == [("main",), ("shop",)]
        assert "NO_SUCH_CATALOG_EXCEPTION" in failure(spark, "USE CATALOG nowhere")


def test_a_catalog_made_elsewhere_is_there_for_a_session_that_was(running: Any, spark: Any) -> None:
    joined = rows(spark, "SELECT o.id, t.a FROM main.sales.orders o JOIN shop.s.t t ON o.id = t.a")
    assert joined == [(1, 1)]
    spark.sql("DROP CATALOG shop CASCADE")
    assert "TABLE_OR_VIEW_NOT_FOUND" in failure(spark, "SELECT * FROM shop.s.t")


def test_volumes_are_paths(running: Any, spark: Any) -> None:
    spark.sql("CREATE VOLUME main.sales.landing")
    place = running.folder / "volumes" / "main" / "sales" / "landing"
    (place / "in").mkdir()
    (place / "in" / "o 1.csv").write_text("id,name\n1,é\n")
    for path in ("/Volumes/main/sales/landing/in", "dbfs:/Volumes/main/sales/landing/in/o 1.csv"):
        read = spark.read.csv(path, header=True).select("id", "name", "_metadata.file_path")
        assert read.collect() == [("1", "é", "dbfs:/Volumes/main/sales/landing/in/o%201.csv")]
    binary = spark.read.format("binaryFile").load("/Volumes/main/sales/landing/in").collect()[0]
    assert bytes(binary.content) == "id,name\n1,é\n".encode()
    assert binary.path == "dbfs:/Volumes/main/sales/landing/in/o 1.csv"
    spark.range(2).coalesce(1).write.json("/Volumes/main/sales/landing/out")
    written = sorted(p.name for p in (place / "out").iterdir())
    assert len(written) == 2 and written[0] == "_SUCCESS"
    assert "PATH_NOT_FOUND" in failure(spark, "SELECT * FROM json.`/Volumes/main/sales/none`")


def test_information_schema(spark: Any) -> None:
    found = rows(
        spark,
        "SELECT table_type, comment, data_source_format FROM main.information_schema.tables "
        "WHERE table_schema = 'sales' AND table_name = 'orders'",
    )
    assert found == [("MANAGED", "one row per order", "DELTA")]
    columns = rows(
        spark,
        "SELECT column_name, ordinal_position, is_nullable, full_data_type, numeric_precision, numeric_scale, "
        "comment FROM main.information_schema.columns WHERE table_name = 'orders' ORDER BY ordinal_position",
    )
    assert columns == [
        ("id", 1, "NO", "bigint", None, None, "the key"),
        ("amount", 2, "YES", "decimal(10,2)", 10, 2, None),
        ("who", 3, "YES", "string", None, None, None),
    ]
    schemata = rows(spark, "SELECT schema_name FROM main.information_schema.schemata")
    shown = {r[0] for r in rows(spark, "SHOW SCHEMAS IN main")}  # other tests make some, too
    assert {"default", "sales"} <= shown
    assert sorted(schemata) == [(name,) for name in sorted(shown | {"information_schema"})]


def test_the_front_costs_little(spark: Any) -> None:
    """Parsing alone: what the front does for a statement that is none of its own."""
    from local_databricks.spark.grammar import parse

    began = time.perf_counter()
    for _ in range(1000):
        parse("SELECT id, amount FROM main.sales.orders WHERE id = 1")
    assert time.perf_counter() - began < 0.5
