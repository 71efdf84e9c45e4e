"""How each table of the shop is written: its columns, its dialect, its keys."""

import codecs
from decimal import Decimal
from typing import Any

from generator.shop import Shop
from generator.table import (
    Column,
    Dialect,
    Record,
    Row,
    Table,
    day_first,
    day_first_dots,
    dollars,
    european,
    euros,
    grouped,
    instant,
    month_first,
    ungrouped_european,
    yes_no,
)

EUROPEAN = {"decimal_mark": ",", "thousands_mark": "."}
ENGLISH = {"decimal_mark": ".", "thousands_mark": ","}
ISO_DAY = {"date_format": "yyyy-MM-dd"}
ISO_TIME = {"date_format": "yyyy-MM-dd HH:mm:ss"}
ISO_INSTANT = {"date_format": "yyyy-MM-dd'T'HH:mm:ss[.fraction]XXX"}
DAY_FIRST = {"date_format": "dd/MM/yyyy"}
DAY_FIRST_DOTS = {"date_format": "dd.MM.yyyy"}
MONTH_FIRST = {"date_format": "M/d/yyyy"}
TRUE_FALSE = {"true": "true", "false": "false"}
YES_NO = {"true": "yes", "false": "no"}
CODE = {"code": True}  # digits that are no number


def whole(name: str) -> Column:
    return Column(name, "int64")


def text(name: str, **form: Any) -> Column:
    return Column(name, "text", form=form)


def amount(name: str) -> Column:
    return Column(name, "decimal", grouped, 2, ENGLISH)


def dollar_amount(name: str) -> Column:
    return Column(name, "decimal", dollars, 2, {**ENGLISH, "currency": "$ in front"})


def percent(value: Any) -> str:
    return f"{value}%"


def spaced_percent(value: Any) -> str:
    return f"{value} %"


def weight(value: Decimal) -> str:
    """Without the zeros at its end."""
    return ungrouped_european(value).rstrip("0").rstrip(",")


USERS = (
    whole("user_id"),
    text("email"),
    text("name"),
    text("phone", **CODE),
    text("loyalty_tier"),
    Column("birth_date", "date", form=ISO_DAY),
    Column("marketing_opt_in", "bool", form=TRUE_FALSE),
    whole("referred_by"),
    Column("created_at", "timestamp", form=ISO_TIME),
    Column("updated_at", "timestamp", form=ISO_TIME),
)
ADDRESSES = (
    whole("address_id"),
    whole("user_id"),
    text("kind"),
    text("street"),
    text("city"),
    text("postcode", **CODE),
    text("country"),
    text("delivery_note"),
)
CATEGORIES = (whole("category_id"), text("name"), whole("parent_id"), text("description"))
PRODUCTS = (
    whole("product_id"),
    text("sku", **CODE),
    text("name"),
    text("description"),
    whole("category_id"),
    text("brand"),
    Column("price", "decimal", euros, 2, {**EUROPEAN, "currency": "€ behind"}),
    Column("vat_rate", "int64", spaced_percent, form={"percent": True}),
    Column("weight_kg", "decimal", weight, 3, EUROPEAN),
    Column("lifetime_units", "int64", european, form=EUROPEAN),
    Column("active", "bool", yes_no, form=YES_NO),
    Column("updated_on", "date", form=ISO_DAY),
)
WAREHOUSES = (
    text("code"),
    text("name"),
    text("city"),
    text("country"),
    whole("capacity"),
    Column("opened_on", "date", form=ISO_DAY),
)
STOCK = (
    text("warehouse"),
    text("sku", **CODE),
    whole("on_hand"),
    whole("reserved"),
    whole("reorder_level"),
    Column("unit_cost", "decimal", european, 2, EUROPEAN),
    Column("counted_on", "date", day_first_dots, form=DAY_FIRST_DOTS),
    text("shelf_note"),
)
CARTS = (
    text("Cart ID"),
    whole("User ID"),
    Column("Created On", "date", month_first, form=MONTH_FIRST),
    whole("Item Count"),
    dollar_amount("Sub-Total ($)"),
    dollar_amount("Tax ($)"),
    dollar_amount("Total ($)"),
    Column(
        "Store Credit",
        "decimal",
        dollars,
        2,
        {**ENGLISH, "currency": "$ in front", "negative": "parentheses"},
    ),
    Column("Abandoned?", "bool", yes_no, form=YES_NO),
    text("Gift Message"),
)
CART_ITEMS = (
    text("column_1", meaning="cart id"),
    text("column_2", meaning="sku", **CODE),
    Column("column_3", "int64", form={"meaning": "quantity"}),
    Column("column_4", "decimal", grouped, 2, {**ENGLISH, "meaning": "unit price in dollars"}),
)
ORDERS = (
    whole("order_id"),
    whole("user_id"),
    Column("order_date", "date", day_first, form=DAY_FIRST),
    text("status"),
    whole("shipping_address_id"),
    whole("billing_address_id"),
    amount("subtotal"),
    amount("discount"),
    amount("tax"),
    amount("shipping"),
    amount("total"),
    text("coupon"),
    Column("shipped_date", "date", day_first, form=DAY_FIRST),
    Column("delivered_date", "date", day_first, form=DAY_FIRST),
)
ORDER_ITEMS = (
    whole("order_id"),
    whole("line_no"),
    whole("product_id"),
    whole("quantity"),
    amount("unit_price"),
    Column("discount", "int64", percent, form={"percent": True}),
    amount("line_total"),
)
PAYMENTS = (
    whole("payment_id"),
    whole("order_id"),
    text("method"),
    Column("amount", "decimal", scale=2, form={"decimal_mark": "."}),
    text("status"),
    text("card_last_four", **CODE),
    Column("paid_at", "timestamp_offset", instant, form=ISO_INSTANT),
)
REVIEWS = (
    whole("review_id"),
    whole("product_id"),
    whole("user_id"),
    whole("rating"),
    text("title"),
    text("body"),
    Column("verified_purchase", "bool", form=TRUE_FALSE),
    whole("helpful_votes"),
    Column("created_at", "timestamp_offset", instant, form=ISO_INSTANT),
)

STOCK_PREAMBLE = (
    "Inventory report - all warehouses",
    "As of: 31.12.2024, 18:00",
    "Prepared by: Lager & Logistik (ext. 41)",
)


def records(rows: list[Row]) -> list[Record]:
    return [Record(dict(row)) for row in rows]


def tables_of(shop: Shop) -> dict[str, Table]:
    """Nothing is planted yet."""
    crlf = Dialect(newline="\r\n")
    made = [
        Table(
            "users",
            "users.csv",
            ("user_id",),
            USERS,
            Dialect(encoding="cp1252", newline="\r\n"),
            records(shop.users),
            (("email",),),
        ),
        Table(
            "addresses",
            "addresses.tsv",
            ("address_id",),
            ADDRESSES,
            Dialect(encoding="utf-16-le", bom=codecs.BOM_UTF16_LE, delimiter="\t", newline="\r\n"),
            records(shop.addresses),
        ),
        Table(
            "categories",
            "categories.csv",
            ("category_id",),
            CATEGORIES,
            Dialect(bom=codecs.BOM_UTF8),
            records(shop.categories),
            (("name",),),
        ),
        Table(
            "products",
            "products.csv",
            ("product_id",),
            PRODUCTS,
            Dialect(delimiter=";", final_newline=False),
            records(shop.products),
            (("sku",), ("name",)),
        ),
        Table(
            "warehouses",
            "warehouses.json",
            ("code",),
            WAREHOUSES,
            Dialect("json"),
            records(shop.warehouses),
            (("name",), ("city",), ("country",), ("capacity",), ("opened_on",)),
        ),
        Table(
            "stock",
            "stock.txt",
            ("warehouse", "sku"),
            STOCK,
            Dialect(delimiter="|", quote="", preamble=STOCK_PREAMBLE),
            records(shop.stock),
        ),
        Table(
            "carts",
            "carts.csv",
            ("Cart ID",),
            CARTS,
            Dialect(escape="backslash"),
            records(shop.carts),
        ),
        Table(
            "cart_items",
            "cart_items.csv",
            ("column_1", "column_2"),
            CART_ITEMS,
            Dialect(header=False),
            records(shop.cart_items),
        ),
        Table("orders", "orders.csv", ("order_id",), ORDERS, Dialect(), records(shop.orders)),
        Table(
            "order_items",
            "order_items.csv.gz",
            ("order_id", "line_no"),
            ORDER_ITEMS,
            Dialect(gzip_cuts=(0.5,)),
            records(shop.order_items),
        ),
        Table(
            "payments",
            "payments.jsonl",
            ("payment_id",),
            PAYMENTS,
            Dialect("jsonl"),
            records(shop.payments),
        ),
        Table("reviews", "reviews.csv", ("review_id",), REVIEWS, crlf, records(shop.reviews)),
    ]
    return {table.name: table for table in made}
