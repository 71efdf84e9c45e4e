"""bldr.json beside the sources: what a person decides is taken, and checked like everything else.

Expected values are counted from the raw files with Python's csv, or stand in data/ecommerce/truth.json.
"""

import csv
import json
import shutil
import signal
import sqlite3
import subprocess
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from bldr import JAFFLE, ROOT, run, run_job, warehouse_rows

SHOP = ROOT / "data" / "ecommerce"
TRUTH = json.loads((SHOP / "truth.json").read_text())["tables"]
PUBS = ROOT.parent / "shared" / "data" / "pubs" / "data"


def decide(folder: Path, decisions: Any) -> None:
    text = decisions if isinstance(decisions, str) else json.dumps(decisions)
    (folder / "bldr.json").write_text(text)


def copy(folder: Path, target: Path, names: list[str] | None = None) -> Path:
    target.mkdir(exist_ok=True)
    for path in folder.iterdir():
        if path.is_file() and (names is None or path.name in names):
            shutil.copy(path, target)
    return target


@pytest.fixture
def jaffle(tmp_path: Path) -> Path:
    names = ["raw_customers.csv", "raw_orders.csv", "raw_payments.csv"]
    return copy(JAFFLE, tmp_path / "source", names)


def artefact(outcome: dict[str, Any], name: str) -> Any:
    paths = sorted((Path(outcome["folder"]) / "artefacts").glob(f"{name}.v*.json"))
    return json.loads(paths[-1].read_text())


def tables(outcome: dict[str, Any]) -> dict[str, Any]:
    return {table["name"]: table for table in artefact(outcome, "design")["tables"]}


def columns(table: dict[str, Any], role: str) -> list[str]:
    return [column["name"] for column in table["columns"] if column["role"] == role]


def profile_of(outcome: dict[str, Any], table: str) -> dict[str, Any]:
    return next(t for t in artefact(outcome, "profile")["tables"] if t["table"] == table)


def column_of(outcome: dict[str, Any], table: str, name: str) -> dict[str, Any]:
    return next(c for c in profile_of(outcome, table)["columns"] if c["name"] == name)


def warnings(outcome: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [
        (check["severity"], check["check"], check["subject"])
        for check in artefact(outcome, "findings")["checks"]
        if not check["passed"] and check["severity"] != "info"
    ]


def ask(outcome: dict[str, Any], sql: str) -> list[Any]:
    path = Path(outcome["folder"]) / "warehouse.db"
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
        return db.execute(sql).fetchall()


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


# ---- files ----


def test_files_are_read_as_given(tmp_path: Path) -> None:
    source = copy(SHOP, tmp_path / "source")
    names = ["cart_id", "sku", "quantity", "price"]
    decide(
        source,
        {
            "files": {
                "cart_items.csv": {"header": False, "columns": names},
                "stock.txt": {
                    "delimiter": "|",
                    "quote": "",
                    "preamble_lines": 3,
                    "header": True,
                    "not_rows": ["Subtotal", "TOTAL"],
                },
                "users.csv": {"encoding": "Windows-1252"},
                "reviews.csv": {"skip": True},
            }
        },
    )
    outcome = run_job(source, tmp_path / "out")
    assert outcome["verdict"] == "validated"
    sources = artefact(outcome, "sources")
    files = {file["path"]: file for file in sources["files"]}
    assert files["cart_items.csv"]["columns"] == names
    assert files["cart_items.csv"]["own_names"] == [f"column_{i}" for i in range(1, 5)]
    assert files["users.csv"]["encoding"] == "windows-1252"
    assert {"path": "bldr.json", "reason": "decisions of a person"} in sources["skipped"]
    assert "reviews.csv" in {skipped["path"] for skipped in sources["skipped"]}
    for table in ("cart_items", "stock", "users"):
        profile = profile_of(outcome, table)
        assert profile["rows"] == TRUTH[table]["rows"]
        assert profile["rows"] + profile["rejected_rows"] == TRUTH[table]["records"]
    assert "price" in columns(tables(outcome)["fact_cart_item"], "measure")


def test_names_in_place_of_a_header(tmp_path: Path) -> None:
    (tmp_path / "sales.csv").write_text("k,Nm,amt\n1,a,2.50\n2,b,3.25\n")
    decide(tmp_path, {"files": {"sales.csv": {"columns": ["sale_id", "name", "amount"]}}})
    outcome = run_job(tmp_path, tmp_path / "out")
    assert outcome["verdict"] == "validated"
    assert ask(outcome, "SELECT sale_id, amount_e2 FROM fact_sale ORDER BY 1") == [
        (1, 250),
        (2, 325),
    ]
    notebook = (Path(outcome["folder"]) / "pipeline/bronze/sales.py").read_text()
    assert 'HEADER = ["k", "Nm", "amt"]' in notebook
    assert 'COLUMNS = ["sale_id", "name", "amount"]' in notebook


def test_a_dialect_that_nobody_would_guess(tmp_path: Path) -> None:
    text = "a report\n\nid~'name'~amount\n1~'x~y'~2.5\n2~'it\\'s'~3.5\nsum~~6.0\n"
    (tmp_path / "sales.txt").write_text(text)
    given = {
        "delimiter": "~",
        "quote": "'",
        "escape": "backslash",
        "preamble_lines": 2,
        "header": True,
        "not_rows": ["sum"],
    }
    decide(tmp_path, {"files": {"sales.txt": given}, "tables": {"sales": {"role": "fact"}}})
    outcome = run_job(tmp_path, tmp_path / "out")
    assert outcome["verdict"] == "validated"
    assert ask(outcome, "SELECT sale_id, name FROM v_fact_sale ORDER BY 1") == [
        (1, "x~y"),
        (2, "it's"),
    ]


def test_no_totals(tmp_path: Path) -> None:
    lines = [f"r{i},{i},{i},x" for i in range(30)] + ["Total,,,", "Total,,,"]
    (tmp_path / "sales.csv").write_text("\n".join(["name,a,b,c", *lines]) + "\n")
    profiled = json.loads(run("profile", tmp_path, "--json").stdout)
    assert profiled["tables"][0]["rows"] == 30
    decide(tmp_path, {"files": {"sales.csv": {"not_rows": []}}})
    profiled = json.loads(run("profile", tmp_path, "--json").stdout)
    assert profiled["tables"][0]["rows"] == 32


# ---- columns ----


def test_a_type_is_forced_and_what_does_not_conform_is_counted(
    jaffle: Path, tmp_path: Path
) -> None:
    raw = rows(jaffle / "raw_payments.csv")
    raw[3]["amount"] = "ten"
    with (jaffle / "raw_payments.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, raw[0])
        writer.writeheader()
        writer.writerows(raw)
    decide(jaffle, {"tables": {"raw_payments": {"columns": {"amount": {"type": "decimal(9,2)"}}}}})
    outcome = run_job(jaffle, tmp_path / "out")
    column = column_of(outcome, "raw_payments", "amount")
    assert column["type"] == "decimal(9,2)"
    assert column["nonconforming"] == 1
    assert column["exceptions"] == [{"line": 5, "text": "ten"}]
    assert outcome["verdict"] == "validated"
    assert ("warning", "N1") in {(severity, check) for severity, check, _ in warnings(outcome)}
    total = sum(int(row["amount"]) for row in raw if row["amount"] != "ten")
    assert ask(outcome, "SELECT sum(amount_e2) FROM fact_payment") == [(total * 100,)]


@pytest.mark.parametrize(("given", "day"), [("dd/MM/yyyy", 20240402), ("MM/dd/yyyy", 20240204)])
def test_the_order_of_days_and_months(tmp_path: Path, given: str, day: int) -> None:
    """Nothing in the file tells: the Tester takes a person's word too."""
    (tmp_path / "sales.csv").write_text("sale_id,sold_on,amount\n1,02/04/2024,3\n2,05/06/2024,4\n")
    decide(tmp_path, {"tables": {"sales": {"columns": {"sold_on": {"date_format": given}}}}})
    outcome = run_job(tmp_path, tmp_path / "out")
    assert outcome["verdict"] == "validated"
    assert outcome["rounds"] == 1
    assert ask(outcome, "SELECT sold_on_key FROM fact_sale WHERE sale_id = 1") == [(day,)]


def test_a_wrong_order_is_found_by_the_tester(tmp_path: Path) -> None:
    lines = [f"{i},{i:02}/02/2024,1.5" for i in range(1, 29)]
    (tmp_path / "sales.csv").write_text("\n".join(["sale_id,sold_on,amount", *lines]) + "\n")
    decide(tmp_path, {"tables": {"sales": {"columns": {"sold_on": {"date_format": "MM/dd/yyyy"}}}}})
    outcome = run_job(tmp_path, tmp_path / "out")
    assert outcome["verdict"] == "findings"
    assert ("error", "N1", "fact_sale.sold_on_key") in warnings(outcome)
    assert column_of(outcome, "sales", "sold_on")["nonconforming"] == 16  # 13 to 28


@pytest.mark.parametrize(
    ("given", "total"),
    [({"decimal_mark": ","}, "12.300"), ({"group_mark": ","}, "12300")],
)
def test_marks_of_numbers(tmp_path: Path, given: dict[str, str], total: str) -> None:
    """1,234 is 1.234 or 1234: nothing in the file tells."""
    values = ["1,234", "2,345", "8,721"]
    lines = [f'{i},"{value}"' for i, value in enumerate(values, 1)]
    (tmp_path / "sales.csv").write_text("\n".join(["sale_id,amount", *lines]) + "\n")
    decide(tmp_path, {"tables": {"sales": {"columns": {"amount": given}}}})
    outcome = run_job(tmp_path, tmp_path / "out")
    assert outcome["verdict"] == "validated"
    shown = ask(outcome, "SELECT amount FROM v_fact_sale")
    assert sum(Decimal(str(row[0])) for row in shown) == Decimal(total)


# ---- keys ----


def test_a_key_that_repeats_keeps_the_last_record(jaffle: Path, tmp_path: Path) -> None:
    decide(jaffle, {"tables": {"raw_payments": {"key": ["order_id"]}}})
    outcome = run_job(jaffle, tmp_path / "out")
    raw = rows(jaffle / "raw_payments.csv")
    last = {row["order_id"]: row for row in raw}
    key = profile_of(outcome, "raw_payments")["keys"][0]
    assert key["chosen"] and key["columns"] == ["order_id"]
    assert key["duplicates"] == len(raw) - len(last)
    assert "bldr.json says so" in key["evidence"]
    assert outcome["verdict"] == "validated"
    assert tables(outcome)["fact_payment"]["dedup"] == "last"
    assert ("warning", "R2", "raw_payments") in warnings(outcome)
    assert ask(outcome, "SELECT count(*), sum(amount) FROM fact_payment") == [
        (len(last), sum(int(row["amount"]) for row in last.values()))
    ]


def test_no_key(jaffle: Path, tmp_path: Path) -> None:
    decide(jaffle, {"tables": {"raw_payments": {"not_keys": [["id"]]}}})
    outcome = run_job(jaffle, tmp_path / "out")
    keys = profile_of(outcome, "raw_payments")["keys"]
    assert not any(key["chosen"] and key["columns"] == ["id"] for key in keys)
    assert outcome["verdict"] == "validated"


def test_a_foreign_key_with_orphans_warns(jaffle: Path, tmp_path: Path) -> None:
    reference = {"columns": ["id"], "to": "raw_orders", "to_columns": ["id"]}
    decide(jaffle, {"tables": {"raw_payments": {"foreign_keys": [reference]}}})
    outcome = run_job(jaffle, tmp_path / "out")
    orders = {row["id"] for row in rows(jaffle / "raw_orders.csv")}
    orphans = [row for row in rows(jaffle / "raw_payments.csv") if row["id"] not in orders]
    found = next(
        f
        for f in artefact(outcome, "profile")["inclusions"]
        if f["chosen"] and f["from_columns"] == ["id"]
    )
    assert found["orphan_rows"] == len(orphans) > 0
    assert "bldr.json says so" in found["evidence"]
    assert outcome["verdict"] == "validated"
    assert "K6" in {check for severity, check, _ in warnings(outcome) if severity == "warning"}


def test_no_foreign_key(jaffle: Path, tmp_path: Path) -> None:
    decide(jaffle, {"tables": {"raw_orders": {"not_foreign_keys": [["user_id"]]}}})
    outcome = run_job(jaffle, tmp_path / "out")
    of = [f for f in artefact(outcome, "profile")["inclusions"] if f["from_table"] == "raw_orders"]
    assert of and not any(f["chosen"] for f in of)
    assert outcome["verdict"] == "validated"


def test_a_foreign_key_of_two_columns(tmp_path: Path) -> None:
    (tmp_path / "shelves.csv").write_text(
        "room,place,label\n" + "".join(f"{r},{p},{r}{p}\n" for r in "xyz" for p in (1, 2))
    )
    (tmp_path / "counts.csv").write_text(
        "count_id,in_room,at_place,counted_on,quantity\n1,x,1,2024-01-02,5\n2,z,2,2024-01-03,7\n"
        "3,z,9,2024-01-04,1\n"
    )
    decide(
        tmp_path,
        {
            "tables": {
                "shelves": {"key": ["room", "place"], "role": "dimension"},
                "counts": {
                    "role": "fact",
                    "foreign_keys": [
                        {
                            "columns": ["in_room", "at_place"],
                            "to": "shelves",
                            "to_columns": ["room", "place"],
                        }
                    ],
                },
            }
        },
    )
    outcome = run_job(tmp_path, tmp_path / "out")
    assert outcome["verdict"] == "validated"
    shelf = next(name[4:] for name in tables(outcome) if name.startswith("dim_shel"))
    found = ask(
        outcome,
        f"SELECT d.label FROM fact_count f JOIN dim_{shelf} d USING ({shelf}_key) ORDER BY count_id",
    )
    assert [row[0] for row in found[:2]] == ["x1", "z2"]
    assert "K6" in {check for _, check, _ in warnings(outcome)}  # shelf z9


# ---- roles and measures ----


def test_roles_and_measures(tmp_path: Path) -> None:
    source = copy(PUBS, tmp_path / "source")
    before = tables(run_job(source, tmp_path / "before"))
    assert "fact_discount" not in before or "fact_publisher" not in before
    decide(
        source,
        {
            "tables": {
                "publishers": {"role": "fact"},
                "roysched": {"role": "unused"},
                "sales": {"columns": {"qty": {"measure": "semi"}}},
                "titles": {"columns": {"ytd_sales": {"measure": "no"}}},
            }
        },
    )
    outcome = run_job(source, tmp_path / "out")
    star = tables(outcome)
    assert outcome["verdict"] == "validated"
    assert columns(star["fact_publisher"], "measure") == []
    assert not any(table.get("source") == "roysched" for table in star.values())
    roles = {role["table"]: role for role in artefact(outcome, "design")["sources"]}
    assert roles["roysched"]["role"] == "unused"
    assert "bldr.json" in roles["publishers"]["reason"]
    fact = next(table for table in star.values() if table.get("source") == "sales")
    quantity = next(column for column in fact["columns"] if column["name"] == "qty")
    assert (quantity["role"], quantity["additivity"]) == ("measure", "semi")


# ---- round trip ----


def without(value: Any, keys: set[str]) -> Any:
    if isinstance(value, dict):
        return {key: without(item, keys) for key, item in value.items() if key not in keys}
    return [without(item, keys) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("folder", [JAFFLE, SHOP, PUBS], ids=["jaffle", "ecommerce", "pubs"])
def test_what_was_approved_is_what_the_next_run_makes(folder: Path, tmp_path: Path) -> None:
    source = copy(folder, tmp_path / "source")
    waiting = run(
        "run", "-s", source, "-o", tmp_path / "a", "--approve", "--json", stdin=subprocess.DEVNULL
    )
    assert waiting.returncode == 130
    first = json.loads(run("runs", "approve", "-o", tmp_path / "a", "--json").stdout)
    pinned = json.loads((source / "bldr.json").read_text())
    second = run_job(source, tmp_path / "b")
    assert artefact(second, "sources")["overrides"] == pinned
    texts = {"head", "reason", "alternatives"}  # they say that bldr.json says so
    for name in ("design", "contract", "sttm"):
        assert without(artefact(first, name), texts) == without(artefact(second, name), texts)
    one, two = (warehouse_rows(Path(o["folder"]) / "warehouse.db") for o in (first, second))
    assert one == two
    asked = json.loads(run("plan", source, "--json").stdout)["questions"]
    assert not [q for q in asked if q["kind"] in ("date_order", "foreign_key")]


def test_a_changed_decision_changes_the_design(jaffle: Path, tmp_path: Path) -> None:
    run("run", "-s", jaffle, "-o", tmp_path / "a", "--approve", stdin=subprocess.DEVNULL)
    run("runs", "approve", "-o", tmp_path / "a")
    pinned = json.loads((jaffle / "bldr.json").read_text())
    pinned["tables"]["raw_payments"]["role"] = "dimension"
    decide(jaffle, pinned)
    assert "dim_payment" in tables(run_job(jaffle, tmp_path / "b"))


def test_what_a_person_wrote_stays_in_what_is_approved(jaffle: Path, tmp_path: Path) -> None:
    """Their file is not written over; the run's own holds their decisions and the approved ones."""
    given = {
        "files": {"raw_orders.csv": {"delimiter": ","}},
        "tables": {"raw_orders": {"not_keys": [["status"]]}},
    }
    decide(jaffle, given)
    run("run", "-s", jaffle, "-o", tmp_path / "a", "--approve", stdin=subprocess.DEVNULL)
    outcome = json.loads(run("runs", "approve", "-o", tmp_path / "a", "--json").stdout)
    kept = json.loads((Path(outcome["folder"]) / "artefacts/bldr.json").read_text())
    assert kept["files"] == given["files"]
    assert kept["tables"]["raw_orders"]["not_keys"] == [["status"]]
    assert kept["tables"]["raw_orders"]["key"] == ["id"]


def test_redesign_takes_the_new_decisions(jaffle: Path, tmp_path: Path) -> None:
    done = run("run", "-s", jaffle, "-o", tmp_path / "a", "--approve", stdin=subprocess.DEVNULL)
    assert done.returncode == 130
    assert "dim_payment" not in run("runs", "show", "-o", tmp_path / "a").stdout
    decide(jaffle, {"tables": {"raw_payments": {"role": "dimension"}}})
    done = run("runs", "redesign", "-o", tmp_path / "a", stdin=subprocess.DEVNULL)
    assert done.returncode == 130
    shown = run("runs", "show", "-o", tmp_path / "a").stdout
    assert "dim_payment: dimension from raw_payments" in shown
    assert "decided by bldr.json" in shown


def test_plan_says_what_was_decided(jaffle: Path) -> None:
    decide(jaffle, {"tables": {"raw_orders": {"role": "fact", "key": ["id"]}}})
    shown = run("plan", jaffle).stdout
    assert "decided by bldr.json\n  raw_orders  role fact  key (id)\n" in shown
    assert json.loads(run("plan", jaffle, "--json").stdout)["overrides"]["tables"]


# ---- kill and resume ----


def test_a_resumed_run_keeps_what_it_recorded(jaffle: Path, tmp_path: Path) -> None:
    decide(jaffle, {"tables": {"raw_payments": {"role": "dimension"}}})
    whole = run_job(jaffle, tmp_path / "whole")
    for event in (whole["events"] // 4, whole["events"] // 2):
        decide(jaffle, {"tables": {"raw_payments": {"role": "dimension"}}})
        output = tmp_path / f"kill-{event}"
        killed = run("run", "-s", jaffle, "-o", output, hook=f"kill={event}")
        assert killed.returncode == -signal.SIGKILL
        decide(jaffle, '{"tables": {"raw_payments": {"role": "fact", "nonsense": 1}}}')
        resumed = json.loads(run("runs", "resume", "-o", output, "--json").stdout)
        assert without(artefact(resumed, "sttm"), {"head"}) == without(
            artefact(whole, "sttm"), {"head"}
        )
        assert "dim_payment" in tables(resumed)


# ---- what is wrong ----

KEYED = '{"tables": {"raw_orders": {"columns": {"order_date": %s}}}}'


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("{", "line 1"),
        (
            '{"tables": {\n"raw_order": {}}}',
            '"bldr.json", line 2: "/tables/raw_order": there is no table "raw_order", did you mean "raw_orders"?',
        ),
        ('{"files": {"raw_order.csv": {}}}', 'did you mean "raw_orders.csv"?'),
        ('{\n"tables": {"raw_orders": {\n"role": 7}}}', 'line 3: "/tables/raw_orders/role"'),
        (
            '{"tables": {"raw_orders": {"key": ["user"]}}}',
            'no column "user", did you mean "user_id"?',
        ),
        ('{"files": {"raw_orders.csv": {"columns": ["a"]}}}', "1 are named, the file has 4"),
        ('{"files": {"raw_orders.csv": {"encoding": "klingon"}}}', 'encoding "klingon"'),
        ('{"files": {"raw_orders.csv": {"delimiter": "§"}}}', "one ASCII character"),
        (KEYED % '{"type": "int64"}', "none of its 99 values is int64"),
        (KEYED % '{"date_format": "dd/MM/yyyy"}', "none of its 99 values is date as dd/MM/yyyy"),
        (KEYED % '{"date_format": "when"}', "date_format"),
        (KEYED % '{"type": "decimal(40,2)"}', "38 digits"),
        (KEYED % '{"measure": "additive"}', "nothing to sum"),
        ('{"tables": {"raw_orders": {"columns": {"id": {"measure": "semi"}}}}}', "part of a key"),
        ('{"tables": {"raw_customers": {"role": "bridge"}}}', "a bridge has foreign keys"),
        (
            '{"tables": {"raw_orders": {"foreign_keys": [{"columns": ["id"], "to": '
            '"raw_payments", "to_columns": ["order_id"]}]}}}',
            'repeat what "id" refers to',
        ),
        (" " * (1 << 20) + "{}", "bldr.json"),
    ],
)
def test_a_wrong_file_stops_everything(jaffle: Path, tmp_path: Path, text: str, part: str) -> None:
    decide(jaffle, text)
    output = tmp_path / "out"
    commands: list[list[str | Path]] = [["plan", jaffle], ["run", "-s", jaffle, "-o", output]]
    for args in commands:
        done = run(*args)
        assert done.returncode == 2, (args, done.stderr)
        assert "bldr.json" in done.stderr and part in done.stderr
    if "role" not in text and "measure" not in text:
        done = run("profile", jaffle)
        assert done.returncode == 2 and part in done.stderr


def test_a_dimension_needs_a_key(tmp_path: Path) -> None:
    (tmp_path / "sales.csv").write_text("day,amount\n2024-01-02,1.5\n2024-01-02,1.5\n")
    decide(tmp_path, {"tables": {"sales": {"role": "dimension"}}})
    done = run("plan", tmp_path)
    assert done.returncode == 2 and "a dimension needs a key" in done.stderr


def test_all_tables_left_out(jaffle: Path) -> None:
    names = ("raw_customers", "raw_orders", "raw_payments")
    decide(jaffle, {"tables": {name: {"role": "unused"} for name in names}})
    done = run("plan", jaffle)
    assert done.returncode == 2 and "leaves every table out" in done.stderr


def test_dates_of_the_page_are_those_that_are_read() -> None:
    """docs/overrides.md lists the formats that src/ingest/dates.c reads."""
    source = (ROOT / "src/ingest/dates.c").read_text()
    block = source.split("const char *const date_formats[DATE_FORMATS] = {", 1)[1].split("};")[0]
    formats = [line.strip().rstrip(",").strip('"') for line in block.splitlines() if '"' in line]
    page = (ROOT / "docs/overrides.md").read_text()
    missing = [f for f in formats if f"`{f}`" not in page]
    assert Counter(formats).most_common(1)[0][1] == 1 and missing == []
