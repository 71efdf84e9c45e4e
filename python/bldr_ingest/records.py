"""What the two readers hand out, the limits they keep, and the window over a text that both look through.

A text here is that of the file, unpacked and decoded. A byte that is no part of a character stands in it as one of
the code points U+DC80 to U+DCFF (Python's "surrogateescape"), so the text has every byte that bldr's own reader sees.
"""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_left
from collections.abc import Iterator
from typing import NamedTuple

__all__ = [
    "BLANK",
    "COLUMNS_MAX",
    "DEPTH_MAX",
    "RAW_SHOWN_MAX",
    "RECORD_MAX",
    "TOTAL",
    "Record",
    "row_hash",
]

RECORD_MAX = 16 << 20  # bytes
COLUMNS_MAX = 10000
DEPTH_MAX = 64
RAW_SHOWN_MAX = 4096  # bytes of a record that is too long
LOOK_MAX = RECORD_MAX + 2  # bytes of a record and its line end
# A record of so few characters is not too long, whatever they are.
SURELY_SHORT = RECORD_MAX // 4

# Why a record that can be read is no row.
BLANK = "blank, not a row"
TOTAL = "a total, not a row"

BLANKS = " \t\u00a0\u2007\u202f"
# What no good record holds: NUL, and what stands for a byte that is no UTF-8.
ODD = re.compile("[\0\ud800-\udfff]")


class Record(NamedTuple):
    """A record of the file.

    line: the physical line in which it begins, from 1. number: which of the records that begin in that line, from 1.
    fields: its texts in the order of the columns; None: it is malformed. reason: why it is no row; None: it is one
    (TOTAL and BLANK have fields).
    raw: of a malformed one the text as it stands, without its line end, what is no UTF-8 as U+FFFD; of one that is
    too long the first 4096 bytes. digest: of one with a reason, BLAKE2b-256 of all its bytes, hex.
    """

    line: int
    number: int
    fields: list[str] | None
    reason: str | None = None
    raw: str | None = None
    digest: str | None = None


def encoded(text: str) -> bytes:
    """The bytes that the text stands for."""
    return text.encode("utf-8", "surrogateescape")


def _digest(text: str) -> str:
    return hashlib.blake2b(encoded(text), digest_size=32).hexdigest()


def malformed(line: int, number: int, reason: str, raw: str) -> Record:
    """A malformed record that is at hand as a whole."""
    shown = encoded(raw).decode("utf-8", "replace")
    return Record(line, number, None, reason, shown, _digest(raw))


def aside(line: int, number: int, fields: list[str], reason: str, raw: str) -> Record:
    """A record that can be read and is no row: TOTAL or BLANK."""
    return Record(line, number, fields, reason, None, _digest(raw))


def odd_reason(raw: str) -> str | None:
    """Why a record with these characters is no good one; None: nothing is wrong with them."""
    if ODD.search(raw) is None:
        return None
    return "a NUL byte" if "\0" in raw else "not valid UTF-8"


def is_total(field: str, words: tuple[str, ...]) -> bool:
    """Whether a record's first field begins with one of the words (docs/artefacts.md, Totals)."""
    text = field.strip(BLANKS)
    return any(word and text.startswith(word) and _ends(text, len(word)) for word in words)


def is_blank(fields: list[str]) -> bool:
    """Whether no field holds anything."""
    return not "".join(fields).strip(BLANKS)


def _ends(text: str, at: int) -> bool:
    """Whether neither a letter nor a digit stands there; every character beyond ASCII but the blanks is a letter."""
    behind = text[at : at + 1]
    return not (behind.isalnum() if behind.isascii() else behind not in BLANKS)


def row_hash(record: Record) -> str:
    """SHA-256 of the record, hex: of "g" and its fields with NUL between them; malformed: of "m" and its digest."""
    if record.fields is None:
        return hashlib.sha256(f"m{record.digest}".encode()).hexdigest()
    return hashlib.sha256(("g" + "\0".join(record.fields)).encode()).hexdigest()


def first_at(text: str, size: int) -> int:
    """The first place in the text before which at least so many bytes stand, or one behind the text's end."""
    if text.isascii() or len(text) * 4 < size:
        return min(size, len(text) + 1)
    step, before = 1 << 16, 0
    for start in range(0, len(text), step):
        part = text[start : start + step]
        here = len(encoded(part))
        if before + here >= size:
            rest = size - before
            return start + bisect_left(range(step), rest, key=lambda n: len(encoded(part[:n])))
        before += here
    return len(text) + 1


def last_within(text: str, size: int) -> int:
    """The last place in the text before which at most so many bytes stand."""
    return first_at(text, size + 1) - 1


class Window:
    """What is at hand of a text that comes in pieces: `text`, in which the record begins at `at`."""

    def __init__(self, pieces: Iterator[str]) -> None:
        self._pieces = pieces
        self.text = ""
        self.at = 0
        self.ended = False  # nothing more comes

    def more(self) -> None:
        """Reads on, as much as there is already, and forgets what stands before `at`."""
        parts = [self.text[self.at :]]
        wanted = max(len(parts[0]), 1)
        while wanted > 0 and not self.ended:
            piece = next(self._pieces, None)
            self.ended = piece is None
            parts.append(piece or "")
            wanted -= len(parts[-1])
        self.text = "".join(parts)
        self.at = 0

    def have(self) -> bool:
        """Whether there is a character at `at`."""
        while self.at >= len(self.text) and not self.ended:
            self.more()
        return self.at < len(self.text)

    def begin(self) -> None:
        """Leaves a byte order mark behind that stands before everything."""
        if self.have() and self.text[self.at] == "\ufeff":
            self.at += 1

    def enough(self) -> bool:
        """Whether more text would change nothing: there is none, or a record does not look further."""
        return self.ended or len(self.text) - self.at > LOOK_MAX

    def look(self) -> tuple[str, bool]:
        """The text from `at` on as far as a record looks, and whether it was cut there."""
        text = self.text[self.at : self.at + LOOK_MAX + 1]
        cut = last_within(text, LOOK_MAX)
        return text[:cut], cut < len(self.text) - self.at

    def cut(self, from_byte: int, end: re.Pattern[str]) -> tuple[str, str]:
        """Leaves a record behind up to what `end` finds at or behind that byte, or the text's end.

        Returns what is shown of it and the digest of all of it.
        """
        digest = hashlib.blake2b(digest_size=32)
        shown = b""
        start = self.at + first_at(self.text[self.at : self.at + from_byte], from_byte)
        while True:
            found = end.search(self.text, start)
            stop = found.start() if found else len(self.text)
            piece = encoded(self.text[self.at : stop])
            digest.update(piece)
            shown = shown or piece[:RAW_SHOWN_MAX]
            self.at = start = stop
            if found or not self.have():
                return shown.decode("utf-8", "replace"), digest.hexdigest()
            start = self.at
