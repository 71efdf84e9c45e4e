"""Tables that set duplicates aside: which record counts is written here by hand, as are the star and its faults.

Users stand twice byte for byte (line 6), in an older version above the valid one (line 2) and below it (line 7), and
with no version at all (line 8). Sales repeat one line (5), without a version column. Sales lead to users by id, and by
mail to the record that counts.
"""

import sqlite3
from pathlib import Path
from typing import Any

import checks_probe
import pytest
from make_warehouse import insert, make_case, surrogate
from shop import column, generated, of, table
from test_checks_faults import ANALYST, DATA, DEVELOPER, run_sql

USERS = """id,mail,city,updated
1,old@x,Bonn,2024-01-05 10:00:00
2,b@x,Ulm,2024-01-01 00:00:00
1,a@x,Berlin,2024-03-01 00:00:00
3,c@x,Jena,2024-02-01 00:00:00
2,b@x,Ulm,2024-01-01 00:00:00
3,c2@x,Gera,2024-01-31 23:59:59
3,c3@x,Suhl,n/a
"""
SALES = """id,user,mail,amount,when
10,1,a@x,"1.234,50 €",05.01.2024 09:30
11,2,b@x,"0,50 €",31.01.2024 10:00
12,9,c@x,"7,00 €",01.02.2024 00:00
11,2,b@x,"0,50 €",31.01.2024 10:00
13,3,c2@x,"12,25 €",
"""
CITY = {
    "kind": "path",
    "table": "users",
    "column": "city",
    "hops": [{"table": "sales", "columns": ["mail"], "to_table": "users", "to_columns": ["mail"]}],
}


def design() -> dict[str, Any]:
    tables = [
        table(
            "dim_user",
            "dimension",
            ["id"],
            column("user_key", "surrogate_key", "int64", generated("surrogate_key")),
            column("id", "business_key", "int64", of("users", "id")),
            column("city", "attribute", "text", of("users", "city")),
            source="users",
            dedup="last",
            version_column="updated",
        ),
        table(
            "fact_sale",
            "fact",
            ["sale_id"],
            column("sale_id", "degenerate", "int64", of("sales", "id")),
            column("user_key", "dimension_key", "int64", of("sales", "user"), dimension="dim_user"),
            column("mail_city", "degenerate", "text", CITY),
            column("amount", "measure", "decimal(10,2)", of("sales", "amount")),
            column("when", "degenerate", "timestamp_ntz", of("sales", "when")),
            source="sales",
            dedup="last",
        ),
    ]
    return {
        "artefact": "design",
        "head": {"version": 1, "inputs": []},
        "sources": [],
        "tables": tables,
    }


KEY = {n: surrogate("dim_user", str(n)) for n in (1, 2, 3)}
WHEN = "2024-01-{}:00.000000"


def fill(db: sqlite3.Connection) -> None:
    insert(
        db,
        "dim_user",
        [
            (-1, None, "Unknown", None, None),
            (-2, None, "Not applicable", None, None),
            (KEY[1], 1, "Berlin", "users.csv", 4),
            (KEY[2], 2, "Ulm", "users.csv", 6),
            (KEY[3], 3, "Jena", "users.csv", 5),
        ],
    )
    insert(
        db,
        "fact_sale",
        [
            (10, KEY[1], "Berlin", 123450, "2024-01-05T09:30:00.000000", "sales.csv", 2),
            (12, -1, "Jena", 700, "2024-02-01T00:00:00.000000", "sales.csv", 4),
            (11, KEY[2], "Ulm", 50, "2024-01-31T10:00:00.000000", "sales.csv", 5),
            (13, KEY[3], None, 1225, None, "sales.csv", 6),
        ],
    )
    insert(
        db,
        "bldr_layer",
        [("sales", "sales.csv", 5, 4, 0, 1), ("users", "users.csv", 7, 3, 0, 4)],
    )
    places = [("users", 2), ("users", 3), ("users", 7), ("users", 8), ("sales", 3)]
    insert(
        db,
        "bldr_quarantine",
        [(name, f"{name}.csv", line, 0, "again", "", "", "duplicate") for name, line in places],
    )


@pytest.fixture
def made(tmp_path: Path) -> tuple[Path, Path]:
    source, case = tmp_path / "source", tmp_path / "case"
    source.mkdir()
    case.mkdir()
    (source / "users.csv").write_text(USERS, encoding="utf-8")
    (source / "sales.csv").write_text(SALES, encoding="utf-8")
    make_case(case, source, design(), fill, kept_out={"dim_user": 4, "fact_sale": 1})
    checks_probe.contract(case, source)
    return case, source


def failed_in(made: tuple[Path, Path]) -> dict[str, dict[str, Any]]:
    found = checks_probe.findings(*made)
    return {f"{f['check']} {f['subject']}": f for f in found["checks"] if not f["passed"]}


DEFECTS = {
    "R2 users": "warning",
    "R2 sales": "warning",
    "K6 sales.user": "warning",
    "K6 sales.mail": "warning",  # c2@x is a record that was set aside
    "S2 users.updated": "info",
}


def test_of_each_key_the_latest_record_counts(made: tuple[Path, Path]) -> None:
    failed = failed_in(made)
    assert {key: f["severity"] for key, f in failed.items()} == DEFECTS
    users, sales = failed["R2 users"], failed["R2 sales"]
    assert users["found"] == (
        "4 of 7 well-formed records left out: 1 as copies of the record that counts (line 3); "
        "3 as other versions of the record that counts (lines 2, 7, 8)"
    )
    assert users["blame"] == DATA
    assert users["samples"] == [
        f'users.csv:{line}: "dim_user": a duplicate, line {kept} of the same key counts'
        for line, kept in ((2, 4), (3, 6), (7, 5), (8, 5))
    ]
    assert sales["found"] == (
        "1 of 5 well-formed records left out: 1 as copies of the record that counts (line 3)"
    )
    assert failed["K6 sales.mail"]["samples"] == [
        'sales.csv:6: mail=c2@x is in no record of "users"'
    ]


def test_the_contract_tells_what_was_removed(made: tuple[Path, Path]) -> None:
    contract = checks_probe.load(made[0], "contract")
    counts = {s["table"]: (s["rows"], s["left_out"], s["duplicates"]) for s in contract["sources"]}
    assert counts == {"users": (7, 4, 4), "sales": (5, 1, 1)}
    sale = contract["tables"][1]
    amount = sale["measures"][0]
    assert (sale["rows"], sale["left_out"], sale["grain_distinct"]) == (4, 1, 4)
    assert (amount["sum"], amount["left_out"]) == ("1254.25", "0.50")


# name, SQL for both loads, what fails with severity error, who is to blame
PLANTED = [
    (
        "an older version counts",
        "UPDATE dim_user SET city = 'Bonn' WHERE id = 1",
        {"X2 dim_user.city"},
        ANALYST,
    ),
    (
        "an older version counts, and says so",
        "UPDATE dim_user SET city = 'Bonn', _source_line = 2 WHERE id = 1",
        {"X2 dim_user.city"},
        ANALYST,
    ),
    (
        "a join leads to one",
        "UPDATE fact_sale SET mail_city = 'Gera' WHERE sale_id = 13",
        {"X2 fact_sale.mail_city", "N1 fact_sale.mail_city"},
        ANALYST,
    ),
    (
        "one is loaded too",
        'INSERT INTO fact_sale SELECT 110, user_key, mail_city, amount_e2, "when", '
        "_source_file, 3 FROM fact_sale WHERE sale_id = 11",
        {
            "L1 fact_sale",
            "R2 fact_sale",
            "R3 fact_sale",
            "R4 fact_sale.amount",
            "R4 fact_sale.amount by user_key",
            "X2 fact_sale.sale_id",
            "X2 fact_sale.when",
        },
        DEVELOPER,
    ),
    (
        "they are called refused",
        "UPDATE bldr_quarantine SET kind = 'refused' WHERE path = 'users.csv'",
        {"R1 users"},
        DEVELOPER,
    ),
    (
        "they are counted as rejected",
        "UPDATE bldr_layer SET rejected = 4, duplicates = 0 WHERE path = 'users.csv'",
        {"R1 users", "R2 users"},
        DEVELOPER,
    ),
    (
        "one is not told",
        "DELETE FROM bldr_quarantine WHERE path = 'sales.csv'",
        {"R1 sales", "R2 sales"},
        DEVELOPER,
    ),
    (
        "the record that counts is set aside too",
        "INSERT INTO bldr_quarantine VALUES ('users', 'users.csv', 4, 0, 'a', '', '', 'duplicate')",
        {"R1 users", "R2 users"},
        DEVELOPER,
    ),
]


@pytest.mark.parametrize(("name", "sql", "failing", "blame"), PLANTED)
def test_planted_faults_of_duplicates(
    made: tuple[Path, Path], name: str, sql: str, failing: set[str], blame: str
) -> None:
    for database in ("warehouse.db", "reloaded.db"):
        run_sql(made[0] / database, sql)
    errors = {key: f for key, f in failed_in(made).items() if f["severity"] == "error"}
    assert errors.keys() == failing, name
    assert {f["blame"] for f in errors.values()} == {blame}


def test_without_the_rule_a_join_to_them_is_the_designs_fault(
    made: tuple[Path, Path],
) -> None:
    case, source = made
    plain = design()
    del plain["tables"][0]["dedup"], plain["tables"][0]["version_column"]
    checks_probe.store(case, "design", plain)
    with pytest.raises(checks_probe.ProbeError, match="not unique: lines 3 and 6"):
        checks_probe.contract(case, source)


def test_a_version_column_that_is_none(made: tuple[Path, Path]) -> None:
    case, source = made
    wrong = design()
    wrong["tables"][0]["version_column"] = "changed"
    checks_probe.store(case, "design", wrong)
    with pytest.raises(checks_probe.ProbeError, match='no version column "changed"'):
        checks_probe.contract(case, source)


def test_a_star_without_facts_does_not_pass(made: tuple[Path, Path]) -> None:
    """The sales hold dates and amounts, so a design that makes no fact of them leaves all checks without work."""
    case, source = made
    bare = design()
    bare["tables"].pop()
    checks_probe.store(case, "design", bare)
    checks_probe.contract(case, source)
    failed = failed_in(made)
    star = failed["V1 star"]
    assert (star["severity"], star["blame"]) == ("error", ANALYST)
    assert star["samples"] == [
        "sales.csv: dates in when, measures in amount",
        "users.csv: dates in updated, measures in no column",
    ]


def test_a_fact_that_takes_no_record_does_not_pass(made: tuple[Path, Path]) -> None:
    case, source = made
    empty = design()
    amount = empty["tables"][1]["columns"][3]
    amount["nullable"] = False
    amount["type"] = "int64"  # amounts have cents: required, and none can be read
    (source / "sales.csv").write_text(SALES.replace("7,00", "7,01"), encoding="utf-8")
    make_other(case, source, empty)
    checks_probe.contract(case, source)
    failed = failed_in(made)
    assert (failed["V1 fact_sale"]["severity"], failed["V1 fact_sale"]["blame"]) == (
        "error",
        ANALYST,
    )
    assert (failed["Q1 sales"]["severity"], failed["Q1 sales"]["blame"]) == ("error", ANALYST)


def make_other(case: Path, source: Path, other: dict[str, Any]) -> None:
    for name in ("warehouse.db", "reloaded.db"):
        (case / name).unlink()
    make_case(case, source, other, lambda _db: None)
