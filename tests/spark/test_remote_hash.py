"""The row hash of src/checks against Spark's xxhash64: random rows of every type, with nulls and limits.

The seed is fresh for each run and printed; BLDR_TEST_SEED repeats a run.
"""

import datetime
import importlib
import math
import os
import random
import secrets
import struct
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import expression_texts
import pytest

sys.path.append(str(Path(__file__).resolve().parents[1] / "checks"))
import fake_workspace
from spark_workspace import arrow_type

ROWS = 3000
SEED = os.environ.get("BLDR_TEST_SEED") or secrets.token_hex(4)
DECIMALS = [(1, 0), (5, 5), (10, 2), (18, 4), (19, 0), (28, 10), (38, 0), (38, 38)]
EPOCH = datetime.datetime(1970, 1, 1)
MICROS = {  # the ends of the calendar, and between
    "first": (datetime.datetime.min - EPOCH) // datetime.timedelta(microseconds=1),
    "last": (datetime.datetime.max - EPOCH) // datetime.timedelta(microseconds=1),
}
pytestmark = pytest.mark.timeout(300)


def any_int(rng: random.Random) -> int:
    bits = rng.randint(0, 63)
    return rng.choice(
        [0, -1, 2**63 - 1, -(2**63), rng.randrange(2**bits), -rng.randrange(2**bits) - 1]
    )


def any_double(rng: random.Random) -> float:
    odd = [0.0, -0.0, math.nan, math.inf, -math.inf, 5e-324, 1.7976931348623157e308, 0.1, 1e23]
    found: float = struct.unpack("<d", rng.randbytes(8))[0]
    return rng.choice([*odd, found, found, found, rng.randrange(10**6) / 100])


def any_units(precision: int, rng: random.Random) -> int:
    ends = [0, 1, 127, 128, 255, 256, 32767, 32768, 10**precision - 1, 2**63 - 1, 2**63, 2**127 - 1]
    size = rng.choice([*ends, rng.randrange(10 ** rng.randint(1, precision))])
    return rng.choice([-1, 1]) * min(size, 10**precision - 1)


def any_micros(rng: random.Random) -> int:
    return rng.choice([0, -1, MICROS["first"], MICROS["last"], rng.randint(*MICROS.values())])


def any_text(rng: random.Random) -> str:
    return rng.choice(["", expression_texts.weird(rng), "x" * rng.randint(1, 100)])


def drawn(type_: str, rng: random.Random) -> tuple[Any, str | None]:
    """A value for pyarrow, and its canonical text."""
    if rng.random() < 0.15:
        return None, None
    if type_ == "text":
        text = any_text(rng)
        return text, text
    if type_ == "bool":
        return (True, "true") if rng.random() < 0.5 else (False, "false")
    if type_ == "int64":
        n = any_int(rng)
        return n, str(n)
    if type_ == "double":
        real = any_double(rng)
        return real, repr(real)
    if type_.startswith("decimal"):
        precision, scale = map(int, type_[8:-1].split(","))
        units = any_units(precision, rng)
        value = Decimal((int(units < 0), tuple(map(int, str(abs(units)))), -scale))
        return value, f"{value:.{scale}f}".replace("-0" if units == 0 else "\0", "0")
    micros = any_micros(rng)
    time = EPOCH + datetime.timedelta(microseconds=micros)
    if type_ == "date":
        return time.date(), time.date().isoformat()
    return micros, time.isoformat(timespec="microseconds") + ("Z" if type_ == "timestamp" else "")


def test_a_row_has_the_hash_that_spark_gives_it(tmp_path: Path, spark_session: Any) -> None:
    arrow = importlib.import_module("pyarrow")
    rng = random.Random(SEED)
    print(f"BLDR_TEST_SEED={SEED}")
    types = ["text", "bool", "int64", *[f"decimal({p},{s})" for p, s in DECIMALS]]
    types += ["double", "date", "timestamp", "timestamp_ntz", "text"]
    drawn_rows = [[drawn(type_, rng) for type_ in types] for _ in range(ROWS)]
    columns = {
        f"c{i}": arrow.array([row[i][0] for row in drawn_rows], arrow_type(arrow, type_))
        for i, type_ in enumerate(types)
    }
    columns["row_id"] = arrow.array(range(ROWS), arrow.int64())
    path = str(tmp_path / "rows.parquet")
    importlib.import_module("pyarrow.parquet").write_table(arrow.table(columns), path)

    names = [f"c{i}" for i in range(len(types))]
    nulls = ", ".join(f"IF({name} IS NULL, '1', '0')" for name in names)
    query = f"SELECT row_id, xxhash64({', '.join(names)}, concat('', {nulls})) AS h FROM parquet.`{path}`"
    found = {row.row_id: row.h for row in spark_session.sql(query).collect()}
    cells = [
        [(type_, cell) for type_, (_, cell) in zip(types, row, strict=True)] for row in drawn_rows
    ]
    ours = fake_workspace.spark_hashes(tmp_path, cells)
    assert len(ours) == ROWS
    wrong = [(cells[i], ours[i], found[i]) for i in range(ROWS) if ours[i] != found[i]]
    assert wrong == [], f"{len(wrong)} rows differ, BLDR_TEST_SEED={SEED}"
