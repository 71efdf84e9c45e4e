"""Business questions: what the star answers equals, to the last digit, what DuckDB says over the raw files.

The questions of this file are written by hand, on both sides. The ones that bldr itself writes into questions.json must run
as they stand and give the answers that the report shows; three of them are held to DuckDB too.
"""

import json
import re
import shlex
import sqlite3
import subprocess
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from bldr import BIN, JAFFLE, ROOT, run_job

SHARED = ROOT.parent / "shared" / "data"
SETS = {
    "jaffle_shop": JAFFLE,
    "chinook": SHARED / "chinook" / "data",
    "northwind": SHARED / "northwind" / "data",
}

# set -> question -> (SQL on the star, through its views; SQL on the raw files: {name} is name.csv, all text)
QUESTIONS = {
    "jaffle_shop": {
        "payments and their amount by customer": (
            "SELECT c.first_name, c.last_name, c.customer_id, count(*), exact_sum(f.amount)"
            " FROM v_fact_payment f JOIN v_dim_customer c USING (customer_key) GROUP BY 1, 2, 3",
            "SELECT c.first_name, c.last_name, c.id::BIGINT, count(*), sum(p.amount::DECIMAL(18, 2))"
            " FROM {raw_payments} p JOIN {raw_orders} o ON o.id = p.order_id"
            " JOIN {raw_customers} c ON c.id = o.user_id GROUP BY 1, 2, 3",
        ),
        "amount by payment method": (
            "SELECT payment_method, exact_sum(amount) FROM v_fact_payment GROUP BY 1",
            "SELECT payment_method, sum(amount::DECIMAL(18, 2)) FROM {raw_payments} GROUP BY 1",
        ),
        "amount by month of the order": (
            "SELECT substr(d.date, 1, 7), exact_sum(f.amount) FROM v_fact_payment f"
            " JOIN v_dim_date d ON d.date_key = f.order_date_key GROUP BY 1",
            "SELECT substr(o.order_date, 1, 7), sum(p.amount::DECIMAL(18, 2)) FROM {raw_payments} p"
            " JOIN {raw_orders} o ON o.id = p.order_id GROUP BY 1",
        ),
        "orders by status": (
            "SELECT status, count(*) FROM v_fact_order GROUP BY 1",
            "SELECT status, count(*) FROM {raw_orders} GROUP BY 1",
        ),
        "orders by last name": (
            "SELECT c.last_name, count(*) FROM v_fact_order f JOIN v_dim_customer c USING (customer_key) GROUP BY 1",
            "SELECT c.last_name, count(*) FROM {raw_orders} o JOIN {raw_customers} c ON c.id = o.user_id GROUP BY 1",
        ),
        "customers without an order": (
            "SELECT count(*) FROM v_dim_customer WHERE customer_key NOT IN (-1, -2)"
            " AND customer_key NOT IN (SELECT customer_key FROM v_fact_order)",
            "SELECT count(*) FROM {raw_customers} c ANTI JOIN {raw_orders} o ON o.user_id = c.id",
        ),
    },
    "chinook": {
        "total by customer country": (
            "SELECT c.country, count(*), exact_sum(f.total) FROM v_fact_invoice f"
            " JOIN v_dim_customer c USING (customer_key) GROUP BY 1",
            "SELECT c.Country, count(*), sum(i.Total::DECIMAL(18, 2)) FROM {Invoice} i"
            " JOIN {Customer} c USING (CustomerId) GROUP BY 1",
        ),
        "total by customer": (
            "SELECT c.customer_id, exact_sum(f.total) FROM v_fact_invoice f"
            " JOIN v_dim_customer c USING (customer_key) GROUP BY 1",
            "SELECT CustomerId::BIGINT, sum(Total::DECIMAL(18, 2)) FROM {Invoice} GROUP BY 1",
        ),
        "quantity sold by genre": (
            "SELECT t.genre_name, exact_sum(f.quantity) FROM v_fact_invoice_line f"
            " JOIN v_dim_track t USING (track_key) GROUP BY 1",
            "SELECT g.Name, sum(l.Quantity::DECIMAL(18, 0)) FROM {InvoiceLine} l JOIN {Track} t USING (TrackId)"
            " JOIN {Genre} g USING (GenreId) GROUP BY 1",
        ),
        "quantity sold by artist": (
            "SELECT t.artist_name, exact_sum(f.quantity) FROM v_fact_invoice_line f"
            " JOIN v_dim_track t USING (track_key) GROUP BY 1",
            "SELECT r.Name, sum(l.Quantity::DECIMAL(18, 0)) FROM {InvoiceLine} l JOIN {Track} t USING (TrackId)"
            " JOIN {Album} a USING (AlbumId) JOIN {Artist} r USING (ArtistId) GROUP BY 1",
        ),
        "lines by media type": (
            "SELECT t.media_type_name, count(*) FROM v_fact_invoice_line f JOIN v_dim_track t USING (track_key)"
            " GROUP BY 1",
            "SELECT m.Name, count(*) FROM {InvoiceLine} l JOIN {Track} t USING (TrackId)"
            " JOIN {MediaType} m USING (MediaTypeId) GROUP BY 1",
        ),
        "tracks of a playlist by genre": (
            "SELECT p.name, t.genre_name, count(*) FROM v_bridge_playlist_track f"
            " JOIN v_dim_playlist p USING (playlist_key) JOIN v_dim_track t USING (track_key) GROUP BY 1, 2",
            "SELECT p.Name, g.Name, count(*) FROM {PlaylistTrack} f JOIN {Playlist} p USING (PlaylistId)"
            " JOIN {Track} t USING (TrackId) JOIN {Genre} g USING (GenreId) GROUP BY 1, 2",
        ),
    },
    "northwind": {
        "freight by customer country": (
            "SELECT c.country, count(*), exact_sum(f.freight) FROM v_fact_order f"
            " JOIN v_dim_customer c USING (customer_key) GROUP BY 1",
            "SELECT c.country, count(*), sum(o.freight::DECIMAL(18, 2)) FROM {orders} o"
            " JOIN {customers} c USING (customerID) GROUP BY 1",
        ),
        "freight by employee": (
            "SELECT e.first_name, e.last_name, exact_sum(f.freight) FROM v_fact_order f"
            " JOIN v_dim_employee e USING (employee_key) GROUP BY 1, 2",
            "SELECT e.firstName, e.lastName, sum(o.freight::DECIMAL(18, 2)) FROM {orders} o"
            " JOIN {employees} e USING (employeeID) GROUP BY 1, 2",
        ),
        "freight by shipper": (
            "SELECT s.company_name, exact_sum(f.freight) FROM v_fact_order f"
            " JOIN v_dim_shipper s USING (shipper_key) GROUP BY 1",
            "SELECT s.companyName, sum(o.freight::DECIMAL(18, 2)) FROM {orders} o"
            " JOIN {shippers} s ON s.shipperID = o.shipVia GROUP BY 1",
        ),
        "quantity by category": (
            "SELECT p.category_name, count(*), exact_sum(f.quantity) FROM v_fact_order_detail f"
            " JOIN v_dim_product p USING (product_key) GROUP BY 1",
            "SELECT c.categoryName, count(*), sum(d.quantity::DECIMAL(18, 0)) FROM {order_details} d"
            " JOIN {products} p USING (productID) JOIN {categories} c USING (categoryID) GROUP BY 1",
        ),
        "quantity by supplier country": (
            "SELECT p.supplier_country, exact_sum(f.quantity) FROM v_fact_order_detail f"
            " JOIN v_dim_product p USING (product_key) GROUP BY 1",
            "SELECT s.country, sum(d.quantity::DECIMAL(18, 0)) FROM {order_details} d"
            " JOIN {products} p USING (productID) JOIN {suppliers} s USING (supplierID) GROUP BY 1",
        ),
        "quantity by product": (
            "SELECT p.product_name, exact_sum(f.quantity) FROM v_fact_order_detail f"
            " JOIN v_dim_product p USING (product_key) GROUP BY 1",
            "SELECT p.productName, sum(d.quantity::DECIMAL(18, 0)) FROM {order_details} d"
            " JOIN {products} p USING (productID) GROUP BY 1",
        ),
    },
}

# Questions of questions.json about jaffle_shop, each with its answer from the raw files, in the same order of rows.
GENERATED = {
    "How many payments are there, and what is their total amount by payment method?": (
        "SELECT payment_method, count(*), sum(amount::BIGINT)::BIGINT FROM {raw_payments} GROUP BY 1 ORDER BY 3 DESC"
    ),
    "How many payments are there in all, and what do they add up to?": (
        "SELECT count(*), sum(amount::BIGINT)::BIGINT FROM {raw_payments}"
    ),
    "How many payments are there, and what is their total amount per month of the order date? The last 6 months.": (
        "SELECT substr(o.order_date, 1, 7), count(*), sum(p.amount::BIGINT)::BIGINT FROM {raw_payments} p"
        " JOIN {raw_orders} o ON o.id = p.order_id GROUP BY 1 ORDER BY 1 DESC LIMIT 6"
    ),
}


class ExactSum:
    """The sum of numbers that a view shows as text, without rounding."""

    def __init__(self) -> None:
        self.total: Decimal | None = None

    def step(self, value: Any) -> None:
        if value is not None:
            self.total = (self.total or Decimal(0)) + Decimal(str(value))

    def finalize(self) -> str | None:
        return None if self.total is None else str(self.total)


def comparable(rows: list[tuple[Any, ...]]) -> list[tuple[str, ...]]:
    """Rows in one order; what is a number is compared as one, so 10.5 is 10.50 and not 10.51."""

    def plain(value: Any) -> str:
        text = str(value)
        if re.fullmatch(r"-?\d+(\.\d+)?", text):
            number = Decimal(text)
            return str(number.quantize(Decimal(1)) if number == int(number) else number.normalize())
        return text

    return sorted(tuple(plain(v) for v in row) for row in rows)


def raw(sql: str, folder: Path) -> list[tuple[Any, ...]]:
    names = {
        n: f"read_csv('{folder}/{n}.csv', all_varchar = true)" for n in re.findall(r"{(\w+)}", sql)
    }
    return duckdb.connect().execute(sql.format(**names)).fetchall()


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """A run per set that is there; the publishers' sets lie beside the tree."""
    return {
        name: run_job(folder, tmp_path_factory.mktemp(name))
        for name, folder in SETS.items()
        if folder.is_dir()
    }


def outcome_of(outcomes: dict[str, dict[str, Any]], name: str) -> dict[str, Any]:
    if name not in outcomes:
        pytest.skip(f"{SETS[name]} is not there")
    return outcomes[name]


def questions_of(outcome: dict[str, Any]) -> list[dict[str, Any]]:
    return json.loads((Path(outcome["folder"]) / "questions.json").read_text())["questions"]


@pytest.mark.parametrize("name, question", [(n, q) for n, qs in QUESTIONS.items() for q in qs])
def test_the_star_says_what_the_raw_files_say(
    outcomes: dict[str, dict[str, Any]], name: str, question: str
) -> None:
    outcome = outcome_of(outcomes, name)
    on_star, on_raw = QUESTIONS[name][question]
    with sqlite3.connect(f"file:{outcome['warehouse']}?mode=ro", uri=True) as star:
        star.create_aggregate("exact_sum", 1, ExactSum)  # type: ignore[arg-type]
        found = comparable(star.execute(on_star).fetchall())
    expected = comparable(raw(on_raw, SETS[name]))
    assert expected, "an empty expectation proves nothing"
    assert found == expected


def test_sums_are_compared_to_the_last_digit() -> None:
    assert comparable([("a", "10.50")]) == comparable([("a", Decimal("10.5"))])
    assert comparable([("a", "10.50")]) != comparable([("a", "10.51")])
    assert comparable([("a", "9007199254740993")]) != comparable([("a", "9007199254740992")])


@pytest.mark.parametrize("name", SETS)
def test_written_questions_run_as_they_stand(
    outcomes: dict[str, dict[str, Any]], name: str
) -> None:
    outcome = outcome_of(outcomes, name)
    questions = questions_of(outcome)
    assert len(questions) == 10
    assert len({q["sql"] for q in questions}) == len({q["text"] for q in questions}) == 10
    with sqlite3.connect(f"file:{outcome['warehouse']}?mode=ro", uri=True) as star:
        for q in questions:
            cursor = star.execute(q["sql"])
            rows = [[None if v is None else str(v) for v in row] for row in cursor.fetchall()]
            assert rows == q["rows"] and 1 <= len(rows) <= 12, q["text"]
            assert [d[0] for d in cursor.description] == q["columns"]


@pytest.mark.parametrize("question", GENERATED)
def test_written_answers_are_right(outcomes: dict[str, dict[str, Any]], question: str) -> None:
    written = {q["text"]: q["rows"] for q in questions_of(outcome_of(outcomes, "jaffle_shop"))}
    expected = [[str(v) for v in row] for row in raw(GENERATED[question], JAFFLE)]
    assert written[question] == expected


def test_the_first_one_is_asked_by_what_the_run_prints(tmp_path: Path) -> None:
    output = tmp_path / "it's $HOME"
    done = subprocess.run(
        [BIN, "run", "--source-dir", JAFFLE, "--output", output], capture_output=True, text=True
    )
    lines = done.stdout.splitlines()
    [at] = [i for i, line in enumerate(lines) if line.startswith("ask it: ")]
    program, style, warehouse, sql = shlex.split(lines[at + 1])
    assert (program, style) == ("sqlite3", "-box")
    first = questions_of({"folder": Path(warehouse).parent})[0]
    assert lines[at] == f"ask it: {first['text']}"
    with sqlite3.connect(f"file:{warehouse}?mode=ro", uri=True) as star:
        rows = [[str(v) for v in row] for row in star.execute(sql)]
    assert rows == first["rows"]
