"""Statements of the Statement Execution API: states, chunks, links, cancelling; and the SQL warehouses they run on.

PENDING -> RUNNING -> SUCCEEDED | FAILED | CANCELED; SUCCEEDED -> CLOSED when the result is no longer kept (an hour);
a statement is forgotten twelve hours after its end. Statements are not kept over a restart of the workspace.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from local_databricks.auth import Principal
from local_databricks.errors import ApiError, invalid, not_found
from local_databricks.spark.sql import Parameter, SqlError, SqlResult
from local_databricks.workspace import Workspace

INLINE_BYTES = 25 << 20
CHUNK_BYTES, CHUNK_ROWS = 1 << 20, 10_000
RESULT_SECONDS, STATEMENT_SECONDS = 3600.0, 12 * 3600.0
LINK_SECONDS = 900.0
AT_ONCE = 8
ENDED = ("SUCCEEDED", "FAILED", "CANCELED", "CLOSED")


@dataclass(frozen=True)
class Order:
    """What a statement is to do."""

    statement: str
    warehouse_id: str
    catalog: str | None = None
    schema: str | None = None
    parameters: tuple[Parameter, ...] = ()
    row_limit: int | None = None
    byte_limit: int | None = None
    external: bool = False


@dataclass
class Statement:
    """One statement; `done` is set when it is in a state of ENDED."""

    id: str
    order: Order
    principal: Principal
    session_id: str
    state: str = "PENDING"
    error: SqlError | None = None
    result: SqlResult | None = None
    chunks: list[tuple[int, int]] = field(default_factory=list)
    ended: float = 0.0
    worker_done: threading.Event = field(default_factory=threading.Event)
    done: threading.Event = field(default_factory=threading.Event)


class Statements:
    """All statements of a workspace. Thread-safe."""

    def __init__(self, workspace: Workspace, warehouses: Warehouses) -> None:
        self._workspace = workspace
        self._warehouses = warehouses
        self._lock = threading.Lock()
        self._statements: dict[str, Statement] = {}
        self._pool = ThreadPoolExecutor(AT_ONCE, "statement")
        self._links: dict[str, tuple[str, int, float]] = {}

    def submit(self, order: Order, principal: Principal) -> Statement:
        """Starts a statement and returns at once."""
        made = Statement(str(uuid.uuid4()), order, principal, str(uuid.uuid4()))
        with self._lock:
            self._forget_old()
            self._statements[made.id] = made
        self._pool.submit(self._run, made)
        return made

    def get(self, statement_id: str, principal: Principal) -> Statement:
        """Raises ApiError (404): there is none, it is forgotten, or it is somebody else's."""
        with self._lock:
            self._forget_old()
            found = self._statements.get(statement_id)
        if found is None or not (principal.admin or principal.id == found.principal.id):
            raise not_found(f"The statement {statement_id} was not found.")
        return found

    def cancel(self, statement: Statement) -> None:
        """Ends a statement that has not ended, and what Spark does for it."""
        if self._end(statement, "CANCELED"):
            threading.Thread(target=self._interrupt, args=(statement,), daemon=True).start()

    def link(self, statement: Statement, chunk: int) -> tuple[str, float]:
        """A URL that gives a chunk to anybody who knows it, and when it expires (Unix time)."""
        key = secrets.token_urlsafe(24)
        expires = time.time() + LINK_SECONDS
        with self._lock:
            now = time.time()
            for old in [k for k, (_, _, until) in self._links.items() if until < now]:
                del self._links[old]
            self._links[key] = (statement.id, chunk, expires)
        return f"{self._workspace.url}/_workspace/results/{key}", expires

    def linked(self, key: str) -> list[list[str | None]]:
        """The rows that a link stands for. Raises ApiError (403) when it expired or never was."""
        with self._lock:
            statement_id, chunk, expires = self._links.get(key, ("", 0, 0.0))
            statement = self._statements.get(statement_id)
        if statement is None or statement.result is None or expires < time.time():
            raise ApiError(403, "AccessDenied", "Request has expired")
        start, end = statement.chunks[chunk]
        return statement.result.rows[start:end]

    def _run(self, statement: Statement) -> None:
        order = statement.order
        try:
            if statement.done.is_set():
                return
            self._warehouses.start(order.warehouse_id)
            self._workspace.spark.start()
            with self._lock:
                if statement.done.is_set():
                    return
                statement.state = "RUNNING"
            byte_limit = order.byte_limit if order.byte_limit is not None else _most(order)
            result = self._workspace.sql.run(
                order.statement,
                catalog=order.catalog,
                schema=order.schema,
                parameters=order.parameters,
                session_id=statement.session_id,
                principal=statement.principal,
                row_limit=order.row_limit,
                byte_limit=byte_limit,
            )
            if result.truncated and order.byte_limit is None and not order.external:
                rows = len(result.rows)
                if order.row_limit is None or rows < order.row_limit:
                    raise SqlError(_TOO_LARGE)
            self._end(statement, "SUCCEEDED", result=result)
        except SqlError as error:
            self._end(statement, "CANCELED" if error.code == "CANCELLED" else "FAILED", error=error)
        except Exception as error:  # a bug here must not leave a statement running for ever
            self._end(statement, "FAILED", error=SqlError(repr(error), "INTERNAL_ERROR"))
        finally:
            statement.worker_done.set()

    def _end(
        self,
        statement: Statement,
        state: str,
        *,
        result: SqlResult | None = None,
        error: SqlError | None = None,
    ) -> bool:
        """Moves a statement into its last state; False when it has ended before."""
        with self._lock:
            if statement.done.is_set():
                return False
            if result is not None:
                statement.chunks = _chunks(result)
            statement.result, statement.error = result, error
            statement.state = state
            statement.ended = time.monotonic()
            statement.done.set()
            return True

    def _interrupt(self, statement: Statement) -> None:
        """Until the statement's thread ends: it may not have reached Spark yet."""
        while not statement.worker_done.wait(0.2):
            self._workspace.spark.interrupt(statement.session_id)

    def _forget_old(self) -> None:
        now = time.monotonic()
        for statement in list(self._statements.values()):
            if not statement.done.is_set():
                continue
            if now - statement.ended > STATEMENT_SECONDS:
                del self._statements[statement.id]
            elif statement.state == "SUCCEEDED" and now - statement.ended > RESULT_SECONDS:
                statement.state, statement.result = "CLOSED", None


_TOO_LARGE = (
    f"Inline byte limit exceeded. Statements executed with disposition=INLINE can have a result size of at most "
    f"{INLINE_BYTES} bytes. Please execute the statement with disposition=EXTERNAL_LINKS if you want to download the "
    "full result."
)


def _most(order: Order) -> int | None:
    return None if order.external else INLINE_BYTES


def _chunks(result: SqlResult) -> list[tuple[int, int]]:
    """(first row, row behind the last) of each chunk."""
    chunks: list[tuple[int, int]] = []
    start = used = 0
    for number, row in enumerate(result.rows):
        used += sum(len(cell) for cell in row if cell is not None)
        if used >= CHUNK_BYTES or number + 1 - start >= CHUNK_ROWS:
            chunks.append((start, number + 1))
            start, used = number + 1, 0
    if start < len(result.rows):
        chunks.append((start, len(result.rows)))
    return chunks


class Warehouses:
    """SQL warehouses: names and states; they all are the one Spark server. `default_id` is always there."""

    def __init__(self, workspace: Workspace) -> None:
        self._database = workspace.database
        self._database.migrate(
            "warehouses",
            (
                "CREATE TABLE warehouses (id TEXT PRIMARY KEY, name TEXT NOT NULL, state TEXT NOT NULL,"
                " settings TEXT NOT NULL)",
            ),
        )
        first = self._database.row("SELECT id FROM warehouses ORDER BY rowid LIMIT 1")
        self.default_id: str = first["id"] if first else self.create("Local Warehouse", {})

    def create(self, name: str, settings: dict[str, Any]) -> str:
        """Makes a warehouse; its id."""
        made = secrets.token_hex(8)
        row = (made, name, "RUNNING", json.dumps(settings))
        self._database.write("INSERT INTO warehouses VALUES (?, ?, ?, ?)", row)
        return made

    def all(self) -> list[dict[str, Any]]:
        """As the API shows them."""
        return [
            _warehouse(r) for r in self._database.rows("SELECT * FROM warehouses ORDER BY rowid")
        ]

    def get(self, id_: str) -> dict[str, Any]:
        """Raises ApiError (404)."""
        found = self._database.row("SELECT * FROM warehouses WHERE id = ?", (id_,))
        if found is None:
            raise not_found(f"No SQL warehouse found with ID {id_}.")
        return _warehouse(found)

    def start(self, id_: str) -> None:
        """RUNNING."""
        self._database.write("UPDATE warehouses SET state = 'RUNNING' WHERE id = ?", (id_,))

    def stop(self, id_: str) -> None:
        """STOPPED; the next statement starts it again."""
        self._database.write("UPDATE warehouses SET state = 'STOPPED' WHERE id = ?", (id_,))

    def delete(self, id_: str) -> None:
        """Removes it."""
        self.get(id_)
        self._database.write("DELETE FROM warehouses WHERE id = ?", (id_,))

    def check(self, id_: str) -> None:
        """Raises ApiError (400) as a statement does that names a warehouse that is not there."""
        if self._database.row("SELECT 1 FROM warehouses WHERE id = ?", (id_,)) is None:
            raise invalid(f"'{id_}' is not a valid endpoint id.")


def _warehouse(row: Any) -> dict[str, Any]:
    fields = {
        "id": row["id"],
        "name": row["name"],
        "state": row["state"],
        "cluster_size": "2X-Small",
        "min_num_clusters": 1,
        "max_num_clusters": 1,
        "num_clusters": 1 if row["state"] == "RUNNING" else 0,
        "auto_stop_mins": 0,
        "warehouse_type": "PRO",
        "enable_serverless_compute": True,
        "enable_photon": False,
    }
    return {**fields, **json.loads(row["settings"])}
