"""The workspace tree: /api/2.0/workspace/* and the two undocumented routes that bundles use, workspace-files."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from local_databricks import formats
from local_databricks.auth import Principal
from local_databricks.calls import (
    Call,
    body_to,
    fields_of,
    json_route,
    principal_of,
    query_of,
    url_tail,
)
from local_databricks.errors import ApiError, denied, invalid, malformed
from local_databricks.formats import Language
from local_databricks.tree import Node, canonical
from local_databricks.workspace import Workspace

IMPORT_MAX = 10 * 1024 * 1024  # bytes of what import and export carry
FILE_MAX = 500 * 1024 * 1024  # bytes of one workspace file
FILES = "/api/2.0/workspace-files"
IMPORT_FILE = f"{FILES}/import-file"


def routes(workspace: Workspace) -> list[Route]:
    """The API's routes."""
    api = _Api(workspace)
    return [
        json_route("POST", "/api/2.0/workspace/mkdirs", api.mkdirs),
        Route("/api/2.0/workspace/import", api.import_object, methods=["POST"]),
        json_route("GET", "/api/2.0/workspace/get-status", api.get_status),
        json_route("GET", "/api/2.0/workspace/list", api.children),
        json_route("GET", "/api/2.0/workspace/export", api.export),
        json_route("POST", "/api/2.0/workspace/delete", api.delete),
        Route(IMPORT_FILE + "/{path:path}", api.import_file, methods=["POST"]),
        Route(FILES + "/{path:path}", api.read_file, methods=["GET"]),
    ]


@dataclass(frozen=True)
class _Api:
    workspace: Workspace

    def mkdirs(self, call: Call) -> object:
        path = self._writable(call.principal, call.text("path"))
        self.workspace.tree.mkdirs(path)
        return {}

    async def import_object(self, request: Request) -> Response:
        """JSON with base64, or a form with a file, as the SDKs' upload sends it."""
        principal = principal_of(request)
        if request.headers.get("content-type", "").startswith("multipart/form-data"):
            fields, content = await _form(request)
        else:
            fields = await fields_of(request)
            content = _decoded(fields.pop("content", ""))
        call = Call(request, principal, fields)
        return JSONResponse(await run_in_threadpool(self._import, call, content))

    def _import(self, call: Call, content: bytes) -> object:
        path = self._writable(call.principal, call.text("path"))
        form, overwrite = call.text("format", "SOURCE"), call.flag("overwrite")
        if len(content) > IMPORT_MAX:
            raise ApiError(
                400,
                "MAX_NOTEBOOK_SIZE_EXCEEDED",
                f"File size imported is ({len(content)} bytes), exceeded max size ({IMPORT_MAX} bytes)",
            )
        if form == "AUTO":
            found = formats.recognise(path, content)
            path = path if found is None else path.rsplit(".", 1)[0]
        elif form == "SOURCE":
            found = formats.LANGUAGES.get(call.text("language", ""))
            if found is None:
                raise invalid(
                    "The parameter language must be PYTHON, SQL, SCALA or R for format SOURCE."
                )
        elif form == "JUPYTER":
            found = "JUPYTER"
        else:
            raise invalid(f"The local workspace does not import format {form}.")
        try:
            if found is None:
                self.workspace.tree.write_file(path, content, overwrite=overwrite)
            else:
                self._put_notebook(path, content, found, overwrite)
        except ApiError as error:
            raise _reworded(
                error, _FILE_EXISTS if found is None else _NOTEBOOK_EXISTS, path
            ) from None
        return {}

    def _put_notebook(
        self, path: str, content: bytes, found: Language | Literal["JUPYTER"], overwrite: bool
    ) -> None:
        if found == "JUPYTER":
            language, text = formats.from_jupyter(content)
            self.workspace.tree.put_notebook(
                path, language, text, form="JUPYTER", overwrite=overwrite
            )
        else:
            text = formats.source_text(content, found)
            self.workspace.tree.put_notebook(path, found, text, overwrite=overwrite)

    def get_status(self, call: Call) -> object:
        node = self.workspace.tree.get(self._readable(call.principal, call.text("path")))
        return described(node, export_info=call.flag("return_export_info"))

    def children(self, call: Call) -> object:
        """No paging; `objects` is absent when there are none."""
        path = self._readable(call.principal, call.text("path"))
        since = call.number("notebooks_modified_after", 0)
        found = [
            described(node)
            for node in self.workspace.tree.children(path)
            if node.kind != "NOTEBOOK" or node.modified_ms > since
        ]
        return {"objects": found} if found else {}

    def export(self, call: Call) -> object:
        path = self._readable(call.principal, call.text("path"))
        content, extension = self._exported(path, call.text("format", "SOURCE"))
        if len(content) > IMPORT_MAX:
            raise ApiError(
                400,
                "MAX_NOTEBOOK_SIZE_EXCEEDED",
                f"File size exported is ({len(content)} bytes), exceeded max size ({IMPORT_MAX} bytes)",
            )
        if call.flag("direct_download"):
            return Response(content, media_type="application/octet-stream")
        return {"content": base64.b64encode(content).decode(), "file_type": extension}

    def _exported(self, path: str, form: str) -> tuple[bytes, str]:
        node = self.workspace.tree.get(path)
        if node.kind == "DIRECTORY":
            raise invalid(f"The local workspace does not export folders: {node.path}.")
        if node.kind == "FILE":
            if form not in ("AUTO", "SOURCE"):
                raise invalid(f"Path ({node.path}) is a file: it has no format {form}.")
            if node.size > IMPORT_MAX:
                return bytes(node.size), ""
            return self.workspace.tree.disk(path).read_bytes(), Path(node.path).suffix.lstrip(".")
        if form == "AUTO":
            form = node.form
        language, text = self.workspace.tree.notebook(path)
        if form == "SOURCE":
            return text.encode(), formats.EXTENSION[language].lstrip(".")
        if form == "JUPYTER":
            return formats.to_jupyter(text, language), "ipynb"
        raise invalid(f"The local workspace does not export format {form}.")

    def delete(self, call: Call) -> object:
        path = self._writable(call.principal, call.text("path"))
        self.workspace.tree.delete(path, recursive=call.flag("recursive"))
        return {}

    async def import_file(self, request: Request) -> Response:
        """The raw body becomes a file, or a notebook when it looks like one (its extension is taken off)."""
        path = self._writable(principal_of(request), url_tail(request, IMPORT_FILE))
        call = Call(request, principal_of(request), query_of(request))
        overwrite = call.flag("overwrite")
        staged = self.workspace.tree.stage()
        try:
            await body_to(staged, request, FILE_MAX)
            await run_in_threadpool(self._keep, path, staged, overwrite)
        finally:
            staged.unlink(missing_ok=True)
        return JSONResponse({})

    def _keep(self, path: str, staged: Path, overwrite: bool) -> None:
        content = staged.read_bytes() if staged.stat().st_size <= IMPORT_MAX else b""
        found = formats.recognise(path, content)
        path = path if found is None else path.rsplit(".", 1)[0]
        try:
            if found is None:
                self.workspace.tree.put_file(path, staged, overwrite=overwrite)
            else:
                self._put_notebook(path, content, found, overwrite)
        except ApiError as error:
            raise _reworded(
                error, _NODE_EXISTS if found is None else _NOTEBOOK_EXISTS, path
            ) from None

    async def read_file(self, request: Request) -> Response:
        path = self._readable(principal_of(request), url_tail(request, FILES))
        node = await run_in_threadpool(self.workspace.tree.get, path)
        if node.kind == "NOTEBOOK":
            content, _ = await run_in_threadpool(self._exported, path, "AUTO")
            return Response(content, media_type="application/octet-stream")
        if node.kind == "DIRECTORY":
            raise invalid(f"Path ({node.path}) is a folder.")
        return FileResponse(self.workspace.tree.disk(path), media_type="application/octet-stream")

    def _readable(self, principal: Principal, path: str) -> str:
        """Everybody may look everywhere but into somebody else's home. Raises ApiError (403), also where nothing is."""
        path = canonical(path)
        home = path.split("/")[1:3]
        others = home[:1] == ["Users"] and len(home) == 2 and home[1] != principal.name
        if others and not principal.admin:
            raise denied(f"{principal.name} does not have View permissions on {path}.")
        return path

    def _writable(self, principal: Principal, path: str) -> str:
        """Only admins may write outside of their home and /Shared."""
        path = canonical(path)
        mine = (f"/Users/{principal.name}", "/Shared")
        if not principal.admin and not any(
            path == top or path.startswith(top + "/") for top in mine
        ):
            raise denied(f"{principal.name} does not have Edit permissions on {path}.")
        return path


def described(node: Node, *, export_info: bool = False) -> dict[str, Any]:
    """One object as the API tells it."""
    found: dict[str, Any] = {
        "object_type": node.kind,
        "path": node.path,
        "object_id": node.id,
        "resource_id": str(node.id),
        "created_at": node.created_ms,
        "modified_at": node.modified_ms,
    }
    if node.kind == "NOTEBOOK":
        found["language"] = node.language
        if export_info:
            found["repos_export_format"] = node.form
    if node.kind == "FILE":
        found["size"] = node.size
    return found


# "Exists already" as the cloud says it: status, error code, message. By import for files, by import-file for files, by
# both for notebooks.
_FILE_EXISTS = (
    400,
    "RESOURCE_ALREADY_EXISTS",
    "{} already exists. Please pass overwrite=true to overwrite it.",
)
_NODE_EXISTS = (
    409,
    "ALREADY_EXISTS",
    "Node with name {} already exists. Please pass overwrite=true to update it.",
)
_NOTEBOOK_EXISTS = (400, "", "Path ({}) already exists.")


def _reworded(error: ApiError, said: tuple[int, str, str], path: str) -> ApiError:
    """RESOURCE_ALREADY_EXISTS in other words; any other error as it is."""
    if error.code != "RESOURCE_ALREADY_EXISTS":
        return error
    status, code, message = said
    return ApiError(status, code, message.format(path))


async def _form(request: Request) -> tuple[dict[str, Any], bytes]:
    try:
        async with request.form(max_files=1, max_fields=20) as form:
            fields: dict[str, Any] = {k: v for k, v in form.items() if isinstance(v, str)}
            sent = form.get("content")
            if isinstance(sent, UploadFile):
                return fields, await sent.read(IMPORT_MAX + 1)
            return fields, str(fields.pop("content", "")).encode()
    except HTTPException as wrong:
        raise malformed(f"Could not parse the form: {wrong.detail}") from None


def _decoded(content: object) -> bytes:
    if not isinstance(content, str):
        raise invalid("Field 'content' must be a string: base64.")
    try:
        return base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError):
        raise invalid("Field 'content' is not base64.") from None
