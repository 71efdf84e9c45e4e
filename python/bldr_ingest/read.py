"""A source file as a DataFrame, read as bldr itself reads it.

Columns of the result, in this order:

    <columns>          string, never NULL in a good record (an empty field, JSON's null and a missing key are the empty
                       text, as bldr's own reader has it); all NULL in a malformed one
    _corrupt_record    string: the whole text of a malformed record; else NULL
    _corrupt_reason    string: why it is malformed, or why it is no row (records.TOTAL, records.BLANK: then the fields are
                       there and _corrupt_record is NULL); NULL: a good record
    _source_file       string: source_file
    _source_line       bigint: the physical line in which the record begins, from 1
    _source_record     bigint, of a JSON array only: number of the record among those that begin in its line, from 1
    _row_hash          string: SHA-256 of the record, hex (records.row_hash)
    _source_hash       string: BLAKE2b-256 of the file as it lies there, hex, as the `sources` artefact has it

A row of a table is known by _source_file, _source_line and, where it is there, _source_record.

One task reads a file as a whole (Spark's binaryFile): the records of a file can only be told in order. The code that
reads is sent along by value, so nothing has to be installed where Spark's workers run.
"""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from .csv_records import CsvReader
from .dialect import CsvDialect, Dialect, JsonDialect
from .errors import HeaderError, IngestError, TooLargeError
from .json_records import JsonReader
from .records import Record, row_hash
from .text import known_encoding, text_of

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession

__all__ = ["FILE_BYTES_MAX", "read_csv", "read_json"]

# Of what lies there. Spark holds a file several times, and two tasks may read at once: twice as much fits into 1 GB.
FILE_BYTES_MAX = 64 << 20
HEADS = (64 << 10, 32 << 20)  # bytes that are looked at for a header
BATCH_ROWS = 4096
# A record more at most: it may have 16 MB, and a column of Arrow holds 2 GB.
BATCH_CHARACTERS = 8 << 20

Batches = Iterator["pa.RecordBatch"]


def read_csv(
    spark: SparkSession, path: str, dialect: CsvDialect, *, source_file: str | None = None
) -> DataFrame:
    """The records of the delimited text at path (one file, no pattern).

    source_file: what _source_file says; the path's last part unless told. Raises HeaderError when the header names
    other columns, TooLargeError above FILE_BYTES_MAX, EncodingError, PackedError: now, as far as the beginning of the
    file shows it, else when the rows are asked for (then inside Spark's PythonException). A path that is not there is
    Spark's AnalysisException.
    """
    return _read(spark, path, dialect, source_file)


def read_json(
    spark: SparkSession, path: str, dialect: JsonDialect, *, source_file: str | None = None
) -> DataFrame:
    """The records of the JSON file at path; otherwise as read_csv."""
    return _read(spark, path, dialect, source_file)


def records_of(text: Iterator[str], dialect: Dialect, name: str) -> Iterable[Record]:
    """The records of a file's text."""
    if isinstance(dialect, CsvDialect):
        return CsvReader(text, dialect, name)
    return JsonReader(text, dialect)


# ---- on the driver ----


def _read(spark: SparkSession, path: str, dialect: Dialect, source_file: str | None) -> DataFrame:
    from pyspark import cloudpickle

    name = source_file or path.rsplit("/", 1)[-1]
    known_encoding(dialect.encoding, name)
    file = spark.read.format("binaryFile").load(re.sub(r"([\\\[\]{}*?])", r"\\\1", path))
    length = _length(file, path)
    if isinstance(dialect, CsvDialect) and dialect.header is not None:
        _check_header(file, length, dialect, name)
    cloudpickle.register_pickle_by_value(sys.modules[__package__])
    return file.select("content").mapInArrow(_reader(dialect, name), _schema(dialect))


def _length(file: DataFrame, path: str) -> int:
    """Bytes of the file. Spark gives no row for an empty one, and none for a name that it takes for hidden."""
    found = file.select("length").take(2)
    if not found and len(file.inputFiles()) == 1:
        return 0
    if len(found) != 1:
        hidden = "; Spark passes over names that begin with _ or ." if not found else ""
        raise IngestError(f"{path} is not one file{hidden}")
    length = int(found[0]["length"])
    if length > FILE_BYTES_MAX:
        raise TooLargeError(f"{path} has {length} bytes; at most {FILE_BYTES_MAX} are read")
    return length


def _check_header(file: DataFrame, length: int, dialect: CsvDialect, name: str) -> None:
    """Raises what the beginning of the file shows to be wrong; what it does not show is found when it is read."""
    from pyspark.sql import functions as F

    for size in HEADS:
        found = file.select(F.substring("content", 1, size).alias("head")).first()
        head = bytes(found["head"]) if found is not None else b""
        text = text_of(head, dialect.encoding, dialect.packed, name)
        try:
            next(iter(CsvReader(text, dialect, name)), None)
            return
        except IngestError as error:
            if size >= length or (size == HEADS[-1] and isinstance(error, HeaderError)):
                raise


def _place(dialect: Dialect) -> list[str]:
    in_line = isinstance(dialect, JsonDialect) and dialect.array
    return ["_source_line", "_source_record"] if in_line else ["_source_line"]


def _schema(dialect: Dialect) -> str:
    texts = [*dialect.columns, "_corrupt_record", "_corrupt_reason", "_source_file"]
    fields = [(name, "string") for name in texts]
    fields += [(name, "bigint") for name in _place(dialect)]
    fields += [("_row_hash", "string"), ("_source_hash", "string")]
    return ", ".join(f"`{name.replace('`', '``')}` {kind}" for name, kind in fields)


# ---- on a worker ----


def _reader(dialect: Dialect, name: str) -> Callable[[Batches], Batches]:
    """What makes records of files, for mapInArrow."""

    def read(batches: Batches) -> Batches:
        for batch in batches:
            for content in batch.column(0):
                yield from _batches(content.as_py(), dialect, name)

    return read


def _batches(content: bytes, dialect: Dialect, name: str) -> Batches:
    digest = hashlib.blake2b(content, digest_size=32).hexdigest()
    text = text_of(content, dialect.encoding, dialect.packed, name)
    rows: list[Record] = []
    size = 0
    for record in records_of(text, dialect, name):
        rows.append(record)
        size += len(record.raw or "") if record.fields is None else sum(map(len, record.fields))
        if len(rows) == BATCH_ROWS or size >= BATCH_CHARACTERS:
            yield _batch(rows, dialect, name, digest)
            rows, size = [], 0
    if rows:
        yield _batch(rows, dialect, name, digest)


def _batch(rows: list[Record], dialect: Dialect, name: str, digest: str) -> pa.RecordBatch:
    import pyarrow as pa

    none = [None] * len(dialect.columns)
    columns = list(zip(*(none if row.fields is None else row.fields for row in rows), strict=True))
    place = _place(dialect)
    more = {
        "_corrupt_record": [row.raw for row in rows],
        "_corrupt_reason": [row.reason for row in rows],
        "_source_file": [name] * len(rows),
        "_source_line": [row.line for row in rows],
        "_source_record": [row.number for row in rows],
        "_row_hash": [row_hash(row) for row in rows],
        "_source_hash": [digest] * len(rows),
    }
    names = ["_corrupt_record", "_corrupt_reason", "_source_file", *place]
    names += ["_row_hash", "_source_hash"]
    arrays = [pa.array(column, pa.string()) for column in columns]
    arrays += [pa.array(more[n], pa.int64() if n in place else pa.string()) for n in names]
    return pa.RecordBatch.from_arrays(arrays, [*dialect.columns, *names])
