"""A star that stands in Spark: the tables of a warehouse.db, typed as contracted, with layers as its bldr_ tables count
them; and an answer to each statement of src/checks/remote.h. Nothing of it comes from the C side.
"""

import datetime
import importlib
import sqlite3
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).resolve().parents[1] / "checks"))
import fake_workspace

Cell = str | None
CATALOG = "spark_catalog"  # not one of the workspace's own: its tables are Parquet files, which are made fast
EPOCH = datetime.datetime(1970, 1, 1)
SPARK_TYPES = {"text": "string", "bool": "boolean", "int64": "bigint"}


def typed(type_: str, cell: Cell) -> Any:
    """A canonical text as pyarrow takes it."""
    if cell is None or type_ == "text":
        return cell
    if type_ == "bool":
        return cell == "true"
    if type_ == "int64":
        return int(cell)
    if type_ == "double":
        return float(cell)
    if type_ == "date":
        return datetime.date.fromisoformat(cell)
    if type_.startswith("timestamp"):
        time = datetime.datetime.fromisoformat(cell.removesuffix("Z"))
        return (time - EPOCH) // datetime.timedelta(microseconds=1)
    return Decimal(cell)


def arrow_type(arrow: Any, type_: str) -> Any:
    if type_.startswith("decimal"):
        return arrow.decimal128(*map(int, type_[8:-1].split(",")))
    return {
        "text": arrow.string(),
        "bool": arrow.bool_(),
        "int64": arrow.int64(),
        "double": arrow.float64(),
        "date": arrow.date32(),
        "timestamp": arrow.timestamp("us", tz="UTC"),
        "timestamp_ntz": arrow.timestamp("us"),
    }[type_]


class SparkWorkspace:
    """schema is this workspace's own; `run` is what a caller may use to change what stands there."""

    def __init__(
        self,
        session: Any,
        folder: Path,
        schema: str,
        star: Path,
        design: dict[str, Any],
        hashes: dict[str, str],
    ) -> None:
        """hashes: of the file of each source, by its table."""
        self.session = session
        self.folder = folder
        self.schema = schema
        self.design = design
        self.hashes = hashes
        self.replaced = 0
        self.star = fake_workspace.Workspace.__new__(fake_workspace.Workspace)
        self.star.source = sqlite3.connect(star)
        self.star.tables = {table["name"]: table for table in design["tables"]}
        session.sql(f"CREATE SCHEMA IF NOT EXISTS `{CATALOG}`.`{schema}`")
        for table in design["tables"]:
            columns = self.star.columns(table["name"])
            self.write(
                table["name"],
                [(c["name"], c["type"]) for c in columns],
                self.star.rows(table["name"]),
            )
        for source, read, loaded in self.layers():
            self.write_layers(source, read, loaded)

    def name(self, table: str) -> str:
        """A table's name as SQL takes it."""
        return f"`{CATALOG}`.`{self.schema}`.`{table}`"

    def layers(self) -> list[tuple[str, int, int]]:
        query = "SELECT source_table, read, loaded FROM bldr_layer"
        return list(self.star.source.execute(query))

    def write(
        self, name: str, columns: list[tuple[str, str]], rows: list[tuple[Cell, ...]]
    ) -> None:
        arrow = importlib.import_module("pyarrow")
        arrays = [
            arrow.array([typed(type_, row[i]) for row in rows], arrow_type(arrow, type_))
            for i, (_, type_) in enumerate(columns)
        ]
        place = self.folder / self.schema / name
        place.mkdir(parents=True)
        table = arrow.table(arrays, names=[column for column, _ in columns])
        importlib.import_module("pyarrow.parquet").write_table(table, place / "rows.parquet")
        types = ", ".join(f"`{c}` {SPARK_TYPES.get(t, t)}" for c, t in columns)
        where = f"USING parquet LOCATION '{place}'"
        self.session.sql(f"CREATE TABLE {self.name(name)} ({types}) {where}")

    def write_layers(self, source: str, read: int, loaded: int) -> None:
        """Bronze has an image of an earlier content and one of an earlier run as well; what gold alone refused is in silver."""
        lineage = [("_source_file", "text"), ("_source_line", "int64")]
        query = """SELECT path, CAST(line AS TEXT), CAST(byte_offset AS TEXT), kind, reason, kind = 'refused'
            FROM bldr_quarantine WHERE source_table = ?"""
        refused = list(self.star.source.execute(query, [source]))
        by_gold = [row[:5] for row in refused if row[5]]
        now = self.hashes[source]
        earlier = [("f", str(i), "h1", "c", "2026-01-01T00:00:00Z") for i in range(read + 3)]
        again = [("f", str(i), now, "b", "2026-01-02T00:00:00Z") for i in range(read)]
        latest = [("f", str(i), now, "a", "2026-01-03T00:00:00Z") for i in range(read)]
        image = [("_source_hash", "text"), ("_run_id", "text"), ("_ingested_at", "timestamp")]
        self.write(f"bronze_{source}", [*lineage, *image], [*earlier, *again, *latest])
        silver = [("f", str(i)) for i in range(loaded + len(by_gold))]
        self.write(f"silver_{source}", lineage, list(silver))
        columns = [*lineage, ("_source_record", "int64"), ("kind", "text"), ("reason", "text")]
        self.write(f"quarantine_{source}", columns, [row[:5] for row in refused if not row[5]])
        for table in self.design["tables"]:  # two targets of a source may refuse the same record
            if table.get("source") == source:
                self.write(f"quarantine_{table['name']}", columns, by_gold)

    def run(self, sql: str) -> None:
        self.session.sql(sql)

    def replace(self, table: str, query: str) -> None:
        """The table becomes what the query gives over it, called old."""
        name = self.name(table)
        self.session.table(name).createOrReplaceTempView("old")
        rows = self.session.sql(query).toArrow()
        self.session.sql(f"DROP TABLE {name}")
        self.replaced += 1
        place = self.folder / self.schema / f"{table}_{self.replaced}"
        place.mkdir()
        importlib.import_module("pyarrow.parquet").write_table(rows, place / "rows.parquet")
        self.session.sql(f"CREATE TABLE {name} USING parquet LOCATION '{place}'")

    def answer(self, statement: dict[str, Any]) -> dict[str, Any]:
        try:
            frame = self.session.sql(statement["sql"], args=statement["parameters"])
            rows = [list(row) for row in frame.collect()]
            columns = frame.columns
        except Exception as error:
            return {"id": statement["id"], "error": str(error), "columns": [], "rows": []}
        assert all(cell is None or isinstance(cell, str) for row in rows for cell in row)
        return {"id": statement["id"], "error": None, "columns": columns, "rows": rows}
