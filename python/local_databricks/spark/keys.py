"""PRIMARY KEY and FOREIGN KEY, as CREATE TABLE and ALTER TABLE ADD have them.

A constraint is {"name": text or None, "kind": "PRIMARY KEY" or "FOREIGN KEY", "columns": [...], "rely": bool} and, of a
foreign key, "parent": name as written and "parent_columns": [...] (empty: those of the parent's primary key).
"""

from __future__ import annotations

from typing import Any

from local_databricks.spark.parser import Parser

Constraint = dict[str, Any]

_OPTIONS = (
    ("NOT", "ENFORCED"),
    ("DEFERRABLE",),
    ("INITIALLY", "DEFERRED"),
    ("ENABLE", "NOVALIDATE"),
    ("NORELY",),
)
_FOREIGN_OPTIONS = (
    ("MATCH", "FULL"),
    ("ON", "UPDATE", "NO", "ACTION"),
    ("ON", "DELETE", "NO", "ACTION"),
)


def table_constraint(p: Parser) -> Constraint | None:
    """[CONSTRAINT name] PRIMARY KEY (...) or FOREIGN KEY (...) REFERENCES ...; None for any other constraint."""
    name = p.identifier() if p.accept("CONSTRAINT") else None
    if p.accept("PRIMARY", "KEY"):
        columns = p.in_brackets(lambda: _key_column(p))
        return {"name": name, "kind": "PRIMARY KEY", "columns": columns, "rely": _options(p)}
    if p.accept("FOREIGN", "KEY"):
        return _foreign(p, name, p.in_brackets(p.identifier))
    return None


def column_constraint(p: Parser, column: str) -> Constraint | None:
    """[CONSTRAINT name] PRIMARY KEY or [FOREIGN KEY] REFERENCES ... of a column; None for any other, unmoved."""
    before = p.at
    name = p.identifier() if p.accept("CONSTRAINT") else None
    if p.accept("PRIMARY", "KEY"):
        return {"name": name, "kind": "PRIMARY KEY", "columns": [column], "rely": _options(p)}
    if p.accept("FOREIGN", "KEY") or p.looks_at("REFERENCES"):
        return _foreign(p, name, [column])
    p.at = before
    return None


def _key_column(p: Parser) -> str:
    column = p.identifier()
    p.accept("TIMESERIES")
    return column


def _foreign(p: Parser, name: str | None, columns: list[str]) -> Constraint:
    p.expect("REFERENCES")
    constraint: Constraint = {"name": name, "kind": "FOREIGN KEY", "columns": columns}
    constraint["parent"] = p.name()
    named = p.token.is_symbol("(")
    constraint["parent_columns"] = p.in_brackets(p.identifier) if named else []
    constraint["rely"] = _options(p, _FOREIGN_OPTIONS)
    return constraint


def _options(p: Parser, more: tuple[tuple[str, ...], ...] = ()) -> bool:
    """Moves behind the constraint's options; whether RELY is among them."""
    rely = False
    while True:
        if p.accept("RELY"):
            rely = True
        elif not any(p.accept(*words) for words in (*_OPTIONS, *more)):
            return rely
