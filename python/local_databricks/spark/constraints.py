"""Primary and foreign keys: informational in Unity Catalog, but checked against the tables and columns they name.

The text of the error for a nullable column is the cloud's, as issues 676 and 1342 of databricks/dbt-databricks quote it.
All others, names of conditions among them (FOREIGN_KEY_MISMATCH), are from memory: none was seen on the real cloud.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from local_databricks.spark.faults import Fault, invalid, no_column, no_table
from local_databricks.spark.objects import Objects, Table
from local_databricks.spark.records import Key, Records


@dataclass(frozen=True)
class Shape:
    """A table that a CREATE TABLE is about to make: its name and columns."""

    schema: str
    name: str
    columns: list[str]


class Constraints:
    """The keys of all tables."""

    def __init__(self, records: Records, objects: Objects) -> None:
        self._records = records
        self._objects = objects

    def add(self, table: Table, asked: list[dict[str, Any]]) -> None:
        """Adds the keys in turn, all or none. Raises Fault."""
        with self._records.database.transaction():
            # a foreign key may refer to the primary key beside it
            for constraint in sorted(asked, key=lambda c: c["kind"] != "PRIMARY KEY"):
                self._add(table, constraint)

    def check_new(self, shape: Shape, asked: list[dict[str, Any]]) -> None:
        """Raises Fault for what is wrong with keys of a table that is not there yet."""
        if sum(c["kind"] == "PRIMARY KEY" for c in asked) > 1:
            raise invalid(f"Multiple primary keys are defined for table `{shape.name}`.")
        known = {name.lower() for name in shape.columns}
        for constraint in asked:
            _distinct(constraint["columns"])
            for column in constraint["columns"]:
                if column.lower() not in known:
                    raise no_column(column, shape.columns)
            if constraint["kind"] == "FOREIGN KEY" and constraint["parent"][1:] != [
                shape.schema,
                shape.name,
            ]:
                self._parent(constraint)

    def drop(self, table: Table, asked: dict[str, Any]) -> bool:
        """Drops what a DROP names; False when a name is not a key's (it may be a CHECK constraint). Raises Fault."""
        keys = self._records.keys_of(table.id)
        name, kind = asked.get("constraint"), asked.get("kind")
        if name is not None:
            found = [k for k in keys if k.name.lower() == name.lower()]
            if not found:
                return False
        elif kind == "PRIMARY KEY":
            found = [k for k in keys if k.kind == kind]
        else:
            columns = [c.lower() for c in asked["columns"]]
            found = [
                k for k in keys if k.kind == kind and [c.lower() for c in k.columns] == columns
            ]
        if not found and not asked["if_exists"]:
            raise Fault(
                "CONSTRAINT_DOES_NOT_EXIST",
                f"Cannot drop the {str(kind).lower()} of table `{table.catalog}`.`{table.schema}`."
                f"`{table.name}`: it does not exist.",
                "42704",
            )
        for key in found:
            self._drop(table, key, asked.get("cascade", False))
        return True

    def _drop(self, table: Table, key: Key, cascade: bool) -> None:
        referring = [k for k in self._records.keys_of() if k.parent_id == table.id]
        if key.kind == "PRIMARY KEY" and referring:
            if not cascade:
                raise invalid(
                    f"Cannot drop the primary key `{key.name}` because it is referenced by the foreign key "
                    f"`{referring[0].name}`. Use CASCADE to drop it with the foreign keys."
                )
            for other in referring:
                self._records.drop_keys(other.table_id, other.name)
        self._records.drop_keys(table.id, key.name)

    def _add(self, table: Table, asked: dict[str, Any]) -> None:
        kind, columns = asked["kind"], asked["columns"]
        _distinct(columns)
        names = self._columns(table, columns)
        keys = self._records.keys_of(table.id)
        parent_id: str | None = None
        parent_columns: list[str] = []
        if kind == "FOREIGN KEY":
            parent, parent_columns = self._parent(asked)
            parent_id = parent.id
            self._same_types(table, names, parent, parent_columns, asked)
        name = asked.get("name") or self._free_name(table, asked, keys)
        if any(k.name.lower() == name.lower() for k in keys):
            raise Fault(
                "CONSTRAINT_ALREADY_EXISTS",
                f"Constraint '{name}' already exists. Please drop the old constraint first.",
                "42710",
            )
        if kind == "PRIMARY KEY":
            if any(k.kind == kind for k in keys):
                raise invalid(
                    f"Cannot create the primary key `{name}` because table `{table.full_name}` already has a "
                    "primary key."
                )
            nullable = [c for c in names if (found := table.column(c)) and found.nullable]
            if nullable:
                listed = ", ".join(f"`{c}`" for c in nullable)
                raise invalid(
                    f"Cannot create the primary key `{name}` because its child column(s) {listed} is nullable. "
                    "Please change the column nullability and retry."
                )
        key = Key(table.id, name, kind, names, parent_id, parent_columns, bool(asked.get("rely")))
        self._records.add_key(key)

    def _columns(self, table: Table, columns: list[str]) -> list[str]:
        """The columns as the table writes them."""
        names = []
        for column in columns:
            found = table.column(column)
            if found is None:
                raise no_column(column, [c.name for c in table.columns])
            names.append(found.name)
        return names

    def _parent(self, asked: dict[str, Any]) -> tuple[Table, list[str]]:
        """The table that a foreign key refers to, and the columns: its primary key, as a set."""
        parent = self._objects.table(*asked["parent"])
        if parent is None:
            raise no_table(asked["parent"])
        primary = next(
            (k for k in self._records.keys_of(parent.id) if k.kind == "PRIMARY KEY"), None
        )
        if primary is None:
            raise invalid(
                f"Cannot create a foreign key that references table `{parent.full_name}` because the table has no "
                "primary key."
            )
        columns = asked["parent_columns"] or primary.columns
        same = sorted(c.lower() for c in columns) == sorted(c.lower() for c in primary.columns)
        if not same or len(columns) != len(asked["columns"]):
            shown = columns if not same else asked["columns"]
            raise Fault(
                "FOREIGN_KEY_MISMATCH",
                f"Foreign key parent columns {', '.join(f'`{c}`' for c in shown)} do not match primary key child "
                f"columns {', '.join(f'`{c}`' for c in primary.columns)}.",
                "42830",
            )
        return parent, self._columns(parent, columns)

    def _same_types(
        self, table: Table, columns: list[str], parent: Table, others: list[str], asked: Any
    ) -> None:
        for column, other in zip(columns, others, strict=True):
            child, referred = table.column(column), parent.column(other)
            if child and referred and child.type_text != referred.type_text:
                raise invalid(
                    f"Cannot create the foreign key because the type {child.type_text} of its child column "
                    f"`{column}` is not the type {referred.type_text} of the parent column `{other}`."
                )

    def _free_name(self, table: Table, asked: dict[str, Any], keys: list[Key]) -> str:
        """<table>_pk or <table>_<parent>_fk, numbered when it is taken."""
        primary = asked["kind"] == "PRIMARY KEY"
        stem = f"{table.name}_pk" if primary else f"{table.name}_{asked['parent'][-1]}_fk"
        taken = {k.name.lower() for k in keys}
        number = 0
        while (name := f"{stem}_{number}" if number else stem) in taken:
            number += 1
        return name


def _distinct(columns: list[str]) -> None:
    seen: set[str] = set()
    for column in columns:
        if column.lower() in seen:
            raise Fault("COLUMN_ALREADY_EXISTS", f"The column `{column}` already exists.", "42711")
        seen.add(column.lower())
