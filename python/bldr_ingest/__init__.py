"""What the notebooks of an emitted pipeline share: source files read as bldr reads them, loading, audit, checks, governance.

It travels with the notebooks (`pipeline/bldr_ingest`), needs pyspark and nothing else, and stays within what Spark Connect
and serverless compute allow. Nothing of it has to be installed where Spark's workers run: its code goes there with the work.
"""

from __future__ import annotations

from .dialect import CsvDialect, Dialect, JsonDialect, dialect_of
from .errors import EncodingError, HeaderError, IngestError, PackedError, TooLargeError
from .read import read_csv, read_json
from .records import BLANK, TOTAL

__all__ = [
    "BLANK",
    "TOTAL",
    "CsvDialect",
    "Dialect",
    "EncodingError",
    "HeaderError",
    "IngestError",
    "JsonDialect",
    "PackedError",
    "TooLargeError",
    "dialect_of",
    "read_csv",
    "read_json",
]
