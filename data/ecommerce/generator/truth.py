"""What is true of the files, told from the model: keys, rows, foreign keys, what was planted, answers.

The form is that of the other data sets (`tables`, `fks`, `facts`, `dims`, `quirks` ...), with more in it.
"""

import json
import textwrap
from collections import Counter
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from generator.answers import answers
from generator.quirks import EFFECTS, QUIRKS, Quirk
from generator.table import NULL_TOKENS, Column, Record, Table

LINES_SHOWN = 60  # more lines than that are not listed
MONTHS_SHOWN = 24  # a date column with more months has none listed
ENCODINGS = {"cp1252": "windows-1252", "utf-16-le": "UTF-16LE", "utf-8": "UTF-8"}

# from table, from column, to table, to column. Headerless files have no names to score: optional.
FOREIGN_KEYS = (
    ("users", "referred_by", "users", "user_id"),
    ("addresses", "user_id", "users", "user_id"),
    ("categories", "parent_id", "categories", "category_id"),
    ("products", "category_id", "categories", "category_id"),
    ("stock", "warehouse", "warehouses", "code"),
    ("stock", "sku", "products", "sku"),
    ("carts", "User ID", "users", "user_id"),
    ("cart_items", "column_1", "carts", "Cart ID"),
    ("cart_items", "column_2", "products", "sku"),
    ("orders", "user_id", "users", "user_id"),
    ("orders", "shipping_address_id", "addresses", "address_id"),
    ("orders", "billing_address_id", "addresses", "address_id"),
    ("order_items", "order_id", "orders", "order_id"),
    ("order_items", "product_id", "products", "product_id"),
    ("payments", "order_id", "orders", "order_id"),
    ("reviews", "product_id", "products", "product_id"),
    ("reviews", "user_id", "users", "user_id"),
)
OPTIONAL_TABLES = ("cart_items",)

TARGET_STAR = {
    "facts": {
        "fact_order": {"source": ["orders"], "grain": ["order_id"]},
        "fact_order_item": {"source": ["order_items", "orders"], "grain": ["order_id", "line_no"]},
        "fact_payment": {"source": ["payments", "orders"], "grain": ["payment_id"]},
        "fact_review": {"source": ["reviews"], "grain": ["review_id"]},
        "fact_stock": {
            "source": ["stock"],
            "grain": ["warehouse", "sku"],
            "semi_additive": ["on_hand", "reserved"],
        },
        "fact_cart": {"source": ["carts"], "grain": ["Cart ID"]},
        "fact_cart_item": {"source": ["cart_items", "carts"], "grain": ["column_1", "column_2"]},
    },
    "dims": {
        "dim_user": ["users"],
        "dim_address": ["addresses"],
        "dim_product": ["products", "categories"],
        "dim_warehouse": ["warehouses"],
        "dim_date": ["generated"],
    },
    "roles": {"dim_address": ["shipping_address_id", "billing_address_id"]},
}

NOTES = (
    "rows: the good records of the file, duplicates among them; records = rows + quarantined",
    "loaded: rows left when of those with one key only the last is kept",
    "lines are physical lines from 1, of the unpacked text; a record counts with its first one",
    "counts of planted cells are over rows; nonnull, orphans, nulls of fks too, their `loaded` over loaded rows",
    "orphans are counted against good rows: children of a quarantined row are orphans",
    "columns of a file without header are named column_1 ... here; their foreign keys are optional for that reason",
    "amounts are exact decimals, given as text; percent are percent points",
)


def truth(tables: dict[str, Table], sizes: dict[str, int]) -> dict[str, Any]:
    fks = [foreign_key(tables, *fk) for fk in FOREIGN_KEYS]
    return {
        "name": "ecommerce",
        "source": {"data": "data/ecommerce/generate.py", "ddl": "the model of the same script"},
        "licence": "CC0-1.0, or MIT with this repository; generated: no real person, no real shop",
        "tables": {name: table_truth(t, sizes[t.file]) for name, t in tables.items()},
        "fks": fks,
        "acceptable_fks": [],
        "facts": ["order_items", "orders", "payments", "reviews", "stock", "carts", "cart_items"],
        "dims": ["users", "addresses", "products", "categories", "warehouses"],
        "bridges": [],
        "role_basis": "the model of the script",
        "target_star": TARGET_STAR,
        "quirks": [f"{q.table}: {q.what}" for q in QUIRKS],
        "scoring": "FK found = exact (table, columns) -> (table, columns). required + required_approx count for "
        "recall; optional and acceptable_fks are neither FN nor FP; everything else predicted is FP. PK: exact "
        "column set (also_unique / any declared unique key accepted).",
        "not_tables": ["README.md", "generate.py", "generator", "truth.json"],
        "notes": list(NOTES),
        "null_tokens": list(NULL_TOKENS),
        "effects": EFFECTS,
        "planted": [planted(tables[q.table], q) for q in QUIRKS]
        + [p for fk in fks for p in planted_keys(tables, fk)],
        "answers": answers({name: t.loaded() for name, t in tables.items()}),
    }


# ---- tables ----


def table_truth(table: Table, size: int) -> dict[str, Any]:
    rows = table.good()
    loaded = table.loaded()
    quarantined = sum(r.fate == "quarantine" for r in table.records)
    again = len(rows) - len(loaded)
    return {
        "file": table.file,
        "pk": list(table.pk),
        "also_unique": [list(columns) for columns in table.also_unique],
        "rows": len(rows),
        "columns": len(table.columns),
        "bytes": size,
        "pk_check": f"duplicates {again}/{len(rows)}" if again else "ok",
        "records": len(rows) + quarantined,
        "quarantined": quarantined,
        "duplicates": again,
        "loaded": len(loaded),
        "dialect": dialect_truth(table),
        "column_list": [column_truth(table, c) for c in table.columns],
    }


def dialect_truth(table: Table) -> dict[str, Any]:
    d = table.dialect
    csv = d.format == "csv"
    quoted = csv and d.quote != ""
    marks = next((c.form for c in table.columns if "thousands_mark" in c.form), {})
    return {
        "format": d.format,
        "compression": "gzip" if d.gzip_cuts else None,
        "encoding": ENCODINGS[d.encoding],
        "bom": d.bom != b"",
        "delimiter": d.delimiter if csv else None,
        "quote": d.quote if quoted else None,
        "escape": d.escape if quoted else None,
        "newline": {"\n": "LF", "\r\n": "CRLF"}[d.newline],
        "preamble_lines": len(d.preamble),
        "header_line": len(d.preamble) + 1 if csv and d.header else None,
        "not_rows": not_rows(table),
        "decimal_mark": marks.get("decimal_mark", "."),
        "thousands_mark": marks.get("thousands_mark"),
    }


def not_rows(table: Table) -> list[str]:
    """How the first field of a sub-total or total begins."""
    firsts = [r.fields[0].split()[0] for r in table.records if r.fields and not r.values]
    return list(dict.fromkeys(firsts))


def column_truth(table: Table, column: Column) -> dict[str, Any]:
    rows = table.good()
    nulls = [r for r in rows if r.values[column.name] is None]
    ret = {"name": column.name, "type": column.type, **column.form, "nulls": len(nulls)}
    if column.type == "decimal":
        ret["scale"] = column.scale
    tokens = Counter(null_text(table, r, column) for r in nulls)
    written = {t: tokens[t] for t in NULL_TOKENS if tokens[t] > 0}
    if written:
        ret["null_tokens"] = written
    values = [row[column.name] for row in table.loaded() if row[column.name] is not None]
    number = column.type == "int64" and column.name not in key_columns(table)
    if number or column.type in ("decimal", "date"):
        ret["loaded"] = {"count": len(values), "min": min(values), "max": max(values)}
    if number or column.type == "decimal":
        ret["loaded"]["sum"] = sum(values)
    if column.type == "date":
        months = Counter(value.isoformat()[:7] for value in sorted(values))
        ret["loaded"].update({"months": dict(months)} if len(months) <= MONTHS_SHOWN else {})
    return ret


def null_text(table: Table, record: Record, column: Column) -> str | None:
    """How the null is written; None for JSON's own null and for a key that is left out."""
    if table.dialect.format != "csv" and column.name not in record.raw:
        return None
    return table.written(record, column)


def key_columns(table: Table) -> set[str]:
    return {*table.pk, *(column for name, column, _, _ in FOREIGN_KEYS if name == table.name)}


# ---- foreign keys ----


def foreign_key(
    tables: dict[str, Table], name: str, column: str, to_name: str, to_column: str
) -> dict[str, Any]:
    table, to_table = tables[name], tables[to_name]
    targets = {r.values[to_column] for r in to_table.good()}

    def count(values: Iterable[Any]) -> dict[str, int]:
        all_values = list(values)
        nonnull = [v for v in all_values if v is not None]
        orphans = sum(v not in targets for v in nonnull)
        return {
            "nonnull": len(nonnull),
            "orphans": orphans,
            "nulls": len(all_values) - len(nonnull),
        }

    values = [r.values[column] for r in table.good()]
    counts = count(values)
    used = {v for v in values if v is not None}
    approx = "required_approx" if counts["orphans"] else "required"
    return {
        "from": [name, [column]],
        "to": [to_name, [to_column]],
        "nonnull": counts["nonnull"],
        "orphans": counts["orphans"],
        "nulls": counts["nulls"],
        "distinct": len(used),
        "ref_distinct": len(targets),
        "unused": len(targets - used),
        "loaded": count(row[column] for row in table.loaded()),
        "check": f"orphans {counts['orphans']}/{counts['nonnull']}" if counts["orphans"] else "ok",
        "score": "optional" if name in OPTIONAL_TABLES else approx,
    }


def planted_keys(tables: dict[str, Table], fk: dict[str, Any]) -> list[dict[str, Any]]:
    """The quirks that unmatched and missing keys are."""
    (name, (column,)), (to_name, (to_column,)) = fk["from"], fk["to"]
    table = tables[name]
    targets = {r.values[to_column] for r in tables[to_name].good()}
    lost = {r.values.get(to_column) for r in tables[to_name].records if r.fate == "quarantine"} - {
        None
    }
    orphans = [
        r for r in table.good() if r.values[column] is not None and r.values[column] not in targets
    ]
    nulls = [r for r in table.good() if r.values[column] is None]
    ret = []
    if orphans:
        what = f"keys of {to_name} that nobody has"
        entry = key_entry(table, column, "orphan_key", "unknown_member", "warning", what, orphans)
        because = sum(r.values[column] in lost for r in orphans)
        if because:
            entry["of_quarantined_rows"] = because
        ret.append(entry)
    if nulls:
        what = f"no key of {to_name}"
        ret.append(key_entry(table, column, "null_key", "no_member", "info", what, nulls))
    return ret


def key_entry(
    table: Table,
    column: str,
    kind: str,
    effect: str,
    severity: str,
    what: str,
    records: list[Record],
) -> dict[str, Any]:
    return {
        "id": f"{table.name}-{kind.replace('_', '-')}-{column.lower().replace(' ', '-')}",
        "table": table.name,
        "file": table.file,
        "column": column,
        "kind": kind,
        "effect": effect,
        "severity": severity,
        "what": what,
        "count": len(records),
        **lines(records),
    }


def lines(records: list[Record]) -> dict[str, list[int]]:
    found = sorted(r.line for r in records)
    if not found or len(found) > LINES_SHOWN:
        return {}
    return {"lines": found}


# ---- what was planted ----


def planted(table: Table, quirk: Quirk) -> dict[str, Any]:
    entry: dict[str, Any] = {"id": quirk.id, "table": table.name, "file": table.file}
    if quirk.column is not None:
        entry["column"] = quirk.column
    entry.update(kind=quirk.kind, effect=quirk.effect, severity=quirk.severity, what=quirk.what)
    if quirk.accepts:
        entry["accepts"] = list(quirk.accepts)
    if quirk.fixed is not None:
        return {**entry, "count": quirk.fixed}
    if quirk.count is None:
        records = [r for r in table.records if quirk.id in r.tags]
    else:
        columns = [c for c in table.columns if quirk.column in (None, c.name)]
        records = [
            r
            for r in table.good()
            if quirk.count(r, "".join(table.written(r, c) or "" for c in columns))
        ]
    if not records:
        raise ValueError(f"nothing was planted for {quirk.id}")
    return {**entry, "count": len(records), **lines(records)}


# ---- JSON ----

WIDTH = 110


def json_text(value: Any, indent: int = 0, used: int = 0) -> str:
    """What fits in a line stands in one line; `used` columns of it are taken."""
    line = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, list | dict) or used + len(line) <= WIDTH:
        return line
    inner = " " * (indent + 2)
    if isinstance(value, list) and all(isinstance(v, int) for v in value):
        filled = textwrap.fill(line[1:-1], WIDTH, initial_indent=inner, subsequent_indent=inner)
        return f"[\n{filled}\n{' ' * indent}]"
    if isinstance(value, list):
        return join([json_text(v, indent + 2, indent + 2) for v in value], "[]", indent)
    members = []
    for key, member in value.items():
        name = f"{json.dumps(key, ensure_ascii=False)}: "
        members.append(name + json_text(member, indent + 2, indent + 2 + len(name)))
    return join(members, "{}", indent)


def join(parts: list[str], brackets: str, indent: int) -> str:
    inner = " " * (indent + 2)
    return f"{brackets[0]}\n{inner}" + f",\n{inner}".join(parts) + f"\n{' ' * indent}{brackets[1]}"


def json_value(value: Any) -> Any:
    """Decimals as text, since JSON's numbers are doubles to most readers; dates too."""
    if isinstance(value, Decimal | date):
        return str(value)
    if isinstance(value, dict):
        return {k: json_value(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [json_value(v) for v in value]
    return value
