"""What a notebook's process and the workspace say to each other: JSON objects over a socket that only the two hold.

The process asks ({"id", "call", ...}) and is answered ({"id", "result"} or {"id", "error": {"kind", "message"}}); the
first message goes to it (the work), its last is {"done": ...}. Nothing else can reach the workspace this way: the
socket is the run's right to its own secrets and task values.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import queue
import socket
import struct
import threading
from typing import Any

_HEAD = struct.Struct(">I")
MESSAGE_MAX = 256 << 20

Json = dict[str, Any]


class LinkError(Exception):
    """The workspace refused a call: `kind` is the error's name, e.g. the error_code of the API."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message


class Channel:
    """One end of the socket; `send` may be called from several threads, `receive` from one at a time."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._sending = threading.Lock()

    def send(self, message: Json) -> None:
        """Raises OSError when the other end is gone."""
        body = json.dumps(message).encode()
        with self._sending:
            self._socket.sendall(_HEAD.pack(len(body)) + body)

    def receive(self) -> Json | None:
        """The next message, None when the other end is gone or talks nonsense."""
        head = self._exactly(_HEAD.size)
        if head is None:
            return None
        (size,) = _HEAD.unpack(head)
        body = self._exactly(size) if size <= MESSAGE_MAX else None
        try:
            found = json.loads(body) if body is not None else None
            if body is not None and b"\\ud" in body:
                # halves of surrogate pairs, as file names that are not UTF-8 have them, are no text that can be sent on
                whole = json.dumps(found, ensure_ascii=False).encode("utf-8", "replace")
                found = json.loads(whole)
        except ValueError:
            return None
        return found if isinstance(found, dict) else None

    def end(self) -> None:
        """Nothing more is received behind what has arrived, whoever still holds the other end."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RD)

    def close(self) -> None:
        self._socket.close()

    def _exactly(self, size: int) -> bytes | None:
        parts = bytearray()
        while len(parts) < size:
            try:
                part = self._socket.recv(min(1 << 20, size - len(parts)))
            except OSError:
                return None
            if not part:
                return None
            parts += part
        return bytes(parts)


class Link:
    """The notebook's end: calls, from as many threads as it likes."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._ids = itertools.count(1)
        self._lock = threading.Lock()
        self._waiting: dict[int, queue.SimpleQueue[Json | None]] = {}
        self._reader: threading.Thread | None = None

    def call(self, name: str, **fields: Any) -> Any:
        """The answer's result; raises LinkError when the workspace refuses."""
        answers: queue.SimpleQueue[Json | None] = queue.SimpleQueue()
        with self._lock:
            asked = next(self._ids)
            self._waiting[asked] = answers
            if self._reader is None:
                self._reader = threading.Thread(target=self._read, name="link", daemon=True)
                self._reader.start()
        self._channel.send({"id": asked, "call": name} | fields)
        answer = answers.get()
        if answer is None:
            raise LinkError("INTERNAL_ERROR", "the workspace is gone")
        if "error" in answer:
            raise LinkError(answer["error"]["kind"], answer["error"]["message"])
        return answer.get("result")

    def _read(self) -> None:
        """Hands each answer to the thread that waits for it."""
        while True:
            answer = self._channel.receive()
            with self._lock:
                if answer is None:
                    waiting = list(self._waiting.values())
                    self._waiting.clear()
                    break
                found = self._waiting.pop(answer.get("id", 0), None)
            if found is not None:
                found.put(answer)
        for queued in waiting:
            queued.put(None)
