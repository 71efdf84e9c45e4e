"""Tokens of Databricks SQL, as far as statements about governance and CREATE TABLE need them.

Comments and white space separate tokens and are none. A text that ends inside a string, a quoted name or a comment has
no tokens here: tokens() raises Unfinished, and Spark says what is wrong with it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Kind = Literal["word", "quoted", "string", "number", "parameter", "symbol", "end"]

_SPACE = re.compile(r"\s+|--[^\n]*")
_TOKEN = re.compile(
    r"(?P<raw>[rR](?:'[^']*'|\"[^\"]*\"))"
    r"|(?P<string>'(?:[^'\\]|\\.|'')*'|\"(?:[^\"\\]|\\.|\"\")*\")"
    r"|(?P<quoted>`(?:[^`]|``)*`)"
    r"|(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)"
    r"|(?P<word>[^\W\d]\w*)"
    r"|(?P<parameter>:[^\W\d]\w*)"
    r"|(?P<symbol>[^\s'\"`])",
    re.DOTALL,
)
_ESCAPE = re.compile(r"\\(.)|''|\"\"", re.DOTALL)
_NAMED = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "0": "\0", "Z": "\x1a"}


class Unfinished(Exception):
    """The text ends inside a token."""


@dataclass(frozen=True)
class Token:
    """`text` is what stands there from `start` to `end`; `value` is it without quotes, of a word as it is."""

    kind: Kind
    text: str
    value: str
    start: int
    end: int

    def is_word(self, *words: str) -> bool:
        """Whether it is one of these keywords (upper case)."""
        return self.kind == "word" and self.text.upper() in words

    def is_symbol(self, symbol: str) -> bool:
        """Whether it is this character."""
        return self.kind == "symbol" and self.text == symbol


def skip_blank(text: str, at: int) -> int:
    """The position behind white space and comments that stand at `at`. Raises Unfinished."""
    while at < len(text):
        if text.startswith("/*", at):
            at = _comment_end(text, at)
        elif found := _SPACE.match(text, at):
            at = found.end()
        else:
            break
    return at


def tokens(text: str) -> list[Token]:
    """All tokens, and one of kind "end". Raises Unfinished."""
    found: list[Token] = []
    at = skip_blank(text, 0)
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise Unfinished
        found.append(_token(match))
        at = skip_blank(text, match.end())
    found.append(Token("end", "", "", len(text), len(text)))
    return found


def _token(match: re.Match[str]) -> Token:
    text = match.group()
    start, end = match.span()
    if match["raw"]:
        return Token("string", text, text[2:-1], start, end)
    if match["string"]:
        return Token("string", text, _ESCAPE.sub(_unescape, text[1:-1]), start, end)
    if match["quoted"]:
        return Token("quoted", text, text[1:-1].replace("``", "`"), start, end)
    if match["parameter"]:
        return Token("parameter", text, text[1:], start, end)
    kind: Kind = "word" if match["word"] else "number" if match["number"] else "symbol"
    return Token(kind, text, text, start, end)


def _unescape(found: re.Match[str]) -> str:
    escaped = found[1]
    if escaped is None:
        return ""  # two literals side by side are one: in Spark 4.0 'it''s' is its
    if escaped in "%_":
        return found[0]
    return _NAMED.get(escaped, escaped)


def _comment_end(text: str, at: int) -> int:
    """Behind the bracketed comment at `at`; they nest."""
    depth = 0
    while at < len(text):
        if text.startswith("/*", at):
            depth += 1
            at += 2
        elif text.startswith("*/", at):
            depth -= 1
            at += 2
            if depth == 0:
                return at
        else:
            at += 1
    raise Unfinished
