"""The request log: what arrived, as tests read it when they judge a client. It never holds a token or a secret's value.

One line of JSON per request in DIR/requests.jsonl, written before the answer is sent, kept over restarts:

    n             1, 2, ... in the order in which they were answered
    at            when it arrived, ms since 1970
    method, path, query    the path as it was sent; the query as an object
    headers       those that say something; of credentials the scheme and a short hash, so that two can be told apart
    principal     who asked, null when nobody was found
    body_bytes, body_sha256    of what was read; the hash is null where the body carries a secret
    json, form    the body up to 64 KB; values of fields that are secret are replaced
    status        null when the connection was dropped
    fault         the kind of fault that struck
    ms            from arrival to answer
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import re
import threading
import time
from collections import deque
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from local_databricks.faults import DROP, UNWATCHED
from local_databricks.secrets import Secrets

BODY_MAX = 64 << 10  # bytes of a body that are kept
ENTRIES_MAX = 20_000  # kept; the file is begun anew when it has twice as many
HIDDEN = "<not logged>"
_HEADERS = {
    "accept", "content-length", "content-type", "expect", "host", "if-modified-since", "if-none-match",
    "if-unmodified-since", "range", "traceparent", "user-agent", "x-databricks-azure-workspace-resource-id",
    "x-databricks-org-id", "x-databricks-workspace-id", "x-request-id",
}  # fmt: skip
_CREDENTIALS = ("authorization", "x-databricks-azure-sp-management-token")
_SECRET_FIELD = re.compile(r"(secret|token|password|string_value|bytes_value|assertion)", re.I)
_OPEN_FIELD = re.compile(r"^(idempotency_token|page_token|next_page_token|token_type)$")
_TOKEN = re.compile(
    r"(dapi|dose)[0-9a-f]{32}|bldr-local\.[A-Za-z0-9_=.%-]+"
)  # what auth.py gives out
_LINK = re.compile(r"(/_workspace/results/).+")  # whoever has such a link may read the result
_SECRET_PATH = re.compile(r"^/api/2\.0/secrets/|/token$|/token/")


class RequestLog:
    """The log of one workspace, written by one event loop, read by any thread."""

    def __init__(self, folder: Path, secrets: Secrets) -> None:
        self._path = folder / "requests.jsonl"
        self._secrets = secrets
        self._entries: deque[dict[str, Any]] = deque(maxlen=ENTRIES_MAX)
        self._lock = threading.Lock()
        self._n = 0
        self._lines = 0
        self._load()
        self._file = os.open(self._path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)

    def entries(self, since: int = 0) -> list[dict[str, Any]]:
        """Those with `n` above `since`, oldest first; the last 20,000 at most."""
        with self._lock:
            return [entry for entry in self._entries if entry["n"] > since]

    def add(self, entry: dict[str, Any], known: list[str]) -> None:
        """Writes one; `known` are texts that must not be in it, besides the values of all secrets."""
        self._n += 1
        text = json.dumps({"n": self._n, **entry}, ensure_ascii=False)
        text = text.encode(
            "utf-8", "replace"
        ).decode()  # halves of surrogate pairs, which JSON lets by
        for value in known:
            text = text.replace(value, HIDDEN)
        text = self._secrets.redact(_TOKEN.sub(HIDDEN, text), HIDDEN)
        with self._lock:
            self._entries.append(json.loads(text))
        os.write(self._file, text.encode() + b"\n")
        self._lines += 1
        if self._lines > 2 * ENTRIES_MAX:
            self._shrink()

    def close(self) -> None:
        """Ends writing."""
        os.close(self._file)

    def _load(self) -> None:
        if not self._path.exists():
            return
        whole = self._path.read_bytes()
        for line in whole.splitlines():
            try:
                self._entries.append(json.loads(line))
            except ValueError:
                continue  # the last one, cut off by a kill
        self._lines = len(self._entries)
        if self._entries:
            self._n = int(self._entries[-1]["n"])
        if whole and not whole.endswith(b"\n"):
            self._rewrite()

    def _shrink(self) -> None:
        os.close(self._file)
        self._rewrite()
        self._file = os.open(self._path, os.O_WRONLY | os.O_APPEND)

    def _rewrite(self) -> None:
        fresh = self._path.with_suffix(".new")
        lines = [json.dumps(entry, ensure_ascii=False) + "\n" for entry in self._entries]
        with open(os.open(fresh, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "w") as out:
            out.writelines(lines)
        os.replace(fresh, self._path)
        self._lines = len(lines)


class Logging:
    """Around everything: writes the log, and closes connections for the fault plan (`scope["transport"]`)."""

    def __init__(self, app: Any, log: RequestLog) -> None:
        self._app = app
        self._log = log

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or UNWATCHED.match(scope["path"]):
            await self._app(scope, receive, send)
            return
        request = _Heard(scope)

        async def heard() -> Any:
            message = await receive()
            request.hear(message)
            return message

        async def answered(message: Any) -> None:
            if message["type"] == DROP:
                self._log.add(request.entry(None), request.credentials())
                scope["transport"].abort()
                await asyncio.sleep(0.05)  # until uvicorn knows that nobody is there to be answered
                return
            if message["type"] == "http.response.start":
                self._log.add(request.entry(message["status"]), request.credentials())
            await send(message)

        await self._app(scope, heard, answered)


class _Heard:
    """What is known of one request so far."""

    def __init__(self, scope: Any) -> None:
        self._scope = scope
        self._at = time.time()
        self._start = time.monotonic()
        self._size = 0
        self._hash = hashlib.sha256()
        self._body = bytearray()
        self._headers = [(k.decode("latin-1"), v.decode("latin-1")) for k, v in scope["headers"]]

    def hear(self, message: Any) -> None:
        chunk: bytes = message.get("body", b"")
        self._size += len(chunk)
        self._hash.update(chunk)
        if len(self._body) <= BODY_MAX:
            self._body += chunk[: BODY_MAX + 1 - len(self._body)]

    def credentials(self) -> list[str]:
        """The credentials that came with it, in every form in which they might stand elsewhere in the request."""
        found = [v.rpartition(" ")[2] for k, v in self._headers if k in _CREDENTIALS]
        return [value for value in found if len(value) >= 8]

    def entry(self, status: int | None) -> dict[str, Any]:
        path = self._scope["raw_path"].split(b"?")[0].decode("latin-1")
        path = _LINK.sub(rf"\1{HIDDEN}", path)
        secret = _SECRET_PATH.search(self._scope["path"]) is not None
        query = parse_qsl(self._scope["query_string"].decode("latin-1"), keep_blank_values=True)
        principal = self._scope.get("principal")
        return {
            "at": int(self._at * 1000),
            "method": self._scope["method"],
            "path": path,
            "query": _pairs(query),
            "headers": dict(filter(None, (_header(k, v) for k, v in self._headers))),
            "principal": principal.name if principal else None,
            "body_bytes": self._size,
            "body_sha256": None if secret else self._hash.hexdigest(),
            **self._content(),
            "status": status,
            "fault": self._scope.get("fault"),
            "ms": int((time.monotonic() - self._start) * 1000),
        }

    def _content(self) -> dict[str, Any]:
        if not self._body or len(self._body) > BODY_MAX:
            return {}
        kind = dict(self._headers).get("content-type", "")
        if kind.startswith("application/x-www-form-urlencoded"):
            text = self._body.decode("utf-8", "replace")
            return {"form": _pairs(parse_qsl(text, keep_blank_values=True))}
        if kind.startswith(("multipart/", "application/octet-stream")):
            return {}
        try:
            return {"json": _without_secrets(json.loads(self._body))}
        except (ValueError, RecursionError):
            return {}


def _header(name: str, value: str) -> tuple[str, str] | None:
    if name in _CREDENTIALS:
        scheme, _, token = value.rpartition(" ")
        mark = hashlib.sha256(token.encode()).hexdigest()[:12]
        return name, f"{scheme} sha256:{mark}".strip()
    return (name, value) if name in _HEADERS else None


def _pairs(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        shown = HIDDEN if _is_secret(name) else value
        if name in found:
            found[name] = (
                [*found[name], shown] if isinstance(found[name], list) else [found[name], shown]
            )
        else:
            found[name] = shown
    return found


def _is_secret(name: str) -> bool:
    return _SECRET_FIELD.search(name) is not None and _OPEN_FIELD.match(name) is None


def _without_secrets(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: (
                HIDDEN
                if _is_secret(name) and not isinstance(inner, dict | list)
                else _without_secrets(inner)
            )
            for name, inner in value.items()
        }
    if isinstance(value, list):
        return [_without_secrets(inner) for inner in value]
    return value
