"""Business questions with their answers, worked out from the loaded rows of the model in plain Python.

The SQL says what is meant, over the tables of truth.json as a right loader leaves them: good rows without
duplicates, typed, null where null is meant, timestamps with an offset as they are written. It is not how the
numbers come about here.
"""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from generator.table import Row, instant

Key = tuple[Any, ...]
Tables = dict[str, list[Row]]
Question = dict[str, Any]


def grouped_sums(pairs: Iterable[tuple[Key, tuple[Any, ...]]]) -> list[list[Any]]:
    """Per key the sums of the measures, by key, null last."""
    sums: dict[Key, tuple[Any, ...]] = {}
    for key, measures in pairs:
        before = sums.get(key, (0,) * len(measures))
        sums[key] = tuple(a + b for a, b in zip(before, measures, strict=True))
    ordered = sorted(
        sums.items(), key=lambda item: [(v is None, "" if v is None else v) for v in item[0]]
    )
    return [[*key, *measures] for key, measures in ordered]


def best(rows: list[list[Any]], measure: int, n: int) -> list[list[Any]]:
    """The n with the greatest measure; rows come by key, which decides ties."""
    return sorted(rows, key=lambda row: -row[measure])[:n]


class Shop:
    """Look-ups along the foreign keys of the loaded rows; None where they lead nowhere."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self.users = {r["user_id"]: r for r in tables["users"]}
        self.addresses = {r["address_id"]: r for r in tables["addresses"]}
        self.categories = {r["category_id"]: r for r in tables["categories"]}
        self.products = {r["product_id"]: r for r in tables["products"]}
        self.orders = {r["order_id"]: r for r in tables["orders"]}
        self.warehouses = {r["code"]: r for r in tables["warehouses"]}
        self.captured: dict[int, Decimal] = defaultdict(lambda: Decimal("0.00"))
        for payment in tables["payments"]:
            if payment["status"] == "captured":
                self.captured[payment["order_id"]] += payment["amount"]

    def category_name(self, product_id: int) -> str | None:
        category = self.categories.get(self.products.get(product_id, {}).get("category_id"), {})
        return category.get("name")

    def department(self, product_id: int) -> str | None:
        category = self.categories.get(self.products.get(product_id, {}).get("category_id"), {})
        return self.categories.get(category.get("parent_id"), {}).get("name")


def order_questions(shop: Shop) -> list[Question]:
    orders = shop.tables["orders"]
    of_user: list[tuple[Key, tuple[Any, ...]]] = [
        ((u["user_id"], u["name"]), (1, o["total"]))
        for o in orders
        if (u := shop.users.get(o["user_id"])) is not None
    ]
    return [
        {
            "id": "orders-by-status",
            "question": "How many orders are there per status, and what are they worth?",
            "sql": "SELECT status, count(*), sum(total) FROM orders GROUP BY status ORDER BY status",
            "rows": grouped_sums(((o["status"],), (1, o["total"])) for o in orders),
        },
        {
            "id": "orders-by-month",
            "question": "How do orders and their value go over the months? (day before month)",
            "sql": "SELECT extract(month FROM order_date), count(*), sum(total) FROM orders GROUP BY 1 ORDER BY 1",
            "rows": grouped_sums(((o["order_date"].month,), (1, o["total"])) for o in orders),
        },
        {
            "id": "orders-by-tier",
            "question": "What do the loyalty tiers buy? (null: guests and unmatched users)",
            "sql": "SELECT u.loyalty_tier, count(*), sum(o.total) FROM orders o"
            " LEFT JOIN users u ON u.user_id = o.user_id GROUP BY 1 ORDER BY 1 NULLS LAST",
            "rows": grouped_sums(
                ((shop.users.get(o["user_id"], {}).get("loyalty_tier"),), (1, o["total"]))
                for o in orders
            ),
        },
        {
            "id": "orders-by-country",
            "question": "Where do the orders go? (NA is Namibia, null: unmatched addresses)",
            "sql": "SELECT a.country, count(*), sum(o.total) FROM orders o"
            " LEFT JOIN addresses a ON a.address_id = o.shipping_address_id GROUP BY 1 ORDER BY 1 NULLS LAST",
            "rows": grouped_sums(
                (
                    (shop.addresses.get(o["shipping_address_id"], {}).get("country"),),
                    (1, o["total"]),
                )
                for o in orders
            ),
        },
        {
            "id": "best-customers",
            "question": "Which ten customers spent most?",
            "sql": "SELECT u.user_id, u.name, count(*), sum(o.total) FROM orders o"
            " JOIN users u ON u.user_id = o.user_id GROUP BY 1, 2 ORDER BY 4 DESC, 1 LIMIT 10",
            "rows": best(grouped_sums(of_user), 3, 10),
        },
        {
            "id": "ordered-and-captured",
            "question": "Per status, what was ordered and what was captured? (payments must not multiply orders)",
            "sql": "SELECT o.status, sum(o.total), sum(coalesce(p.captured, 0)) FROM orders o LEFT JOIN"
            " (SELECT order_id, sum(amount) AS captured FROM payments WHERE status = 'captured'"
            " GROUP BY order_id) p ON p.order_id = o.order_id GROUP BY 1 ORDER BY 1",
            "rows": grouped_sums(
                ((o["status"],), (o["total"], shop.captured[o["order_id"]])) for o in orders
            ),
        },
        {
            "id": "no-delivery-date",
            "question": "Which orders have no date of delivery? (three dates are no days)",
            "sql": "SELECT status, count(*) FROM orders WHERE delivered_date IS NULL GROUP BY 1 ORDER BY 1",
            "rows": grouped_sums(
                ((o["status"],), (1,)) for o in orders if o["delivered_date"] is None
            ),
        },
    ]


def item_questions(shop: Shop) -> list[Question]:
    items = shop.tables["order_items"]
    to_category = (
        " LEFT JOIN products p ON p.product_id = i.product_id"
        " LEFT JOIN categories c ON c.category_id = p.category_id"
    )
    return [
        {
            "id": "revenue-by-category",
            "question": "What is sold per category? (null: unmatched product or category)",
            "sql": f"SELECT c.name, sum(i.quantity), sum(i.line_total) FROM order_items i{to_category}"
            " GROUP BY 1 ORDER BY 1 NULLS LAST",
            "rows": grouped_sums(
                ((shop.category_name(i["product_id"]),), (i["quantity"], i["line_total"]))
                for i in items
            ),
        },
        {
            "id": "revenue-by-department",
            "question": "What is sold per department, the category above the category?",
            "sql": f"SELECT d.name, sum(i.quantity), sum(i.line_total) FROM order_items i{to_category}"
            " LEFT JOIN categories d ON d.category_id = c.parent_id GROUP BY 1 ORDER BY 1 NULLS LAST",
            "rows": grouped_sums(
                ((shop.department(i["product_id"]),), (i["quantity"], i["line_total"]))
                for i in items
            ),
        },
        {
            "id": "lines-by-discount",
            "question": "How much is sold at which discount, in percent?",
            "sql": "SELECT discount, count(*), sum(line_total) FROM order_items GROUP BY 1 ORDER BY 1",
            "rows": grouped_sums(((i["discount"],), (1, i["line_total"])) for i in items),
        },
        {
            "id": "revenue-by-month-of-order",
            "question": "What is sold per month of the order? (null: the order is not loaded)",
            "sql": "SELECT extract(month FROM o.order_date), count(*), sum(i.line_total) FROM order_items i"
            " LEFT JOIN orders o ON o.order_id = i.order_id GROUP BY 1 ORDER BY 1 NULLS LAST",
            "rows": grouped_sums(
                (
                    (
                        (
                            shop.orders[i["order_id"]]["order_date"].month
                            if i["order_id"] in shop.orders
                            else None
                        ),
                    ),
                    (1, i["line_total"]),
                )
                for i in items
            ),
        },
    ]


def other_questions(shop: Shop) -> list[Question]:
    t = shop.tables
    return [
        {
            "id": "captured-by-method",
            "question": "How is paid?",
            "sql": "SELECT method, count(*), sum(amount) FROM payments WHERE status = 'captured' GROUP BY 1 ORDER BY 1",
            "rows": grouped_sums(
                ((p["method"],), (1, p["amount"]))
                for p in t["payments"]
                if p["status"] == "captured"
            ),
        },
        {
            "id": "payments-by-local-month",
            "question": "What is paid per month, by the clock of the payer?",
            "sql": "SELECT substr(paid_at, 1, 7), count(*), sum(amount) FROM payments GROUP BY 1 ORDER BY 1",
            "rows": grouped_sums(
                ((instant(p["paid_at"])[:7],), (1, p["amount"])) for p in t["payments"]
            ),
        },
        {
            "id": "reviews-by-rating",
            "question": "How do people rate what they bought, and what they did not buy?",
            "sql": "SELECT verified_purchase, rating, count(*), sum(helpful_votes) FROM reviews GROUP BY 1, 2 ORDER BY 1, 2",
            "rows": grouped_sums(
                ((r["verified_purchase"], r["rating"]), (1, r["helpful_votes"]))
                for r in t["reviews"]
            ),
        },
        {
            "id": "ratings-by-brand",
            "question": "How are the brands rated? (null: unmatched product, or one without a brand)",
            "sql": "SELECT p.brand, count(*), sum(r.rating) FROM reviews r"
            " LEFT JOIN products p ON p.product_id = r.product_id GROUP BY 1 ORDER BY 1 NULLS LAST",
            "rows": grouped_sums(
                ((shop.products.get(r["product_id"], {}).get("brand"),), (1, r["rating"]))
                for r in t["reviews"]
            ),
        },
        {
            "id": "stock-by-warehouse",
            "question": "What lies in the warehouses, and what did it cost?",
            "sql": "SELECT w.name, sum(s.on_hand), sum(s.on_hand * s.unit_cost) FROM stock s"
            " JOIN warehouses w ON w.code = s.warehouse GROUP BY 1 ORDER BY 1",
            "rows": grouped_sums(
                (
                    (shop.warehouses[s["warehouse"]]["name"],),
                    (s["on_hand"], s["on_hand"] * s["unit_cost"]),
                )
                for s in t["stock"]
            ),
        },
        {
            "id": "carts-by-month",
            "question": "How many carts are filled per month and abandoned or not, in dollars? (month before day)",
            "sql": 'SELECT extract(month FROM "Created On"), "Abandoned?", count(*), sum("Total ($)"),'
            ' sum("Store Credit") FROM carts GROUP BY 1, 2 ORDER BY 1, 2',
            "rows": grouped_sums(
                ((c["Created On"].month, c["Abandoned?"]), (1, c["Total ($)"], c["Store Credit"]))
                for c in t["carts"]
            ),
        },
        {
            "id": "articles-in-carts",
            "question": "Which ten articles lie most in carts? (codes, not numbers)",
            "sql": "SELECT column_2, sum(column_3), sum(column_3 * column_4) FROM cart_items"
            " GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 10",
            "rows": best(
                grouped_sums(
                    ((c["column_2"],), (c["column_3"], c["column_3"] * c["column_4"]))
                    for c in t["cart_items"]
                ),
                1,
                10,
            ),
        },
        {
            "id": "users-by-tier",
            "question": "How many users are in which tier? (each once, as last written)",
            "sql": "SELECT loyalty_tier, count(*), count(phone) FROM users GROUP BY 1 ORDER BY 1",
            "rows": grouped_sums(
                ((u["loyalty_tier"],), (1, int(u["phone"] is not None))) for u in t["users"]
            ),
        },
    ]


def answers(tables: Tables) -> list[Question]:
    shop = Shop(tables)
    return [*order_questions(shop), *item_questions(shop), *other_questions(shop)]
