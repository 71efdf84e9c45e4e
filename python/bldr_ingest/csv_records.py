"""The records of delimited text, as bldr's own reader has them (docs/ingest-library.md, Delimited text).

Most of a file is read by Python's csv module in blocks of lines; it is told by what it gives where its rules are others
than ours. There, and for every record that it refuses, `Scanner` decides, which follows our rules character by
character.
"""

from __future__ import annotations

import csv
import io
import re
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from .dialect import CsvDialect
from .errors import HeaderError
from .records import (
    BLANK,
    BLANKS,
    COLUMNS_MAX,
    RECORD_MAX,
    SURELY_SHORT,
    TOTAL,
    Record,
    Window,
    aside,
    first_at,
    is_blank,
    is_total,
    last_within,
    malformed,
    odd_reason,
)

if TYPE_CHECKING:
    from _csv import Reader

__all__ = ["CsvReader", "column_names"]

BLOCK = 64 << 10  # characters; the csv module takes fields of 128 Ki
LINE_END = re.compile(r"[\r\n]")
LINE_ENDS = re.compile(r"[\r\n]+")

OPEN = "a quote that is never closed"
STRAY = "a quote inside an unquoted field"
AFTER = "text behind a closing quote"
LONG = f"longer than {RECORD_MAX} bytes"


def column_names(header: list[str]) -> list[str]:
    """The names of a header's fields: without blanks around them, and each different from those before it."""
    names: list[str] = []
    taken: dict[str, int] = {}  # a name, and the number that the next one of that name tries first
    for place, text in enumerate(header, 1):
        base = text.strip(BLANKS) or f"column_{place}"
        name = base
        while _folded(name) in taken:
            name = f"{base}_{taken[_folded(base)]}"
            taken[_folded(base)] += 1
        taken[_folded(name)] = 2
        names.append(name)
    return names


def _folded(name: str) -> str:
    """Names are not told by the case of ASCII letters."""
    return "".join(c.lower() if c.isascii() else c for c in name)


def line_ends(text: str, start: int, end: int) -> int:
    """How many line ends stand there; CR LF is one."""
    crs = text.count("\r", start, end)
    lfs = text.count("\n", start, end)
    return lfs + crs - (text.count("\r\n", start, end) if crs and lfs else 0)


class Scanned(NamedTuple):
    """A record in a text: where it ends, where the next one begins, what it is."""

    end: int
    behind: int
    lines: int  # physical lines that it takes
    fields: list[str]
    fault: str | None


class Scanner:
    """Finds where a record ends and what its fields are. It knows no widths, limits or odd characters."""

    def __init__(self, dialect: CsvDialect) -> None:
        self.delimiter = dialect.delimiter
        self.quote = dialect.quote
        self.backslash = dialect.escape == "backslash"
        self._stop = re.compile(f"[{re.escape(self.delimiter)}\r\n]")
        other = rf"[^{re.escape(self.quote)}\\]*"
        # With backslashes: what may stand between quotes.
        self._quoted = re.compile(rf"{other}(?:\\.{other})*", re.DOTALL)

    def scan(
        self, text: str, at: int, ended: bool, closing_max: int = sys.maxsize
    ) -> Scanned | None:
        """The record that begins there; None: that depends on what follows the text.

        ended: nothing does. closing_max: a closing quote from there on is too far away.
        """
        fields: list[str] = []
        fault: str | None = None
        lines, i, size = 1, at, len(text)
        while True:
            if i < size and text[i] == self.quote:
                close = self._closing(text, i + 1, ended)
                if close is None:
                    return None
                if close < 0 or close >= closing_max:
                    return self._open(text, i + 1, lines, ended)
                lines += line_ends(text, i + 1, close)
                fields.append(self._unescaped(text[i + 1 : close]))
                i = close + 1
                if i < size and text[i] != self.delimiter and text[i] not in "\r\n":
                    fault = fault or AFTER
                    i = self._next_stop(text, i)
            else:
                stop = self._next_stop(text, i)
                fields.append(text[i:stop])
                if fault is None and self.quote and self.quote in fields[-1]:
                    fault = STRAY
                i = stop
            if i >= size or text[i] in "\r\n":
                return self._ended(text, i, lines, fields, fault, ended)
            i += 1

    def _next_stop(self, text: str, at: int) -> int:
        found = self._stop.search(text, at)
        return found.start() if found else len(text)

    def _closing(self, text: str, at: int, ended: bool) -> int | None:
        """Where the quote stands that closes what begins there; -1: nowhere; None: it may come."""
        while True:
            if self.backslash:
                found = self._quoted.match(text, at)
                at = found.end() if found else at
                # a backslash before the end is left there
                if at < len(text) and text[at] == self.quote:
                    return at
                return -1 if ended else None
            at = text.find(self.quote, at)
            if at < 0 or (at + 1 == len(text) and not ended):
                return -1 if ended else None
            if text[at + 1 : at + 2] != self.quote:
                return at
            at += 2

    def _unescaped(self, text: str) -> str:
        if self.backslash:
            return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL) if "\\" in text else text
        return text.replace(self.quote * 2, self.quote)

    def _open(self, text: str, at: int, lines: int, ended: bool) -> Scanned | None:
        """A record with a quote that is never closed ends with the line in which that stands."""
        found = LINE_END.search(text, at)
        return self._ended(text, found.start() if found else len(text), lines, [], OPEN, ended)

    @staticmethod
    def _ended(
        text: str, end: int, lines: int, fields: list[str], fault: str | None, ended: bool
    ) -> Scanned | None:
        pair = text.startswith("\r\n", end)
        known = ended or end + 1 < len(text) or (end < len(text) and text[end] == "\n")
        behind = min(end + (2 if pair else 1), len(text))
        return Scanned(end, behind, lines, fields, fault) if known else None


class CsvReader:
    """The records of a text that comes in pieces.

        for record in CsvReader(pieces, dialect, "orders.csv"):

    name: of the file, for messages. Raises HeaderError when the header is not the dialect's.
    """

    def __init__(self, pieces: Iterator[str], dialect: CsvDialect, name: str) -> None:
        self._window = Window(pieces)
        self._dialect = dialect
        self._name = name
        self._totals = dialect.totals
        self._scanner = Scanner(dialect)
        self._width = len(dialect.columns)  # 0: any
        self._line = 1
        quote, delimiter = dialect.quote, dialect.delimiter
        self._simple = delimiter not in ("\r", "\n", "\0", quote)
        # Where the csv module reads one of these into a field, it may have read by other rules.
        self._telling = (quote + "\\" if self._scanner.backslash else quote) if quote else ""

    def __iter__(self) -> Iterator[Record]:
        self._window.begin()
        self._skip_preamble()
        if self._dialect.header is not None:
            self._check_header(self._dialect.header)
        while self._skip_blank_lines():
            if self._simple:
                yield from self._plain_records()
            if self._skip_blank_lines():
                yield self._next_record()

    # ---- what stands before the records ----

    def _skip_preamble(self) -> None:
        window = self._window
        for _ in range(self._dialect.preamble_lines):
            while window.have():
                found = LINE_END.search(window.text, window.at)
                window.at = found.start() if found else len(window.text)
                if found:
                    break
            if not window.have():
                return
            if window.at + 1 == len(window.text) and not window.ended:
                window.more()
            window.at += 2 if window.text.startswith("\r\n", window.at) else 1
            self._line += 1

    def _check_header(self, expected: tuple[str, ...]) -> None:
        header = self._next_record() if self._skip_blank_lines() else None
        if header is not None and header.fields is None:
            raise HeaderError(
                f"the header of {self._name} cannot be read: {header.reason}: {header.raw!r}; "
                f"expected was {list(expected)}"
            )
        found = column_names(header.fields or []) if header is not None else []
        if found != list(expected):
            raise HeaderError(
                f"the header of {self._name} is {found}, expected was {list(expected)}"
            )

    def _skip_blank_lines(self) -> bool:
        """Leaves lines without a character behind. False: the text has ended."""
        window = self._window
        while window.have() and window.text[window.at] in "\r\n":
            found = LINE_ENDS.match(window.text, window.at)
            end = found.end() if found else window.at
            if end == len(window.text) and not window.ended:
                window.more()
                continue
            self._line += line_ends(window.text, window.at, end)
            window.at = end
        return window.have()

    # ---- blocks of lines ----

    def _block(self) -> str:
        """Whole lines from the record on; "": there is none at hand."""
        window = self._window
        most = min(window.at + BLOCK, len(window.text))
        if most < window.at + BLOCK and not window.ended:
            window.more()
            most = min(window.at + BLOCK, len(window.text))
        end = window.text.rfind("\n", window.at, most) + 1
        if end == 0:  # then what stands behind a CR is at hand and no LF
            end = window.text.rfind("\r", window.at, most - 1) + 1
        return window.text[window.at : end] if end > 0 else ""

    def _plain_records(self) -> Iterator[Record]:
        """The records of a block, up to one that the csv module is no help with."""
        block = self._block()
        lines = list(io.StringIO(block, newline=""))
        first, done = self._line, 0  # lines of the block
        odd = odd_reason(block) is not None if "\0" in block or not block.isascii() else False
        telling = [mark for mark in self._telling if mark in block]
        rows = self._csv_rows(lines)
        try:
            for row in rows:
                behind = rows.line_num
                told = telling and any(mark in "".join(row) for mark in telling)
                if row and not odd and not told and self._plain(row):
                    yield Record(first + done, 1, row)
                elif row:
                    record = self._judged("".join(lines[done:behind]), first + done, row, told)
                    if record is None:
                        break
                    yield record
                done = behind
        except csv.Error:
            pass
        self._line = first + done
        self._window.at += sum(map(len, lines[:done]))

    def _csv_rows(self, lines: list[str]) -> Reader:
        quote = self._dialect.quote
        return csv.reader(
            lines,
            delimiter=self._dialect.delimiter,
            quotechar=quote or None,
            quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE,
            strict=True,
        )

    def _plain(self, row: list[str]) -> bool:
        """Whether this is a row: as wide as the table, neither blank nor a total."""
        first = row[0]
        if len(row) != self._width or not first or first.isspace():
            return False
        return not (self._totals and is_total(first, self._totals))

    def _judged(self, text: str, line: int, row: list[str], told: object) -> Record | None:
        """The record of these lines, which the csv module read as row; None: it is another record.

        told: the row holds what tells that the rules may differ.
        """
        end = len(text) - 1
        if text.endswith("\r\n"):
            end -= 1
        if not told:
            return self._record(text[:end], line, row, None)
        found = self._scanner.scan(text, 0, ended=True)
        if found is None or found.fault == OPEN or found.end != end:
            return None
        return self._record(text[:end], line, found.fields, found.fault)

    # ---- one record ----

    def _record(self, raw: str, line: int, fields: list[str], fault: str | None) -> Record:
        width = self._width or len(fields)
        if fault is None and 1 < width >= len(fields) <= COLUMNS_MAX and is_blank(fields):
            return aside(line, 1, fields + [""] * (width - len(fields)), BLANK, raw)
        reason = fault or odd_reason(raw)
        if reason is None and self._width not in (0, len(fields)):
            kind = "table" if self._dialect.header is None else "header"
            s = "" if len(fields) == 1 else "s"
            reason = f"{len(fields)} field{s} where the {kind} has {self._width}"
        if reason is not None:
            return malformed(line, 1, reason, raw)
        if self._totals and is_total(fields[0], self._totals):
            return aside(line, 1, fields[:COLUMNS_MAX], TOTAL, raw)
        return Record(line, 1, fields[:COLUMNS_MAX])

    def _next_record(self) -> Record:
        """The record at the window's place, whatever it is."""
        window = self._window
        while True:
            found = self._scanner.scan(window.text, window.at, window.ended)
            if found is not None and found.end - window.at <= SURELY_SHORT:
                break
            if found is not None or window.enough():
                return self._long_record()
            window.more()
        raw, line = window.text[window.at : found.end], self._line
        window.at = found.behind
        self._line += found.lines if found.behind > found.end else found.lines - 1
        return self._record(raw, line, found.fields, found.fault)

    def _long_record(self) -> Record:
        """A record that may be too long, or has a quote that is closed too far away: bytes are counted."""
        window, line = self._window, self._line
        while not window.enough():
            window.more()
        text, is_cut = window.look()
        found = self._scanner.scan(text, 0, True, closing_max=first_at(text, RECORD_MAX))
        assert found is not None, "nothing follows the text"
        if found.end > last_within(text, RECORD_MAX) or (is_cut and found.end == len(text)):
            shown, digest = window.cut(RECORD_MAX, LINE_END)
            self._line += found.lines - 1
            if window.have():
                if window.at + 1 == len(window.text):
                    window.more()
                window.at += 2 if window.text.startswith("\r\n", window.at) else 1
                self._line += 1
            return Record(line, 1, None, LONG, shown, digest)
        raw = text[: found.end]
        behind = found.end
        if behind < len(text):
            behind += 2 if window.text.startswith("\r\n", window.at + behind) else 1
            self._line += 1
        self._line += found.lines - 1
        window.at += behind
        return self._record(raw, line, found.fields, found.fault)
