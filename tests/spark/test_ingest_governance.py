"""Keys and tags against a catalog that parses what it is told with sqlglot, and remembers it as information_schema has it."""

from typing import Any

import pytest

sqlglot = pytest.importorskip("sqlglot")
pytest.importorskip("pyspark")

from bldr_ingest.governance import ForeignKey, govern, key_name  # noqa: E402
from bldr_ingest.session import Config, Session  # noqa: E402

PRIMARY = {"dim_customer": ["customer_key"], "fact_line": ["order_id", "line's"]}
FOREIGN = [ForeignKey("fact_line", "buyer`s", "dim_customer", "customer_key")]
LAYERS = {"bronze_orders": "bronze", "dim_customer": "gold"}


class Rows:
    def __init__(self, rows: list[dict[str, str]]) -> None:
        self.rows = rows

    def collect(self) -> list[dict[str, str]]:
        return self.rows


class Catalog:
    """Takes statements in Databricks' dialect; anything else is an error of the parser, or of this class."""

    def __init__(self) -> None:
        self.keys: dict[tuple[str, str], Any] = {}
        self.tags: dict[tuple[str, str], str] = {}

    def sql(self, statement: str) -> Rows | None:
        tree = sqlglot.parse_one(statement, read="databricks")
        if isinstance(tree, sqlglot.exp.Select):
            return Rows(self.answer(tree))
        assert isinstance(tree, sqlglot.exp.Alter), statement
        assert (tree.this.catalog, tree.this.db) == ("ma`in", "shop")
        (action,) = tree.args["actions"]
        if isinstance(action, sqlglot.exp.AddConstraint):
            self.add_key(tree.this.name, action)
        else:
            (tags,) = action.args["tag"]
            for tag in tags.expressions:
                self.tags[tree.this.name, tag.this.name] = tag.expression.name
        return None

    def add_key(self, table: str, action: Any) -> None:
        (constraint,) = action.expressions
        (kind,) = constraint.expressions
        columns = [column.name for column in kind.expressions]
        parent = None
        if isinstance(kind, sqlglot.exp.ForeignKey):
            schema = kind.args["reference"].this
            parent = (schema.this.name, [column.name for column in schema.expressions])
            assert any(key[0] == parent[0] for key in self.keys), "no primary key to refer to"
        # Unity Catalog keeps names in lower case, and refuses one that is there
        assert (table, constraint.name) not in self.keys
        self.keys[table, constraint.name] = (columns, parent)

    def answer(self, tree: Any) -> list[dict[str, str]]:
        source = tree.find(sqlglot.exp.Table)
        assert (source.catalog, source.db) == ("ma`in", "information_schema")
        where = tree.find(sqlglot.exp.EQ)
        assert where.expression.name == "shop"
        known = {"table_constraints": self.keys, "table_tags": self.tags}[source.name]
        columns = {column.name for column in tree.find_all(sqlglot.exp.Column)}
        if source.name == "table_constraints":
            assert columns == {"table_name", "constraint_name", "table_schema"}
        else:
            assert columns == {"table_name", "tag_name", "schema_name"}
        return [{"table_name": table.lower(), "name": name.lower()} for table, name in known]


def session(catalog: Catalog, *, governance: bool = True) -> Session:
    config = Config("ma`in", "shop", "/source", "run", False, False, 100.0, governance)
    return Session(catalog, config)  # type: ignore[arg-type, unused-ignore]


def test_keys_and_tags_are_told_once() -> None:
    catalog = Catalog()
    assert len(govern(session(catalog), PRIMARY, FOREIGN, LAYERS)) == 5
    assert catalog.keys == {
        ("dim_customer", "dim_customer_pk"): (["customer_key"], None),
        ("fact_line", "fact_line_pk"): (["order_id", "line's"], None),
        ("fact_line", "fact_line_buyer`s_fk"): (["buyer`s"], ("dim_customer", ["customer_key"])),
    }
    assert catalog.tags == {
        ("bronze_orders", "layer"): "bronze",
        ("bronze_orders", "generator"): "bldr",
        ("dim_customer", "layer"): "gold",
        ("dim_customer", "generator"): "bldr",
    }
    assert govern(session(catalog), PRIMARY, FOREIGN, LAYERS) == []


def test_what_is_missing_is_added() -> None:
    catalog = Catalog()
    govern(session(catalog), PRIMARY, [], {})
    assert len(govern(session(catalog), PRIMARY, FOREIGN, LAYERS)) == 3


def test_the_parameter_leaves_it_out() -> None:
    catalog = Catalog()
    assert govern(session(catalog, governance=False), PRIMARY, FOREIGN, LAYERS) == []
    assert (catalog.keys, catalog.tags) == ({}, {})


def test_long_names_of_keys_differ() -> None:
    names = {key_name("t" * 200, letter * 200, "fk") for letter in "ab"}
    names |= {key_name("t" * 200, "a" * 199 + "b", "fk")}
    assert len(names) == 3 and {len(name) for name in names} == {255}
