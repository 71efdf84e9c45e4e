"""What the Tester asks of a workspace, answered by Spark: the same findings as over the warehouse here, for jaffle_shop,
for the folder that has all types and odd rows (tests/checks/shop.py), and for data/ecommerce as `bldr run` loads it.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import spark_workspace
from spark_workspace import SparkWorkspace

sys.path.append(str(Path(__file__).resolve().parents[1] / "checks"))
import checks_probe
import fake_workspace
from make_warehouse import make_case, make_jaffle
from shop import KEPT_OUT, fill_shop, shop_design, write_shop

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.usefixtures("minutes"), pytest.mark.timeout(600)]
Findings = dict[str, dict[str, Any]]


class Case:
    """Artefacts and warehouse of a source folder."""

    def __init__(self, folder: Path, source: Path) -> None:
        self.folder = folder
        self.source = source
        self.design = checks_probe.load(folder, "design")

    def here(self) -> Findings:
        checks = checks_probe.findings(self.folder, self.source)["checks"]
        return {f"{f['check']} {f['subject']}": f for f in checks}

    def stands(self, session: Any, schema: str) -> SparkWorkspace:
        star = self.folder / "warehouse.db"
        files = checks_probe.load(self.folder, "sources")["files"]
        hashes = {file["table"]: file["hash"] for file in files}
        return SparkWorkspace(session, self.folder / "lake", schema, star, self.design, hashes)

    def there(
        self, workspace: SparkWorkspace, monkeypatch: pytest.MonkeyPatch, rows_max: int
    ) -> tuple[Findings, dict[str, int]]:
        monkeypatch.setattr(fake_workspace, "CATALOG", spark_workspace.CATALOG)
        monkeypatch.setattr(fake_workspace, "SCHEMA", workspace.schema)
        fake_workspace.ask_everything(self.folder, self.source, workspace, rows_max)
        return fake_workspace.judge(self.folder, self.source)


def jaffle(folder: Path) -> Case:
    make_jaffle(folder, ROOT / "data/jaffle_shop", constraints=False)
    checks_probe.contract(folder, ROOT / "data/jaffle_shop")
    return Case(folder, ROOT / "data/jaffle_shop")


def odd_shop(folder: Path) -> Case:
    source = write_shop(folder / "source")
    make_case(folder, source, shop_design(), fill_shop, kept_out=KEPT_OUT)
    checks_probe.contract(folder, source)
    return Case(folder, source)


def ecommerce(folder: Path) -> Case:
    source = ROOT / "data/ecommerce"
    command = [os.environ["BLDR_BIN"], "run", "--source-dir", source, "--output", folder / "out"]
    subprocess.run([str(c) for c in command], check=True, capture_output=True, timeout=300)
    (run,) = [path for path in (folder / "out").iterdir() if path.is_dir()]
    for name in ("sources", "design", "contract", "sttm", "deployment"):
        latest = max((run / "artefacts").glob(f"{name}.v*.json"))
        shutil.copy(latest, folder / f"{name}.json")
    for name in ("warehouse.db", "reloaded.db"):
        shutil.copy(run / name, folder / name)
    return Case(folder, source)


MAKERS = {"jaffle": jaffle, "odd_shop": odd_shop, "ecommerce": ecommerce}


def outcome(findings: Findings) -> dict[str, tuple[bool, str]]:
    return {key: (f["passed"], f["severity"]) for key, f in findings.items()}


@pytest.mark.parametrize(
    ("name", "rows_max"), [("jaffle", 0), ("odd_shop", 20000), ("odd_shop", 1), ("ecommerce", 400)]
)
def test_a_right_star_has_the_findings_of_the_warehouse_here(
    tmp_path: Path, spark_session: Any, monkeypatch: pytest.MonkeyPatch, name: str, rows_max: int
) -> None:
    case = MAKERS[name](tmp_path)
    workspace = case.stands(spark_session, f"{name}_{rows_max}")
    found, answered = case.there(workspace, monkeypatch, rows_max)
    tables = {f"W1 {table['name']}" for table in case.design["tables"]}
    assert {k: f["found"] for k, f in found.items() if k in tables and not f["passed"]} == {}
    here = case.here()
    apart = {
        key: (f["passed"], here.get(key, {}).get("passed"), f["found"])
        for key, f in found.items()
        if key not in tables and f["passed"] != here.get(key, {}).get("passed")
    }
    assert apart == {}
    assert outcome({k: f for k, f in found.items() if k not in tables}) == outcome(here)
    if rows_max < 20000:
        large = [t for t in answered if t.startswith("buckets ")]
        assert large and not any(t.startswith("rows of buckets") for t in answered)
    print(f"{name}: {len(answered)} statements, {sum(answered.values())} rows")


def test_faults_that_stand_there_are_found(
    tmp_path: Path, spark_session: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the list of planted faults, several at a time, in different tables; rows of differing buckets name the cells."""
    case = jaffle(tmp_path)
    workspace = case.stands(spark_session, "planted")
    workspace.replace(
        "fact_payment",
        """SELECT payment_id, order_id, customer_key, order_date_key, payment_method,
            IF(payment_id = 3, amount + 1, amount) AS amount, _source_file, _source_line
        FROM old WHERE payment_id <> 29 UNION ALL SELECT * FROM old WHERE payment_id = 17""",
    )
    workspace.replace(
        "fact_order",
        """SELECT order_id, IF(order_id = 1, 12345, customer_key) AS customer_key, order_date_key,
            IF(order_id = 5, 'Completed', status) AS status, _source_file, _source_line FROM old""",
    )
    workspace.replace(
        "dim_date",
        "SELECT * FROM old WHERE date IS NULL OR date <> DATE '2018-12-25'",
    )
    found, answered = case.there(workspace, monkeypatch, 60)
    failed = {key: f for key, f in found.items() if not f["passed"] and f["severity"] == "error"}
    assert {
        *("W1 fact_payment", "R4 fact_payment.amount", "K2 fact_payment.payment_id"),
        *("W1 fact_order", "K3 fact_order.customer_key", "R5 fact_order", "X2 fact_order.status"),
        *("W1 dim_date", "D1 dim_date", "R3 dim_date"),
    } <= failed.keys()
    assert not any("dim_customer" in key for key in failed)
    samples = {table: failed[f"W1 {table}"]["samples"] for table in ("fact_payment", "fact_order")}
    assert samples["fact_payment"] == [
        "no row payment_id=29",
        "row payment_id=17 is there again",
        "row payment_id=3: amount is 101, expected 100",
    ]
    assert "row order_id=5: status is Completed, expected completed" in samples["fact_order"]
    assert failed["W1 dim_date"]["samples"] == ["no row date_key=20181225"]
    assert (
        "in the workspace: rows that lead to no member: 1"
        in failed["K3 fact_order.customer_key"]["found"]
    )
    assert answered["rows of buckets fact_payment"] <= 60


def test_what_is_declared_otherwise_or_missing_is_told(
    tmp_path: Path, spark_session: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = jaffle(tmp_path)
    workspace = case.stands(spark_session, "otherwise")
    workspace.replace(
        "fact_payment",
        "SELECT *, CAST(old.amount AS DOUBLE) AS changed FROM old",
    )
    workspace.replace(
        "fact_payment",
        """SELECT payment_id, order_id, customer_key, order_date_key, payment_method, changed AS amount,
            _source_file, _source_line FROM old""",
    )
    workspace.replace("dim_customer", "SELECT * EXCEPT (last_name) FROM old")
    workspace.run(f"DROP TABLE {workspace.name('fact_order')}")
    workspace.run(f"DROP TABLE {workspace.name('silver_raw_orders')}")
    found, _ = case.there(workspace, monkeypatch, 20000)
    failed = {key: f for key, f in found.items() if not f["passed"] and f["severity"] == "error"}
    assert failed["T1 fact_payment.amount"]["found"].startswith("declared double")
    assert failed["T1 dim_customer.last_name"]["found"] == 'no column for "dim_customer.last_name"'
    assert "no column last_name" in failed["W1 dim_customer"]["found"]
    assert "TABLE_OR_VIEW_NOT_FOUND" in failed["W1 fact_order"]["found"]
    assert "R3 fact_order" in failed and "R1 raw_orders" in failed
    assert json.loads((tmp_path / "findings.json").read_text())["verdict"] == "findings"
