"""The audit of the pipeline: a row per file and run in `etl_audit`, those of failures included.

A task that handles a file does so inside `with recorded(session, file) as entry`; the row is written when the block ends,
however it ends, and an exception goes on its way behind it. The tasks of one run share the row: bronze says what was
read, silver what was refused, and a task that is tried again writes what is true by then.

The table is also what knows the latest image of each file, an empty one too (bronze.py).
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from .load import create, insert_of, run_merge, same_key, update_of
from .session import Session

__all__ = ["TABLE", "Entry", "Image", "image_of", "recorded"]

TABLE = "etl_audit"
KEY = ["run_id", "file"]
# name: type and comment
COLUMNS = {
    "run_id": ("STRING NOT NULL", "the run"),
    "file": ("STRING NOT NULL", "path below source_path"),
    "status": ("STRING NOT NULL", "loaded, unchanged (its content was known) or failed"),
    "rows_read": ("BIGINT", "records of the file"),
    "rows_written": ("BIGINT", "records that this run added to bronze"),
    "rows_rejected": ("BIGINT", "records in quarantine; before silver those that are malformed"),
    "error": ("STRING", "what ended the task, of a failure"),
    "started_at": ("TIMESTAMP NOT NULL", "when the first task of the file began"),
    "ended_at": ("TIMESTAMP NOT NULL", "when the last one ended"),
    "source_hash": ("STRING", "BLAKE2b-256 of the file as it lies there, hex"),
    "bytes": ("BIGINT", "size of the file as it lies there"),
    "image_run_id": ("STRING", "run that added the rows of bronze which are this content"),
}
CHECKS = {
    "status_is_known": "status IN ('loaded', 'unchanged', 'failed')",
    "a_failure_has_its_error": "(status = 'failed') = (error IS NOT NULL)",
}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ERROR_MAX = 4000  # characters
TRIES = 12
# Delta's words for: another task has written to the table meanwhile.
CONFLICTS = (
    "DELTA_CONCURRENT",
    "ALREADY_EXISTS",
    "DELTA_METADATA_CHANGED",
    "DELTA_PROTOCOL_CHANGED",
    "ConcurrentAppend",
    "ConcurrentModification",
)


@dataclass(frozen=True)
class Image:
    """The rows of a bronze table that are one content of a file: those of that run with that hash."""

    file: str
    run_id: str
    source_hash: str
    rows: int


@dataclass
class Entry:
    """The row of a file and a run; None is what nobody knows yet.

    known: the table has the row. latest: the image that the last run left which read the file, whatever became of it
    behind bronze.
    """

    run_id: str
    file: str
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    rows_read: int | None = None
    rows_rejected: int | None = None
    source_hash: str | None = None
    bytes: int | None = None
    image_run_id: str | None = None
    error: str | None = None
    known: bool = False
    latest: Image | None = None

    @property
    def image(self) -> Image:
        """The image of the file that this run works on. Errors: LookupError."""
        if self.image_run_id is None or self.source_hash is None or self.rows_read is None:
            raise LookupError(f"bronze holds no image of {self.file}; run its task first")
        return Image(self.file, self.image_run_id, self.source_hash, self.rows_read)

    def take(self, image: Image) -> None:
        """Works on that image."""
        self.image_run_id, self.source_hash, self.rows_read = (
            image.run_id,
            image.source_hash,
            image.rows,
        )

    @property
    def status(self) -> str:
        """What became of the file."""
        if self.error is not None:
            return "failed"
        return "loaded" if self.image_run_id == self.run_id else "unchanged"

    @property
    def rows_written(self) -> int | None:
        """Records that this run added to bronze."""
        return self.rows_read if self.image_run_id in (None, self.run_id) else 0


def image_of(entry: Entry) -> Image:
    """The image that the run works on: the one its bronze task has left, else the latest. Errors: LookupError."""
    if entry.image_run_id is None and entry.latest is not None:
        entry.take(entry.latest)
    return entry.image


@contextmanager
def recorded(session: Session, file: str) -> Iterator[Entry]:
    """The entry of this run and file, for a task to fill in; the row is written when the block ends.

    It begins as the run's earlier tasks have left it. A task that is killed, as behind its time limit, writes none.
    """
    retried(
        lambda: create(
            session, TABLE, definition(), "What each run did with each file", checks=CHECKS
        )
    )
    entry = entry_of(session, file)
    entry.error = None
    try:
        yield entry
    except BaseException as error:
        entry.error = f"{type(error).__name__}: {error}"[:ERROR_MAX]
        write(session, entry)
        raise
    write(session, entry)


def definition() -> str:
    """The table's columns as DDL."""
    return ", ".join(
        f"{name} {kind} COMMENT '{comment}'" for name, (kind, comment) in COLUMNS.items()
    )


def entry_of(session: Session, file: str) -> Entry:
    """What the run's earlier tasks say of the file, and earlier runs."""
    run_id = session.config.run_id
    own = F.col("run_id") == run_id
    wanted = rows_of(session, file).filter(own | F.col("image_run_id").isNotNull())
    newest = [own.desc(), F.desc("ended_at"), F.desc("run_id")]
    # Numbers: what Python makes of a time depends on its own time zone.
    times = {name: F.unix_micros(name) for name in ("started_at", "ended_at")}
    rows = [r.asDict() for r in wanted.orderBy(*newest).limit(2).withColumns(times).collect()]
    entry = Entry(run_id, file, latest=latest_image(file, rows))
    if rows and rows[0]["run_id"] == run_id:
        entry.known = True
        entry.started_at = EPOCH + timedelta(microseconds=rows[0]["started_at"])
        for name in ("rows_read", "rows_rejected", "source_hash", "bytes", "image_run_id"):
            setattr(entry, name, rows[0][name])
    return entry


def rows_of(session: Session, file: str) -> DataFrame:
    """The rows of a file."""
    return session.read(TABLE).filter(F.col("file") == file)


def latest_image(file: str, rows: Sequence[Mapping[str, Any]]) -> Image | None:
    """The image of the row that ended last, of those that have one."""
    known = [row for row in rows if row["image_run_id"] is not None]
    if not known:
        return None
    row = max(known, key=lambda row: (row["ended_at"], row["run_id"]))
    return Image(file, row["image_run_id"], row["source_hash"], row["rows_read"])


def write(session: Session, entry: Entry) -> None:
    """Puts the entry's row into the table, in the place of the one that is there."""
    values = {name: getattr(entry, name, None) for name in COLUMNS} | {
        "ended_at": datetime.now(UTC)
    }
    columns = [
        F.lit(values[name]).cast(kind.split()[0]).alias(name) for name, (kind, _) in COLUMNS.items()
    ]
    row = session.spark.range(1).select(*columns)
    if not entry.known:  # an appended row is in nobody's way, whatever other tasks write
        retried(lambda: row.writeTo(session.table(TABLE)).append())
        return
    clauses = [update_of(row), insert_of(row)]
    retried(lambda: run_merge(session, row, TABLE, same_key(KEY), clauses))


def retried(work: Callable[[], object]) -> None:
    """Does it again when another task was faster: those of one run write to the table at the same time."""
    for left in reversed(range(TRIES)):
        try:
            work()
            return
        except Exception as error:
            if left == 0 or not any(word in str(error) for word in CONFLICTS):
                raise
            time.sleep(random.uniform(0.5, 2.0))
