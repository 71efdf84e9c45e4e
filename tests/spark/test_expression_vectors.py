"""The golden vectors of tests/golden/functions on real Spark, classic and Connect: each must give the written answer.

Runs where pyspark (4.0) and java are there, else it is skipped. All vectors are one job per API. The job evaluates every
rule over every row that a vector wrote, not only over its own: where nobody wrote an answer, the interpreter says it.
"""

import dataclasses
import json
import time
from pathlib import Path
from typing import Any

import expression_spark
import pytest
from expression_spark import Answer, Batch, Row, Rule, Spark

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "golden" / "functions"
FUNCTIONS = sorted(path.stem for path in GOLDEN.glob("*.json"))
SOMEWHERE = {"line": 1, "record": 1, "day": "1970-01-01"}
pytestmark = pytest.mark.timeout(300)


@dataclasses.dataclass
class Asked:
    """A rule with the keys of its lookups, and its vectors by the number of their row."""

    rule: Rule
    keys: dict[str, list[int]]
    vectors: dict[int, dict[str, Any]]


def read_vectors() -> tuple[list[Row], list[Asked]]:
    rows: list[Row] = []
    asked: dict[str, Asked] = {}
    for function in FUNCTIONS:
        for vector in json.loads((GOLDEN / f"{function}.json").read_text())["vectors"]:
            keys = vector.get("keys", {})
            one = asked.setdefault(
                json.dumps([vector["rule"], keys]), Asked(vector["rule"], keys, {})
            )
            one.vectors[len(rows)] = {**vector, "function": function}
            rows.append({"row": vector.get("row", {}), "at": {**SOMEWHERE, **vector.get("at", {})}})
    names = {name: None for row in rows for name in row["row"]}
    return [{**row, "row": {**names, **row["row"]}} for row in rows], list(asked.values())


@dataclasses.dataclass
class Done:
    """Lines of what differs, by function; the interpreter against Spark over the rows of other rules."""

    written: dict[str, list[str]]
    crossed: list[str]
    cells: int


def compare(api: Spark) -> Done:
    rows, asked = read_vectors()
    answers = [
        a for [a] in expression_spark.interpret([Batch([q.rule], rows, q.keys) for q in asked])
    ]
    columns = [api.column(a, q.keys) for a, q in zip(answers, asked, strict=True)]
    done = Done({function: [] for function in FUNCTIONS}, [], len(rows) * len(asked))
    for answer, ask, (kind, values) in zip(
        answers, asked, api.evaluate(rows, columns), strict=True
    ):
        for i, vector in ask.vectors.items():
            want = Answer(vector["expect"]["type"], answer.pyspark, [], [vector["expect"]["text"]])
            lines = expression_spark.differences(want, kind, [values[i]], [rows[i]])
            done.written[vector["function"]] += [f"{vector['name']!a}: {line}" for line in lines]
        done.crossed += expression_spark.differences(answer, kind, values, rows)
    return done


@pytest.fixture(scope="module")
def done(expressions: expression_spark.Spark) -> Done:
    started = time.monotonic()
    result = compare(expressions)
    print(f"{result.cells} cells in {time.monotonic() - started:.1f} s")
    return result


@pytest.mark.parametrize("function", FUNCTIONS)
def test_vectors(done: Done, function: str) -> None:
    assert done.written[function] == []


def test_every_rule_over_every_row(done: Done) -> None:
    assert done.cells > 100_000
    assert done.crossed == []
