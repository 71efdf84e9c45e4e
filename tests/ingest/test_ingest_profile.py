"""Profile numbers that other programs give: DuckDB for jaffle_shop, Python's csv for all sets of shared/data.

Nothing here knows how src/ingest works. DuckDB reads the files with its own sniffer; Python counts nulls, distinct
values, lengths and frequencies of the values as they are written.
"""

import csv
import json
import os
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import jsonschema
import pytest

ROOT = Path(os.environ["BLDR_ROOT"])
DUMP = Path(os.environ["BLDR_BUILD"]) / "tests" / "ingest" / "ingest_dump"
JAFFLE = ROOT / "data" / "jaffle_shop"
SHARED = ROOT.parent / "shared" / "data"
SETS = sorted(p.parent.name for p in SHARED.glob("*/ground_truth.json"))

DUCKDB_TYPES = {"BIGINT": "int64", "VARCHAR": "text", "DATE": "date"}


def artefact(kind: str, folder: Path) -> dict[str, Any]:
    done = subprocess.run([DUMP, kind, folder], capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def profile(folder: Path) -> dict[str, Any]:
    return artefact("profile", folder)


def query(sql: str) -> list[tuple[Any, ...]]:
    relation = duckdb.sql(sql)
    assert relation is not None
    return relation.fetchall()


@pytest.mark.parametrize("path", sorted(JAFFLE.glob("*.csv")), ids=lambda p: p.stem)
def test_jaffle_shop_as_duckdb_sees_it(path: Path) -> None:
    table = next(t for t in profile(JAFFLE)["tables"] if t["table"] == path.stem)
    source = f"read_csv('{path}')"
    described = query(f"describe from {source}")
    assert [c["name"] for c in table["columns"]] == [d[0] for d in described]
    rows = query(f"select count(*) from {source}")[0][0]
    assert (table["rows"], table["rejected_rows"], table["rejected"]) == (rows, 0, [])
    for column, (name, duckdb_type, *_) in zip(table["columns"], described, strict=True):
        assert column["type"] == DUCKDB_TYPES[duckdb_type]
        expected = query(
            f'select count(*) - count("{name}"), count(distinct "{name}"),'
            f' min("{name}")::varchar, max("{name}")::varchar,'
            f' min(length("{name}"::varchar)), max(length("{name}"::varchar)) from {source}'
        )[0]
        keys = ("nulls", "distinct", "min", "max", "min_length", "max_length")
        assert tuple(column[k] for k in keys) == expected
        top = query(
            f'select "{name}"::varchar as v, count(*) as n from {source} where v is not null'
            " group by v order by n desc, v limit 10"
        )
        assert [(t["token"], t["count"]) for t in column["top"]] == top


def test_jaffle_shop_dates() -> None:
    orders = next(t for t in profile(JAFFLE)["tables"] if t["table"] == "raw_orders")
    dates = next(c for c in orders["columns"] if c["name"] == "order_date")
    found = [(f["format"], f["matches"]) for f in dates["date_formats"]]
    expected = query(
        "select count(try_strptime(order_date, '%Y-%m-%d')), count(try_strptime(order_date, '%Y-%d-%m'))"
        f" from read_csv('{JAFFLE}/raw_orders.csv', all_varchar=true)"
    )[0]
    assert found == [("yyyy-MM-dd", expected[0]), ("yyyy-dd-MM", expected[1])]


def test_jaffle_shop_keys() -> None:
    found = profile(JAFFLE)
    keys = {t["table"]: [k["columns"] for k in t["keys"] if k["chosen"]] for t in found["tables"]}
    assert keys == {"raw_customers": [["id"]], "raw_orders": [["id"]], "raw_payments": [["id"]]}
    taken = [
        (i["from_table"], i["from_columns"], i["to_table"], i["to_columns"])
        for i in found["inclusions"]
        if i["chosen"]
    ]
    assert taken == [
        ("raw_orders", ["user_id"], "raw_customers", ["id"]),
        ("raw_payments", ["order_id"], "raw_orders", ["id"]),
    ]


def test_same_bytes_again() -> None:
    first = subprocess.run([DUMP, "profile", JAFFLE], capture_output=True, check=True).stdout
    again = subprocess.run([DUMP, "profile", JAFFLE], capture_output=True, check=True).stdout
    assert first == again


@pytest.mark.parametrize("kind", ["sources", "profile"])
def test_schema(kind: str, tmp_path: Path) -> None:
    schema = json.loads((ROOT / "schemas" / f"{kind}.schema.json").read_text())
    (tmp_path / "a.csv").write_bytes(b"id,d,x,y,z\n1,1/2/2020,NULL,1.5,q\n2,31/1/2020,,2,\xff\n3\n")
    (tmp_path / "b.csv").write_bytes(b"a_id,n\n1,1e3\n1,2\n")
    (tmp_path / "c.csv").write_bytes(b"nothing\n")
    (tmp_path / "d.txt").write_bytes(b"")
    for folder in [tmp_path, JAFFLE, *(SHARED / name / "data" for name in SETS)]:
        jsonschema.validate({**artefact(kind, folder), "artefact": kind}, schema)  # as written


NULLS = {
    "",
    "\\N",
    "NULL",
    "Null",
    "null",
    "N/A",
    "n/a",
    "None",
    "NONE",
}  # of shared/data; NA is Namibia there


def shown(text: str) -> str:
    raw = text.encode()
    return text if len(raw) <= 256 else raw[:256].decode(errors="ignore") + "…"


def check_column(column: dict[str, Any], values: list[str]) -> None:
    nulls = [v for v in values if v.strip(" \t") in NULLS]
    others = [v for v in values if v.strip(" \t") not in NULLS]
    assert column["nulls"] == len(nulls)
    tokens = sorted(Counter(v.strip(" \t") for v in nulls).items())
    assert [(t["token"], t["count"]) for t in column["null_tokens"]] == tokens
    assert column["distinct"] == len(set(others))
    lengths = [len(v) for v in others] or [0]
    assert (column["min_length"], column["max_length"]) == (min(lengths), max(lengths))
    ranked = sorted(Counter(others).items(), key=lambda item: (-item[1], item[0].encode()))
    assert [(t["token"], t["count"]) for t in column["top"]] == [
        (shown(v), n) for v, n in ranked[:10]
    ]
    if column["type"] == "int64":
        numbers = [int(v) for v in others]
        assert (int(column["min"]), int(column["max"])) == (min(numbers), max(numbers))
    if column["type"] == "text" and others:
        assert column["min"] == shown(min(others, key=str.encode))
        assert column["max"] == shown(max(others, key=str.encode))


@pytest.mark.parametrize("name", SETS or [pytest.param("", marks=pytest.mark.skip(f"no {SHARED}"))])
def test_shared_sets_as_python_reads_them(name: str) -> None:
    folder = SHARED / name / "data"
    csv.field_size_limit(1 << 24)
    for table in profile(folder)["tables"]:
        with (folder / table["path"]).open(encoding="utf-8-sig", newline="") as file:
            header, *rows = [r for r in csv.reader(file, strict=True) if r]
        good = [r for r in rows if len(r) == len(header)]
        assert table["rows"] == len(good)
        bad = len(rows) - len(good)
        assert (table["rejected_rows"], len(table["rejected"])) == (bad, min(bad, 20))
        assert [c["name"] for c in table["columns"]] == header
        for i, column in enumerate(table["columns"]):
            check_column(column, [r[i] for r in good])
