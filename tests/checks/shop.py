"""A folder with everything that jaffle_shop lacks, its design, and its right warehouse, all written by hand.

Composite business key, a denormalised dimension, days before months, decimals, bools, timestamps, nulls written in
words, orphans, a join that misses, a grain of file and line, and two records that are none.
"""

import datetime
import sqlite3
from pathlib import Path
from typing import Any

from make_warehouse import calendar_rows, insert, surrogate

SHOPS = """code,region,name,opened
N,1,"Nord, klein",31/01/2019
N,2,Süd,01/02/2019
S,1, Ost ,NULL
S,,Nirgends,05/03/2019
"""
SALES = '''id,shop,area,day,price,qty,paid,at,note
1,N,1,03/04/2020,12.50,2,t,2020-04-03T23:30:00-02:00,first
2,N,2,13/04/2020,0.05,1,f,2020-04-13T10:00:00Z,NA
3,S,9,14/04/2020,-3.00,,t,,
4,,1,,1000,3,f,2020-04-14T10:00:00Z,none
5,N,1,01/01/2021,n/a,4,,2021-01-01T00:00:00.123Z,"say ""hi"""
6,N,1,31/02/2021,2.005,5,yes,2021-02-01T00:00:00Z,last
bad,row
7,N,"1,08/01/2021,1,1,t,,x
'''
LINES = """sale,product,kind
1,Tea,drink
1,Cup,ware
2.0,Tea,drink
99,Tea,food
,Cup,ware
"""


def column(
    name: str, role: str, type_: str, *origins: dict[str, Any], **more: Any
) -> dict[str, Any]:
    return {
        "name": name,
        "role": role,
        "type": type_,
        "nullable": True,
        "origins": list(origins),
        "additivity": "none",
        **more,
    }


def of(table: str, name: str) -> dict[str, Any]:
    return {"kind": "column", "table": table, "column": name}


def generated(generator: str) -> dict[str, Any]:
    return {"kind": "generated", "generator": generator}


def along(name: str) -> dict[str, Any]:
    hop = {"table": "lines", "columns": ["sale"], "to_table": "sales", "to_columns": ["id"]}
    return {"kind": "path", "table": "sales", "column": name, "hops": [hop]}


def table(
    name: str, kind: str, grain: list[str], *columns: dict[str, Any], **more: Any
) -> dict[str, Any]:
    lineage = [
        column("_source_file", "lineage", "text", generated("source_file")),
        column("_source_line", "lineage", "int64", generated("source_line")),
    ]
    return {
        "name": name,
        "kind": kind,
        "grain": "one row per thing",
        "grain_columns": grain,
        "columns": [*columns, *lineage],
        "reason": "by hand",
        "alternatives": [],
        **more,
    }


def shop_design() -> dict[str, Any]:
    key = column("shop_key", "surrogate_key", "int64", generated("surrogate_key"))
    calendar = generated("calendar")
    tables = [
        table(
            "dim_shop",
            "dimension",
            ["code", "region"],
            key,
            column("code", "business_key", "text", of("shops", "code")),
            column("region", "business_key", "int64", of("shops", "region")),
            column("name", "attribute", "text", of("shops", "name")),
            column("opened", "attribute", "date", of("shops", "opened")),
            source="shops",
        ),
        table(
            "dim_product",
            "dimension",
            ["product"],
            column("product_key", "surrogate_key", "int64", generated("surrogate_key")),
            column("product", "business_key", "text", of("lines", "product")),
            column("kind", "attribute", "text", of("lines", "kind")),
            source="lines",
        ),
        table(
            "dim_day",
            "date",
            ["day_key"],
            column("day_key", "surrogate_key", "int64", calendar),
            column("day", "business_key", "date", calendar),
        ),
        table(
            "fact_sale",
            "fact",
            ["sale_id"],
            column("sale_id", "degenerate", "int64", of("sales", "id")),
            column(
                "shop_key",
                "dimension_key",
                "int64",
                of("sales", "shop"),
                of("sales", "area"),
                dimension="dim_shop",
            ),
            column("day_key", "dimension_key", "int64", of("sales", "day"), dimension="dim_day"),
            column("price", "measure", "decimal(10,3)", of("sales", "price")),
            column("qty", "measure", "int64", of("sales", "qty")),
            column("paid", "degenerate", "bool", of("sales", "paid")),
            column("at", "degenerate", "timestamp", of("sales", "at")),
            column("note", "degenerate", "text", of("sales", "note")),
            column("unit", "degenerate", "text", {"kind": "constant", "value": "EUR"}),
            source="sales",
        ),
        table(
            "fact_line",
            "fact",
            ["_source_file", "_source_line"],
            column(
                "product_key",
                "dimension_key",
                "int64",
                of("lines", "product"),
                dimension="dim_product",
            ),
            column(
                "shop_key",
                "dimension_key",
                "int64",
                along("shop"),
                along("area"),
                dimension="dim_shop",
            ),
            column("day_key", "dimension_key", "int64", along("day"), dimension="dim_day"),
            column("sale_price", "measure", "decimal(20,6)", along("price")),
            source="lines",
        ),
    ]
    return {
        "artefact": "design",
        "head": {"version": 1, "inputs": []},
        "sources": [],
        "tables": tables,
    }


def write_shop(source: Path) -> Path:
    source.mkdir()
    for name, text in (("shops", SHOPS), ("sales", SALES), ("lines", LINES)):
        (source / f"{name}.csv").write_text(text, encoding="utf-8")
    return source


KEPT_OUT = {"dim_shop": 1, "dim_product": 3, "fact_sale": 2}
N1 = surrogate("dim_shop", "N", "1")
N2 = surrogate("dim_shop", "N", "2")
S1 = surrogate("dim_shop", "S", "1")
TEA, CUP = surrogate("dim_product", "Tea"), surrogate("dim_product", "Cup")


def fill_shop(db: sqlite3.Connection) -> None:
    insert(
        db,
        "dim_shop",
        [
            (-1, "Unknown", None, "Unknown", None, None, None),
            (-2, "Not applicable", None, "Not applicable", None, None, None),
            (N1, "N", 1, "Nord, klein", "2019-01-31", "shops.csv", 2),
            (N2, "N", 2, "Süd", "2019-02-01", "shops.csv", 3),
            (S1, "S", 1, "Ost", None, "shops.csv", 4),
        ],
    )
    insert(
        db,
        "dim_product",
        [
            (-1, "Unknown", "Unknown", None, None),
            (-2, "Not applicable", "Not applicable", None, None),
            (TEA, "Tea", "drink", "lines.csv", 2),
            (CUP, "Cup", "ware", "lines.csv", 3),
        ],
    )
    insert(db, "dim_day", [(-1, None, None, None), (-2, None, None, None)])
    days = calendar_rows([datetime.date(2020, 4, 3), datetime.date(2021, 1, 1)])
    insert(db, "dim_day", [(day[0], day[1], None, None) for day in days])
    at = "2020-04-04T01:30:00.000000Z"
    insert(
        db,
        "fact_sale",
        [
            (1, N1, 20200403, 12500, 2, 1, at, "first", "EUR", "sales.csv", 2),
            (2, N2, 20200413, 50, 1, 0, "2020-04-13T10:00:00.000000Z", None, "EUR", "sales.csv", 3),
            (3, -1, 20200414, -3000, None, 1, None, None, "EUR", "sales.csv", 4),
            (4, -2, -2, 1000000, 3, 0, "2020-04-14T10:00:00.000000Z", None, "EUR", "sales.csv", 5),
            (
                5,
                N1,
                20210101,
                None,
                4,
                None,
                "2021-01-01T00:00:00.123000Z",
                'say "hi"',
                "EUR",
                "sales.csv",
                6,
            ),
            (6, N1, -2, 2005, 5, 1, "2021-02-01T00:00:00.000000Z", "last", "EUR", "sales.csv", 7),
        ],
    )
    insert(
        db,
        "fact_line",
        [
            (TEA, N1, 20200403, "12.500000", "lines.csv", 2),
            (CUP, N1, 20200403, "12.500000", "lines.csv", 3),
            (TEA, N2, 20200413, "0.050000", "lines.csv", 4),
            (TEA, -1, -1, None, "lines.csv", 5),
            (CUP, -2, -2, None, "lines.csv", 6),
        ],
    )
    insert(
        db,
        "bldr_layer",
        [
            ("lines", "lines.csv", 5, 2, 3, 0),
            ("sales", "sales.csv", 8, 6, 2, 0),
            ("shops", "shops.csv", 4, 3, 1, 0),
        ],
    )
    insert(
        db,
        "bldr_quarantine",
        [
            ("sales", "sales.csv", 8, 0, "short", "bad,row", "", "unreadable"),
            ("sales", "sales.csv", 9, 0, "open quote", "7,N", "", "unreadable"),
            ("shops", "shops.csv", 5, 0, "no region", "S,,Nirgends,05/03/2019", "", "refused"),
            ("lines", "lines.csv", 4, 0, "second Tea", "2.0,Tea,drink", "", "refused"),
            ("lines", "lines.csv", 5, 0, "third Tea", "99,Tea,food", "", "refused"),
            ("lines", "lines.csv", 6, 0, "second Cup", ",Cup,ware", "", "refused"),
        ],
    )
    insert(
        db,
        "bldr_refused_cell",
        [("sales", "sales.csv", 7, "day", "31/02/2021", "no date")],
    )
