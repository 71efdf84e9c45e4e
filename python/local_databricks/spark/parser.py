"""Recursive descent over one statement: words, names, strings, lists, and the error where one of them is missing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from local_databricks.spark.lexer import Token, tokens

T = TypeVar("T")


class SyntaxFault(Exception):
    """The statement is wrong at `token`."""

    def __init__(self, text: str, token: Token) -> None:
        super().__init__(message_of(text, token))


def message_of(text: str, token: Token) -> str:
    """PARSE_SYNTAX_ERROR as Spark words it, with the place marked."""
    before = text[: token.start]
    line = before.count("\n") + 1
    column = token.start - (before.rfind("\n") + 1)
    near = "end of input" if token.kind == "end" else f"'{token.text}'"
    lines = text.split("\n")
    lines.insert(line, "-" * column + "^^^")
    marked = "\n".join(lines)
    return (
        f"\n[PARSE_SYNTAX_ERROR] Syntax error at or near {near}. SQLSTATE: 42601 "
        f"(line {line}, pos {column})\n\n== SQL ==\n{marked}\n"
    )


class Parser:
    """The tokens of `text` and a place in them. `arguments` are the named parameters that IDENTIFIER(:p) may use.

    accept...() move on when what they look for stands there; others raise SyntaxFault when it does not.
    """

    def __init__(self, text: str, arguments: Mapping[str, Any] | None = None) -> None:
        self.text = text
        self.tokens = tokens(text)
        self.arguments = arguments or {}
        self.at = 0

    @property
    def token(self) -> Token:
        """The token that comes next."""
        return self.tokens[self.at]

    def fault(self) -> SyntaxFault:
        """What to raise for the next token."""
        return SyntaxFault(self.text, self.token)

    def looks_at(self, *words: str) -> bool:
        """Whether these keywords come next."""
        ahead = self.tokens[self.at : self.at + len(words)]
        return len(ahead) == len(words) and all(
            token.is_word(word) for token, word in zip(ahead, words, strict=True)
        )

    def accept(self, *words: str) -> bool:
        """Moves behind these keywords when all of them come next."""
        if not self.looks_at(*words):
            return False
        self.at += len(words)
        return True

    def expect(self, *words: str) -> None:
        """Moves behind these keywords."""
        for word in words:
            if not self.accept(word):
                raise self.fault()

    def accept_symbol(self, symbol: str) -> bool:
        """Moves behind this character when it comes next."""
        if not self.token.is_symbol(symbol):
            return False
        self.at += 1
        return True

    def symbol(self, symbol: str) -> None:
        """Moves behind this character."""
        if not self.accept_symbol(symbol):
            raise self.fault()

    def one_of(self, *words: str) -> str | None:
        """The keyword among these that comes next, moved behind; None when none does."""
        token = self.token
        if not token.is_word(*words):
            return None
        self.at += 1
        return token.text.upper()

    def identifier(self) -> str:
        """One part of a name."""
        token = self.token
        if token.kind not in ("word", "quoted"):
            raise self.fault()
        self.at += 1
        return token.value

    def name(self) -> list[str]:
        """A name of one or more parts, or IDENTIFIER('a.b') or IDENTIFIER(:p)."""
        if self.token.is_word("IDENTIFIER") and self.tokens[self.at + 1].is_symbol("("):
            return self._identifier_clause()
        parts = [self.identifier()]
        while self.accept_symbol("."):
            parts.append(self.identifier())
        return parts

    def _identifier_clause(self) -> list[str]:
        self.at += 2
        token = self.token
        value = self.arguments.get(token.value) if token.kind == "parameter" else token.value
        if token.kind not in ("parameter", "string") or not isinstance(value, str):
            raise self.fault()
        self.at += 1
        self.symbol(")")
        inner = Parser(value)
        parts = inner.name()
        inner.end()
        return parts

    def string(self) -> str:
        """A string literal."""
        token = self.token
        if token.kind != "string":
            raise self.fault()
        self.at += 1
        return token.value

    def string_or_null(self) -> str | None:
        """A string literal, or None for NULL."""
        return None if self.accept("NULL") else self.string()

    def in_brackets(self, item: Callable[[], T]) -> list[T]:
        """( item, ... ), one at least."""
        self.symbol("(")
        found = [item()]
        while self.accept_symbol(","):
            found.append(item())
        self.symbol(")")
        return found

    def end(self) -> None:
        """Nothing but a semicolon comes any more."""
        while self.accept_symbol(";"):
            pass
        if self.token.kind != "end":
            raise self.fault()
