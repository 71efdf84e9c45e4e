"""The clean shop: every row that really exists, typed and consistent. Nothing here is broken yet.

Money is counted in cents and turned into decimals at the end. Orders add up: subtotal = sum of their lines,
total = subtotal - discount + tax + shipping, payments of an order = its total.
"""

import unicodedata
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal

from generator.dice import Dice
from generator.table import Row
from generator.words import (
    ADJECTIVES,
    BRANDS,
    CATEGORIES,
    DELIVERY_NOTES,
    FIRST_NAMES,
    GIFT_MESSAGES,
    LAST_NAMES,
    MAIL_DOMAINS,
    OPINIONS,
    PLACES,
    SHELF_NOTES,
    STREETS,
    TIERS,
    WAREHOUSES,
    Place,
)

USERS = 420
PRODUCTS = 120
CARTS = 240
ORDERS = 900
REVIEWS = 420
FIRST_DAY = date(2024, 1, 1)
LAST_DAY = date(2024, 12, 31)
# Beyond 2^53, where neighbours are one and the same double.
FIRST_PAYMENT = 9_007_199_254_740_993


@dataclass
class Shop:
    users: list[Row] = field(default_factory=list)
    addresses: list[Row] = field(default_factory=list)
    categories: list[Row] = field(default_factory=list)
    products: list[Row] = field(default_factory=list)
    warehouses: list[Row] = field(default_factory=list)
    stock: list[Row] = field(default_factory=list)
    carts: list[Row] = field(default_factory=list)
    cart_items: list[Row] = field(default_factory=list)
    orders: list[Row] = field(default_factory=list)
    order_items: list[Row] = field(default_factory=list)
    payments: list[Row] = field(default_factory=list)
    reviews: list[Row] = field(default_factory=list)
    place_of: dict[int, Place] = field(default_factory=dict)  # by user id
    noun_of: dict[int, str] = field(default_factory=dict)  # by product id


def money(cents: int) -> Decimal:
    return Decimal(cents).scaleb(-2)


def share(cents: int, percent: int) -> int:
    """That many percent of it, half a cent goes up."""
    return (cents * percent + 50) // 100


def ascii_name(text: str) -> str:
    """For a mail address: Núñez is nunez."""
    text = (
        text.lower().replace("ß", "ss").replace("ø", "o").replace("œ", "oe").replace("\u2019", "")
    )
    return unicodedata.normalize("NFD", text).encode("ascii", "ignore").decode()


def build(dice: Dice) -> Shop:
    shop = Shop()
    add_users(shop, dice)
    add_addresses(shop, dice)
    add_products(shop, dice)
    add_stock(shop, dice)
    add_carts(shop, dice)
    add_orders(shop, dice)
    add_reviews(shop, dice)
    return shop


def moment(dice: Dice, day: date) -> datetime:
    clock = time(dice.integer(7, 21), dice.integer(0, 59), dice.integer(0, 59))
    return datetime.combine(day, clock)


def add_users(shop: Shop, dice: Dice) -> None:
    for i in range(USERS):
        first, last = dice.pick(FIRST_NAMES), dice.pick(LAST_NAMES)
        place = dice.weighted([(p, p.weight) for p in PLACES])
        digits = f"{dice.integer(200, 999)}{dice.integer(0, 9999999):07}"
        abroad = place.country in ("US", "GB", "NL")
        created = moment(dice, dice.day(date(2021, 1, 1), date(2023, 12, 31)))
        user: Row = {
            "user_id": 1001 + i,
            "email": f"{ascii_name(first)}.{ascii_name(last)}{i + 1}@{dice.pick(MAIL_DOMAINS)}",
            "name": f"{first} {last}",
            "phone": f"+1 {digits}" if abroad else f"0{digits}",
            "loyalty_tier": dice.weighted(TIERS),
            "birth_date": dice.day(date(1950, 1, 1), date(2005, 12, 31)),
            "marketing_opt_in": dice.chance(0.4),
            "referred_by": 1001 + dice.integer(0, i - 1) if i > 9 and dice.chance(0.2) else None,
            "created_at": created,
            "updated_at": created + timedelta(hours=dice.integer(1, 9000)),
        }
        shop.users.append(user)
        shop.place_of[user["user_id"]] = place


def add_addresses(shop: Shop, dice: Dice) -> None:
    for user in shop.users:
        place = shop.place_of[user["user_id"]]
        for kind in ("home", "work")[: 2 if dice.chance(0.3) else 1]:
            address: Row = {
                "address_id": 5001 + len(shop.addresses),
                "user_id": user["user_id"],
                "kind": kind,
                "street": f"{dice.pick(STREETS)} {dice.integer(1, 180)}",
                "city": place.city,
                "postcode": dice.pick(place.postcodes),
                "country": place.country,
                "delivery_note": dice.pick(DELIVERY_NOTES) if dice.chance(0.2) else None,
            }
            shop.addresses.append(address)


def add_products(shop: Shop, dice: Dice) -> None:
    for c in CATEGORIES:
        about = f"All of {c.name}" if c.parent is None else f"{', '.join(c.nouns)} and more"
        shop.categories.append(
            {"category_id": c.id, "name": c.name, "parent_id": c.parent, "description": about}
        )
    sold = [c for c in CATEGORIES if c.nouns]
    for i in range(PRODUCTS):
        category = sold[i % len(sold)]
        noun = dice.pick(category.nouns)
        brand = dice.pick(BRANDS)
        low, high = category.cents
        cents = low + (high - low) * dice.integer(0, 999) ** 2 // 1_000_000
        product: Row = {
            "product_id": 201 + i,
            "sku": f"0{category.id}{dice.integer(0, 999):03}{i:03}",
            "name": f"{brand} {dice.pick(ADJECTIVES)} {noun} {i + 1}",
            "description": (
                f"{noun} by {brand}; two years of warranty"
                if dice.chance(0.3)
                else f"{noun} by {brand}"
            ),
            "category_id": category.id,
            "brand": brand,
            "price": money(cents // 10 * 10 + 9),
            "vat_rate": 7 if category.id == 41 else 19,
            "weight_kg": Decimal(dice.integer(20, 25000)).scaleb(-3),
            "lifetime_units": dice.integer(0, 3000) * dice.integer(0, 1200),
            "active": dice.chance(0.9),
            "updated_on": dice.day(date(2023, 1, 1), date(2023, 12, 31)),
        }
        shop.products.append(product)
        shop.noun_of[product["product_id"]] = noun.lower()
    for i in (
        14,
        47,
    ):  # each has a neighbour of its category whose code is another text but the same number
        shop.products[i + len(sold)]["sku"] = shop.products[i]["sku"].removeprefix("0")


def add_stock(shop: Shop, dice: Dice) -> None:
    for n, (code, name, city, country, capacity) in enumerate(WAREHOUSES):
        shop.warehouses.append(
            {
                "code": code,
                "name": name,
                "city": city,
                "country": country,
                "capacity": capacity,
                "opened_on": date(2015 + n, 3, 1),
            }
        )
        for product in shop.products:
            if not dice.chance(0.7):
                continue
            on_hand = dice.integer(0, 60)
            price_cents = int(product["price"] * 100)
            shop.stock.append(
                {
                    "warehouse": code,
                    "sku": product["sku"],
                    "on_hand": on_hand,
                    "reserved": dice.integer(0, on_hand // 3),
                    "reorder_level": 5 * dice.integer(1, 4),
                    "unit_cost": money(share(price_cents, 60)),
                    "counted_on": date(2024, 12, 28 + n),
                    "shelf_note": dice.pick(SHELF_NOTES) if dice.chance(0.06) else None,
                }
            )


def pick_related(shop: Shop, dice: Dice, n: int) -> list[Row]:
    """Different products of one department, as people buy them."""
    department = dice.pick((1, 2, 3, 4))
    return dice.sample([p for p in shop.products if p["category_id"] // 10 == department], n)


def add_carts(shop: Shop, dice: Dice) -> None:
    """The carts of the shop for the United States: dollars, and 8 % tax."""
    letters = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
    days = sorted(dice.day(FIRST_DAY, LAST_DAY) for _ in range(CARTS))
    for day in days:
        cart_id = f"CRT-2024-{''.join(dice.pick(letters) for _ in range(7))}"
        subtotal = 0
        products = pick_related(shop, dice, dice.integer(1, 4))
        for product in products:
            quantity = dice.weighted(((1, 6), (2, 3), (3, 1)))
            cents = share(int(product["price"] * 100), 110)
            subtotal += quantity * cents
            shop.cart_items.append(
                {
                    "column_1": cart_id,
                    "column_2": product["sku"],
                    "column_3": quantity,
                    "column_4": money(cents),
                }
            )
        tax = share(subtotal, 8)
        shop.carts.append(
            {
                "Cart ID": cart_id,
                "User ID": dice.pick(shop.users)["user_id"],
                "Created On": day,
                "Item Count": len(products),
                "Sub-Total ($)": money(subtotal),
                "Tax ($)": money(tax),
                "Total ($)": money(subtotal + tax),
                "Store Credit": money(-500 * dice.integer(1, 3) if dice.chance(0.15) else 0),
                "Abandoned?": dice.chance(0.55),
                "Gift Message": dice.pick(GIFT_MESSAGES) if dice.chance(0.2) else None,
            }
        )


def add_orders(shop: Shop, dice: Dice) -> None:
    of_user: dict[int, list[Row]] = {}
    for address in shop.addresses:
        of_user.setdefault(address["user_id"], []).append(address)
    buyers = shop.users[: USERS * 9 // 10]  # the others never bought anything
    statuses = (
        ("delivered", 70),
        ("shipped", 8),
        ("paid", 6),
        ("pending", 5),
        ("cancelled", 7),
        ("returned", 4),
    )
    for i, day in enumerate(sorted(dice.day(FIRST_DAY, LAST_DAY) for _ in range(ORDERS))):
        user = dice.pick(buyers)
        addresses = of_user[user["user_id"]]
        status = dice.weighted(statuses)
        sent = (
            day + timedelta(days=dice.integer(0, 4))
            if status in ("delivered", "shipped", "returned")
            else None
        )
        arrived = (
            sent + timedelta(days=dice.integer(1, 9)) if sent and status != "shipped" else None
        )
        order: Row = {
            "order_id": 100001 + i,
            "user_id": user["user_id"],
            "order_date": day,
            "status": status,
            "shipping_address_id": addresses[0]["address_id"],
            "billing_address_id": addresses[-1]["address_id"],
        }
        subtotal = add_order_items(shop, dice, order["order_id"])
        coupon = subtotal > 3000 and dice.chance(0.12)
        discount = 500 if coupon else 0
        tax = share(subtotal - discount, 19)
        shipping = 0 if subtotal >= 10000 else 490
        total = subtotal - discount + tax + shipping
        order.update(
            subtotal=money(subtotal),
            discount=money(discount),
            tax=money(tax),
            shipping=money(shipping),
            total=money(total),
            coupon="WELCOME5" if coupon else None,
            shipped_date=sent,
            delivered_date=arrived,
        )
        shop.orders.append(order)
        add_payments(shop, dice, order, total, shop.place_of[user["user_id"]])


def add_order_items(shop: Shop, dice: Dice, order_id: int) -> int:
    """The lines of one order; gives its subtotal in cents."""
    subtotal = 0
    count = dice.weighted(((1, 30), (2, 30), (3, 20), (4, 12), (5, 8)))
    for line, product in enumerate(pick_related(shop, dice, count), start=1):
        quantity = dice.weighted(((1, 70), (2, 20), (3, 7), (10, 3)))
        percent = dice.weighted(((0, 80), (5, 8), (10, 7), (20, 5)))
        cents = int(product["price"] * 100)
        line_total = share(quantity * cents, 100 - percent)
        subtotal += line_total
        shop.order_items.append(
            {
                "order_id": order_id,
                "line_no": line,
                "product_id": product["product_id"],
                "quantity": quantity,
                "unit_price": money(cents),
                "discount": percent,
                "line_total": money(line_total),
            }
        )
    return subtotal


def add_payments(shop: Shop, dice: Dice, order: Row, total: int, place: Place) -> None:
    """None while the order is pending; sometimes a gift card pays a part."""
    if order["status"] == "pending":
        return
    status = {"cancelled": "voided", "returned": "refunded", "paid": "authorized"}.get(
        order["status"], "captured"
    )
    parts = (
        [("gift_card", 2500), ("", total - 2500)]
        if total > 9000 and dice.chance(0.1)
        else [("", total)]
    )
    hours = place.summer_offset if 4 <= order["order_date"].month <= 10 else place.winter_offset
    at = moment(dice, order["order_date"]).replace(tzinfo=timezone(timedelta(hours=hours)))
    methods = (("credit_card", 45), ("debit_card", 15), ("paypal", 25), ("bank_transfer", 15))
    for method, cents in parts:
        method = method or dice.weighted(methods)
        card = method in ("credit_card", "debit_card")
        shop.payments.append(
            {
                "payment_id": FIRST_PAYMENT + len(shop.payments),
                "order_id": order["order_id"],
                "method": method,
                "amount": money(cents),
                "status": status,
                "card_last_four": f"{dice.integer(0, 9999):04}" if card else None,
                "paid_at": at,
            }
        )


def add_reviews(shop: Shop, dice: Dice) -> None:
    user_of = {o["order_id"]: o["user_id"] for o in shop.orders}
    bought = [(user_of[i["order_id"]], i["product_id"]) for i in shop.order_items]
    pairs = set(bought)
    for i in range(REVIEWS):
        user, product = dice.pick(bought)
        if dice.chance(0.3):
            user = dice.pick(shop.users)["user_id"]
        place = shop.place_of[user]
        rating = dice.weighted(((1, 8), (2, 8), (3, 16), (4, 30), (5, 38)))
        title, body = dice.pick(OPINIONS[rating])
        at = moment(dice, dice.day(date(2024, 2, 1), date(2025, 1, 31)))
        hours = place.summer_offset if 4 <= at.month <= 10 else place.winter_offset
        shop.reviews.append(
            {
                "review_id": i + 1,
                "product_id": product,
                "user_id": user,
                "rating": rating,
                "title": title,
                "body": body.format(noun=shop.noun_of[product]),
                "verified_purchase": (user, product) in pairs,
                "helpful_votes": dice.integer(0, 6) * dice.integer(0, 6),
                "created_at": at.replace(tzinfo=timezone(timedelta(hours=hours))),
            }
        )
