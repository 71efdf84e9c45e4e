"""The relations of information_schema that come from the registry: their columns as DDL, and all rows.

Columns, their order and the values of table_constraints and key_column_usage are those of their pages in the reference
(docs.databricks.com/sql/language-manual/information-schema), which says that IS_DEFERRABLE and INITIALLY_DEFERRED are always
'YES'; the other relations are from memory. What means nothing here is left out. A cell {"of": table id, "part": 0, 1 or 2} stands for a part of the table's name, which
the JVM fills in when it is asked: names change, ids do not. The first cell is always the catalogue.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from local_databricks.spark.objects import Objects
from local_databricks.spark.records import Key, Records

_CONSTRAINT = "constraint_catalog string, constraint_schema string, constraint_name string"
_TABLE = "table_catalog string, table_schema string, table_name string"
_TAG = "tag_name string, tag_value string"
_PRIVILEGE = "privilege_type string, is_grantable string, inherited_from string"
Row = list[Any]


def relations(records: Records, objects: Objects) -> dict[str, Any]:
    """name -> {"columns": DDL, "rows": [...]}"""
    keys = records.keys_of()
    found = {
        "catalogs": (
            "catalog_name string, catalog_owner string, comment string",
            _catalogs(records),
        ),
        "table_constraints": (
            f"{_CONSTRAINT}, {_TABLE}, constraint_type string, is_deferrable string, "
            "initially_deferred string, enforced string, comment string",
            [[*_named(k), *_name(k.table_id), k.kind, "YES", "YES", "NO", None] for k in keys],
        ),
        "key_column_usage": (
            f"{_CONSTRAINT}, {_TABLE}, column_name string, ordinal_position int, "
            "position_in_unique_constraint int",
            list(_key_columns(keys)),
        ),
        "referential_constraints": (
            f"{_CONSTRAINT}, unique_constraint_catalog string, unique_constraint_schema string, "
            "unique_constraint_name string, match_option string, update_rule string, delete_rule string",
            list(_referential(keys)),
        ),
        "constraint_table_usage": (
            f"{_TABLE}, {_CONSTRAINT}",
            [[*_name(k.parent_id or k.table_id), *_named(k)] for k in keys],
        ),
        "constraint_column_usage": (
            f"{_TABLE}, column_name string, {_CONSTRAINT}",
            [
                [*_name(k.parent_id or k.table_id), column, *_named(k)]
                for k in keys
                for column in (k.parent_columns if k.parent_id else k.columns)
            ],
        ),
        "volumes": (
            "volume_catalog string, volume_schema string, volume_name string, volume_type string, "
            "volume_owner string, comment string",
            list(_volumes(records, objects)),
        ),
    }
    return {
        name: {"columns": columns, "rows": rows}
        for name, (columns, rows) in {
            **found,
            **_tags(records, objects),
            **_privileges(records, objects),
        }.items()
    }


def _name(table_id: str) -> Row:
    return [{"of": table_id, "part": part} for part in range(3)]


def _named(key: Key) -> Row:
    return [*_name(key.table_id)[:2], key.name]


def _catalogs(records: Records) -> list[Row]:
    return [[c.name, records.owner(c.id), c.comment] for c in records.catalogs()]


def _key_columns(keys: list[Key]) -> Iterator[Row]:
    for key in keys:
        for position, column in enumerate(key.columns, 1):
            place = position if key.kind == "FOREIGN KEY" else None
            yield [*_named(key), *_name(key.table_id), column, position, place]


def _referential(keys: list[Key]) -> Iterator[Row]:
    primary = {key.table_id: key for key in keys if key.kind == "PRIMARY KEY"}
    for key in keys:
        if key.parent_id in primary:
            unique = _named(primary[key.parent_id or ""])
            yield [*_named(key), *unique, "FULL", "NO ACTION", "NO ACTION"]


def _volumes(records: Records, objects: Objects) -> Iterator[Row]:
    for catalog in records.catalogs():
        for schema in objects.schemas(catalog.name):
            for v in records.volumes(catalog.name, schema.name):
                owner = records.owner(v.id)
                yield [v.catalog, v.schema, v.name, "MANAGED", owner, v.comment]


def _places(records: Records, objects: Objects) -> Iterator[tuple[str, str, Row]]:
    """(kind, id, name's cells) of all that is not a table."""
    for catalog in records.catalogs():
        yield "catalog", catalog.id, [catalog.name]
        for schema in objects.schemas(catalog.name):
            yield "schema", schema.id, [catalog.name, schema.name]
            for volume in records.volumes(catalog.name, schema.name):
                yield "volume", volume.id, [catalog.name, schema.name, volume.name]


def _tags(records: Records, objects: Objects) -> dict[str, tuple[str, list[Row]]]:
    places = {id_: (kind, name) for kind, id_, name in _places(records, objects)}
    rows: dict[str, list[Row]] = {k: [] for k in ("catalog", "schema", "volume", "table", "column")}
    for row in records.database.rows("SELECT * FROM uc_tags ORDER BY id, column_name, key"):
        kind, name = places.get(row["id"], ("table", _name(row["id"])))
        if row["column_name"]:
            kind, name = "column", [*name, row["column_name"]]
        rows[kind].append([*name, row["key"], row["value"]])
    names = "catalog_name string, schema_name string"
    return {
        "catalog_tags": (f"catalog_name string, {_TAG}", rows["catalog"]),
        "schema_tags": (f"{names}, {_TAG}", rows["schema"]),
        "volume_tags": (f"{names}, volume_name string, {_TAG}", rows["volume"]),
        "table_tags": (f"{names}, table_name string, {_TAG}", rows["table"]),
        "column_tags": (f"{names}, table_name string, column_name string, {_TAG}", rows["column"]),
    }


def _privileges(records: Records, objects: Objects) -> dict[str, tuple[str, list[Row]]]:
    places = {id_: (kind, name) for kind, id_, name in _places(records, objects)}
    rows: dict[str, list[Row]] = {kind: [] for kind in ("catalog", "schema", "volume", "table")}
    for row in records.database.rows("SELECT * FROM uc_grants ORDER BY id, principal, privilege"):
        kind, name = places.get(row["id"], ("table", _name(row["id"])))
        grant = [row["privilege"].replace("_", " "), "NO", "NONE"]
        rows[kind].append([*name, row["grantor"], row["principal"], *grant])
    who = "grantor string, grantee string"
    return {
        "catalog_privileges": (f"catalog_name string, {who}, {_PRIVILEGE}", rows["catalog"]),
        "schema_privileges": (
            f"catalog_name string, schema_name string, {who}, {_PRIVILEGE}",
            rows["schema"],
        ),
        "table_privileges": (f"{_TABLE}, {who}, {_PRIVILEGE}", rows["table"]),
        "volume_privileges": (
            f"volume_catalog string, volume_schema string, volume_name string, {who}, {_PRIVILEGE}",
            rows["volume"],
        ),
    }
