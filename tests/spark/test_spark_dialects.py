"""Every declared way of writing files on real Spark and Delta: bronze against Python's own csv, json and gzip, silver against
the truth of data/ecommerce. Runs where test_spark_pipeline.py does.
"""

import csv
import gzip
import io
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import dialects
import pytest
from dialects import DECLARED, ECOMMERCE, ODD
from fixtures import needs_spark
from pipelines import Ran, run_pipeline

pytestmark = [needs_spark, pytest.mark.timeout(1800)]
TRUTH = json.loads((ECOMMERCE / "truth.json").read_text())
CODECS = {"utf-16le": "utf-16", "utf-8": "utf-8-sig"}

Record = tuple[int, int, list[str] | None]  # line, number in the line, fields or malformed


def bronze(ran: Ran, table: str) -> list[Record]:
    """The records in order; to a rule NULL is an empty text."""
    records = []
    for row in ran.rows(f"bronze_{table}"):
        values = list(row.values())[: list(row).index("_corrupt_record")]
        malformed = row["_corrupt_record"] is not None
        place = row["_source_line"], row.get("_source_record", 1)
        records.append((*place, None if malformed else [value or "" for value in values]))
    return sorted(records, key=lambda r: r[:2])


@pytest.fixture(scope="module")
def strange(
    minutes: None, shared_spark_workspace: Any, tmp_path_factory: pytest.TempPathFactory
) -> Ran:
    folder = tmp_path_factory.mktemp("odd")
    source = folder / "source"
    source.mkdir()
    dialects.write_sources(source)
    artefacts = dialects.write_artefacts(source, folder)
    program = Path(os.environ["BLDR_BUILD"]) / "emit_tool"
    emitted = [program, "artefacts", *artefacts, folder / "out"]
    subprocess.run([str(c) for c in emitted], check=True, timeout=120, capture_output=True)
    return run_pipeline(shared_spark_workspace, folder / "out", source, source)


def text_of(declared: dict[str, Any]) -> str:
    data = (ECOMMERCE / declared["path"]).read_bytes()
    if "compression" in declared:
        data = gzip.decompress(data)
    encoding = declared.get("encoding", "utf-8")
    return data.decode(CODECS.get(encoding, encoding))


def python_csv(declared: dict[str, Any], width: int) -> list[Record]:
    lines = io.StringIO(text_of(declared), newline="")
    preamble = declared.get("preamble_lines", 0)
    for _ in range(preamble):
        next(lines)
    reader = csv.reader(
        lines,
        delimiter=declared.get("delimiter", ","),
        quoting=csv.QUOTE_MINIMAL if declared.get("quote", '"') else csv.QUOTE_NONE,
        doublequote="escape" not in declared,
        escapechar="\\" if "escape" in declared else None,
        strict=True,
    )
    found: list[Record] = []
    while True:
        line = preamble + reader.line_num + 1
        try:
            fields = next(reader)
        except csv.Error:
            found.append((line, 1, None))
            continue
        except StopIteration:
            break
        if fields:
            found.append((line, 1, fields if len(fields) == width else None))
    return found[declared.get("header", True) :]


def written(value: Any) -> str:
    """A JSON value as the files of data/ecommerce write it."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)


def python_json(declared: dict[str, Any]) -> list[Record]:
    text, columns = text_of(declared), declared["columns"].split()
    if declared["format"] == "json":
        items = json.loads(text, parse_int=str, parse_float=str)
        lines = [n for n, line in enumerate(text.split("\n"), 1) if line.strip().startswith("{")]
        assert len(lines) == len(items)
        return [
            (n, 1, [written(item.get(c)) for c in columns])
            for n, item in zip(lines, items, strict=True)
        ]
    found: list[Record] = []
    for n, line in enumerate(text.splitlines(), 1):
        try:
            item = json.loads(line, parse_int=str, parse_float=str)
            found.append((n, 1, [written(item.get(c)) for c in columns]))
        except ValueError:
            found.append((n, 1, None))
    return found


def python_records(table: str) -> list[Record]:
    declared = DECLARED[table]
    columns = declared["columns"]
    width = len(columns.split() if isinstance(columns, str) else columns)
    return python_json(declared) if "format" in declared else python_csv(declared, width)


@pytest.mark.parametrize("table", DECLARED)
def test_bronze_is_what_python_reads(shop: Ran, table: str) -> None:
    expected = python_records(table)
    assert len(expected) == TRUTH["tables"][table]["records"]
    assert bronze(shop, table) == expected


@pytest.mark.parametrize("table", ODD)
def test_odd_files_are_read_as_written(strange: Ran, table: str) -> None:
    assert bronze(strange, table) == ODD[table][2]


def test_second_run_changes_no_row(strange: Ran) -> None:
    ran = strange
    assert (ran.first["failed"], ran.second["failed"]) == (None, None)
    assert sum(m["num_affected_rows"] for m in ran.first["merges"]) > 0
    assert [m for m in ran.second["merges"] if m["num_affected_rows"] != 0] == []


def planted(table: str, *effects: str) -> set[int]:
    return {
        line
        for p in TRUTH["planted"]
        if p["table"] == table and p["effect"] in effects
        for line in p["lines"]
    }


@pytest.mark.parametrize("table", DECLARED)
def test_quarantine_is_what_was_planted(shop: Ran, table: str) -> None:
    """Malformed records and totals everywhere; duplicates where the mapping has a dedup rule."""
    by_kind: dict[str, set[int]] = {}
    for row in shop.rows(f"quarantine_{table}"):
        by_kind.setdefault(row["kind"], set()).add(row["_source_line"])
    refused = by_kind.get("unreadable", set()) | by_kind.get("total", set())
    assert refused == planted(table, "quarantine")
    assert by_kind.get("total", set()) == {
        line
        for p in TRUTH["planted"]
        if p["table"] == table and p["kind"] in ("footer", "subtotal")
        for line in p["lines"]
    }
    if table in ("users", "products", "orders", "payments", "stock"):
        # Of equal records the truth names the later one as removed, the rule keeps it: the same text either way.
        text = {line: fields for line, _, fields in python_records(table)}
        removed = [text[line] for line in by_kind.get("duplicate", set())]
        assert sorted(map(str, removed)) == sorted(
            str(text[line]) for line in planted(table, "deduplicate")
        )
        assert len(shop.rows(f"silver_{table}")) == TRUTH["tables"][table]["loaded"]


def test_unreadable_dates_are_null_and_told(shop: Ran) -> None:
    unfit = {
        r["_source_line"] for r in shop.rows("silver_orders") if "delivered_date" in r["_unfit"]
    }
    (expected,) = (p["lines"] for p in TRUTH["planted"] if p["id"] == "orders-no-such-day")
    assert unfit == set(expected)


def test_gold_keeps_every_digit_and_the_last_version(shop: Ran) -> None:
    payments = {row["payment_id"] for row in shop.rows("fact_payment")}
    assert len(payments) == TRUTH["tables"]["payments"]["loaded"]
    assert {9007199254740993, 9007199254740994, 9007199254740995} <= payments
    assert {tuple(r["reason"].split()[:2]) for r in shop.rows("quarantine_users")} == {
        ("duplicate:", "line")
    }
    last: dict[int, str] = {}
    for _, _, fields in python_csv(DECLARED["users"], 10):
        assert fields is not None
        last[int(fields[0])] = max(last.get(int(fields[0]), ""), fields[9])
    found = {r["user_id"]: r["updated_at"] for r in shop.rows("dim_user") if r["user_key"] >= 0}
    assert found == last


def test_records_of_one_line_have_a_gold_row_each(strange: Ran) -> None:
    rows = sorted((r["a"], r["_source_line"]) for r in strange.rows("fact_one_line"))
    assert rows == [("1", 1), ("é", 1)]
    refused = [
        (r["_source_line"], r["_source_record"]) for r in strange.rows("quarantine_fact_one_line")
    ]
    assert refused == [(2, 1)]
