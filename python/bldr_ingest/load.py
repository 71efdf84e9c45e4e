"""Putting rows into tables: creating, merging by key, appending the image of a file. SQL MERGE throughout, which runs on
classic clusters, serverless and Spark Connect alike.
"""

from collections.abc import Mapping, Sequence
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from .session import Session, literal, quoted

COUNTS = ("num_affected_rows", "num_updated_rows", "num_deleted_rows", "num_inserted_rows")
INDEXED = 32  # columns that Delta keeps statistics of unless it is told another number


def create(
    session: Session,
    table: str,
    columns: str,
    comment: str,
    *,
    cluster_by: Sequence[str] = (),
    checks: Mapping[str, str] | None = None,
    indexed: int = INDEXED,
) -> None:
    """Creates a table that does not exist yet, and adds the CHECK constraints that it lacks.

    columns: DDL with types, NOT NULL and comments. checks: conditions by name, in lower case; a row for which one is not
    true is refused (NULL is not true). indexed: Delta keeps statistics of so many columns from the left; cluster_by must
    be among them.
    """
    clauses = [f"({columns}) USING DELTA"]
    if cluster_by:
        clauses.append(f"CLUSTER BY ({', '.join(map(quoted, cluster_by))})")
    clauses.append(f"COMMENT {literal(comment)}")
    if indexed != INDEXED:
        clauses.append(f"TBLPROPERTIES ('delta.dataSkippingNumIndexedCols' = '{indexed}')")
    name = session.table(table)
    if session.spark.catalog.tableExists(name):
        if checks:
            add_checks(session, table, checks)
        return
    session.spark.sql(f"CREATE TABLE {name} {' '.join(clauses)}")
    for check, condition in (checks or {}).items():
        add_check(session, table, check, condition)
    session.empty.add(table)


def add_checks(session: Session, table: str, checks: Mapping[str, str]) -> None:
    """Adds the constraints that the table lacks, and replaces those that say something else by now."""
    name = session.table(table)
    prefix = "delta.constraints."
    rows = session.spark.sql(f"SHOW TBLPROPERTIES {name}").collect()
    there = {
        row["key"].removeprefix(prefix): without_blanks(row["value"])
        for row in rows
        if row["key"].startswith(prefix)
    }
    for check, condition in checks.items():
        if there.get(check) == without_blanks(condition):
            continue
        if check in there:
            session.spark.sql(f"ALTER TABLE {name} DROP CONSTRAINT {quoted(check)}")
        add_check(session, table, check, condition)


def add_check(session: Session, table: str, check: str, condition: str) -> None:
    """Adds a constraint."""
    clause = f"ADD CONSTRAINT {quoted(check)} CHECK ({condition})"
    session.spark.sql(f"ALTER TABLE {session.table(table)} {clause}")


def without_blanks(condition: str) -> str:
    """A condition to compare: Delta keeps its words, but not the blanks between them."""
    return "".join(condition.split())


def merge(
    session: Session,
    rows: DataFrame,
    table: str,
    key: Sequence[str],
    compared: Sequence[str],
    *,
    image: bool,
) -> dict[str, int]:
    """Puts rows into a table by key; a row that is there and equal is left alone. Prints and returns the counts.

    key is no NULL and stands once in rows. An image holds these rows and no others: what is not among them is deleted.
    Where nothing would change, nothing is written: a MERGE would write the files anew that hold a matching row.
    """
    counts = dict.fromkeys(COUNTS, 0)
    insert = "WHEN NOT MATCHED THEN INSERT *"
    if table in session.empty:
        counts = run_merge(session, rows, table, same_key(key), [insert])
    elif differs(session, rows, table, key, compared, image=image):
        equal = [f"target.{quoted(c)} <=> source.{quoted(c)}" for c in compared]
        clauses = [
            f"WHEN MATCHED AND NOT ({' AND '.join(equal) or 'true'}) THEN UPDATE SET *",
            insert,
        ]
        if image:
            clauses.append("WHEN NOT MATCHED BY SOURCE THEN DELETE")
        counts = run_merge(session, rows, table, same_key(key), clauses)
    print(f"{table}: {counts}")
    return counts


def differs(
    session: Session,
    rows: DataFrame,
    table: str,
    key: Sequence[str],
    compared: Sequence[str],
    *,
    image: bool,
) -> bool:
    """Whether merge() would change the table."""
    there = session.read(table).select(*key, values(compared).alias("__there"))
    given = rows.select(*key, values(compared).alias("__given"))
    both = given.join(there, list(key), "full" if image else "left")
    return both.filter(~F.col("__there").eqNullSafe(F.col("__given"))).first() is not None


def values(columns: Sequence[str]) -> Column:
    """The values of the columns as one, which is no NULL."""
    return F.struct(F.lit(True), *columns)


def same_key(key: Sequence[str]) -> str:
    """The condition that finds a row of the source in the target."""
    return " AND ".join(f"target.{quoted(c)} = source.{quoted(c)}" for c in key)


def run_merge(
    session: Session, rows: DataFrame, table: str, condition: str, clauses: list[str]
) -> dict[str, int]:
    """One MERGE; what it counted."""
    session.empty.discard(table)
    # A view of its own for each table: over Spark Connect a view is looked up when the query runs.
    view = quoted("rows_of_" + table)
    rows.createOrReplaceTempView("rows_of_" + table)
    name = session.table(table)
    statement = f"MERGE INTO {name} AS target USING {view} AS source ON {condition} "
    counted = session.spark.sql(statement + " ".join(clauses)).first()
    assert counted is not None, "MERGE always tells its counts"
    return {key: int(value) for key, value in counted.asDict().items()}


def with_reserved(
    rows: DataFrame, members: Mapping[int, str], keys: Sequence[str], labels: Sequence[str]
) -> DataFrame:
    """Adds the reserved rows of a dimension: a row per member, whose key and label stand in these columns."""
    values = F.array(
        *[
            F.struct(F.lit(key).alias("key"), F.lit(text).alias("label"))
            for key, text in members.items()
        ]
    )
    reserved = rows.sparkSession.range(1).select(F.inline(values))
    told: dict[str, Column] = dict.fromkeys(keys, F.col("key")) | dict.fromkeys(
        labels, F.col("label")
    )
    columns = [told.get(f.name, F.lit(None)).cast(f.dataType).alias(f.name) for f in rows.schema]
    return rows.unionByName(reserved.select(*columns))


def calendar_days(dates: Sequence[DataFrame], years_max: int) -> DataFrame:
    """calendar_day: every day of the whole years that the dates (one column each) lie in, of at most years_max years.

    Dates further apart stand for "never"; the years that hold most days in use count. Without a date there is no day.
    """
    union = reduce(DataFrame.unionAll, [date.toDF("date") for date in dates])
    days = union.dropna().distinct().select(F.year("date").alias("year"))
    ends = days.select(F.col("year").alias("end")).distinct()
    inside = (F.col("year") > F.col("end") - years_max) & (F.col("year") <= F.col("end"))
    spans = days.join(ends, inside).groupBy("end")
    counted = spans.agg(
        F.count("year").alias("days"), F.min("year").alias("first"), F.max("year").alias("last")
    )
    span = counted.orderBy(F.desc("days"), "end").limit(1)
    january = F.make_date("first", F.lit(1), F.lit(1))
    december = F.make_date("last", F.lit(12), F.lit(31))
    return span.select(F.explode(F.sequence(january, december)).alias("calendar_day"))
