"""What is planted in the tables, and what a right loader makes of each of it.

`plant` changes the tables; `QUIRKS` names every kind of oddity and counts it on the model, either by the tags that
planting left or by a test of the values. Unmatched and missing foreign keys are counted in truth.py.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from generator.dice import Dice
from generator.table import NULL_TOKENS, Record, Table, grouped
from generator.words import WINDHOEK

EFFECTS = {
    "decode": "read as if it were not there",
    "parse": "the written form becomes its typed value",
    "keep": "the value stays as it is written",
    "trim": "blanks around the value, no-break spaces too, are taken away",
    "rename": "the column gets a name that a table may have; the mapping is kept",
    "null": "the cell becomes null and is counted",
    "cut": "the value is cut to microseconds and counted",
    "skip": "no record: it is left out and counted",
    "quarantine": "not loaded; kept with file, line, reason and raw text",
    "deduplicate": "of the rows with this key the last one is loaded, `lines` are the ones removed; counted",
    "unknown_member": "the row is loaded, its key leads to the unknown member (-1)",
    "no_member": "the row is loaded, its key leads to the member for no key (-2)",
}


@dataclass(frozen=True)
class Quirk:
    """severity: warning is a defect of the data that a finding must name; info is handled and worth a count;
    none is just how the file is written."""

    table: str
    name: str
    kind: str
    effect: str
    severity: str
    what: str
    column: str | None = None
    count: Callable[[Record, str], int] | None = None  # of a good record and a text, see below
    fixed: int | None = None  # a property of the file, not of its records
    accepts: tuple[str, ...] = ()  # effects that are as good

    @property
    def id(self) -> str:
        return f"{self.table}-{self.name}"


# ---- tests of a record; each gets the record and the text of the quirk's cell, of all cells without a column ----


def contains(part: str) -> Callable[[Record, str], int]:
    return lambda record, text: part in text


def matches(pattern: str) -> Callable[[Record, str], int]:
    regex = re.compile(pattern)
    return lambda record, text: regex.fullmatch(text) is not None


def equals(value: str) -> Callable[[Record, str], int]:
    return lambda record, text: text == value


def non_ascii(record: Record, text: str) -> int:
    return not text.isascii()


def ambiguous_day(record: Record, text: str) -> int:
    """Day and month could be each other."""
    numbers = [int(n) for n in text.split("/")[:2]] if text.count("/") == 2 else [0, 0]
    return numbers[0] != numbers[1] and max(numbers) <= 12


def null_token(record: Record, text: str) -> int:
    return text in NULL_TOKENS[1:]


def other_utc_day(record: Record, text: str) -> int:
    at: datetime = record.values["paid_at"]
    return at.date() != at.astimezone(UTC).date()


def missing_key(record: Record, text: str) -> int:
    return record.raw.get("card_last_four", "") is None


ZEROS = matches(r"0\d+")
GROUPED_EUROPEAN = matches(r"\d{1,3}(\.\d{3})+(,\d+)?( €)?")
GROUPED_ENGLISH = matches(r"\$?\d{1,3}(,\d{3})+(\.\d+)?")

# fmt: off
QUIRKS = (
    Quirk("users", "encoding", "encoding", "decode", "none", "windows-1252; the letters outside ASCII, curly apostrophes (byte 92) and Ž tell it from ISO 8859-1", count=non_ascii),
    Quirk("users", "padding", "padding", "trim", "info", "blanks or no-break spaces around the name", "name"),
    Quirk("users", "phone-tokens", "null_token", "null", "info", "no phone, written as NULL, N/A or -", "phone", null_token),
    Quirk("users", "phone-zeros", "leading_zeros", "keep", "none", "phone numbers are text", "phone", ZEROS),
    Quirk("users", "tier-none", "word_like_null", "keep", "none", "the tier called none is a tier: all tiers are lower-case words", "loyalty_tier", equals("none")),
    Quirk("users", "exact-duplicates", "exact_duplicate", "deduplicate", "warning", "the same row once more"),
    Quirk("users", "stale-versions", "duplicate_key", "deduplicate", "warning", "an older version of the user stands above the valid one; updated_at tells the same"),
    Quirk("users", "blank-lines", "blank_line", "skip", "none", "lines with nothing in them"),
    Quirk("addresses", "encoding", "encoding", "decode", "none", "UTF-16LE with a byte order mark; three scripts", count=non_ascii),
    Quirk("addresses", "bom", "bom", "decode", "none", "the byte order mark is no part of the first name", fixed=1),
    Quirk("addresses", "surrogates", "surrogate_pair", "keep", "none", "letters beyond 16 bits", "delivery_note", lambda record, text: any(ord(c) > 0xFFFF for c in text)),
    Quirk("addresses", "newlines", "embedded_newline", "keep", "none", "a street in two lines, quoted", "street", contains("\n")),
    Quirk("addresses", "postcode-zeros", "leading_zeros", "keep", "none", "postcodes are text", "postcode", ZEROS),
    Quirk("addresses", "namibia", "code_like_null", "keep", "none", "NA is Namibia: all others are country codes too", "country", equals("NA")),
    Quirk("categories", "bom", "bom", "decode", "none", "UTF-8 with a byte order mark, no part of the first name", fixed=1),
    Quirk("categories", "delimiters", "embedded_delimiter", "keep", "none", "commas in quotes", "description", contains(",")),
    Quirk("products", "encoding", "encoding", "decode", "none", "UTF-8 without a byte order mark", count=non_ascii),
    Quirk("products", "price-grouped", "thousands_mark", "parse", "none", "decimal comma, thousands in groups: 1.234,50 €", "price", GROUPED_EUROPEAN),
    Quirk("products", "price-currency", "currency", "parse", "none", "the sign stands behind the number", "price", contains("€")),
    Quirk("products", "vat-percent", "percent", "parse", "none", "19 % is 19 percent points", "vat_rate", contains("%")),
    Quirk("products", "weight-ambiguous", "ambiguous_decimal", "parse", "none", "1,250 is 1.25: the other weights of the column decide", "weight_kg", matches(r"[1-9]\d?,\d{3}")),
    Quirk("products", "weight-words", "unparsable", "null", "warning", "a weight that is no number", "weight_kg"),
    Quirk("products", "units-grouped", "thousands_mark", "parse", "none", "1.234 is 1234: values with two marks decide", "lifetime_units", GROUPED_EUROPEAN),
    Quirk("products", "brand-tokens", "null_token", "null", "info", "no brand, written as none or N/A", "brand", null_token),
    Quirk("products", "sku-zeros", "leading_zeros", "keep", "none", "article codes are text", "sku", ZEROS),
    Quirk("products", "sku-look-alikes", "look_alike", "keep", "none", "as a number the code would be that of another article", "sku", matches(r"[1-9]\d+")),
    Quirk("products", "delimiters", "embedded_delimiter", "keep", "none", "semicolons in quotes", "description", contains(";")),
    Quirk("products", "exact-duplicates", "exact_duplicate", "deduplicate", "warning", "the same row once more"),
    Quirk("products", "stale-versions", "duplicate_key", "deduplicate", "warning", "an older price stands above the valid one; updated_on tells the same"),
    Quirk("products", "final-newline", "no_final_newline", "decode", "none", "the last line does not end", fixed=1),
    Quirk("warehouses", "array", "json_array", "decode", "none", "one JSON array of objects", fixed=1),
    Quirk("stock", "preamble", "preamble", "skip", "info", "three lines of report above the header", fixed=3),
    Quirk("stock", "subtotals", "subtotal", "quarantine", "warning", "a sub-total below each warehouse"),
    Quirk("stock", "footer", "footer", "quarantine", "warning", "the total of all in the last line", accepts=("skip",)),
    Quirk("stock", "quotes", "literal_quote", "keep", "none", "nothing is quoted in this file: the quotes are text", "shelf_note", contains('"')),
    Quirk("stock", "cost-grouped", "thousands_mark", "parse", "none", "decimal comma, thousands in groups: 1.234,50", "unit_cost", GROUPED_EUROPEAN),
    Quirk("carts", "header", "untidy_header", "rename", "info", "names with blanks, signs and capitals", fixed=10),
    Quirk("carts", "escapes", "backslash_escape", "keep", "none", "quotes and backslashes behind a backslash", "Gift Message", matches(r'(?s).*["\\].*')),
    Quirk("carts", "month-first", "ambiguous_date", "parse", "none", "month/day/year, decided by the days above 12", "Created On", ambiguous_day),
    Quirk("carts", "total-currency", "currency", "parse", "none", "the sign stands before the number", "Total ($)", contains("$")),
    Quirk("carts", "total-grouped", "thousands_mark", "parse", "none", "thousands in groups, so in quotes: $1,234.50", "Total ($)", GROUPED_ENGLISH),
    Quirk("carts", "negative", "parentheses", "parse", "none", "($5.00) is -5.00", "Store Credit", contains("(")),
    Quirk("carts", "exact-duplicates", "exact_duplicate", "deduplicate", "warning", "the same row once more"),
    Quirk("cart_items", "no-header", "no_header", "decode", "info", "no header: the first line is data; columns have positions only", fixed=1),
    Quirk("cart_items", "long-rows", "long_row", "quarantine", "warning", "a field too many"),
    Quirk("orders", "day-first", "ambiguous_date", "parse", "none", "day/month/year, decided by the days above 12", "order_date", ambiguous_day),
    Quirk("orders", "shipped-tokens", "null_token", "null", "info", "not shipped, written as - or NULL", "shipped_date", null_token),
    Quirk("orders", "no-such-day", "unparsable", "null", "warning", "31/02/2024 is no day", "delivered_date"),
    Quirk("orders", "total-grouped", "thousands_mark", "parse", "none", "thousands in groups, so in quotes: 1,234.50", "total", GROUPED_ENGLISH),
    Quirk("orders", "exact-duplicates", "exact_duplicate", "deduplicate", "warning", "the same row once more"),
    Quirk("orders", "short-rows", "short_row", "quarantine", "warning", "the last three fields are missing"),
    Quirk("orders", "long-rows", "long_row", "quarantine", "warning", "a field too many"),
    Quirk("orders", "footer", "footer", "quarantine", "warning", "the totals of all orders of the shop in the last line", accepts=("skip",)),
    Quirk("order_items", "members", "gzip_members", "decode", "none", "two gzip members, the first one ends inside a line", fixed=2),
    Quirk("order_items", "percent", "percent", "parse", "none", "10% is 10 percent points", "discount", contains("%")),
    Quirk("order_items", "exact-duplicates", "exact_duplicate", "deduplicate", "warning", "the same row once more"),
    Quirk("order_items", "short-rows", "short_row", "quarantine", "warning", "the last two fields are missing"),
    Quirk("payments", "big-ids", "big_integer", "keep", "none", "keys beyond 2^53: as doubles neighbours would be one", "payment_id", lambda record, text: int(text) > 2**53),
    Quirk("payments", "broken", "broken_json", "quarantine", "warning", "a line that ends too early"),
    Quirk("payments", "card-zeros", "leading_zeros", "keep", "none", "card digits are text", "card_last_four", ZEROS),
    Quirk("payments", "card-tokens", "null_token", "null", "info", "no card, written as N/A", "card_last_four", null_token),
    Quirk("payments", "card-missing", "missing_key", "null", "info", "no card, the key is left out", "card_last_four", missing_key),
    Quirk("payments", "local-days", "other_utc_day", "parse", "none", "the day written is not the day in UTC; the day written counts", "paid_at", other_utc_day),
    Quirk("payments", "nanoseconds", "nanoseconds", "cut", "warning", "nine digits behind the second", "paid_at"),
    Quirk("payments", "exact-duplicates", "exact_duplicate", "deduplicate", "warning", "the same line once more"),
    Quirk("reviews", "newlines", "embedded_newline", "keep", "none", "line feeds in quotes, in a file whose lines end in CR LF", "body", contains("\n")),
    Quirk("reviews", "delimiters", "embedded_delimiter", "keep", "none", "commas in quotes", "body", contains(",")),
    Quirk("reviews", "doubled-quotes", "doubled_quote", "keep", "none", "quotes doubled in quotes", "body", contains('"')),
    Quirk("reviews", "user-tokens", "null_token", "null", "info", "no user, written as N/A, NULL or -", "user_id", null_token),
    Quirk("reviews", "stray-quotes", "stray_quote", "quarantine", "warning", "a quote that is not doubled inside quotes; the next line is good again"),
    Quirk("reviews", "short-rows", "short_row", "quarantine", "warning", "the fields behind the title are missing"),
    Quirk("reviews", "long-rows", "long_row", "quarantine", "warning", "a comma in a title without quotes"),
)
# fmt: on


# ---- planting ----


class Planter:
    """Chooses records of one table that nothing was planted in yet, and tags them."""

    def __init__(self, table: Table, dice: Dice) -> None:
        self.table = table
        self.dice = dice

    def choose(self, n: int, fits: Callable[[Record], bool] = lambda r: True) -> list[Record]:
        free = [r for r in self.table.good() if not (r.taken or r.tags or r.raw) and fits(r)]
        return self.dice.sample(free, n)

    def tag(
        self, name: str, n: int, fits: Callable[[Record], bool] = lambda r: True
    ) -> list[Record]:
        """Records that carry the id of a quirk from now on."""
        chosen = self.choose(n, fits)
        for record in chosen:
            record.tags.append(f"{self.table.name}-{name}")
        return chosen

    def nulls(self, column: str, n: int, tokens: tuple[str, ...]) -> None:
        for i, record in enumerate(self.choose(n)):
            record.values[column] = None
            record.raw[column] = tokens[i % len(tokens)]

    def orphans(self, column: str, keys: list[Any]) -> None:
        """Keys that nobody has."""
        for record, key in zip(self.choose(len(keys)), keys, strict=True):
            record.values[column] = key

    def repeat(self, n: int) -> None:
        """Exact duplicates, some lines below."""
        for record in self.choose(n):
            copy = replace(
                record,
                values=dict(record.values),
                raw={},
                tags=[f"{self.table.name}-exact-duplicates"],
            )
            self.table.records.insert(
                self.table.records.index(record) + self.dice.integer(1, 9), copy
            )
            record.taken = True

    def reject(self, name: str, n: int, fields: Callable[[Record], list[str]]) -> list[Record]:
        """Rows that do not fit the header any more."""
        chosen = self.tag(name, n)
        for record in chosen:
            record.fate = "quarantine"
            record.fields = fields(record)
        return chosen

    def shorten(self, n: int, missing: int) -> None:
        self.reject("short-rows", n, lambda r: self.table.cells(r)[:-missing])

    def line(
        self,
        name: str,
        at: int,
        fate: str,
        fields: list[str] | None = None,
        text: str | None = None,
    ) -> None:
        """A line that was never a row."""
        record = Record({}, tags=[f"{self.table.name}-{name}"], fields=fields, text=text, fate=fate)
        self.table.records.insert(at, record)


def plant(tables: dict[str, Table], dice: Dice) -> None:
    by_table: dict[str, Callable[[Planter], None]] = {
        "users": plant_users,
        "addresses": plant_addresses,
        "products": plant_products,
        "stock": plant_stock,
        "carts": plant_carts,
        "cart_items": plant_cart_items,
        "orders": plant_orders,
        "order_items": plant_order_items,
        "payments": plant_payments,
        "reviews": plant_reviews,
    }
    for name, plant_table in by_table.items():
        plant_table(Planter(tables[name], dice))


def plant_users(p: Planter) -> None:
    p.nulls("phone", 36, ("", "NULL", "N/A", "-"))
    p.nulls("birth_date", 20, ("",))
    for i, record in enumerate(p.tag("padding", 12)):
        blank = (" ", "\u00a0", "  ")[i % 3]
        record.raw["name"] = f"{blank}{record.values['name']}{blank}"
    tiers = {"none": "bronze", "bronze": "none", "silver": "bronze", "gold": "silver"}
    for record in p.choose(4):
        values = record.values
        stale = {"loyalty_tier": tiers[values["loyalty_tier"]], "updated_at": values["created_at"]}
        insert_stale(p.table, record, stale)
    p.repeat(5)
    for at in (150, 301):
        p.line("blank-lines", at, "skip", text="")


def insert_stale(table: Table, record: Record, changes: dict[str, Any]) -> None:
    """An older version of a row, above it."""
    stale = Record({**record.values, **changes}, tags=[f"{table.name}-stale-versions"])
    table.records.insert(table.records.index(record), stale)
    record.taken = True


def plant_addresses(p: Planter) -> None:
    p.nulls("user_id", 2, ("",))
    p.orphans("user_id", [9001, 9002, 9003])
    for record in p.choose(5, lambda r: r.values["country"] == "DE"):
        record.values["street"] += "\nHinterhaus, 2. Stock"
    for record in p.choose(3):
        record.values["delivery_note"] = "\U0001f6aa Klingel defekt \U0001f415"
    for record in p.choose(2, lambda r: r.values["country"] == "GB"):
        values = record.values
        values.update(city=WINDHOEK.city, postcode=WINDHOEK.postcodes[0], country=WINDHOEK.country)


def plant_products(p: Planter) -> None:
    p.nulls("brand", 7, ("none", "N/A", ""))
    p.nulls("category_id", 2, ("",))
    p.orphans("category_id", [77, 77, 78])
    for record in p.tag("weight-words", 2):
        record.values["weight_kg"] = None
        record.raw["weight_kg"] = "ca. 2"
    for record in p.choose(2):
        values = record.values
        older = values["price"] - Decimal("1.00")
        insert_stale(
            p.table,
            record,
            {"price": older, "updated_on": values["updated_on"] - timedelta(days=90)},
        )
    p.repeat(2)


def plant_stock(p: Planter) -> None:
    p.orphans("sku", ["099000001", "099000002", "099000003", "099000004"])
    rows = list(p.table.records)
    for code in dict.fromkeys(r.values["warehouse"] for r in rows):
        own = [r for r in rows if r.values["warehouse"] == code]
        at = p.table.records.index(own[-1]) + 1
        p.line("subtotals", at, "quarantine", stock_sums(f"Subtotal {code}", own))
    p.line("footer", len(p.table.records), "quarantine", stock_sums("TOTAL", rows))


def stock_sums(label: str, rows: list[Record]) -> list[str]:
    on_hand, reserved = (sum(r.values[c] for r in rows) for c in ("on_hand", "reserved"))
    return [label, "", str(on_hand), str(reserved), "", "", "", ""]


def plant_carts(p: Planter) -> None:
    p.nulls("User ID", 24, ("", "-"))
    p.repeat(3)


def plant_cart_items(p: Planter) -> None:
    p.orphans("column_1", ["CRT-2024-0000001", "CRT-2024-0000002"])
    p.reject("long-rows", 2, lambda r: [*p.table.cells(r), "gift"])


def plant_orders(p: Planter) -> None:
    for i, record in enumerate(r for r in p.table.records if r.values["shipped_date"] is None):
        record.raw["shipped_date"] = ("", "-", "", "NULL")[i % 4]
    p.nulls("user_id", 25, ("", "NULL"))
    p.orphans("user_id", [9101, 9101, 9102, 9103, 9104, 9105])
    p.orphans("shipping_address_id", [9901, 9902, 9903])
    p.nulls("billing_address_id", 60, ("", "N/A"))
    for i, record in enumerate(
        p.tag("no-such-day", 3, lambda r: r.values["delivered_date"] is not None)
    ):
        record.values["delivered_date"] = None
        record.raw["delivered_date"] = ("31/02/2024", "31/06/2024", "30/02/2024")[i]
    every_order = list(p.table.records)
    p.repeat(6)
    p.shorten(2, 3)
    p.reject("long-rows", 1, lambda r: [*p.table.cells(r), "gift wrap"])
    sums = [
        grouped(sum(r.values[c] for r in every_order))
        for c in ("subtotal", "discount", "tax", "shipping", "total")
    ]
    p.line("footer", len(p.table.records), "quarantine", ["TOTAL", *[""] * 5, *sums, *[""] * 3])


def plant_order_items(p: Planter) -> None:
    p.orphans("order_id", [199001, 199002, 199003, 199004])
    p.orphans("product_id", [901, 901, 902, 903, 904])
    p.repeat(7)
    p.shorten(2, 2)


def plant_payments(p: Planter) -> None:
    for i, record in enumerate(r for r in p.table.records if r.values["card_last_four"] is None):
        if i % 3:
            record.raw["card_last_four"] = None if i % 3 == 1 else "N/A"
    p.orphans("order_id", [199101, 199102])
    winter = timezone(timedelta(hours=-5))
    for record in p.choose(5, lambda r: (r.values["paid_at"] + timedelta(days=1)).day == 1):
        record.values["paid_at"] = record.values["paid_at"].replace(
            hour=23, minute=40, tzinfo=winter
        )
    for record in p.tag("nanoseconds", 3):
        at = record.values["paid_at"].replace(microsecond=123456)
        record.values["paid_at"] = at
        record.raw["paid_at"] = (
            at.isoformat().replace(".123456", ".123456789").replace("+00:00", "Z")
        )
    p.repeat(4)
    for record in p.tag("broken", 2):
        record.fate = "quarantine"
        text = p.table.object_text(record)
        record.text = text[: text.index('"paid_at"') + 14]


def plant_reviews(p: Planter) -> None:
    p.nulls("user_id", 30, ("", "N/A", "NULL", "-"))
    p.orphans("product_id", [911, 912, 913, 914])
    for record in p.choose(30):
        record.values["body"] += "\nWould I buy it again? Yes, at once."
    for record in p.choose(15, lambda r: "\n" not in r.values["body"]):
        record.values["body"] += ' They call it "top class", and so do I.'
    p.shorten(2, 4)
    p.reject(
        "long-rows",
        2,
        lambda r: [*p.table.cells(r)[:4], "Loud", " but good", *p.table.cells(r)[5:]],
    )
    for record in p.tag("stray-quotes", 2, lambda r: "\n" not in r.values["body"]):
        record.fate = "quarantine"
        cells = p.table.cells(record)
        record.text = ",".join([*cells[:4], '"The 5" display is fine"', "Works", *cells[6:]])
