"""The expression language on real Spark: the PySpark text must give what the vectors and the interpreter give.

Runs where pyspark (4.0) and java are there, else it is skipped; pyspark is not among the project's requirements:

    python3 -m venv /tmp/spark && /tmp/spark/bin/pip install 'pyspark==4.0.*' pytest pytest-timeout
    /tmp/spark/bin/pytest tests/spark/test_expression_vectors.py

BLDR_BUILD names the build whose `expr_back_ends` writes the PySpark text. Rows are read from a file and not built of
literals, so that Spark runs the code it would run over a table and does not fold the columns away.
"""

import datetime
import importlib
import json
import os
import random
import shutil
import subprocess
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "golden" / "functions"
SPARK_TYPES = {
    "text": "string",
    "bool": "boolean",
    "int64": "bigint",
    "double": "double",
    "date": "date",
    "timestamp": "timestamp",
    "timestamp_ntz": "timestamp_ntz",
}
ROW_COLUMNS = (
    "row_id bigint, `_source_file` string, `_source_line` bigint, `_source_record` bigint, "
    "calendar_day date"
)


def back_ends(vectors: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The interpreter's type and text and the PySpark text of every vector."""
    tool = Path(os.environ["BLDR_BUILD"]) / "tests" / "expr" / "expr_back_ends"
    lines = "".join(json.dumps(vector) + "\n" for vector in vectors)
    done = subprocess.run([str(tool)], input=lines, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.split("\n") if line]
    assert len(answers) == len(vectors)
    return answers


class Spark:
    """Evaluates PySpark texts, each over the row of its vector."""

    def __init__(self, session: Any, functions: Any, folder: Path) -> None:
        self.session = session
        self.functions = functions
        self.folder = folder

    def column(self, answer: dict[str, Any], frame: Any, vector: dict[str, Any]) -> tuple[Any, Any]:
        """The column of a vector, and the frame with the keys that its lookups join."""
        names = {"F": self.functions}
        for lookup in answer["lookups"]:
            key = eval(lookup["pyspark"], names)
            held = key.isin(*vector["keys"][lookup["dimension"]])
            frame = frame.withColumn(lookup["column"], self.functions.when(held, key))
        return eval(answer["pyspark"], names), frame

    def run(self, vectors: list[dict[str, Any]], answers: list[dict[str, Any]]) -> list[Any]:
        """(type, value) per vector, or the exception Spark raised. All vectors are one job, when none raises."""
        frame = self.frame(vectors)
        columns: list[Any] = []
        for i, (vector, answer) in enumerate(zip(vectors, answers, strict=True)):
            if answer["lookups"]:
                columns.append(None)
                continue
            column, _ = self.column(answer, frame, vector)
            columns.append(self.functions.when(frame.row_id == i, column).alias(f"v{i}"))
        try:
            together = frame.select("row_id", *[c for c in columns if c is not None])
            types = dict(together.dtypes)
            rows = {row.row_id: row for row in self.exact(together).collect()}
        except Exception:
            return [self.run_one(vectors, answers, i) for i in range(len(vectors))]
        return [
            (
                self.run_one(vectors, answers, i)
                if column is None
                else (types[f"v{i}"], rows[i][f"v{i}"])
            )
            for i, column in enumerate(columns)
        ]

    def run_one(self, vectors: list[dict[str, Any]], answers: list[dict[str, Any]], i: int) -> Any:
        frame = self.frame(vectors)
        try:
            column, frame = self.column(answers[i], frame.where(frame.row_id == i), vectors[i])
            result = frame.select(column.alias("v"))
            return result.dtypes[0][1], self.exact(result).collect()[0].v
        except Exception as e:
            return e

    def exact(self, frame: Any) -> Any:
        """Instants as microseconds: Python's own conversion fails on the first day of year 1."""
        micros = self.functions.unix_micros
        return frame.select(
            *[
                micros(name).alias(name) if kind == "timestamp" else name
                for name, kind in frame.dtypes
            ]
        )

    def frame(self, vectors: list[dict[str, Any]]) -> Any:
        path = self.folder / "rows.json"
        names: dict[str, None] = {}
        with path.open("w") as file:
            for i, vector in enumerate(vectors):
                row = {name.replace(".", "__"): v for name, v in vector.get("row", {}).items()}
                at = vector.get("at", {})
                names.update(dict.fromkeys(row))
                row["row_id"] = i
                row["_source_file"] = at.get("file")
                row["_source_line"] = at.get("line")
                row["_source_record"] = at.get("record")
                row["calendar_day"] = at.get("day")
                file.write(json.dumps(row) + "\n")
        types = importlib.import_module("pyspark.sql.types")
        schema = types._parse_datatype_string(ROW_COLUMNS)
        for name in names:
            schema.add(name, types.StringType())
        return self.session.read.schema(schema).json(str(path))


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Spark]:
    sql = pytest.importorskip("pyspark.sql")
    if not os.environ.get("JAVA_HOME") and not shutil.which("java"):
        pytest.skip("no java")
    folder = tmp_path_factory.mktemp("spark")
    options = {
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.ansi.enabled": "true",
        "spark.ui.enabled": "false",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.extraJavaOptions": "-XX:+UseSerialGC -XX:TieredStopAtLevel=1",
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
    }
    builder = sql.SparkSession.builder.master("local[1]")
    for name, value in options.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    yield Spark(session, importlib.import_module("pyspark.sql.functions"), folder)
    session.stop()


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
    if type_name == "timestamp":
        value = datetime.datetime(1970, 1, 1) + datetime.timedelta(microseconds=value)
        return str(value.isoformat(timespec="microseconds")) + "Z"
    if isinstance(value, datetime.datetime):
        return value.isoformat(timespec="microseconds")
    return value.isoformat() if isinstance(value, datetime.date) else str(value)


def same(type_name: str, expected: str | None, found: str | None) -> bool:
    if type_name == "double" and expected is not None and found is not None:
        return float(expected) == float(found)
    return expected == found


def differences(
    vectors: list[dict[str, Any]], answers: list[dict[str, Any]], results: list[Any]
) -> list[str]:
    """One line per vector whose answer on Spark is not the expected one."""
    lines = []
    for vector, answer, result in zip(vectors, answers, results, strict=True):
        type_name = vector["expect"]["type"]
        expected = vector["expect"]["text"]
        where = f"{vector['name']!a} over {vector.get('row')!a}: {answer['pyspark']}"
        if isinstance(result, Exception):
            lines.append(f"{where}: raised {str(result)[:300]}")
            continue
        found = canonical(type_name, result[1])
        if result[0] != SPARK_TYPES.get(type_name, type_name):
            lines.append(f"{where}: expected {type_name}, Spark has {result[0]}")
        if not same(type_name, expected, found):
            lines.append(f"{where}: expected {expected!a}, Spark gives {found!a}")
    return lines


@pytest.mark.parametrize("function", sorted(path.stem for path in GOLDEN.glob("*.json")))
def test_vectors(spark: Spark, function: str, record_property: Any) -> None:
    vectors = json.loads((GOLDEN / f"{function}.json").read_text())["vectors"]
    answers = back_ends(vectors)
    record_property("vectors", len(vectors))
    print(f"{function}: {len(vectors)} vectors")
    assert differences(vectors, answers, spark.run(vectors, answers)) == []


def hostile_texts(seeds: list[str], count: int, rng: random.Random) -> list[str]:
    """Texts a few edits away from good ones: where the two sides would differ if they did."""
    spare = [
        *"0123456789+-.:/eEdDfFxXTZz_, \t\n\r|\\\"'$",
        "٣",
        "\uff11",
        "\u00a0",
        "\u2212",
        "é",
        "😀",
    ]
    spare += ["$", "€", "EUR", "%", "(", ")", "'", "\u202f", " ", "AM", "Jan", "June"]
    spare += ["00", "99", "NaN", "inf", "0000", "\u200b", "\x0b", "\x1f", "\x85", "\u2028"]
    texts = list(seeds)
    while len(texts) < count:
        text = rng.choice(seeds)
        for _ in range(rng.randint(1, 3)):
            at = rng.randint(0, len(text))
            end = min(len(text), at + rng.randint(0, 2))
            text = text[:at] + rng.choice(["", rng.choice(spare)]) + text[end:]
        texts.append(text)
    return texts


CASTS = {
    "int64": ["0", "42", "-7", "+5", "9223372036854775807", "-9223372036854775808", "0009"],
    "decimal(10,2)": ["0", "12.34", "-0.5", "99999999.994", "99999999.995", "1.005", "+07.1"],
    "decimal(38,10)": ["9999999999999999999999999999.99999999994", "-0.00000000005", "1"],
    "bool": ["true", "FALSE", "t", "f", "Yes", "no", "Y", "n", "1", "0"],
    "double": ["0", "1.5", "-12.5e-1", "1e308", "1.8e308", "4.9E-324", "0.1"],
    "date": ["2018-01-05", "2000-02-29", "1900-02-29", "0001-01-01", "9999-12-31", "1582-10-10"],
    "timestamp": [
        "2018-01-05T10:11:12Z",
        "2018-01-05 10:11:12.123456789+05:30",
        "1969-12-31T23:59:59.9999999-0800",
        "0001-01-01T00:00:00-18",
        "9999-12-31 23:59:59.999999+18:00",
    ],
    "timestamp_ntz": ["2018-01-05 10:11:12", "1883-11-18T12:00:00.5", "9999-12-31 23:59:59.999999"],
}
FORMATS = {
    "yyyy-MM-dd": ["2018-01-05", "2000-02-29", "9999-12-31"],
    "dd/MM/yyyy": ["05/01/2018", "31/12/0001", "29/02/1900"],
    "M/d/yyyy": ["1/5/2018", "12/31/2018", "2/29/2000"],
    "d.M.yyyy": ["5.1.2018", "31.12.2018"],
    "yyyyMMdd": ["20180105", "00010101"],
    "ddMMyyyy": ["05012018", "31129999"],
    "MMyyyydd": ["01201805"],
    "yyyy M d": ["2018 1 5", "2018 12 31"],
}
NAMED_FORMATS = {
    "dd-MMM-yyyy": ["05-Jan-2018", "29-FEB-2000"],
    "MMM d, yyyy": ["Jan 5, 2018", "sep 30, 0001"],
    "d MMMM yyyy": ["5 May 2018", "31 december 9999"],
}
SHORT_FORMATS = {
    "dd/MM/yy": ["05/01/70", "29/02/00", "31/12/69"],
    "M/d/yy": ["1/5/99", "12/31/00"],
}
TIMES = {
    "dd/MM/yyyy HH:mm[:ss]": ["05/01/2018 10:11", "31/12/9999 23:59:59"],
    "M/d/yyyy h:mm[:ss] a": ["1/5/2018 9:05 AM", "12/31/2018 12:59:59 pm"],
    "yyyy-MM-dd'T'HH:mm": ["2018-01-05T10:11", "0001-01-01T00:00"],
    "d.M.yyyy H:mm": ["5.1.2018 7:05", "31.12.2018 23:59"],
}
INSTANTS = ["2018-01-05T10:11Z", "0002-01-01T10:11:12+18:00", "9998-12-31T23:59:59-05:30"]
AMOUNTS: list[tuple[str, dict[str, Any], list[str]]] = [
    (
        "amounts of dollars",
        {
            "decimal": ".",
            "group": ",",
            "currencies": ["$", "USD"],
            "parentheses": True,
            "type": "decimal(10,2)",
        },
        ["$1,234.50", "($5.00)", "-$0.5", "USD 12", "(1,234,567.89) $", "$-.25", "12,345 USD"],
    ),
    (
        "amounts of euros",
        {
            "decimal": ",",
            "group": ".",
            "currencies": ["€", "EUR"],
            "trailing_minus": True,
            "type": "decimal(9,3)",
        },
        ["1.234,50\u00a0€", "12,345-", "EUR 999.999,999", "0,5 €-", "1.000.000", "-,25"],
    ),
    (
        "amounts in percent",
        {
            "decimal": ".",
            "percent": True,
            "parentheses": True,
            "trailing_minus": True,
            "type": "int64",
        },
        ["19 %", "7%-", "(9223372036854775808)", "9223372036854775807", "(5\u202f%)", "(5) %"],
    ),
    (
        "amounts with blanks",
        {"decimal": ",", "group": " ", "type": "decimal(38,10)"},
        [
            "1 234,5",
            "12\u00a0345\u202f678",
            "9999999999999999999999999999,9999999999",
            "0,1234567890",
            "1\t000",
        ],
    ),
    (
        "amounts with apostrophes",
        {"decimal": ".", "group": "'", "currencies": ["CHF"], "type": "decimal(10,2)"},
        ["CHF 1'234.50", "-12 CHF", "99'999'999.99"],
    ),
]
COLUMN = {"col": "x"}
HOSTILE: list[tuple[str, dict[str, Any], list[str]]] = [
    *[
        (name, {"fn": "cast", "args": [COLUMN], "type": name}, seeds)
        for name, seeds in CASTS.items()
    ],
    *[
        (name, {"fn": "parse_date", "args": [COLUMN], "formats": [name]}, seeds)
        for name, seeds in FORMATS.items()
    ],
    *[
        (name, {"fn": "parse_date", "args": [COLUMN], "formats": [name]}, seeds)
        for name, seeds in NAMED_FORMATS.items()
    ],
    *[
        (name, {"fn": "parse_date", "args": [COLUMN], "formats": [name], "pivot": 70}, seeds)
        for name, seeds in SHORT_FORMATS.items()
    ],
    *[
        (
            name,
            {
                "fn": "parse_timestamp",
                "args": [COLUMN],
                "formats": [name],
                "type": "timestamp_ntz",
            },
            seeds,
        )
        for name, seeds in TIMES.items()
    ],
    (
        "instants without seconds",
        {
            "fn": "parse_timestamp",
            "args": [COLUMN],
            "formats": ["yyyy-MM-dd'T'HH:mm[:ss]XXX"],
            "type": "timestamp",
        },
        INSTANTS,
    ),
    (
        "written date",
        {"fn": "written_date", "args": [COLUMN]},
        CASTS["date"] + CASTS["timestamp"] + CASTS["timestamp_ntz"],
    ),
    *[
        (name, {"fn": "parse_amount", "args": [COLUMN], **rule}, seeds)
        for name, rule, seeds in AMOUNTS
    ],
    (
        "key of text",
        {"fn": "surrogate_key", "args": [COLUMN, {"lit": "x", "type": "text"}], "table": "dim"},
        ["a|b", "a\\", "\\0", "", "|", "$1", "\\|", "a\n|\\"],
    ),
    (
        "trim",
        {"fn": "trim", "args": [COLUMN], "chars": " \t\u00a0😀\\]^-"},
        [" a ", "😀a\\", "]-^"],
    ),
    ("null_if", {"fn": "null_if", "args": [COLUMN], "tokens": ["", "\\N", "é"]}, ["", "\\N", "é"]),
]


def text_of(vector: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    return {**vector, "expect": {"type": answer["type"], "text": answer["text"]}}


@pytest.mark.parametrize(("name", "rule", "seeds"), HOSTILE, ids=[h[0] for h in HOSTILE])
def test_hostile_text(spark: Spark, name: str, rule: dict[str, Any], seeds: list[str]) -> None:
    """Interpreter and Spark over texts nobody wrote expectations for: they must agree."""
    texts = hostile_texts(seeds, 400, random.Random(name))
    vectors = [{"name": name, "rule": rule, "row": {"x": text}} for text in texts]
    answers = back_ends(vectors)
    expected = [text_of(v, a) for v, a in zip(vectors, answers, strict=True)]
    frame = spark.frame(vectors)
    column, _ = spark.column(answers[0], frame, vectors[0])
    result = frame.select("row_id", column.alias("v")).orderBy("row_id")
    kind = result.dtypes[1][1]
    try:
        results: list[Any] = [(kind, row.v) for row in spark.exact(result).collect()]
    except Exception:
        results = [spark.run_one(vectors, answers, i) for i in range(len(vectors))]
    assert differences(expected, answers, results) == []
