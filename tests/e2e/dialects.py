"""Declarations, written by hand, of data/ecommerce and of a small folder of files that are odder still, each with a
mapping: what emitters and loaders are given while nothing else in the test depends on how files are discovered.
"""

import gzip
import hashlib
import json
from pathlib import Path
from typing import Any

from bldr import ROOT
from nasty import LINEAGE, cast, clean, col, column, date, fn

ECOMMERCE = ROOT / "data" / "ecommerce"

# What differs from a plain CSV file in UTF-8 with commas and a header.
DECLARED: dict[str, dict[str, Any]] = {
    "users": {
        "path": "users.csv",
        "encoding": "windows-1252",
        "columns": "user_id email name phone loyalty_tier birth_date marketing_opt_in referred_by created_at updated_at",
    },
    "addresses": {
        "path": "addresses.tsv",
        "encoding": "utf-16le",
        "bom": True,
        "delimiter": "\t",
        "columns": "address_id user_id kind street city postcode country delivery_note",
    },
    "categories": {
        "path": "categories.csv",
        "bom": True,
        "columns": "category_id name parent_id description",
    },
    "products": {
        "path": "products.csv",
        "delimiter": ";",
        "columns": "product_id sku name description category_id brand price vat_rate weight_kg lifetime_units active updated_on",
    },
    "warehouses": {
        "path": "warehouses.json",
        "format": "json",
        "columns": "code name city country capacity opened_on",
    },
    "stock": {
        "path": "stock.txt",
        "delimiter": "|",
        "quote": "",
        "preamble_lines": 3,
        "not_rows": ["Subtotal", "TOTAL"],
        "columns": "warehouse sku on_hand reserved reorder_level unit_cost counted_on shelf_note",
    },
    "carts": {
        "path": "carts.csv",
        "escape": "backslash",
        "columns": [
            "Cart ID",
            "User ID",
            "Created On",
            "Item Count",
            "Sub-Total ($)",
            "Tax ($)",
            "Total ($)",
            "Store Credit",
            "Abandoned?",
            "Gift Message",
        ],
    },
    "cart_items": {
        "path": "cart_items.csv",
        "header": False,
        "columns": "column_1 column_2 column_3 column_4",
    },
    "orders": {
        "path": "orders.csv",
        "not_rows": ["TOTAL"],
        "columns": "order_id user_id order_date status shipping_address_id billing_address_id subtotal discount tax shipping total coupon shipped_date delivered_date",
    },
    "order_items": {
        "path": "order_items.csv.gz",
        "compression": "gzip",
        "columns": "order_id line_no product_id quantity unit_price discount line_total",
    },
    "payments": {
        "path": "payments.jsonl",
        "format": "jsonl",
        "columns": "payment_id order_id method amount status card_last_four paid_at",
    },
    "reviews": {
        "path": "reviews.csv",
        "columns": "review_id product_id user_id rating title body verified_purchase helpful_votes created_at",
    },
}

# Files of an artificial folder: what is in them, and what the bronze table must hold: line, number in the line, fields
# (None: the record is malformed). Columns are a, b, c.
ODD: dict[str, tuple[dict[str, Any], bytes, list[tuple[int, int, list[str] | None]]]] = {
    "one_line": (
        {"path": "one_line.json", "format": "json"},
        b'[{"a":1,"b":{"x": [1.0, 2]}},{"b":"q","a":"\\u00e9"} , 5 ,{"a":1,"a":2},\n{"c":-0.10e3,"b":null}]',
        [
            (1, 1, ["1", '{"x": [1.0, 2]}', ""]),
            (1, 2, ["é", "q", ""]),
            (1, 3, None),
            (1, 4, None),
            (2, 1, ["", "", "-0.10e3"]),
        ],
    ),
    "broken": (
        {"path": "broken.json", "format": "json"},
        b'\n[\n {"a": true},\n {"a": "x" "b"},\n {"a": 3}\n]\n',
        [(3, 1, ["true", "", ""]), (4, 1, None)],
    ),
    "behind": (
        {"path": "behind.json", "format": "json"},
        b'[{"a": 1}]\n{"a": 2}\n',
        [(1, 1, ["1", "", ""]), (2, 1, None)],
    ),
    "no_array": (
        {"path": "no_array.json", "format": "json"},
        b'{"a": 1}\n',
        [(1, 1, None)],
    ),
    "lines": (
        {"path": "lines.jsonl", "format": "jsonl"},
        b'{"a": 9007199254740993, "b": 25.00}\r\n\n  \t\n{"a": "x\\ny", "c": [ ]}\n'
        b'{"a": 1} {}\n{"a": NaN}\n{"a": "\\ud800"}\n{"a": "\\u0000"}\n[1]\n'
        + b'{"a": %s1%s}\n' % (b"[" * 63, b"]" * 63)
        + b'{"a": %s1%s}\n' % (b"[" * 64, b"]" * 64)
        + b'{"c": "last"}',
        [
            (1, 1, ["9007199254740993", "25.00", ""]),
            (4, 1, ["x\ny", "", "[ ]"]),
            *[(line, 1, None) for line in range(5, 10)],
            (10, 1, ["[" * 63 + "1" + "]" * 63, "", ""]),
            (11, 1, None),
            (12, 1, ["", "", "last"]),
        ],
    ),
    "lines_utf16": (
        {"path": "u16.jsonl.gz", "format": "jsonl", "compression": "gzip", "encoding": "utf-16be"},
        gzip.compress('{"a": "Ġ"}\n\n{"a": "\u0a0a"}\n'.encode("utf-16-be")),
        [(1, 1, ["Ġ", "", ""]), (3, 1, ["\u0a0a", "", ""])],
    ),
    "latin2": (
        {"path": "latin2.csv", "encoding": "iso-8859-2", "delimiter": ";"},
        b"a;b;c\n1;\xa3\xf3d\xbc;x\n",
        [(2, 1, ["1", "Łódź", "x"])],
    ),
    "preamble": (
        {"path": "preamble.csv", "preamble_lines": 2, "header": True},
        b'A report, of 2024\n"of","everything"\n a ,b,c\n1,2,3\n1,"2\n2",3\n,,\n',
        [(4, 1, ["1", "2", "3"]), (5, 1, ["1", "2\n2", "3"]), (7, 1, ["", "", ""])],
    ),
    "bare": (
        {"path": "bare.csv", "preamble_lines": 1, "header": False, "quote": "", "delimiter": "|"},
        b'nothing\n"1|2"|\\N\n1|2\n',
        [(2, 1, ['"1', '2"', "\\N"]), (3, 1, None)],
    ),
    "stray": (
        {"path": "stray.csv"},
        b'a,b,c\n1,"The 5" display",x\n2,"""hi""",\n3,"a\nb",y\n',
        [(2, 1, None), (3, 1, ["2", '"hi"', ""]), (4, 1, ["3", "a\nb", "y"])],
    ),
    "escaped": (
        {"path": "escaped.csv", "escape": "backslash"},
        b'a,b,c\n1,"say \\"yes\\"","heads\\\\tails"\n2,\\N,"end\\\\"\n3,"\\\\\\"x","a,b"\n',
        [
            (2, 1, ["1", 'say "yes"', "heads\\tails"]),
            (3, 1, ["2", "\\N", "end\\"]),
            (4, 1, ["3", '\\"x', "a,b"]),
        ],
    ),
}


def declare(folder: Path, table: str, declared: dict[str, Any]) -> dict[str, Any]:
    data = (folder / declared["path"]).read_bytes()
    csv = declared.get("format", "csv") == "csv"
    columns = declared["columns"]
    return {
        "table": table,
        "bytes": len(data),
        "hash": hashlib.blake2b(data, digest_size=32).hexdigest(),
        "encoding": "utf-8",
        "bom": False,
        "delimiter": "," if csv else "",
        "quote": '"' if csv else "",
        "header": csv,
        **declared,
        "columns": columns.split() if isinstance(columns, str) else columns,
    }


def write_sources(folder: Path) -> None:
    """The odd files."""
    for declared, data, _ in ODD.values():
        (folder / declared["path"]).write_bytes(data)


# ---- mappings ----


def table(name: str, kind: str, source: str, columns: list[Any], **more: Any) -> dict[str, Any]:
    reserved = [{"key": -1, "label": "Unknown"}, {"key": -2, "label": "Not applicable"}]
    return {
        "name": name,
        "kind": kind,
        "source": source,
        "calendar": [],
        "joins": [],
        "grain_columns": [],
        "reserved": reserved if kind == "dimension" else [],
        "columns": [*columns, *LINEAGE],
        **more,
    }


def key(name: str, part: Any) -> dict[str, Any]:
    rule = fn("surrogate_key", part, table=name)
    return column(f"{name}_key", "int64", "surrogate_key", rule, nullable=False)


def reference(name: str, part: Any) -> dict[str, Any]:
    rule = fn("lookup", part, dimension=name, key=fn("surrogate_key", part, table=name))
    return column(f"{name}_key", "int64", "dimension_key", rule, dimension=name, nullable=False)


def ecommerce() -> list[dict[str, Any]]:
    user, product, order = (
        cast(clean(c, tokens=["", "NULL", "N/A", "-"]), "int64")
        for c in ("user_id", "product_id", "order_id")
    )
    updated = cast(clean("updated_at"), "timestamp_ntz")
    warehouse = clean("code")
    return [
        table(
            "dim_user",
            "dimension",
            "users",
            [
                key("dim_user", user),
                column("user_id", "int64", "business_key", user),
                column("name", "text", "attribute", fn("trim", col("name"), chars=" \u00a0")),
                column("updated_at", "timestamp_ntz", "attribute", updated),
            ],
            grain_columns=["user_id"],
            dedup="last",
            version_column="updated_at",
            version_rule=updated,
        ),
        table(
            "dim_product",
            "dimension",
            "products",
            [
                key("dim_product", product),
                column("product_id", "int64", "business_key", product),
                column("name", "text", "attribute", clean("name")),
            ],
            grain_columns=["product_id"],
            dedup="last",
            version_column="updated_on",
            version_rule=date(clean("updated_on"), "yyyy-MM-dd"),
        ),
        table(
            "dim_warehouse",
            "dimension",
            "warehouses",
            [
                key("dim_warehouse", warehouse),
                column("code", "text", "business_key", warehouse),
                column("capacity", "int64", "attribute", cast(clean("capacity"), "int64")),
            ],
            grain_columns=["code"],
        ),
        table(
            "fact_order",
            "fact",
            "orders",
            [
                column("order_id", "int64", "degenerate", order, nullable=False),
                reference("dim_user", user),
                column(
                    "delivered_on",
                    "date",
                    "degenerate",
                    date(clean("delivered_date"), "dd/MM/yyyy"),
                ),
            ],
            grain_columns=["order_id"],
            dedup="last",
        ),
        table(
            "fact_payment",
            "fact",
            "payments",
            [
                column(
                    "payment_id",
                    "int64",
                    "degenerate",
                    cast(clean("payment_id"), "int64"),
                    nullable=False,
                ),
                column(
                    "amount", "decimal(10,2)", "measure", cast(clean("amount"), "decimal(10,2)")
                ),
            ],
            grain_columns=["payment_id"],
            dedup="last",
        ),
        table(
            "fact_stock",
            "fact",
            "stock",
            [
                reference("dim_warehouse", clean("warehouse")),
                column("sku", "text", "degenerate", clean("sku"), nullable=False),
                column("on_hand", "int64", "measure", cast(clean("on_hand"), "int64")),
            ],
            grain_columns=["dim_warehouse_key", "sku"],
            dedup="last",
        ),
    ]


def odd() -> list[dict[str, Any]]:
    a = clean("a")
    return [
        table(
            f"fact_{name}",
            "fact",
            name,
            [column(c, "text", "degenerate", clean(c)) for c in "abc"],
            grain_columns=["_source_file", "_source_line"],
        )
        for name in ODD
        if name != "one_line"
    ] + [
        table(
            "fact_one_line",
            "fact",
            "one_line",
            [column("a", "text", "degenerate", a, nullable=False)],
            grain_columns=["a"],
            dedup="last",
        )
    ]


def write_artefacts(source_folder: Path, folder: Path) -> tuple[Path, Path]:
    """sources.json and sttm.json of data/ecommerce, or of the odd files, below folder."""
    if source_folder == ECOMMERCE:
        declared, tables = DECLARED, ecommerce()
    else:
        declared = {name: {**d, "columns": "a b c"} for name, (d, _, _) in ODD.items()}
        tables = odd()
    head = {"version": 1, "inputs": []}
    files = [declare(source_folder, name, d) for name, d in declared.items()]
    sources = {
        "artefact": "sources",
        "head": head,
        "files": sorted(files, key=lambda f: f["path"]),
        "skipped": [],
    }
    for name, value in (
        ("sources", sources),
        ("sttm", {"artefact": "sttm", "head": head, "tables": tables}),
    ):
        (folder / f"{name}.json").write_text(json.dumps(value, ensure_ascii=False))
    return folder / "sources.json", folder / "sttm.json"
