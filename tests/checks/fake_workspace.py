"""A workspace that is none: it answers what remote_plan asks, from a warehouse.db, by DuckDB and by the XXH64 of
make_warehouse.py. Spark itself runs the same statements in tests/spark/test_remote_checks.py.
"""

import datetime
import json
import re
import sqlite3
import struct
import subprocess
from decimal import Decimal
from pathlib import Path
from typing import Any

import checks_probe
import duckdb
from make_warehouse import sql_type, xxh64

CATALOG, SCHEMA = "lake", "odd`name"
SPARK_TYPES = {"text": "string", "bool": "boolean", "int64": "bigint"}
Result = dict[str, Any]
Cell = str | None


def signed(hash_: int) -> int:
    return hash_ - (1 << 64) if hash_ >> 63 else hash_


def hashed(seed: int, type_: str, cell: Cell) -> int:
    """SPARK.md 6, for the types that the jaffle star has; a date is its days since 1970."""
    if cell is None:
        return seed
    if type_ == "int64":
        return xxh64(struct.pack("<q", int(cell)), seed)
    if type_.startswith("decimal"):  # of at most 18 digits
        return xxh64(struct.pack("<q", int(Decimal(cell).scaleb(2))), seed)
    if type_ == "date":
        days = (datetime.date.fromisoformat(cell) - datetime.date(1970, 1, 1)).days
        return xxh64(struct.pack("<i", days), seed)
    return xxh64(cell.encode(), seed)


def bucket_count(statement: dict[str, Any]) -> int:
    found = re.search(r"pmod\(xxhash64\([^)]*\), (\d+)\)", statement["sql"])
    assert found
    return int(found[1])


class Workspace:
    """What stands there: the star of a warehouse.db, bronze, silver and quarantine as its bldr_ tables count them."""

    def __init__(self, star: Path, design: dict[str, Any], types: dict[str, str]) -> None:
        """types: how a column, "table.column", is declared there, where that is not as contracted."""
        self.tables = {table["name"]: table for table in design["tables"]}
        self.source = sqlite3.connect(star)
        self.types = types
        self.db = duckdb.connect()
        self.statements: dict[str, str] = {}
        self.db.execute(f"""ATTACH ':memory:' AS {CATALOG}; USE {CATALOG}; CREATE SCHEMA "{SCHEMA}";
            CREATE MACRO datediff(a, b) AS date_diff('day', b, a)""")
        for table in self.tables:
            if self.columns(table):
                self.load(table)

    def columns(self, table: str) -> list[dict[str, Any]]:
        """Those of the design that the file has."""
        there = {row[1] for row in self.source.execute(f"PRAGMA table_info({table})")}
        columns = self.tables[table]["columns"]
        return [c for c in columns if sql_type(c["name"], c["type"])[0] in there]

    def rows(self, table: str) -> list[tuple[Cell, ...]]:
        """As Spark's CAST AS STRING gives them."""
        columns = self.columns(table)
        names = ", ".join(f'"{sql_type(c["name"], c["type"])[0]}"' for c in columns)

        def text(value: Any, type_: str) -> Cell:
            if value is not None and type_.startswith("decimal") and isinstance(value, int):
                return str(Decimal(value).scaleb(-int(type_[:-1].split(",")[1])))
            if type_ == "bool" and value is not None:
                return "true" if value else "false"
            return None if value is None else str(value)

        found = self.source.execute(f"SELECT {names} FROM {table}")
        return [
            tuple(text(v, c["type"]) for v, c in zip(row, columns, strict=True)) for row in found
        ]

    def load(self, table: str) -> None:
        duck = {"text": "VARCHAR", "int64": "BIGINT", "bool": "BOOLEAN"}
        columns = self.columns(table)
        declared = ", ".join(f'"{c["name"]}" {duck.get(c["type"], c["type"])}' for c in columns)
        name = f'"{SCHEMA}"."{table}"'
        self.db.execute(f"CREATE TABLE {name} ({declared})")

        def literal(cell: Cell) -> str:
            return "NULL" if cell is None else "'" + cell.replace("'", "''") + "'"

        rows = ", ".join(f"({', '.join(map(literal, row))})" for row in self.rows(table))
        if rows:
            self.db.execute(f"INSERT INTO {name} VALUES {rows}")

    # ---- answers ----

    def answer(self, statement: dict[str, Any]) -> Result:
        what, _, name = statement["id"].rpartition(" ")
        self.statements[statement["id"]] = statement["sql"]
        ask = {
            "columns": self.describe,
            "layers": self.layers,
            "quarantine": self.quarantine,
            "rows": self.all_rows,
            "buckets": self.buckets,
            "rows of buckets": self.some_rows,
        }.get(what, self.query)
        try:
            columns, rows = ask(name, statement)
        except (duckdb.Error, sqlite3.Error, LookupError) as error:
            return {"id": statement["id"], "error": str(error), "columns": [], "rows": []}
        return {"id": statement["id"], "error": None, "columns": columns, "rows": rows}

    def query(self, _name: str, statement: dict[str, Any]) -> tuple[list[str], list[list[Cell]]]:
        sql = statement["sql"].replace("\\\\", "\\").replace(" struct(", " row(")
        sql = sql.replace('"', '""').replace("``", "\0").replace("`", '"').replace("\0", "`")
        parameters = statement["parameters"]
        done = self.db.execute(re.sub(r":(member\d+)", r"$\1", sql), parameters or None)
        return [c[0] for c in done.description], [list(row) for row in done.fetchall()]

    def describe(self, name: str, _statement: dict[str, Any]) -> tuple[list[str], list[list[Cell]]]:
        head = ["col_name", "data_type", "comment"]
        if name.startswith("bronze_"):
            return head, [["id", "string", None], ["_source_file", "string", None]]
        if not self.columns(name):
            raise LookupError(f"[TABLE_OR_VIEW_NOT_FOUND] {name}")
        rows: list[list[Cell]] = []
        for c in self.columns(name):
            type_ = self.types.get(f"{name}.{c['name']}", SPARK_TYPES.get(c["type"], c["type"]))
            rows.append([c["name"], type_, None])
        return head, [*rows, ["", "", ""], ["# Clustering Information", "", ""], [*head]]

    def layers(self, name: str, _statement: dict[str, Any]) -> tuple[list[str], list[list[Cell]]]:
        query = "SELECT read, loaded FROM bldr_layer WHERE source_table = ?"
        counts = self.source.execute(query, [name]).fetchone()
        gold = sum(row[3] == "gold" for row in self.quarantine(name, {})[1])
        return ["bronze", "silver"], [[str(counts[0]), str(counts[1] + gold)]] if counts else []

    def quarantine(
        self, name: str, _statement: dict[str, Any]
    ) -> tuple[list[str], list[list[Cell]]]:
        query = """SELECT path, CAST(line AS TEXT), '0', iif(kind IS 'refused', 'gold', 'silver'), kind, reason
            FROM bldr_quarantine WHERE source_table = ?"""
        rows = [list(row) for row in self.source.execute(query, [name])]
        return ["file", "line", "record", "layer", "kind", "reason"], rows

    def all_rows(self, name: str, _statement: dict[str, Any]) -> tuple[list[str], list[list[Cell]]]:
        places = [c["name"] for c in self.tables[name]["columns"]]
        columns = [f"c{places.index(c['name'])}" for c in self.columns(name)]
        return columns, [list(row) for row in self.rows(name)]

    def bucketed(self, name: str, buckets: int) -> list[tuple[int, tuple[Cell, ...]]]:
        columns = self.columns(name)
        keys = [c["name"] for c in columns if c["role"] == "surrogate_key"]
        keys = keys or self.tables[name]["grain_columns"]
        found = []
        for row in self.rows(name):
            cells = {c["name"]: (c["type"], cell) for c, cell in zip(columns, row, strict=True)}
            hash_ = 42
            for key in keys:
                hash_ = hashed(hash_, *cells[key])
            found.append((signed(hash_) % buckets, row))
        return found

    def buckets(self, name: str, statement: dict[str, Any]) -> tuple[list[str], list[list[Cell]]]:
        number = bucket_count(statement)
        found: dict[int, list[int]] = {}
        for bucket, row in self.bucketed(name, number):
            hash_ = 42
            for column, cell in zip(self.columns(name), row, strict=True):
                hash_ = hashed(hash_, column["type"], cell)
            nulls = "".join("1" if cell is None else "0" for cell in row)
            found.setdefault(bucket, []).append(signed(xxh64(nulls.encode(), hash_)))
        rows: list[list[Cell]] = []
        for bucket, hashes in found.items():
            xored = 0
            for one in hashes:
                xored ^= one
            rows.append([str(bucket), str(len(hashes)), str(sum(hashes)), str(xored)])
        return ["bucket", "rows", "hashes", "xored"], rows

    def some_rows(self, name: str, statement: dict[str, Any]) -> tuple[list[str], list[list[Cell]]]:
        asked = {int(b) for b in statement["parameters"]["buckets"].split(",")}
        number = bucket_count(statement)
        rows = [list(row) for bucket, row in self.bucketed(name, number) if bucket in asked]
        return self.all_rows(name, statement)[0], rows


def ask_everything(
    case: Path, source: Path, workspace: Any, rows_max: int = 20000
) -> tuple[list[Result], int]:
    """All results, and how many rounds of statements it took; CASE/remote.json holds them."""
    results: list[Result] = []
    for rounds in range(10):
        remote = {
            "catalog": CATALOG,
            "schema": SCHEMA,
            "rows_max": rows_max,
            "results": results,
        }
        (case / "remote.json").write_text(json.dumps(remote), encoding="utf-8")
        lines = checks_probe.run("plan", case, source).split("\n")
        statements = [json.loads(line) for line in lines if line]
        if not statements:
            return results, rounds
        assert len({s["id"] for s in statements}) == len(statements)
        results += [workspace.answer(s) for s in statements]
    raise AssertionError("it never stops asking")


def judge(case: Path, source: Path) -> tuple[dict[str, dict[str, Any]], dict[str, int]]:
    """Findings by "check subject", and how many rows each statement was answered with."""
    checks_probe.run("judge", case, source)
    results = json.loads((case / "remote.json").read_text(encoding="utf-8"))["results"]
    answered = {r["id"]: len(r["rows"]) for r in results}
    checks = checks_probe.load(case, "findings")["checks"]
    return {f"{f['check']} {f['subject']}": f for f in checks}, answered


def spark_hashes(case: Path, rows: list[list[tuple[str, Cell]]]) -> list[int]:
    """The C side's hash of rows of (type, canonical text)."""
    (case / "rows.json").write_text(json.dumps(rows), encoding="utf-8")
    done = subprocess.run(
        [checks_probe.PROBE, "hash", case, "."], capture_output=True, text=True, check=True
    )
    return [int(line) for line in done.stdout.split()]
