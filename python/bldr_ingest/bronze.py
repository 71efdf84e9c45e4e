"""Bronze tables hold every content that their file ever had: its image is appended, nothing is changed or deleted.

An image is the rows with one _source_file, _run_id and _source_hash. A file whose content bronze has as its latest
image is not written again. A run that is repeated finds the rows of its image there and adds those that are missing.
"""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from pyspark import cloudpickle
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from .audit import Entry, Image
from .errors import TooLargeError
from .load import insert_of, run_merge, same_key
from .read import FILE_BYTES_MAX
from .session import Session, literal

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["append_image", "image_rows", "source_path"]


def source_path(session: Session, file: str) -> str:
    """Where the file is."""
    return f"{session.config.source_path}/{file}"


def append_image(
    session: Session,
    entry: Entry,
    table: str,
    records: Callable[[], DataFrame],
    place: Sequence[str],
) -> None:
    """Appends the file's records unless they are the table's latest image, and says in the entry which image that is.

    records: reads the file (read_csv, read_json); called only when it must be read. place: the columns that tell where
    a record stands in its file. Errors: the reader's; a file that changes meanwhile.
    """
    entry.bytes, source_hash = state_of(session, entry.file)
    image = entry.latest
    if image is not None and image.source_hash == source_hash and not session.config.full_refresh:
        rows, malformed = count(session, table, image)
        if rows == image.rows:
            entry.take(image)
            entry.rows_rejected = malformed
            return
    image = Image(entry.file, session.config.run_id, source_hash, 0)
    append(session, table, records(), image, place)
    rows, malformed = count(session, table, image)
    if rows == 0 and state_of(session, entry.file)[1] != source_hash:  # no row was there to tell
        raise ValueError(f"{entry.file} changed while it was read")
    entry.take(replace(image, rows=rows))
    entry.rows_rejected = malformed


def image_rows(session: Session, table: str, image: Image) -> DataFrame:
    """The rows of bronze that are the image."""
    return session.read(table).filter(
        (F.col("_source_file") == image.file)
        & (F.col("_run_id") == image.run_id)
        & (F.col("_source_hash") == image.source_hash)
    )


def state_of(session: Session, file: str) -> tuple[int, str]:
    """Size of the file in bytes and BLAKE2b-256 of it, hex. Errors: FileNotFoundError, TooLargeError."""
    path = re.sub(r"([\\\[\]{}*?])", r"\\\1", source_path(session, file))
    files = session.spark.read.format("binaryFile").load(path)
    found = files.select("length").first()
    if found is None and len(files.inputFiles()) == 1:  # Spark gives no row for an empty file
        return 0, hashlib.blake2b(digest_size=32).hexdigest()
    if found is None:
        raise FileNotFoundError(
            f"Spark finds no {file} below {session.config.source_path}; "
            "it passes over names that begin with _ or ."
        )
    size = int(found["length"])
    if size > FILE_BYTES_MAX:
        raise TooLargeError(f"{file} has {size} bytes; at most {FILE_BYTES_MAX} are read")
    cloudpickle.register_pickle_by_value(sys.modules[__package__])
    row = files.select("content").mapInArrow(digests, "hash string").first()
    assert row is not None, "the file was there"
    return size, str(row["hash"])


def digests(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """BLAKE2b-256, hex, of the contents in a column, which Spark has no function for. Runs on Spark's workers."""
    import pyarrow as pa

    for batch in batches:
        # what as_buffer() shows is not copied
        found = [
            hashlib.blake2b(content.as_buffer(), digest_size=32).hexdigest()
            for content in batch.column(0)
        ]
        yield pa.RecordBatch.from_pydict({"hash": found})


def count(session: Session, table: str, image: Image) -> tuple[int, int]:
    """Rows of the image, and how many of them are malformed records."""
    malformed = F.count("_corrupt_record").alias("malformed")
    row = image_rows(session, table, image).agg(F.count("*").alias("rows"), malformed).first()
    assert row is not None, "an aggregate has a row"
    return int(row["rows"]), int(row["malformed"])


def append(
    session: Session, table: str, records: DataFrame, image: Image, place: Sequence[str]
) -> None:
    """Adds the records that the image lacks."""
    message = F.lit(f"{image.file} changed while it was read")
    changed = F.raise_error(message).cast("string")
    same = F.col("_source_hash") == image.source_hash
    rows = records.withColumns(
        {
            "_source_hash": F.when(same, F.col("_source_hash")).otherwise(changed),
            "_ingested_at": F.current_timestamp(),
            "_run_id": F.lit(image.run_id),
        }
    )
    key = ["_source_file", "_run_id", "_source_hash", *place]
    # The run as a literal: what other runs have added is not read for it.
    own = f"target._run_id = {literal(image.run_id)} AND {same_key(key)}"
    counts = run_merge(session, rows, table, own, [insert_of(rows)])
    print(f"{table}: {counts}")
