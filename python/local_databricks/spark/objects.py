"""Schemas, tables and views as the server's journal has them on disk, read without Spark.

The columns of a Delta table come from its log: the newest metaData action, kept until the log grows. A view's columns
are in the journal. Names are lower case, as Spark and Unity Catalog keep them.
"""

from __future__ import annotations

import importlib
import json
import re
import threading
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

SEPARATOR = "__"
_VERSION = re.compile(r"(\d{20})\.json")
_CHECKPOINT = re.compile(r"(\d{20})\.checkpoint.*\.parquet")
_UNITY = {"integer": "INT", "bigint": "LONG", "smallint": "SHORT", "tinyint": "BYTE", "int": "INT"}
_DDL = {"integer": "int", "long": "bigint", "short": "smallint", "byte": "tinyint"}


@dataclass(frozen=True)
class Column:
    """A column; `type_json` is Spark's JSON of its type, `position` counts from 0."""

    name: str
    type_json: Any
    nullable: bool
    comment: str | None
    position: int

    @property
    def type_text(self) -> str:
        """The type as DDL has it, e.g. decimal(10,2)."""
        return ddl(self.type_json)

    @property
    def type_name(self) -> str:
        """Unity Catalog's name of the type, e.g. LONG."""
        return unity_name(self.type_text)


@dataclass(frozen=True)
class Schema:
    """A schema of a catalogue."""

    id: str
    catalog: str
    name: str
    comment: str
    location: str
    properties: dict[str, str]

    @property
    def full_name(self) -> str:
        """catalog.schema"""
        return f"{self.catalog}.{self.name}"


@dataclass(frozen=True)
class Table:
    """A table or view. `kind` is MANAGED, EXTERNAL or VIEW; `created` is milliseconds of Unix time."""

    id: str
    catalog: str
    schema: str
    name: str
    kind: str
    provider: str | None
    location: str | None
    created: int
    view: str | None
    kept: dict[str, Any]

    @property
    def full_name(self) -> str:
        """catalog.schema.table"""
        return f"{self.catalog}.{self.schema}.{self.name}"

    @cached_property
    def _metadata(self) -> dict[str, Any]:
        """Delta's, or what the journal has of a view."""
        if self.kind != "VIEW" and self.location:
            return _LOGS.metadata(_path(self.location))
        return {"schemaString": self.kept["schema"], "description": self.kept["comment"]}

    @property
    def comment(self) -> str | None:
        """What COMMENT ON TABLE or the CREATE said."""
        found = self._metadata.get("description")
        return str(found) if found else None

    @property
    def properties(self) -> dict[str, str]:
        """Delta's configuration, or a view's properties without Spark's own."""
        if self.kind != "VIEW":
            return dict(self._metadata.get("configuration") or {})
        return {k: v for k, v in self.kept["properties"].items() if not k.startswith("view.")}

    @cached_property
    def columns(self) -> list[Column]:
        """In their order."""
        fields = json.loads(self._metadata.get("schemaString") or '{"fields": []}')["fields"]
        return [
            Column(f["name"], f["type"], f["nullable"], f["metadata"].get("comment"), position)
            for position, f in enumerate(fields)
        ]

    def column(self, name: str) -> Column | None:
        """The column of that name, whatever its case."""
        return next((c for c in self.columns if c.name.lower() == name.lower()), None)


class Objects:
    """What folder/spark/catalog holds."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "spark" / "catalog"

    def schemas(self, catalog: str) -> list[Schema]:
        """Those of a catalogue, by name."""
        prefix = catalog.lower() + SEPARATOR
        names = sorted(p.name[len(prefix) :] for p in self._folder.glob(prefix + "*"))
        found = (self.schema(catalog, name) for name in names)
        return [schema for schema in found if schema is not None]

    def schema(self, catalog: str, name: str) -> Schema | None:
        """One schema."""
        kept = _read(self._place(catalog, name) / "_schema")
        if kept is None:
            return None
        fields = (kept["id"], catalog.lower(), name.lower(), kept["comment"], kept["location"])
        return Schema(*fields, kept["properties"])

    def tables(self, catalog: str, schema: str) -> list[Table]:
        """The tables and views of a schema, by name."""
        place = self._place(catalog, schema)
        names = sorted(p.stem for p in place.glob("[!.]*.json"))
        found = (self.table(catalog, schema, name) for name in names)
        return [table for table in found if table is not None]

    def table(self, catalog: str, schema: str, name: str) -> Table | None:
        """One table or view."""
        kept = _read(self._place(catalog, schema) / f"{name.lower()}.json")
        if kept is None or "type" not in kept:
            return None
        return Table(
            kept["id"],
            catalog.lower(),
            schema.lower(),
            name.lower(),
            kept["type"],
            kept["provider"],
            kept["location"],
            kept["created"],
            kept["view"],
            kept,
        )

    def _place(self, catalog: str, schema: str) -> Path:
        for name in (catalog, schema):
            if "/" in name or name in ("", ".", ".."):
                return self._folder / ".none"
        return self._folder / f"{catalog}{SEPARATOR}{schema}".lower()


def ddl(kind: Any) -> str:
    """Spark's JSON of a type as DDL text."""
    if isinstance(kind, str):
        return _DDL.get(kind, kind)
    if kind["type"] == "array":
        return f"array<{ddl(kind['elementType'])}>"
    if kind["type"] == "map":
        return f"map<{ddl(kind['keyType'])},{ddl(kind['valueType'])}>"
    if kind["type"] == "struct":
        return "struct<" + ",".join(f"{f['name']}:{ddl(f['type'])}" for f in kind["fields"]) + ">"
    return ddl(kind["sqlType"]) if "sqlType" in kind else str(kind["type"])


def unity_name(text: str) -> str:
    """The API's name of a DDL type: bigint is LONG, decimal(10,2) is DECIMAL."""
    base = re.split(r"[(<]", text, maxsplit=1)[0].strip().lower()
    if base.startswith("interval"):
        return "INTERVAL"
    return {"varchar": "STRING", "void": "NULL"}.get(base) or _UNITY.get(base, base.upper())


class _Logs:
    """Metadata of Delta tables by folder, read again when the log has a newer version."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[Path, tuple[int, dict[str, Any]]] = {}

    def metadata(self, table: Path) -> dict[str, Any]:
        log = table / "_delta_log"
        versions = sorted(
            int(m[1]) for p in log.glob("*.json") if (m := _VERSION.fullmatch(p.name))
        )
        newest = versions[-1] if versions else -1
        with self._lock:
            known = self._known.get(table)
        since = known[0] if known and known[0] <= newest else -1
        found = _newest_metadata(log, [v for v in versions if v > since])
        if found is None:
            found = known[1] if known and since >= 0 else _checkpointed(log)
        with self._lock:
            self._known[table] = (newest, found)
        return found


_LOGS = _Logs()


def _newest_metadata(log: Path, versions: list[int]) -> dict[str, Any] | None:
    for version in reversed(versions):
        for line in (log / f"{version:020d}.json").read_text().splitlines():
            if '"metaData"' in line and "metaData" in (action := json.loads(line)):
                return dict(action["metaData"])
    return None


def _checkpointed(log: Path) -> dict[str, Any]:
    """The metaData action of the newest checkpoint that has one."""
    parquet = importlib.import_module("pyarrow.parquet")

    files = [p for p in log.glob("*.parquet") if _CHECKPOINT.fullmatch(p.name)]
    for path in sorted(files, reverse=True):
        for row in parquet.read_table(path, columns=["metaData"]).column(0).to_pylist():
            if row is not None:
                return {**row, "configuration": dict(row.get("configuration") or [])}
    return {}


def _path(location: str) -> Path:
    return Path(unquote(urlparse(location).path))


def _read(path: Path) -> dict[str, Any] | None:
    try:
        kept: dict[str, Any] = json.loads(path.read_text())
    except FileNotFoundError:
        return None
    return kept
