"""Rules of the expression language over many rows: by the interpreter (`expr_batch`) and by PySpark, column by column.

PySpark's side is a session of the shared workspace's Spark Connect server. BLDR_BUILD names the build whose `expr_batch`
is asked.
"""

import contextlib
import datetime
import importlib
import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

Rule = dict[str, Any]
Row = dict[str, Any]
"""{"row": {column or "alias.column": text or None}, "at": {"file", "line", "record", "day"}}, as the golden vectors have it."""
SPARK_TYPES = {
    "text": "string",
    "bool": "boolean",
    "int64": "bigint",
    "double": "double",
    "date": "date",
    "timestamp": "timestamp",
    "timestamp_ntz": "timestamp_ntz",
}


@dataclass
class Batch:
    """Rules over rows that all name the same columns; keys are what each dimension of a lookup holds."""

    rules: list[Rule]
    rows: list[Row]
    keys: dict[str, list[int]] = field(default_factory=dict)


@dataclass
class Answer:
    """What the interpreter says of a rule: its type, its PySpark text, and a text or None per row; or why it is none."""

    type: str
    pyspark: str
    lookups: list[dict[str, str]]
    texts: list[str | None]
    error: str | None = None


def interpret(batches: list[Batch]) -> list[list[Answer]]:
    """Per batch the answer to each of its rules."""
    tool = Path(os.environ["BLDR_BUILD"]) / "tests" / "expr" / "expr_batch"
    lines = "".join(
        json.dumps({"rules": b.rules, "rows": b.rows, "keys": b.keys}) + "\n" for b in batches
    )
    done = subprocess.run([str(tool)], input=lines, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    parsed = [json.loads(line) for line in done.stdout.split("\n") if line]
    assert len(parsed) == len(batches)
    return [
        [
            Answer(
                rule.get("type", ""),
                rule.get("pyspark", ""),
                rule.get("lookups", []),
                [line[i] for line in answered["texts"]],
                rule.get("error"),
            )
            for i, rule in enumerate(answered["rules"])
        ]
        for answered in parsed
    ]


class Names:
    """pyspark.sql.functions for a rule's text, where some columns stand for expressions: the joined keys."""

    def __init__(self, functions: Any, columns: dict[str, Any]) -> None:
        self.functions = functions
        self.columns = columns

    def __getattr__(self, name: str) -> Any:
        return getattr(self.functions, name)

    def col(self, name: str) -> Any:
        return self.columns[name] if name in self.columns else self.functions.col(name)


class Spark:
    """A session. Rows are read from a file and not built of literals, so that Spark runs the code it would run over a
    table and does not fold the columns away. folder: where such files go."""

    def __init__(self, session: Any, folder: Path) -> None:
        self.session = session
        self.functions = importlib.import_module("pyspark.sql.connect.functions")
        self.folder = folder
        self.frames = 0

    def frame(self, rows: list[Row]) -> Any:
        """row_id, _source_file, _source_line, _source_record, calendar_day and the rows' own columns, a dot in a name as two _."""
        arrow = importlib.import_module("pyarrow")
        names = dict.fromkeys(name for row in rows for name in row.get("row", {}))
        ats = [row.get("at", {}) for row in rows]
        days = [at.get("day") for at in ats]
        columns = {
            "row_id": arrow.array(range(len(rows)), arrow.int64()),
            "_source_file": arrow.array([at.get("file") for at in ats], arrow.string()),
            "_source_line": arrow.array([at.get("line") for at in ats], arrow.int64()),
            "_source_record": arrow.array([at.get("record") for at in ats], arrow.int64()),
            "calendar_day": arrow.array(
                [day and datetime.date.fromisoformat(day) for day in days], arrow.date32()
            ),
        }
        for name in names:
            texts = [row.get("row", {}).get(name) for row in rows]
            columns[name.replace(".", "__")] = arrow.array(texts, arrow.string())
        self.frames += 1
        path = str(self.folder / f"rows{self.frames}.parquet")
        importlib.import_module("pyarrow.parquet").write_table(arrow.table(columns), path)
        return self.session.read.parquet(path)

    def column(self, answer: Answer, keys: dict[str, list[int]]) -> Any:
        joined = {
            lookup["column"]: self.joined(lookup, keys[lookup["dimension"]])
            for lookup in answer.lookups
        }
        return eval(answer.pyspark, {"F": Names(self.functions, joined)})

    def joined(self, lookup: dict[str, str], keys: list[int]) -> Any:
        """What the left join on the key gives."""
        key = eval(lookup["pyspark"], {"F": self.functions})
        return self.functions.when(key.isin(*keys), key)

    def evaluate(self, rows: list[Row], columns: list[Any]) -> list[tuple[str, list[Any]]]:
        """(type, value per row) of each column, all in one job. Dates come as days and times as microseconds, because
        Python's own lack what Spark may wrongly give: years 0 and 10000."""
        f = self.functions
        frame = self.frame(rows).select(
            "row_id", *[c.alias(f"v{i}") for i, c in enumerate(columns)]
        )
        types = dict(frame.dtypes)
        exact = {
            "date": f.unix_date,
            "timestamp": f.unix_micros,
            "timestamp_ntz": lambda name: f.unix_micros(f.col(name).cast("timestamp")),
        }
        plain = [
            exact[kind](name).alias(name) if kind in exact else f.col(name)
            for name, kind in types.items()
        ]
        table = frame.select(*plain).toArrow().sort_by("row_id")
        assert table.num_rows == len(rows)
        return [(types[f"v{i}"], table.column(f"v{i}").to_pylist()) for i, _ in enumerate(columns)]


def canonical(type_name: str, value: Any) -> str | None:
    """A value that Spark gave, as the vectors write it."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):  # it comes in engineering notation, with a scale of its own
        scale = int(type_name.rstrip(")").split(",")[1])
        shown = format(value, f".{scale}f")
        return shown if Decimal(shown) == value else str(value)
    with contextlib.suppress(OverflowError):
        if type_name == "date":
            return (datetime.date(1970, 1, 1) + datetime.timedelta(days=value)).isoformat()
        if type_name in ("timestamp", "timestamp_ntz"):
            time = datetime.datetime(1970, 1, 1) + datetime.timedelta(microseconds=value)
            zone = "Z" if type_name == "timestamp" else ""
            return time.isoformat(timespec="microseconds") + zone
    return str(value)


def same(type_name: str, expected: str | None, found: str | None) -> bool:
    if type_name == "double" and expected is not None and found is not None:
        return float(expected) == float(found)
    return expected == found


def differences(
    answer: Answer, spark_type: str, values: list[Any], rows: list[Row]
) -> Iterator[str]:
    """One line per row where Spark's value is not the interpreter's; one for the type."""
    if spark_type != SPARK_TYPES.get(answer.type, answer.type):
        yield f"{answer.pyspark}: expected {answer.type}, Spark has {spark_type}"
    for expected, value, row in zip(answer.texts, values, rows, strict=True):
        found = canonical(answer.type, value)
        if not same(answer.type, expected, found):
            own = {k: v for k, v in row.get("row", {}).items() if f'"{k}"' in answer.pyspark}
            where = {**own, **row.get("at", {})} or row
            yield f"{answer.pyspark} over {where!a}: expected {expected!a}, Spark gives {found!a}"
