#!/usr/bin/env python3
"""A server that misbehaves on request, for test_http: real sockets, a process of its own.

Promise: prints its port, then serves until its standard input ends. Each request is one JSON line of LOG, written when its
head (and, where the path does not say otherwise, its body) has been read and before anything is answered: method, path, headers
by lower-case name, body, number of the connection and of the request on it.

Usage: http_server.py LOG [CERTIFICATE KEY]
"""

import json
import os
import ssl
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

lock = threading.Lock()
connections = 0
seen: dict[str, int] = {}  # requests by path
tokens: list[str] = []  # issued, the newest last
revoked: set[str] = set()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self) -> None:
        global connections
        super().setup()
        with lock:
            connections += 1
            self.connection_number = connections
        self.on_connection = 0

    def log_message(self, format: str, *args: object) -> None:
        pass

    def note(self, body: str | None) -> None:
        line = {
            "method": self.command,
            "path": self.path,
            "headers": {name.lower(): value for name, value in self.headers.items()},
            "body": body,
            "connection": self.connection_number,
            "on_connection": self.on_connection,
        }
        with lock, open(sys.argv[1], "a") as log:
            log.write(json.dumps(line) + "\n")
            self.nth = seen[self.path] = seen.get(self.path, 0) + 1

    def answer(self, status: int, body: bytes = b"", **headers: object) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def raw(self, text: bytes) -> None:
        self.wfile.write(text)
        self.wfile.flush()
        self.close_connection = True

    def serve(self) -> None:
        url = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(url.query).items()}
        self.on_connection += 1
        if url.path == "/drop/before":
            self.note(None)
            self.close_connection = True
            return
        size = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(size)
        if len(body) < size:  # no request: RFC 9112, 8
            self.close_connection = True
            return
        self.note(body.decode("utf-8", "replace"))
        if url.netloc:  # asked as a proxy
            self.answer(200, b"by proxy: " + self.path.encode())
            return
        act = getattr(self, "do_" + url.path.strip("/").replace("/", "_"), None)
        if act is None:
            self.answer(404, b"nothing here")
        else:
            act(query, body)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = serve

    def do_ok(self, query: dict[str, str], body: bytes) -> None:
        self.answer(200, b"well", X_Kind="plain")

    def do_echo(self, query: dict[str, str], body: bytes) -> None:
        self.answer(
            200,
            b"[" + self.headers.get("Authorization", "").encode() + b"]" + body,
            X_Echo=self.headers.get("Authorization", ""),
        )

    def do_status(self, query: dict[str, str], body: bytes) -> None:
        headers = {name: value for name, value in query.items() if name not in ("code", "body")}
        self.answer(int(query["code"]), query.get("body", "").encode(), **headers)

    def do_flaky(self, query: dict[str, str], body: bytes) -> None:
        if self.nth <= int(query["times"]):
            headers = {name: value for name, value in query.items() if name == "Retry_After"}
            self.answer(int(query.get("code", 503)), b"not yet", **headers)
        else:
            self.answer(200, b"at last")

    def do_late(self, query: dict[str, str], body: bytes) -> None:
        time.sleep(int(query["ms"]) / 1000)
        self.answer(200, b"late")

    def do_late_first(self, query: dict[str, str], body: bytes) -> None:
        if self.nth == 1:
            time.sleep(30)
        self.answer(200, b"received once more")

    def do_drop_after(self, query: dict[str, str], body: bytes) -> None:
        self.close_connection = True

    def do_drop_middle(self, query: dict[str, str], body: bytes) -> None:
        self.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this")

    def do_trap(self, query: dict[str, str], body: bytes) -> None:
        """Dies without an answer when its connection had been used before."""
        if self.on_connection > 1:
            self.close_connection = True
        else:
            self.answer(200, b"fresh")

    def do_huge(self, query: dict[str, str], body: bytes) -> None:
        size = int(query["bytes"])
        self.send_response_only(int(query.get("code", 200)))
        self.send_header("Content-Length", str(size))
        self.end_headers()
        while size > 0:
            n = min(size, 1 << 16)
            self.wfile.write(b"x" * n)
            size -= n

    def do_drip(self, query: dict[str, str], body: bytes) -> None:
        self.send_response_only(200)
        self.send_header("Content-Length", query["bytes"])
        self.end_headers()
        for _ in range(int(query["bytes"])):
            self.wfile.write(b".")
            time.sleep(int(query["ms"]) / 1000)

    def do_silent(self, query: dict[str, str], body: bytes) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        self.rfile.read(1)  # until the client goes
        self.close_connection = True

    def do_redirect(self, query: dict[str, str], body: bytes) -> None:
        self.answer(302, b"", Location="/ok")

    def do_token(self, query: dict[str, str], body: bytes) -> None:
        """OAuth client credentials: query says the token's life, how it is written, what goes wrong and how often."""
        if self.nth <= int(query.get("times", 0)):
            headers = {name: value for name, value in query.items() if name == "Retry_After"}
            self.answer(int(query["code"]), query.get("body", "").encode(), **headers)
            return
        if self.nth > 1:
            time.sleep(int(query.get("later_ms", 0)) / 1000)
        tokens.append(f"canary-token-{len(tokens) + 1}")
        answer: dict[str, object] = {"token_type": "Bearer", "scope": "access_token"}
        if "life" in query:
            answer["expires_in"] = query["life"] if "text" in query else int(query["life"])
        answer["access_token"] = tokens[-1]
        answer["more"] = [1]
        self.answer(200, json.dumps(answer).encode(), Content_Type="application/json")

    def do_guarded(self, query: dict[str, str], body: bytes) -> None:
        """Takes any issued token; with ?revoke=n the first n it is shown are refused for ever."""
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if token in tokens and len(revoked) < int(query.get("revoke", 0)):
            revoked.add(token)
        if token in tokens and token not in revoked:
            self.answer(200, f"token {tokens.index(token) + 1}".encode())
        else:
            self.answer(401, b"not you")

    def do_many(self, query: dict[str, str], body: bytes) -> None:
        tasks = [{"run": i, "text": "ä" * 10} for i in range(int(query["n"]))]
        answer = {"id": 7211000000000000123, "odd": {"a": 1}, "tasks": tasks}
        self.answer(200, json.dumps(answer).encode(), Content_Type="application/json")

    def do_config(self, query: dict[str, str], body: bytes) -> None:
        self.answer(200, json.dumps(query).encode(), Content_Type="application/json")

    def do_bytes(self, query: dict[str, str], body: bytes) -> None:
        self.answer(200, b"a\xffb\x00c")

    def do_headers(self, query: dict[str, str], body: bytes) -> None:
        self.raw(
            b"HTTP/1.1 200 OK\r\nX-List: a\r\nx-LIST: b\r\nSet-Cookie: a=1, x\r\nSet-Cookie: b=2\r\n"
            b"X-Empty:\r\nX-Latin: caf\xe9\r\nContent-Length: 0\r\n\r\n"
        )

    def do_interim(self, query: dict[str, str], body: bytes) -> None:
        self.raw(
            b"HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\n"
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nwell\r\n0\r\nX-Trailer: t\r\n\r\n"
        )

    def do_bad_nothttp(self, query: dict[str, str], body: bytes) -> None:
        self.raw(b"220 mail.example.com ESMTP\r\n")

    def do_bad_colon(self, query: dict[str, str], body: bytes) -> None:
        self.raw(b"HTTP/1.1 200 OK\r\nno colon here\r\nContent-Length: 0\r\n\r\n")

    def do_bad_many(self, query: dict[str, str], body: bytes) -> None:
        self.raw(b"HTTP/1.1 200 OK\r\n" + b"X-Many: 0123456789\r\n" * 3000 + b"\r\n")

    def do_bad_length(self, query: dict[str, str], body: bytes) -> None:
        self.raw(b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n")


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: object, client_address: object) -> None:
        pass  # clients that go away are what this is for


def main() -> None:
    server = Server(("127.0.0.1", 0), Handler)
    if len(sys.argv) > 2:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[2], sys.argv[3])
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main()
