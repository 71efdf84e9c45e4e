"""What is refused and why: records that are no rows, cells that do not fit their type, duplicates, rows without their key;
and the checks that end a task.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from .load import create, merge
from .records import BLANK
from .session import Session

QUARANTINE_COLUMNS = {
    "_source_file": "STRING NOT NULL COMMENT 'path below source_path'",
    "_source_line": "BIGINT NOT NULL COMMENT 'first line of the record, from 1'",
    "_source_record": "BIGINT NOT NULL COMMENT 'number among the records that begin in that line, from 1'",
    "kind": "STRING NOT NULL COMMENT 'unreadable, total, blank, duplicate or refused'",
    "reason": "STRING NOT NULL COMMENT 'why it was refused'",
    "raw": "STRING COMMENT 'the record: its text, or its values as JSON'",
    "_run_id": "STRING NOT NULL COMMENT 'run that refused it'",
}
LINE_CHECKS = {"a_line_counts_from_1": "_source_line >= 1"}
QUARANTINE_CHECKS = {
    "kind_is_known": "kind IN ('unreadable', 'total', 'blank', 'duplicate', 'refused')"
}


@dataclass(frozen=True)
class Unique:
    """Of the records with one key the one with the greatest version counts, of equal ones the last in the file."""

    key: list[str]
    version: list[str]


# ---- records ----


def because(kind: str, reason: str | Column) -> Column:
    """Why a record is refused."""
    text = F.lit(reason) if isinstance(reason, str) else reason
    return F.struct(F.lit(kind).alias("kind"), text.alias("reason"))


def with_refusal(records: DataFrame) -> DataFrame:
    """Adds _refusal, kind and reason of a record that is no row, as its reader found it; NULL when it is one."""
    reason = F.col("_corrupt_reason")
    aside = F.when(reason == BLANK, "blank").otherwise("total")
    kind = F.when(F.col("_corrupt_record").isNotNull(), "unreadable").otherwise(aside)
    refusal = F.struct(kind.alias("kind"), reason.alias("reason"))
    return records.withColumn("_refusal", F.when(reason.isNotNull(), refusal))


def typed_rows(
    records: DataFrame,
    fields: Mapping[str, Column],
    typed: Mapping[str, Column],
    lineage: Sequence[str],
) -> DataFrame:
    """The records' fields, cleaned and typed, with _unfit: the columns whose text does not fit their type.

    fields: the texts, over the fields as they are in the file. typed: the values of some of them, over those texts;
    NULL where one does not fit.
    lineage: columns of records that are kept behind.
    """
    cleaned = records.select(*[text.alias(name) for name, text in fields.items()], *lineage)
    misfits = [
        F.when(F.col(n).isNotNull() & value.isNull(), F.lit(n)) for n, value in typed.items()
    ]
    unfit = F.array_compact(F.array(*misfits)).cast("array<string>").alias("_unfit")
    return cleaned.select(*[typed.get(n, F.col(n)).alias(n) for n in fields], unfit, *lineage)


def duplicates(rows: DataFrame, unique: Sequence[Unique], place: Sequence[str]) -> DataFrame:
    """Where a record stands whose key a later one has, whose line is _survivor.

    A record with NULL in its key is nobody's duplicate.
    """
    others = []
    for rule in unique:
        order = [F.col(name).desc_nulls_last() for name in [*rule.version, *place]]
        same_key = Window.partitionBy(*rule.key).orderBy(*order)
        missing = F.array(*[F.col(name).isNull() for name in rule.key])
        again = ~F.array_contains(missing, True) & (F.row_number().over(same_key) > 1)
        others.append(F.when(again, F.first("_source_line").over(same_key)))
    found = rows.select("_source_file", *place, F.coalesce(*others).alias("_survivor"))
    return found.filter("_survivor IS NOT NULL")


def with_duplicates(records: DataFrame, found: DataFrame, place: Sequence[str]) -> DataFrame:
    """The records, those refused too that duplicates() has found."""
    joined = records.join(found, ["_source_file", *place], "left")
    survivor = F.col("_survivor").cast("string")
    reason = F.concat(F.lit("duplicate: line "), survivor, F.lit(" has the same key and counts"))
    refusal = F.coalesce("_refusal", F.when(survivor.isNotNull(), because("duplicate", reason)))
    return joined.withColumn("_refusal", refusal).drop("_survivor")


# ---- rows of the star ----


def one_per_key(rows: DataFrame, key: list[str]) -> DataFrame:
    """The rows, checked to hold a key once: joining them never multiplies rows. Errors: ValueError."""
    twice = rows.dropna(subset=key).groupBy(*key).count().filter("count > 1").first()
    if twice is not None:
        raise ValueError(f"a join would multiply rows: {twice.asDict()}")
    return rows


def with_missing(
    rows: DataFrame,
    table: str,
    key: Sequence[str],
    required: Sequence[str],
    *,
    what: str,
    place: Sequence[str],
) -> DataFrame:
    """Adds __refusal: no value where one is needed, or the key of a row before it; NULL when it is loaded.

    what: the key is called so, "grain" of a fact. Of the rows with one key the first one counts that lacks nothing, by
    place.
    """
    faults = [F.when(F.col(c).isNull(), F.lit(f'"{table}.{c}" is null')) for c in required]
    missing = F.coalesce(*faults)
    order = Window.partitionBy(*key).orderBy(missing.isNotNull(), *place)
    again = F.when(F.row_number().over(order) > 1, F.lit(f"duplicate {what}"))
    reason = F.coalesce(missing, again)
    return rows.withColumn("__refusal", F.when(reason.isNotNull(), because("refused", reason)))


# ---- quarantine ----


def quarantine(
    session: Session, refused: DataFrame, table: str, comment: str, place: Sequence[str]
) -> None:
    """Makes the table hold these records and no others.

    refused: _source_file, place, _refusal (no NULL), _raw.
    """
    names = ["_source_file", *place, "kind", "reason", "raw", "_run_id"]
    columns = ", ".join(f"{name} {QUARANTINE_COLUMNS[name]}" for name in names)
    create(session, table, columns, comment, checks=QUARANTINE_CHECKS, replaceable=True)
    rows = refused.select(
        "_source_file",
        *place,
        "_refusal.kind",
        "_refusal.reason",
        F.col("_raw").alias("raw"),
        F.lit(session.config.run_id).alias("_run_id"),
    )
    merge(session, rows, table, ["_source_file", *place], ["kind", "reason", "raw"], image=True)


def require_few_unreadable(session: Session, unreadable: int, read: int) -> None:
    """Ends the task when more of a file's records are unreadable than quarantine_limit allows. Errors: ValueError."""
    limit = session.config.quarantine_limit
    if read > 0 and unreadable * 100 > limit * read:
        raise ValueError(
            f"{unreadable} of {read} records cannot be read, more than {limit:g} percent"
        )


def require_balance(read: int, kept: int, refused: int) -> None:
    """Ends the task when a record is neither kept nor refused, or both. Errors: ValueError."""
    if kept + refused != read:
        raise ValueError(f"{read} records became {kept} rows and {refused} in quarantine")
