"""Jobs: /api/2.2/jobs/* (2.1 and 2.0 by the same names), and permissions of jobs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from starlette.routing import Route

from local_databricks.calls import Call, json_route
from local_databricks.jobs.service import Jobs
from local_databricks.workspace import Workspace

_VERSIONS = ("2.2", "2.1", "2.0")


def routes(workspace: Workspace) -> list[Route]:
    """The API's routes."""
    api = _Api(workspace)
    calls: list[tuple[str, str, Callable[[Call], object]]] = [
        ("POST", "create", lambda call: api.jobs.create(call.principal, call.fields)),
        ("POST", "reset", lambda call: api.jobs.reset(call.principal, call.fields)),
        ("POST", "update", lambda call: api.jobs.update(call.principal, call.fields)),
        ("POST", "delete", lambda call: api.jobs.delete(call.principal, call.fields)),
        ("POST", "run-now", lambda call: api.jobs.run_now(call.principal, call.fields)),
        ("POST", "runs/submit", lambda call: api.jobs.submit(call.principal, call.fields)),
        ("POST", "runs/cancel", lambda call: api.jobs.cancel(call.principal, call.fields)),
        ("POST", "runs/cancel-all", lambda call: api.jobs.cancel_all(call.principal, call.fields)),
        ("POST", "runs/delete", lambda call: api.jobs.delete_run(call.principal, call.fields)),
        ("POST", "runs/repair", lambda call: api.jobs.repair(call.principal, call.fields)),
        ("GET", "get", api.get),
        ("GET", "list", api.list),
        ("GET", "runs/get", api.run),
        ("GET", "runs/get-output", api.output),
        ("GET", "runs/list", api.runs),
        ("GET", "runs/export", api.export),
    ]
    found = [
        json_route(method, f"/api/{version}/jobs/{name}", handler)
        for version in _VERSIONS
        for method, name, handler in calls
    ]
    permissions = "/api/2.0/permissions/jobs/{job_id}"
    return [
        *found,
        json_route("GET", "/_workspace/jobs", lambda call: api.settings(call, change=False)),
        json_route("POST", "/_workspace/jobs", lambda call: api.settings(call, change=True)),
        json_route("GET", permissions, lambda call: api.permissions(call, change=False)),
        json_route("PATCH", permissions, lambda call: api.permissions(call, change=True)),
        json_route(
            "PUT", permissions, lambda call: api.permissions(call, change=True, replace=True)
        ),
    ]


@dataclass(frozen=True)
class _Api:
    workspace: Workspace

    @property
    def jobs(self) -> Jobs:
        found: Jobs = self.workspace.jobs
        return found

    def settings(self, call: Call, *, change: bool) -> object:
        call.admins_only("Only administrators may see or change the settings of the workspace.")
        return self.jobs.options(call.fields if change else None)

    def get(self, call: Call) -> object:
        return self.jobs.get(call.principal, call.number("job_id"), call.fields.get("page_token"))

    def list(self, call: Call) -> object:
        return self.jobs.list(
            call.principal,
            call.number("limit", 20),
            call.fields.get("name"),
            call.flag("expand_tasks"),
            call.fields.get("page_token"),
        )

    def run(self, call: Call) -> object:
        return self.jobs.run(
            call.principal,
            call.number("run_id"),
            resolved=call.flag("include_resolved_values"),
            history=call.flag("include_history"),
            page_token=call.fields.get("page_token"),
        )

    def output(self, call: Call) -> object:
        return self.jobs.output(call.principal, call.number("run_id"))

    def export(self, call: Call) -> object:
        return self.jobs.export(call.principal, call.number("run_id"))

    def runs(self, call: Call) -> object:
        asked: dict[str, object] = {
            name: call.number(name)
            for name in ("job_id", "limit", "start_time_from", "start_time_to")
            if name in call.fields
        }
        asked |= {
            name: call.flag(name) for name in ("active_only", "completed_only", "expand_tasks")
        }
        asked |= {n: call.text(n) for n in ("run_type", "page_token") if n in call.fields}
        return self.jobs.runs(call.principal, asked)

    def permissions(self, call: Call, *, change: bool, replace: bool = False) -> object:
        body = call.fields if change else None
        return self.jobs.permissions(call.principal, call.number("job_id"), body, replace)
