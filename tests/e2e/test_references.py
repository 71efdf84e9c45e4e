"""A foreign key that the design took wrong goes back to the Analyst, who takes the next one or none.

The files mislead bldr itself, nothing is planted: shipments name a depot by a code; depots.csv has a column of that name
which holds three quarters of the codes, but not those of most shipments. sites.csv holds all of them under another name.
"""

import csv
import datetime
import json
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bldr import run, run_job
from test_planted import errors, load

REFUSED = "the Tester found that most of its records lead nowhere"
ALL = range(1, 25)


def write_shipments(
    folder: Path,
    code: str = "DEP{:03}",
    depots: Iterable[int] = range(1, 19),
    sites: Iterable[int] = ALL,
    many: Iterable[int] = range(19, 25),
    each: int = 10,
) -> Path:
    """24 codes, and which of them depots and sites hold. `each` shipments name each of `many`, two each of the others."""
    folder.mkdir(parents=True)
    named = [n for n in many for _ in range(each)]
    named += [n for n in ALL if n not in many for _ in range(2)]
    first = datetime.date(2024, 1, 20)
    shipments = [
        f"{1001 + i},{code.format(n)},{first + datetime.timedelta(days=i)},"
        f"{i * 37 % 90 + 5}.{i * 7 % 90 + 10}"
        for i, n in enumerate(named)
    ]
    for name, header, lines in (
        (
            "sites",
            "site_code,city",
            [f"{code.format(n)},City {chr(64 + n)}" for n in sites],
        ),
        (
            "depots",
            "depot_code,name",
            [f"{code.format(n)},Depot {chr(64 + n)}" for n in depots],
        ),
        ("shipments", "shipment_id,depot_code,day,weight", shipments),
    ):
        (folder / f"{name}.csv").write_text("\n".join([header, *lines]) + "\n")
    return folder


def add_bays(source: Path, code: str = "DEP{:03}") -> dict[tuple[str, str], str]:
    """Each depot has one to four bays, and each shipment names one of its depot's. Returns the bays' lengths."""
    bays = {
        (code.format(n), str(bay)): f"{n * 7 % 13 + 10}.5"
        for n in ALL
        for bay in range(1, 2 + n % 4)
    }
    lines = [",".join([*bay, length]) for bay, length in bays.items()]
    (source / "bays.csv").write_text("\n".join(["depot_code,bay_no,length", *lines]) + "\n")
    shipments = read(source / "shipments.csv")
    for i, shipment in enumerate(shipments):
        own = [bay for depot, bay in bays if depot == shipment["depot_code"]]
        shipment["bay_no"] = own[i % len(own)]
    with (source / "shipments.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, shipments[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(shipments)
    return bays


def told_of(outcome: dict[str, Any]) -> dict[str, Any]:
    """K6 of the depot of a run that was right at once."""
    assert (outcome["verdict"], outcome["rounds"]) == ("validated", 1)
    (told,) = (
        c
        for c in load(outcome, "findings.v1")["checks"]
        if (c["check"], c["subject"]) == ("K6", "shipments.depot_code")
    )
    found: dict[str, Any] = told
    return found


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_the_runner_up_of_a_foreign_key_is_taken(tmp_path: Path) -> None:
    source = write_shipments(tmp_path / "source")
    outcome = run_job(source, tmp_path / "out")
    failed = errors(load(outcome, "findings.v1"))
    assert list(failed) == ["K6 shipments.depot_code"]
    finding = failed["K6 shipments.depot_code"]
    assert (finding["blame"], finding["advice"]) == (
        "analyst",
        {
            "repair": "reference",
            "table": "shipments",
            "column": "depot_code",
            "to": "depots",
            "to_column": "depot_code",
        },
    )
    assert "60 of 96 records name 6 keys" in finding["found"]
    assert "most are codes of sites.site_code" in finding["why"]
    steps = [d["next"] for d in outcome["decisions"]]
    assert steps.count("analyst.design") == 2
    assert (outcome["verdict"], outcome["rounds"]) == ("validated", 2)
    refused = [
        n
        for n in load(outcome, "profile.v2")["inclusions"]
        if n["from_columns"] == ["depot_code"] and n["to_table"] == "depots"
    ]
    assert len(refused) == 1 and not refused[0]["chosen"]
    assert refused[0]["evidence"][-1] == f"not taken: {REFUSED}"
    cities = {r["site_code"]: r["city"] for r in read(source / "sites.csv")}
    expected = sorted(
        (int(r["shipment_id"]), cities[r["depot_code"]]) for r in read(source / "shipments.csv")
    )
    with sqlite3.connect(outcome["warehouse"]) as db:
        found = db.execute(
            "SELECT shipment_id, city FROM fact_shipment JOIN dim_site USING (site_key) ORDER BY 1"
        ).fetchall()
    assert found == expected


def test_without_a_runner_up_the_foreign_key_is_dropped(tmp_path: Path) -> None:
    """Codes of four characters may meet by chance: bldr does not take sites.site_code for what they refer to."""
    source = write_shipments(tmp_path / "source", code="D{:03}")
    outcome = run_job(source, tmp_path / "out")
    assert list(errors(load(outcome, "findings.v1"))) == ["K6 shipments.depot_code"]
    assert (outcome["verdict"], outcome["rounds"]) == ("validated", 2)
    kept = {f"{c['check']} {c['subject']}": c for c in load(outcome, "findings.v2")["checks"]}
    told = kept["K6 shipments.depot_code"]
    assert told["passed"]
    assert told["expected"] == 'no foreign key, or every key is in a record of "depots"'
    assert told["found"].startswith("the design before took it for one, and was sent back")
    with sqlite3.connect(outcome["warehouse"]) as db:
        found = db.execute("SELECT shipment_id, depot_code FROM fact_shipment").fetchall()
    assert sorted(found) == sorted(
        (int(r["shipment_id"]), r["depot_code"]) for r in read(source / "shipments.csv")
    )


def test_what_is_left_when_the_rounds_are_used_up_is_explained(tmp_path: Path) -> None:
    source = write_shipments(tmp_path / "source")
    done = run(
        *("run", "--source-dir", source, "--output", tmp_path / "out", "--json"),
        *("--rounds", "1"),
    )
    outcome = json.loads(done.stdout)
    assert (outcome["verdict"], outcome["exit_code"]) == ("findings", 1)
    assert outcome["decisions"][-2]["reason"] == "the rounds are used up"
    finding = errors(load(outcome, "findings.v1"))["K6 shipments.depot_code"]
    assert finding["blame"] == "analyst" and "the wrong table" in finding["why"]
    assert outcome["knowledge"]["learned"] == []


def test_a_foreign_key_that_a_person_names_is_not_doubted(tmp_path: Path) -> None:
    source = write_shipments(tmp_path / "source")
    (source / "bldr.json").write_text(
        '{"tables": {"shipments": {"foreign_keys": [{"columns": ["depot_code"], "to": "depots",'
        ' "to_columns": ["depot_code"]}]}}}'
    )
    told = told_of(run_job(source, tmp_path / "out"))
    assert (told["severity"], told["blame"]) == ("warning", "data")


def test_few_keys_in_many_records_are_a_defect_of_the_data(tmp_path: Path) -> None:
    """Most shipments name the one depot that nobody has listed: that is no reason to doubt the rest."""
    source = write_shipments(tmp_path / "source", depots=ALL)
    (source / "sites.csv").unlink()
    lines = (source / "shipments.csv").read_text().splitlines()
    for i in range(1, 61):
        parts = lines[i].split(",")
        lines[i] = ",".join([parts[0], "DEP999", *parts[2:]])
    (source / "shipments.csv").write_text("\n".join(lines) + "\n")
    told = told_of(run_job(source, tmp_path / "out"))
    assert (told["passed"], told["severity"]) == (False, "warning")
    assert told["found"].startswith("60 of 96 records name 1 key")
