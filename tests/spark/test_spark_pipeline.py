"""The emitted notebooks on real Spark and Delta, in the job's order, against DuckDB and the embedded warehouse.

BLDR_BUILD names the build whose `bldr` or `emit_tool` writes pipeline and warehouse.
"""

import hashlib
import importlib
import json
import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import nasty
import pytest
from bldr import JAFFLE
from dialects import ECOMMERCE
from fixtures import needs_spark
from pipelines import Ran, run_pipeline

pytestmark = [needs_spark, pytest.mark.timeout(1800)]
TRUTH = json.loads((ECOMMERCE / "truth.json").read_text())


def tool(*args: str | Path) -> None:
    program = Path(os.environ["BLDR_BUILD"]) / "emit_tool"
    done = subprocess.run(
        [str(program), *map(str, args)], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr


def copy_of_jaffle(folder: Path, table: str, edit: Callable[[str], str]) -> Path:
    shutil.copytree(JAFFLE, folder, ignore=shutil.ignore_patterns("*.md", "LICENSE"))
    path = folder / f"raw_{table}.csv"
    path.chmod(0o644)
    path.write_text(edit(path.read_text()))
    return folder


def changed_jaffle(folder: Path) -> Path:
    """Another name for customer 3, order 1 gone, a payment more."""
    copy = copy_of_jaffle(
        folder / "changed", "customers", lambda text: text.replace("3,Kathleen,P.", "3,Kathy,P.")
    )
    orders = copy / "raw_orders.csv"
    orders.write_text("".join(r for r in orders.open() if not r.startswith("1,")))
    with (copy / "raw_payments.csv").open("a") as payments:
        payments.write("\n900,2,coupon,7\n")
    return copy


def changed_source(jaffle: Ran) -> Path:
    """The files of its third run."""
    return jaffle.made / "changed"


def renamed_jaffle(folder: Path) -> Path:
    return copy_of_jaffle(
        folder / "renamed", "orders", lambda text: text.replace("status", "state", 1)
    )


def torn_jaffle(folder: Path) -> Path:
    """Two of 113 payments have a field too many: 1.77 percent."""
    return copy_of_jaffle(
        folder / "torn", "payments", lambda text: text.replace(",coupon,", ",coupon,,", 2)
    )


# What tables must refuse, and the constraint that is in the way.
REFUSED = [
    ("bronze_raw_orders", "_source_line = 0", "a_line_counts_from_1"),
    ("bronze_raw_orders", "_run_id = NULL", "NOT_NULL_CONSTRAINT_VIOLATED"),
    ("silver_raw_orders", "_source_line = -1", "a_line_counts_from_1"),
    ("fact_order", "customer_key = -7", "keys_are_known"),
    ("fact_order", "order_date_key = 20", "keys_are_known"),
    ("fact_order", "order_id = NULL", "NOT_NULL_CONSTRAINT_VIOLATED"),
    ("dim_customer", "customer_key = -3", "keys_are_known"),
    ("etl_audit", "status = 'odd'", "status_is_known"),
    ("etl_audit", "error = NULL", "a_failure_has_its_error"),
]
# Columns that tables are clustered by.
CLUSTERED = {
    "bronze_raw_orders": ["_run_id"],
    "fact_order": ["order_date_key", "customer_key"],
    "fact_payment": ["order_date_key", "customer_key"],
    "dim_customer": ["customer_key"],
    "dim_date": ["date_key"],
}
STATEMENTS = [
    *(f"UPDATE {{schema}}.{table} SET {change}" for table, change, _ in REFUSED),
    *(f"DESCRIBE DETAIL {{schema}}.{table}" for table in CLUSTERED),
]


@pytest.fixture(scope="module")
def jaffle(
    minutes: None, shared_spark_workspace: Any, tmp_path_factory: pytest.TempPathFactory
) -> Ran:
    folder = tmp_path_factory.mktemp("jaffle")
    tool("folder", JAFFLE, folder)
    artefacts = folder / "artefacts"
    tool("load", JAFFLE, artefacts / "sources.v1.json", artefacts / "sttm.v1.json", folder)
    changed = changed_jaffle(folder)
    others: list[str | Path] = [
        changed,
        renamed_jaffle(folder),
        f"{changed};full_refresh=true;remove_gone=true",
    ]
    torn = f"{torn_jaffle(folder)};quarantine_limit=1"
    lost = "sql:DELETE FROM {schema}.etl_audit WHERE run_id = 'run5'"
    others += [torn, lost, f"run5={torn}", *(f"sql:{s}" for s in STATEMENTS)]
    return run_pipeline(shared_spark_workspace, folder, JAFFLE, JAFFLE, *others)


@pytest.fixture(scope="module")
def wild(
    minutes: None, shared_spark_workspace: Any, tmp_path_factory: pytest.TempPathFactory
) -> Ran:
    folder = tmp_path_factory.mktemp("nasty")
    source = folder / "source"
    source.mkdir()
    nasty.write_sources(source)
    sources, sttm = nasty.write_artefacts(source, folder)
    tool("artefacts", sources, sttm, folder)
    tool("load", source, sources, sttm, folder)
    return run_pipeline(shared_spark_workspace, folder, source, source)


@pytest.fixture(params=["jaffle", "wild", "shop"])
def ran(request: pytest.FixtureRequest) -> Ran:
    return request.getfixturevalue(request.param)


def in_order(rows: list[Any]) -> list[Any]:
    return sorted(rows, key=repr)


@pytest.mark.parametrize("name", ["jaffle", "wild"])
def test_second_run_changes_no_row(name: str, request: pytest.FixtureRequest) -> None:
    ran: Ran = request.getfixturevalue(name)
    assert (ran.first["failed"], ran.second["failed"]) == (None, None)
    assert sum(m["num_affected_rows"] for m in ran.first["merges"]) > 0
    assert [m for m in ran.second["merges"] if m["num_affected_rows"] != 0] == []
    assert ran.first["tables"].keys() == ran.second["tables"].keys()
    for table, before in ran.first["tables"].items():
        after = ran.second["tables"][table]
        if table == "etl_audit":
            continue
        assert before["versions"] == after["versions"], table
        assert before["columns"] == after["columns"]
        assert in_order(before["rows"]) == in_order(after["rows"]), table


def as_warehouse(value: Any, kind: str) -> Any:
    """A cell as docs/warehouse.md says the views show it."""
    if value is None or kind not in ("boolean", "double", "timestamp", "timestamp_ntz"):
        return value
    if kind in ("boolean", "double"):
        return int(value) if kind == "boolean" else float(value)
    text = value.replace(" ", "T") + ("" if "." in value else ".000000")
    return text + "Z" if kind == "timestamp" else text


def test_star_equals_the_embedded_warehouse(ran: Ran) -> None:
    """Every row and column, surrogate keys, source lines and reserved rows included."""
    views = [
        name
        for (name,) in ran.database.execute("SELECT name FROM sqlite_master WHERE type = 'view'")
    ]
    assert len(views) >= 4
    for view in views:
        cursor = ran.database.execute(f'SELECT * FROM "{view}"')
        found = ran.second["tables"][view.removeprefix("v_")]
        assert found["columns"] == [column[0] for column in cursor.description]
        rows = [tuple(map(as_warehouse, row, found["types"])) for row in found["rows"]]
        assert in_order(rows) == in_order(cursor.fetchall()), view


def told(kind: str, reason: str) -> str:
    """A reason as both tell it: of a NULL that is needed, the warehouse also says what text became it."""
    return reason.split(": ")[0] if kind == "refused" else reason


def test_the_same_records_are_in_quarantine_for_the_same_reasons(ran: Ran) -> None:
    """A line is refused there when it is refused by silver, or by a gold table of its source."""
    refused = {
        (row["_source_file"], row["_source_line"], row["kind"], told(row["kind"], row["reason"]))
        for table in ran.second["tables"]
        if table.startswith("quarantine_")
        for row in ran.rows(table)
    }
    expected = ran.database.execute("SELECT path, line, kind, reason FROM bldr_quarantine")
    assert refused == {(*row[:3], told(row[2], row[3])) for row in expected}


def test_layers_hold_as_many_records(ran: Ran) -> None:
    """Bronze holds what was read, silver what neither the reader refused nor a later version replaced."""
    layers = ran.database.execute(
        "SELECT source_table, read, duplicates FROM bldr_layer"
    ).fetchall()
    assert layers
    for table, read, duplicates in layers:
        kinds = [row["kind"] for row in ran.rows(f"quarantine_{table}")]
        assert len(ran.rows(f"bronze_{table}")) == read
        assert kinds.count("duplicate") == duplicates
        assert len(ran.rows(f"silver_{table}")) == read - len(kinds)


def raw_columns(notebook: Path) -> dict[str, str]:
    """The column of the file that each silver column is made of: the table in the notebook's head says it."""
    rows = [line.split(" | ") for line in notebook.read_text().splitlines()]
    cells = [row for row in rows if row[0] == "# MAGIC" and len(row) > 3]
    return {row[1].strip("`"): row[3].replace("\\", "") for row in cells}


def test_the_same_cells_of_the_shop_are_refused(shop: Ran) -> None:
    """Silver does not look at records that it refuses, so their cells are left out."""
    query = """
        SELECT source_table, line, "column" FROM bldr_refused_cell c
        WHERE NOT EXISTS (SELECT 1 FROM bldr_quarantine q WHERE q.path = c.path AND q.line = c.line)
    """
    expected = set(shop.database.execute(query))
    assert (
        len(expected)
        == shop.database.execute("SELECT count(*) FROM bldr_refused_cell").fetchone()[0]
    )
    found = set()
    for notebook in (shop.pipeline / "silver").iterdir():
        raw = raw_columns(notebook)
        for row in shop.rows(f"silver_{notebook.stem}"):
            found |= {(notebook.stem, row["_source_line"], raw[name]) for name in row["_unfit"]}
    assert found == expected


def statistics(values: list[Any], kind: str) -> dict[str, Any]:
    """What truth.json says of a column: texts of numbers as exact as they are written."""
    found: dict[str, Any] = {"count": len(values)}
    if kind == "date":
        months = Counter(value[:7] for value in values)
        return found | {"min": min(values), "max": max(values), "months": dict(months)}
    numbers = [Decimal(value) for value in values]
    return found | {"min": min(numbers), "max": max(numbers), "sum": sum(numbers)}


@pytest.mark.parametrize("table", TRUTH["tables"])
def test_silver_of_the_shop_is_what_the_truth_says(shop: Ran, table: str) -> None:
    """Counts, sums and months of data/ecommerce/truth.json, which is told from the model that made the files."""
    truth, rows = TRUTH["tables"][table], shop.rows(f"silver_{table}")
    kinds = Counter(row["kind"] for row in shop.rows(f"quarantine_{table}"))
    assert len(shop.rows(f"bronze_{table}")) == truth["records"]
    assert kinds["unreadable"] + kinds["total"] == truth["quarantined"]
    assert kinds["duplicate"] == truth["duplicates"]
    assert len(rows) == truth["loaded"]
    silver = shop.second["tables"][f"silver_{table}"]
    types = dict(zip(silver["columns"], silver["types"], strict=True))
    raw = raw_columns(shop.pipeline / f"silver/{table}.py")
    for column in truth["column_list"]:
        if "loaded" not in column:
            continue
        names = [n for n, r in raw.items() if r == column["name"] and types[n] != "string"]
        assert names, column["name"]
        for name in names:
            values = [row[name] for row in rows if row[name] is not None]
            found = statistics(values, types[name])
            for key, expected in column["loaded"].items():
                if key in ("min", "max", "sum") and types[name] != "date":
                    expected = Decimal(expected)
                assert found[key] == expected, (name, key)


def test_bronze_holds_every_record_and_silver_says_what_did_not_fit(wild: Ran) -> None:
    (read,) = wild.database.execute(
        "SELECT read FROM bldr_layer WHERE source_table = 'events'"
    ).fetchone()
    assert len(wild.rows("bronze_events")) == read
    unfit = {row["_source_line"]: row["_unfit"] for row in wild.rows("silver_events")}
    by_id = {row["id"]: unfit[row["_source_line"]] for row in wild.rows("fact_event")}
    # the text of these cells is no value of the column's type; NULL tokens are no misfits
    assert by_id[1] == []
    assert set(by_id[3]) == {"amount", "amount_decimal", "flag"}
    assert by_id[4] == ["paid_on"]
    assert "amount" in by_id[5] and "ratio" in by_id[5]
    assert by_id[9] == ["at"]


RAW = {
    t: f"read_csv('{JAFFLE}/raw_{t}.csv', all_varchar = true)"
    for t in ("customers", "orders", "payments")
}
PAYMENTS = """
    SELECT {of}, count(*), sum(p.amount::BIGINT)::BIGINT FROM {payments} p JOIN {orders} o ON o.id = p.order_id
    GROUP BY 1
"""


def duck(query: str) -> list[tuple[Any, ...]]:
    return list(importlib.import_module("duckdb").sql(query).fetchall())


def totals(rows: list[dict[str, Any]], key: str) -> list[tuple[Any, int, int]]:
    found: dict[Any, tuple[int, int]] = {}
    for row in rows:
        count, amount = found.get(row[key], (0, 0))
        found[row[key]] = (count + 1, amount + row["amount"])
    return sorted((k, count, amount) for k, (count, amount) in found.items())


@pytest.mark.parametrize(
    ("key", "of"),
    [
        ("customer_id", "o.user_id::BIGINT"),
        ("payment_method", "p.payment_method"),
        ("status", "o.status"),
    ],
)
def test_payments_equal_duckdbs(jaffle: Ran, key: str, of: str) -> None:
    customers = {row["customer_key"]: row["customer_id"] for row in jaffle.rows("dim_customer")}
    payments = [
        {**row, "customer_id": customers[row["customer_key"]]}
        for row in jaffle.rows("fact_payment")
    ]
    expected = sorted(duck(PAYMENTS.format(of=of, **RAW)))
    assert expected
    assert totals(payments, key) == expected


def test_orders_equal_duckdbs(jaffle: Ran) -> None:
    customers = {row["customer_key"]: row["customer_id"] for row in jaffle.rows("dim_customer")}
    found = [
        (row["order_id"], customers[row["customer_key"]], row["order_date_key"], row["status"])
        for row in jaffle.rows("fact_order")
    ]
    query = "SELECT id::BIGINT, user_id::BIGINT, replace(order_date, '-', '')::BIGINT, status FROM {orders}"
    assert sorted(found) == sorted(duck(query.format(**RAW)))


def test_surrogate_keys_equal_xxhashs(jaffle: Ran) -> None:
    xxhash = importlib.import_module("xxhash")
    ids = [i for (i,) in duck("SELECT id FROM {customers}".format(**RAW))]
    expected = {
        int(i): xxhash.xxh64_intdigest(f"dim_customer|{i}".encode(), seed=42) & 0x7FFFFFFFFFFFFFFF
        for i in ids
    }
    found = {
        row["customer_id"]: row["customer_key"]
        for row in jaffle.rows("dim_customer")
        if row["customer_key"] >= 0
    }
    assert found == expected
    days = [row["date_key"] for row in jaffle.rows("dim_date")]
    query = "SELECT strftime(d, '%Y%m%d')::BIGINT FROM range(DATE '2018-01-01', DATE '2019-01-01', INTERVAL 1 DAY) t(d)"
    assert sorted(days) == [-2, -1, *sorted(d for (d,) in duck(query))]


def counts(run: dict[str, Any]) -> dict[str, tuple[int, int, int]]:
    """Rows inserted, updated and deleted per table, where there were any."""
    found = {
        m["table"]
        .split(".")[-1]
        .strip("`"): (
            m["num_inserted_rows"],
            m["num_updated_rows"],
            m["num_deleted_rows"],
        )
        for m in run["merges"]
    }
    return {table: numbers for table, numbers in found.items() if numbers != (0, 0, 0)}


def test_a_changed_source_changes_what_it_must(jaffle: Ran) -> None:
    """98 orders stand a line higher: silver knows rows by their line, gold by their key; bronze takes files as a whole."""
    run = jaffle.others[0]
    assert run["failed"] is None
    assert counts(run) == {
        "bronze_raw_customers": (100, 0, 0),
        "silver_raw_customers": (0, 1, 0),
        "dim_customer": (0, 1, 0),
        "bronze_raw_orders": (98, 0, 0),
        "silver_raw_orders": (0, 98, 1),
        "fact_order": (0, 98, 0),
        "bronze_raw_payments": (114, 0, 0),
        "silver_raw_payments": (1, 0, 0),
        "fact_payment": (1, 1, 0),
    }
    names = {row["customer_id"]: row["first_name"] for row in jaffle.rows("dim_customer", run)}
    assert names[3] == "Kathy"
    orders = {row["order_id"]: row for row in jaffle.rows("fact_order", run)}
    assert len(orders) == 99 and orders[2]["_source_line"] == 2
    payments = {row["payment_id"]: row for row in jaffle.rows("fact_payment", run)}
    assert payments[900]["order_date_key"] == 20180102
    # the order of payment 1 is gone, so nothing is known of it: its key is written, and leads nowhere
    assert (payments[1]["customer_key"], payments[1]["order_date_key"]) == (-1, -1)
    assert payments[1]["status"] is None


def test_bronze_keeps_every_content_that_a_file_had(jaffle: Ran) -> None:
    changed = jaffle.others[0]
    for table, file in (("customers", "raw_customers.csv"), ("orders", "raw_orders.csv")):
        first = jaffle.rows(f"bronze_raw_{table}", jaffle.first)
        rows = jaffle.rows(f"bronze_raw_{table}", changed)
        by_run = {r: [row for row in rows if row["_run_id"] == r] for r in ("run0", "run2")}
        assert in_order(by_run["run0"]) == in_order(first)
        assert len(by_run["run0"]) + len(by_run["run2"]) == len(rows)
        records = duck(
            f"SELECT * FROM read_csv('{changed_source(jaffle) / file}', all_varchar = true)"
        )
        found = [tuple(row.values())[: len(records[0])] for row in by_run["run2"]]
        assert in_order(found) == in_order(records)
        (hash_,) = {row["_source_hash"] for row in by_run["run2"]}
        content = (changed_source(jaffle) / file).read_bytes()
        assert hash_ == hashlib.blake2b(content, digest_size=32).hexdigest()


def test_a_full_refresh_reads_again_and_removes_what_is_gone(jaffle: Ran) -> None:
    run = jaffle.others[2]
    assert run["failed"] is None
    assert counts(run) == {
        "bronze_raw_customers": (100, 0, 0),
        "bronze_raw_orders": (98, 0, 0),
        "bronze_raw_payments": (114, 0, 0),
        "silver_raw_payments": (1, 0, 0),  # which the run before, that came no further, took out
        "fact_order": (0, 0, 1),
    }
    assert 1 not in {row["order_id"] for row in jaffle.rows("fact_order", run)}


HEADER = "the header of raw_orders.csv is ['id', 'user_id', 'order_date', 'state']"


LOG = ["level,amount,day"] + [f"{'ab'[i % 2]},{i}.50,2024-01-0{i}" for i in range(1, 8)]


def test_a_table_whose_key_is_the_line_holds_the_latest_content_alone(
    minutes: None, shared_spark_workspace: Any, tmp_path: Path
) -> None:
    """Without its first record each one moves up a line; the last would count twice."""
    sources: list[str | Path] = []
    for name, lines in (("whole", LOG), ("shorter", [LOG[0], *LOG[2:]])):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "log.csv").write_text("\n".join([*lines, ""]))
        sources.append(folder)
    tool("folder", sources[0], tmp_path)
    ran = run_pipeline(shared_spark_workspace, tmp_path, *sources)
    for run, numbers in ((ran.first, range(1, 8)), (ran.second, range(2, 8))):
        assert run["failed"] is None
        amounts = sorted(Decimal(row["amount"]) for row in ran.rows("fact_log", run))
        assert amounts == [Decimal(f"{i}.50") for i in numbers]


def test_another_header_is_refused(jaffle: Ran) -> None:
    run = jaffle.others[1]
    assert run["failed"].startswith(f"bronze_raw_orders: {HEADER}")
    before = jaffle.others[0]["tables"]["bronze_raw_orders"]["rows"]
    assert in_order(run["tables"]["bronze_raw_orders"]["rows"]) == in_order(before)


def test_more_refused_records_than_allowed_end_the_task(jaffle: Ran) -> None:
    """They are in quarantine by then, for people to look at; silver is as it was."""
    run, before = jaffle.others[3], jaffle.others[2]
    assert run["failed"] == (
        "silver_raw_payments: 2 of 113 records cannot be read, more than 1 percent"
    )
    silver = "silver_raw_payments"
    assert in_order(run["tables"][silver]["rows"]) == in_order(before["tables"][silver]["rows"])
    reasons = [row["reason"] for row in jaffle.rows("quarantine_raw_payments", run)]
    assert reasons == ["5 fields where the header has 4"] * 2


def test_a_run_that_is_repeated_adds_nothing(jaffle: Ran) -> None:
    """As when it was killed between the rows of bronze and the row of the audit."""
    before, again = jaffle.others[3:5]
    assert jaffle.statements[0]["failed"] is None
    assert again["failed"] == before["failed"]
    bronze = "bronze_raw_payments"
    assert counts(again) == {}
    assert in_order(again["tables"][bronze]["rows"]) == in_order(before["tables"][bronze]["rows"])
    audit = [
        [
            {k: v for k, v in row.items() if not k.endswith("_at")}
            for row in jaffle.rows("etl_audit", run)
        ]
        for run in (before, again)
    ]
    assert in_order(audit[0]) == in_order(audit[1])


AUDITED = ("status", "rows_read", "rows_written", "rows_rejected", "image_run_id")


def test_the_audit_has_a_row_for_every_file_and_run(jaffle: Ran) -> None:
    """Runs: first, again, changed, another header (which ends the run), full refresh, too many refused."""
    rows = jaffle.rows("etl_audit", jaffle.others[3])
    found = {
        (row["run_id"], row["file"][4:-4]): tuple(row[name] for name in AUDITED) for row in rows
    }
    assert len(found) == len(rows)
    numbers = {"customers": 100, "orders": 99, "payments": 113}
    changed = {"customers": 100, "orders": 98, "payments": 114}
    expected: dict[tuple[str, str], tuple[Any, ...]] = {}
    for table, n in numbers.items():
        expected["run0", table] = ("loaded", n, n, 0, "run0")
        expected["run1", table] = ("unchanged", n, 0, 0, "run0")
        expected["run2", table] = ("loaded", changed[table], changed[table], 0, "run2")
        expected["run4", table] = ("loaded", changed[table], changed[table], 0, "run4")
    # the job of this run begins with payments, whose file is that of the first runs
    expected["run3", "payments"] = ("loaded", 113, 113, 0, "run3")
    expected["run3", "orders"] = ("failed", None, None, None, None)
    expected["run5", "payments"] = ("failed", 113, 113, 2, "run5")
    assert found == expected


def test_the_audit_says_what_was_wrong_and_which_file_it_was(jaffle: Ran) -> None:
    rows = {(row["run_id"], row["file"]): row for row in jaffle.rows("etl_audit", jaffle.others[3])}
    refused = rows["run3", "raw_orders.csv"]
    assert refused["error"].startswith(f"HeaderError: {HEADER}")
    assert rows["run5", "raw_payments.csv"]["error"].endswith("more than 1 percent")
    for (run, file), row in rows.items():
        folder = {"run2": changed_source(jaffle), "run4": changed_source(jaffle)}.get(run, JAFFLE)
        if run not in ("run3", "run5"):
            content = (folder / file).read_bytes()
            digest = hashlib.blake2b(content, digest_size=32).hexdigest()
            assert (row["bytes"], row["source_hash"]) == (len(content), digest)
            assert row["error"] is None
        assert row["started_at"] < row["ended_at"]


def test_tables_refuse_what_breaks_their_constraints(jaffle: Ran) -> None:
    for (table, change, constraint), done in zip(REFUSED, jaffle.statements[1:], strict=False):
        assert done["failed"] is not None, (table, change)
        assert constraint.lower() in done["failed"].lower(), (table, change, done["failed"])


def test_tables_are_clustered_and_described(jaffle: Ran) -> None:
    details = jaffle.statements[1 + len(REFUSED) :]
    for (table, columns), done in zip(CLUSTERED.items(), details, strict=True):
        (detail,) = done["rows"]
        assert detail["clusteringColumns"] == columns, table
        assert detail["description"], table


def test_every_column_of_every_table_has_a_comment(ran: Ran) -> None:
    for name, table in ran.second["tables"].items():
        assert all(table["comments"]), (name, table["columns"], table["comments"])
