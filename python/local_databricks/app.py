"""The web application: who may speak to it, who is asking, the routes of all APIs, and errors as the cloud words them."""

from __future__ import annotations

import logging
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio.to_thread
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local_databricks.api import (
    catalog,
    control,
    files,
    jobs,
    oauth,
    scim,
    secrets,
    spark,
    statements,
)
from local_databricks.api import (
    workspace as workspace_api,
)
from local_databricks.errors import ApiError, invalid
from local_databricks.faults import Strikes
from local_databricks.requests import Logging
from local_databricks.workspace import Workspace

log = logging.getLogger("local_databricks")

APIS = (
    oauth,
    scim,
    workspace_api,
    files,
    secrets,
    control,
    catalog,
    statements,
    spark,
    jobs,
)
THREADS = 128  # handlers that wait (a statement, a job's output) hold one each
# Asked without a token, or with one of their own that their routes look at (links to results).
OPEN = re.compile(
    r"/\.well-known/databricks-config|/oidc/.*|/telemetry-ext|/aad/auth|/[^/]+/oauth2(/v2\.0)?/token|/_workspace/results/.*"
)
LOOPBACK = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(:[0-9]{1,5})?")


def build(workspace: Workspace) -> Any:
    """The ASGI application that serves `workspace`, whose parts the caller has started."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        anyio.to_thread.current_default_thread_limiter().total_tokens = THREADS
        yield

    routes: list[Route] = []
    for api in APIS:
        routes += api.routes(workspace)
    app = Starlette(
        routes=routes,
        lifespan=lifespan,
        exception_handlers={
            ApiError: _api_error,
            404: _no_route,
            405: _no_route,
            HTTPException: _http_error,
            ClientDisconnect: _gone,
            Exception: _bug,
        },
    )
    app.router.redirect_slashes = False
    return Logging(Strikes(Guard(app, workspace), workspace.faults), workspace.log)


class Guard:
    """In front of the routes: loopback names only in `Host`, and a token for all but the few open routes."""

    def __init__(self, app: Any, workspace: Workspace) -> None:
        self._app = app
        self._workspace = workspace

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        try:
            check_host(request)
            if any(ord(character) < 32 for character in scope["path"]):
                raise invalid("The path in the URL has a control character.")
            if needs_token(request):
                scope["principal"] = await run_in_threadpool(self._who, request)
                self._check_workspace(request)
        except ApiError as error:
            await error_response(error)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _who(self, request: Request) -> Any:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise ApiError(
                401, 401, "Credential was not sent or was of an unsupported type for this API."
            )
        azure = (
            request.headers.get("x-databricks-azure-sp-management-token"),
            request.headers.get("x-databricks-azure-workspace-resource-id"),
        )
        return self._workspace.auth.bearer(token.strip(), azure)

    def _check_workspace(self, request: Request) -> None:
        asked = request.headers.get("x-databricks-workspace-id")
        if asked is not None and asked != str(self._workspace.auth.workspace_id):
            raise ApiError(
                400, "INVALID_PARAMETER_VALUE", f"This is not the workspace {asked[:40]}."
            )


def check_host(request: Request) -> None:
    """Raises ApiError (403) for a `Host` that is not this machine's loopback: a page in a browser cannot get in by a
    name that it points here."""
    if LOOPBACK.fullmatch(request.headers.get("host", "").lower()) is None:
        raise ApiError(403, "PERMISSION_DENIED", "This workspace answers on loopback names only.")


def needs_token(request: Request) -> bool:
    """Whether a request has to say who is asking; the token endpoints check for themselves."""
    return OPEN.fullmatch(request.scope["path"]) is None


def error_response(error: ApiError) -> Response:
    """The answer that tells an error."""
    return JSONResponse(error.body(), error.status, headers=error.headers)


def _api_error(_: Request, error: Any) -> Response:
    return error_response(error)


def _no_route(request: Request, _: Any) -> Response:
    message = f"No handler for pattern: {request.method} {request.scope['path']}"
    return error_response(ApiError(501, "NOT_IMPLEMENTED", message))


def _http_error(_: Request, error: Any) -> Response:
    return error_response(ApiError(error.status_code, "BAD_REQUEST", str(error.detail)))


def _gone(_: Request, __: Any) -> Response:
    return Response(status_code=400)  # nobody is there to read it


def _bug(request: Request, error: Any) -> Response:
    log.error("%s %s", request.method, request.scope["path"], exc_info=error)
    return error_response(
        ApiError(500, "INTERNAL_ERROR", f"{type(error).__name__} in the workspace")
    )
