"""Who am I: /api/2.0/preview/scim/v2/Me."""

from __future__ import annotations

from starlette.responses import JSONResponse
from starlette.routing import Route

from local_databricks.calls import Call, json_route
from local_databricks.workspace import Workspace


def routes(workspace: Workspace) -> list[Route]:
    """The API's routes."""

    def me(call: Call) -> object:
        who = call.principal
        group = "admins" if who.admin else "users"
        return JSONResponse(
            {
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
                "id": str(who.id),
                "userName": who.name,
                "displayName": who.display_name,
                "active": True,
                "emails": [{"type": "work", "value": who.name, "primary": True}],
                "groups": [
                    {"display": group, "type": "direct", "value": "1" if who.admin else "2"}
                ],
                "entitlements": [{"value": "workspace-access"}, {"value": "databricks-sql-access"}],
            },
            headers={"X-Databricks-Org-Id": str(workspace.auth.workspace_id)},
        )

    return [
        json_route("GET", "/api/2.0/preview/scim/v2/Me", me),
        json_route("GET", "/api/2.0/account/scim/v2/Me", me),
    ]
