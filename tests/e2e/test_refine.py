"""The refinement loop: a fault goes to the agent to blame, who repairs it, or it ends as an explained finding.

    fault                 planted in         sent back to      ends
    date order            STTM               analyst.map       validated in round 2
    number marks          STTM               analyst.map       validated in round 2
    grain key             profile            analyst.design    validated in round 2, with a new contract
    FAULTS below          warehouse, once    developer.build   validated in round 2
    FAULTS below          warehouse, always  developer.build   findings after round 2, explained

Wrong source columns, keys, foreign keys, null tokens and types in the STTM, orphans and bad rows in the raw files:
test_planted.py, in the same words.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from bldr import JAFFLE, run_job, warehouse_rows
from test_planted import by, distinct, errors, load, trip_lines, write_trips

DEVELOPER = "developer"
LOAD_AGAIN = "the tester blames the load: it is made again"
NOTHING_LEFT = "every repair was tried, and errors remain"


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return run_job(JAFFLE, tmp_path_factory.mktemp("planted"), hook="plant=date_order")


def reasons(outcome: dict[str, Any]) -> list[str]:
    return [d["reason"] for d in outcome["decisions"]]


def steps(outcome: dict[str, Any]) -> list[str]:
    return [d["next"] for d in outcome["decisions"]]


# ---- a date order, in the STTM ----


def test_the_fault_was_in_the_first_mapping_only(planted: dict[str, Any]) -> None:
    assert "yyyy-dd-MM" in json.dumps(load(planted, "sttm.v1"))
    assert "yyyy-dd-MM" not in json.dumps(load(planted, "sttm.v2"))


def test_the_tester_blames_the_analyst(planted: dict[str, Any]) -> None:
    findings = load(planted, "findings.v1")
    failed = [c for c in findings["checks"] if not c["passed"] and c["severity"] != "info"]
    assert findings["verdict"] == "findings"
    assert failed and {c["blame"] for c in failed} == {"analyst"}
    assert distinct(c["advice"] for c in failed if "advice" in c) == distinct(
        [{"repair": "date_order", "table": "raw_orders", "column": "order_date"}]
    )


def test_the_second_round_ends_right(planted: dict[str, Any], tmp_path: Path) -> None:
    right = run_job(JAFFLE, tmp_path)
    assert (planted["verdict"], planted["exit_code"], planted["rounds"]) == ("validated", 0, 2)
    assert steps(planted).count("analyst.map") == 2
    assert warehouse_rows(Path(planted["warehouse"])) == warehouse_rows(Path(right["warehouse"]))


def test_a_mapper_without_another_choice_stops(
    source: Path, right: dict[str, Any], tmp_path: Path
) -> None:
    """Planted in the profile, the wrong format is the only one: a second mapping would be the first."""
    profile = load(right, "profile.v1")
    trips = next(t for t in profile["tables"] if t["table"] == "trips")
    day = next(c for c in trips["columns"] if c["name"] == "day")
    day["date_formats"] = [{**day["date_formats"][0], "format": "yyyy-dd-MM"}]
    (tmp_path / "profile.json").write_text(json.dumps(profile))
    outcome = run_job(source, tmp_path / "out", hook=f"plant=profile:{tmp_path}")
    assert reasons(outcome)[-2] == "the mapper has nothing to choose but what has failed"
    assert steps(outcome)[-4:] == ["tester.check", "analyst.map", "evaluator", "__end__"]
    assert (outcome["verdict"], outcome["exit_code"]) == ("findings", 1)
    assert not (Path(outcome["folder"]) / "artefacts/sttm.v2.json").exists()
    why = errors(load(outcome, "findings.v1"))[f"X2 {TRIP}.day_key"]["why"]
    assert why.startswith("the mapping reads the dates of trips.day as year-day-month")


# ---- number marks, in the STTM ----

PARCELS = """parcel_id;label;weight
1;a;1,250
2;b;12,5
3;c;0,245
4;d;3,075
5;e;2,000
"""


def test_other_number_marks_are_taken(tmp_path: Path) -> None:
    """As points that group, the commas make 1,250 a thousand times as much, and 12,5 no number."""
    source = tmp_path / "source"
    source.mkdir()
    (source / "parcels.csv").write_text(PARCELS)
    right = run_job(source, tmp_path / "right")
    sttm = load(right, "sttm.v1")
    text = json.dumps(sttm)
    assert '"decimal": ","' in text
    (tmp_path / "sttm.json").write_text(
        text.replace('"decimal": ","', '"decimal": ".", "group": ","')
    )
    outcome = run_job(source, tmp_path / "out", hook=f"plant={tmp_path}")
    failed = errors(load(outcome, "findings.v1"))
    assert {c["blame"] for c in failed.values()} == {"analyst"}
    assert distinct(c["advice"] for c in failed.values()) == distinct(
        [{"repair": "number_marks", "table": "parcels", "column": "weight"}]
    )
    assert (outcome["verdict"], outcome["rounds"]) == ("validated", 2)
    assert warehouse_rows(Path(outcome["warehouse"])) == warehouse_rows(Path(right["warehouse"]))
    sums = [
        c["expected"]
        for c in load(outcome, "findings.v2")["checks"]
        if c["check"] == "R4" and " by " not in c["subject"]
    ]
    assert len(sums) == 1 and "sum 19.070," in sums[0]  # 1.250 + 12.5 + 0.245 + 3.075 + 2.000


def test_a_load_that_takes_other_marks_than_the_mapping(tmp_path: Path) -> None:
    """Read with a point for the decimal mark no weight is one: not the STTM's doing, which says the comma."""
    source = tmp_path / "source"
    source.mkdir()
    weights = "1;a;1,2\n2;b;12,5\n3;c;0,24\n4;d;\n"
    (source / "parcels.csv").write_text("parcel_id;label;weight\n" + weights)
    (tmp_path / "fault.sql").write_text("UPDATE fact_parcel SET weight_e2 = NULL")
    outcome = run_job(source, tmp_path / "out", hook=f"plant=warehouse:{tmp_path}/fault.sql")
    failed = errors(load(outcome, "findings.v1"))
    assert {c["blame"] for c in failed.values()} == {DEVELOPER}
    assert LOAD_AGAIN in reasons(outcome)
    assert (outcome["verdict"], outcome["rounds"]) == ("validated", 2)


# ---- the load ----

TRIP = "fact_trip"
MEASURES = ("price", "seats")
PARTS = ("from_city_key", "to_city_key", "day_key")


def all_sums() -> list[str]:
    return [
        *(f"R4 {TRIP}.{m}" for m in MEASURES),
        *(key for m in MEASURES for key in by(*PARTS, measure=m)),
    ]


@dataclass
class Fault:
    """failing: the errors of the first round, all of them the developer's."""

    name: str
    sql: str
    failing: list[str]


# rows of no record of their own
MORE_ROWS = [
    f"L1 {TRIP}",
    f"R2 {TRIP}",
    f"R3 {TRIP}",
    *all_sums(),
    f"X2 {TRIP}.trip_id",
    f"X2 {TRIP}.day_key",
]

LOST_DAYS = [
    f"I1 {TRIP}",
    *(f"{check} {TRIP}.day_key" for check in ("K3", "K5", "N1", "X2")),
    *by("day_key"),
    *by("day_key", measure="seats"),
]

FAULTS = [
    Fault(
        "dropped rows",
        "DELETE FROM fact_trip WHERE trip_id IN (107, 143)",
        [
            f"I1 {TRIP}",  # the second load brings them back
            f"R2 {TRIP}",
            f"R3 {TRIP}",
            *all_sums(),
            f"X2 {TRIP}.trip_id",
            f"X2 {TRIP}.day_key",
        ],
    ),
    Fault(
        "double load, under other keys",
        "INSERT INTO fact_trip SELECT trip_id + 1000, from_city_key, to_city_key, day_key, price_e2, "
        "seats, _source_file, _source_line FROM fact_trip",
        MORE_ROWS,
    ),
    Fault(
        "duplicated join: a trip per trip of the day before from the same country",
        "INSERT INTO fact_trip SELECT f.trip_id + 1000, f.from_city_key, f.to_city_key, f.day_key, "
        "f.price_e2, f.seats, f._source_file, f._source_line FROM fact_trip f "
        "JOIN dim_city c ON c.city_key = f.from_city_key JOIN dim_city d ON d.country < c.country "
        "WHERE d.country = 'Austria' AND d.city_key > 0",
        MORE_ROWS,
    ),
    Fault(
        "truncated decimals",
        "UPDATE fact_trip SET price_e2 = price_e2 / 100 * 100",
        [f"I1 {TRIP}", f"R4 {TRIP}.price", *by(*PARTS)],
    ),
    Fault(
        "shifted dates",
        "UPDATE fact_trip SET day_key = (SELECT min(date_key) FROM dim_date d "
        "WHERE d.date_key > fact_trip.day_key)",
        [
            f"I1 {TRIP}",
            f"K3 {TRIP}.day_key",
            *by("day_key"),
            *by("day_key", measure="seats"),
            f"X2 {TRIP}.day_key",
        ],
    ),
    Fault(
        "dates in another order",
        "UPDATE fact_trip SET day_key = CASE WHEN day_key % 100 > 12 THEN -2 "
        "ELSE day_key / 10000 * 10000 + day_key % 100 * 100 + day_key / 100 % 100 END",
        LOST_DAYS,
    ),
    Fault("no date is read", "UPDATE fact_trip SET day_key = -2", LOST_DAYS),
    Fault(
        "swapped foreign keys",
        "UPDATE fact_trip SET from_city_key = to_city_key, to_city_key = from_city_key",
        [
            f"I1 {TRIP}",
            *(f"K3 {TRIP}.{c}" for c in PARTS[:2]),
            *by(*PARTS[:2]),
            *by(*PARTS[:2], measure="seats"),
        ],
    ),
    Fault(
        "a day of another date, which a second load refuses",
        "UPDATE dim_date SET date = '2024-01-04' WHERE date_key = 20240105",
        [
            *(f"I1 {table}" for table in ("dim_city", "dim_date", TRIP)),
            "D1 dim_date",
            "K1 dim_date.date",
            "K4 dim_date.date_key",
            "R3 dim_date",
            "X2 dim_date.date",
        ],
    ),
    Fault(
        "a good record in quarantine",
        "INSERT INTO bldr_quarantine VALUES ('trips', 'trips.csv', 4, 60, 'x', 'x', 'x', 'refused')",
        ["R1 trips", "R2 trips"],
    ),
]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_trips(tmp_path_factory.mktemp("refine") / "source", trip_lines())


@pytest.fixture(scope="module")
def right(source: Path) -> dict[str, Any]:
    return run_job(source, source.parent / "right")


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_of_one_load(
    fault: Fault, source: Path, right: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "fault.sql").write_text(fault.sql)
    outcome = run_job(source, tmp_path / "out", hook=f"plant=warehouse:{tmp_path}/fault.sql")
    failed = errors(load(outcome, "findings.v1"))
    assert {key: c["blame"] for key, c in failed.items()} == dict.fromkeys(fault.failing, DEVELOPER)
    assert LOAD_AGAIN in reasons(outcome)
    assert steps(outcome).count("developer.build") == 2 and steps(outcome).count("analyst.map") == 1
    assert (outcome["verdict"], outcome["rounds"], outcome["exit_code"]) == ("validated", 2, 0)
    assert warehouse_rows(Path(outcome["warehouse"])) == warehouse_rows(Path(right["warehouse"]))


def test_a_fault_of_every_load_ends_explained(source: Path, tmp_path: Path) -> None:
    fault = next(f for f in FAULTS if f.name == "truncated decimals")
    (tmp_path / "fault.sql").write_text(fault.sql)
    outcome = run_job(source, tmp_path / "out", hook=f"plant=warehouses:{tmp_path}/fault.sql")
    failed = errors(load(outcome, "findings.v2"))
    assert {key: c["blame"] for key, c in failed.items()} == dict.fromkeys(fault.failing, DEVELOPER)
    assert "59 rows hold another value all the same" in failed[f"R4 {TRIP}.price"]["why"]
    assert steps(outcome).count("developer.build") == 2
    assert reasons(outcome)[-2] == NOTHING_LEFT
    assert (outcome["verdict"], outcome["rounds"], outcome["exit_code"]) == ("findings", 2, 1)


# ---- a key, in the profile that the design is made of ----


def test_a_grain_that_does_not_tell_apart_is_designed_again(
    source: Path, right: dict[str, Any], tmp_path: Path
) -> None:
    profile = load(right, "profile.v1")
    trips = next(t for t in profile["tables"] if t["table"] == "trips")
    wrong = {"columns": ["from_city_id"], "score": "1.00", "evidence": [], "chosen": True}
    trips["keys"] = [wrong, *({**key, "chosen": False} for key in trips["keys"])]
    (tmp_path / "profile.json").write_text(json.dumps(profile))
    outcome = run_job(source, tmp_path / "out", hook=f"plant=profile:{tmp_path}")
    grain = errors(load(outcome, "findings.v1"))[f"R3 {TRIP}"]
    assert (grain["blame"], grain["advice"]) == (
        "analyst",
        {"repair": "key", "table": "trips", "columns": ["from_city_id"]},
    )
    assert steps(outcome).count("analyst.design") == 2
    assert (outcome["verdict"], outcome["rounds"]) == ("validated", 2)
    assert warehouse_rows(Path(outcome["warehouse"])) == warehouse_rows(Path(right["warehouse"]))
    # both contracts stay in the findings: what the files amount to is the same, the grain is not
    kept = {c["subject"]: c for c in load(outcome, "findings.v2")["checks"] if c["check"] == "C1"}
    assert sorted(kept) == ["cities", "trips"] and all(c["passed"] for c in kept.values())
    seats = sum(1 + i % 8 for i in range(60))
    cents = sum((i * 37 % 90 + 5) * 100 + i * 7 % 90 + 10 for i in range(59))
    totals = f"60 records, 0 set aside; price {cents // 100}.{cents % 100:02}; seats {seats}"
    assert kept["trips"]["expected"] == f"contract v1: {totals}; {TRIP}: 60 rows of 8 keys"
    assert kept["trips"]["found"] == f"contract v2: {totals}; {TRIP}: 60 rows of 60 keys"
