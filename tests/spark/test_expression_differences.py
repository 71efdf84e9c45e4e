"""The interpreter against Spark on random and edge cells: both must give the same value, or both null.

Per function its rules are drawn from a seed, each over columns of its own, and evaluated in one job. The seed is fresh
for each run and printed; BLDR_TEST_SEED repeats a run, BLDR_TEST_ROWS makes it longer. A difference is mended in the function, with a golden vector.
"""

import datetime
import json
import os
import random
import secrets
import time

import expression_spark
import pytest
from expression_rules import FUNCTIONS, Try, cast, renamed
from expression_spark import Batch, Row

ROWS = int(os.environ.get("BLDR_TEST_ROWS", "1000"))
CELLS_WANTED = 100_000
PLACES = {
    "source_file": "file",
    "source_line": "line",
    "source_record": "record",
    "calendar_day": "day",
}
SEED = os.environ.get("BLDR_TEST_SEED") or secrets.token_hex(4)
tally: dict[str, int] = {}
pytestmark = pytest.mark.timeout(300)


def own_columns(tries: list[Try], rng: random.Random) -> tuple[list[Try], list[Row]]:
    """Each rule over columns of its own, and the rows that all share."""
    rows: list[Row] = [
        {
            "row": {},
            "at": {"line": line_number(i, rng), "record": line_number(i, rng), "day": any_day(rng)},
        }
        for i in range(ROWS)
    ]
    for row in rows:
        file = rng.choice([None, "a.csv", "größe/\U0001f600 b.csv", "x'y\\z.csv"])
        row["at"].update({"file": file} if file else {})
    ours = []
    for i, one in enumerate(tries):
        names = {name.split(".")[-1]: f"{name.split('.')[-1]}_{i}" for name in one.columns}
        for name, draw in one.columns.items():
            alias = name.rpartition(".")[0]
            key = (alias + "." if alias else "") + names[name.split(".")[-1]]
            for row in rows:
                row["row"][key] = draw(rng)
        ours.append(Try(renamed(one.rule, names), one.columns))
    return ours, rows


def any_day(rng: random.Random) -> str:
    ends = [
        datetime.date.min,
        datetime.date.max,
        datetime.date(1900, 2, 28),
        datetime.date(2000, 2, 29),
    ]
    days = datetime.date.max - datetime.date.min
    return rng.choice([*ends, *[ends[0] + rng.random() * days] * 16]).isoformat()


def line_number(i: int, rng: random.Random) -> int:
    return rng.choice([i, 0, 1, 2**31, 2**63 - 1])


def held_keys(tries: list[Try], rows: list[Row]) -> dict[str, list[int]]:
    """Half of the keys that the lookups look for are in their dimension, beside the reserved members."""
    sought = [one.rule for one in tries if one.rule.get("fn") == "lookup"]
    if not sought:
        return {}
    [answers] = expression_spark.interpret([Batch([rule["key"] for rule in sought], rows)])
    keys: dict[str, list[int]] = {rule["dimension"]: [-1, -2] for rule in sought}
    for rule, answer in zip(sought, answers, strict=True):
        found = {int(text) for text in answer.texts if text is not None}
        keys[rule["dimension"]] += sorted(key for key in found if key % 2 == 0)
    return keys


def distinct_inputs(one: Try, rows: list[Row]) -> int:
    """How many different cells the rule saw: of a literal one."""
    text = json.dumps(one.rule)
    places = [at for name, at in PLACES.items() if name in text]
    columns = [name for name in rows[0]["row"] if f'"{name.rpartition(".")[2]}"' in text]
    seen = {
        (*(row["row"][c] for c in columns), *(row["at"].get(at) for at in places)) for row in rows
    }
    return len(seen)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_differences(function: str, expressions: expression_spark.Spark) -> None:
    rng = random.Random(f"{SEED} {function}")
    tries, rows = own_columns(FUNCTIONS[function](rng), rng)
    started = time.monotonic()
    keys = held_keys(tries, rows)
    [answers] = expression_spark.interpret([Batch([one.rule for one in tries], rows, keys)])
    taken = [a for a in answers if a.error is None]
    results = expressions.evaluate(rows, [expressions.column(a, keys) for a in taken])
    lines = [
        line
        for answer, (kind, values) in zip(taken, results, strict=True)
        for line in expression_spark.differences(answer, kind, values, rows)
    ]
    cells = sum(
        distinct_inputs(one, rows) for one, a in zip(tries, answers, strict=True) if not a.error
    )
    tally[function] = cells
    values_given = sum(text is not None for a in taken for text in a.texts)
    print(
        f"BLDR_TEST_SEED={SEED} {function}: {len(taken)} rules, {len(tries) - len(taken)} refused, {cells} distinct cells, "
        f"{values_given} of {len(taken) * len(rows)} not null, {len(lines)} differences, {time.monotonic() - started:.1f} s"
    )
    assert values_given * 5 > len(taken) * len(rows), "mostly nulls"
    assert lines == [], f"BLDR_TEST_SEED={SEED}"


def test_enough_cells() -> None:
    if tally.keys() != FUNCTIONS.keys():
        pytest.skip("only some functions ran")
    print(f"{sum(tally.values())} distinct cells")
    assert sum(tally.values()) > CELLS_WANTED


@pytest.mark.parametrize("type_name", ["bigint", "decimal(10,2)", "date", "timestamp_ntz"])
def test_plain_casts_are_seen_to_differ(
    type_name: str, expressions: expression_spark.Spark
) -> None:
    """What the functions guard against: Spark's own casts trim, read other digits and ignore what follows."""
    texts = [" 12 ", "\u0663", "2018-1-5", "2018-01-05 junk", "2018-01-05 10:11:12+01:00"]
    rows: list[Row] = [{"row": {"x": text}, "at": {}} for text in texts]
    ours = "int64" if type_name == "bigint" else type_name
    [[answer]] = expression_spark.interpret([Batch([cast({"col": "x"}, ours)], rows)])
    answer.pyspark = f'F.col("x").try_cast("{type_name}")'
    [(kind, values)] = expressions.evaluate(rows, [expressions.column(answer, {})])
    assert list(expression_spark.differences(answer, kind, values, rows)) != []
