"""Which statements the front takes for its own, and what it reads in them. The expected requests are written by hand."""

from __future__ import annotations

from typing import Any

import pytest
from fixtures import needs_workspace

pytestmark = needs_workspace

# Spark's: the front must not touch them, whatever words they hold.
SPARKS = [
    "SELECT 1",
    "",
    "-- GRANT SELECT ON t TO u\nSELECT 1",
    "SELECT 'CREATE CATALOG x'",
    "USE main",
    "USE SCHEMA sales",
    "SET spark.sql.ansi.enabled = true",
    "SET TIME ZONE 'UTC'",
    "CREATE TABLE t (id BIGINT, note STRING COMMENT 'PRIMARY KEY (id)') USING DELTA",
    "CREATE TABLE t AS SELECT 1 AS primary_key",
    "CREATE VIEW v AS SELECT 1",
    "CREATE SCHEMA IF NOT EXISTS main.sales",
    "ALTER TABLE t ADD CONSTRAINT positive CHECK (amount > 0)",
    "ALTER TABLE t SET TBLPROPERTIES ('a' = 'b')",
    "ALTER TABLE t ADD COLUMNS (x INT)",
    "ALTER TABLE t DROP COLUMN x",
    "ALTER TABLE t ALTER COLUMN x COMMENT 'PRIMARY KEY'",
    "ALTER SCHEMA s SET DBPROPERTIES ('x' = 'y')",
    "COMMENT ON TABLE t IS 'x'",
    "DROP TABLE IF EXISTS t",
    "SHOW TABLES IN main.sales",
    "DESCRIBE HISTORY t",
    "DESCRIBE t",
    "MERGE INTO t USING s ON t.id = s.id WHEN MATCHED THEN DELETE",
    "SELECT 'open",  # Spark says what is wrong with it
    "CREATE TABLE t (id INT /* not closed",
]


@pytest.mark.parametrize("text", SPARKS)
def test_what_is_spark_s_is_left_to_spark(text: str) -> None:
    from local_databricks.spark.grammar import parse

    assert parse(text) is None


def test_create_table_loses_its_keys_and_nothing_else() -> None:
    from local_databricks.spark.grammar import parse

    text = (
        "CREATE TABLE IF NOT EXISTS a.`b c`.t (\n"
        "  id BIGINT COMMENT 'first, PRIMARY KEY (x)',  -- the key\n"
        "  tags MAP<STRING, ARRAY<INT>>,\n"
        "  parent BIGINT CONSTRAINT up REFERENCES a.b.p NOT ENFORCED,\n"
        "  price DECIMAL(10, 2) NOT NULL DEFAULT (1 + 2),\n"
        "  CONSTRAINT pk PRIMARY KEY (id, price) NOT ENFORCED RELY\n"
        ") USING delta CLUSTER BY AUTO COMMENT 'CLUSTER BY AUTO'"
    )
    request = parse(text)
    assert request is not None
    assert request["spark"] == (
        "CREATE TABLE IF NOT EXISTS a.`b c`.t (\n"
        "  id BIGINT COMMENT 'first, PRIMARY KEY (x)' NOT NULL,  -- the key\n"
        "  tags MAP<STRING, ARRAY<INT>>,\n"
        "  parent BIGINT ,\n"
        "  price DECIMAL(10, 2) NOT NULL DEFAULT (1 + 2)\n"
        ") USING delta  COMMENT 'CLUSTER BY AUTO'"
    )
    assert request["table"] == ["a", "b c", "t"] and request["cluster_by_auto"]
    assert request["columns"] == ["id", "tags", "parent", "price"]
    up = {"name": "up", "kind": "FOREIGN KEY", "columns": ["parent"], "rely": False}
    pk = {"name": "pk", "kind": "PRIMARY KEY", "columns": ["id", "price"], "rely": True}
    assert request["constraints"] == [{**up, "parent": ["a", "b", "p"], "parent_columns": []}, pk]


READ: list[tuple[str, dict[str, Any]]] = [
    ("use catalog `my cat`;", {"op": "use_catalog", "name": "my cat"}),
    (
        "GRANT SELECT, use schema ON SCHEMA a.b TO `x@y`",
        {
            "op": "grant",
            "privileges": ["SELECT", "USE_SCHEMA"],
            "kind": "SCHEMA",
            "name": ["a", "b"],
            "principal": "x@y",
        },
    ),
    (
        "/* c */ ALTER TABLE a.t ALTER COLUMN c SET TAGS ('k' = 'it\\'s', 'alone')",
        {
            "op": "set_tags",
            "kind": "TABLE",
            "name": ["a", "t"],
            "column": "c",
            "tags": {"k": "it's", "alone": ""},
        },
    ),
    (
        "SHOW VOLUMES IN a.b LIKE 'x*'",
        {"op": "show_volumes", "schema": ["a", "b"], "like": "x*"},
    ),
    (
        "SET TAG ON COLUMN a.b.t.c cost = hr",
        {
            "op": "set_tags",
            "kind": "TABLE",
            "name": ["a", "b", "t"],
            "column": "c",
            "tags": {"cost": "hr"},
        },
    ),
]


@pytest.mark.parametrize(("text", "request_"), READ)
def test_what_is_read(text: str, request_: dict[str, Any]) -> None:
    from local_databricks.spark.grammar import parse

    assert parse(text) == request_


def test_identifier_clause_takes_a_parameter() -> None:
    from local_databricks.spark.grammar import parse

    found = parse("USE CATALOG IDENTIFIER(:c)", {"c": "shop"})
    assert found == {"op": "use_catalog", "name": "shop"}


@pytest.mark.parametrize(
    ("text", "near", "position"),
    [
        ("GRANT SELECT ON", "end of input", 15),
        ("GRANT SELECT ON t FROM u", "'FROM'", 18),
        ("ALTER TABLE t ADD PRIMARY KEY (a) ENFORCED", "'ENFORCED'", 34),
        ("CREATE CATALOG a.b", "'.'", 16),
        ("CREATE VOLUME v nonsense", "'nonsense'", 16),
        ("ALTER TABLE t SET TAGS ('a' == 'b')", "'='", 29),
        ("CREATE TABLE t (id INT PRIMARY KEY", "end of input", 34),
    ],
)
def test_a_mistake_is_a_syntax_error_at_its_place(text: str, near: str, position: int) -> None:
    from local_databricks.spark.grammar import parse
    from local_databricks.spark.parser import SyntaxFault

    with pytest.raises(SyntaxFault) as raised:
        parse(text)
    said = str(raised.value)
    assert f"[PARSE_SYNTAX_ERROR] Syntax error at or near {near}. SQLSTATE: 42601" in said
    assert f"(line 1, pos {position})" in said
