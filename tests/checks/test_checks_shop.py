"""Faults in the folder with everything that jaffle_shop lacks (shop.py). Its files have defects of their own: what the
checks say of those, in words and lines, is written here by hand, and stands beside every planted fault.
"""

import sqlite3
from pathlib import Path
from typing import Any

import checks_probe
import pytest
import shop as shop_files
from make_warehouse import make_case, surrogate
from shop import KEPT_OUT, fill_shop, shop_design, write_shop
from test_checks_faults import ANALYST, DATA, run_sql

# What is wrong with the files themselves: check and subject -> severity, and a line that must be named.
DEFECTS = {
    "R1 sales": ("warning", "sales.csv:9: a quote is never closed"),
    "R2 lines": ("warning", 'lines.csv:5: "dim_product" has the key of line 2 already'),
    "R2 shops": ("warning", 'shops.csv:5: "dim_shop.region" has no value'),
    "K5 fact_sale.day_key": ("info", None),
    "K6 lines.sale": ("warning", 'lines.csv:5: sale=99 is in no record of "sales"'),
    "K6 lines.sale null": ("info", None),
    "K6 sales.shop+area": ("warning", 'sales.csv:4: shop=S area=9 is in no record of "shops"'),
    "K6 sales.shop+area null": ("info", None),
    "N1 sales.day": ("warning", 'sales.csv:7: "31/02/2021" is no value of the column\'s type'),
    "O1 dim_shop": ("info", "code=S region=1, shops.csv:4"),
    "Q1 sales": ("error", "sales.csv:8: 2 fields instead of 9"),
    "S2 sales.note": ("info", None),
    "S2 sales.price": ("info", None),
    "S2 shops.name": ("info", 'shops.csv:4: " Ost "'),
    "S2 shops.opened": ("info", None),
}


@pytest.fixture
def shop(tmp_path: Path) -> tuple[Path, Path]:
    """A right case and its source folder."""
    source, case = write_shop(tmp_path / "source"), tmp_path / "case"
    case.mkdir()
    make_case(case, source, shop_design(), fill_shop, kept_out=KEPT_OUT)
    checks_probe.contract(case, source)
    return case, source


def failed_in(case: Path, source: Path, checks: int = 159) -> dict[str, dict[str, Any]]:
    """The checks that fail for more than the defects of the files."""
    result = checks_probe.findings(case, source)
    # R1 3, R2 7, R3 I1 L1 5 each, R4 3 and 7 parts, R5 2, K1 6, K2 2, K3 K5 5 each, K4 3, D1 1, N1 20, T1 33,
    # X2 14, O1 2, S1 Q1 V1 3 each, S2 16, N1 of the one cell that no type could read, and K6: lines.sale, sales.shop+area,
    # each with its nulls, and lines.product
    assert len(result["checks"]) == checks
    failed = {f"{f['check']} {f['subject']}": f for f in result["checks"] if not f["passed"]}
    return {
        key: f
        for key, f in failed.items()
        if key not in DEFECTS or f["severity"] != DEFECTS[key][0]
    }


def test_a_right_warehouse_of_everything_passes(shop: tuple[Path, Path]) -> None:
    result = checks_probe.findings(*shop)
    assert result["verdict"] == "findings"  # a quarter of the sales cannot be read
    failed = {f"{f['check']} {f['subject']}": f for f in result["checks"] if not f["passed"]}
    assert {key: f["severity"] for key, f in failed.items()} == {
        key: severity for key, (severity, _) in DEFECTS.items()
    }
    for key, (_, sample) in DEFECTS.items():
        assert failed[key]["blame"] == DATA
        assert sample is None or any(sample in s for s in failed[key]["samples"]), failed[key]
    assert failed["Q1 sales"]["found"] == (
        "2 of 8 records set aside: 2 cannot be read, 0 fit no table; 0 totals, 0 blank"
    )
    assert failed["S2 sales.note"]["found"] == (
        '1 values empty, 1 "NA", 1 "none"; 0 with blanks around them'
    )
    assert failed["R1 sales"]["found"] == (
        "2 of 8 records rejected: 2 fields instead of 9 (line 8); a quote is never closed (line 9)"
    )
    # one shop key of six is an orphan, one is null: counted by hand
    assert failed["K6 sales.shop+area"]["found"] == (
        '1 of 6 records name 1 key that no record of "shops" holds: line 4'
    )
    found = {f"{f['check']} {f['subject']}": f["found"] for f in result["checks"] if f["passed"]}
    assert found["K5 fact_sale.shop_key"] == (
        "of 6 rows unknown (-1): 1 (16.67 %), without key (-2): 1 (16.67 %); "
        "1 since sales.shop+area leads nowhere (K6)"
    )
    # line 4 of lines.csv leads to sale 99, and over it to no shop, no day and no price
    assert found["K5 fact_line.day_key"].endswith("; 1 since lines.sale leads nowhere (K6)")
    assert found["N1 fact_line.sale_price"].endswith("; 1 since lines.sale leads nowhere (K6)")


@pytest.mark.parametrize(
    ("sql", "failing"),
    [
        (
            "UPDATE fact_sale SET price_e3 = 12501 WHERE sale_id = 1",
            {f"R4 fact_sale.price{by}" for by in ("", " by shop_key", " by day_key")},
        ),
        (
            "UPDATE fact_sale SET price_e3 = 0 WHERE sale_id = 5",
            {"R4 fact_sale.price", "R4 fact_sale.price by day_key", "N1 fact_sale.price"},
        ),
        (
            "UPDATE fact_line SET sale_price = '12.5' WHERE _source_line = 2",
            {"T1 fact_line.sale_price"},  # the same number, not in its one spelling
        ),
        (
            "UPDATE fact_line SET sale_price = '12.500001' WHERE _source_line = 2",
            {
                f"R4 fact_line.sale_price{by}"
                for by in ("", " by shop_key", " by day_key", " by product_key")
            },
        ),
        ("UPDATE fact_sale SET paid = 0 WHERE sale_id = 1", {"X2 fact_sale.paid"}),
        (
            "UPDATE fact_sale SET paid = 2 WHERE sale_id = 1",
            {"X2 fact_sale.paid", "T1 fact_sale.paid"},
        ),
        (
            "UPDATE fact_sale SET at = '2020-04-04T01:30:01.000000Z' WHERE sale_id = 1",
            {"X2 fact_sale.at"},
        ),
        ("UPDATE fact_sale SET unit = NULL", {"X2 fact_sale.unit", "N1 fact_sale.unit"}),
        (
            "UPDATE fact_sale SET shop_key = -2 WHERE sale_id = 3",
            {f"{check} fact_sale.shop_key" for check in ("K3", "K5", "N1")},
        ),
        (
            "UPDATE fact_sale SET shop_key = -1 WHERE sale_id = 4",
            {f"{check} fact_sale.shop_key" for check in ("K3", "K5", "N1")},
        ),
        *[  # over lines.sale: line 5 names a sale that is not there, line 6 names none
            (
                f"UPDATE fact_line SET {key} = {value} WHERE _source_line = {line}",
                {f"{check} fact_line.{key}" for check in ("K3", "K5", "N1")},
            )
            for key in ("shop_key", "day_key")
            for line, value in ((5, -2), (6, -1))
        ],
        (  # the counts hold
            "UPDATE fact_line SET shop_key = -3 - shop_key WHERE _source_line IN (5, 6)",
            {"K3 fact_line.shop_key", "N1 fact_line.shop_key"},
        ),
        (
            f"UPDATE dim_shop SET shop_key = {surrogate('dim_shop', '1', 'N')} WHERE _source_line = 4",
            {"K4 dim_shop.shop_key"},
        ),
        (
            "UPDATE dim_product SET kind = 'food' WHERE product = 'Tea'",
            {"X2 dim_product.kind"},
        ),
        (
            "UPDATE fact_sale SET at = '2020-04-04 01:30:00' WHERE sale_id = 1",
            {"X2 fact_sale.at", "T1 fact_sale.at"},
        ),
        # another mapping could store the text of a number: STRICT tables do not refuse it in a TEXT column
        (
            "UPDATE dim_shop SET opened = '31/01/2019' WHERE region = 1 AND code = 'N'",
            {"X2 dim_shop.opened", "T1 dim_shop.opened"},
        ),
        (
            "UPDATE fact_sale SET price_e3 = price_e3 / 1000 * 1000",  # truncated decimals
            {f"R4 fact_sale.price{by}" for by in ("", " by shop_key", " by day_key")},
        ),
        (
            # a bad row that was loaded, and taken out of quarantine
            "INSERT INTO fact_sale VALUES (7, -2, -2, 1000, 1, 1, NULL, 'x', 'EUR', 'sales.csv', 9);"
            "DELETE FROM bldr_quarantine WHERE line = 9",
            {
                *("R1 sales", "R2 sales", "R2 fact_sale", "R3 fact_sale", "L1 fact_sale"),
                *("R4 fact_sale.price", "R4 fact_sale.qty", "K3 fact_sale.shop_key"),
                *("K3 fact_sale.day_key", "K5 fact_sale.shop_key", "K5 fact_sale.day_key"),
                *("X2 fact_sale.sale_id", "X2 fact_sale.day_key", "X2 fact_sale.at"),
                *("X2 fact_sale.note",),
            },
        ),
        ("UPDATE bldr_quarantine SET reason = '' WHERE line = 9", {"R2 sales"}),
        (
            "UPDATE bldr_quarantine SET line = 3 WHERE path = 'lines.csv' AND line = 4",
            {"R1 lines", "R2 lines"},
        ),
        (
            "DELETE FROM dim_day WHERE day_key = 20200102",  # a day that no sale uses
            {"R3 dim_day", "X2 dim_day.day", "D1 dim_day"},
        ),
        (
            "DELETE FROM dim_day WHERE day_key >= 20211201",
            {"R3 dim_day", "X2 dim_day.day", "D1 dim_day"},
        ),
        ("DELETE FROM bldr_quarantine WHERE line = 9", {"R1 sales", "R2 sales"}),
        ("UPDATE bldr_quarantine SET kind = 'total' WHERE line = 9", {"R1 sales"}),
        ("UPDATE bldr_quarantine SET kind = NULL WHERE line = 9", {"R1 sales"}),
        ("DELETE FROM bldr_refused_cell", {"N1 sales.day"}),
        ("DROP TABLE bldr_refused_cell", {"N1 sales.day"}),
        ("UPDATE bldr_refused_cell SET line = 6", {"N1 sales.day"}),
        (
            "INSERT INTO bldr_refused_cell SELECT * FROM bldr_refused_cell",
            {"N1 sales.day"},
        ),
        (
            "UPDATE bldr_layer SET read = 7, rejected = 1 WHERE source_table = 'sales'",
            {"R1 sales", "R2 sales"},
        ),
    ],
)
def test_a_fault_of_everything(shop: tuple[Path, Path], sql: str, failing: set[str]) -> None:
    case, source = shop
    for name in ("warehouse.db", "reloaded.db"):
        run_sql(case / name, sql)
    assert set(failed_in(case, source)) == failing


def test_a_date_attribute_has_its_own_advice(shop: tuple[Path, Path]) -> None:
    """shops.opened read month first: 31/01 is no date, 01/02 is 2 January."""
    case, source = shop
    swap = (
        "UPDATE dim_shop SET opened = NULL WHERE region = 1;"
        "UPDATE dim_shop SET opened = '2019-01-02' WHERE region = 2"
    )
    for name in ("warehouse.db", "reloaded.db"):
        run_sql(case / name, swap)
    failed = failed_in(case, source)
    assert set(failed) == {"X2 dim_shop.opened", "N1 dim_shop.opened"}
    for finding in failed.values():
        assert finding["blame"] == ANALYST
        assert finding["advice"] == {"repair": "date_order", "table": "shops", "column": "opened"}
        assert "month-day-year" in finding["why"]


def test_a_grain_that_repeats_is_the_designs_fault(tmp_path: Path) -> None:
    source, case = write_shop(tmp_path / "source"), tmp_path / "case"
    case.mkdir()
    design = shop_design()
    design["tables"][4]["grain_columns"] = ["product_key"]
    make_case(case, source, design, fill_shop, constraints=False, kept_out=KEPT_OUT)
    contract = checks_probe.contract(case, source)
    assert (contract["tables"][4]["rows"], contract["tables"][4]["grain_distinct"]) == (5, 2)
    failed = failed_in(case, source)
    assert failed["R3 fact_line"]["blame"] == ANALYST
    assert "3 source records" in failed["R3 fact_line"]["why"]


def shop_with(folder: Path, monkeypatch: pytest.MonkeyPatch, **files: str) -> Path:
    """The source folder with other content in some of its files."""
    for name, text in files.items():
        monkeypatch.setattr(shop_files, name.upper(), text)
    return write_shop(folder / "source")


def test_instants_finer_than_microseconds_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    finer = shop_files.SALES.replace("00:00:00.123Z", "00:00:00.1230009Z")
    source, case = shop_with(tmp_path, monkeypatch, sales=finer), tmp_path / "case"
    case.mkdir()
    make_case(case, source, shop_design(), fill_shop, kept_out=KEPT_OUT)
    checks_probe.contract(case, source)
    failed = failed_in(case, source, checks=160)
    assert {key: (f["severity"], f["blame"]) for key, f in failed.items()} == {
        "T1 sales.at": ("warning", DATA)
    }
    assert failed["T1 sales.at"]["samples"] == ["sales.csv:6: 2021-01-01T00:00:00.1230009Z"]
    assert failed["T1 sales.at"]["found"] == (
        "1 of 6 records hold an instant finer than microseconds: line 6"
    )


def test_decimals_that_the_design_cuts(tmp_path: Path) -> None:
    """2.005 does not fit decimal(10,2): star and contract agree on 2.01, and are both wrong."""
    source, case = write_shop(tmp_path / "source"), tmp_path / "case"
    case.mkdir()
    design = shop_design()
    price = next(c for c in design["tables"][3]["columns"] if c["name"] == "price")
    price["type"] = "decimal(10,2)"
    make_case(case, source, design, fill_shop, kept_out=KEPT_OUT)
    rounded = "UPDATE fact_sale SET price_e2 = round(price_e2 / 10.0)"
    for name in ("warehouse.db", "reloaded.db"):
        run_sql(case / name, rounded)
    contract = checks_probe.contract(case, source)
    assert contract["tables"][3]["measures"][0]["sum"] == "1011.56"
    failed = failed_in(case, source)
    assert {key: (f["severity"], f["blame"]) for key, f in failed.items()} == {
        "T1 fact_sale.price": ("error", ANALYST)
    }
    assert failed["T1 fact_sale.price"]["samples"] == ["sales.csv:7: 2.005 became 2.01"]


def test_records_that_repeat_another_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sale 2 stands twice, byte for byte: one row, its price once in the star and once beside it."""
    lines = shop_files.SALES.splitlines(keepends=True)
    again = "".join([*lines[:4], lines[2], *lines[4:]])  # the copy is line 5
    source, case = shop_with(tmp_path, monkeypatch, sales=again), tmp_path / "case"
    case.mkdir()
    kept_out = {**KEPT_OUT, "fact_sale": 3}
    design = shop_design()
    design["tables"].pop()  # fact_line joins to sales.id, which must be unique

    def fill(db: sqlite3.Connection) -> None:
        db.execute("CREATE TABLE fact_line(a, b, c, d, e, f)")
        fill_shop(db)
        db.execute("DROP TABLE fact_line")

    make_case(case, source, design, fill, kept_out=kept_out)
    moved = """
        UPDATE fact_sale SET _source_line = _source_line + 1 WHERE _source_line >= 5;
        UPDATE bldr_quarantine SET line = line + 1 WHERE path = 'sales.csv';
        UPDATE bldr_refused_cell SET line = 8;
        INSERT INTO bldr_quarantine VALUES ('sales', 'sales.csv', 5, 0, 'again', '2,N', '', 'refused');
        UPDATE bldr_layer SET read = 9, rejected = 3 WHERE path = 'sales.csv'
        """
    for name in ("warehouse.db", "reloaded.db"):
        run_sql(case / name, moved)
    deployment = checks_probe.load(case, "deployment")
    deployment["sources"][1].update(read=9, rejected=3)
    checks_probe.store(case, "deployment", deployment)
    contract = checks_probe.contract(case, source)
    sale = contract["tables"][3]
    price = sale["measures"][0]
    assert (sale["rows"], sale["left_out"], contract["sources"][1]["left_out"]) == (6, 1, 1)
    assert (price["sum"], price["left_out"]) == ("1011.555", "0.050")
    failed = failed_in(case, source, checks=159 - 31)
    assert {key: (f["severity"], f["blame"]) for key, f in failed.items()} == {
        "O1 dim_product": ("info", DATA),
        "Q1 lines": ("error", ANALYST),  # without their fact, three of five lines are in no table
        "R2 sales": ("warning", DATA),
    }
    assert failed["R2 sales"]["samples"] == [
        'sales.csv:5: "fact_sale" has the key of line 3 already'
    ]
