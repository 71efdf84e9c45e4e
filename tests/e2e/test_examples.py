"""A golden example breaks a tie: the key that a larger export decided, where a smaller one leaves it open.

Trips have two columns that are named like the table's key and stand too far right for their place to tell them apart,
trip_no and trip_id. In the first export trip_no repeats, so trip_id is the key. In the next one neither repeats.
"""

import datetime
import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from bldr import artefacts, run, run_job
from test_knowledge import change, items
from test_planted import load

HEADER = "day,city,note,trip_no,trip_id,price"


def write(folder: Path, rows: int, repeats: bool, header: str = HEADER) -> Path:
    folder.mkdir()
    lines = []
    for i in range(rows):
        cells = {
            "day": datetime.date(2024, 1, 1) + datetime.timedelta(days=i // 2),
            "city": ("Lyon", "Graz", "Brno")[i % 3],
            "note": ("ok", "late")[i % 2],
            "trip_no": 500 + i - (repeats and i % 4 == 3),
            "trip_id": 9000 + 7 * i,
            "price": f"{i * 37 % 90 + 5}.{i * 7 % 90 + 10}",
        }
        lines.append(",".join(str(cells[name]) for name in header.split(",")))
    (folder / "trips.csv").write_text("\n".join([header, *lines]) + "\n")
    return folder


def key_of(outcome: dict[str, Any]) -> list[str]:
    (table,) = (t for t in load(outcome, "profile.v1")["tables"] if t["table"] == "trips")
    (key,) = (k for k in table["keys"] if k["chosen"])
    columns: list[str] = key["columns"]
    return columns


@pytest.fixture
def taught(tmp_path: Path) -> Path:
    """An output folder in which the first export was validated."""
    first = run_job(write(tmp_path / "first", 80, repeats=True), tmp_path / "out")
    assert (first["verdict"], key_of(first)) == ("validated", ["trip_id"])
    return tmp_path / "out"


def off(source: Path, output: Path) -> dict[str, Any]:
    args = ("run", "--source-dir", source, "--output", output, "--json", "--knowledge", "off")
    outcome: dict[str, Any] = json.loads(run(*args).stdout)
    return outcome


def test_a_tie_is_decided_as_before(taught: Path, tmp_path: Path) -> None:
    source = write(tmp_path / "next", 40, repeats=False)
    assert key_of(off(source, tmp_path / "alone")) == ["trip_no"]  # it stands before the other
    second = run_job(source, taught)
    (golden,) = items(taught, "golden")
    assert (second["verdict"], second["rounds"], key_of(second)) == ("validated", 1, ["trip_id"])
    assert second["knowledge"]["applied"] == [
        {"id": golden["id"], "repair": "key", "table": "trips", "column": "trip_id"}
    ]
    assert golden["helped"] == 1
    (trips,) = load(second, "profile.v1")["tables"]
    reasons = {k["columns"][0]: k["evidence"][-1] for k in trips["keys"]}
    assert reasons["trip_no"] == 'not taken: no better than "trip_id", which was validated before'
    assert reasons["trip_id"].startswith('as good as "trip_no"; taken since a run over tables')
    report = (Path(second["folder"]) / "report.html").read_text()
    assert golden["id"] in report and "shown, and changed the design" in report
    with sqlite3.connect(second["warehouse"]) as db:
        assert db.execute("SELECT count(DISTINCT trip_id) FROM fact_trip").fetchone() == (40,)


def test_what_is_no_tie_is_left_alone(taught: Path, tmp_path: Path) -> None:
    """A place further left is evidence of its own; the order of columns is none of the shape."""
    source = write(tmp_path / "next", 40, False, header="day,trip_no,city,note,trip_id,price")
    second = run_job(source, taught)
    assert key_of(second) == ["trip_no"]
    assert second["knowledge"]["applied"] == []
    assert "golden" in {i["kind"] for i in second["knowledge"]["shown"]}
    mine = artefacts(Path(second["folder"]))
    alone = artefacts(Path(off(source, tmp_path / "alone")["folder"]))
    del mine["report.html"], alone["report.html"]
    assert mine == alone


def test_other_tables_are_another_source(taught: Path, tmp_path: Path) -> None:
    source = write(tmp_path / "next", 40, repeats=False)
    (source / "fares.csv").write_text(
        "fare_id,zone,fare\n1,north,2.50\n2,south,3.10\n3,west,4.00\n"
    )
    second = run_job(source, taught)
    assert key_of(second) == ["trip_no"]
    assert second["knowledge"]["applied"] == []


def test_a_person_goes_before(taught: Path, tmp_path: Path) -> None:
    source = write(tmp_path / "next", 40, repeats=False)
    (source / "bldr.json").write_text('{"tables": {"trips": {"key": ["trip_no"]}}}')
    second = run_job(source, taught)
    assert key_of(second) == ["trip_no"]
    assert second["knowledge"]["applied"] == []


@pytest.mark.parametrize(
    "damage",
    [
        'body = replace(body, \'"key":"trip_id"\', \'"key":"Mrs Smith"\')',
        "body = replace(body, '\"chosen\"', '\"chosen_once\"')",
        "trusted = 0",
    ],
)
def test_an_example_that_cannot_be_used_stops_no_run(
    taught: Path, tmp_path: Path, damage: str
) -> None:
    change(taught, f"UPDATE kb_item SET {damage} WHERE kind = 0")
    second = run_job(write(tmp_path / "next", 40, repeats=False), taught)
    assert (second["verdict"], key_of(second)) == ("validated", ["trip_no"])
    assert second["knowledge"]["applied"] == []
