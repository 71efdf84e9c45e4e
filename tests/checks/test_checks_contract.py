"""Contracts against numbers from elsewhere: DuckDB over the raw files of jaffle_shop, and by hand for a folder that
has everything in it that jaffle_shop lacks."""

import hashlib
import json
from pathlib import Path
from typing import Any

import checks_probe
import duckdb
import pytest
from checks_probe import ProbeError
from make_warehouse import DESIGN, ROOT, source_file, write_artefact, xxh64
from shop import generated, shop_design, write_shop

JAFFLE = ROOT / "data/jaffle_shop"


def digest(values: list[Any]) -> str:
    texts = sorted({str(value).encode() for value in values if value is not None})
    return hashlib.blake2b(b"".join(t + b"\n" for t in texts), digest_size=32).hexdigest()


def contract_of(folder: Path, source: Path, design: dict[str, Any]) -> dict[str, Any]:
    files = [source_file(path) for path in sorted(source.glob("*.csv"))]
    write_artefact(folder, "sources", {"files": files, "skipped": []})
    (folder / "design.json").write_text(json.dumps(design), encoding="utf-8")
    return checks_probe.contract(folder, source)


@pytest.fixture(scope="module")
def duck() -> duckdb.DuckDBPyConnection:
    db = duckdb.connect()
    for name in ("customers", "orders", "payments"):
        path = JAFFLE / f"raw_{name}.csv"
        db.execute(f"CREATE TABLE {name} AS SELECT * FROM read_csv('{path}', all_varchar = true)")
    return db


def attribute(
    db: duckdb.DuckDBPyConnection, column: str, table: str, source: str
) -> dict[str, Any]:
    values = [row[0] for row in db.execute(f"SELECT {source} FROM {table}").fetchall()]
    return {
        "column": column,
        "distinct": len({v for v in values if v is not None}),
        "nulls": sum(v is None for v in values),
        "digest": digest(values),
    }


def dates(db: duckdb.DuckDBPyConnection, rows: str) -> dict[str, Any]:
    """rows: a query that gives the dates d of all rows of the fact."""
    query = f"""SELECT strftime(d::DATE, '%Y-%m'), count(*) FROM ({rows}) GROUP BY 1 ORDER BY 1"""
    months = [{"token": month, "count": n} for month, n in db.execute(query).fetchall()]
    low, high, n = db.execute(
        f"SELECT min(d::DATE)::TEXT, max(d::DATE)::TEXT, count(d) FROM ({rows})"
    ).fetchall()[0]
    return {
        "column": "order_date_key",
        "table": "raw_orders",
        "source_column": "order_date",
        "format": "yyyy-MM-dd",
        "count": n,
        "nulls": 0,
        "min": low,
        "max": high,
        "by_month": months,
    }


def references(n: int) -> list[dict[str, Any]]:
    return [
        reference("customer_key", "dim_customer", resolved=n),
        reference("order_date_key", "dim_date", resolved=n),
    ]


def slices(db: duckdb.DuckDBPyConnection, rows: str, most: int = 1000) -> list[dict[str, Any]]:
    """rows: a query that gives a key k and an amount; the groups of most rows, by key."""
    found = db.execute(
        f"""SELECT k, n, s FROM (SELECT k, count(*) n, sum(amount::INT)::TEXT s FROM ({rows}) GROUP BY k
            ORDER BY n DESC, k LIMIT {most}) ORDER BY k"""
    ).fetchall()
    return [{"key": key, "rows": n, "sum": total} for key, n, total in found]


def test_jaffle_shop_equals_duckdb(tmp_path: Path, duck: duckdb.DuckDBPyConnection) -> None:
    contract = contract_of(tmp_path, JAFFLE, json.loads(DESIGN.read_text(encoding="utf-8")))

    for source, name in zip(contract["sources"], ("customers", "orders", "payments"), strict=True):
        assert source["table"] == f"raw_{name}"
        assert source["rows"] == duck.execute(f"SELECT count(*) FROM {name}").fetchall()[0][0]
        assert source["rejected"] == 0
        data = (JAFFLE / f"raw_{name}.csv").read_bytes()
        assert source["hash"] == hashlib.blake2b(data, digest_size=32).hexdigest()

    customer, date, order, payment = contract["tables"]
    assert customer["rows"] == customer["grain_distinct"] == 100
    assert customer["attributes"] == [
        attribute(duck, "customer_id", "customers", "id"),
        attribute(duck, "first_name", "customers", "first_name"),
        attribute(duck, "last_name", "customers", "last_name"),
    ]

    assert date["rows"] == date["grain_distinct"] == 365
    days = (
        "(SELECT unnest(generate_series(DATE '2018-01-01', DATE '2018-12-31', INTERVAL 1 DAY)) d)"
    )
    assert date["attributes"] == [
        attribute(duck, "date", days, "d::DATE::TEXT"),
        attribute(duck, "year", days, "year(d)"),
        attribute(duck, "quarter", days, "quarter(d)"),
        attribute(duck, "month", days, "month(d)"),
        attribute(duck, "day", days, "day(d)"),
    ]

    assert order["rows"] == order["grain_distinct"] == 99
    assert order["references"] == references(99)
    assert order["attributes"] == [
        attribute(duck, "order_id", "orders", "id"),
        attribute(duck, "status", "orders", "status"),
    ]
    reasons = [found.pop("reason") for table in (order, payment) for found in table["dates"]]
    assert reasons[0].startswith("99 of 99 values are dates as yyyy-MM-dd, ")
    assert order["dates"] == [dates(duck, "SELECT order_date d FROM orders")]

    assert payment["rows"] == payment["grain_distinct"] == 113
    assert payment["references"] == references(113)
    n, total, low, high = duck.execute(
        "SELECT count(*), sum(amount::INT), min(amount::INT), max(amount::INT) FROM payments"
    ).fetchall()[0]
    joined = "payments p JOIN orders o ON o.id = p.order_id"
    assert payment["measures"] == [
        {
            "column": "amount",
            "count": n,
            "nulls": 0,
            "sum": str(total),
            "min": str(low),
            "max": str(high),
            "by_month": [
                {
                    "column": "order_date_key",
                    "slices": slices(duck, f"SELECT left(order_date, 7) k, amount FROM {joined}"),
                }
            ],
            "by_member": [
                {
                    "column": "customer_key",
                    "slices": slices(duck, f"SELECT user_id k, amount FROM {joined}", 10),
                }
            ],
        }
    ]
    assert payment["attributes"] == [
        attribute(duck, "payment_id", "payments", "id"),
        attribute(duck, "order_id", "payments", "order_id"),
        attribute(duck, "payment_method", "payments", "payment_method"),
    ]
    assert payment["dates"] == [dates(duck, f"SELECT order_date d FROM {joined}")]
    assert [t["left_out"] for t in contract["tables"] + contract["sources"]] == [0] * 7


def test_xxh64_gives_the_published_values() -> None:
    """From the test vectors of the specification and of xxhash.com."""
    assert xxh64(b"", 0) == 0xEF46DB3751D8E999
    assert xxh64(b"abc", 0) == 0x44BC2CF5AD770999
    assert xxh64(b"Nobody inspects the spammish repetition", 0) == 0xFBCEA83C8A378BF1


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return write_shop(tmp_path / "source")


def reference(column: str, dimension: str, **counts: int) -> dict[str, Any]:
    none = {"resolved": 0, "orphans": 0, "nulls": 0, "missed": 0}
    return {"column": column, "dimension": dimension, **none, **counts}


def by_column(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {row["column"]: row for row in rows}


def test_everything_that_jaffle_shop_lacks(tmp_path: Path, shop: Path) -> None:
    contract = contract_of(tmp_path, shop, shop_design())
    tables = {t["table"]: t for t in contract["tables"]}
    counts = [(s["table"], s["rows"], s["rejected"], s["left_out"]) for s in contract["sources"]]
    assert counts == [
        ("lines", 5, 0, 3),  # two more of Tea and one of Cup make no product
        ("sales", 6, 2, 0),  # a short record, and a quote that is never closed
        ("shops", 4, 0, 1),  # a shop without a region
    ]

    # S without a region has no business key: no member.
    assert tables["dim_shop"]["rows"] == 3
    names = by_column(tables["dim_shop"]["attributes"])
    assert names["name"]["digest"] == digest(["Nord, klein", "Süd", "Ost"])
    assert names["opened"]["digest"] == digest(["2019-01-31", "2019-02-01"])
    assert names["opened"]["nulls"] == 1
    assert tables["dim_shop"]["dates"][0]["format"] == "dd/MM/yyyy"

    # Tea stands for drink, its first record, not for food.
    assert tables["dim_product"]["rows"] == tables["dim_product"]["grain_distinct"] == 2
    assert by_column(tables["dim_product"]["attributes"])["kind"]["digest"] == digest(
        ["drink", "ware"]
    )

    assert tables["dim_day"]["rows"] == 366 + 365  # 2020 and 2021

    sale = tables["fact_sale"]
    assert sale["rows"] == sale["grain_distinct"] == 6
    assert sale["references"] == [
        reference("shop_key", "dim_shop", resolved=4, orphans=1, nulls=1),
        reference("day_key", "dim_day", resolved=4, nulls=2),  # one is null, one is 31 February
    ]
    price, qty = sale["measures"]
    # 12.50 + 0.05 - 3.00 + 1000 + 2.005; sale 4 has no shop and no day of its own, sale 6 no day
    assert price == {
        "column": "price",
        "count": 5,
        "nulls": 1,
        "sum": "1011.555",
        "min": "-3.000",
        "max": "1000.000",
        "by_month": [
            {
                "column": "day_key",
                "slices": [
                    {"key": "2020-04", "rows": 3, "sum": "9.550"},
                    {"key": "2021-01", "rows": 1},
                ],
            }
        ],
        "by_member": [
            {
                "column": "shop_key",
                "slices": [
                    {"key": "N|1", "rows": 3, "sum": "14.505"},
                    {"key": "N|2", "rows": 1, "sum": "0.050"},
                ],
            }
        ],
    }
    totals = {"count": 5, "nulls": 1, "sum": "15", "min": "1", "max": "5"}
    assert {key: qty[key] for key in totals} == totals
    values = by_column(sale["attributes"])
    assert values["paid"]["digest"] == digest(["true", "false"])
    assert values["paid"]["nulls"] == 1
    assert values["at"]["digest"] == digest(
        [
            "2020-04-04T01:30:00.000000Z",
            "2020-04-13T10:00:00.000000Z",
            "2020-04-14T10:00:00.000000Z",
            "2021-01-01T00:00:00.123000Z",
            "2021-02-01T00:00:00.000000Z",
        ]
    )
    # NA and none are no words among words here: null
    assert values["note"]["digest"] == digest(["first", 'say "hi"', "last"])
    assert values["note"]["nulls"] == 3
    assert values["unit"]["distinct"] == 1
    day = by_column(sale["dates"])["day_key"]
    assert (day["min"], day["max"], day["count"], day["nulls"]) == (
        "2020-04-03",
        "2021-01-01",
        4,
        2,
    )
    assert day["by_month"] == [{"token": "2020-04", "count": 3}, {"token": "2021-01", "count": 1}]
    # an instant shows its date at UTC, as its column does
    assert by_column(sale["dates"])["at"]["min"] == "2020-04-04"

    line = tables["fact_line"]
    assert line["rows"] == line["grain_distinct"] == 5
    # 2.0 joins to 2; 99 is in no sale: unknown (-1); without a sale there is no key: -2
    assert line["references"] == [
        reference("product_key", "dim_product", resolved=5),
        reference("shop_key", "dim_shop", resolved=3, orphans=1, nulls=1, missed=1),
        reference("day_key", "dim_day", resolved=3, orphans=1, nulls=1, missed=1),
    ]
    assert line["measures"][0]["sum"] == "25.050000"


def test_a_design_that_cannot_be_evaluated_is_refused(tmp_path: Path, shop: Path) -> None:
    def refused(change: Any, *words: str) -> None:
        design = shop_design()
        change(design["tables"])
        with pytest.raises(ProbeError) as error:
            contract_of(tmp_path, shop, design)
        assert error.value.code == "INVALID"
        for word in words:
            assert word in str(error.value)

    refused(lambda t: t[3].update(source="sails"), "fact_sale", "sails")
    refused(
        lambda t: t[3]["columns"][7]["origins"][0].update(column="notes"), "fact_sale.note", "notes"
    )
    refused(lambda t: t[3]["columns"][7].update(role="measure"), "fact_sale.note", "text")
    refused(lambda t: t[3]["columns"][1]["origins"].pop(), "fact_sale.shop_key", "1 origins")
    refused(lambda t: t[3]["columns"][1].update(dimension="dim_none"), "dim_none")
    refused(lambda t: t[3].update(grain_columns=["nothing"]), "fact_sale", "nothing")
    refused(lambda t: t[3]["columns"][0].update(type="integer"), "fact_sale.sale_id", "integer")
    refused(
        lambda t: t[3]["columns"][5]["origins"].__setitem__(0, generated("calendar")), "calendar"
    )
    refused(
        lambda t: t[3]["columns"][5]["origins"].__setitem__(0, {"kind": "constant", "value": "x"}),
        "fact_sale.paid",
    )
    refused(lambda t: t[4]["columns"][3]["origins"][0]["hops"][0].update(table="sales"), "hop")
    # sales.shop is not unique: the two lines that show it are named
    refused(
        lambda t: t[4]["columns"][3]["origins"][0]["hops"][0].update(to_columns=["shop"]),
        "sales.shop",
        "lines 2 and 3",
    )
    refused(lambda t: t[2]["columns"].pop(1), "dim_day")


def test_a_changed_file_is_refused(tmp_path: Path, shop: Path) -> None:
    contract_of(tmp_path, shop, shop_design())
    with (shop / "lines.csv").open("a", encoding="utf-8") as file:
        file.write("1,Tea,drink\n")
    with pytest.raises(ProbeError) as error:
        checks_probe.contract(tmp_path, shop)
    assert error.value.code == "CHANGED"
    assert "lines.csv" in str(error.value)
