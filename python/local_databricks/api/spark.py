"""/_workspace/spark: Spark Connect sessions of this workspace for tests and tools on the same machine. Admins only.

GET  /_workspace/spark                          the server: pid, starts, seconds of the last start, memory, open sessions
POST /_workspace/spark/sessions                 opens a session: {"session_id", "url"} (spark/client.py connects)
POST /_workspace/spark/sessions/{id}/interrupt  ends what it runs
POST /_workspace/spark/sessions/{id}/release    its client is gone
POST /_workspace/spark/registry                 a front's request to the registry (spark/front.py, Link)
POST /_workspace/spark/recycle                  a fresh server when no session is open: {"recycled": bool}
"""

from __future__ import annotations

import uuid

from starlette.routing import Route

from local_databricks.calls import Call, json_route
from local_databricks.workspace import Workspace

ADMINS = "This is for admins of the workspace."


def routes(workspace: Workspace) -> list[Route]:
    """The API's routes."""
    if workspace.spark is None:
        return []
    spark, registry = workspace.spark, workspace.registry

    def state(call: Call) -> object:
        call.admins_only(ADMINS)
        about = {"pid": spark.pid(), "starts": spark.starts, "start_seconds": spark.start_seconds}
        return {**about, "rss_bytes": spark.rss_bytes(), "sessions": spark.sessions()}

    def open_(call: Call) -> object:
        call.admins_only(ADMINS)
        session_id = str(uuid.uuid4())
        return {"session_id": session_id, "url": spark.url(session_id)}

    def interrupt(call: Call) -> object:
        call.admins_only(ADMINS)
        spark.interrupt(call.text("id"))
        return {}

    def release(call: Call) -> object:
        call.admins_only(ADMINS)
        spark.release(call.text("id"))
        return {}

    def ask(call: Call) -> object:
        return registry.answer(call.fields, call.principal)

    def recycle(call: Call) -> object:
        call.admins_only(ADMINS)
        return {"recycled": spark.recycle()}

    base = "/_workspace/spark"
    return [
        json_route("GET", base, state),
        json_route("POST", f"{base}/sessions", open_),
        json_route("POST", f"{base}/sessions/{{id}}/interrupt", interrupt),
        json_route("POST", f"{base}/sessions/{{id}}/release", release),
        json_route("POST", f"{base}/registry", ask),
        json_route("POST", f"{base}/recycle", recycle),
    ]
