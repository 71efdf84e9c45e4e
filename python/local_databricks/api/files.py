"""The Files API on volumes: /api/2.0/fs/files and /api/2.0/fs/directories.

An upload of 50 MiB or more first asks for presigned URLs. It is told that there is a session and then, at the first
part, that there are none (404), on which the SDKs fall back to one PUT; a plain error would end their upload.
"""

from __future__ import annotations

import base64
import binascii
import os
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from local_databricks import paths
from local_databricks.auth import Principal
from local_databricks.calls import (
    Call,
    body_to,
    json_route,
    principal_of,
    query_of,
    too_large,
    url_tail,
)
from local_databricks.errors import ApiError, error_info, invalid
from local_databricks.workspace import Workspace

FILE_MAX = 5 << 30  # bytes of one upload
PAGE_MAX = 1000  # entries of a directory in one answer
FILES, DIRECTORIES = "/api/2.0/fs/files", "/api/2.0/fs/directories"


def routes(workspace: Workspace) -> list[Route]:
    """The API's routes."""
    api = _Api(workspace)
    return [
        Route(FILES + "/{path:path}", api.upload, methods=["PUT"]),
        Route(FILES + "/{path:path}", api.initiate, methods=["POST"]),
        Route(FILES + "/{path:path}", api.download, methods=["GET", "HEAD"]),
        Route(FILES + "/{path:path}", api.delete_file, methods=["DELETE"]),
        Route(DIRECTORIES + "/{path:path}", api.make_directory, methods=["PUT"]),
        Route(DIRECTORIES + "/{path:path}", api.list_directory, methods=["GET", "HEAD"]),
        Route(DIRECTORIES + "/{path:path}", api.delete_directory, methods=["DELETE"]),
        json_route("POST", "/api/2.0/fs/create-download-url", no_presigned_urls),
        json_route("POST", "/api/2.0/fs/create-upload-part-urls", no_presigned_urls),
        json_route("POST", "/api/2.0/fs/create-resumable-upload-url", no_presigned_urls),
        json_route("POST", "/api/2.0/fs/create-abort-upload-url", no_presigned_urls),
    ]


def no_presigned_urls(_: Call) -> object:
    """Clients then use the plain routes."""
    raise ApiError(404, "NOT_FOUND", "Presigned URLs are not available in this workspace.")


@dataclass(frozen=True)
class _Api:
    workspace: Workspace

    async def upload(self, request: Request) -> Response:
        """Streamed into a file beside, moved into place when all of it is there; folders above are made."""
        overwrite = Call(request, principal_of(request), query_of(request)).flag("overwrite", True)
        target = await self._target(request, FILES, "WRITE_VOLUME")
        length = request.headers.get("content-length", "0")
        if length.isdigit() and int(length) > FILE_MAX:
            raise too_large(FILE_MAX)
        if not overwrite and target.exists():
            raise _already(target)
        staged = self.workspace.tree.stage()
        try:
            await body_to(staged, request, FILE_MAX)
            await run_in_threadpool(_move, staged, target, overwrite)
        finally:
            staged.unlink(missing_ok=True)
        return Response(status_code=204)

    async def initiate(self, request: Request) -> Response:
        """See above."""
        call = Call(request, principal_of(request), query_of(request))
        if call.text("action", "") != "initiate-upload":
            raise invalid("The parameter action must be initiate-upload.")
        target = await self._target(request, FILES, "WRITE_VOLUME")
        if not call.flag("overwrite", True) and target.exists():
            raise _already(target)
        return JSONResponse({"multipart_upload": {"session_token": "none"}})

    async def download(self, request: Request) -> Response:
        """The file, or the ranges asked for; 412 when it has changed since `If-Unmodified-Since`."""
        target = await self._target(request, FILES, "READ_VOLUME")
        if not target.is_file():
            raise _no_file()
        since = request.headers.get("if-unmodified-since")
        if since is not None and int(target.stat().st_mtime) > _http_date(since):
            raise ApiError(412, "FAILED_PRECONDITION", "The file has changed since then.")
        return FileResponse(target, media_type="application/octet-stream")

    async def delete_file(self, request: Request) -> Response:
        target = await self._target(request, FILES, "WRITE_VOLUME")
        if not target.is_file():
            raise _no_file()
        target.unlink()
        return Response(status_code=204)

    async def make_directory(self, request: Request) -> Response:
        """With those above it; one that is there stays."""
        target = await self._target(request, DIRECTORIES, "WRITE_VOLUME")
        _make_folder(target)
        return Response(status_code=204)

    async def list_directory(self, request: Request) -> Response:
        """A page sorted by name; HEAD says whether it is there."""
        target = await self._target(request, DIRECTORIES, "READ_VOLUME")
        if not target.is_dir():
            raise ApiError(404, "NOT_FOUND", "The directory being accessed is not found.")
        if request.method == "HEAD":
            return Response(status_code=200)
        call = Call(request, principal_of(request), query_of(request))
        size = call.number("page_size", PAGE_MAX)
        if not 0 <= size <= PAGE_MAX:
            raise invalid(f"page_size must be 0 to {PAGE_MAX}.")
        after = _after(call.text("page_token", ""))
        path = "/" + "/".join(paths.parts(url_tail(request, DIRECTORIES)))
        return JSONResponse(await run_in_threadpool(_page, target, path, after, size or PAGE_MAX))

    async def delete_directory(self, request: Request) -> Response:
        target = await self._target(request, DIRECTORIES, "WRITE_VOLUME")
        path = url_tail(request, DIRECTORIES)
        if not target.is_dir():
            raise ApiError(404, "NOT_FOUND", "The directory being accessed is not found.")
        if not self.workspace.volumes.split(path)[1]:
            raise invalid("The root of a volume cannot be deleted.")
        try:
            target.rmdir()
        except OSError:
            raise ApiError(
                400,
                "DIRECTORY_NOT_EMPTY",
                "The directory is not empty.",
                details=error_info("FILES_API_DIRECTORY_IS_NOT_EMPTY"),
            ) from None
        return Response(status_code=204)

    async def _target(self, request: Request, prefix: str, privilege: str) -> Path:
        path = url_tail(request, prefix)
        target: Path = await run_in_threadpool(
            self._allowed, principal_of(request), path, privilege
        )
        return target

    def _allowed(self, principal: Principal, path: str, privilege: str) -> Path:
        names, _ = self.workspace.volumes.split(path)
        self.workspace.require(principal, privilege, "volume", ".".join(names))
        return self.workspace.volumes.local(path)


def _page(target: Path, path: str, after: str, size: int) -> dict[str, Any]:
    names = sorted(name for name in os.listdir(target) if name > after)
    contents = []
    for name in names[:size]:
        about = _entry(target / name, f"{path}/{name}")
        if about is not None:
            contents.append(about)
    page: dict[str, Any] = {"contents": contents} if contents else {}
    if len(names) > size:
        token = names[size - 1].encode("utf-8", "surrogateescape")
        page["next_page_token"] = base64.urlsafe_b64encode(token).decode()
    return page


def _entry(file: Path, path: str) -> dict[str, Any] | None:
    """None for what has gone since it was listed, and for names that are not Unicode."""
    try:
        about = file.stat()
        path.encode()
    except (OSError, UnicodeEncodeError):
        return None
    is_folder = file.is_dir()
    found: dict[str, Any] = {"path": path, "name": file.name, "is_directory": is_folder}
    if not is_folder:
        found["file_size"] = about.st_size
    return {**found, "last_modified": about.st_mtime_ns // 1_000_000}


def _after(token: str) -> str:
    try:
        return base64.b64decode(token, altchars=b"-_", validate=True).decode(
            "utf-8", "surrogateescape"
        )
    except (binascii.Error, ValueError):
        raise invalid("page_token is not one that this API gave.") from None


def _move(staged: Path, target: Path, overwrite: bool) -> None:
    if target.is_dir():
        raise ApiError(409, "ALREADY_EXISTS", "There is a directory at this path.")
    _make_folder(target.parent)
    if overwrite:
        os.replace(staged, target)
        return
    try:
        os.link(staged, target)
    except FileExistsError:
        raise _already(target) from None


def _make_folder(target: Path) -> None:
    try:
        target.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise ApiError(
            409, "ALREADY_EXISTS", "There is a file where a directory would be."
        ) from None


def _http_date(text: str) -> float:
    try:
        return parsedate_to_datetime(text).timestamp()
    except ValueError:
        raise invalid("If-Unmodified-Since is not a date.") from None


def _no_file() -> ApiError:
    return ApiError(404, "NOT_FOUND", "The file being accessed is not found.")


def _already(target: Path) -> ApiError:
    return ApiError(409, "ALREADY_EXISTS", f"The file {target.name} already exists.")
