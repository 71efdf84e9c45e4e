"""Faults planted in the STTM and in the raw files, through the whole of bldr: each is found by the checks named, blamed
on the agent named, and ends as stated. Nothing else fails. (Faults planted in the warehouse: tests/checks.)

The folder is two files: cities, and trips from one to another, one a day.
"""

import copy
import datetime
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from bldr import run_job, warehouse_rows

CITIES = """city_id,name,country
1,Lyon,France
2,Turin,Italy
3,Graz,Austria
4,Brno,Czechia
5,Gdansk,Poland
6,Porto,Portugal
7,Bergen,Norway
8,Tartu,Estonia
"""
HEADER = "trip_id,from_city_id,to_city_id,day,price,seats"
FIRST_DAY = datetime.date(2024, 1, 20)
ANALYST, DATA = "analyst", "data"
Rule = dict[str, Any]


def trip_lines() -> list[str]:
    """60 trips from 20 January to 19 March: 24 of them on days that could be months. The last has no price."""
    prices = [f"{i * 37 % 90 + 5}.{i * 7 % 90 + 10}" for i in range(59)] + [""]
    return [
        f"{101 + i},{1 + i * 3 % 8},{1 + (i * 5 + 2) % 8},{FIRST_DAY + datetime.timedelta(days=i)},"
        f"{price},{1 + i % 8}"
        for i, price in enumerate(prices)
    ]


def write_trips(folder: Path, lines: list[str]) -> Path:
    folder.mkdir()
    (folder / "cities.csv").write_text(CITIES)
    (folder / "trips.csv").write_text("\n".join([HEADER, *lines]) + "\n")
    return folder


def column(sttm: dict[str, Any], table: str, name: str) -> dict[str, Any]:
    columns = next(t for t in sttm["tables"] if t["name"] == table)["columns"]
    found: dict[str, Any] = next(c for c in columns if c["target"] == name)
    return found


def replace(column: dict[str, Any], old: str, new: str) -> None:
    text = json.dumps(column["rule"])
    assert old in text
    column["rule"] = json.loads(text.replace(old, new))


def wrong_measure(sttm: dict[str, Any]) -> None:
    replace(column(sttm, "fact_trip", "price"), '"col": "price"', '"col": "seats"')


def wrong_attribute(sttm: dict[str, Any]) -> None:
    replace(column(sttm, "dim_city", "name"), '"col": "name"', '"col": "country"')


def wrong_date_format(sttm: dict[str, Any]) -> None:
    replace(column(sttm, "fact_trip", "day_key"), "yyyy-MM-dd", "yyyy-dd-MM")


def no_date_format(sttm: dict[str, Any]) -> None:
    replace(column(sttm, "fact_trip", "day_key"), "yyyy-MM-dd", "dd.MM.yyyy")


def wrong_key(sttm: dict[str, Any]) -> None:
    replace(column(sttm, "fact_trip", "from_city_key"), '"col": "from_city_id"', '"col": "seats"')


def wrong_hash(sttm: dict[str, Any]) -> None:
    for table, name in (
        ("dim_city", "city_key"),
        ("fact_trip", "from_city_key"),
        ("fact_trip", "to_city_key"),
    ):
        replace(column(sttm, table, name), '"table": "dim_city"', '"table": "city"')


def swapped_references(sttm: dict[str, Any]) -> None:
    origin = column(sttm, "fact_trip", "from_city_key")
    target = column(sttm, "fact_trip", "to_city_key")
    origin["rule"], target["rule"] = target["rule"], origin["rule"]


def dropped_rows(sttm: dict[str, Any]) -> None:
    replace(column(sttm, "fact_trip", "trip_id"), '"tokens": [""]', '"tokens": ["", "107", "143"]')


def lost_values(sttm: dict[str, Any]) -> None:
    replace(column(sttm, "fact_trip", "price"), '"tokens": [""]', '"tokens": ["", "5.10"]')


def truncated_decimals(sttm: dict[str, Any]) -> None:
    price = column(sttm, "fact_trip", "price")
    cents = price["rule"]["args"][0]
    whole = {"fn": "cast", "type": "decimal(2,0)", "args": [cents]}
    price["rule"]["args"] = [{"fn": "cast", "type": "text", "args": [whole]}]


def by(*columns: str, measure: str = "price") -> list[str]:
    return [f"R4 fact_trip.{measure} by {c}" for c in columns]


@dataclass
class Planted:
    """failing: check and subject -> blame, of the first round's errors. All of them are repaired in the second."""

    name: str
    plant: Callable[[dict[str, Any]], None]
    failing: dict[str, str]
    repairs: list[dict[str, str]]  # what the errors advise, each once
    verdict: str = "validated"
    rounds: int = 2


DATE_PARTS = ("date", "year", "quarter", "month", "day", "iso_weekday", "iso_week", "day_of_year")
PARTS = ("from_city_key", "to_city_key", "day_key")
DATE_ADVICE = {"repair": "date_order", "table": "trips", "column": "day"}


def anew(kind: str, *columns: str) -> list[dict[str, str]]:
    """The repairs that map target columns again as the design states."""
    return [dict(zip(("table", "column"), c.split("."), strict=True), repair=kind) for c in columns]


PLANTED = [
    Planted(
        "wrong source column, of a measure",
        wrong_measure,
        # and the trip without a price has seats
        dict.fromkeys(["N1 fact_trip.price", "R4 fact_trip.price", *by(*PARTS)], ANALYST),
        anew("source_column", "fact_trip.price"),
    ),
    Planted(
        "wrong source column, of an attribute",
        wrong_attribute,
        {"X2 dim_city.name": ANALYST},
        anew("source_column", "dim_city.name"),
    ),
    Planted(
        "wrong date format: another order",
        wrong_date_format,
        dict.fromkeys(
            [
                *(f"{check} fact_trip.day_key" for check in ("K3", "K5", "N1", "X2")),
                "N1 trips.day",
                *by("day_key"),
                *by("day_key", measure="seats"),
                "N1 trips.day",
            ],
            ANALYST,
        ),
        [DATE_ADVICE],
    ),
    Planted(
        "wrong date format: it reads none",
        no_date_format,
        dict.fromkeys(
            [
                "R3 dim_date",
                *(f"X2 dim_date.{c}" for c in DATE_PARTS),
                *(f"{check} fact_trip.day_key" for check in ("K3", "K5", "N1", "X2")),
                "N1 trips.day",
                *by("day_key"),
                *by("day_key", measure="seats"),
                "N1 trips.day",
            ],
            ANALYST,
        ),
        [DATE_ADVICE],
    ),
    Planted(
        "wrong key: of another column",
        wrong_key,
        dict.fromkeys(
            [
                "K3 fact_trip.from_city_key",
                *by("from_city_key"),
                *by("from_city_key", measure="seats"),
            ],
            ANALYST,
        ),
        anew("foreign_key", "fact_trip.from_city_key"),
    ),
    Planted(
        "wrong key: another surrogate key",
        wrong_hash,
        {"K4 dim_city.city_key": ANALYST},
        anew("surrogate_key", "dim_city.city_key"),
    ),
    Planted(
        "swapped foreign keys",
        swapped_references,
        dict.fromkeys(
            [
                "K3 fact_trip.from_city_key",
                "K3 fact_trip.to_city_key",
                *by("from_city_key", "to_city_key"),
                *by("from_city_key", "to_city_key", measure="seats"),
            ],
            ANALYST,
        ),
        anew("foreign_key", "fact_trip.from_city_key", "fact_trip.to_city_key"),
    ),
    Planted(
        "dropped rows",
        dropped_rows,
        dict.fromkeys(
            [
                *("R1 trips", "R2 trips", "R2 fact_trip", "R3 fact_trip"),
                *("R4 fact_trip.price", "R4 fact_trip.seats"),
                *by(*PARTS),
                *by(*PARTS, measure="seats"),
                *("X2 fact_trip.trip_id", "X2 fact_trip.day_key"),
            ],
            ANALYST,
        ),
        anew("null_tokens", "fact_trip.trip_id"),
    ),
    Planted(
        "a value that is taken for null",
        lost_values,
        dict.fromkeys(["N1 fact_trip.price", "R4 fact_trip.price", *by(*PARTS)], ANALYST),
        anew("null_tokens", "fact_trip.price"),
    ),
    Planted(
        "truncated decimals",
        truncated_decimals,
        dict.fromkeys(["R4 fact_trip.price", *by(*PARTS)], ANALYST),
        anew("type", "fact_trip.price"),
    ),
]


def load(outcome: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        (Path(outcome["folder"]) / "artefacts" / f"{name}.json").read_text()
    )
    return found


def errors(findings: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        f"{c['check']} {c['subject']}": c
        for c in findings["checks"]
        if not c["passed"] and c["severity"] == "error"
    }


def distinct(advices: Iterable[dict[str, Any]]) -> set[str]:
    return {json.dumps(advice, sort_keys=True) for advice in advices}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_trips(tmp_path_factory.mktemp("planted") / "source", trip_lines())


@pytest.fixture(scope="module")
def right(source: Path) -> dict[str, Any]:
    return run_job(source, source.parent / "right")


def test_the_right_run_is_validated_without_a_warning(right: dict[str, Any]) -> None:
    assert (right["verdict"], right["rounds"]) == ("validated", 1)
    assert [c for c in load(right, "findings.v1")["checks"] if not c["passed"]] == []


@pytest.mark.parametrize("fault", PLANTED, ids=lambda fault: fault.name)
def test_a_fault_in_the_sttm(
    fault: Planted, source: Path, right: dict[str, Any], tmp_path: Path
) -> None:
    sttm = copy.deepcopy(load(right, "sttm.v1"))
    fault.plant(sttm)
    (tmp_path / "sttm.json").write_text(json.dumps(sttm))
    outcome = run_job(source, tmp_path / "out", hook=f"plant={tmp_path}")
    failed = errors(load(outcome, "findings.v1"))
    assert {key: c["blame"] for key, c in failed.items()} == fault.failing
    assert distinct(c["advice"] for c in failed.values()) == distinct(fault.repairs)
    assert (outcome["verdict"], outcome["rounds"]) == (fault.verdict, fault.rounds)
    assert outcome["exit_code"] == (0 if fault.verdict == "validated" else 1)
    assert warehouse_rows(Path(outcome["warehouse"])) == warehouse_rows(Path(right["warehouse"]))


def test_a_join_that_would_fan_out_is_refused(
    source: Path, right: dict[str, Any], tmp_path: Path
) -> None:
    """Planted in the STTM, a duplicated join loads nothing: the load names it and the two lines."""
    sttm = copy.deepcopy(load(right, "sttm.v1"))
    fact = next(t for t in sttm["tables"] if t["name"] == "fact_trip")
    fact["joins"].append(
        {
            "alias": "again",
            "table": "trips",
            "from": "trips",
            "from_columns": ["from_city_id"],
            "to_columns": ["from_city_id"],
        }
    )
    (tmp_path / "sttm.json").write_text(json.dumps(sttm))
    outcome = run_job(source, tmp_path / "out", hook=f"plant={tmp_path}")
    assert 'join "again" would fan out: lines 2 and 10 of "trips.csv"' in outcome["error"]
    assert outcome["exit_code"] not in (0, 1)
    assert not (Path(outcome["folder"]) / "warehouse.db").exists()


def warnings(outcome: dict[str, Any]) -> dict[str, list[str]]:
    checks = load(outcome, "findings.v1")["checks"]
    failed = [c for c in checks if not c["passed"] and c["severity"] == "warning"]
    assert all(c["blame"] == DATA for c in failed)
    return {f"{c['check']} {c['subject']}": c["samples"] for c in failed}


def orphan(lines: list[str]) -> None:
    trip, _, rest = lines[10].split(",", 2)
    lines[10] = f"{trip},99,{rest}"


def bad_row(lines: list[str]) -> None:
    lines.insert(20, "121,1,2,2024-02-09")


@dataclass
class RawFault:
    """warned: check and subject -> the samples of its warning."""

    name: str
    plant: Callable[[list[str]], None]  # changes the lines of trips.csv, the header aside
    warned: dict[str, list[str]]


RAW = [
    RawFault(
        "orphans",
        orphan,
        {
            "K6 trips.from_city_id": [
                'trips.csv:12: from_city_id=99 is in no record of "cities"',
            ]
        },
    ),
    RawFault("bad rows", bad_row, {"R1 trips": ["trips.csv:22: 4 fields instead of 6"]}),
]


@pytest.mark.parametrize("fault", RAW, ids=lambda fault: fault.name)
def test_a_defect_of_the_files_is_handled_and_counted(fault: RawFault, tmp_path: Path) -> None:
    lines = trip_lines()
    fault.plant(lines)
    outcome = run_job(write_trips(tmp_path / "source", lines), tmp_path / "out")
    assert (outcome["verdict"], errors(load(outcome, "findings.v1"))) == ("validated", {})
    assert warnings(outcome) == fault.warned
