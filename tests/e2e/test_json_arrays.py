"""JSON arrays whose elements share lines and have no key: each is a row, told apart by its number in its line.

Promise: rows, sums and parts of sums are those that Python's json and decimal find, the verdict says so, each row is
traced to the bytes of its own element, and a record number that is wrong does not pass the Tester.
"""

import json
import sqlite3
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from bldr import run, run_job
from checked_run import CheckedRun

SHOPS = "shop_id,city\n" + "".join(f"{i},City {i}\n" for i in range(1, 6))
# No column and no pair or triple of them is a key: visits repeat whole.
VISITS: list[dict[str, Any]] = [
    {
        "shop_id": i % 5 + 1,
        "day": f"2024-03-{i % 4 + 1:02}",
        "amount": f"{i % 3 + 1}.{i % 2 * 50:02}",
    }
    for i in range(60)
] * 2


def array(elements: list[str], per_line: int) -> str:
    lines = [", ".join(elements[i : i + per_line]) for i in range(0, len(elements), per_line)]
    return "[" + ",\n".join(lines) + "]"


def text_of(how: str) -> str:
    elements = [json.dumps(visit) for visit in VISITS]
    if how == "with faults":
        elements.insert(1, "5")
        elements.insert(40, '{"shop_id": 1, "shop_id": 2}')
    return array(elements, {"a few per line": 7, "one per line": 1}.get(how, len(elements)))


def bad(pairs: list[tuple[str, Any]]) -> Any:
    """An object, or None where it has a key twice."""
    return dict(pairs) if len(dict(pairs)) == len(pairs) else None


def good_elements(text: str) -> list[dict[str, Any]]:
    read = json.loads(text, object_pairs_hook=bad, parse_float=Decimal)
    return [element for element in read if isinstance(element, dict)]


@pytest.fixture(name="source")
def source_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "shops.csv").write_text(SHOPS)
    return folder


@pytest.mark.parametrize("how", ["one line", "a few per line", "one per line", "with faults"])
def test_each_element_is_a_row(tmp_path: Path, source: Path, how: str) -> None:
    text = text_of(how)
    (source / "visits.json").write_text(text)
    outcome = run_job(source, tmp_path / "output")
    elements = good_elements(text)
    assert len(elements) == len(VISITS)
    assert outcome["verdict"] == "validated", outcome
    at = Path(outcome["folder"])
    with sqlite3.connect(at / "warehouse.db") as db:
        rows = db.execute(
            "SELECT d.shop_id, f.amount, f._source_line, f._source_record FROM v_fact_visit f "
            "JOIN dim_shop d USING (shop_key) ORDER BY f._source_line, f._source_record"
        ).fetchall()
        layer = db.execute(
            "SELECT read, loaded, rejected FROM bldr_layer WHERE source_table = 'visits'"
        ).fetchone()
    faults = 2 if how == "with faults" else 0
    assert layer == (len(elements) + faults, len(elements), faults)
    assert [(row[0], Decimal(str(row[1]))) for row in rows] == [
        (e["shop_id"], Decimal(e["amount"])) for e in elements
    ]
    assert sum(Decimal(str(row[1])) for row in rows) == sum(Decimal(e["amount"]) for e in elements)
    assert [row[2:] for row in rows] == places(text)


def places(text: str) -> list[tuple[int, int]]:
    """Line and number in it of each good element, by Python's decoder."""
    decoder = json.JSONDecoder(object_pairs_hook=bad)
    found, at, last, number = [], 1, 0, 0
    while text[at - 1] != "]":
        at += len(text[at:]) - len(text[at:].lstrip())
        line = text.count("\n", 0, at) + 1
        number = number + 1 if line == last else 1
        last = line
        element, at = decoder.raw_decode(text, at)
        if isinstance(element, dict):
            found.append((line, number))
        at += 1
    return found


def test_a_row_is_traced_to_its_own_element(tmp_path: Path, source: Path) -> None:
    text = text_of("with faults")
    (source / "visits.json").write_text(text)
    outcome = run_job(source, tmp_path / "output")
    for place, element in list(zip(places(text), good_elements(text), strict=True))[::37]:
        key = f"visits.json,{place[0]},{place[1]}"
        done = run(
            *("trace", outcome["run"], "fact_visit", key, "--json"),
            *("--output", tmp_path / "output"),
        )
        assert done.returncode == 0, done.stderr
        traced = json.loads(done.stdout)["sources"][0]
        assert (traced["line"], json.loads(traced["raw"])) == (1, element)


@pytest.mark.parametrize(
    ("sql", "checks"),
    [
        ("UPDATE fact_visit SET _source_record = 500 WHERE _source_record = 9", {"L1"}),
        ("DELETE FROM fact_visit WHERE _source_record > 1", {"R3", "R4"}),
        ("UPDATE fact_visit SET amount_e2 = amount_e2 + 1 WHERE _source_record = 9", {"R4"}),
    ],
)
def test_the_tester_tells_elements_apart(
    tmp_path: Path, source: Path, sql: str, checks: set[str]
) -> None:
    (source / "visits.json").write_text(text_of("one line"))
    at = Path(run_job(source, tmp_path / "output")["folder"])
    tester = CheckedRun(tmp_path / "case", source, at)
    assert tester.failed_checks() == set()
    tester.execute(sql)
    assert checks <= tester.failed_checks()


def test_a_key_is_still_a_key(tmp_path: Path, source: Path) -> None:
    """Where a column tells the elements apart, none of this is needed."""
    keyed = [json.dumps({"visit_id": i, **visit}) for i, visit in enumerate(VISITS)]
    (source / "visits.json").write_text(array(keyed, len(keyed)))
    outcome = run_job(source, tmp_path / "output")
    assert outcome["verdict"] == "validated", outcome
    with sqlite3.connect(Path(outcome["folder"]) / "warehouse.db") as db:
        columns = [row[1] for row in db.execute("PRAGMA table_info(fact_visit)")]
    assert "_source_record" not in columns and "visit_id" in columns


def test_a_pipeline_is_emitted_that_keys_by_it(tmp_path: Path, source: Path) -> None:
    (source / "visits.json").write_text(text_of("one line"))
    outcome = run_job(source, tmp_path / "output")
    gold = (Path(outcome["folder"]) / "pipeline" / "gold" / "fact_visit.py").read_text()
    assert 'KEY = ["_source_file", "_source_line", "_source_record"]' in gold
    compile(gold, "fact_visit.py", "exec")
