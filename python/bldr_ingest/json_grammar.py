"""The grammar of RFC 8259, without exception, and why a text is no JSON, in bldr's words.

What is JSON is left to Python's decoder where that can be (json_records.py); this says what the decoder does not: the
fault that bldr names, how deep a value is, and where the members of an object stand.
"""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ["Broken", "Member", "Value", "behind_blanks", "scan"]

_BLANKS = re.compile(r"[ \t\n\r]*")
_PLAIN = re.compile(r'[^"\\\x00-\x1f]*')
_DIGITS = re.compile(r"[0-9]*")
_HEX = re.compile(r"[0-9A-Fa-f]*")


class Broken(Exception):
    """The text is no JSON: why, and the place up to which it was looked at."""

    def __init__(self, why: str, at: int) -> None:
        super().__init__(why)
        self.why = why
        self.at = at


class Member(NamedTuple):
    """A member of an object: where its key's text stands, without its quotes, and where its value does."""

    key: slice
    value: slice


class Value(NamedTuple):
    """A value of any kind: where it ends, its members if it is an object, and how deep its brackets are."""

    end: int
    members: list[Member] | None
    depth: int


def behind_blanks(text: str, at: int) -> int:
    """Where the next character stands that is no blank, or the text's end."""
    found = _BLANKS.match(text, at)
    return found.end() if found else at


def scan(text: str, at: int) -> Value:
    """The value that begins there, blanks before it aside. Raises Broken."""
    at = behind_blanks(text, at)
    if text[at : at + 1] != "{":
        end, depth = _value(text, at, 0)
        return Value(end, None, depth)
    members: list[Member] = []
    deepest = 1
    at = behind_blanks(text, at + 1)
    if text[at : at + 1] == "}":
        return Value(at + 1, members, deepest)
    while True:
        key, at = at, _key(text, at)
        quoted = slice(key + 1, _string(text, key) - 1)
        end, depth = _value(text, at, 1)
        members.append(Member(quoted, slice(at, end)))
        deepest = max(deepest, depth)
        at = behind_blanks(text, end)
        mark = text[at : at + 1]
        if mark not in (",", "}"):
            raise Broken("a comma is missing" if mark else "it ends too early", at)
        if mark == "}":
            return Value(at + 1, members, deepest)
        at = behind_blanks(text, at + 1)


def _value(text: str, at: int, base: int) -> tuple[int, int]:
    """Where the value ends that begins there, and how deep it is, base brackets around it counted. No recursion."""
    stack: list[str] = []  # the brackets that close what is open
    deepest = base
    while True:
        first = text[at : at + 1]
        if first in ("{", "["):
            close = "}" if first == "{" else "]"
            stack.append(close)
            deepest = max(deepest, base + len(stack))
            at = behind_blanks(text, at + 1)
            if text[at : at + 1] != close:
                if close == "}":
                    at = _key(text, at)
                continue
            stack.pop()
            at += 1
        else:
            at = _scalar(text, at)
        while stack:
            at = behind_blanks(text, at)
            mark = text[at : at + 1]
            if mark == ",":
                break
            if mark != stack[-1]:
                raise Broken("a comma is missing" if mark else "it ends too early", at)
            stack.pop()
            at += 1
        if not stack:
            return at, deepest
        at = behind_blanks(text, at + 1)
        if stack[-1] == "}":
            at = _key(text, at)


def _key(text: str, at: int) -> int:
    """Behind `"key":` and blanks."""
    at = behind_blanks(text, _string(text, at))
    if text[at : at + 1] != ":":
        raise Broken("a colon is missing", at)
    return behind_blanks(text, at + 1)


def _string(text: str, at: int) -> int:
    """Behind a text with its quotes."""
    if text[at : at + 1] != '"':
        raise Broken("a key is missing", at)
    at += 1
    while True:
        found = _PLAIN.match(text, at)
        at = found.end() if found else at
        mark = text[at : at + 1]
        if mark == '"':
            return at + 1
        if mark == "\\":
            at = _escape(text, at + 1)
        elif not mark:
            raise Broken("a text that is never closed", at)
        else:
            raise Broken("a NUL byte" if mark == "\0" else "a control character in a text", at + 1)


def _escape(text: str, at: int) -> int:
    mark = text[at : at + 1]
    if mark == "u":
        found = _HEX.match(text, at + 1, at + 5)
        end = found.end() if found else at + 1
        if end == at + 5:
            return end
        raise Broken("an escape that is none", end)
    if mark and mark in '"\\/bfnrt':
        return at + 1
    raise Broken("an escape that is none", at + 1)


def _scalar(text: str, at: int) -> int:
    first = text[at : at + 1]
    if first == '"':
        return _string(text, at)
    if first and first in "-0123456789":
        return _number(text, at)
    word = {"t": "true", "f": "false"}.get(first, "null")
    for n, letter in enumerate(word):
        if text[at + n : at + n + 1] != letter:
            raise Broken("a value is missing", at + n)
    return at + len(word)


def _number(text: str, at: int) -> int:
    at += text[at] == "-"
    zero = text[at : at + 1] == "0"
    end = _digits(text, at)
    good = end > at and (not zero or end == at + 1)
    at = end
    if good and text[at : at + 1] == ".":
        end = _digits(text, at + 1)
        good, at = end > at + 1, end
    if good and text[at : at + 1] in ("e", "E"):
        at += 1
        at += text[at : at + 1] in ("+", "-")
        end = _digits(text, at)
        good, at = end > at, end
    if not good:
        raise Broken("a number that is none", at)
    return at


def _digits(text: str, at: int) -> int:
    found = _DIGITS.match(text, at)
    return found.end() if found else at
