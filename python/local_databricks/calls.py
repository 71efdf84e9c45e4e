"""From a request to a handler and back: JSON in, JSON out, in a thread, with the one who asks.

def create(call: Call) -> object:
    name = call.text("name")

json_route("POST", "/api/2.0/things/create", create)
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local_databricks import paths
from local_databricks.auth import Principal
from local_databricks.errors import ApiError, denied, invalid, malformed

BODY_MAX = 64 << 20  # bytes of a JSON body


@dataclass(frozen=True)
class Call:
    """One request: `fields` are the JSON body's, or the query's (texts; lists where a name comes twice), and those
    of the path. The readers raise ApiError (400) for a field that is missing or of another type."""

    request: Request
    principal: Principal
    fields: dict[str, Any]

    def admins_only(self, message: str) -> None:
        """Raises ApiError (403) for anybody else."""
        if not self.principal.admin:
            raise denied(message)

    def text(self, name: str, default: str | None = None) -> str:
        """A field that is a text; required without a default."""
        value = self.fields.get(name, default)
        if value is None:
            raise invalid(f"Missing required field: {name}")
        if not isinstance(value, str):
            raise invalid(f"Field '{name}' must be a string.")
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        """A field that is true or false, in a query the texts of them."""
        value = self.fields.get(name, default)
        if isinstance(value, str) and value.lower() in ("true", "false"):
            return value.lower() == "true"
        if not isinstance(value, bool):
            raise invalid(f"Field '{name}' must be true or false.")
        return value

    def number(self, name: str, default: int | None = None) -> int:
        """A field that is a 64-bit integer, or the text of one; required without a default."""
        value = self.fields.get(name, default)
        if value is None:
            raise invalid(f"Missing required field: {name}")
        if isinstance(value, bool) or not isinstance(value, int | str):
            raise invalid(f"Field '{name}' must be an integer.")
        try:
            found = int(value)
        except ValueError:
            raise invalid(f"Field '{name}' must be an integer.") from None
        if not -(1 << 63) <= found < 1 << 63:
            raise invalid(f"Field '{name}' is no 64-bit integer.")
        return found


def json_route(method: str, path: str, handler: Callable[[Call], object]) -> Route:
    """A route whose handler runs in a thread; what it returns is the JSON answer, or a Response as it is.

    A GET's or DELETE's fields come from the query, others' from the JSON body.
    """

    async def endpoint(request: Request) -> Response:
        call = Call(request, principal_of(request), await fields_of(request))
        answer = await run_in_threadpool(handler, call)
        return answer if isinstance(answer, Response) else JSONResponse(answer)

    return Route(path, endpoint, methods=[method])


def principal_of(request: Request) -> Principal:
    """Who asks; app.py has seen to it that somebody does."""
    found: Principal = request.scope["principal"]
    return found


async def fields_of(request: Request) -> dict[str, Any]:
    """See Call."""
    if request.method in ("GET", "HEAD", "DELETE"):
        fields = query_of(request)
    else:
        fields = await json_of(request)
    return {**fields, **request.path_params}


def query_of(request: Request) -> dict[str, Any]:
    """The query: a text per name, a list of texts where it comes more than once."""
    found: dict[str, Any] = {}
    for name, value in request.query_params.multi_items():
        if name not in found:
            found[name] = value
        elif isinstance(found[name], list):
            found[name].append(value)
        else:
            found[name] = [found[name], value]
    return found


async def json_of(request: Request) -> dict[str, Any]:
    """The JSON object in the body; an empty body is an empty object. Raises ApiError (400)."""
    body = await body_of(request, BODY_MAX)
    if not body:
        return {}
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError):
        raise malformed("Could not parse request object: the body is not JSON.") from None
    if b"\\u" in body:
        try:
            json.dumps(fields, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise malformed("Could not parse request object: half of a surrogate pair.") from None
    if not isinstance(fields, dict):
        raise malformed("Could not parse request object: expected a JSON object.")
    return fields


async def body_of(request: Request, at_most: int) -> bytes:
    """The body. Raises ApiError (400) when it is longer than `at_most` bytes, without reading on."""
    found = bytearray()
    async for chunk in request.stream():
        found += chunk
        if len(found) > at_most:
            raise invalid(f"The request's body is longer than {at_most} bytes.")
    return bytes(found)


async def body_to(target: Path, request: Request, at_most: int) -> None:
    """Streams the body into a file. Raises ApiError (400) when it is longer than `at_most` bytes, without reading on."""
    size = 0
    with open(target, "wb") as out:
        async for chunk in request.stream():
            size += len(chunk)
            if size > at_most:
                raise too_large(at_most)
            out.write(chunk)


def too_large(at_most: int) -> ApiError:
    """What is said of a file of more bytes."""
    return invalid(f"The file is larger than {at_most} bytes.")


def url_tail(request: Request, prefix: str) -> str:
    """The absolute path that stands percent-encoded behind `prefix` in the URL, encoded slashes included."""
    raw: bytes = request.scope["raw_path"].split(b"?", 1)[0]
    text = paths.from_url(raw[len(prefix) :])
    return text if text.startswith("/") else f"/{text}"
