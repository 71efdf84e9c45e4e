"""CREATE TABLE with keys or CLUSTER BY AUTO: what is left of the text for Spark, and what the registry has to know."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from local_databricks.spark.keys import Constraint, column_constraint, table_constraint
from local_databricks.spark.parser import Parser

_NESTING = ("ARRAY", "MAP", "STRUCT")


@dataclass
class _Edits:
    """Pieces of the text that Spark must not see, and what goes in their place, by position."""

    cuts: list[tuple[int, int, str]] = field(default_factory=list)

    def cut(self, start: int, end: int, instead: str = "") -> None:
        self.cuts.append((start, end, instead))

    def apply(self, text: str) -> str:
        for start, end, instead in sorted(self.cuts, reverse=True):
            text = text[:start] + instead + text[end:]
        return text


@dataclass
class _Column:
    name: str
    not_null: bool
    end: int


def create_table(p: Parser) -> dict[str, Any] | None:
    """The request of CREATE [OR REPLACE] TABLE or REPLACE TABLE; None when Spark can have the text as it is.

    "spark" is the text for Spark: keys cut out, their columns NOT NULL (the manual: primary key columns are implicitly
    defined as NOT NULL), CLUSTER BY AUTO cut out.
    """
    create = p.accept("CREATE")
    replace = p.accept("OR", "REPLACE") if create else p.accept("REPLACE")
    if not p.accept("TABLE"):
        return None
    request: dict[str, Any] = {"op": "create_table", "replace": replace}
    request["if_not_exists"] = p.accept("IF", "NOT", "EXISTS")
    if p.token.kind not in ("word", "quoted"):
        return None
    request["table"] = p.name()
    edits = _Edits()
    columns, constraints = _column_list(p, edits) if p.token.is_symbol("(") else ([], [])
    auto = _cut_auto(p, edits)
    if not constraints and not auto and not replace:
        return None
    primary = [c for c in constraints if c["kind"] == "PRIMARY KEY"]
    keys = {name.lower() for c in primary for name in c["columns"]}
    for column in columns:
        if column.name.lower() in keys and not column.not_null:
            edits.cut(column.end, column.end, " NOT NULL")
    request["columns"] = [column.name for column in columns]
    request |= {"constraints": constraints, "cluster_by_auto": auto, "spark": edits.apply(p.text)}
    return request


def _column_list(p: Parser, edits: _Edits) -> tuple[list[_Column], list[Constraint]]:
    """Reads ( column or constraint, ... ), cutting the keys out."""
    columns: list[_Column] = []
    constraints: list[Constraint] = []
    p.symbol("(")
    previous = p.tokens[p.at - 1].end
    first = True
    while True:
        start = p.token.start
        if _is_table_constraint(p):
            constraint = table_constraint(p)
            if constraint is None:
                raise p.fault()
            constraints.append(constraint)
            end = p.tokens[p.at - 1].end
            # with the comma in front of it, or, when it is the first, the one behind it
            edits.cut(previous if not first else start, end)
        else:
            columns.append(_column(p, edits, constraints))
            first = False
        previous = p.tokens[p.at - 1].end
        if p.accept_symbol(")"):
            return columns, constraints
        if not p.token.is_symbol(","):
            raise p.fault()
        if first:
            edits.cut(p.token.start, p.token.end)
        p.at += 1


def _is_table_constraint(p: Parser) -> bool:
    if p.looks_at("CONSTRAINT"):
        return p.tokens[min(p.at + 2, len(p.tokens) - 1)].is_word("PRIMARY", "FOREIGN", "CHECK")
    return p.looks_at("PRIMARY", "KEY") or p.looks_at("FOREIGN", "KEY")


def _column(p: Parser, edits: _Edits, constraints: list[Constraint]) -> _Column:
    """A column's definition, to the comma or bracket behind it."""
    column = _Column(p.identifier(), False, 0)
    depth = 0
    while depth or not (p.token.is_symbol(",") or p.token.is_symbol(")")):
        token = p.token
        if token.kind == "end":
            raise p.fault()
        if depth == 0 and token.is_word("CONSTRAINT", "PRIMARY", "FOREIGN", "REFERENCES"):
            constraint = column_constraint(p, column.name)
            if constraint is not None:
                constraints.append(constraint)
                edits.cut(token.start, p.tokens[p.at - 1].end)
                continue
        if p.looks_at("NOT", "NULL") and depth == 0:
            column.not_null = True
        opens = token.is_symbol("(") or (
            token.is_symbol("<") and p.tokens[p.at - 1].is_word(*_NESTING)
        )
        closes = token.is_symbol(")") or (token.is_symbol(">") and depth > 0)
        depth += opens - closes
        p.at += 1
    column.end = p.tokens[p.at - 1].end
    return column


def _cut_auto(p: Parser, edits: _Edits) -> bool:
    """Cuts CLUSTER BY AUTO out of the clauses behind the columns; a query (AS ...) ends the clauses."""
    while p.token.kind != "end" and not p.token.is_word("AS", "SELECT", "WITH"):
        if p.looks_at("CLUSTER", "BY", "AUTO"):
            edits.cut(p.token.start, p.tokens[p.at + 2].end)
            return True
        p.at += 1
    return False
