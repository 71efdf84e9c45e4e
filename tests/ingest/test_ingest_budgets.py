"""The profile where its budgets are spent: what stays exact is exact, what is estimated is within the error it states.

Small budgets make small files large; the values expected come from how the data were made, or from DuckDB.
"""

import json
import math
import os
import random
import subprocess
from pathlib import Path
from typing import Any

import duckdb
import pytest

ROOT = Path(os.environ["BLDR_ROOT"])
DUMP = Path(os.environ["BLDR_BUILD"]) / "tests" / "ingest" / "profile_dump"
SETS = [
    ROOT / "data" / "jaffle_shop",
    ROOT / "data" / "ecommerce",
    *sorted((ROOT.parent / "shared" / "data").glob("*/data")),
]


def set_name(folder: Path) -> str:
    return folder.parent.name if folder.name == "data" else folder.name


Table = dict[str, Any]
TINY = {"column": 2048, "kept": 16, "key": 1 << 20, "sample": 512, "batch": 0}
ALWAYS_EXACT = (
    "name",
    "ordinal",
    "type",
    "nulls",
    "null_tokens",
    "min",
    "max",
    "min_length",
    "max_length",
    "date_formats",
    "exceptions",
    "padded",
    "leading_zeros",
    "nonconforming",
    "number",
)
ROWS = 20011  # a prime


def dump(folder: Path, **budgets: int) -> list[Table]:
    limits = [str(budgets.get(name, 0)) for name in ("column", "kept", "key", "sample", "batch")]
    done = subprocess.run([DUMP, folder, *limits], stdout=subprocess.PIPE, text=True, check=True)
    found: list[Table] = json.loads(done.stdout)
    return found


def columns(table: Table) -> dict[str, dict[str, Any]]:
    return {c["name"]: c for c in table["profile"]["columns"]}


def scattered(i: int) -> int:
    return i * 7919 % ROWS + 1


MADE = {
    "rising": lambda i: i + 1,
    "scattered": scattered,
    "broken": lambda i: i + 1 if i < ROWS - 1 else 0,
    "repeated": lambda i: i + 1 if i < ROWS - 1 else 5,
    "few_repeat": lambda i: scattered(i) if i % 100 else 1_000_000,
    "many": lambda i: scattered(i) % 6000,
    "late_text": lambda i: scattered(i) if i != 15000 else "x9",
    "late_decimal": lambda i: scattered(i) if i < 15000 else f"{scattered(i)}.25",
    "late_null": lambda i: scattered(i) if i != 15000 else "NULL",
    "late_na": lambda i: f"c{scattered(i)}" if i != 15000 else "NA",
    "late_padded": lambda i: f"c{scattered(i)}" if i != 15000 else f" c{scattered(0)} ",
    "amount": lambda i: f"{scattered(i) // 100}.{scattered(i) % 100:02}",
    "day": lambda i: f"{1900 + scattered(i) // 365}-{1 + scattered(i) // 31 % 12:02}-{1 + scattered(i) % 28:02}",
    "moment": lambda i: f"2024-01-{1 + scattered(i) // 1440:02}T{scattered(i) // 60 % 24:02}:{scattered(i) % 60:02}:00",
    "zeros": lambda i: f"{scattered(i):06}",
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    lines = [",".join(MADE)]
    lines += [",".join(str(value(i)) for value in MADE.values()) for i in range(ROWS)]
    (folder / "t.csv").write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture(scope="module")
def tiny(made: Path) -> Table:
    return dump(made, **TINY)[0]


def test_counts_that_are_proven(tiny: Table) -> None:
    found = {
        n: (c["distinct"], c.get("distinct_estimated", False)) for n, c in columns(tiny).items()
    }
    for name in ("rising", "scattered", "broken", "zeros", "late_text", "late_decimal"):
        assert found[name] == (ROWS, False), name
    assert found["repeated"] == (ROWS - 1, False)
    assert found["few_repeat"] == (len({MADE["few_repeat"](i) for i in range(ROWS)}), False)
    # without the blanks around it, the padded value is one that is there already
    assert found["late_padded"] == (ROWS - 1, False)
    keys = {k["columns"][0] for k in tiny["profile"]["keys"]}
    assert {"rising", "scattered", "broken"} <= keys
    assert not keys & {"repeated", "few_repeat", "late_padded", "many", "late_null", "late_na"}


def test_estimates_say_so(tiny: Table) -> None:
    error = 5 * 1.04 / math.sqrt(2**14)  # five standard errors
    truth = {name: len({str(MADE[name](i)) for i in range(ROWS)}) for name in MADE}
    truth["late_null"] -= 1
    truth["late_na"] -= 1
    for name in ("amount", "late_null", "late_na"):
        c = columns(tiny)[name]
        assert c["distinct_estimated"] is True, name
        assert abs(c["distinct"] - truth[name]) <= error * truth[name], name
        assert c["distinct"] < ROWS  # never taken for a key


BAD = 15000  # the row where something else stands

# What a column is, by hand, when a value far behind its first ones decides.
LATE: dict[str, tuple[Any, dict[str, Any]]] = {
    # a few that do not fit, in a column whose values repeat
    "one_bad": (
        lambda i: scattered(i) % 6000 if i != BAD else "oops",
        {"type": "int64", "nonconforming": 1, "exceptions": [{"line": BAD + 2, "text": "oops"}]},
    ),
    # where they all differ it may be a key, and codes are text: known in one reading, in two, in two of fractions
    "differ_bad": (
        lambda i: f"{scattered(i)}" if i != BAD else "oops",
        {"type": "text", "distinct": ROWS, "exceptions": [{"line": BAD + 2, "text": "oops"}]},
    ),
    "rising_bad": (
        lambda i: i + 1 if i != BAD else "oops",
        {"type": "text", "distinct": ROWS, "exceptions": [{"line": BAD + 2, "text": "oops"}]},
    ),
    "price_bad": (
        lambda i: f"{scattered(i) / 100:.2f}" if i != BAD else "free",
        {"type": "text", "exceptions": [{"line": BAD + 2, "text": "free"}]},
    ),
    # that it may be one turns out to be wrong: three readings
    "again_bad": (
        lambda i: i + 1 if i not in (BAD, ROWS - 1) else "oops" if i == BAD else 5,
        {"type": "int64", "nonconforming": 1, "min": "1", "max": str(ROWS - 1)},
    ),
    "padded_bad": (
        lambda i: i + 1 if i not in (BAD, ROWS - 1) else "oops" if i == BAD else " 5 ",
        {"type": "int64", "nonconforming": 1, "padded": 1},
    ),
    # marks: 1 .. 999 have none
    "grouped": (
        lambda i: f"{i + 1:,}",
        {"type": "int64", "min": "1", "max": str(ROWS)},
    ),
    "groups_or_comma": (
        lambda i: f"{1 + i % 9}.{i % 1000:03}" if i < BAD else f"{1 + i % 9}.{i % 1000:03},5",
        {"min": "1000.0", "max": "9999.5"},
    ),
    "percent": (
        lambda i: f"{i % 7000}" if i < BAD else f"{i % 7000} %",
        {"type": "int64", "min": "0", "max": "6999"},
    ),
    # 01/02: as the other column has it, which tells late
    "day_or_month": (
        lambda i: f"{1 + i % 12:02}/{1 + i // 12 % 12:02}/{1900 + i // 144}",
        {"type": "date", "min": "1900-01-01", "max": "2038-12-11"},
    ),
    "month_first": (
        lambda i: f"{1 + i % 12:02}/{1 + i // 12 % (12 if i < BAD else 28):02}/{1900 + i // 144}",
        {"type": "date", "min": "1900-01-01"},
    ),
    "minutes": (
        lambda i: f"2024-01-{1 + i % 28:02} {i // 60 % 24:02}:{i % 60:02}"
        + (":07" if i == BAD else ""),
        {"type": "timestamp_ntz"},
    ),
    # tokens: nan is data among words, a null among numbers
    "nan_word": (
        lambda i: f"w{scattered(i) % 6000}" if i % 5 else " nan" if i % 2 else "nan",
        {"type": "text", "nulls": 0, "top": [("nan", 2002), (" nan", 2001)]},
    ),
    "nan_count": (
        lambda i: scattered(i) % 6000 if i % 5 else "nan",
        {"type": "int64", "nulls": 4003, "null_tokens": [{"token": "nan", "count": 4003}]},
    ),
    "dash": (
        lambda i: scattered(i) % 6000 if i != BAD else "--",
        {"type": "int64", "nulls": 1, "null_tokens": [{"token": "--", "count": 1}]},
    ),
    "zip": (
        lambda i: f"{10000 + scattered(i)}" if i != BAD else "01234",
        {"type": "text", "leading_zeros": 1},
    ),
}


@pytest.mark.parametrize("column_bytes", [0, 1, 2048])
def test_late_values_decide(tmp_path: Path, column_bytes: int) -> None:
    lines = [",".join(LATE)]
    lines += [",".join(f'"{value(i)}"' for value, _ in LATE.values()) for i in range(ROWS)]
    (tmp_path / "t.csv").write_text("\n".join(lines) + "\n")
    exact = columns(dump(tmp_path)[0])
    found = columns(dump(tmp_path, **{**TINY, "column": column_bytes})[0])
    for name, (_, expected) in LATE.items():
        c = found[name]
        for key in ALWAYS_EXACT:
            assert c.get(key) == exact[name].get(key), (name, key)
        for key, value in expected.items():
            if key == "top":
                assert [(t["token"], t["count"]) for t in c["top"][: len(value)]] == value, name
            else:
                assert c.get(key) == value, (name, key)
    assert found["day_or_month"]["date_formats"][0]["format"] == "MM/dd/yyyy"


GIVEN: dict[str, tuple[Any, dict[str, Any], dict[str, Any]]] = {
    "room": (  # two digits before the point: 100 and more have none
        lambda i: f"{scattered(i) / 100:.2f}",
        {"type": "decimal(4,2)"},
        {"nonconforming": ROWS - 9999, "min": "0.01", "max": "99.99"},
    ),
    "zeros": (
        lambda i: f"{scattered(i):06}" if i != BAD else "12.5",
        {"type": "int64"},
        {"nonconforming": 1, "min": "1", "max": str(ROWS), "leading_zeros": ROWS - 1},
    ),
    "comma": (  # 1,234 is a fraction
        lambda i: f"{1 + i % 9},{i % 1000:03}" if i < BAD else f"{1 + i % 9}.{i % 1000:03}",
        {"decimal_mark": ",", "group_mark": "."},
        {"min": "1.000", "max": "9999.000", "nonconforming": None},
    ),
    "day": (
        lambda i: f"{1 + i % 28:02}/{1 + i % 12:02}/2024" if i < BAD else "12/31/2024",
        {"date_format": "MM/dd/yyyy"},
        {"type": "date", "max": "2024-12-31"},
    ),
    "words": (
        lambda i: i + 1 if i != BAD else "oops",
        {"type": "text"},
        {"min": "1", "max": "oops"},
    ),
}


@pytest.mark.parametrize("column_bytes", [0, 1, 2048])
def test_what_is_given(tmp_path: Path, column_bytes: int) -> None:
    lines = [",".join(GIVEN)]
    lines += [",".join(f'"{value(i)}"' for value, _, _ in GIVEN.values()) for i in range(ROWS)]
    (tmp_path / "t.csv").write_text("\n".join(lines) + "\n")
    said = {name: given for name, (_, given, _) in GIVEN.items()}
    (tmp_path / "bldr.json").write_text(json.dumps({"tables": {"t": {"columns": said}}}))
    exact = columns(dump(tmp_path)[0])
    found = columns(dump(tmp_path, **{**TINY, "column": column_bytes})[0])
    for name, (_, given, expected) in GIVEN.items():
        for key in ALWAYS_EXACT:
            assert found[name].get(key) == exact[name].get(key), (name, key)
        assert found[name]["type"] == given.get("type", found[name]["type"])
        for key, value in expected.items():
            assert found[name].get(key) == value, (name, key)


def test_room_for_proofs(tmp_path: Path) -> None:
    """Every 65536 rows columns that repeat and, from the last, those without room are given up."""
    rows = 150_001
    lines = [f"{i * 7919 % rows},{i * 7919 % 6000},k{i * 7907 % rows}" for i in range(rows)]
    (tmp_path / "t.csv").write_text("\n".join(["a,b,c", *lines]) + "\n")
    for key, proven in ((1 << 21, {"a", "c"}), (1 << 20, {"a"}), (1, set[str]())):
        table = dump(tmp_path, **{**TINY, "key": key})[0]
        found = columns(table)
        assert {n for n, c in found.items() if not c.get("distinct_estimated", False)} == proven
        assert {k["columns"][0] for k in table["profile"]["keys"]} == proven
        for name in proven:
            assert found[name]["distinct"] == rows
        for name, distinct in (("a", rows), ("b", 6000), ("c", rows)):
            error = 0 if name in proven else 0.05 * distinct
            assert abs(found[name]["distinct"] - distinct) <= error, name
            assert name in proven or found[name]["distinct"] < rows


def test_bounds_of_a_late_type(tiny: Table) -> None:
    found = columns(tiny)
    assert found["late_text"]["type"] == "text"
    assert (found["late_text"]["min"], found["late_text"]["max"]) == ("1", "x9")  # by bytes
    assert found["late_text"]["exceptions"] == [{"line": 15002, "text": "x9"}]
    assert found["late_decimal"]["type"] == "decimal(7,2)"
    values = [float(MADE["late_decimal"](i)) for i in range(ROWS)]
    assert float(found["late_decimal"]["min"]) == min(values)
    assert float(found["late_decimal"]["max"]) == max(values)
    assert (found["broken"]["min"], found["broken"]["max"]) == ("0", str(ROWS - 1))
    assert found["zeros"]["leading_zeros"] == ROWS
    assert found["late_padded"]["padded"] == 1
    assert found["late_na"]["null_tokens"] == [{"token": "NA", "count": 1}]


def test_batches_change_nothing(made: Path) -> None:
    texts = [json.dumps(dump(made, **{**TINY, "batch": batch})) for batch in (0, 1, 7, 4096)]
    assert texts == [texts[0]] * 4


@pytest.mark.parametrize("folder", SETS, ids=set_name)
@pytest.mark.parametrize("column_bytes", [1, 2048])
def test_what_is_always_exact(folder: Path, column_bytes: int) -> None:
    for exact, little in zip(
        dump(folder), dump(folder, **{**TINY, "column": column_bytes}), strict=True
    ):
        assert exact["profile"]["rows"] == little["profile"]["rows"]
        for one, other in zip(
            exact["profile"]["columns"], little["profile"]["columns"], strict=True
        ):
            for key in ALWAYS_EXACT:
                assert one.get(key) == other.get(key), (one["name"], key)
            # what was counted on is counted exactly
            counts = {t["token"]: t["count"] for t in one["top"]}
            for t in other["top"]:
                assert counts.get(t["token"], t["count"]) == t["count"]
            if one["distinct"] == exact["profile"]["rows"]:
                proven = not other.get("distinct_estimated", False)
                assert not proven or other["distinct"] == one["distinct"]


@pytest.mark.parametrize("folder", SETS, ids=set_name)
def test_no_key_by_an_estimate(folder: Path) -> None:
    for exact, little in zip(dump(folder), dump(folder, **{**TINY, "column": 1}), strict=True):
        keys = {tuple(k["columns"]) for k in exact["profile"]["keys"]}
        if len(keys) < 10:  # no more are kept
            assert {tuple(k["columns"]) for k in little["profile"]["keys"]} <= keys


def test_top_keeps_the_frequent(tmp_path: Path) -> None:
    rng = random.Random(7)
    values = [f"v{min(int(rng.expovariate(0.02)), 999)}" for _ in range(30000)]
    (tmp_path / "t.csv").write_text("\n".join(["v,w", *(f"{v},1" for v in values)]) + "\n")
    exact, little = dump(tmp_path)[0], dump(tmp_path, **{**TINY, "column": 16000, "kept": 100})[0]
    assert columns(little)["v"]["distinct_estimated"] is True
    assert columns(exact)["v"]["top"] == columns(little)["v"]["top"]


QUANTILE_TYPES = ("int64", "decimal", "double", "date", "timestamp")


def quantiles(column: dict[str, Any]) -> dict[str, str]:
    return {q["at"]: q["value"] for q in column.get("quantiles", [])}


@pytest.mark.parametrize("budgets", [{}, TINY], ids=["exact", "sampled"])
def test_quantiles_as_duckdb_ranks_them(made: Path, budgets: dict[str, int]) -> None:
    sampled = 256  # of at most 512 rows, half are kept at least
    connection = duckdb.connect()
    connection.execute(
        f"create table t as select * from read_csv('{made}/t.csv', all_varchar=true)"
    )
    casts = {"int64": "bigint", "date": "date", "timestamp_ntz": "timestamp"}
    for name, c in columns(dump(made, **budgets)[0]).items():
        found = quantiles(c)
        if not c["type"].startswith(QUANTILE_TYPES):
            assert found == {}
            continue
        assert list(found) == ["0.05", "0.25", "0.50", "0.75", "0.95"]
        to = casts.get(c["type"], c["type"])
        typed = f"(select try_cast({name} as {to}) as v from t where {name} <> 'NULL')"
        for at, value in found.items():
            if not budgets:
                expected = connection.execute(
                    f"select quantile_disc(v, {at})::{to} = '{value}'::{to} from {typed}"
                ).fetchone()
                assert expected == (True,), (name, at, value)
            else:  # the value's own rank, within the stated error (here of 99.99 %)
                low, high, rows = connection.execute(  # type: ignore[misc]
                    f"select count(*) filter (v < '{value}'::{to}),"
                    f" count(*) filter (v <= '{value}'::{to}), count(*) from {typed}"
                ).fetchone()
                error = 1.95 / math.sqrt(sampled)
                assert low / rows - error <= float(at) <= high / rows + error, (name, at)


def test_sketches(made: Path) -> None:
    exact, little = dump(made)[0]["sketch"], dump(made, **TINY)[0]["sketch"]
    for name, one, other in zip(MADE, exact, little, strict=True):
        assert one["hashes"] == other["hashes"], name  # the same values, the same sketch
        assert len(one["hashes"]) == min(1024, one["distinct"])
        assert one["hashes"] == sorted(set(one["hashes"]))
    named = dict(zip(MADE, exact, strict=True))
    assert named["scattered"]["hashes"] == named["rising"]["hashes"]  # the same numbers
