"""What is no part of Databricks: the fault plan, the request log and settings, for tests. Admins only."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.routing import Route

from local_databricks.calls import Call, json_route
from local_databricks.errors import invalid
from local_databricks.workspace import Workspace


def routes(workspace: Workspace) -> list[Route]:
    """The routes below /_workspace."""
    api = _Api(workspace)
    return [
        json_route("GET", "/_workspace/requests", api.requests),
        json_route("GET", "/_workspace/faults", api.faults),
        json_route("POST", "/_workspace/faults", api.add_fault),
        json_route("DELETE", "/_workspace/faults", api.clear_faults),
        json_route("POST", "/_workspace/settings", api.settings),
    ]


@dataclass(frozen=True)
class _Api:
    workspace: Workspace

    def requests(self, call: Call) -> object:
        call.admins_only("Only admins may do this.")
        return {"requests": self.workspace.log.entries(call.number("since", 0))}

    def faults(self, call: Call) -> object:
        call.admins_only("Only admins may do this.")
        return {"faults": self.workspace.faults.rules()}

    def add_fault(self, call: Call) -> object:
        call.admins_only("Only admins may do this.")
        return self.workspace.faults.add(call.fields).described()

    def clear_faults(self, call: Call) -> object:
        call.admins_only("Only admins may do this.")
        self.workspace.faults.clear()
        return {}

    def settings(self, call: Call) -> object:
        """See Auth.change."""
        call.admins_only("Only admins may do this.")
        for name in call.fields:
            if name == "ttl_seconds":
                self.workspace.auth.change(name, str(call.number(name)))
            elif name == "azure_member":
                self.workspace.auth.change(name, "yes" if call.flag(name) else "no")
            else:
                raise invalid(f"There is no setting '{name}'.")
        return {}
