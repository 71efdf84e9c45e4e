"""State that survives a restart and a `kill -9`: one SQLite file, one connection, used from threads under one lock.

Each module names its tables once with `migrate`. Whatever belongs together is written in one `transaction`.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# Ids are 64-bit and stand above 2**53, so that a client that keeps them in a double mixes up neighbours.
FIRST_ID = 7_000_000_000_000_000_001


class Database:
    """The file `path`, made when it is not there (mode 0600)."""

    def __init__(self, path: Path) -> None:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        self._lock = threading.RLock()
        self._depth = 0
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON"):
            self._connection.execute(f"PRAGMA {pragma}")
        with self.transaction() as connection:
            connection.execute(
                "CREATE TABLE IF NOT EXISTS migrations (module TEXT PRIMARY KEY, done INTEGER NOT NULL)"
            )
            connection.execute("CREATE TABLE IF NOT EXISTS next_id (id INTEGER NOT NULL)")
            if connection.execute("SELECT count(*) FROM next_id").fetchone()[0] == 0:
                connection.execute("INSERT INTO next_id VALUES (?)", (FIRST_ID,))

    def migrate(self, module: str, statements: Sequence[str]) -> None:
        """Runs those of `module`'s statements that this file has not seen; a statement is added, never changed."""
        with self.transaction() as connection:
            row = connection.execute(
                "SELECT done FROM migrations WHERE module = ?", (module,)
            ).fetchone()
            for statement in statements[row["done"] if row else 0 :]:
                connection.execute(statement)
            connection.execute("REPLACE INTO migrations VALUES (?, ?)", (module, len(statements)))

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All of the block or nothing; a transaction inside another belongs to the outer one. Other threads wait."""
        with self._lock:
            if self._depth == 0:
                self._connection.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield self._connection
            except BaseException:
                if self._depth == 1:
                    self._connection.execute("ROLLBACK")
                raise
            else:
                if self._depth == 1:
                    self._connection.execute("COMMIT")
            finally:
                self._depth -= 1

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[sqlite3.Row]:
        """All rows of a query."""
        with self._lock:
            return self._connection.execute(sql, parameters).fetchall()

    def row(self, sql: str, parameters: Sequence[Any] = ()) -> sqlite3.Row | None:
        """The first row of a query."""
        found = self.rows(sql, parameters)
        return found[0] if found else None

    def write(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        """One statement in a transaction; how many rows it changed."""
        with self.transaction() as connection:
            return connection.execute(sql, parameters).rowcount

    def new_id(self) -> int:
        """An id that nothing else in this workspace has or had."""
        with self.transaction() as connection:
            [(found,)] = connection.execute("UPDATE next_id SET id = id + 1 RETURNING id - 1")
            return int(found)

    def close(self) -> None:
        """Ends the connection; the file needs no repair when this was never called."""
        with self._lock:
            self._connection.close()
