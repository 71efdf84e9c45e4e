"""What Unity Catalog keeps beside Spark's catalogue, in the workspace's database.

Everything hangs on an id: a table's and a schema's from the journal (gone with the table, kept when it is renamed), a
volume's own, a catalogue's is its name. Records of ids that are no more are never shown, and removed at start.
`folder/spark/catalogs` and `information.json` say the same to the JVM; they are written whole after each change.
"""

from __future__ import annotations

import json
import os
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local_databricks.database import Database
from local_databricks.spark.objects import Objects

_TABLES = (
    "CREATE TABLE uc_catalogs (name TEXT PRIMARY KEY, id TEXT NOT NULL, comment TEXT,"
    " created INTEGER NOT NULL, properties TEXT NOT NULL)",
    "CREATE TABLE uc_volumes (catalog TEXT NOT NULL, schema TEXT NOT NULL, name TEXT NOT NULL, id TEXT NOT NULL,"
    " comment TEXT, created INTEGER NOT NULL, PRIMARY KEY (catalog, schema, name))",
    "CREATE TABLE uc_owners (id TEXT PRIMARY KEY, owner TEXT NOT NULL)",
    "CREATE TABLE uc_tags (id TEXT NOT NULL, column_name TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL,"
    " PRIMARY KEY (id, column_name, key))",
    "CREATE TABLE uc_grants (id TEXT NOT NULL, principal TEXT NOT NULL, privilege TEXT NOT NULL, grantor TEXT NOT NULL,"
    " PRIMARY KEY (id, principal, privilege))",
    "CREATE TABLE uc_keys (number INTEGER PRIMARY KEY, table_id TEXT NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL,"
    " columns TEXT NOT NULL, parent_id TEXT, parent_columns TEXT NOT NULL, rely INTEGER NOT NULL,"
    " UNIQUE (table_id, name))",
    "CREATE TABLE uc_flags (id TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (id, name))",
)
BY_ID = ("uc_owners", "uc_tags", "uc_grants", "uc_flags")


@dataclass(frozen=True)
class Catalog:
    """A catalogue; `created` is milliseconds of Unix time."""

    name: str
    id: str
    comment: str | None
    created: int
    properties: dict[str, str]


@dataclass(frozen=True)
class Volume:
    """A managed volume."""

    catalog: str
    schema: str
    name: str
    id: str
    comment: str | None
    created: int

    @property
    def full_name(self) -> str:
        """catalog.schema.volume"""
        return f"{self.catalog}.{self.schema}.{self.name}"


@dataclass(frozen=True)
class Key:
    """A primary or foreign key of the table with `table_id`."""

    table_id: str
    name: str
    kind: str
    columns: list[str]
    parent_id: str | None
    parent_columns: list[str]
    rely: bool


class Records:
    """The records of one workspace. `admin` owns what nobody else was given."""

    def __init__(self, folder: Path, database: Database, objects: Objects, admin: str) -> None:
        self._folder = folder / "spark"
        self._objects = objects
        self.database = database
        self.admin = admin
        database.migrate("unity_catalog", _TABLES)

    # Catalogues and volumes

    def catalogs(self) -> list[Catalog]:
        """By name."""
        rows = self.database.rows("SELECT * FROM uc_catalogs ORDER BY name")
        return [
            Catalog(r["name"], r["id"], r["comment"], r["created"], json.loads(r["properties"]))
            for r in rows
        ]

    def catalog(self, name: str) -> Catalog | None:
        """One catalogue."""
        return next((c for c in self.catalogs() if c.name == name.lower()), None)

    def add_catalog(self, name: str, comment: str | None, properties: dict[str, str]) -> None:
        """Makes a catalogue; its schema `default` is the caller's to make."""
        row = (name.lower(), str(uuid.uuid4()), comment, now(), json.dumps(properties))
        self.database.write("INSERT INTO uc_catalogs VALUES (?, ?, ?, ?, ?)", row)

    def volumes(self, catalog: str, schema: str) -> list[Volume]:
        """Those of a schema, by name."""
        rows = self.database.rows(
            "SELECT * FROM uc_volumes WHERE catalog = ? AND schema = ? ORDER BY name",
            (catalog.lower(), schema.lower()),
        )
        return [Volume(*tuple(row)) for row in rows]

    def add_volume(self, catalog: str, schema: str, name: str, comment: str | None) -> Volume:
        """Records a volume."""
        names = (catalog.lower(), schema.lower(), name.lower())
        volume = Volume(*names, str(uuid.uuid4()), comment, now())
        row = (*names, volume.id, comment, volume.created)
        self.database.write("INSERT INTO uc_volumes VALUES (?, ?, ?, ?, ?, ?)", row)
        return volume

    # Owners, tags, flags

    def owner(self, id_: str) -> str:
        """Who owns the object."""
        row = self.database.row("SELECT owner FROM uc_owners WHERE id = ?", (id_,))
        return str(row["owner"]) if row else self.admin

    def set_owner(self, id_: str, owner: str) -> None:
        """Gives the object to somebody."""
        self.database.write("REPLACE INTO uc_owners VALUES (?, ?)", (id_, owner))

    def tags(self, id_: str, column: str = "") -> dict[str, str]:
        """Of the object, or of its column."""
        rows = self.database.rows(
            "SELECT key, value FROM uc_tags WHERE id = ? AND column_name = ? ORDER BY key",
            (id_, column.lower()),
        )
        return {row["key"]: row["value"] for row in rows}

    def set_tags(self, id_: str, column: str, tags: dict[str, str]) -> None:
        """Adds tags, or changes their values."""
        for key, value in tags.items():
            self.database.write(
                "REPLACE INTO uc_tags VALUES (?, ?, ?, ?)", (id_, column.lower(), key, value)
            )

    def unset_tags(self, id_: str, column: str, keys: list[str]) -> None:
        """Removes tags; nothing happens for those that are not there."""
        for key in keys:
            self.database.write(
                "DELETE FROM uc_tags WHERE id = ? AND column_name = ? AND key = ?",
                (id_, column.lower(), key),
            )

    def set_flag(self, id_: str, name: str, value: str) -> None:
        """Something else to know of an object."""
        self.database.write("REPLACE INTO uc_flags VALUES (?, ?, ?)", (id_, name, value))

    def flag(self, id_: str, name: str) -> str | None:
        """See set_flag."""
        row = self.database.row("SELECT value FROM uc_flags WHERE id = ? AND name = ?", (id_, name))
        return str(row["value"]) if row else None

    # Keys

    def keys_of(self, table_id: str | None = None) -> list[Key]:
        """Of one table or of all, in the order in which they were made."""
        where = "" if table_id is None else " WHERE table_id = ?"
        rows = self.database.rows(
            f"SELECT * FROM uc_keys{where} ORDER BY number", () if table_id is None else (table_id,)
        )
        return [
            Key(
                r["table_id"],
                r["name"],
                r["kind"],
                json.loads(r["columns"]),
                r["parent_id"],
                json.loads(r["parent_columns"]),
                bool(r["rely"]),
            )
            for r in rows
        ]

    def add_key(self, key: Key) -> None:
        """Adds a key."""
        self.database.write(
            "INSERT INTO uc_keys (table_id, name, kind, columns, parent_id, parent_columns, rely)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                key.table_id,
                key.name,
                key.kind,
                json.dumps(key.columns),
                key.parent_id,
                json.dumps(key.parent_columns),
                int(key.rely),
            ),
        )

    def drop_keys(self, table_id: str, name: str | None = None) -> None:
        """Drops one key or all of a table."""
        self.database.write(
            "DELETE FROM uc_keys WHERE table_id = ? AND (? IS NULL OR name = ?)",
            (table_id, name, name),
        )

    # Grants

    def grants(self, id_: str) -> list[tuple[str, str]]:
        """(principal, privilege), sorted."""
        rows = self.database.rows(
            "SELECT principal, privilege FROM uc_grants WHERE id = ? ORDER BY principal, privilege",
            (id_,),
        )
        return [(row["principal"], row["privilege"]) for row in rows]

    def grant(self, id_: str, principal: str, privilege: str, grantor: str) -> None:
        """Gives a privilege; nothing happens when it was given."""
        self.database.write(
            "INSERT OR IGNORE INTO uc_grants VALUES (?, ?, ?, ?)",
            (id_, principal, privilege, grantor),
        )

    def revoke(self, id_: str, principal: str, privilege: str) -> None:
        """Takes a privilege back; nothing happens when it was not given."""
        self.database.write(
            "DELETE FROM uc_grants WHERE id = ? AND principal = ? AND privilege = ?",
            (id_, principal, privilege),
        )

    # Whole objects

    def forget(self, id_: str) -> None:
        """Removes all that hangs on an id."""
        for table in BY_ID:
            self.database.write(f"DELETE FROM {table} WHERE id = ?", (id_,))
        self.database.write("DELETE FROM uc_keys WHERE table_id = ?", (id_,))

    def sweep(self) -> None:
        """Removes what hangs on objects that are no more."""
        alive = {"", "METASTORE"}
        for catalog in self.catalogs():
            alive.add(catalog.id)
            for schema in self._objects.schemas(catalog.name):
                alive.add(schema.id)
                alive.update(t.id for t in self._objects.tables(catalog.name, schema.name))
                alive.update(v.id for v in self.volumes(catalog.name, schema.name))
        for table in (*BY_ID, "uc_keys"):
            column = "table_id" if table == "uc_keys" else "id"
            for row in self.database.rows(f"SELECT DISTINCT {column} AS id FROM {table}"):
                if row["id"] not in alive:
                    self.database.write(f"DELETE FROM {table} WHERE {column} = ?", (row["id"],))

    # What the JVM reads

    def tell_spark(self) -> None:
        """Writes `catalogs` and `information.json`."""
        names = "".join(f"{catalog.name}\n" for catalog in self.catalogs())
        _write(self._folder / "catalogs", names)
        rows = self.database.rows("SELECT * FROM uc_owners")
        information: dict[str, Any] = {
            "admin": self.admin,
            "owners": {row["id"]: row["owner"] for row in rows},
            "relations": _relations(self, self._objects),
        }
        _write(self._folder / "information.json", json.dumps(information))


def now() -> int:
    """Milliseconds of Unix time."""
    return time.time_ns() // 1_000_000


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.read_text() == text:
        return
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_text(text)
    os.replace(fresh, path)


def _relations(records: Records, objects: Objects) -> dict[str, Any]:
    from local_databricks.spark.information import relations

    return relations(records, objects)
