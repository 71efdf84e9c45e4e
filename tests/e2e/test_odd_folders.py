"""Folders that real people have: a broken file among good ones, nothing in a file, names that are hard to keep.

Promise: a run over any of them ends with its verdict, loses no record in silence, says what it left out, and leaves
notebooks that are Python. All numbers are by hand; jaffle_shop has 100 customers, 99 orders and 113 payments.
"""

import json
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from bldr import JAFFLE, run

JAFFLE_ROWS = {"dim_raw_customer": 100, "fact_raw_order": 99, "fact_raw_payment": 113}
BARE_ROWS = {"dim_customer": 100, "fact_order": 99, "fact_payment": 113}

RAGGED = 200_000
# A column of the file, as its header writes it, and the column of the star that holds it.
ODD_NAMES = {
    "select": "select",
    "order": "order",
    "group": "group",
    '"from ""x"""': "from_x",
    "a.b": "a_b",
    "Größe": "gr_e",
    "名前": "column",
    "with blank": "with_blank",
    " lead": "lead",
    '"com,ma"': "com_ma",
    "back`tick": "back_tick",
    "'q'": "q",
    "table": "table",
    "x\ty": "x_y",
    "$1": "c1",
    "{{x}}": "x",
    "\\n": "n",
}


def lines(header: str, *records: str) -> str:
    return "".join(f"{line}\n" for line in (header, *records))


@dataclass
class Folder:
    """What lies beside jaffle_shop (or alone), and what must come of it."""

    name: str
    files: dict[str, str]
    rows: dict[str, int]
    said: list[str] = field(default_factory=list)
    warnings: int = 0
    errors: int = 0
    jaffle: bool = True

    def write(self, to: Path) -> Path:
        to.mkdir()
        for path in JAFFLE.glob("*.csv") if self.jaffle else ():
            (to / path.name).write_bytes(path.read_bytes())
        for name, text in self.files.items():
            (to / name).write_bytes(text.encode())
        return to


FOLDERS = [
    Folder(
        "every record of a file is ragged",
        {"ragged.csv": lines("a,b,c", *["1,2"] * RAGGED)},
        {**JAFFLE_ROWS, "fact_ragged": 0},
        [
            f"warning: R1 ragged: {RAGGED} of {RAGGED} records rejected",
            "1 errors, 1 warnings",
            f"error: Q1 ragged: {RAGGED} of {RAGGED} records set aside",
        ],
        warnings=1,
        errors=1,
    ),
    Folder(
        "one record of a file is ragged",
        {"notes.csv": lines("note_id,who", "1,x", "2", "3,y")},
        {**JAFFLE_ROWS, "dim_note": 2},
        ["warning: R1 notes: 1 of 3 records rejected"],
        warnings=1,
    ),
    Folder(
        "a header and no record",
        {"header_only.csv": lines("id,name,when")},
        {**JAFFLE_ROWS, "fact_header_only": 0},
    ),
    Folder(
        "an empty file",
        {"empty.csv": ""},
        BARE_ROWS,
        ['not read: "empty.csv" (empty: it has no header)'],
    ),
    Folder(
        "a single column",
        {"single.csv": lines("code", *(f"X{i}" for i in range(50)))},
        {**JAFFLE_ROWS, "dim_single": 50},
    ),
    Folder(
        "no key, and the same record many times",
        {"clicks.csv": lines("who,what", *["ann,click", "bob,click"] * 15)},
        {**JAFFLE_ROWS, "fact_click": 30},
    ),
    Folder(
        "a copy of a file",
        {"raw_customers_copy.csv": (JAFFLE / "raw_customers.csv").read_text()},
        {**BARE_ROWS, "dim_customers_copy": 100},
    ),
    Folder(
        "300 columns",
        {
            "wide.csv": lines(
                ",".join(["id", *(f"c{i}" for i in range(299))]),
                *(",".join([str(r), *(str(r * i % 7) for i in range(299))]) for r in range(40)),
            )
        },
        {**JAFFLE_ROWS, "dim_wide": 40},
    ),
    Folder(
        "tables with the names of SQL words, with blanks, dots and hyphens",
        {
            "select.csv": lines("id,value", "1,one", "2,two"),
            "Order.csv": lines("select_id,order,n", "1,a,1", "2,b,2", "1,c,3"),
            "a.csv": lines("id,x", "1,2", "2,4"),
            "a-b.csv": lines(
                "id,x", "1,2", "2,4", "3,5"
            ),  # before a.csv as a file, behind as a table
            "o'brien; drop table.csv": lines("id,x", "1,2"),
            "2024.csv": lines("id,x", "1,2", "2,4"),
            "名前.csv": lines("id,x", "1,2"),
        },
        {
            "dim_select": 2,
            "fact_order": 3,
            "dim_a": 2,
            "dim_a_b": 3,
            "dim_o_brien_drop_table": 1,
            "dim_t_2024": 2,
            "dim_t": 1,
        },
        jaffle=False,
    ),
    Folder(
        "two tables of one thing, and one that has the name of the other's target",
        {
            "customer.csv": lines("id,name", "1,a", "2,b"),
            "customers.csv": lines("id,name", "7,x"),
            "shop.csv": lines("id,name", "1,a", "2,b"),
            "dim_shop.csv": lines("id,name", "7,x"),
        },
        {"dim_customer": 2, "dim_customers": 1, "dim_shop_2": 2, "dim_dim_shop": 1},
        jaffle=False,
    ),
    Folder(
        "calendars of its own that are none",
        {
            "date.csv": lines("id,name", "1,a", "2,b"),
            "calendar.csv": lines("id,name", "1,x", "2,y"),
            "sales.csv": lines("id,day,amount", "1,2023-01-01,2.5", "2,2023-01-02,3.0"),
        },
        {"dim_date": 2, "dim_calendar": 2, "dim_calendar_2": 365, "fact_sale": 2},
        jaffle=False,
    ),
    Folder(
        "a column that has the stored name of another",
        {
            "sales.csv": lines(
                "id,day,amount,amount_e2", "1,2023-01-01,2.55,7", "2,2023-01-02,3.10,8"
            )
        },
        {"dim_date": 365, "fact_sale": 2},
        jaffle=False,
    ),
    Folder(
        "names as long as nobody writes them",
        {"long.csv": lines("id," + "n" * 5000 + "," + "n" * 4999 + "x", "1,2,3", "2,3,4")},
        {"fact_long": 2},
        jaffle=False,
    ),
    Folder(
        "odd column names",
        {
            "odd names.csv": lines(
                ",".join(["id", *ODD_NAMES]),
                *(
                    ",".join([str(r), *(f"v{r % 4}_{c}" for c in range(len(ODD_NAMES)))])
                    for r in range(40)
                ),
            )
        },
        {**JAFFLE_ROWS, "dim_odd_name": 40},
    ),
]


@dataclass
class Done:
    said: str
    folder: Path
    outcome: dict[str, Any]

    def artefact(self, path: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "artefacts" / path).read_text())
        return found

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with sqlite3.connect(f"file:{self.folder / 'warehouse.db'}?mode=ro", uri=True) as db:
            return db.execute(sql).fetchall()


def run_folder(case: Folder, tmp_path: Path) -> Done:
    done = run("run", "--source-dir", case.write(tmp_path / "source"), "--output", tmp_path / "out")
    assert done.returncode == (case.errors > 0), done.stdout + done.stderr
    assert "Sanitizer" not in done.stderr
    shown = run("runs", "show", "--output", tmp_path / "out", "--json")
    outcome = json.loads(shown.stdout)
    return Done(done.stdout, Path(outcome["folder"]), outcome)


def by_name(name: str) -> Folder:
    return next(case for case in FOLDERS if case.name == name)


@pytest.mark.parametrize("case", FOLDERS, ids=lambda case: case.name.replace(" ", "-"))
def test_it_ends_and_says_what_it_left_out(case: Folder, tmp_path: Path) -> None:
    done = run_folder(case, tmp_path)
    assert done.said.startswith("findings: " if case.errors else "validated: ")
    for words in case.said:
        assert words in done.said
    assert (done.outcome["errors"], done.outcome["warnings"]) == (case.errors, case.warnings)
    tables = {t["name"]: t["rows"] for t in done.outcome["tables"]}
    assert {name: tables.get(name) for name in case.rows} == case.rows
    assert set(tables) - set(case.rows) <= {"dim_date"}
    assert ("not read" in done.said) == any("not read" in words for words in case.said)
    for path in (done.folder / "pipeline").rglob("*.py"):
        compile(path.read_text(), path, "exec")


def test_a_file_of_bad_records_is_counted_shown_in_part_and_kept(tmp_path: Path) -> None:
    done = run_folder(by_name("every record of a file is ragged"), tmp_path)
    profile = done.artefact("profiles/ragged.json")
    assert (profile["rows"], profile["rejected_rows"], len(profile["rejected"])) == (0, RAGGED, 20)
    assert [r["line"] for r in profile["rejected"]] == list(range(2, 22))
    assert sum(p.stat().st_size for p in (done.folder / "artefacts").rglob("*.json")) < 1_000_000

    kept = "SELECT count(*), min(line), max(line), count(DISTINCT raw) FROM bldr_quarantine"
    assert done.query(kept) == [(RAGGED, 2, RAGGED + 1, 1)]
    layer = "SELECT read, loaded, rejected FROM bldr_layer WHERE source_table = 'ragged'"
    assert done.query(layer) == [(RAGGED, 0, RAGGED)]

    checks = done.artefact("findings.v1.json")["checks"]
    share, failed = (f for f in checks if not f["passed"] and f["severity"] != "info")
    assert (share["check"], share["severity"], share["blame"]) == ("Q1", "error", "data")
    assert (failed["check"], failed["severity"], failed["blame"]) == ("R1", "warning", "data")
    assert failed["samples"] == [f"ragged.csv:{n}: 2 fields instead of 3" for n in range(2, 7)]
    report = (done.folder / "report.html").read_text()
    assert "200,000 rejected records" in report and "199,980 more" in report


def test_a_star_of_columns_with_odd_names_holds_their_values(tmp_path: Path) -> None:
    done = run_folder(by_name("odd column names"), tmp_path)
    columns = [row[1] for row in done.query("PRAGMA table_info(dim_odd_name)")]
    lineage = ["_source_file", "_source_line"]
    assert columns == ["odd_name_key", "odd_name_id", *ODD_NAMES.values(), *lineage]
    names = ", ".join(f'"{name}"' for name in ODD_NAMES.values())
    row = done.query(f"SELECT {names} FROM dim_odd_name WHERE odd_name_id = 7")
    assert row == [tuple(f"v3_{c}" for c in range(len(ODD_NAMES)))]


def test_a_column_beside_one_with_its_stored_name(tmp_path: Path) -> None:
    done = run_folder(by_name("a column that has the stored name of another"), tmp_path)
    told = "SELECT amount, sale_amount_e2 FROM v_fact_sale ORDER BY sale_id"
    assert done.query(told) == [("2.55", 7), ("3.10", 8)]


def test_all_files_bad_or_empty(tmp_path: Path) -> None:
    """Nothing could be read: each is said, none is left out in silence."""
    source, output = tmp_path / "source", tmp_path / "out"
    source.mkdir()
    (source / "empty.csv").write_text("")
    done = run("run", "--source-dir", source, "--output", output)
    assert done.returncode == 2
    assert "holds no file that is read as a table" in done.stdout and "empty.csv" in done.stdout
    (source / "ragged.csv").write_text(lines("a,b,c", *["1,2"] * 20))
    done = run("run", "--source-dir", source, "--output", output)
    assert done.returncode == 1
    assert "error: Q1 ragged: 20 of 20 records set aside" in done.stdout
    assert "warning: R1 ragged: 20 of 20 records rejected" in done.stdout
    assert 'not read: "empty.csv"' in done.stdout
