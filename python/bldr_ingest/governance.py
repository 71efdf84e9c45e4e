"""What Unity Catalog is told of the star: primary and foreign keys, and the layer of each table as a tag.

Keys are informational: nothing enforces them, and no query relies on them (the MERGEs and the left joins see to it that
they hold). What is there already is left alone, so the task may run again. Open-source Delta has no such statements:
there the parameter `governance` is false.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .session import Session, literal, quoted

__all__ = ["ForeignKey", "govern"]

NAME_MAX = 255
HASH_SHOWN = 16


@dataclass(frozen=True)
class ForeignKey:
    """A column of a table that holds the key of a dimension."""

    table: str
    column: str
    dimension: str
    key: str


def govern(
    session: Session,
    primary_keys: Mapping[str, Sequence[str]],
    foreign_keys: Sequence[ForeignKey],
    layers: Mapping[str, str],
) -> list[str]:
    """Adds the keys and tags that are missing; the statements that were needed.

    primary_keys: columns by table, all NOT NULL. layers: bronze, silver or gold by table.
    """
    if not session.config.governance:
        print("governance: left out, as the parameter says")
        return []
    statements = [
        *missing_keys(session, primary_keys, foreign_keys),
        *missing_tags(session, layers),
    ]
    for statement in statements:
        session.spark.sql(statement)
        print(statement)
    return statements


def missing_keys(
    session: Session, primary_keys: Mapping[str, Sequence[str]], foreign_keys: Sequence[ForeignKey]
) -> list[str]:
    """The statements for the keys that the catalog does not know; primary ones first, which the others refer to."""
    known = known_of(session, "table_constraints", "table_schema", "constraint_name")
    wanted = [
        (key_name(table, "pk"), table, f"PRIMARY KEY ({names(columns)})")
        for table, columns in primary_keys.items()
    ]
    for f in foreign_keys:
        parent = f"{session.table(f.dimension)} ({quoted(f.key)})"
        clause = f"FOREIGN KEY ({quoted(f.column)}) REFERENCES {parent}"
        wanted.append((key_name(f.table, f.column, "fk"), f.table, clause))
    return [
        f"ALTER TABLE {session.table(table)} ADD CONSTRAINT {quoted(name)} {clause} NOT ENFORCED"
        for name, table, clause in wanted
        if (table.lower(), name.lower()) not in known
    ]


def missing_tags(session: Session, layers: Mapping[str, str]) -> list[str]:
    """The statements for the tags that the catalog does not know."""
    known = known_of(session, "table_tags", "schema_name", "tag_name")
    return [
        f"ALTER TABLE {session.table(table)} SET TAGS ('layer' = {literal(layer)}, 'generator' = 'bldr')"
        for table, layer in layers.items()
        if not {(table.lower(), "layer"), (table.lower(), "generator")} <= known
    ]


def known_of(session: Session, view: str, schema: str, name: str) -> set[tuple[str, str]]:
    """Table and name, in lower case, of what the catalog knows of this schema's tables."""
    source = f"{quoted(session.config.catalog)}.information_schema.{view}"
    where = f"lower({schema}) = {literal(session.config.schema.lower())}"
    rows = session.spark.sql(f"SELECT table_name, {name} AS name FROM {source} WHERE {where}")
    return {(row["table_name"].lower(), row["name"].lower()) for row in rows.collect()}


def names(columns: Sequence[str]) -> str:
    """Columns as SQL lists them."""
    return ", ".join(map(quoted, columns))


def key_name(*parts: str) -> str:
    """The name of a key, the same at every run; of one that would be too long the beginning and a hash of the whole."""
    name = "_".join(parts)
    if len(name) <= NAME_MAX:
        return name
    digest = hashlib.blake2b(name.encode(), digest_size=HASH_SHOWN // 2).hexdigest()
    return f"{name[: NAME_MAX - HASH_SHOWN - 1]}_{digest}"
