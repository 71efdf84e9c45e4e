"""Inclusion dependencies of two columns: the counts are DuckDB's, on data with missing values, blanks, orphans and roles."""

import csv
import json
import os
import random
import subprocess
from pathlib import Path
from typing import Any

import duckdb
import pytest

DUMP = Path(os.environ["BLDR_BUILD"]) / "tests" / "ingest" / "ingest_dump"
SHARED = Path(os.environ["BLDR_ROOT"]).parent / "shared" / "data"
PAIRS_MAX = 500  # COMPOSITE_PAIRS_MAX

Row = tuple[Any, ...]


def write(path: Path, header: str, rows: list[Row]) -> None:
    with path.open("w", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(header.split(","))
        writer.writerows(rows)


def profile(folder: Path) -> dict[str, Any]:
    done = subprocess.run([DUMP, "profile", folder], stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def pairs(found: dict[str, Any]) -> list[dict[str, Any]]:
    return [i for i in found["inclusions"] if len(i["from_columns"]) == 2]


def counted(folder: Path, inclusion: dict[str, Any]) -> tuple[int, int, int]:
    """Distinct pairs of the child, those that the parent has, and rows with one that it lacks."""

    def relation(side: str) -> str:
        path = folder / f"{inclusion[side + '_table']}.csv"
        a, b = inclusion[side + "_columns"]
        return (
            f"SELECT nullif(trim(\"{a}\"), '') AS a, nullif(trim(\"{b}\"), '') AS b "
            f"FROM read_csv('{path}', header = true, all_varchar = true)"
        )

    found: tuple[int, int, int] = duckdb.connect().execute(f"""
        WITH child AS (SELECT a, b, count(*) AS n FROM ({relation("from")})
                       WHERE a IS NOT NULL AND b IS NOT NULL GROUP BY a, b),
             parent AS (SELECT DISTINCT a, b FROM ({relation("to")}))
        SELECT count(*), count(p.a), coalesce(sum(c.n) FILTER (WHERE p.a IS NULL), 0)::BIGINT
        FROM child c LEFT JOIN parent p ON c.a = p.a AND c.b = p.b""").fetchall()[0]
    return found


def shop(folder: Path, seed: int) -> dict[tuple[str, tuple[str, ...], str], bool]:
    """A shop with references of two columns; which of them hold for 95 percent of their pairs."""
    rnd = random.Random(seed)
    orders = [(5000 + 3 * i, f"C{i % 40:03}") for i in range(rnd.randrange(150, 400))]
    lines = [(o, k, rnd.randrange(9)) for o, _ in orders for k in range(1, rnd.randrange(2, 7))]
    cities = [
        (country, city, rnd.randrange(1000))
        for country in ("AT", "CH", "DE", "ES", "FR", "IT")
        for city in rnd.sample([f"town {i}" for i in range(30)], 9)
    ]
    write(folder / "orders.csv", "order_no,customer_code", orders)
    write(folder / "order_lines.csv", "order_no,line_no,quantity", lines)
    write(folder / "cities.csv", "country,city,people", cities)
    taken: dict[tuple[str, tuple[str, ...], str], bool] = {}

    def child(table: str, missing: float, key: bool) -> None:
        """Refers to lines, of which the share `missing` is none, some are empty, and some have blanks around them."""
        chosen = rnd.sample(lines, 120)
        wrong = round(missing * len(chosen))
        rows: list[Row] = [(o, k) for o, k, _ in chosen]
        rows[:wrong] = [(orders[i][0], 90 + i) for i in range(wrong)]
        if not key:
            rows += rnd.choices(rows, k=30)
            rows += [("", 1), (orders[0][0], ""), ("", "")]
        rnd.shuffle(rows)
        cells = [(f" {a}" if rnd.random() < 0.1 else a, b) for a, b in rows]
        if key:
            write(folder / f"{table}.csv", "order_no,line_no,note", [(*c, "x") for c in cells])
        else:
            numbered: list[Row] = [(900 + i, *c) for i, c in enumerate(cells)]
            write(folder / f"{table}.csv", f"{table}_id,order_no,line_no", numbered)
        if missing <= 0.25:
            taken[(table, ("order_no", "line_no"), "order_lines")] = missing <= 0.05

    child("shipments", 0, key=False)
    child("refunds", 0.05, key=False)
    child("complaints", 0.1, key=False)
    child("letters", 0.5, key=False)
    child("returns", 0, key=True)
    places = [rnd.choice(cities)[:2] + rnd.choice(cities)[:2] for _ in range(250)]
    write(
        folder / "parcels.csv",
        "parcel_id,from_country,from_city,to_country,to_city",
        [(100 + i, *p) for i, p in enumerate(places)],
    )
    taken[("parcels", ("from_country", "from_city"), "cities")] = True
    taken[("parcels", ("to_country", "to_city"), "cities")] = True
    return taken


@pytest.mark.parametrize("seed", range(8))
def test_counts_are_those_of_duckdb(tmp_path: Path, seed: int) -> None:
    expected = shop(tmp_path, seed)
    found = profile(tmp_path)
    to_parents = {
        (i["from_table"], tuple(i["from_columns"]), i["to_table"]): i["chosen"]
        for i in pairs(found)
        if i["to_table"] in ("order_lines", "cities")
    }
    assert to_parents == expected
    assert "skipped_pairs" not in found
    for i in pairs(found):
        assert (i["distinct"], i["contained"], i["orphan_rows"]) == counted(tmp_path, i), i
        assert i["contained"] >= 0.75 * i["distinct"]
        assert not i["chosen"] or i["contained"] >= 0.95 * i["distinct"]
        assert len(i["evidence"]) > 4
    keys = {t["table"]: k["columns"] for t in found["tables"] for k in t["keys"] if k["chosen"]}
    assert keys["order_lines"] == ["order_no", "line_no"]
    assert keys["cities"] == ["country", "city"]


def test_no_two_refer_to_each_other(tmp_path: Path) -> None:
    """Tables that share one key: every reference that is taken leads down one order of them."""
    rnd = random.Random(3)
    rows = [(o, k) for o in range(4000, 4200) for k in range(1, rnd.randrange(2, 6))]
    for n, name in enumerate(["alpha", "beta", "gamma", "delta", "order_lines"]):
        some = rows if n != 1 else rnd.sample(rows, 100)
        write(tmp_path / f"{name}.csv", "order_no,line_no,v", [(*r, n) for r in some])
    found = profile(tmp_path)
    edges = {(i["from_table"], i["to_table"]) for i in pairs(found) if i["chosen"]}
    assert edges
    assert not {(b, a) for a, b in edges} & edges
    while edges:  # a circle would leave some
        last = {b for _, b in edges} - {a for a, _ in edges}
        assert last, edges
        edges = {(a, b) for a, b in edges if b not in last}


def test_two_hundred_tables(tmp_path: Path) -> None:
    """More pairs than the budget: it is measured to the last, and what was skipped is counted."""
    keyed, others = 100, 100
    lines = [(o, k) for o in range(10, 16) for k in range(1, 4)]
    for i in range(keyed):
        write(
            tmp_path / f"k{i:03}.csv", "order_no,line_no,v", [(*r, i) for r in lines[: 18 - i % 3]]
        )
    for i in range(others):
        write(tmp_path / f"t{i:03}.csv", "row_id,word", [(7000 + r, f"w{i}") for r in range(5)])
    found = profile(tmp_path)
    assert {len(t["keys"][0]["columns"]) for t in found["tables"][:keyed]} == {2}
    assert found["skipped_pairs"] == keyed * (keyed - 1) - PAIRS_MAX
    assert pairs(found)
    assert found == profile(tmp_path)
    for f in pairs(found)[:20]:
        assert (f["distinct"], f["contained"], f["orphan_rows"]) == counted(tmp_path, f), f


@pytest.mark.parametrize("folder", sorted(SHARED.glob("*/data")), ids=lambda p: str(p.parent.name))
def test_shared_sets_have_none(folder: Path) -> None:
    """No truth of the shared sets has a foreign key of two columns, so none may be taken."""
    truth = json.loads((folder.parent / "ground_truth.json").read_text())
    assert all(len(f["from"][1]) == 1 for f in truth["fks"])
    assert [i for i in pairs(profile(folder)) if i["chosen"]] == []
