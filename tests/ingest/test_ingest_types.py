"""Types of data/ecommerce's columns, held to its truth.json.

Types must not depend on how a file is packed. Each file is therefore rewritten by Python as the plainest CSV there is
(UTF-8, comma, a header, one record per line), its values untouched; records that no reader takes and lines that are no
records are left out, as truth.json lists them.
"""

import csv
import gzip
import json
import os
import subprocess
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(os.environ["BLDR_ROOT"])
DUMP = Path(os.environ["BLDR_BUILD"]) / "tests" / "ingest" / "ingest_dump"
SHOP = ROOT / "data" / "ecommerce"
TRUTH = json.loads((SHOP / "truth.json").read_text())
TABLES = TRUTH["tables"]
COLUMNS = [(t, c["name"]) for t, table in TABLES.items() for c in table["column_list"]]
KINDS = {"timestamp": "timestamp_ntz", "timestamp_offset": "timestamp"}


def text_of(table: dict[str, Any]) -> str:
    path = SHOP / table["file"]
    packed = table["dialect"]["compression"] == "gzip"
    content = gzip.decompress(path.read_bytes()) if packed else path.read_bytes()
    text = content.decode(table["dialect"]["encoding"])
    return text.removeprefix("\ufeff")


def json_records(table: dict[str, Any]) -> list[dict[str, Any]]:
    text = text_of(table)
    if table["dialect"]["format"] == "json":
        whole: list[dict[str, Any]] = json.loads(text, parse_float=Decimal)
        return whole
    records = []
    for line in text.splitlines():
        try:
            records.append(json.loads(line, parse_float=Decimal))
        except json.JSONDecodeError:
            continue
    return records


def shown(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def broken(table: str) -> set[int]:
    """Lines of records that no reader takes."""
    lines: set[int] = set()
    for planted in TRUTH["planted"]:
        if planted["table"] == table and planted["effect"] == "quarantine":
            lines |= set(planted["lines"])
    return lines


def csv_records(name: str, table: dict[str, Any]) -> list[list[str]]:
    """The good records of a file, by physical lines: a record that opens a quote takes the lines until it closes."""
    dialect = table["dialect"]
    text = text_of(table)
    newline = "\r\n" if dialect["newline"] == "CRLF" else "\n"
    lines = text.split(newline)
    first = dialect["header_line"] or 0
    bad = broken(name)
    quote = dialect["quote"]
    records = []
    at = max(first, dialect["preamble_lines"])
    physical = text[: sum(len(line) + len(newline) for line in lines[:at])].count("\n")
    while at < len(lines):
        record = lines[at]
        start = physical + 1
        at += 1
        physical += record.count("\n") + 1
        if start in bad or not record:
            continue
        options: dict[str, Any] = {"delimiter": dialect["delimiter"], "strict": True}
        if quote is None:
            options |= {"quoting": csv.QUOTE_NONE}
        elif dialect["escape"] == "backslash":
            options |= {"escapechar": "\\", "doublequote": False}
        while quote and record.replace("\\" + quote, "").count(quote) % 2 == 1:
            record += newline + lines[at]
            at += 1
            physical += 1
        records.append(next(csv.reader([record], **options)))
    return records


def rows_of(name: str, table: dict[str, Any]) -> list[list[str]]:
    names = [c["name"] for c in table["column_list"]]
    if table["dialect"]["format"] == "csv":
        return csv_records(name, table)
    return [[shown(r.get(c)) for c in names] for r in json_records(table)]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Profile columns by table and name."""
    folder = tmp_path_factory.mktemp("plain")
    for name, table in TABLES.items():
        rows = rows_of(name, table)
        assert len(rows) == table["rows"], name
        with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow([c["name"] for c in table["column_list"]])
            writer.writerows(rows)
    done = subprocess.run([DUMP, "profile", folder], capture_output=True, text=True, check=True)
    tables = json.loads(done.stdout)["tables"]
    return {t["table"]: {c["name"]: c for c in t["columns"]} for t in tables}


def test_the_reader_reads_the_rows(found: dict[str, dict[str, Any]]) -> None:
    assert set(found) == set(TABLES)
    assert len(COLUMNS) == 99


@pytest.mark.parametrize(("table", "name"), COLUMNS, ids=[f"{t}.{n}" for t, n in COLUMNS])
def test_column(found: dict[str, dict[str, Any]], table: str, name: str) -> None:
    column = found[table][name]
    truth = next(c for c in TABLES[table]["column_list"] if c["name"] == name)
    expected = KINDS.get(truth["type"], truth["type"])
    assert column["type"].split("(")[0] == expected, column["exceptions"]
    if "scale" in truth:
        assert column["type"].endswith(f",{truth['scale']})")
    check_nulls(column, truth, TABLES[table]["dialect"]["format"])
    check_number(column, truth)
    if truth["type"] == "date":
        assert column["date_formats"][0]["format"] == truth["date_format"]


def check_nulls(column: dict[str, Any], truth: dict[str, Any], form: str) -> None:
    tokens = {t["token"]: t["count"] for t in column["null_tokens"]}
    if form == "csv":  # in JSON keys may be missing; they arrive as ""
        assert tokens == {k: v for k, v in truth.get("null_tokens", {}).items() if v}
    assert column["nulls"] == sum(tokens.values())
    assert column["nulls"] + column.get("nonconforming", 0) == truth["nulls"]


def check_number(column: dict[str, Any], truth: dict[str, Any]) -> None:
    number = column.get("number")
    if number is None:
        # nothing is written so that it needs more than plain digits and a point
        assert not truth.get("currency") and not truth.get("percent")
        return
    assert number["decimal_mark"] == truth.get("decimal_mark", ".")
    assert number["group_mark"] in ("", truth.get("thousands_mark"))
    assert number.get("percent", False) == truth.get("percent", False)
    assert number.get("parentheses", False) == (truth.get("negative") == "parentheses")
    assert number.get("currencies", []) == (
        [truth["currency"].split()[0]] if truth.get("currency") else []
    )


def planted(kind: str, effect: str) -> list[dict[str, Any]]:
    return [p for p in TRUTH["planted"] if p["kind"] == kind and p["effect"] == effect]


@pytest.mark.parametrize("plant", planted("unparsable", "null"), ids=lambda p: str(p["id"]))
def test_values_that_are_none(found: dict[str, dict[str, Any]], plant: dict[str, Any]) -> None:
    column = found[plant["table"]][plant["column"]]
    assert column["nonconforming"] == plant["count"]
    lines = {e["line"] for e in column["exceptions"]}  # the first of every different text
    assert 1 <= len(lines) <= plant["count"]


@pytest.mark.parametrize("plant", planted("leading_zeros", "keep"), ids=lambda p: str(p["id"]))
def test_leading_zeros(found: dict[str, dict[str, Any]], plant: dict[str, Any]) -> None:
    assert found[plant["table"]][plant["column"]]["leading_zeros"] >= 1


@pytest.mark.parametrize("plant", planted("padding", "trim"), ids=lambda p: str(p["id"]))
def test_padding(found: dict[str, dict[str, Any]], plant: dict[str, Any]) -> None:
    assert found[plant["table"]][plant["column"]]["padded"] == plant["count"]


def test_nothing_else_is_none(found: dict[str, dict[str, Any]]) -> None:
    expected = {(p["table"], p["column"]) for p in planted("unparsable", "null")}
    others = {
        (t, c) for t, columns in found.items() for c in columns if "nonconforming" in columns[c]
    }
    assert others == expected


def exact(text: Any) -> Decimal:
    return Decimal(str(text))


RANGED = [(t, c) for t, table in TABLES.items() for c in table["column_list"] if c.get("loaded")]


@pytest.mark.parametrize(("table", "truth"), RANGED, ids=[f"{t}.{c['name']}" for t, c in RANGED])
def test_range(found: dict[str, dict[str, Any]], table: str, truth: dict[str, Any]) -> None:
    """Of tables with stale versions of rows the loaded values are some of those profiled; else all."""
    column, loaded = found[table][truth["name"]], truth["loaded"]
    read: Any = str if truth["type"] == "date" else exact
    low, high = read(column["min"]), read(column["max"])
    assert low <= read(loaded["min"]) and read(loaded["max"]) <= high
    if table not in {p["table"] for p in planted("duplicate_key", "deduplicate")}:
        assert (low, high) == (read(loaded["min"]), read(loaded["max"]))
