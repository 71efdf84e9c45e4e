"""Putting rows into tables: creating, merging by key, appending the image of a file. SQL MERGE throughout, which runs on
classic clusters, serverless and Spark Connect alike.
"""

from collections.abc import Mapping, Sequence
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import DataType, DecimalType, StructField, StructType, TimestampNTZType

from .session import Session, literal, quoted

COUNTS = ("num_affected_rows", "num_updated_rows", "num_deleted_rows", "num_inserted_rows")
DECIMAL_DIGITS_MAX = 38
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
    replaceable: bool = False,
) -> None:
    """Creates a table that does not exist yet; gives one that does the columns and CHECK constraints that it lacks.

    columns: DDL with types, NOT NULL and comments; fit() says what becomes of a table that has others. replaceable: it is
    made again from bronze, so that in a full refresh one that has others is replaced, rows and all. checks: conditions
    by name, in lower case; a row for which one is not true is refused (NULL is not true). indexed: Delta keeps statistics
    of so many columns from the left; cluster_by must be among them.
    """
    clauses = [f"({columns}) USING DELTA"]
    if cluster_by:
        clauses.append(f"CLUSTER BY ({', '.join(map(quoted, cluster_by))})")
    clauses.append(f"COMMENT {literal(comment)}")
    if indexed != INDEXED:
        clauses.append(f"TBLPROPERTIES ('delta.dataSkippingNumIndexedCols' = '{indexed}')")
    name = session.table(table)
    exists = session.spark.catalog.tableExists(name)
    if exists:
        there, wanted = session.read(table).schema, row_of(session, columns)
        alike = shape_of(there) == shape_of(wanted)
        if alike or not (replaceable and session.config.full_refresh):
            if not alike:
                fit(session, table, there, wanted)
            if checks:
                add_checks(session, table, checks)
            return
    session.spark.sql(f"CREATE{' OR REPLACE' * exists} TABLE {name} {' '.join(clauses)}")
    for check, condition in (checks or {}).items():
        add_check(session, table, check, condition)
    session.empty.add(table)


def shape_of(row: StructType) -> set[tuple[str, str, bool]]:
    """Names, types, and where NULL may stand; order and comments aside."""
    return {(f.name.lower(), f.dataType.simpleString(), f.nullable) for f in row}


def row_of(session: Session, columns: str) -> StructType:
    """The columns of a DDL."""
    return session.spark.createDataFrame([], columns).schema


def fit(session: Session, table: str, left: StructType, wanted: StructType) -> None:
    """Makes a table that another pipeline has left with some columns take these.

    What it lacks is added, decimals get the digits that they need; what may be NULL by now, or is not among the columns
    any more, loses its NOT NULL. Errors: ValueError, a column of another type (Delta would cast), or one to add that is
    never NULL.
    """
    name = session.table(table)
    there = {field.name.lower(): field for field in left}
    wrong = misfits(there, wanted)
    if wrong:
        raise ValueError(
            f"{name} was made by another pipeline: {'; '.join(wrong)}. Run the job with full_refresh as true, "
            "which makes silver, gold and quarantine again from bronze; or change, rename or drop the table"
        )
    widen(session, table, there, wanted)
    filled = {field.name.lower() for field in wanted if not field.nullable}
    for field in there.values():
        if not field.nullable and field.name.lower() not in filled:
            session.spark.sql(f"ALTER TABLE {name} ALTER COLUMN {quoted(field.name)} DROP NOT NULL")
    lacking = [field for field in wanted if field.name.lower() not in there]
    if any(isinstance(field.dataType, TimestampNTZType) for field in lacking):
        feature = "('delta.feature.timestampNtz' = 'supported')"
        session.spark.sql(f"ALTER TABLE {name} SET TBLPROPERTIES {feature}")
    if lacking:
        added = ", ".join(map(column, lacking))
        session.spark.sql(f"ALTER TABLE {name} ADD COLUMNS ({added})")


def misfits(there: Mapping[str, StructField], wanted: StructType) -> list[str]:
    """Why a table that has these columns, by names in lower case, cannot hold the wanted ones."""
    found = []
    for field in wanted:
        has, kind = there.get(field.name.lower()), field.dataType.simpleString()
        if has is None and not field.nullable:
            found.append(f"it lacks {field.name}, which is never NULL")
        elif has is not None and both(has.dataType, field.dataType) is None:
            found.append(f"{has.name} is {has.dataType.simpleString()}, this one has {kind}")
    return found


def both(there: DataType, wanted: DataType) -> DataType | None:
    """The type that holds what the two hold, and is read as either of them; None: there is none."""
    if isinstance(there, DecimalType) and isinstance(wanted, DecimalType):
        scale = max(there.scale, wanted.scale)
        digits = max(there.precision - there.scale, wanted.precision - wanted.scale) + scale
        return DecimalType(digits, scale) if digits <= DECIMAL_DIGITS_MAX else None
    return there if there.simpleString() == wanted.simpleString() else None


def widen(
    session: Session, table: str, there: Mapping[str, StructField], wanted: StructType
) -> None:
    """Gives the decimals of a table the digits that the wanted ones have: Delta would round, or end the task."""
    name = session.table(table)
    changed = []
    for field in wanted:
        has = there.get(field.name.lower())
        kind = both(has.dataType, field.dataType) if has is not None else None
        if has is not None and kind is not None and kind != has.dataType:
            changed.append(f"ALTER COLUMN {quoted(has.name)} TYPE {kind.simpleString()}")
    if changed:
        changed.insert(0, "SET TBLPROPERTIES ('delta.enableTypeWidening' = 'true')")
    for change in changed:
        session.spark.sql(f"ALTER TABLE {name} {change}")


def column(field: StructField) -> str:
    """A column as DDL."""
    comment = literal((field.metadata or {}).get("comment", ""))
    return f"{quoted(field.name)} {field.dataType.simpleString()} COMMENT {comment}"


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
    insert = insert_of(rows)
    if table in session.empty:
        counts = run_merge(session, rows, table, same_key(key), [insert])
    elif differs(session, rows, table, key, compared, image=image):
        equal = [f"target.{quoted(c)} <=> source.{quoted(c)}" for c in compared]
        clauses = [update_of(rows, f"NOT ({' AND '.join(equal) or 'true'})"), insert]
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
    there = session.read(table)
    # Decimals of the table may have more digits (widen()); within one value Spark compares like with like only.
    decimals = {
        f.name.lower(): f.dataType for f in there.schema if isinstance(f.dataType, DecimalType)
    }
    alike = [
        F.col(c).cast(decimals[c.lower()]).alias(c) if c.lower() in decimals else F.col(c)
        for c in compared
    ]
    old = there.select(*key, values([F.col(c) for c in compared]).alias("__there"))
    new = rows.select(*key, values(alike).alias("__given"))
    both_sides = new.join(old, list(key), "full" if image else "left")
    return both_sides.filter(~F.col("__there").eqNullSafe(F.col("__given"))).first() is not None


def values(columns: Sequence[Column]) -> Column:
    """The values of the columns as one, which is no NULL."""
    return F.struct(F.lit(True), *columns)


def same_key(key: Sequence[str]) -> str:
    """The condition that finds a row of the source in the target."""
    return " AND ".join(f"target.{quoted(c)} = source.{quoted(c)}" for c in key)


def insert_of(rows: DataFrame) -> str:
    """The clause that adds rows. `INSERT *` would leave out what the table lacks, and fail for what the rows lack."""
    names = [quoted(name) for name in rows.columns]
    given = ", ".join(f"source.{name}" for name in names)
    return f"WHEN NOT MATCHED THEN INSERT ({', '.join(names)}) VALUES ({given})"


def update_of(rows: DataFrame, condition: str = "true") -> str:
    """The clause that replaces rows for which the condition is true, in the columns that are given."""
    names = [quoted(name) for name in rows.columns]
    given = ", ".join(f"{name} = source.{name}" for name in names)
    return f"WHEN MATCHED AND {condition} THEN UPDATE SET {given}"


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
