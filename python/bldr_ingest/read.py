"""A source file as a DataFrame, read as bldr itself reads it.

Columns of the result, in this order:

    <columns>          string, never NULL in a good record (an empty field, JSON's null and a missing key are the empty
                       text, as bldr's own reader has it); all NULL in a malformed one
    _corrupt_record    string: the whole text of a malformed record; else NULL
    _corrupt_reason    string: why it is malformed, or "a total, not a row" (then the fields are there and
                       _corrupt_record is NULL); NULL: a good record
    _source_file       string: source_file
    _source_line       bigint: the physical line in which the record begins, from 1
    _source_record     bigint, of a JSON array only: number of the record among those that begin in its line, from 1
    _row_hash          string: SHA-256 of the record, hex
    _source_hash       string: BLAKE2b-256 of the file as it lies there, hex, as the `sources` artefact has it

A row of a table is known by _source_file, _source_line and, where it is there, _source_record.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .dialect import CsvDialect, JsonDialect

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

__all__ = ["read_csv", "read_json"]


def read_csv(
    spark: SparkSession, path: str, dialect: CsvDialect, *, source_file: str | None = None
) -> DataFrame:
    """The records of the delimited text at path (one file, no pattern).

    source_file: what _source_file says; the path's last part unless told. Raises HeaderError when the header names
    other columns, TooLargeError, EncodingError, PackedError: now, as far as the beginning of the file shows it, else
    when the rows are asked for (then inside Spark's PythonException).
    """
    raise NotImplementedError


def read_json(
    spark: SparkSession, path: str, dialect: JsonDialect, *, source_file: str | None = None
) -> DataFrame:
    """The records of the JSON file at path; otherwise as read_csv."""
    raise NotImplementedError
