"""data/ecommerce, run once and held to its truth: every planted defect is named by one warning with its count and lines,
nothing else is, the tables hold what a right loader leaves, and every business question has its answer in the star.

Which finding must name a defect follows from the defect's table, column and kind alone. The answers are asked for in SQL
written here by hand; amounts are added up as the integers they are stored as.
"""

import gzip
import json
import re
import sqlite3
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from bldr import ROOT, run_job

SHOP = ROOT / "data" / "ecommerce"
TRUTH: dict[str, Any] = json.loads((SHOP / "truth.json").read_text(encoding="utf-8"))
TABLES: dict[str, Any] = TRUTH["tables"]
PLANTED = {p["id"]: p for p in TRUTH["planted"]}
WARNED = [p for p in TRUTH["planted"] if p["severity"] == "warning"]
NOTED = [p for p in TRUTH["planted"] if p["severity"] == "info"]

RECORDS_CHECK = {
    **dict.fromkeys(("short_row", "long_row", "broken_json", "stray_quote"), "R1"),
    **dict.fromkeys(("subtotal", "footer"), "R1"),
    **dict.fromkeys(("exact_duplicate", "duplicate_key"), "R2"),
}
COLUMN_CHECK = {
    "unparsable": "N1",
    "nanoseconds": "T1",
    "orphan_key": "K6",
    **dict.fromkeys(("padding", "null_token", "missing_key"), "S2"),
}
FILE_NOTES = {"preamble": "preamble", "untidy_header": "names", "no_header": "header"}


def place(planted: dict[str, Any]) -> tuple[str, str]:
    """The check that must name a planted defect, and its subject."""
    kind, table = planted["kind"], planted["table"]
    if kind in RECORDS_CHECK:
        return RECORDS_CHECK[kind], table
    if kind in FILE_NOTES:
        return "S1", f"{table} {FILE_NOTES[kind]}"
    if kind == "null_key":
        return "K6", f"{table}.{planted['column']} null"
    return COLUMN_CHECK[kind], f"{table}.{planted['column']}"


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return run_job(SHOP, tmp_path_factory.mktemp("ecommerce"))


def artefact(outcome: dict[str, Any], name: str) -> dict[str, Any]:
    path = Path(outcome["folder"]) / "artefacts" / f"{name}.v1.json"
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


Findings = dict[tuple[str, str], dict[str, Any]]


@pytest.fixture(scope="module")
def failed(outcome: dict[str, Any]) -> Findings:
    checks = [f for f in artefact(outcome, "findings")["checks"] if not f["passed"]]
    found = {(f["check"], f["subject"]): f for f in checks}
    assert len(found) == len(checks), "no check is told twice"
    return found


def of_severity(failed: Findings, severity: str) -> Findings:
    return {place: f for place, f in failed.items() if f["severity"] == severity}


def lines_in(words: str) -> list[int]:
    """All lines that a finding names: "line 4", "lines 5, 17"; it must name them all."""
    assert " more" not in words
    named = re.findall(r"\blines? (\d+(?:, \d+)*)", words)
    return sorted(int(line) for some in named for line in some.split(", "))


def sampled_lines(finding: dict[str, Any]) -> set[int]:
    return {int(sample.split(":")[1]) for sample in finding["samples"]}


def physical_lines(table: str) -> list[str]:
    data = (SHOP / TABLES[table]["file"]).read_bytes()
    if TABLES[table]["dialect"]["compression"] == "gzip":
        data = gzip.decompress(data)
    return ["", *data.decode(TABLES[table]["dialect"]["encoding"]).split("\n")]


# ---- findings ----


def test_the_run_is_validated(outcome: dict[str, Any], failed: Findings) -> None:
    assert (outcome["verdict"], outcome["exit_code"], outcome["errors"]) == ("validated", 0, 0)
    assert of_severity(failed, "error") == {}


def test_warnings_are_the_planted_defects_and_nothing_else(failed: Findings) -> None:
    assert len(WARNED) == 32  # counted by hand in data/ecommerce/truth.json
    warnings = of_severity(failed, "warning")
    assert warnings.keys() == {place(p) for p in WARNED}
    assert {f["blame"] for f in warnings.values()} == {"data"}


@pytest.mark.parametrize(
    "planted", [p for p in WARNED if place(p)[0] in ("K6", "N1", "T1")], ids=lambda p: p["id"]
)
def test_a_defect_of_a_column(failed: Findings, planted: dict[str, Any]) -> None:
    finding = failed[place(planted)]
    rows = TABLES[planted["table"]]["rows"]
    assert finding["found"].startswith(f"{planted['count']} of {rows} records ")
    assert lines_in(finding["found"]) == planted["lines"]
    assert sampled_lines(finding) == set(planted["lines"][:5])


@pytest.mark.parametrize("table", sorted({p["table"] for p in WARNED if place(p)[0] == "R1"}))
def test_records_that_are_no_rows(failed: Findings, table: str) -> None:
    planted = [p for p in WARNED if place(p) == ("R1", table)]
    finding = failed["R1", table]
    lines = sorted(line for p in planted for line in p["lines"])
    assert sum(p["count"] for p in planted) == TABLES[table]["quarantined"] == len(lines)
    assert finding["found"].startswith(
        f"{len(lines)} of {TABLES[table]['records']} records rejected: "
    )
    assert lines_in(finding["found"]) == lines
    for p in planted:  # its lines are together under one reason
        reasons = [part for part in finding["found"].split("; ") if p["lines"][0] in lines_in(part)]
        assert len(reasons) == 1
        assert set(p["lines"]) <= set(lines_in(reasons[0])), p["id"]


@pytest.mark.parametrize("table", sorted(n for n, t in TABLES.items() if t["duplicates"]))
def test_duplicates(failed: Findings, table: str) -> None:
    """Of two equal lines either may be the one that is removed; of two versions only the older one."""
    finding = failed["R2", table]
    kinds = {p["kind"]: p for p in WARNED if place(p) == ("R2", table)}
    assert sum(p["count"] for p in kinds.values()) == TABLES[table]["duplicates"]
    assert finding["found"].startswith(
        f"{TABLES[table]['duplicates']} of {TABLES[table]['rows']} well-formed records left out: "
    )
    parts = {
        "exact_duplicate": "as copies of the record that counts",
        "duplicate_key": "as other versions of the record that counts",
    }
    found = {}
    for kind, words in parts.items():
        told = re.search(rf"(\d+) {words} \((lines? [\d, ]+)\)", finding["found"])
        assert (told is not None) == (kind in kinds), kind
        if told is not None:
            found[kind] = lines_in(told[2])
            assert int(told[1]) == len(found[kind]) == kinds[kind]["count"]
    text = physical_lines(table)
    copies = kinds["exact_duplicate"]["lines"]
    assert Counter(text[n] for n in found["exact_duplicate"]) == Counter(text[n] for n in copies)
    assert found.get("duplicate_key", []) == kinds.get("duplicate_key", {"lines": []})["lines"]


@pytest.mark.parametrize("planted", NOTED, ids=lambda p: p["id"])
def test_what_is_worth_a_note(failed: Findings, planted: dict[str, Any]) -> None:
    check, subject = place(planted)
    finding = failed[check, subject]
    assert finding["severity"] == "info"
    found, count = finding["found"], planted["count"]
    if check == "K6":
        assert found.startswith(f"{count} of {TABLES[planted['table']]['rows']} records ")
    elif planted["kind"] == "null_token":
        assert sum(int(n) for n in re.findall(r'(\d+) "', found)) == count
    elif planted["kind"] == "padding":
        assert f"; {count} with blanks around them" in found
    elif planted["kind"] == "missing_key":  # with those that are written as null
        assert int(found.split(" ")[0]) >= count
    elif planted["kind"] in ("preamble", "untidy_header"):
        assert found.startswith(f"{count} ")


# ---- rows and columns ----


def test_records_of_each_file(outcome: dict[str, Any]) -> None:
    with sqlite3.connect(outcome["warehouse"]) as db:
        found = {
            name: counts
            for name, *counts in db.execute(
                "SELECT source_table, read, loaded, rejected, duplicates FROM bldr_layer"
            )
        }
    assert found == {
        name: [t["records"], t["loaded"], t["quarantined"], t["duplicates"]]
        for name, t in TABLES.items()
    }


def star_columns(outcome: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], str, str]]:
    """What reads its own file: source table, column, target table, surrogate key or ""."""
    for table in artefact(outcome, "design")["tables"]:
        keys = [c["name"] for c in table["columns"] if c["role"] == "surrogate_key"]
        for column in table["columns"]:
            origin = column["origins"][0]
            if origin["kind"] == "column" and origin["table"] == table.get("source"):
                yield origin["table"], column, table["name"], keys[0] if keys else ""


def values_of(db: sqlite3.Connection, column: dict[str, Any], table: str, key: str) -> list[Any]:
    """A column of the rows that are no reserved members; of a key to the calendar the days."""
    rows = f'SELECT t."{column["name"]}" FROM v_{table} AS t'
    if column.get("dimension") == "dim_date":
        rows = f'SELECT d.date FROM v_{table} AS t JOIN dim_date AS d ON d.date_key = t."{column["name"]}"'
    where = f' WHERE t."{key}" >= 0' if key else ""
    return [value for (value,) in db.execute(rows + where) if value is not None]


MEASURED = [
    (name, c)
    for name, t in TABLES.items()
    for c in t["column_list"]
    if "loaded" in c and c["type"] in ("int64", "decimal", "date")
]


@pytest.mark.parametrize(
    ("name", "truth"), MEASURED, ids=[f"{name}-{c['name']}" for name, c in MEASURED]
)
def test_a_column_of_the_star(outcome: dict[str, Any], name: str, truth: dict[str, Any]) -> None:
    found = [
        (column, table, key)
        for source, column, table, key in star_columns(outcome)
        if source == name and column["origins"][0]["column"] == truth["name"]
    ]
    assert found, "every number and date of the files is in the star"
    loaded = truth["loaded"]
    with sqlite3.connect(outcome["warehouse"]) as db:
        for column, table, key in found:
            values = values_of(db, column, table, key)
            assert len(values) == loaded["count"]
            if truth["type"] == "date":
                assert (min(values), max(values)) == (loaded["min"], loaded["max"])
                months = Counter(value[:7] for value in values)
                assert "months" not in loaded or months == loaded["months"]
                continue
            numbers = [Decimal(value) for value in values]
            assert (min(numbers), max(numbers), sum(numbers)) == tuple(
                Decimal(loaded[k]) for k in ("min", "max", "sum")
            )


def test_each_table_has_the_rows_of_its_file(outcome: dict[str, Any]) -> None:
    rows = {t["name"]: t["rows"] for t in outcome["tables"]}
    sources = {t["name"]: t.get("source") for t in artefact(outcome, "design")["tables"]}
    assert {name: rows[name] for name, source in sources.items() if source} == {
        name: TABLES[source]["loaded"] for name, source in sources.items() if source
    }
    # categories are flattened into the products
    assert set(sources.values()) - {None} == TABLES.keys() - {"categories"}


# ---- answers ----

# A result column whose name ends in _e2 holds hundredths.
ANSWERS = {
    "orders-by-status": """
        SELECT status, count(*), sum(total_e2) AS total_e2 FROM fact_order GROUP BY 1 ORDER BY 1""",
    "orders-by-month": """
        SELECT d.month, count(*), sum(total_e2) AS total_e2
        FROM fact_order AS f JOIN dim_date AS d ON d.date_key = f.order_date_key GROUP BY 1 ORDER BY 1""",
    "orders-by-tier": """
        SELECT iif(f.user_key < 0, NULL, u.loyalty_tier), count(*), sum(total_e2) AS total_e2
        FROM fact_order AS f JOIN dim_user AS u USING (user_key) GROUP BY 1 ORDER BY 1 NULLS LAST""",
    "orders-by-country": """
        SELECT iif(a.address_key < 0, NULL, a.country), count(*), sum(total_e2) AS total_e2
        FROM fact_order AS f JOIN dim_address AS a ON a.address_key = f.shipping_address_key
        GROUP BY 1 ORDER BY 1 NULLS LAST""",
    "best-customers": """
        SELECT u.user_id, u.name, count(*), sum(total_e2) AS total_e2
        FROM fact_order AS f JOIN dim_user AS u USING (user_key) WHERE f.user_key >= 0
        GROUP BY 1, 2 ORDER BY 4 DESC, 1 LIMIT 10""",
    "ordered-and-captured": """
        SELECT o.status, sum(o.total_e2) AS total_e2, sum(coalesce(p.captured, 0)) AS captured_e2
        FROM fact_order AS o LEFT JOIN (
            SELECT order_id, sum(amount_e2) AS captured FROM fact_payment WHERE status = 'captured' GROUP BY 1
        ) AS p USING (order_id) GROUP BY 1 ORDER BY 1""",
    "no-delivery-date": """
        SELECT status, count(*) FROM fact_order WHERE delivered_date_key < 0 GROUP BY 1 ORDER BY 1""",
    "revenue-by-category": """
        SELECT iif(f.product_key < 0, NULL, p.category_name), sum(quantity), sum(line_total_e2) AS revenue_e2
        FROM fact_order_item AS f JOIN dim_product AS p USING (product_key) GROUP BY 1 ORDER BY 1 NULLS LAST""",
    "revenue-by-department": """
        SELECT iif(f.product_key < 0, NULL, p.category_parent_name), sum(quantity),
            sum(line_total_e2) AS revenue_e2
        FROM fact_order_item AS f JOIN dim_product AS p USING (product_key) GROUP BY 1 ORDER BY 1 NULLS LAST""",
    "lines-by-discount": """
        SELECT discount, count(*), sum(line_total_e2) AS revenue_e2
        FROM fact_order_item GROUP BY 1 ORDER BY 1""",
    "revenue-by-month-of-order": """
        SELECT d.month, count(*), sum(line_total_e2) AS revenue_e2
        FROM fact_order_item AS f JOIN dim_date AS d ON d.date_key = f.order_date_key
        GROUP BY 1 ORDER BY 1 NULLS LAST""",
    "captured-by-method": """
        SELECT method, count(*), sum(amount_e2) AS amount_e2
        FROM fact_payment WHERE status = 'captured' GROUP BY 1 ORDER BY 1""",
    "payments-by-local-month": """
        SELECT substr(d.date, 1, 7), count(*), sum(amount_e2) AS amount_e2
        FROM fact_payment AS f JOIN dim_date AS d ON d.date_key = f.paid_at_key GROUP BY 1 ORDER BY 1""",
    "reviews-by-rating": """
        SELECT verified_purchase, rating, count(*), sum(helpful_votes)
        FROM fact_review GROUP BY 1, 2 ORDER BY 1, 2""",
    "ratings-by-brand": """
        SELECT iif(f.product_key < 0, NULL, p.brand), count(*), sum(rating)
        FROM fact_review AS f JOIN dim_product AS p USING (product_key) GROUP BY 1 ORDER BY 1 NULLS LAST""",
    "stock-by-warehouse": """
        SELECT w.name, sum(on_hand), sum(on_hand * unit_cost_e2) AS cost_e2
        FROM fact_stock AS f JOIN dim_warehouse AS w USING (warehouse_key) GROUP BY 1 ORDER BY 1""",
    "carts-by-month": """
        SELECT d.month, f.abandoned, count(*), sum(total_e2) AS total_e2, sum(store_credit_e2) AS credit_e2
        FROM fact_cart AS f JOIN dim_date AS d ON d.date_key = f.created_on_key GROUP BY 1, 2 ORDER BY 1, 2""",
    "articles-in-carts": """
        SELECT column_2, sum(column_3), sum(column_3 * column_4_e2) AS value_e2
        FROM fact_cart_item GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 10""",
    "users-by-tier": """
        SELECT loyalty_tier, count(*), count(phone) FROM dim_user WHERE user_key >= 0 GROUP BY 1 ORDER BY 1""",
}


def hundredths(value: int) -> str:
    return f"{Decimal(value).scaleb(-2):.2f}"


def ask(warehouse: str, sql: str) -> list[list[Any]]:
    with sqlite3.connect(warehouse) as db:
        cursor = db.execute(sql)
        amounts = [c[0].endswith("_e2") for c in cursor.description]
        return [
            [hundredths(v) if amount else v for amount, v in zip(amounts, row, strict=True)]
            for row in cursor
        ]


@pytest.mark.parametrize("answer", TRUTH["answers"], ids=lambda a: a["id"])
def test_a_business_question(outcome: dict[str, Any], answer: dict[str, Any]) -> None:
    assert ask(outcome["warehouse"], ANSWERS[answer["id"]]) == answer["rows"]
