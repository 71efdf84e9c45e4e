"""Each kind of repair teaches: what one run had to repair, the next one on files of the same shape gets right at once.

kind          misjudged by                              the Tester's check
date_order    test_knowledge.py
number_marks  the profile, planted                      R4 of the measure
key           the profile, planted                      R3 of the fact
reference     bldr itself: test_references.py           K6 of the foreign key
"""

import json
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from bldr import run, run_job, warehouse_rows
from test_knowledge import change, items, kb
from test_planted import errors, load, trip_lines, write_trips
from test_references import ALL, add_bays, read, write_shipments
from test_refine import PARCELS


def off(source: Path, output: Path) -> dict[str, Any]:
    done = run(
        "run",
        "--source-dir",
        source,
        "--output",
        output,
        "--json",
        "--knowledge",
        "off",
    )
    outcome: dict[str, Any] = json.loads(done.stdout)
    return outcome


# ---- sources and what is planted ----


def write_parcels(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "parcels.csv").write_text(PARCELS)
    return folder


def plant(folder: Path, right: dict[str, Any], table: str, wrong: Callable[[Any], None]) -> str:
    """The hook with which every profile of the table is misjudged so."""
    path = Path(right["folder"]) / "artefacts/profiles" / f"{table}.json"
    profile = json.loads(path.read_text())
    wrong(profile)
    (folder / table).mkdir(parents=True)
    (folder / table / "table_profile.json").write_text(json.dumps(profile))
    return f"plant=table:{folder}"


def points_for_commas(profile: dict[str, Any]) -> None:
    column = next(c for c in profile["columns"] if c["name"] == "weight")
    column["number"] |= {"decimal_mark": ".", "group_mark": ","}


def candidate(column: str, score: str) -> dict[str, Any]:
    return {"columns": [column], "score": score, "evidence": [], "chosen": False}


def city_for_trip(profile: dict[str, Any]) -> None:
    lesser = [{**key, "score": "0.90"} for key in profile["keys"]]  # no tie: examples break those
    profile["keys"] = [candidate("from_city_id", "1.00"), *lesser]


@dataclass
class Kind:
    """fix and columns: what the correction says. checks: the first of those that it mended."""

    repair: str
    write: Callable[[Path], Path]
    table: str
    wrong: Callable[[Any], None] | None
    fix: dict[str, list[str]]
    column: str
    like: dict[str, str]
    check: str


KINDS = [
    Kind(
        "number_marks",
        write_parcels,
        "parcels",
        points_for_commas,
        {"rule_out": ["."], "use": [","]},
        "weight",
        {"name": "weight", "type": "decimal", "mask": "9,9"},
        "R4 fact_parcel.weight",
    ),
    Kind(
        "key",
        lambda folder: write_trips(folder, trip_lines()),
        "trips",
        city_for_trip,
        {"rule_out": ["from_city_id"], "use": ["trip_id"]},
        "from_city_id",
        {"name": "from_city_id", "type": "int64", "mask": "9"},
        "R3 fact_trip",
    ),
    Kind(
        "reference",
        write_shipments,
        "shipments",
        None,
        {"rule_out": ["depots.depot_code"], "use": ["sites.site_code"]},
        "depot_code",
        {"name": "depot_code", "type": "text", "mask": "a9"},
        "K6 shipments.depot_code",
    ),
]
BY_NAME = {kind.repair: kind for kind in KINDS}


@dataclass
class Taught:
    kind: Kind
    source: Path
    output: Path
    hook: str | None
    first: dict[str, Any]


@pytest.fixture(scope="module", params=KINDS, ids=lambda kind: kind.repair)
def lesson(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Taught:
    kind: Kind = request.param
    scratch = tmp_path_factory.mktemp(kind.repair)
    source = kind.write(scratch / "source")
    hook = None
    if kind.wrong is not None:
        hook = plant(scratch / "plant", off(source, scratch / "right"), kind.table, kind.wrong)
    return Taught(kind, source, scratch / "out", hook, run_job(source, scratch / "out", hook))


@pytest.fixture
def taught(lesson: Taught, tmp_path: Path) -> Taught:
    """The same in an output folder of its own."""
    output = Path(shutil.copytree(lesson.output, tmp_path / "out"))
    return Taught(lesson.kind, lesson.source, output, lesson.hook, lesson.first)


# ---- two runs ----


def test_the_first_run_repairs_and_teaches(taught: Taught) -> None:
    kind, first = taught.kind, taught.first
    assert (first["verdict"], first["rounds"]) == ("validated", 2)
    assert first["knowledge"]["applied"] == []
    failed = errors(load(first, "findings.v1"))
    assert failed[kind.check]["advice"]["repair"] == kind.repair
    (item,) = items(taught.output, "correction")
    shown = kb(taught.output, "show", item["id"])
    assert shown["trusted"] is True
    assert shown["body"]["fix"] == {"repair": kind.repair, **kind.fix}
    assert shown["body"]["precondition"]["table"] == kind.table
    assert shown["body"]["precondition"]["columns"] == [kind.like]
    assert {(c["wrong"], c["right"]) for c in shown["body"]["changes"]} == {
        (kind.fix["rule_out"][0], kind.fix["use"][0])
    }


def test_the_evidence_is_checks_that_failed_and_then_passed(taught: Taught) -> None:
    (item,) = items(taught.output, "correction")
    (evidence,) = kb(taught.output, "show", item["id"])["evidence"]
    assert evidence["run"] == taught.first["run"]
    before, after = (
        {f"{c['check']} {c['subject']}": c["passed"] for c in load(taught.first, name)["checks"]}
        for name in ("findings.v1", "findings.v2")
    )
    checks = evidence["evidence"]["checks"]
    assert taught.kind.check in checks
    assert [(before[c], after[c]) for c in checks] == [(False, True)] * len(checks)


def test_the_second_run_is_right_at_once(taught: Taught) -> None:
    kind = taught.kind
    second = run_job(taught.source, taught.output, taught.hook)
    (item,) = items(taught.output, "correction")
    assert (second["verdict"], second["rounds"]) == ("validated", 1)
    assert errors(load(second, "findings.v1")) == {}
    assert second["knowledge"]["applied"] == [
        {
            "id": item["id"],
            "repair": kind.repair,
            "table": kind.table,
            "column": kind.column,
        }
    ]
    assert (item["helped"], item["hurt"]) == (1, 0)
    assert [i["kind"] for i in second["knowledge"]["learned"]] == ["golden"]
    folder = Path(second["folder"])
    stored = json.loads((folder / "run.json").read_text())["knowledge"]
    assert stored["applied"] == second["knowledge"]["applied"]
    changed = "mapping" if kind.repair == "number_marks" else "design"
    report = (folder / "report.html").read_text()
    assert item["id"] in report and f"shown, and changed the {changed}" in report
    assert warehouse_rows(Path(second["warehouse"])) == warehouse_rows(
        Path(taught.first["warehouse"])
    )


def test_without_knowledge_it_is_repaired_again(taught: Taught) -> None:
    done = run(
        *("run", "--source-dir", taught.source, "--output", taught.output, "--json"),
        *("--knowledge", "off"),
        hook=taught.hook,
    )
    assert json.loads(done.stdout)["rounds"] == 2


def test_a_next_export_of_the_same_shape_is_right_at_once(taught: Taught, tmp_path: Path) -> None:
    """Another folder, with one record less, and a file name with another number in it."""
    source = Path(shutil.copytree(taught.source, tmp_path / "next"))
    path = source / f"{taught.kind.table}.csv"
    path.write_text("\n".join(path.read_text().splitlines()[:-1]) + "\n")
    if taught.hook is not None:
        hook = plant(
            tmp_path / "plant",
            off(source, tmp_path / "right"),
            taught.kind.table,
            taught.kind.wrong or (lambda _: None),
        )
    else:
        hook = None
    second = run_job(source, taught.output, hook)
    assert (second["verdict"], second["rounds"]) == ("validated", 1)
    assert len(second["knowledge"]["applied"]) == 1


# ---- a precondition that does not hold ----


def test_a_column_that_looks_otherwise_is_another(taught: Taught) -> None:
    change(
        taught.output,
        f"UPDATE kb_item SET body = replace(body, '\"mask\":\"{taught.kind.like['mask']}\"',"
        ' \'"mask":"a-9"\') WHERE kind = 1',
    )
    second = run_job(taught.source, taught.output, taught.hook)
    assert (second["verdict"], second["rounds"]) == ("validated", 2)
    assert second["knowledge"]["applied"] == []


def test_what_is_judged_right_is_left_alone(taught: Taught, tmp_path: Path) -> None:
    """The files without what misled: what the correction rules out is not what is chosen, or is right by now."""
    if taught.kind.repair == "reference":
        source = write_shipments(tmp_path / "source", depots=ALL)
    else:
        source = taught.source
    second = run_job(source, taught.output)
    assert (second["verdict"], second["rounds"]) == ("validated", 1)
    assert second["knowledge"]["applied"] == []
    assert "correction" in {i["kind"] for i in second["knowledge"]["shown"]}
    right = off(source, tmp_path / "right")
    assert warehouse_rows(Path(second["warehouse"])) == warehouse_rows(Path(right["warehouse"]))


@pytest.mark.parametrize("lesson", KINDS[1:], indirect=True, ids=lambda kind: kind.repair)
def test_it_needs_what_passed_then(taught: Taught, tmp_path: Path) -> None:
    """Without what the Analyst took instead, the choice stays what it would have been, and the Tester's to judge."""
    source, hook = taught.source, taught.hook
    if taught.kind.repair == "reference":
        source = write_shipments(tmp_path / "source", sites=range(1, 20))
    else:
        change(
            taught.output,
            """UPDATE kb_item SET body = replace(body, '"use":["trip_id"]', '"use":["seats"]')""",
        )
    second = run_job(source, taught.output, hook)
    assert second["knowledge"]["applied"] == []
    assert second["verdict"] == "validated"
    assert second["rounds"] == (1 if taught.kind.repair == "reference" else 2)


# ---- a correction that is wrong ----


def forge(output: Path, old: str, new: str) -> str:
    """Rules out the right choice: returns the item's id."""
    (item,) = items(output, "correction")
    ((body,),) = sqlite3.connect(output / "bldr.db").execute(
        "SELECT body FROM kb_item WHERE id = ?", (item["id"],)
    )
    forged = json.loads(body)
    forged["fix"] |= {"rule_out": [new], "use": [old]}
    for like in forged["precondition"]["columns"]:
        like["name"] = new if like["name"] == old else like["name"]
    change(
        output,
        f"UPDATE kb_item SET body = '{json.dumps(forged)}' WHERE id = '{item['id']}'",
    )
    return str(item["id"])


def city_after_trip(profile: dict[str, Any]) -> None:
    profile["keys"] = [*profile["keys"], candidate("from_city_id", "0.90")]


def test_a_correction_that_is_wrong_hurts_once(taught: Taught, tmp_path: Path) -> None:
    """The Tester's word goes before it: the run falls back to what it would have done, and the next is not told."""
    source, hook, kind = taught.source, None, taught.kind
    if kind.repair == "key":
        bad = forge(taught.output, "from_city_id", "trip_id")
        hook = plant(tmp_path / "plant", off(source, tmp_path / "o"), kind.table, city_after_trip)
    elif kind.repair == "reference":
        # not forged: depots lacks one code by now, and sites those of most shipments
        bad = items(taught.output, "correction")[0]["id"]
        source = write_shipments(
            tmp_path / "source",
            depots=range(2, 25),
            sites=range(1, 23),
            many=(23, 24),
            each=40,
        )
    else:
        bad = forge(taught.output, ".", ",")
    right = off(source, tmp_path / "right")
    assert (right["verdict"], right["rounds"]) == ("validated", 1)
    second = run_job(source, taught.output, hook)
    assert [a["id"] for a in second["knowledge"]["applied"]] == []  # not in the round that counts
    assert (second["verdict"], second["rounds"]) == ("validated", 2)
    by_id = {i["id"]: i for i in items(taught.output, "correction")}
    assert (by_id[bad]["helped"], by_id[bad]["hurt"]) == (0, 1)
    assert warehouse_rows(Path(second["warehouse"])) == warehouse_rows(Path(right["warehouse"]))
    third = run_job(source, taught.output, hook)
    assert third["rounds"] == 1
    assert bad not in {i["id"] for i in third["knowledge"]["shown"]}


def test_a_foreign_key_that_is_none_is_left_out_at_once(tmp_path: Path) -> None:
    source, output = (
        write_shipments(tmp_path / "source", code="D{:03}"),
        tmp_path / "out",
    )
    assert run_job(source, output)["rounds"] == 2
    second = run_job(source, output)
    assert (second["verdict"], second["rounds"]) == ("validated", 1)
    (item,) = items(output, "correction")
    assert item["title"] == "shipments.depot_code refers to nothing, not depots.depot_code"
    assert [a["id"] for a in second["knowledge"]["applied"]] == [item["id"]]


def test_a_reference_is_corrected_beside_one_of_two_columns(tmp_path: Path) -> None:
    """What the column with another one beside it refers to is another foreign key, and stays."""
    source, output = write_shipments(tmp_path / "source", code="D{:03}"), tmp_path / "out"
    bays = add_bays(source, code="D{:03}")
    first = run_job(source, output)
    assert (first["verdict"], first["rounds"]) == ("validated", 2)
    assert list(errors(load(first, "findings.v1"))) == ["K6 shipments.depot_code"]
    second = run_job(source, output)
    assert (second["verdict"], second["rounds"]) == ("validated", 1)
    (item,) = items(output, "correction")
    assert item["title"] == "shipments.depot_code refers to nothing, not depots.depot_code"
    assert [a["id"] for a in second["knowledge"]["applied"]] == [item["id"]]
    taken = [
        (n["from_columns"], n["to_table"])
        for n in load(second, "profile.v1")["inclusions"]
        if n["chosen"] and n["from_table"] == "shipments"
    ]
    assert taken == [(["depot_code", "bay_no"], "bays")]
    expected = sorted(
        (int(r["shipment_id"]), int(bays[r["depot_code"], r["bay_no"]].replace(".", "")))
        for r in read(source / "shipments.csv")
    )
    with sqlite3.connect(second["warehouse"]) as db:
        found = db.execute(
            "SELECT shipment_id, length_e1 FROM fact_shipment JOIN dim_bay USING (bay_key) ORDER BY 1"
        ).fetchall()
    assert found == expected
