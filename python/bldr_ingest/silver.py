"""Silver tables: the records of a file that are rows, cleaned and typed; the others stand in the table's quarantine.

Both tables are what the latest image of the file in bronze gives, no more and no less; a row that did not change is
left alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from . import quality
from .audit import image_of, recorded
from .bronze import image_rows
from .load import create, merge
from .session import Session

__all__ = ["load_silver"]


def load_silver(
    session: Session,
    file: str,
    *,
    bronze: str,
    table: str,
    columns: str,
    comment: str,
    quarantine: str,
    place: Sequence[str],
    raw_columns: Sequence[str],
    fields: Mapping[str, Column],
    typed: Mapping[str, Column],
    unique: Sequence[quality.Unique] = (),
) -> None:
    """Loads a silver table and its quarantine, and says in the audit how many records were refused.

    columns: DDL of the table. place: the columns that tell where a record stands in its file. raw_columns: its fields
    in bronze. fields, typed, unique: as in quality.typed_rows() and quality.duplicates().
    Errors: more unreadable than quarantine_limit allows (the table is as it was, its quarantine holds them); a record lost.
    """
    lineage = ["_source_file", *place, "_run_id"]

    def rows_of(records: DataFrame) -> DataFrame:
        return quality.typed_rows(records.filter("_refusal IS NULL"), fields, typed, lineage)

    with recorded(session, file) as entry:
        image = image_of(entry)
        records = quality.with_refusal(image_rows(session, bronze, image))
        if unique:
            found = quality.duplicates(rows_of(records), unique, place)
            records = quality.with_duplicates(records, found, place)
        raw = F.coalesce("_corrupt_record", F.to_json(F.struct(*raw_columns)))
        refused = records.filter("_refusal IS NOT NULL").withColumn("_raw", raw)
        quality.quarantine(session, refused, quarantine, f"Records that {table} refuses", place)
        kinds = session.read(quarantine).groupBy("kind").count()
        counted = {row["kind"]: int(row["count"]) for row in kinds.collect()}
        entry.rows_rejected = sum(counted.values())
        quality.require_few_unreadable(session, counted.get("unreadable", 0), image.rows)
        create(session, table, columns, comment, checks=quality.LINE_CHECKS, replaceable=True)
        rows = rows_of(records)
        compared = [name for name in rows.columns if name not in lineage]
        merge(session, rows, table, ["_source_file", *place], compared, image=True)
        quality.require_balance(image.rows, session.read(table).count(), entry.rows_rejected)
