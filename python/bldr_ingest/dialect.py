"""How a source file is written: what bldr found out about it, or was told.

A dialect says everything that the `sources` artefact says of a file and that its reading depends on; the rules of
reading are in docs/ingest-library.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["CsvDialect", "Dialect", "JsonDialect", "dialect_of"]


@dataclass(frozen=True, kw_only=True)
class CsvDialect:
    """Delimited text.

    columns: the names of the DataFrame's columns, in the order of the fields.
    header: what the first record must name its fields; None: the file has no header.
    encoding: of the unpacked text: utf-8, utf-16le, windows-1252 ...
    delimiter: one ASCII character. quote: one, or "": a quote is data.
    escape: how a quote stands inside quotes: "doubled" or "backslash".
    preamble_lines: physical lines above the header or first record that are no records.
    totals: words that mark totals: a record whose first field begins with one is no row.
    packed: the file is packed with gzip, whatever it is called.
    """

    columns: tuple[str, ...]
    header: tuple[str, ...] | None = None
    encoding: str = "utf-8"
    delimiter: str = ","
    quote: str = '"'
    escape: str = "doubled"
    preamble_lines: int = 0
    totals: tuple[str, ...] = ()
    packed: bool = False

    def __post_init__(self) -> None:
        _as_tuples(self, "columns", "header", "totals")
        if not _is_mark(self.delimiter):
            raise ValueError(f"the delimiter {self.delimiter!r} is not one ASCII character")
        if self.quote and not _is_mark(self.quote):
            raise ValueError(f"the quote {self.quote!r} is not one ASCII character, or none")
        if self.escape not in ("doubled", "backslash"):
            raise ValueError(f'the escape {self.escape!r} is neither "doubled" nor "backslash"')
        if self.header is not None and len(self.header) != len(self.columns):
            raise ValueError(
                f"the header has {len(self.header)} names, there are {len(self.columns)} columns"
            )


@dataclass(frozen=True, kw_only=True)
class JsonDialect:
    """JSON objects: one per line, or the elements of one array.

    columns: the names of the DataFrame's columns.
    keys: the key of the objects that each column holds; None: they are called as the columns are.
    array: the text is one array; else every line is an object.
    encoding, totals, packed: as those of CsvDialect.
    """

    columns: tuple[str, ...]
    keys: tuple[str, ...] | None = None
    array: bool = False
    encoding: str = "utf-8"
    totals: tuple[str, ...] = ()
    packed: bool = False

    def __post_init__(self) -> None:
        _as_tuples(self, "columns", "keys", "totals")
        if self.keys is not None and len(self.keys) != len(self.columns):
            raise ValueError(f"{len(self.keys)} keys, but {len(self.columns)} columns")


Dialect = CsvDialect | JsonDialect


def _is_mark(text: str) -> bool:
    """Whether this can stand between or around fields: a line end cannot."""
    return len(text) == 1 and text.isascii() and text not in "\r\n\0"


def _as_tuples(dialect: Dialect, *names: str) -> None:
    """Takes lists where tuples are wanted, so that a notebook may write either."""
    for name in names:
        value = getattr(dialect, name)
        if value is not None:
            object.__setattr__(dialect, name, tuple(value))


def dialect_of(source: Mapping[str, Any]) -> Dialect:
    """The dialect of a file as the `sources` artefact has it (an element of its `files`)."""
    columns = tuple(source["columns"])
    own = tuple(source.get("own_names") or columns)
    encoding = source["encoding"]
    totals = tuple(source.get("not_rows", ()))
    packed = source.get("compression") == "gzip"
    kind = source.get("format", "csv")
    if kind != "csv":
        return JsonDialect(
            columns=columns, array=kind == "json", encoding=encoding, totals=totals, packed=packed
        )
    return CsvDialect(
        columns=columns,
        header=own if source["header"] else None,
        encoding=encoding,
        delimiter=source["delimiter"],
        quote=source["quote"],
        escape=source.get("escape", "doubled"),
        preamble_lines=source.get("preamble_lines", 0),
        totals=totals,
        packed=packed,
    )
