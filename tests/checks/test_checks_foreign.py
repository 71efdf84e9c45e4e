"""Foreign keys of the files, each told once: how many records lead nowhere and where, whatever is read over them.

Clients lead to their area, which is flattened, and have a mail; one stands twice. Visits lead to a client by number, and by
the same column to a badge; what is wrong with each key is written here by hand.
"""

import sqlite3
from pathlib import Path
from typing import Any

import checks_probe
import pytest
from make_warehouse import insert, make_case, surrogate
from shop import column, generated, of, table
from test_checks_faults import run_sql

FILES = {
    "areas": "area,name\nA,Alp\nB,Bay\n",
    "badges": "badge,colour\n1,red\n2,blue\n7,grey\n9,pink\n",
    "clients": "client,area\n1,A\n2,C\n3,\n2,C\n",  # line 3 is removed: line 5 counts
    "rooms": "room,size\nx,3\ny,4\n",
    "visits": "visit,client\n10,1\n11,2\n12,8\n13,n/a\n14,8\n15,9\n16,3\n",
}
KEY = {n: surrogate("dim_client", str(n)) for n in (1, 2, 3)}
AREA = {name: surrogate("dim_area", name) for name in ("Alp", "Bay")}


def hop(name: str, own: str, to: str, to_column: str) -> dict[str, Any]:
    return {"table": name, "columns": [own], "to_table": to, "to_columns": [to_column]}


def over(column_: str, *hops: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "path", "table": hops[-1]["to_table"], "column": column_, "hops": list(hops)}


TO_AREA = hop("clients", "area", "areas", "area")
TO_CLIENT = hop("visits", "client", "clients", "client")
TO_BADGE = hop("visits", "client", "badges", "badge")


def design() -> dict[str, Any]:
    tables = [
        table(
            "dim_area",
            "dimension",
            ["area"],
            column("area_key", "surrogate_key", "int64", generated("surrogate_key")),
            column("area", "business_key", "text", of("areas", "name")),
            source="areas",
        ),
        table(
            "dim_client",
            "dimension",
            ["client"],
            column("client_key", "surrogate_key", "int64", generated("surrogate_key")),
            column("client", "business_key", "int64", of("clients", "client")),
            column("area_name", "attribute", "text", over("name", TO_AREA)),
            source="clients",
            dedup="last",
        ),
        table(
            "fact_visit",
            "fact",
            ["visit"],
            column("visit", "degenerate", "int64", of("visits", "visit")),
            column(
                "client_key",
                "dimension_key",
                "int64",
                of("visits", "client"),
                dimension="dim_client",
            ),
            column(
                "area_key",
                "dimension_key",
                "int64",
                over("name", TO_CLIENT, TO_AREA),
                dimension="dim_area",
            ),
            column("colour", "degenerate", "text", over("colour", TO_BADGE)),
            source="visits",
        ),
    ]
    rooms = {"table": "rooms", "role": "unused", "key": [], "reason": "too wide by hand"}
    return {
        "artefact": "design",
        "head": {"version": 1, "inputs": []},
        "sources": [{**rooms, "alternatives": []}],
        "tables": tables,
    }


def fill(db: sqlite3.Connection) -> None:
    areas: list[tuple[Any, ...]] = [(-1, "Unknown", None, None), (-2, "Not applicable", None, None)]
    areas += [(AREA[name], name, "areas.csv", line) for name, line in (("Alp", 2), ("Bay", 3))]
    insert(db, "dim_area", areas)
    clients: list[tuple[Any, ...]] = [(-1, None, "Unknown", None, None)]
    clients.append((-2, None, "Not applicable", None, None))
    for client, area, line in ((1, "Alp", 2), (2, None, 5), (3, None, 4)):
        clients.append((KEY[client], client, area, "clients.csv", line))
    insert(db, "dim_client", clients)
    # client 1 is in Alp, 2 in an area that is not there, 3 in none; 8 and 9 are no clients
    leads = [(KEY[1], AREA["Alp"], "red"), (KEY[2], -1, "blue"), (-1, -1, None), (-2, -2, None)]
    leads += [(-1, -1, None), (-1, -1, "pink"), (KEY[3], -2, None)]
    visits = [(10 + i, *led, "visits.csv", 2 + i) for i, led in enumerate(leads)]
    insert(db, "fact_visit", visits)
    counts = {"areas": (2, 2, 0, 0), "badges": (4, 4, 0, 0), "clients": (4, 3, 0, 1)}
    counts["visits"] = (7, 7, 0, 0)
    insert(db, "bldr_layer", [(name, f"{name}.csv", *n) for name, n in counts.items()])
    removed = ("clients", "clients.csv", 3, 0, "again", "", "", "duplicate")
    insert(db, "bldr_quarantine", [removed])


@pytest.fixture
def case(tmp_path: Path) -> Path:
    """The right warehouse, its files in source beside it."""
    source, case = tmp_path / "source", tmp_path / "case"
    source.mkdir()
    case.mkdir()
    for name, text in FILES.items():
        (source / f"{name}.csv").write_text(text, encoding="utf-8")
    make_case(case, source, design(), fill, kept_out={"dim_client": 1})
    checks_probe.contract(case, source)
    return case


def findings(case: Path) -> dict[str, dict[str, Any]]:
    found = checks_probe.findings(case, case.parent / "source")
    return {f"{f['check']} {f['subject']}": f for f in found["checks"]}


@pytest.fixture
def checks(case: Path) -> dict[str, dict[str, Any]]:
    return findings(case)


def test_each_key_is_told_once(checks: dict[str, dict[str, Any]]) -> None:
    told = {name: f for name, f in checks.items() if not f["passed"] and name[0] in "KNTRV"}
    assert {name: (f["severity"], f["found"]) for name, f in told.items()} == {
        "K6 clients.area": (
            "warning",
            '2 of 4 records name 1 key that no record of "areas" holds, '
            "1 of them in duplicates that were removed: lines 3, 5",
        ),
        "K6 clients.area null": ("info", '1 of 4 records have no key of "areas": line 4'),
        "K6 visits.client -> badges.badge": (
            "warning",
            '3 of 7 records name 2 keys that no record of "badges" holds: lines 4, 6, 8',
        ),
        "K6 visits.client -> badges.badge null": (
            "info",
            '1 of 7 records have no key of "badges": line 5',
        ),
        "K6 visits.client -> clients.client": (
            "warning",
            '3 of 7 records name 2 keys that no record of "clients" holds: lines 4, 6, 7',
        ),
        "K6 visits.client -> clients.client null": (
            "info",
            '1 of 7 records have no key of "clients": line 5',
        ),
        "R2 clients": (
            "warning",
            "1 of 4 well-formed records left out: 1 as copies of the record that counts (line 3)",
        ),
        "V1 rooms unused": (
            "warning",
            "2 records of rooms.csv are in no table: too wide by hand",
        ),
    }
    assert told["K6 visits.client -> clients.client"]["samples"] == [
        f'visits.csv:{line}: client={key} is in no record of "clients"'
        for line, key in ((4, 8), (6, 8), (7, 9))
    ]


def test_what_follows_names_the_key(checks: dict[str, dict[str, Any]]) -> None:
    follows = {
        "K5 fact_visit.client_key": "3 since visits.client -> clients.client leads nowhere (K6)",
        "N1 fact_visit.colour": "3 since visits.client -> badges.badge leads nowhere (K6)",
        "K5 fact_visit.area_key": "1 since clients.area leads nowhere (K6), "
        "3 since visits.client -> clients.client leads nowhere (K6)",
        "N1 dim_client.area_name": "1 since clients.area leads nowhere (K6)",
    }
    for name, words in follows.items():
        assert checks[name]["passed"], name
        assert checks[name]["found"].endswith(f"; {words}")


def test_a_key_over_two_files_is_unknown_where_either_hop_leads_nowhere(case: Path) -> None:
    """By hand from the files: visit 11 over its client's area, 12, 14 and 15 over the client; 13 and 16 have no key."""
    visits = next(
        t for t in checks_probe.load(case, "contract")["tables"] if t["table"] == "fact_visit"
    )
    assert next(r for r in visits["references"] if r["column"] == "area_key") == {
        "column": "area_key",
        "dimension": "dim_area",
        "resolved": 1,
        "orphans": 4,
        "nulls": 2,
        "missed": 4,
    }


@pytest.mark.parametrize(
    ("visit", "value"),
    [(11, -2), (12, -2), (13, -1), (16, -1)],
    ids=["second hop nowhere", "first hop nowhere", "first hop null", "second hop null"],
)
def test_a_warehouse_that_mixes_unknown_and_none_is_found(
    case: Path, visit: int, value: int
) -> None:
    for name in ("warehouse.db", "reloaded.db"):
        run_sql(case / name, f"UPDATE fact_visit SET area_key = {value} WHERE visit = {visit}")
    failed = {k for k, f in findings(case).items() if not f["passed"] and f["severity"] == "error"}
    assert failed == {f"{check} fact_visit.area_key" for check in ("K3", "K5", "N1")}
