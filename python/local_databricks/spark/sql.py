"""One SQL statement at a time on the workspace's Spark, its result as the Statement Execution API gives it: texts.

How a value is written (format JSON_ARRAY): numbers as Spark prints them, true and false, dates as yyyy-MM-dd, TIMESTAMP
in UTC as 2024-01-05T10:11:12.000Z and TIMESTAMP_NTZ without the Z, BINARY in base64, ARRAY, MAP and STRUCT as JSON, NULL
as null. The API's reference only says that all values are strings or null; the forms are what Databricks Labs' own
client of that API reads (databrickslabs/lsql, src/databricks/labs/lsql/core.py, _type_converters and _parse_timestamp).
Three digits of a second, six when there are microseconds: not seen on the real cloud.
"""

from __future__ import annotations

import base64
import datetime
import decimal
import json
import re
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from local_databricks.auth import Principal
from local_databricks.spark import client, front
from local_databricks.spark.objects import ddl, unity_name
from local_databricks.spark.server import SparkFailed
from local_databricks.workspace import ADMIN, Workspace

Text = str | None


@dataclass(frozen=True)
class ResultColumn:
    """`type_name` is the API's (LONG), `type_text` the DDL's (BIGINT); precision and scale of a DECIMAL."""

    name: str
    type_name: str
    type_text: str
    precision: int | None = None
    scale: int | None = None


@dataclass(frozen=True)
class Parameter:
    """A named parameter `:name`; `value` None is NULL, `type` a simple SQL type, STRING unless said."""

    name: str
    value: Text
    type: str = "STRING"


@dataclass
class SqlResult:
    """`truncated` when there were more rows or bytes than asked for; bytes are those of the texts."""

    columns: list[ResultColumn]
    rows: list[list[Text]] = field(default_factory=list)
    truncated: bool = False


class SqlError(Exception):
    """A statement that failed. `code` is the API's error code (BAD_REQUEST and the like)."""

    def __init__(
        self, message: str, code: str = "BAD_REQUEST", sqlstate: str | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.sqlstate = sqlstate


class Sql:
    """Runs statements, each in a session of its own unless one is named."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def start(self) -> None:
        """Nothing to do."""

    def stop(self) -> None:
        """Nothing to do."""

    def run(
        self,
        statement: str,
        *,
        catalog: str | None = None,
        schema: str | None = None,
        parameters: Iterable[Parameter] = (),
        session_id: str | None = None,
        principal: Principal | None = None,
        row_limit: int | None = None,
        byte_limit: int | None = None,
    ) -> SqlResult:
        """Runs one statement and gives its result whole. Raises SqlError.

        With a session_id the session is that one and stays; SparkServer.interrupt() ends what it runs.
        """
        client.import_pyspark()
        from pyspark.errors import PySparkException

        spark = self._workspace.spark
        session_id = session_id or str(uuid.uuid4())
        try:
            session = client.connect(spark.url(session_id))
        except SparkFailed as error:
            raise SqlError(str(error), "TEMPORARILY_UNAVAILABLE") from None
        try:
            who = principal or self._workspace.auth.find(ADMIN)
            front.install(session, self._workspace.registry.link(who))
            self._use(session, catalog, schema)
            arguments = {p.name: literal(p) for p in parameters}
            frame = session.sql(statement, args=arguments or None)
            return _result(frame, row_limit, byte_limit)
        except PySparkException as error:
            raise self._failed(error) from None
        finally:
            client.close(session)
            spark.release(session_id)

    def _use(self, session: Any, catalog: str | None, schema: str | None) -> None:
        if catalog:
            session.sql(f"USE CATALOG {_quoted(catalog)}")
        if schema:
            session.sql(f"USE SCHEMA {_quoted(schema)}")

    def _failed(self, error: Any) -> SqlError:
        """The error as the API tells it."""
        message = re.sub(r"^\((?:[\w$]+\.)+[\w$]+\) ", "", str(error.getMessage() or error)).strip()
        message = message.split("\n\nJVM stacktrace:")[0]
        if "OPERATION_CANCELED" in message:
            return SqlError(message, "CANCELLED")
        if (
            not self._workspace.spark.alive()
            or "UNAVAILABLE" in message
            or "Connection refused" in message
        ):
            return SqlError(f"The Spark server ended: {message[:200]}", "TEMPORARILY_UNAVAILABLE")
        return SqlError(message, "BAD_REQUEST", error.getSqlState())


def literal(parameter: Parameter) -> Any:
    """A parameter as a typed literal. Raises SqlError when the value is none of its type."""
    from pyspark.sql import types
    from pyspark.sql.connect.column import Column
    from pyspark.sql.connect.expressions import LiteralExpression

    name = parameter.type.strip().upper()
    found = re.fullmatch(r"(?:DECIMAL|DEC|NUMERIC)(?:\((\d+)(?:,\s*(\d+))?\))?", name)
    if found:
        precision, scale = int(found[1] or 10), int(found[2] or 0)
        kind: Any = types.DecimalType(precision, scale)
    else:
        kind = _kinds().get(name)
    if kind is None:
        raise SqlError(f"Unsupported type of parameter {parameter.name!r}: {parameter.type}")
    if parameter.value is None:
        return Column(LiteralExpression(None, types.NullType() if name == "VOID" else kind))
    try:
        value = _CONVERT[type(kind).__name__](parameter.value)
        if isinstance(value, decimal.Decimal):
            value = value.quantize(decimal.Decimal(1).scaleb(-kind.scale))
        return Column(LiteralExpression(value, kind))
    except Exception:  # whatever the conversion or pyspark's check of the range says
        raise SqlError(
            f"[CAST_INVALID_INPUT] The value '{parameter.value}' of the type \"STRING\" cannot be cast to "
            f'"{name}" because it is malformed. Correct the value as per the syntax, or change its target type. '
            "SQLSTATE: 22018",
            "BAD_REQUEST",
            "22018",
        ) from None


def _kinds() -> dict[str, Any]:
    from pyspark.sql import types

    return {
        "STRING": types.StringType(),
        "BOOLEAN": types.BooleanType(),
        "TINYINT": types.ByteType(),
        "BYTE": types.ByteType(),
        "SMALLINT": types.ShortType(),
        "SHORT": types.ShortType(),
        "INT": types.IntegerType(),
        "INTEGER": types.IntegerType(),
        "BIGINT": types.LongType(),
        "LONG": types.LongType(),
        "FLOAT": types.FloatType(),
        "REAL": types.FloatType(),
        "DOUBLE": types.DoubleType(),
        "DATE": types.DateType(),
        "TIMESTAMP": types.TimestampType(),
        "TIMESTAMP_NTZ": types.TimestampNTZType(),
        "VOID": types.NullType(),
    }


def _boolean(text: str) -> bool:
    return {"true": True, "false": False}[text.strip().lower()]


def _moment(text: str) -> datetime.datetime:
    found = datetime.datetime.fromisoformat(text.strip())
    return found if found.tzinfo else found.replace(tzinfo=datetime.UTC)


_CONVERT: dict[str, Callable[[str], Any]] = {
    "StringType": str,
    "BooleanType": _boolean,
    "ByteType": int,
    "ShortType": int,
    "IntegerType": int,
    "LongType": int,
    "FloatType": float,
    "DoubleType": float,
    "DecimalType": decimal.Decimal,
    "DateType": lambda text: datetime.date.fromisoformat(text.strip()),
    "TimestampType": _moment,
    "TimestampNTZType": lambda text: datetime.datetime.fromisoformat(text.strip()),
}


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _result(frame: Any, row_limit: int | None, byte_limit: int | None) -> SqlResult:
    """All rows, or those up to the limits."""
    fields = frame.schema.fields
    columns = [_column(f.name, json.loads(f.dataType.json())) for f in fields]
    if row_limit is not None:
        frame = frame.limit(row_limit + 1)
    # What Spark prints is what the cloud prints: doubles above all. Nested values and binary are written here.
    # Columns go by position: names may come twice.
    numbered = [f"c{i}" for i in range(len(fields))]
    plain = frame.toDF(*numbered) if fields else frame
    printed = [
        _printed(plain[n], f.dataType).alias(n) for n, f in zip(numbered, fields, strict=True)
    ]
    plain = plain.select(*printed)
    result = SqlResult(columns)
    used = 0
    for row in plain.toArrow().to_pylist() if fields else ():
        cells = [_text(value, f.dataType) for value, f in zip(row.values(), fields, strict=True)]
        used += sum(len(cell) for cell in cells if cell is not None)
        limited = row_limit is not None and len(result.rows) >= row_limit
        if limited or (byte_limit is not None and used > byte_limit):
            result.truncated = True
            break
        result.rows.append(cells)
    return result


def _printed(column: Any, kind: Any) -> Any:
    """The column as text by Spark where Spark's text is the cloud's."""
    from pyspark.sql import types

    number = isinstance(kind, types.NumericType | types.BooleanType | types.DateType)
    interval = isinstance(kind, types.DayTimeIntervalType | types.YearMonthIntervalType)
    variant = isinstance(kind, types.VariantType)
    return column.cast("string") if number or interval or variant else column


def _column(name: str, kind: Any) -> ResultColumn:
    text = ddl(kind)
    found = re.fullmatch(r"decimal\((\d+),(\d+)\)", text)
    numbers = (int(found[1]), int(found[2])) if found else (None, None)
    return ResultColumn(
        name, unity_name(text), text.upper() if isinstance(kind, str) else text, *numbers
    )


def _text(value: Any, kind: Any) -> Text:
    if value is None or isinstance(value, str):
        return value
    return (
        _plain(value, kind)
        if not _nested(value)
        else json.dumps(_jsonable(value, kind), ensure_ascii=False, separators=(",", ":"))
    )


def _nested(value: Any) -> bool:
    return isinstance(value, list | dict)


def _plain(value: Any, kind: Any) -> str:
    if isinstance(value, datetime.datetime):
        return _timestamp(value, zone=type(kind).__name__ != "TimestampNTZType")
    if isinstance(value, bytes | bytearray):
        return base64.b64encode(value).decode()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, decimal.Decimal):
        return format(value, "f")
    return str(value)


def _timestamp(value: datetime.datetime, zone: bool) -> str:
    if value.tzinfo is not None:
        value = value.astimezone(datetime.UTC)
    digits = f"{value.microsecond:06d}"
    digits = digits[:3] if digits.endswith("000") else digits
    return f"{value:%Y-%m-%dT%H:%M:%S}.{digits}{'Z' if zone else ''}"


def _jsonable(value: Any, kind: Any) -> Any:
    """A nested value; inside it values are texts as at the top, as the cloud writes them."""
    name = type(kind).__name__
    if value is None:
        return None
    if name == "ArrayType":
        return [_jsonable(v, kind.elementType) for v in value]
    if name == "MapType":
        pairs = value.items() if isinstance(value, dict) else value
        return {str(_jsonable(k, kind.keyType)): _jsonable(v, kind.valueType) for k, v in pairs}
    if name == "StructType":
        return {f.name: _jsonable(value[f.name], f.dataType) for f in kind.fields}
    return value if isinstance(value, str) else _plain(value, kind)
