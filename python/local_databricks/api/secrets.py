"""Secrets: /api/2.0/secrets/*. Admins may do all; others what the scope's entries give them."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

from starlette.routing import Route

from local_databricks.calls import Call, json_route
from local_databricks.errors import denied, invalid
from local_databricks.secrets import Level
from local_databricks.workspace import Workspace


def routes(workspace: Workspace) -> list[Route]:
    """The API's routes."""
    api, front = _Api(workspace), "/api/2.0/secrets"
    return [
        json_route("POST", f"{front}/scopes/create", api.create_scope),
        json_route("GET", f"{front}/scopes/list", api.scopes),
        json_route("POST", f"{front}/scopes/delete", api.delete_scope),
        json_route("POST", f"{front}/put", api.put),
        json_route("GET", f"{front}/get", api.get),
        json_route("GET", f"{front}/list", api.keys),
        json_route("POST", f"{front}/delete", api.delete),
        json_route("POST", f"{front}/acls/put", api.put_acl),
        json_route("GET", f"{front}/acls/get", api.get_acl),
        json_route("GET", f"{front}/acls/list", api.acls),
        json_route("POST", f"{front}/acls/delete", api.delete_acl),
    ]


@dataclass(frozen=True)
class _Api:
    workspace: Workspace

    def create_scope(self, call: Call) -> object:
        backend = call.text("scope_backend_type", "DATABRICKS")
        if backend != "DATABRICKS":
            raise invalid(f"The local workspace has no scopes of type {backend}.")
        self.workspace.secrets.create_scope(call.text("scope"), call.principal.name)
        return {}

    def scopes(self, call: Call) -> object:
        secrets = self.workspace.secrets
        seen = [
            {"name": name, "backend_type": "DATABRICKS"}
            for name in secrets.scopes()
            if call.principal.admin or secrets.may(name, call.principal.name, "READ")
        ]
        return {"scopes": seen} if seen else {}

    def delete_scope(self, call: Call) -> object:
        self.workspace.secrets.delete_scope(self._scope(call, "MANAGE"))
        return {}

    def put(self, call: Call) -> object:
        text, coded = call.fields.get("string_value"), call.fields.get("bytes_value")
        if (text is None) == (coded is None):
            raise invalid("One of string_value and bytes_value must be given.")
        if text is not None:
            value = call.text("string_value").encode("utf-8", "surrogatepass")
        else:
            try:
                value = base64.b64decode(call.text("bytes_value"), validate=True)
            except (binascii.Error, ValueError):
                raise invalid("bytes_value is not base64.") from None
        self.workspace.secrets.put(self._scope(call, "WRITE"), call.text("key"), value)
        return {}

    def get(self, call: Call) -> object:
        key = call.text("key")
        value = self.workspace.secrets.get(self._scope(call, "READ"), key)
        return {"key": key, "value": base64.b64encode(value).decode()}

    def keys(self, call: Call) -> object:
        found = self.workspace.secrets.keys(self._scope(call, "READ"))
        secrets = [{"key": key, "last_updated_timestamp": at} for key, at in found]
        return {"secrets": secrets} if secrets else {}

    def delete(self, call: Call) -> object:
        self.workspace.secrets.delete(self._scope(call, "WRITE"), call.text("key"))
        return {}

    def put_acl(self, call: Call) -> object:
        scope = self._scope(call, "MANAGE")
        self.workspace.secrets.put_acl(scope, call.text("principal"), call.text("permission"))
        return {}

    def get_acl(self, call: Call) -> object:
        principal = call.text("principal")
        permission = dict(self.workspace.secrets.acls(self._scope(call, "MANAGE"))).get(principal)
        if permission is None:
            raise invalid(f"{principal} has no permission on this scope.")
        return {"principal": principal, "permission": permission}

    def acls(self, call: Call) -> object:
        found = self.workspace.secrets.acls(self._scope(call, "MANAGE"))
        return {"items": [{"principal": who, "permission": what} for who, what in found]}

    def delete_acl(self, call: Call) -> object:
        self.workspace.secrets.delete_acl(self._scope(call, "MANAGE"), call.text("principal"))
        return {}

    def _scope(self, call: Call, level: Level) -> str:
        """The scope asked for, when the caller has `level` on it (or it is not there: that is said later)."""
        scope, who = call.text("scope"), call.principal
        if not who.admin and not self.workspace.secrets.may(scope, who.name, level):
            raise denied(f"User {who.name} does not have {level} permission on scope {scope}")
        return scope
