"""Tokens: discovery, OAuth for service principals, the shape of Azure's token endpoints; and where telemetry goes."""

from __future__ import annotations

import base64
import binascii
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, unquote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from local_databricks.auth import AZURE_DATABRICKS, AZURE_MANAGEMENT, Kind
from local_databricks.calls import body_of
from local_databricks.workspace import Workspace

FORM_MAX = 64 << 10  # bytes
SCOPES = {"all-apis", "sql", "offline_access"}


def routes(workspace: Workspace) -> list[Route]:
    """The API's routes; none of them asks for a token."""
    api = _Api(workspace)
    server = "/oidc/.well-known/oauth-authorization-server"
    return [
        Route("/.well-known/databricks-config", api.config, methods=["GET"]),
        Route(server, api.authorization_server, methods=["GET"]),
        Route("/oidc/.well-known/openid-configuration", api.authorization_server, methods=["GET"]),
        Route("/oidc/v1/token", api.token, methods=["POST"]),
        Route("/aad/auth", api.tenant, methods=["GET"]),
        Route("/{tenant}/oauth2/token", api.azure, methods=["POST"]),
        Route("/{tenant}/oauth2/v2.0/token", api.azure, methods=["POST"]),
        Route("/telemetry-ext", telemetry, methods=["POST"]),
    ]


async def telemetry(request: Request) -> Response:
    """Taken and forgotten."""
    await body_of(request, FORM_MAX * 16)
    return JSONResponse({"errors": None, "numProtoSuccess": 0})


@dataclass(frozen=True)
class _Api:
    workspace: Workspace

    async def config(self, request: Request) -> Response:
        return JSONResponse(
            {
                "oidc_endpoint": f"{_base(request)}/oidc",
                "workspace_id": str(self.workspace.auth.workspace_id),
                "host_type": "WORKSPACE_HOST",
            }
        )

    async def authorization_server(self, request: Request) -> Response:
        oidc = f"{_base(request)}/oidc"
        return JSONResponse(
            {
                "issuer": oidc,
                "authorization_endpoint": f"{oidc}/v1/authorize",
                "token_endpoint": f"{oidc}/v1/token",
                "grant_types_supported": ["client_credentials"],
                "scopes_supported": sorted(SCOPES),
                "token_endpoint_auth_methods_supported": ["client_secret_basic"],
            }
        )

    async def token(self, request: Request) -> Response:
        """client_credentials with HTTP Basic (RFC 6749, 4.4 and 2.3.1)."""
        form = await _form(request)
        if form.get("grant_type") != "client_credentials":
            return _oauth_error(400, "unsupported_grant_type", "Only client_credentials is served.")
        client_id, secret = _basic(request.headers.get("authorization", ""))
        auth = self.workspace.auth
        principal = await run_in_threadpool(auth.client, client_id, secret)
        if principal is None:
            return _oauth_error(401, "invalid_client", "Client authentication failed")
        scopes = form.get("scope", "").split()
        if "all-apis" not in scopes or not SCOPES.issuperset(scopes):
            return _oauth_error(400, "invalid_scope", "The scope must be all-apis.")
        token, ttl = await run_in_threadpool(auth.issue, principal, "oauth")
        return _no_store(
            {"access_token": token, "token_type": "Bearer", "expires_in": ttl, "scope": "all-apis"}
        )

    async def tenant(self, _: Request) -> Response:
        """Where the tenant of an Azure workspace can be read from."""
        tenant = self.workspace.auth.tenant_id
        return RedirectResponse(f"https://login.microsoftonline.com/{tenant}/oauth2/authorize", 302)

    async def azure(self, request: Request) -> Response:
        """Version 1 names a `resource` and has numbers as texts; version 2 a `scope` and has numbers."""
        version_2 = request.url.path.endswith("/v2.0/token")
        form = await _form(request)
        auth = self.workspace.auth
        if request.path_params["tenant"] != auth.tenant_id:
            return _azure_error(400, "invalid_request", 90002, "Tenant not found.")
        if form.get("grant_type") != "client_credentials":
            return _azure_error(
                400, "unsupported_grant_type", 70003, "The grant type is not supported."
            )
        client_id = form.get("client_id", "")
        known = await run_in_threadpool(auth.find, client_id)
        if known is None or known.kind != "service_principal":
            message = "The application was not found in the directory."
            return _azure_error(400, "unauthorized_client", 700016, message)
        principal = await run_in_threadpool(auth.client, client_id, form.get("client_secret", ""))
        if principal is None:
            return _azure_error(401, "invalid_client", 7000215, "Invalid client secret provided.")
        asked = form.get("scope" if version_2 else "resource", "").removesuffix("/.default")
        kind = _azure_kind(asked)
        if kind is None:
            return _azure_error(400, "invalid_resource", 500011, "The resource was not found.")
        token, ttl = await run_in_threadpool(auth.issue, principal, kind)
        if version_2:
            answer = {"expires_in": ttl, "ext_expires_in": ttl}
        else:
            now = int(time.time())
            life = {
                "expires_in": ttl,
                "ext_expires_in": ttl,
                "expires_on": now + ttl,
                "not_before": now,
            }
            answer = {name: str(value) for name, value in life.items()} | {"resource": asked}
        return _no_store({"token_type": "Bearer", **answer, "access_token": token})


def _azure_kind(asked: str) -> Kind | None:
    if asked == AZURE_DATABRICKS:
        return "azure"
    if asked.rstrip("/") in [name.rstrip("/") for name in AZURE_MANAGEMENT]:
        return "azure-management"
    return None


async def _form(request: Request) -> dict[str, str]:
    body = await body_of(request, FORM_MAX)
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))


def _basic(header: str) -> tuple[str, str]:
    scheme, _, coded = header.partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        client_id, _, secret = (
            base64.b64decode(coded.strip(), validate=True).decode().partition(":")
        )
    except (binascii.Error, ValueError):
        return "", ""
    return unquote(client_id), unquote(secret)


def _base(request: Request) -> str:
    return f"http://{request.headers['host']}"


def _no_store(body: dict[str, Any]) -> Response:
    return JSONResponse(body, headers={"Cache-Control": "no-store"})


def _oauth_error(status: int, code: str, message: str) -> Response:
    headers = {"WWW-Authenticate": 'Basic realm="oidc"'} if status == 401 else None
    return JSONResponse({"error": code, "error_description": message}, status, headers=headers)


def _azure_error(status: int, code: str, number: int, message: str) -> Response:
    """As Azure words it: the number in the text, the ids of the trace behind it."""
    trace, correlation = str(uuid.uuid4()), str(uuid.uuid4())
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    ids = f"Trace ID: {trace} Correlation ID: {correlation} Timestamp: {now}"
    return JSONResponse(
        {
            "error": code,
            "error_description": f"AADSTS{number}: {message} {ids}",
            "error_codes": [number],
            "timestamp": now,
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": f"https://login.microsoftonline.com/error?code={number}",
        },
        status,
    )
