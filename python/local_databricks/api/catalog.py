"""Unity Catalog: /api/2.1/unity-catalog. Schemas and tables are Spark's, read from its journal; the rest the registry's.

Without `max_results` all is on one page; with it pages hold at most so many (0: the server's choice), and `page_token`
is the name to go on behind. Managed tables are made by SQL.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.routing import Route

from local_databricks.calls import Call, json_route
from local_databricks.errors import ApiError, invalid
from local_databricks.spark.faults import Fault
from local_databricks.spark.objects import Column, Schema, Table
from local_databricks.spark.records import Catalog, Volume
from local_databricks.spark.registry import Registry
from local_databricks.spark.sql import SqlError
from local_databricks.workspace import Workspace

BASE = "/api/2.1/unity-catalog"
PAGE = 100
METASTORE = "00000000-0000-4000-8000-000000000001"
Handler = Callable[[Call], object]

# What the registry says -> status and error code of the API.
_CODES = {
    "NO_SUCH_CATALOG_EXCEPTION": (404, "CATALOG_DOES_NOT_EXIST"),
    "SCHEMA_NOT_FOUND": (404, "SCHEMA_DOES_NOT_EXIST"),
    "TABLE_OR_VIEW_NOT_FOUND": (404, "TABLE_DOES_NOT_EXIST"),
    "VOLUME_NOT_FOUND": (404, "VOLUME_DOES_NOT_EXIST"),
    "PRINCIPAL_DOES_NOT_EXIST": (404, "PRINCIPAL_DOES_NOT_EXIST"),
    "PERMISSION_DENIED": (403, "PERMISSION_DENIED"),
    "CATALOG_ALREADY_EXISTS": (400, "CATALOG_ALREADY_EXISTS"),
    "SCHEMA_ALREADY_EXISTS": (400, "SCHEMA_ALREADY_EXISTS"),
    "VOLUME_ALREADY_EXISTS": (400, "RESOURCE_ALREADY_EXISTS"),
}


def routes(workspace: Workspace) -> list[Route]:
    """The API's routes."""
    if workspace.registry is None:
        return []
    api = CatalogApi(workspace)
    table: list[tuple[str, str, Handler]] = [
        ("GET", "/catalogs", api.list_catalogs),
        ("POST", "/catalogs", api.create_catalog),
        ("GET", "/catalogs/{name}", api.get_catalog),
        ("PATCH", "/catalogs/{name}", api.update_catalog),
        ("DELETE", "/catalogs/{name}", api.delete_catalog),
        ("GET", "/schemas", api.list_schemas),
        ("POST", "/schemas", api.create_schema),
        ("GET", "/schemas/{full_name}", api.get_schema),
        ("DELETE", "/schemas/{full_name}", api.delete_schema),
        ("GET", "/tables", api.list_tables),
        ("GET", "/tables/{full_name}/exists", api.table_exists),
        ("GET", "/tables/{full_name}", api.get_table),
        ("DELETE", "/tables/{full_name}", api.delete_table),
        ("GET", "/table-summaries", api.summaries),
        ("GET", "/volumes", api.list_volumes),
        ("POST", "/volumes", api.create_volume),
        ("GET", "/volumes/{full_name}", api.get_volume),
        ("DELETE", "/volumes/{full_name}", api.delete_volume),
        ("POST", "/constraints", api.create_constraint),
        ("DELETE", "/constraints/{full_name}", api.delete_constraint),
        ("GET", "/permissions/{securable_type}/{full_name}", api.permissions),
        ("PATCH", "/permissions/{securable_type}/{full_name}", api.change_permissions),
        ("GET", "/effective-permissions/{securable_type}/{full_name}", api.effective),
        ("GET", "/current-metastore-assignment", api.metastore),
        ("GET", "/metastore_summary", api.metastore_summary),
    ]
    return [json_route(method, BASE + path, _worded(handler)) for method, path, handler in table]


def _worded(handler: Handler) -> Handler:
    """A handler whose faults are the API's errors."""

    def handle(call: Call) -> object:
        try:
            return handler(call)
        except Fault as fault:
            raise _api_error(fault) from None

    return handle


def _api_error(fault: Fault) -> ApiError:
    status, code = _CODES.get(fault.condition, (400, "INVALID_PARAMETER_VALUE"))
    message = fault.message
    if status == 404 and code != "PRINCIPAL_DOES_NOT_EXIST":
        named = message.split("\n")[0].replace("`", "'").replace("'.'", ".")
        name = named.split("'")[1] if "'" in named else named
        message = f"{code.split('_')[0].title()} '{name}' does not exist."
    return ApiError(status, code, message)


class CatalogApi:
    """The handlers."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._registry: Registry = workspace.registry
        self._records = self._registry.records
        self._objects = self._registry.objects

    # Catalogues

    def list_catalogs(self, call: Call) -> object:
        shown = [c for c in self._records.catalogs() if self._sees(call, "CATALOG", c.name)]
        return _page(call, "catalogs", shown, lambda c: c.name, self._catalog)

    def create_catalog(self, call: Call) -> object:
        properties = call.fields.get("properties") or {}
        comment = call.text("comment", "") or None
        name = call.text("name")
        made = self._registry.create_catalog(call.principal, name, comment, properties)
        self._spark(call, f"CREATE SCHEMA IF NOT EXISTS `{made.name}`.`default`")
        return self._catalog(made)

    def get_catalog(self, call: Call) -> object:
        found = self._registry.catalog(call.text("name"))
        self._need(call, "USE_CATALOG", "CATALOG", found.name)
        return self._catalog(found)

    def update_catalog(self, call: Call) -> object:
        on = self._registry.securable("CATALOG", [call.text("name")])
        self._registry.require_manage(call.principal, on)
        if call.fields.get("owner"):
            owner = self._registry.principal_name(call.text("owner"))
            self._records.set_owner(on.id, owner)
        if "comment" in call.fields:
            self._registry.set_comment("CATALOG", [on.full_name], call.text("comment"))
        self._records.tell_spark()
        return self._catalog(self._registry.catalog(on.full_name))

    def delete_catalog(self, call: Call) -> object:
        cascade = " CASCADE" if call.flag("force") else ""
        name = self._registry.catalog(call.text("name")).name
        self._spark(call, f"DROP CATALOG `{name}`{cascade}")
        return {}

    def _catalog(self, catalog: Catalog) -> dict[str, Any]:
        return {
            "name": catalog.name,
            "full_name": catalog.name,
            "id": catalog.id,
            "comment": catalog.comment,
            "properties": catalog.properties,
            "catalog_type": "MANAGED_CATALOG",
            "securable_type": "CATALOG",
            "securable_kind": "CATALOG_STANDARD",
            "isolation_mode": "OPEN",
            **self._common(catalog.id, catalog.created),
        }

    # Schemas

    def list_schemas(self, call: Call) -> object:
        catalog = self._registry.catalog(call.text("catalog_name"))
        shown = [
            s
            for s in self._objects.schemas(catalog.name)
            if self._sees(call, "SCHEMA", s.full_name)
        ]
        return _page(call, "schemas", shown, lambda s: s.name, self._schema)

    def create_schema(self, call: Call) -> object:
        catalog = self._registry.catalog(call.text("catalog_name"))
        name = call.text("name").lower()
        self._need(call, "CREATE_SCHEMA", "CATALOG", catalog.name)
        if self._objects.schema(catalog.name, name) is not None:
            text = f"Schema '{catalog.name}.{name}' already exists"
            raise Fault("SCHEMA_ALREADY_EXISTS", text)
        text = f"CREATE SCHEMA `{catalog.name}`.{_quoted(name)}"
        comment = call.text("comment", "")
        if comment:
            text += f" COMMENT {_literal(comment)}"
        self._spark(call, text)
        made = self._registry.schema([catalog.name, name])
        self._records.set_owner(made.id, call.principal.name)
        self._records.tell_spark()
        return self._schema(made)

    def get_schema(self, call: Call) -> object:
        found = self._registry.schema(_parts(call.text("full_name"), 2))
        self._need(call, "USE_SCHEMA", "SCHEMA", found.full_name)
        return self._schema(found)

    def delete_schema(self, call: Call) -> object:
        found = self._registry.schema(_parts(call.text("full_name"), 2))
        cascade = " CASCADE" if call.flag("force") else ""
        self._spark(call, f"DROP SCHEMA `{found.catalog}`.`{found.name}`{cascade}")
        return {}

    def _schema(self, schema: Schema) -> dict[str, Any]:
        return {
            "name": schema.name,
            "catalog_name": schema.catalog,
            "full_name": schema.full_name,
            "schema_id": schema.id,
            "comment": schema.comment,
            "properties": {k: v for k, v in schema.properties.items() if k != "owner"},
            "storage_location": schema.location,
            "securable_type": "SCHEMA",
            "catalog_type": "MANAGED_CATALOG",
            **self._common(schema.id, 0),
        }

    # Tables

    def list_tables(self, call: Call) -> object:
        names = [call.text("catalog_name"), call.text("schema_name")]
        schema = self._registry.schema(names)
        shown = [
            t
            for t in self._objects.tables(schema.catalog, schema.name)
            if self._sees(call, "TABLE", t.full_name)
        ]
        columns = not call.flag("omit_columns")
        return _page(call, "tables", shown, lambda t: t.name, lambda t: self._table(t, columns))

    def table_exists(self, call: Call) -> object:
        parts = call.text("full_name").split(".")
        there = len(parts) == 3 and self._objects.table(*parts) is not None
        return {"table_exists": there}

    def get_table(self, call: Call) -> object:
        found = self._registry.table(_parts(call.text("full_name"), 3))
        self._need(call, "SELECT", "TABLE", found.full_name)
        return self._table(found, True)

    def delete_table(self, call: Call) -> object:
        found = self._registry.table(_parts(call.text("full_name"), 3))
        kind = "VIEW" if found.kind == "VIEW" else "TABLE"
        self._spark(call, f"DROP {kind} `{found.catalog}`.`{found.schema}`.`{found.name}`")
        return {}

    def summaries(self, call: Call) -> object:
        catalog = self._registry.catalog(call.text("catalog_name"))
        shown = [
            t
            for s in self._objects.schemas(catalog.name)
            for t in self._objects.tables(catalog.name, s.name)
            if self._sees(call, "TABLE", t.full_name)
        ]
        show = lambda t: {"full_name": t.full_name, "table_type": t.kind}  # noqa: E731
        return _page(call, "tables", shown, lambda t: t.full_name, show)

    def _table(self, table: Table, columns: bool) -> dict[str, Any]:
        answer = {
            "name": table.name,
            "catalog_name": table.catalog,
            "schema_name": table.schema,
            "full_name": table.full_name,
            "table_id": table.id,
            "table_type": table.kind,
            "comment": table.comment,
            "properties": table.properties,
            "storage_location": table.location,
            **self._common(table.id, table.created),
        }
        if table.kind == "VIEW":
            answer["view_definition"] = table.view
        else:
            answer["data_source_format"] = (table.provider or "").upper()
        if columns:
            answer["columns"] = [_column(c) for c in table.columns]
            keys = self._keys(table)
            if keys:
                answer["table_constraints"] = keys
        return {k: v for k, v in answer.items() if v is not None}

    def _keys(self, table: Table) -> list[dict[str, Any]]:
        names = self._registry.full_names()
        found = []
        for key in self._records.keys_of(table.id):
            about: dict[str, Any] = {
                "name": key.name,
                "child_columns": key.columns,
                "rely": key.rely,
            }
            if key.kind == "PRIMARY KEY":
                found.append({"primary_key_constraint": about})
            elif key.parent_id in names:
                about |= {
                    "parent_table": names[key.parent_id],
                    "parent_columns": key.parent_columns,
                }
                found.append({"foreign_key_constraint": about})
        return found

    # Volumes

    def list_volumes(self, call: Call) -> object:
        schema = self._registry.schema([call.text("catalog_name"), call.text("schema_name")])
        shown = [
            v
            for v in self._records.volumes(schema.catalog, schema.name)
            if self._sees(call, "VOLUME", v.full_name)
        ]
        return _page(call, "volumes", shown, lambda v: v.name, self._volume)

    def create_volume(self, call: Call) -> object:
        if call.text("volume_type", "MANAGED") != "MANAGED":
            raise invalid("External volumes are not supported by the local workspace.")
        name = [call.text("catalog_name"), call.text("schema_name"), call.text("name")]
        comment = call.text("comment", "") or None
        return self._volume(self._registry.create_volume(call.principal, name, comment))

    def get_volume(self, call: Call) -> object:
        found = self._registry.volume(_parts(call.text("full_name"), 3))
        self._need(call, "READ_VOLUME", "VOLUME", found.full_name)
        return self._volume(found)

    def delete_volume(self, call: Call) -> object:
        self._registry.drop_volume(call.principal, _parts(call.text("full_name"), 3))
        return {}

    def _volume(self, volume: Volume) -> dict[str, Any]:
        place = "/".join(("", "Volumes", volume.catalog, volume.schema, volume.name))
        return {
            "name": volume.name,
            "catalog_name": volume.catalog,
            "schema_name": volume.schema,
            "full_name": volume.full_name,
            "volume_id": volume.id,
            "volume_type": "MANAGED",
            "comment": volume.comment,
            "storage_location": f"dbfs:{place}",
            **self._common(volume.id, volume.created),
        }

    # Constraints

    def create_constraint(self, call: Call) -> object:
        table = _parts(call.text("full_name_arg"), 3)
        given = call.fields.get("constraint")
        if not isinstance(given, dict):
            raise invalid("Missing required field: constraint")
        primary, foreign = (given.get(f"{k}_key_constraint") for k in ("primary", "foreign"))
        about = primary or foreign
        if not isinstance(about, dict) or not isinstance(about.get("child_columns"), list):
            raise invalid("A constraint is a primary_key_constraint or a foreign_key_constraint.")
        asked = {"kind": "PRIMARY KEY" if primary else "FOREIGN KEY", "name": about.get("name")}
        asked |= {"columns": about["child_columns"], "rely": bool(about.get("rely"))}
        if foreign:
            asked["parent"] = _parts(str(about.get("parent_table", "")), 3)
            asked["parent_columns"] = about.get("parent_columns") or []
        self._ask(call, {"op": "add_constraints", "table": table, "constraints": [asked]})
        return given

    def delete_constraint(self, call: Call) -> object:
        table = _parts(call.text("full_name"), 3)
        request = {"op": "drop_constraint", "table": table, "if_exists": False}
        request |= {"constraint": call.text("constraint_name"), "cascade": call.flag("cascade")}
        if self._ask(call, request).get("not_mine"):
            name = call.text("constraint_name")
            raise ApiError(404, "CONSTRAINT_DOES_NOT_EXIST", f"Constraint '{name}' does not exist.")
        return {}

    # Permissions

    def permissions(self, call: Call) -> object:
        on = self._securable(call)
        who = call.text("principal", "") or None
        given = [
            (p, q)
            for p, q in self._records.grants(on.id)
            if who is None or p.lower() == who.lower()
        ]
        return {"privilege_assignments": _assignments(given)}

    def change_permissions(self, call: Call) -> object:
        on = self._securable(call)
        for change in call.fields.get("changes") or ():
            if not isinstance(change, dict):
                raise invalid("A change has a principal and the lists add and remove.")
            add, remove = (list(change.get(k) or ()) for k in ("add", "remove"))
            who = str(change.get("principal"))
            self._registry.change_grants(call.principal, on, who, add, remove)
        return {"privilege_assignments": _assignments(self._records.grants(on.id))}

    def effective(self, call: Call) -> object:
        on = self._securable(call)
        found: dict[str, list[dict[str, Any]]] = {}
        for who, privilege, kind, name in self._registry.effective(
            on, call.text("principal", "") or None
        ):
            about = {"privilege": privilege}
            if name != on.full_name:
                about |= {"inherited_from_type": kind, "inherited_from_name": name}
            found.setdefault(who, []).append(about)
        return {
            "privilege_assignments": [{"principal": p, "privileges": q} for p, q in found.items()]
        }

    def _securable(self, call: Call) -> Any:
        kind = call.text("securable_type").upper()
        return self._registry.securable(kind, call.text("full_name").split("."))

    # Metastore

    def metastore(self, _: Call) -> object:
        workspace_id = self._workspace.auth.workspace_id
        found = {"metastore_id": METASTORE, "workspace_id": workspace_id}
        return {**found, "default_catalog_name": "main"}

    def metastore_summary(self, _: Call) -> object:
        return {"metastore_id": METASTORE, "name": "local", "owner": self._records.admin}

    # Helpers

    def _common(self, id_: str, created: int) -> dict[str, Any]:
        owner = self._records.owner(id_)
        about = {"owner": owner, "metastore_id": METASTORE, "created_by": owner}
        return {**about, "created_at": created, "updated_at": created, "updated_by": owner}

    def _ask(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        answer = self._registry.answer(request, call.principal)
        if "error" in answer:
            error = answer["error"]
            raise Fault(error["condition"], error["message"], error["sqlstate"])
        return answer

    def _spark(self, call: Call, statement: str) -> None:
        """What only Spark can do. Raises ApiError."""
        if self._workspace.sql is None:
            raise ApiError(501, "NOT_IMPLEMENTED", "This workspace runs without Spark.")
        what = statement.split("`")[0].strip()
        call.admins_only(f"User does not have the privileges for: {what}.")
        try:
            self._workspace.sql.run(statement, principal=call.principal)
        except SqlError as error:
            raise invalid(error.message) from None

    def _need(self, call: Call, privilege: str, kind: str, name: str) -> None:
        self._workspace.require(call.principal, privilege, kind.lower(), name)

    def _sees(self, call: Call, kind: str, name: str) -> bool:
        privilege = {"TABLE": "SELECT", "VOLUME": "READ_VOLUME"}.get(kind, f"USE_{kind}")
        return self._workspace.may(call.principal, privilege, kind.lower(), name)


def _column(column: Column) -> dict[str, Any]:
    about: dict[str, Any] = {
        "name": column.name,
        "type_text": column.type_text,
        "type_name": column.type_name,
        "position": column.position,
        "nullable": column.nullable,
    }
    if column.type_name == "DECIMAL":
        precision, scale = column.type_text[8:-1].split(",")
        about |= {"type_precision": int(precision), "type_scale": int(scale)}
    if column.comment is not None:
        about["comment"] = column.comment
    return about


def _assignments(grants: list[tuple[str, str]]) -> list[dict[str, Any]]:
    found: dict[str, list[str]] = {}
    for principal, privilege in grants:
        found.setdefault(principal, []).append(privilege)
    return [{"principal": p, "privileges": q} for p, q in found.items()]


def _page(
    call: Call, field: str, items: list[Any], key: Callable[[Any], str], show: Callable[[Any], Any]
) -> dict[str, Any]:
    """See the module: one page of what is sorted by `key`."""
    most = call.number("max_results", -1)
    token = call.text("page_token", "")
    left = [item for item in items if key(item) > token]
    size = len(left) if most < 0 else most or PAGE
    answer: dict[str, Any] = {field: [show(item) for item in left[:size]]}
    if len(left) > size:
        answer["next_page_token"] = key(left[size - 1])
    return answer


def _parts(full_name: str, count: int) -> list[str]:
    parts = [part.lower() for part in full_name.split(".")]
    if len(parts) != count or not all(parts):
        raise invalid(f"Invalid full name '{full_name[:100]}': {count} parts expected.")
    return parts


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _literal(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
