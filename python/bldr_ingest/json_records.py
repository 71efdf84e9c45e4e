"""The records of JSON text, as bldr's own reader has them (docs/ingest-library.md, JSON).

Python's decoder reads what is plainly good; whatever it refuses, and what only we refuse, is judged by json_grammar,
which also says why.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NoReturn

from . import json_grammar
from .dialect import JsonDialect
from .json_grammar import Broken, Value, behind_blanks
from .records import (
    COLUMNS_MAX,
    DEPTH_MAX,
    LOOK_MAX,
    ODD,
    RECORD_MAX,
    SURELY_SHORT,
    TOTAL,
    Record,
    Window,
    aside,
    encoded,
    is_total,
    malformed,
)

__all__ = ["JsonReader"]

BLOCK = 64 << 10  # characters
BLANK_LINES = re.compile(rf"(?:[ \t\r]{{0,{LOOK_MAX - 1}}}\n)+")
BLANK_RUN = re.compile(r"[ \t\r]*")
NUMBER_PART = re.compile(r"[-+.eE0-9]*")
LF = re.compile(r"\n")
NEVER = re.compile(r"(?!)")
LONG = f"longer than {RECORD_MAX} bytes"


def _refuse(constant: str) -> NoReturn:
    """Refuses NaN and Infinity, which Python reads and JSON does not have."""
    raise ValueError(constant)


class Judge:
    """Says of a value whether it is a good record, and what its fields are."""

    def __init__(self, dialect: JsonDialect) -> None:
        self.keys = dialect.columns if dialect.keys is None else dialect.keys
        self._known = frozenset(self.keys)
        self._totals = dialect.totals
        # Numbers stay as they are written; an object is a tuple of pairs.
        self.decode = json.JSONDecoder(
            object_pairs_hook=tuple, parse_int=str, parse_float=str, parse_constant=_refuse
        ).raw_decode

    # ---- what Python's decoder has read ----

    def plain_fields(self, value: Any, text: str) -> list[str] | None:
        """The fields of a good record; None: it is to be looked at by `judged`. text: what the value was read from."""
        if type(value) is not tuple or len(value) > COLUMNS_MAX:
            return None
        found: dict[str, Any] = dict(value)
        if len(found) != len(value) or not found.keys() <= self._known:
            return None
        fields = [found.get(key, "") for key in self.keys]
        for place, field in enumerate(fields):
            if type(field) is not str:
                if type(field) is tuple or type(field) is list:
                    return self._nested_fields(text)
                fields[place] = "" if field is None else "true" if field else "false"
        if "\\u" in text and ODD.search("".join(fields)):
            return None
        return fields

    def _nested_fields(self, text: str) -> list[str] | None:
        """The same of an object, without a key twice, that holds objects or arrays: they are what stands there."""
        if text.count("{") + text.count("[") > DEPTH_MAX:
            return None
        found: dict[str, str] = {}
        decoded = []
        at = behind_blanks(text, behind_blanks(text, 0) + 1)
        while True:
            key, at = self.decode(text, at)
            start = behind_blanks(text, behind_blanks(text, at) + 1)
            value, end = self.decode(text, start)
            if text[start] == '"':
                found[key] = value
                decoded.append(value)
            elif value is not None:
                found[key] = text[start:end]
            at = behind_blanks(text, end)
            if text[at] == "}":
                break
            at = behind_blanks(text, at + 1)
        if "\\u" in text and ODD.search("".join(decoded)):
            return None
        return [found.get(key, "") for key in self.keys]

    # ---- what the grammar has read ----

    def judged(self, value: Value, text: str) -> tuple[list[str], str | None]:
        """The fields of the record, or why it is no good one. text: what the value was read from."""
        if value.depth > DEPTH_MAX:
            return [], f"more than {DEPTH_MAX} brackets deep"
        if value.members is None:
            return [], "not an object"
        if len(value.members) > COLUMNS_MAX:
            return [], f"more than {COLUMNS_MAX} keys"
        if ODD.search(text):
            return [], "not valid UTF-8"
        places: dict[str, slice] = {}
        for member in value.members:
            key = _decoded(text[member.key])
            if key is None:
                return [], "a key with U+0000 or half a surrogate pair"
            if key not in self._known:
                return [], "a key that is no column"
            if key in places:
                return [], "a key twice"
            places[key] = member.value
        fields = [_field(text[places[key]]) if key in places else "" for key in self.keys]
        if None in fields:
            return [], "a text with U+0000 or half a surrogate pair"
        return [field or "" for field in fields], None

    def record(self, line: int, number: int, fields: list[str], text: str) -> Record:
        """A good record, which may be a total."""
        if self._totals and fields and is_total(fields[0], self._totals):
            return aside(line, number, fields, TOTAL, text)
        return Record(line, number, fields)


def _decoded(text: str) -> str | None:
    """What stands between quotes; None: it holds U+0000 or half a surrogate pair."""
    if "\\" not in text:
        return text
    decoded: str = json.loads(f'"{text}"')
    return None if ODD.search(decoded) else decoded


def _field(text: str) -> str | None:
    """The text of a value as written; None: as that of _decoded."""
    if text.startswith('"'):
        return _decoded(text[1:-1])
    return "" if text == "null" else text


class JsonReader:
    """The records of a text that comes in pieces: `for record in JsonReader(pieces, dialect): ...`"""

    def __init__(self, pieces: Iterator[str], dialect: JsonDialect) -> None:
        self._window = Window(pieces)
        self._array = dialect.array
        self._judge = Judge(dialect)
        self._line = 1
        self._last_line, self._in_line = 0, 0

    def __iter__(self) -> Iterator[Record]:
        self._window.begin()
        return self._elements() if self._array else self._lines()

    # ---- lines ----

    def _lines(self) -> Iterator[Record]:
        while self._skip_blank_lines():
            yield from self._plain_lines()
            if self._skip_blank_lines():
                yield self._next_line()

    def _skip_blank_lines(self) -> bool:
        """Leaves lines of blanks behind. False: the text has ended."""
        window = self._window
        while True:
            found = BLANK_LINES.match(window.text, window.at)
            if found:
                self._line += window.text.count("\n", window.at, found.end())
                window.at = found.end()
            run = BLANK_RUN.match(window.text, window.at)
            end = run.end() if run else window.at
            if end < len(window.text) or end - window.at >= LOOK_MAX:
                return end - window.at >= LOOK_MAX or window.text[end] != "\n" or window.have()
            if window.ended:
                return False
            window.more()

    def _plain_lines(self) -> Iterator[Record]:
        """Good records of a block, up to a line that is no such thing."""
        window, judge = self._window, self._judge
        if window.at + BLOCK > len(window.text) and not window.ended:
            window.more()
        end = window.text.rfind("\n", window.at, window.at + BLOCK)
        block = window.text[window.at : end] if end >= 0 else ""
        odd = not block.isascii() and ODD.search(block) is not None
        for text in block.split("\n") if end >= 0 else ():
            if text.startswith("{") and not (odd and ODD.search(text)):
                try:
                    value, behind = judge.decode(text, 0)
                except (ValueError, RecursionError):
                    return
                if behind < len(text) and text[behind:].strip(" \t\r"):
                    return
                fields = judge.plain_fields(value, text)
                if fields is None:
                    return
                yield judge.record(self._line, 1, fields, text.removesuffix("\r"))
            elif text.strip(" \t\r"):
                return
            self._line += 1
            window.at += len(text) + 1

    def _next_line(self) -> Record:
        """The record in the line at the window's place, whatever it is."""
        window, line = self._window, self._line
        while (end := window.text.find("\n", window.at)) < 0 and not window.enough():
            window.more()
        if end < 0 and window.ended:
            end = len(window.text)
        if end < 0 or end - window.at > SURELY_SHORT:
            look, is_cut = window.look()
            size = look.find("\n")
            ends = size >= 0
            size = size if ends else len(look)
            raw = look[:size].removesuffix("\r") if ends else look[:size]
            if len(encoded(raw)) > RECORD_MAX or (is_cut and not ends):
                shown, digest = window.cut(RECORD_MAX, LF)
                self._leave_line()
                return Record(line, 1, None, LONG, shown, digest)
            end = window.at + size
        text = window.text[window.at : end]
        raw = text.removesuffix("\r") if end < len(window.text) else text
        window.at = end
        self._leave_line()
        return self._line_record(line, text, raw)

    def _leave_line(self) -> None:
        if self._window.have():
            self._window.at += 1
            self._line += 1

    def _line_record(self, line: int, text: str, raw: str) -> Record:
        try:
            value = json_grammar.scan(text, 0)
            if behind_blanks(text, value.end) < len(text):
                raise Broken("something behind the object", value.end)
        except Broken as broken:
            return malformed(line, 1, f"not JSON: {broken.why}", raw)
        fields, reason = self._judge.judged(value, text)
        if reason is not None:
            return malformed(line, 1, reason, raw)
        return self._judge.record(line, 1, fields, raw)

    # ---- an array ----

    def _elements(self) -> Iterator[Record]:
        if not self._skip_blanks():
            return
        why = None if self._skip("[") else "it does not begin with a bracket"
        more = why is None and not self._skip("]")
        while more:
            element = self._next_element()
            if isinstance(element, str):
                why = element
                break
            yield element
            self._skip_blanks()
            more = self._skip(",")
            if not more and not self._skip("]"):
                have = self._window.have()
                why = "a comma is missing" if have else "it is not closed"
        if why is None and self._window.have():
            why = "something behind the array"
        if why is not None:
            yield self._rest(f"the array breaks here: {why}")

    def _number(self) -> int:
        """The number in its line of the record that begins here; told once."""
        self._in_line = self._in_line + 1 if self._line == self._last_line else 1
        self._last_line = self._line
        return self._in_line

    def _skip_blanks(self) -> bool:
        """Leaves blanks behind. False: the text has ended."""
        window = self._window
        while window.have():
            end = behind_blanks(window.text, window.at)
            self._line += window.text.count("\n", window.at, end)
            window.at = end
            if end < len(window.text):
                return True
        return False

    def _skip(self, mark: str) -> bool:
        """Leaves the character and blanks behind, if it stands there."""
        window = self._window
        if not window.have() or window.text[window.at] != mark:
            return False
        window.at += 1
        self._skip_blanks()
        return True

    def _next_element(self) -> Record | str:
        """The element at the window's place; or why the array breaks there."""
        window, judge = self._window, self._judge
        while True:
            try:
                value, end = judge.decode(window.text, window.at)
            except (ValueError, RecursionError):
                value, end = None, len(window.text)
            digits = NUMBER_PART.match(window.text, end)  # more of them may come
            if (digits and digits.end() < len(window.text)) or window.enough():
                break
            window.more()
        text = window.text[window.at : end]
        if len(text) <= SURELY_SHORT and not _is_odd(text):
            fields = judge.plain_fields(value, text)
            if fields is not None:
                record = judge.record(self._line, self._number(), fields, text)
                self._leave(text)
                return record
        return self._odd_element()

    def _odd_element(self) -> Record | str:
        """The same, by the grammar."""
        look, is_cut = self._window.look()
        try:
            value = json_grammar.scan(look, 0)
            end, broken = value.end, None
        except Broken as error:
            value, end, broken = None, error.at, error.why
        if (is_cut and end >= len(look)) or len(encoded(look[:end])) > RECORD_MAX:
            return "an element longer than 16 MB"
        if value is None:
            return str(broken)
        text, line, number = look[:end], self._line, self._number()
        self._leave(text)
        fields, reason = self._judge.judged(value, text)
        if reason is not None:
            return malformed(line, number, reason, text)
        return self._judge.record(line, number, fields, text)

    def _leave(self, text: str) -> None:
        self._window.at += len(text)
        self._line += text.count("\n")

    def _rest(self, reason: str) -> Record:
        """What is left of the text, as one malformed record."""
        line, number = self._line, self._number()
        shown, digest = self._window.cut(0, NEVER)
        return Record(line, number, None, reason, shown, digest)


def _is_odd(text: str) -> bool:
    return not text.isascii() and ODD.search(text) is not None
