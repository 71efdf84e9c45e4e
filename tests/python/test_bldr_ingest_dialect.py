"""Dialects of python/bldr_ingest, and the small rules of its records, each by hand."""

import hashlib
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "python"))

from bldr_ingest.csv_records import CsvReader, column_names
from bldr_ingest.dialect import CsvDialect, JsonDialect, dialect_of
from bldr_ingest.errors import HeaderError
from bldr_ingest.records import Record, is_total, row_hash

PLAIN: dict[str, Any] = {
    "path": "t.csv",
    "table": "t",
    "bytes": 1,
    "hash": "",
    "encoding": "utf-8",
    "bom": False,
    "delimiter": ",",
    "quote": '"',
    "header": True,
    "columns": ["a", "b"],
}


def test_of_a_source() -> None:
    assert dialect_of(PLAIN) == CsvDialect(columns=("a", "b"), header=("a", "b"))
    more = {"own_names": ["x", "y"], "escape": "backslash", "preamble_lines": 3}
    more |= {"not_rows": ["TOTAL"], "compression": "gzip", "quote": "", "delimiter": "|"}
    assert dialect_of({**PLAIN, **more}) == CsvDialect(
        columns=("a", "b"),
        header=("x", "y"),
        delimiter="|",
        quote="",
        escape="backslash",
        preamble_lines=3,
        totals=("TOTAL",),
        packed=True,
    )
    assert dialect_of({**PLAIN, "header": False}) == CsvDialect(columns=("a", "b"))
    json = {**PLAIN, "header": False, "format": "json", "encoding": "utf-16le"}
    assert dialect_of(json) == JsonDialect(columns=("a", "b"), array=True, encoding="utf-16le")
    assert dialect_of({**json, "format": "jsonl", "encoding": "utf-8"}) == JsonDialect(
        columns=["a", "b"]  # type: ignore[arg-type] # a list will do
    )


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"delimiter": ""}, "the delimiter ''"),
        ({"delimiter": "||"}, "the delimiter"),
        ({"delimiter": "\n"}, "the delimiter"),
        ({"delimiter": "é"}, "the delimiter"),
        ({"quote": '""'}, "the quote"),
        ({"quote": "\r"}, "the quote"),
        ({"escape": '"'}, "the escape"),
        ({"header": ("a",)}, "the header has 1 names, there are 2 columns"),
    ],
)
def test_what_is_no_dialect(given: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        CsvDialect(columns=("a", "b"), **given)


def test_keys_for_columns() -> None:
    with pytest.raises(ValueError, match="1 keys, but 2 columns"):
        JsonDialect(columns=("a", "b"), keys=("a",))


def test_names_of_a_header() -> None:
    assert column_names([" a ", "", "A", "\u00a0a\u2007", "a_2", "É", "é", "column_2"]) == [
        "a",
        "column_2",
        "A_2",
        "a_3",
        "a_2_2",
        "É",
        "é",
        "column_2_2",
    ]


@pytest.mark.parametrize(
    ("field", "total"),
    [
        ("TOTAL", True),
        (" \u00a0TOTAL: 3", True),
        ("TOTAL\u202f3", True),
        ("TOTALS", False),
        ("TOTAL3", False),
        ("TOTALé", False),
        ("TOTAL\u20ac", False),
        ("Total", False),
        ("a TOTAL", False),
        ("", False),
    ],
)
def test_totals(field: str, total: bool) -> None:
    assert is_total(field, ("", "TOTAL")) is total


def test_hash_of_a_row() -> None:
    expected = hashlib.sha256(b"ga\0\xc3\xa9\0").hexdigest()
    assert row_hash(Record(3, 1, ["a", "é", ""])) == expected
    assert row_hash(Record(9, 2, ["a", "é", ""], "a total, not a row")) == expected
    digest = hashlib.blake2b(b"a,\xe9", digest_size=32).hexdigest()
    [record] = CsvReader(iter(["a,\udce9\n"]), CsvDialect(columns=("a", "b")), "t")
    assert record == Record(1, 1, None, "not valid UTF-8", "a,\ufffd", digest)
    assert row_hash(record) == hashlib.sha256(f"m{digest}".encode()).hexdigest()


def test_header_that_is_another() -> None:
    dialect = CsvDialect(columns=("a", "b"), header=("a", "b"))
    assert list(CsvReader(iter(["\ufeff\n a ,\xa0b\n1,2\n"]), dialect, "t")) == [
        Record(3, 1, ["1", "2"])
    ]
    with pytest.raises(HeaderError, match=r"of t is \['a', 'c'\], expected was \['a', 'b'\]"):
        list(CsvReader(iter(["a,c\n1,2\n"]), dialect, "t"))
