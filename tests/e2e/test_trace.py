"""bldr trace against the raw files: what Python's own csv and dictionaries find behind each cell."""

import csv
import json
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from bldr import JAFFLE, run, run_job

CUSTOMERS = 'id,name\n1,Ada\n2,"Bo\nBo"\n3,Cy\n4,Di\n5,Ed\n6,Fay\n'


def write_shop(folder: Path) -> Path:
    """Orders and their lines: a composite key with commas and quotes, a value over two lines, an orphan."""
    folder.mkdir()
    (folder / "customers.csv").write_text(CUSTOMERS)
    orders = [f"{100 + i},{i % 6 + 1},2021-03-{i + 1:02}\n" for i in range(20)]
    (folder / "orders.csv").write_text("order_id,customer_id,ordered_on\n" + "".join(orders))
    with (folder / "order_lines.csv").open("w", newline="") as f:
        lines = csv.writer(f, lineterminator="\n")
        lines.writerow(["order_id", "sku", "quantity", "price"])
        for i in range(20):
            for k, sku in enumerate(["tea", "a,b", 'say "x"'][: i % 3 + 1]):
                lines.writerow([100 + i, sku, k + 1 + i % 2, f"{3 + i}.{k}5"])
        lines.writerow([999, "tea", 7, "1.05"])
    return folder


class Shop:
    def __init__(self, folder: Path) -> None:
        self.source = write_shop(folder / "source")
        self.output = folder / "out"
        self.outcome = run_job(self.source, self.output)
        assert self.outcome["exit_code"] == 0, self.outcome

    def trace(self, *args: str, expect: int = 0) -> Any:
        done = run("trace", "latest", "--output", self.output, "--json", "--", *args)
        assert done.returncode == expect, done.stderr
        return json.loads(done.stdout)

    def told(self, *args: str) -> tuple[int, str]:
        done = run("trace", "latest", "--output", self.output, "--", *args)
        return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return Shop(tmp_path_factory.mktemp("shop"))


def columns(trace: Any) -> dict[str, Any]:
    return {c["column"]: c for c in trace["columns"]}


def raws(column: Any) -> list[tuple[str, int | None, str, str | None]]:
    return [(i["path"], i.get("line"), i["column"], i["raw"]) for i in column["inputs"]]


def test_every_payment_traces_to_its_line_and_its_orders_line(tmp_path: Path) -> None:
    """jaffle_shop has one record per line, so a dictionary of lines is an independent reader and join."""
    outcome = run_job(JAFFLE, tmp_path)
    payments = (JAFFLE / "raw_payments.csv").read_text().splitlines()
    orders = {
        line.split(",")[0]: (n, line)
        for n, line in enumerate((JAFFLE / "raw_orders.csv").read_text().splitlines(), 1)
    }
    with sqlite3.connect(outcome["warehouse"]) as db:
        stored = dict(db.execute("SELECT payment_id, customer_key FROM fact_payment").fetchall())
    for line in (2, 3, 57, 114):
        raw = payments[line - 1]
        key, order, method, amount = raw.split(",")
        order_line, order_raw = orders[order]
        done = run("trace", outcome["run"][:17], "fact_payment", key, "-o", tmp_path, "--json")
        trace = json.loads(done.stdout)
        assert trace["run"] == outcome["run"] and trace["kind"] == "record"
        found = {s["path"]: (s["line"], s["raw"]) for s in trace["sources"]}
        assert found == {
            "raw_payments.csv": (line, raw),
            "raw_orders.csv": (order_line, order_raw),
        }
        cells = columns(trace)
        assert cells["amount"]["value"] == amount
        assert raws(cells["amount"]) == [("raw_payments.csv", line, "amount", amount)]
        assert raws(cells["payment_method"]) == [
            ("raw_payments.csv", line, "payment_method", method)
        ]
        _, user, _, status = order_raw.split(",")
        assert cells["status"]["value"] == status
        assert raws(cells["status"]) == [("raw_orders.csv", order_line, "status", status)]
        assert raws(cells["customer_key"]) == [
            ("raw_orders.csv", order_line, "user_id", user),
            ("raw_payments.csv", line, "order_id", order),  # what the order is found by
            ("raw_orders.csv", order_line, "id", order),
        ]
        assert cells["customer_key"]["value"] == str(stored[int(key)])
        assert cells["customer_key"]["refers_to"] == {
            "table": "dim_customer",
            "path": "raw_customers.csv",
            "line": int(user) + 1,  # customers stand in order of their id, below the header
        }


def test_one_cell_for_people(tmp_path: Path) -> None:
    run_job(JAFFLE, tmp_path)
    done = run("trace", "latest", "fact_payment", "1", "amount", "--output", tmp_path)
    assert done.returncode == 0
    assert "raw_payments.csv, line 2\n  1,1,credit_card,1000\n" in done.stdout
    assert (
        "as int64" in done.stdout
        and 'raw_payments.amount, raw_payments.csv line 2: "1000"' in done.stdout
    )
    assert "payment_method " not in done.stdout


def test_composite_key_with_commas_and_quotes(shop: Shop) -> None:
    with (shop.source / "order_lines.csv").open(newline="") as f:
        records = list(csv.reader(f))
    for line, (order, sku, quantity, price) in enumerate(records[1:], 2):
        if order not in ("101", "102"):
            continue
        quoted = sku.replace('"', '""')
        cells = columns(trace := shop.trace("fact_order_line", f'{order},"{quoted}"'))
        assert trace["sources"][0]["line"] == line
        assert cells["price"]["value"] == price  # decimal(4,2), stored as an integer
        assert raws(cells["sku"]) == [("order_lines.csv", line, "sku", sku)]
        assert cells["quantity"]["value"] == quantity


def test_lines_are_physical_lines(shop: Shop) -> None:
    """Customer 2 takes lines 3 and 4, so customer 3 of order 102 stands in line 5."""
    cell = columns(shop.trace("fact_order_line", "102,tea", "customer_key"))["customer_key"]
    assert cell["refers_to"] == {"table": "dim_customer", "path": "customers.csv", "line": 5}
    trace = shop.trace("dim_customer", cell["value"])
    assert trace["sources"][0] == {
        "alias": "customers",
        "table": "customers",
        "path": "customers.csv",
        "line": 5,
        "raw": "3,Cy",
    }
    other = columns(shop.trace("fact_order", "101", "customer_key"))["customer_key"]
    assert shop.trace("dim_customer", other["value"])["sources"][0]["raw"] == '2,"Bo\nBo"'


def test_a_join_that_finds_nothing(shop: Shop) -> None:
    cell = columns(shop.trace("fact_order_line", "999,tea"))["customer_key"]
    assert raws(cell) == [
        ("orders.csv", None, "customer_id", None),
        ("order_lines.csv", 41, "order_id", "999"),
        ("orders.csv", None, "order_id", None),
    ]
    assert cell["inputs"][0]["by"] == 'order_id = "999"'
    assert cell["value"] == "-1" and cell["refers_to"] == {"table": "dim_customer"}
    code, text = shop.told("fact_order_line", "999,tea", "customer_key")
    assert code == 0 and 'orders.customer_id: no record with order_id = "999"' in text


def test_reserved_members_and_calendar_days(shop: Shop) -> None:
    member = shop.trace("dim_customer", "-1")
    assert (member["kind"], member["label"], member["sources"]) == (
        "reserved_member",
        "Unknown",
        [],
    )
    assert shop.trace("dim_date", "-2")["kind"] == "reserved_member"
    day = shop.trace("dim_date", "20210301")
    assert (day["kind"], columns(day)["date"]["value"]) == ("calendar_day", "2021-03-01")
    code, text = shop.told("dim_customer", "-1")
    assert code == 0 and 'a reserved member, "Unknown"' in text
    code, text = shop.told("dim_date", "20210301")
    assert code == 0 and "generated calendar over orders.ordered_on" in text


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["fact_order_lne", "1"], 'did you mean "fact_order_line"?'),
        (["fact_order_line", "102,tea", "prise"], 'did you mean "price"?'),
        (["fact_order_line", "102"], "order_id,sku: it takes 2 values between commas, not 1"),
        (["fact_order_line", "102,gin"], "no row of fact_order_line has order_id,sku = 102,gin"),
        (["fact_order", "abc"], "no row of fact_order has order_id = abc"),
        (["fact_order", "99999999999999999999"], "no row of fact_order"),
    ],
)
def test_wrong_use(shop: Shop, args: list[str], said: str) -> None:
    code, text = shop.told(*args)
    assert code == 2 and said in text


def test_no_such_run(shop: Shop, tmp_path: Path) -> None:
    done = run("trace", "1999", "fact_order", "1", "--output", shop.output)
    assert done.returncode == 2 and 'no run "1999"' in done.stderr
    done = run("trace", "latest", "fact_order", "1", "--output", tmp_path)
    assert done.returncode == 2 and "no runs in" in done.stderr


def test_a_file_that_changed_or_went_away(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    orders = shop.source / "orders.csv"
    orders.write_text(orders.read_text().replace("102,3,", "102,4,"))
    trace = shop.trace("fact_order_line", "102,tea", expect=1)
    assert (
        "orders.csv" in trace["sources"][1]["fault"] and "changed" in trace["sources"][1]["fault"]
    )
    assert "fault" not in trace["sources"][0]
    code, text = shop.told("fact_order_line", "102,tea")
    assert code == 1 and 'attention: "orders.csv" has changed' in text
    # a cell that does not draw from it is not in doubt
    assert shop.trace("fact_order_line", "102,tea", "price")["columns"][0]["value"] == "5.05"
    shutil.move(shop.source / "order_lines.csv", tmp_path / "elsewhere.csv")
    trace = shop.trace("fact_order_line", "102,tea", "price", expect=1)
    assert "order_lines.csv" in trace["sources"][0]["fault"]
    assert trace["columns"][0]["inputs"][0]["raw"] is None


def test_records_that_share_a_line(tmp_path: Path) -> None:
    """A minified JSON array is one line: each row comes from the record that holds its values, and a copy does not count."""
    folder = tmp_path / "source"
    folder.mkdir()
    people = [{"id": i, "name": f"n{i % 7}"} for i in range(1, 31)]
    orders: list[dict[str, Any]] = [
        {"order_id": i, "person_id": i % 30 + 1, "on": f"2024-01-{i % 28 + 1:02}", "fee": i / 4}
        for i in range(1, 61)
    ]
    orders.insert(3, {**orders[9], "on": "never"})  # the later record of order 10 counts
    for name, records in (("people", people), ("orders", orders)):
        text = json.dumps(records, separators=(",", ":"))
        (folder / f"{name}.json").write_text(text)
    outcome = run_job(folder, tmp_path / "out")
    assert outcome["verdict"] == "validated", outcome
    counting = {o["order_id"]: o for o in orders}
    for key in (1, 10, 60):
        done = run(
            "trace", "latest", "fact_order", str(key), "--output", tmp_path / "out", "--json"
        )
        trace = json.loads(done.stdout)
        own, other = counting[key], people[counting[key]["person_id"] - 1]
        assert json.loads(trace["sources"][0]["raw"]) == own
        cells = columns(trace)
        assert raws(cells["fee"]) == [("orders.json", 1, "fee", str(own["fee"]))]
        assert cells["order_id"]["value"] == str(key)
        assert "refused" not in cells["on_key"]["inputs"][0]
        member = cells["person_key"]["value"]
        done = run("trace", "latest", "dim_person", member, "--output", tmp_path / "out", "--json")
        assert json.loads(json.loads(done.stdout)["sources"][0]["raw"]) == other
