"""Unity Catalog of the local workspace: catalogues, volumes, keys, tags, grants, owners, beside Spark's own catalogue.

answer(request, principal) is what a front reaches over its link, from this process or a notebook's: a request of
grammar.parse() with complete names in, {"columns": [[name, type], ...], "rows": [...]} out, or {"error": {...}}. Some
answers hold "spark": statements that the asker runs next in its own session, and then "then": the request that
finishes the work. The REST API (api/catalog.py) calls the methods.
"""

from __future__ import annotations

import fnmatch
import re
import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from local_databricks.auth import Principal
from local_databricks.spark import privileges
from local_databricks.spark.constraints import Constraints, Shape
from local_databricks.spark.faults import (
    Fault,
    denied,
    invalid,
    no_catalog,
    no_column,
    no_schema,
    no_table,
    no_volume,
)
from local_databricks.spark.objects import Objects, Schema, Table
from local_databricks.spark.records import Catalog, Records, Volume
from local_databricks.workspace import ADMIN, SERVICE, Workspace

Answer = dict[str, Any]
_NAME = re.compile(r"[a-z0-9]([a-z0-9_]*[a-z0-9])?")
DONE: Answer = {"columns": [], "rows": []}


@dataclass(frozen=True)
class Securable:
    """An object with an owner, tags and grants. `above` are the ids of what it is in, nearest first, with their kinds
    and names."""

    kind: str
    id: str
    full_name: str
    above: tuple[tuple[str, str, str], ...] = ()


class Registry:
    """The Unity Catalog of a workspace. Thread-safe."""

    def __init__(self, workspace: Workspace) -> None:
        self._auth = workspace.auth
        self._volumes = workspace.volumes
        self._lock = threading.RLock()
        self.objects = Objects(workspace.folder)
        self.records = Records(workspace.folder, workspace.database, self.objects, ADMIN)
        self.constraints = Constraints(self.records, self.objects)
        if not self.records.catalogs():
            self.records.add_catalog("main", "Main catalog (auto-created)", {})
            for name in self._principals(SERVICE):
                main = self.securable("CATALOG", ["main"])
                self.records.grant(main.id, name, "ALL_PRIVILEGES", ADMIN)
        self.records.tell_spark()
        workspace.privilege = self.may

    def start(self) -> None:
        """Forgets what hangs on objects that are no more."""
        self.records.sweep()
        self.records.tell_spark()

    def stop(self) -> None:
        """Nothing to do: all is written when it is said."""

    def link(self, principal: Principal) -> Callable[[dict[str, Any]], Answer]:
        """answer() for one principal."""
        return lambda request: self.answer(request, principal)

    def answer(self, request: dict[str, Any], principal: Principal) -> Answer:
        """Answers a request; never raises for what the request got wrong."""
        try:
            handler = getattr(self, f"_op_{request['op']}", None)
            if handler is None:
                raise invalid(f"unknown request {request['op']!r}")
            with self._lock:
                try:
                    found: Answer = handler(request, principal)
                finally:
                    self.records.tell_spark()
                return found
        except Fault as fault:
            return fault.answer()

    # What there is

    def catalog(self, name: str) -> Catalog:
        """Raises Fault when there is none."""
        found = self.records.catalog(name)
        if found is None:
            raise no_catalog(name)
        return found

    def schema(self, name: list[str]) -> Schema:
        """Raises Fault when there is none."""
        self.catalog(name[0])
        found = self.objects.schema(*name) if len(name) == 2 else None
        if found is None:
            raise no_schema(name[0], ".".join(name[1:]))
        return found

    def table(self, name: list[str]) -> Table:
        """A table or view. Raises Fault when there is none."""
        found = self.objects.table(*name) if len(name) == 3 else None
        if found is None or self.records.catalog(name[0]) is None:
            raise no_table(name)
        return found

    def volume(self, name: list[str]) -> Volume:
        """Raises Fault when there is none."""
        if len(name) == 3:
            for volume in self.records.volumes(name[0], name[1]):
                if volume.name == name[2].lower():
                    return volume
        raise no_volume(name)

    def securable(self, kind: str, name: list[str]) -> Securable:
        """The object of a kind (CATALOG, SCHEMA, TABLE, VIEW, VOLUME, METASTORE). Raises Fault."""
        if kind == "METASTORE":
            return Securable(kind, "METASTORE", "metastore")
        catalog = self.catalog(name[0])
        above: tuple[tuple[str, str, str], ...] = (("CATALOG", catalog.id, catalog.name),)
        if kind == "CATALOG":
            return Securable(kind, catalog.id, catalog.name)
        schema = self.schema(name[:2])
        if kind == "SCHEMA":
            return Securable(kind, schema.id, schema.full_name, above)
        above = (("SCHEMA", schema.id, schema.full_name), *above)
        if kind == "VOLUME":
            volume = self.volume(name)
            return Securable(kind, volume.id, volume.full_name, above)
        if kind in ("TABLE", "VIEW"):
            table = self.table(name)
            return Securable("TABLE", table.id, table.full_name, above)
        raise invalid(f"Securable type {kind} is not supported by this workspace.")

    # Who may do what

    def may(
        self, principal: Principal, privilege: str, securable_type: str, full_name: str
    ) -> bool:
        """Whether a principal has a privilege on an object (and USE on what it is in), by grant, group or ownership."""
        if principal.admin:
            return True
        try:
            on = self.securable(securable_type.upper(), full_name.split("."))
        except Fault:
            return False
        steps = [(on.kind, on.id, privilege)]
        steps += [(kind, id_, f"USE_{kind}") for kind, id_, _ in on.above]
        chain = [on.id, *(id_ for _, id_, _ in on.above)]
        for _, id_, needed in steps:
            at = chain[chain.index(id_) :]
            if not any(self._has(principal, above, needed) for above in at):
                return False
        return True

    def _has(self, principal: Principal, id_: str, privilege: str) -> bool:
        names = self._names(principal)
        granted = {p for who, p in self.records.grants(id_) if who in names}
        owned = self.records.owner(id_) in names
        return owned or privileges.has(granted, privilege)

    def _names(self, principal: Principal) -> set[str]:
        names = {principal.name, "account users", "users"}
        return names | {"admins"} if principal.admin else names

    def require_manage(self, principal: Principal, on: Securable, what: str = "MANAGE") -> None:
        """Raises Fault unless the principal owns the object or something it is in, or is an admin."""
        if principal.admin:
            return
        if not any(
            self._has(principal, id_, "MANAGE") for id_ in (on.id, *(a[1] for a in on.above))
        ):
            kind = on.kind.title()
            raise denied(f"User does not have {what} on {kind} '{on.full_name}'.")

    def _require(self, principal: Principal, privilege: str, kind: str, full_name: str) -> None:
        if not self.may(principal, privilege, kind, full_name):
            shown = privilege.replace("_", " ")
            raise denied(f"User does not have {shown} on {kind.title()} '{full_name}'.")

    def _principals(self, display_name: str) -> list[str]:
        return [p.name for p in self._auth.principals() if p.display_name == display_name]

    def principal_name(self, name: str) -> str:
        """The name of a principal or group as it is kept. Raises Fault when nobody has it."""
        if name.lower() in privileges.GROUPS:
            return name.lower()
        known = {p.name.lower(): p.name for p in self._auth.principals()}
        if name.lower() not in known:
            text = f"Could not find principal with name {name}."
            raise Fault("PRINCIPAL_DOES_NOT_EXIST", text, "42704")
        return known[name.lower()]

    # Catalogues

    def create_catalog(
        self,
        principal: Principal,
        name: str,
        comment: str | None = None,
        properties: dict[str, str] | None = None,
    ) -> Catalog:
        """Makes a catalogue without schemas. Raises Fault.

        The workspace refuses "__" and other characters than letters, digits and "_" in a catalogue's name: the session
        catalogue keeps `a`.`b` as `a__b`.
        """
        if not principal.admin:
            raise denied("User does not have CREATE CATALOG on Metastore 'metastore'.")
        if not _NAME.fullmatch(name.lower()) or "__" in name or name.lower() == "spark_catalog":
            raise invalid(f"'{name}' is not a valid name of a catalog in the local workspace.")
        with self._lock:
            if self.records.catalog(name) is not None:
                text = f"Catalog '{name}' already exists"
                raise Fault("CATALOG_ALREADY_EXISTS", text, "42710")
            self.records.add_catalog(name, comment, properties or {})
            made = self.catalog(name)
            self.records.set_owner(made.id, principal.name)
            self.records.tell_spark()
        return made

    def drop_catalog(self, name: str) -> None:
        """Removes a catalogue whose schemas are gone, with its volumes."""
        with self._lock:
            catalog = self.catalog(name)
            left = [s.name for s in self.objects.schemas(name)]
            if left:
                raise Fault("CATALOG_NOT_EMPTY", f"Catalog '{name}' is not empty.", "2BP01")
            self.records.database.write("DELETE FROM uc_catalogs WHERE name = ?", (catalog.name,))
            self.records.forget(catalog.id)
            self.records.tell_spark()

    def _op_use_catalog(self, request: dict[str, Any], principal: Principal) -> Answer:
        catalog = self.catalog(request["name"])
        self._require(principal, "USE_CATALOG", "CATALOG", catalog.name)
        return {**DONE, "spark": [f"SET CATALOG `{catalog.name}`"]}

    def _op_create_catalog(self, request: dict[str, Any], principal: Principal) -> Answer:
        if request["if_not_exists"] and self.records.catalog(request["name"]) is not None:
            return DONE
        if request.get("location"):
            raise invalid("MANAGED LOCATION is not supported by the local workspace.")
        made = self.create_catalog(principal, request["name"], request["comment"])
        return {**DONE, "spark": [f"CREATE SCHEMA IF NOT EXISTS `{made.name}`.`default`"]}

    def _op_drop_catalog(self, request: dict[str, Any], principal: Principal) -> Answer:
        name = request["name"]
        if request["if_exists"] and self.records.catalog(name) is None:
            return DONE
        self.require_manage(principal, self.securable("CATALOG", [name]))
        schemas = self.objects.schemas(name)
        filled = [s for s in schemas if self._is_filled(s)]
        if not request["cascade"] and ([s for s in schemas if s.name != "default"] or filled):
            text = f"Cannot drop catalog '{name}' because it is not empty. Use CASCADE to drop it with its schemas."
            raise Fault("CATALOG_NOT_EMPTY", text, "2BP01")
        statements = [f"DROP SCHEMA `{s.catalog}`.`{s.name}` CASCADE" for s in schemas]
        return {**DONE, "spark": statements, "then": {"op": "catalog_emptied", "name": name}}

    def _op_catalog_emptied(self, request: dict[str, Any], principal: Principal) -> Answer:
        name = request["name"].lower()
        self.require_manage(principal, self.securable("CATALOG", [name]))
        for row in self.records.database.rows(
            "SELECT schema FROM uc_volumes WHERE catalog = ?", (name,)
        ):
            self._drop_volumes(name, row["schema"])
        self.drop_catalog(name)
        return DONE

    def _op_show_catalogs(self, request: dict[str, Any], principal: Principal) -> Answer:
        names = [c.name for c in self.records.catalogs()]
        shown = [n for n in names if self.may(principal, "USE_CATALOG", "CATALOG", n)]
        rows = [[n] for n in _like(shown, request["like"])]
        return {"columns": [["catalog", "string"]], "rows": rows}

    # Schemas

    def _is_filled(self, schema: Schema) -> bool:
        tables = self.objects.tables(schema.catalog, schema.name)
        return bool(tables or self.records.volumes(schema.catalog, schema.name))

    def _op_drop_schema(self, request: dict[str, Any], principal: Principal) -> Answer:
        """Before Spark drops a schema: it does not know of volumes."""
        name = request["name"]
        if self.objects.schema(*name) is None:
            return DONE
        self.require_manage(principal, self.securable("SCHEMA", name))
        if self.records.volumes(*name) and not request["cascade"]:
            text = (
                f"Cannot drop a schema `{name[0]}`.`{name[1]}` because it contains objects.\n"
                "Use DROP SCHEMA ... CASCADE to drop the schema and all its objects."
            )
            raise Fault("SCHEMA_NOT_EMPTY", text, "2BP01")
        return {**DONE, "then": {"op": "schema_dropped", "name": name}}

    def _op_schema_dropped(self, request: dict[str, Any], principal: Principal) -> Answer:
        if self.objects.schema(*request["name"]) is None:
            self._drop_volumes(*request["name"])
        return DONE

    def _drop_volumes(self, catalog: str, schema: str) -> None:
        for volume in self.records.volumes(catalog, schema):
            self._remove(volume)

    # Volumes

    def create_volume(
        self, principal: Principal, name: list[str], comment: str | None = None
    ) -> Volume:
        """Makes a managed volume. Raises Fault."""
        with self._lock:
            schema = self.schema(name[:2])
            self._require(principal, "CREATE_VOLUME", "SCHEMA", schema.full_name)
            if len(name) != 3 or not re.fullmatch(r"[^\x00-\x20/.\x7f]{1,255}", name[2]):
                raise invalid(f"'{'.'.join(name)}' is not a valid name of a volume.")
            if any(v.name == name[2].lower() for v in self.records.volumes(*name[:2])):
                text = f"Volume '{'.'.join(name)}' already exists"
                raise Fault("VOLUME_ALREADY_EXISTS", text, "42710")
            self._volumes.create(*name)
            made = self.records.add_volume(name[0], name[1], name[2], comment)
            self.records.set_owner(made.id, principal.name)
            self.records.tell_spark()
        return made

    def drop_volume(self, principal: Principal, name: list[str]) -> None:
        """Drops a volume with its files. Raises Fault."""
        with self._lock:
            self.require_manage(principal, self.securable("VOLUME", name))
            self._remove(self.volume(name))
            self.records.tell_spark()

    def _remove(self, volume: Volume) -> None:
        names = (volume.catalog, volume.schema, volume.name)
        self.records.database.write(
            "DELETE FROM uc_volumes WHERE catalog = ? AND schema = ? AND name = ?", names
        )
        self.records.forget(volume.id)
        shutil.rmtree(self._volumes.root.joinpath(*names), ignore_errors=True)

    def _op_create_volume(self, request: dict[str, Any], principal: Principal) -> Answer:
        if request["external"] or request.get("location"):
            raise invalid("External volumes are not supported by the local workspace.")
        try:
            self.create_volume(principal, request["name"], request["comment"])
        except Fault as fault:
            if not (request["if_not_exists"] and fault.condition == "VOLUME_ALREADY_EXISTS"):
                raise
        return DONE

    def _op_drop_volume(self, request: dict[str, Any], principal: Principal) -> Answer:
        try:
            self.drop_volume(principal, request["name"])
        except Fault as fault:
            if not (request["if_exists"] and fault.condition == "VOLUME_NOT_FOUND"):
                raise
        return DONE

    def _op_show_volumes(self, request: dict[str, Any], principal: Principal) -> Answer:
        schema = self.schema(request["schema"])
        self._require(principal, "USE_SCHEMA", "SCHEMA", schema.full_name)
        names = [v.name for v in self.records.volumes(schema.catalog, schema.name)]
        rows = [[schema.name, name] for name in _like(names, request["like"])]
        return {"columns": [["database", "string"], ["volume_name", "string"]], "rows": rows}

    def _op_describe(self, request: dict[str, Any], principal: Principal) -> Answer:
        on = self.securable(request["kind"], request["name"])
        if request["kind"] == "CATALOG":
            catalog = self.catalog(request["name"][0])
            facts = [["Catalog Name", catalog.name], ["Comment", catalog.comment or ""]]
            facts.append(["Owner", self.records.owner(on.id)])
            columns = [["info_name", "string"], ["info_value", "string"]]
            return {"columns": columns, "rows": facts}
        volume = self.volume(request["name"])
        names = ("name", "catalog", "database", "owner", "volumeType", "comment")
        row = [volume.name, volume.catalog, volume.schema, self.records.owner(on.id)]
        row += ["MANAGED", volume.comment or ""]
        return {"columns": [[name, "string"] for name in names], "rows": [row]}

    # Owners, tags, comments

    def _op_set_owner(self, request: dict[str, Any], principal: Principal) -> Answer:
        on = self.securable(request["kind"], request["name"])
        self.require_manage(principal, on)
        self.records.set_owner(on.id, self.principal_name(request["owner"]))
        return DONE

    def _op_set_tags(self, request: dict[str, Any], principal: Principal) -> Answer:
        on, column = self._tagged(request, principal)
        for key, value in request["tags"].items():
            if not key or len(key) > 255 or len(value) > 1000:
                raise invalid(f"Tag '{key[:40]}' is empty or too long.")
        self.records.set_tags(on.id, column, request["tags"])
        return DONE

    def _op_unset_tags(self, request: dict[str, Any], principal: Principal) -> Answer:
        on, column = self._tagged(request, principal)
        self.records.unset_tags(on.id, column, request["tags"])
        return DONE

    def _tagged(self, request: dict[str, Any], principal: Principal) -> tuple[Securable, str]:
        on = self.securable(request["kind"], request["name"])
        self.require_manage(principal, on, "APPLY TAG")
        column: str = request.get("column") or ""
        if column:
            table = self.table(request["name"])
            if table.column(column) is None:
                raise no_column(column, [c.name for c in table.columns])
        return on, column

    def _op_comment(self, request: dict[str, Any], principal: Principal) -> Answer:
        kind, name, comment = request["kind"], request["name"], request["comment"]
        if kind == "COLUMN":
            table = self.table(name[:3])
            path = ".".join(f"`{part}`" for part in name[3:])
            if table.column(name[3]) is None:
                raise no_column(name[3], [c.name for c in table.columns])
            literal = (comment or "").replace("\\", "\\\\").replace("'", "\\'")
            target = ".".join(f"`{part}`" for part in name[:3])
            text = f"ALTER TABLE {target} ALTER COLUMN {path} COMMENT '{literal}'"
            return {**DONE, "spark": [text]}
        self.require_manage(principal, self.securable(kind, name))
        self.set_comment(kind, name, comment)
        return DONE

    def set_comment(self, kind: str, name: list[str], comment: str | None) -> None:
        """Of a catalogue or volume."""
        on = self.securable(kind, name)
        table = "uc_catalogs" if kind == "CATALOG" else "uc_volumes"
        self.records.database.write(
            f"UPDATE {table} SET comment = ? WHERE id = ?", (comment, on.id)
        )

    # Grants

    def change_grants(
        self, principal: Principal, on: Securable, who: str, add: list[str], remove: list[str]
    ) -> None:
        """Grants and revokes privileges (any spelling). Raises Fault."""
        with self._lock:
            self.require_manage(principal, on)
            name = self.principal_name(who)
            for privilege in (privileges.normal(p) for p in (*add, *remove)):
                if privilege not in privileges.APPLICABLE[on.kind]:
                    shown = privilege.replace("_", " ")
                    raise invalid(
                        f"Privilege {shown} is not applicable to this entity [{on.full_name}:{on.kind}/"
                        f"{on.kind}_STANDARD]. If this seems unexpected, please check the privilege version of the "
                        "metastore in use [1.0]."
                    )
            for privilege in add:
                self.records.grant(on.id, name, privileges.normal(privilege), principal.name)
            for privilege in remove:
                self.records.revoke(on.id, name, privileges.normal(privilege))
            self.records.tell_spark()

    def effective(self, on: Securable, who: str | None) -> list[tuple[str, str, str, str]]:
        """(principal, privilege, kind and name of what it was granted on), of the object and what it is in."""
        chain = ((on.kind, on.id, on.full_name), *on.above)
        return [
            (principal, privilege, kind, name)
            for kind, id_, name in chain
            for principal, privilege in self.records.grants(id_)
            if who is None or principal.lower() == who.lower()
        ]

    def _op_grant(self, request: dict[str, Any], principal: Principal) -> Answer:
        on = self.securable(request["kind"], request["name"])
        self.change_grants(principal, on, request["principal"], request["privileges"], [])
        return DONE

    def _op_revoke(self, request: dict[str, Any], principal: Principal) -> Answer:
        on = self.securable(request["kind"], request["name"])
        self.change_grants(principal, on, request["principal"], [], request["privileges"])
        return DONE

    def _op_show_grants(self, request: dict[str, Any], principal: Principal) -> Answer:
        on = self.securable(request["kind"], request["name"])
        names = ("Principal", "ActionType", "ObjectType", "ObjectKey")
        rows = [
            [who, privilege.replace("_", " "), kind, name]
            for who, privilege, kind, name in self.effective(on, request["principal"])
        ]
        return {"columns": [[name, "string"] for name in names], "rows": rows}

    # Tables

    def _op_add_constraints(self, request: dict[str, Any], principal: Principal) -> Answer:
        table = self.table(request["table"])
        self.require_manage(principal, self.securable("TABLE", request["table"]))
        if table.kind == "VIEW":
            text = (
                f"The operation ADD CONSTRAINT requires a TABLE. But `{table.full_name}` is a VIEW."
            )
            raise Fault("WRONG_COMMAND_FOR_OBJECT_TYPE", text, "42809")
        self.constraints.add(table, request["constraints"])
        return DONE

    def _op_drop_constraint(self, request: dict[str, Any], principal: Principal) -> Answer:
        table = self.table(request["table"])
        self.require_manage(principal, self.securable("TABLE", request["table"]))
        return {**DONE, "not_mine": not self.constraints.drop(table, request)}

    def _op_cluster_by_auto(self, request: dict[str, Any], principal: Principal) -> Answer:
        table = self.table(request["table"])
        self.require_manage(principal, self.securable("TABLE", request["table"]))
        self.records.set_flag(table.id, "clusterByAuto", "true")
        return DONE

    def _op_create_table(self, request: dict[str, Any], principal: Principal) -> Answer:
        """Before Spark makes a table with keys."""
        name = request["table"]
        there = self.objects.table(*name)
        if there is not None and request["if_not_exists"]:
            return DONE
        shape = Shape(name[1], name[2], request["columns"])
        self.constraints.check_new(shape, request["constraints"])
        then = {"op": "table_created", "before": there.id if there else None}
        keep = ("table", "constraints", "cluster_by_auto", "replace")
        return {**DONE, "then": {**then, **{k: request[k] for k in keep}}}

    def _op_table_created(self, request: dict[str, Any], principal: Principal) -> Answer:
        """Behind it: a replaced table has the keys of its new definition and no others."""
        table = self.table(request["table"])
        self.require_manage(principal, self.securable("TABLE", request["table"]))
        if request["replace"]:
            self.records.drop_keys(table.id)
        self.constraints.add(table, request["constraints"])
        if request["cluster_by_auto"]:
            self.records.set_flag(table.id, "clusterByAuto", "true")
        return DONE

    def _op_describe_keys(self, request: dict[str, Any], principal: Principal) -> Answer:
        """What DESCRIBE EXTENDED says below "# Constraints"."""
        table = self.objects.table(*request["table"])
        rows = []
        for key in self.records.keys_of(table.id) if table else []:
            columns = ", ".join(f"`{c}`" for c in key.columns)
            text = f"{key.kind} ({columns})"
            if key.parent_id:
                row = self._by_id(key.parent_id)
                parents = ", ".join(f"`{c}`" for c in key.parent_columns)
                quoted = ".".join(f"`{p}`" for p in row.split(".")) if row else "`?`"
                text += f" REFERENCES {quoted} ({parents})"
            rows.append([key.name, text])
        return {"columns": [["name", "string"], ["text", "string"]], "rows": rows}

    def _by_id(self, table_id: str) -> str | None:
        """The full name of the table with an id."""
        return self.full_names().get(table_id)

    def full_names(self) -> dict[str, str]:
        """Table id -> full name."""
        return {
            t.id: t.full_name
            for c in self.records.catalogs()
            for s in self.objects.schemas(c.name)
            for t in self.objects.tables(c.name, s.name)
        }


def _like(names: list[str], pattern: str | None) -> list[str]:
    """Those that match a pattern of SHOW: `*` for anything, `|` between alternatives, case does not count."""
    if pattern is None:
        return names
    several = [p.strip().lower() for p in pattern.split("|")]
    return [n for n in names if any(fnmatch.fnmatchcase(n.lower(), p) for p in several)]
