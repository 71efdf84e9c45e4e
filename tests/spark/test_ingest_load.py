"""Tables that are there already, on real Delta: what another pipeline, or an earlier run, has left behind."""

import secrets
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pyspark")

from bldr_ingest import JsonDialect, bronze, load, read_json
from bldr_ingest.audit import Entry, Image
from bldr_ingest.session import Config, Session
from fixtures import needs_spark

pytestmark = [needs_spark]
CATALOG = "main"


@pytest.fixture(scope="module")
def schema(spark_session: Any) -> Iterator[str]:
    name = f"load_{secrets.token_hex(4)}"
    spark_session.sql(f"CREATE SCHEMA {CATALOG}.{name}")
    yield name
    spark_session.sql(f"DROP SCHEMA {CATALOG}.{name} CASCADE")


def new_session(spark: Any, schema: str) -> Session:
    """A task's: it knows nothing of what others have created."""
    return Session(spark, Config(CATALOG, schema, "/nowhere", "run", False, False, 100.0, False))


def put(
    spark: Any, schema: str, table: str, columns: str, query: str, *, full_refresh: bool = False
) -> None:
    """What a task of silver or gold does: creates the table, and merges these rows by `key`."""
    session = new_session(spark, schema)
    session = replace(session, config=replace(session.config, full_refresh=full_refresh))
    checks = {"known": "key <> 99"}
    load.create(session, table, columns, "A table", checks=checks, replaceable=True)
    rows = spark.sql(query)
    compared = [name for name in rows.columns if name != "key"]
    load.merge(session, rows, table, ["key"], compared, image=True)


def rows_of(spark: Any, schema: str, table: str) -> list[dict[str, Any]]:
    found = spark.table(f"{CATALOG}.{schema}.{table}").orderBy("key").collect()
    return [row.asDict() for row in found]


# ---- columns ----


def test_a_table_gets_the_columns_that_it_lacks(spark_session: Any, schema: str) -> None:
    put(
        spark_session,
        schema,
        "grown",
        "key BIGINT NOT NULL, Text STRING",
        "SELECT 1L key, 'a' Text",
    )
    columns = r"key BIGINT NOT NULL, `text` STRING, `more` STRING COMMENT 'it\'s \"new\"', `at` TIMESTAMP_NTZ"
    query = "SELECT 1L key, 'a' text, 'b' more, TIMESTAMP_NTZ'2024-02-29 01:02:03' at"
    put(spark_session, schema, "grown", columns, query)
    (row,) = rows_of(spark_session, schema, "grown")
    assert (row["Text"], row["more"], str(row["at"])) == ("a", "b", "2024-02-29 01:02:03")
    comments = {
        f.name: f.metadata.get("comment")
        for f in new_session(spark_session, schema).read("grown").schema
    }
    assert comments["more"] == 'it\'s "new"'


@pytest.mark.parametrize(
    ("before", "after", "value", "becomes"),
    [
        ("6,2", "8,4", "1.2345", "8,4"),
        ("6,2", "9,2", "1234567.89", "9,2"),
        ("6,2", "5,4", "1.2345", "8,4"),
        ("6,2", "4,2", "1.25", "6,2"),
        ("6,2", "4,1", "1.5", "6,2"),
    ],
)
def test_decimals_get_the_digits_that_they_need(
    spark_session: Any, schema: str, before: str, after: str, value: str, becomes: str
) -> None:
    """Delta would round what does not fit the scale, and say nothing. What holds more digits stays as it is."""
    table = f"digits_{before}_to_{after}".replace(",", "_")
    for kind, prices in ((before, ["1234.56"]), (after, [value]), (after, [value])):
        rows = [
            f"SELECT {i}L key, CAST('{p}' AS DECIMAL({kind})) price" for i, p in enumerate(prices)
        ]
        columns = f"key BIGINT NOT NULL, price DECIMAL({kind}) NOT NULL"
        put(spark_session, schema, table, columns, " UNION ALL ".join(rows))
    (row,) = rows_of(spark_session, schema, table)
    assert row["price"] == Decimal(value)
    types = dict(new_session(spark_session, schema).read(table).dtypes)
    assert types["price"] == f"decimal({becomes})"


def test_a_column_of_another_type_ends_the_task(spark_session: Any, schema: str) -> None:
    before = "key BIGINT NOT NULL, price DECIMAL(36,2), name STRING"
    put(
        spark_session, schema, "types", before, "SELECT 1L key, 1.25::DECIMAL(36,2) price, 'a' name"
    )
    after = "key BIGINT NOT NULL, price DECIMAL(8,6), name BIGINT"
    query = "SELECT 1L key, CAST(1.2345 AS DECIMAL(8,6)) price, 7L name"
    wrong = r"price is decimal\(36,2\).*decimal\(8,6\).*name is string, this one has bigint"
    with pytest.raises(ValueError, match=wrong) as told:
        put(spark_session, schema, "types", after, query)
    assert f"{schema}`.`types" in str(told.value)
    assert str(rows_of(spark_session, schema, "types")[0]["price"]) == "1.25"


def test_a_new_column_that_holds_no_null_ends_the_task(spark_session: Any, schema: str) -> None:
    put(spark_session, schema, "needed", "key BIGINT NOT NULL", "SELECT 1L key")
    with pytest.raises(ValueError, match="lacks amount, which is never NULL"):
        columns = "key BIGINT NOT NULL, amount BIGINT NOT NULL"
        put(spark_session, schema, "needed", columns, "SELECT 1L key, 2L amount")


def test_a_full_refresh_replaces_a_table_that_has_other_columns(
    spark_session: Any, schema: str
) -> None:
    before = "key BIGINT NOT NULL, price BIGINT, old STRING"
    put(spark_session, schema, "anew", before, "SELECT 1L key, 125L price, 'o' old")
    after = "key BIGINT NOT NULL, price DECIMAL(6,2) NOT NULL, name STRING"
    query = "SELECT 2L key, 1.25BD price, 'a' name"
    with pytest.raises(ValueError, match=r"price is bigint.*full_refresh"):
        put(spark_session, schema, "anew", after, query)
    assert [row["key"] for row in rows_of(spark_session, schema, "anew")] == [1]
    put(spark_session, schema, "anew", after, query, full_refresh=True)
    expected = [{"key": 2, "price": Decimal("1.25"), "name": "a"}]
    assert rows_of(spark_session, schema, "anew") == expected
    name = f"{CATALOG}.{schema}.anew"
    for wrong in ("(99, 1.25, 'a')", "(3, NULL, 'a')"):
        with pytest.raises(Exception, match=r"DELTA_(VIOLATE|NOT_NULL)"):
            spark_session.sql(f"INSERT INTO {name} VALUES {wrong}")
    history = spark_session.sql(f"DESCRIBE HISTORY {name}").count()
    put(spark_session, schema, "anew", after, query, full_refresh=True)
    assert spark_session.sql(f"DESCRIBE HISTORY {name}").count() == history


def test_a_column_that_is_made_no_more_stays(spark_session: Any, schema: str) -> None:
    before = "key BIGINT NOT NULL, old STRING NOT NULL, name STRING"
    query = "SELECT * FROM VALUES (1L, 'o1', 'a'), (2L, 'o2', 'b') AS rows(key, old, name)"
    put(spark_session, schema, "shrunk", before, query)
    query = "SELECT * FROM VALUES (1L, 'a'), (2L, 'other'), (3L, 'c') AS rows(key, name)"
    put(spark_session, schema, "shrunk", "key BIGINT NOT NULL, name STRING", query)
    found = [(r["key"], r["old"], r["name"]) for r in rows_of(spark_session, schema, "shrunk")]
    assert found == [(1, "o1", "a"), (2, "o2", "other"), (3, None, "c")]


def test_a_column_may_hold_null_when_the_mapping_says_so_by_now(
    spark_session: Any, schema: str
) -> None:
    put(
        spark_session,
        schema,
        "eased",
        "key BIGINT NOT NULL, name STRING NOT NULL",
        "SELECT 1L key, 'a' name",
    )
    put(
        spark_session,
        schema,
        "eased",
        "key BIGINT NOT NULL, name STRING",
        "SELECT 1L key, NULL::STRING name",
    )
    assert rows_of(spark_session, schema, "eased") == [{"key": 1, "name": None}]


# ---- images ----

BRONZE = (
    "`{0}` STRING, _source_file STRING NOT NULL, _source_line BIGINT NOT NULL, _source_hash STRING NOT NULL, "
    "_ingested_at TIMESTAMP NOT NULL, _run_id STRING NOT NULL"
)


def append(spark: Any, schema: str, table: str, columns: str, run: str, query: str) -> None:
    """An image of one line, as a bronze task appends it."""
    session = new_session(spark, schema)
    load.create(session, table, columns, "A table", cluster_by=["_run_id"])
    line = "'f.csv' _source_file, 1L _source_line, 'h' _source_hash"
    image = Image("f.csv", run, "h", 0)
    bronze.append(session, table, spark.sql(f"SELECT {query}, {line}"), image, ["_source_line"])


def test_an_image_is_appended_whatever_columns_others_had(spark_session: Any, schema: str) -> None:
    append(spark_session, schema, "images", BRONZE.format("one"), "run1", "'a' one")
    both = BRONZE.format("one").replace("_source_file", "two STRING, _source_file", 1)
    append(spark_session, schema, "images", both, "run2", "'b' one, 'new' two")
    append(spark_session, schema, "images", BRONZE.format("two"), "run3", "'c' two")
    found = spark_session.table(f"{CATALOG}.{schema}.images").orderBy("_run_id").collect()
    assert [(r["one"], r["two"]) for r in found] == [("a", None), ("b", "new"), (None, "c")]


def test_appending_an_image_does_not_read_the_others(
    spark_session: Any, schema: str, shared_spark_workspace: Any
) -> None:
    append(spark_session, schema, "history", BRONZE.format("one"), "run1", "'a' one")
    warehouse = Path(shared_spark_workspace.folder).resolve() / "spark" / "warehouse"
    (file,) = (warehouse / f"{CATALOG}__{schema}.db" / "history").rglob("*.parquet")
    file.rename(file.with_suffix(".away"))
    for _ in range(2):  # the second one is a run that is repeated
        append(spark_session, schema, "history", BRONZE.format("one"), "run2", "'b' one")
    found = new_session(spark_session, schema).read("history").filter("_run_id = 'run2'").collect()
    assert [r["one"] for r in found] == ["b"]


def test_a_file_that_is_emptied_while_it_is_read_is_no_image_without_rows(
    spark_session: Any, schema: str, tmp_path: Path
) -> None:
    """As it stands for a moment when somebody writes it anew; silver would lose all its rows."""
    file = tmp_path / "f.jsonl"
    file.write_text('{"one": "a"}\n')
    config = replace(new_session(spark_session, schema).config, source_path=str(tmp_path))
    session = Session(spark_session, config)
    columns = BRONZE.format("one").replace(
        "_source_file",
        "_corrupt_record STRING, _corrupt_reason STRING, _row_hash STRING, _source_file",
        1,
    )
    load.create(session, "emptied", columns, "A table", cluster_by=["_run_id"])

    def records() -> Any:
        file.write_text("")
        return read_json(
            spark_session, str(file), JsonDialect(columns=("one",)), source_file=file.name
        )

    entry = Entry("run", file.name)
    with pytest.raises(ValueError, match="changed while it was read"):
        bronze.append_image(session, entry, "emptied", records, ["_source_line"])
    assert entry.image_run_id is None
    bronze.append_image(
        session, entry, "emptied", records, ["_source_line"]
    )  # empty from the beginning
    assert (entry.image_run_id, entry.rows_read) == ("run", 0)
