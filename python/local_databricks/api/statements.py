"""SQL statements and warehouses: /api/2.0/sql. A statement that fails is an answer of status 200."""

from __future__ import annotations

import datetime
import re
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local_databricks.calls import Call, json_route
from local_databricks.errors import ApiError, invalid
from local_databricks.spark.sql import Parameter
from local_databricks.spark.statements import Order, Statement, Statements, Warehouses
from local_databricks.workspace import Workspace

STATEMENT_BYTES = 16 << 20
MANAGE = "You do not have permission to manage the SQL Warehouse."
_WAIT = re.compile(r"(\d+)s")


def routes(workspace: Workspace) -> list[Route]:
    """The API's routes."""
    if workspace.sql is None:
        return []
    warehouses = Warehouses(workspace)
    statements = Statements(workspace, warehouses)
    base = "/api/2.0/sql/statements"

    def execute(call: Call) -> object:
        wait = _wait(call)
        cancel = _one_of(call, "on_wait_timeout", ("CONTINUE", "CANCEL")) == "CANCEL"
        order = _order(call)
        warehouses.check(order.warehouse_id)
        call.admins_only("You do not have permission to use the SQL Warehouse.")
        statement = statements.submit(order, call.principal)
        if not statement.done.wait(wait) and wait and cancel:
            statements.cancel(statement)
        return _answer(statements, statement)

    def get(call: Call) -> object:
        return _answer(statements, statements.get(call.text("id"), call.principal))

    def cancel(call: Call) -> object:
        statements.cancel(statements.get(call.text("id"), call.principal))
        return {}

    def chunk(call: Call) -> object:
        statement = statements.get(call.text("id"), call.principal)
        number = call.number("n")
        if statement.result is None:
            raise invalid(f"The statement {statement.id} has no result: it is {statement.state}.")
        if not 0 <= number < len(statement.chunks):
            raise invalid(f"Chunk index {number} is out of bounds.")
        return _chunk(statements, statement, number)

    async def result(request: Request) -> Response:
        if "authorization" in request.headers:
            text = "Only one auth mechanism allowed"
            raise ApiError(400, "InvalidArgument", text)
        return JSONResponse(await run_in_threadpool(statements.linked, request.path_params["key"]))

    return [
        json_route("POST", base, execute),
        json_route("POST", f"{base}/", execute),
        json_route("GET", f"{base}/{{id}}", get),
        json_route("POST", f"{base}/{{id}}/cancel", cancel),
        json_route("GET", f"{base}/{{id}}/result/chunks/{{n}}", chunk),
        Route("/_workspace/results/{key}", result, methods=["GET"]),
        *_warehouse_routes(warehouses),
    ]


def _warehouse_routes(warehouses: Warehouses) -> list[Route]:
    base = "/api/2.0/sql/warehouses"

    def all_(_: Call) -> object:
        return {"warehouses": warehouses.all()}

    def create(call: Call) -> object:
        call.admins_only(MANAGE)
        known = ("cluster_size", "max_num_clusters", "auto_stop_mins", "warehouse_type")
        settings = {name: call.fields[name] for name in known if name in call.fields}
        return {"id": warehouses.create(call.text("name"), settings)}

    def get(call: Call) -> object:
        return warehouses.get(call.text("id"))

    def start(call: Call) -> object:
        call.admins_only(MANAGE)
        warehouses.get(call.text("id"))
        warehouses.start(call.text("id"))
        return {}

    def stop(call: Call) -> object:
        call.admins_only(MANAGE)
        warehouses.get(call.text("id"))
        warehouses.stop(call.text("id"))
        return {}

    def delete(call: Call) -> object:
        call.admins_only(MANAGE)
        warehouses.delete(call.text("id"))
        return {}

    return [
        json_route("GET", base, all_),
        json_route("POST", base, create),
        json_route("GET", f"{base}/{{id}}", get),
        json_route("DELETE", f"{base}/{{id}}", delete),
        json_route("POST", f"{base}/{{id}}/start", start),
        json_route("POST", f"{base}/{{id}}/stop", stop),
    ]


def _wait(call: Call) -> float:
    """Seconds, of "0s" or "5s" to "50s"."""
    text = call.text("wait_timeout", "10s")
    found = _WAIT.fullmatch(text)
    if found is None or not (int(found[1]) == 0 or 5 <= int(found[1]) <= 50):
        raise invalid(f"wait_timeout must be 0s or between 5s and 50s, it is {text!r}.")
    return float(found[1])


def _one_of(call: Call, name: str, values: tuple[str, ...]) -> str:
    """A field with one of these values, the first unless it is said."""
    value = call.text(name, values[0])
    if value not in values:
        raise invalid(f"{name} must be one of {', '.join(values)}, it is {value[:40]!r}.")
    return value


def _order(call: Call) -> Order:
    statement = call.text("statement")
    if len(statement.encode()) > STATEMENT_BYTES:
        raise invalid(f"The statement is longer than {STATEMENT_BYTES} bytes.")
    external = _one_of(call, "disposition", ("INLINE", "EXTERNAL_LINKS")) == "EXTERNAL_LINKS"
    if _one_of(call, "format", ("JSON_ARRAY", "ARROW_STREAM", "CSV")) != "JSON_ARRAY":
        raise invalid("The local workspace gives results in the format JSON_ARRAY only.")
    return Order(
        statement,
        call.text("warehouse_id"),
        call.text("catalog", "") or None,
        call.text("schema", "") or None,
        tuple(_parameter(p) for p in call.fields.get("parameters") or ()),
        _limit(call, "row_limit"),
        _limit(call, "byte_limit"),
        external,
    )


def _parameter(given: Any) -> Parameter:
    if not isinstance(given, dict) or not isinstance(given.get("name"), str):
        raise invalid("A parameter has a name: positional parameters are not supported.")
    value, kind = given.get("value"), given.get("type", "STRING")
    if not isinstance(value, str | None) or not isinstance(kind, str):
        raise invalid(f"The value of parameter {given['name']!r} must be a string or null.")
    return Parameter(given["name"], value, kind)


def _limit(call: Call, name: str) -> int | None:
    if call.fields.get(name) is None:
        return None
    value = call.number(name)
    if value < 1:
        raise invalid(f"{name} must be positive.")
    return value


def _answer(statements: Statements, statement: Statement) -> dict[str, Any]:
    status: dict[str, Any] = {"state": statement.state}
    if statement.error is not None:
        code = statement.error.code
        status["error"] = {"error_code": code, "message": statement.error.message}
        if statement.error.sqlstate:
            status["sql_state"] = statement.error.sqlstate
    answer: dict[str, Any] = {"statement_id": statement.id, "status": status}
    if statement.state == "SUCCEEDED" and statement.result is not None:
        answer["manifest"] = _manifest(statement)
        answer["result"] = _chunk(statements, statement, 0) if statement.chunks else {}
    return answer


def _manifest(statement: Statement) -> dict[str, Any]:
    result = statement.result
    assert result is not None
    columns = []
    for position, column in enumerate(result.columns):
        about: dict[str, Any] = {"name": column.name, "position": position}
        about |= {"type_name": column.type_name, "type_text": column.type_text}
        if column.precision is not None:
            about |= {"type_precision": column.precision, "type_scale": column.scale}
        columns.append(about)
    manifest: dict[str, Any] = {
        "format": "JSON_ARRAY",
        "schema": {"column_count": len(columns), "columns": columns},
        "total_row_count": len(result.rows),
        "total_chunk_count": len(statement.chunks),
        "truncated": result.truncated,
    }
    if statement.chunks:
        manifest["chunks"] = [
            {"chunk_index": n, "row_offset": start, "row_count": end - start}
            for n, (start, end) in enumerate(statement.chunks)
        ]
    return manifest


def _chunk(statements: Statements, statement: Statement, number: int) -> dict[str, Any]:
    """One chunk: its rows, or a link to them."""
    assert statement.result is not None
    start, end = statement.chunks[number]
    about: dict[str, Any] = {"chunk_index": number, "row_offset": start, "row_count": end - start}
    if number + 1 < len(statement.chunks):
        link = f"/api/2.0/sql/statements/{statement.id}/result/chunks/{number + 1}"
        about |= {
            "next_chunk_index": number + 1,
            "next_chunk_internal_link": f"{link}?row_offset={end}",
        }
    if not statement.order.external:
        return {**about, "data_array": statement.result.rows[start:end]}
    url, expires = statements.link(statement, number)
    expiration = datetime.datetime.fromtimestamp(expires, datetime.UTC).isoformat(
        timespec="milliseconds"
    )
    return {
        "external_links": [
            {**about, "external_link": url, "expiration": expiration.replace("+00:00", "Z")}
        ]
    }
