"""A table of typed rows, and how it is written: dialect, one text per value, the physical line of every record."""

import gzip
import io
import json
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

Row = dict[str, Any]  # column name -> int, str, bool, Decimal, date, datetime or None

NULL_TOKENS = ("", "NULL", "N/A", "-", "none")


def plain(value: Any) -> str:
    """As most programs write it: true/false, 1234.50, 2024-12-31, 2024-12-31 23:59:59."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


def grouped(value: Any) -> str:
    """1,234.50"""
    return f"{value:,}"


def european(value: Any) -> str:
    """1.234,50"""
    return grouped(value).translate(str.maketrans(",.", ".,"))


def ungrouped_european(value: Any) -> str:
    """1234,50"""
    return str(value).replace(".", ",")


def euros(value: Any) -> str:
    """1.234,50 €"""
    return f"{european(value)} €"


def dollars(value: Any) -> str:
    """$1,234.50, and ($5.00) when negative"""
    return f"(${grouped(-value)})" if value < 0 else f"${grouped(value)}"


def day_first(value: Any) -> str:
    return f"{value.day:02}/{value.month:02}/{value.year}"


def day_first_dots(value: Any) -> str:
    return f"{value.day:02}.{value.month:02}.{value.year}"


def month_first(value: Any) -> str:
    return f"{value.month}/{value.day}/{value.year}"


def instant(value: Any) -> str:
    """ISO 8601 with its offset, Z for UTC."""
    return str(value.isoformat(timespec="seconds")).replace("+00:00", "Z")


def yes_no(value: Any) -> str:
    return "yes" if value else "no"


@dataclass(frozen=True)
class Column:
    name: str
    type: str  # int64, text, bool, decimal, date, timestamp, timestamp_offset
    write: Callable[[Any], str] = plain
    scale: int = 0  # of a decimal
    form: dict[str, Any] = field(default_factory=dict)  # what the truth says of its writing


@dataclass(frozen=True)
class Dialect:
    format: str = "csv"  # csv, jsonl (an object per line), json (one array of objects)
    encoding: str = "utf-8"  # as Python names it
    bom: bytes = b""
    delimiter: str = ","
    quote: str = '"'  # empty: nothing is quoted
    escape: str = "doubled"  # how a quote inside quotes is written: doubled, backslash
    newline: str = "\n"
    final_newline: bool = True
    header: bool = True
    preamble: tuple[str, ...] = ()
    gzip_cuts: tuple[float, ...] = ()  # where, in parts of the text, a new gzip member starts


@dataclass(eq=False)
class Record:
    """A record of the file. `raw` says what is written instead of a value (None: the key is left out of the
    JSON object), `fields` or `text` what is written instead of all of them."""

    values: Row
    raw: dict[str, str | None] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)  # ids of the quirks planted in it
    fields: list[str] | None = None
    text: str | None = None
    fate: str = "row"  # row: must be read as a good one; quarantine; skip
    taken: bool = False  # has a duplicate: nothing else may be planted in it
    line: int = 0  # first physical line, set when written


@dataclass
class Table:
    name: str
    file: str
    pk: tuple[str, ...]
    columns: tuple[Column, ...]
    dialect: Dialect
    records: list[Record]
    also_unique: tuple[tuple[str, ...], ...] = ()

    def key(self, row: Row) -> tuple[Any, ...]:
        return tuple(row[c] for c in self.pk)

    def good(self) -> list[Record]:
        return [r for r in self.records if r.fate == "row"]

    def loaded(self) -> list[Row]:
        """What a right loader ends up with: the good rows, of those with one key the last one."""
        return list({self.key(r.values): r.values for r in self.good()}.values())

    def written(self, record: Record, column: Column) -> str | None:
        """The text of one cell; None when the key is left out."""
        if column.name in record.raw:
            return record.raw[column.name]
        value = record.values[column.name]
        return "" if value is None else column.write(value)

    def cells(self, record: Record) -> list[str]:
        return [self.written(record, c) or "" for c in self.columns]

    def encode(self) -> bytes:
        """The bytes of the file. Notes in each record the line it starts in."""
        d = self.dialect
        line = 1
        chunks: list[str] = []
        for record, text in self._texts():
            if record is not None:
                record.line = line
            chunks.append(text + d.newline)
            line += text.count("\n") + 1
        body = "".join(chunks)
        if not d.final_newline:
            body = body.removesuffix(d.newline)
        data = d.bom + body.encode(d.encoding)
        return gzip_members(data, d.gzip_cuts) if d.gzip_cuts else data

    def _texts(self) -> Iterator[tuple[Record | None, str]]:
        d = self.dialect
        for text in d.preamble:
            yield None, text
        if d.format == "csv" and d.header:
            yield None, d.delimiter.join(self._quoted(c.name) for c in self.columns)
        if d.format == "json":
            yield None, "["
        for i, record in enumerate(self.records):
            text = record.text if record.text is not None else self._text(record)
            if d.format == "json":
                text = f"  {text}" + ("," if i + 1 < len(self.records) else "")
            yield record, text
        if d.format == "json":
            yield None, "]"

    def _text(self, record: Record) -> str:
        if self.dialect.format == "csv":
            fields = record.fields if record.fields is not None else self.cells(record)
            return self.dialect.delimiter.join(self._quoted(f) for f in fields)
        return self.object_text(record)

    def object_text(self, record: Record) -> str:
        members = []
        for column in self.columns:
            text = self.written(record, column)
            value = record.values[column.name]
            if text is None:
                continue
            if column.name not in record.raw and value is None:
                text = "null"
            elif column.name in record.raw or column.type not in ("int64", "decimal", "bool"):
                text = json.dumps(text, ensure_ascii=False)
            members.append(f"{json.dumps(column.name)}: {text}")
        return "{" + ", ".join(members) + "}"

    def _quoted(self, text: str) -> str:
        d = self.dialect
        special = (d.delimiter, d.quote, "\n", "\\" if d.escape == "backslash" else "\n")
        if not d.quote or not any(c in text for c in special):
            return text
        if d.escape == "backslash":
            text = text.replace("\\", "\\\\").replace(d.quote, "\\" + d.quote)
        else:
            text = text.replace(d.quote, d.quote * 2)
        return d.quote + text + d.quote


def gzip_members(data: bytes, cuts: tuple[float, ...]) -> bytes:
    """One gzip member after the other, as `cat a.gz b.gz` leaves them. Without a clock and a file name."""
    ends = [int(len(data) * cut) for cut in cuts] + [len(data)]
    out = io.BytesIO()
    start = 0
    for end in ends:
        with gzip.GzipFile("", "wb", zlib.Z_BEST_COMPRESSION, out, mtime=0) as member:
            member.write(data[start:end])
        start = end
    return out.getvalue()
