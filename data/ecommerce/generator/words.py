"""The vocabulary of the shop: people, places, goods and what is said of them."""

from typing import NamedTuple

FIRST_NAMES = (
    "Anna",
    "Zoë",
    "Jürgen",
    "François",
    "Søren",
    "Inés",
    "Björn",
    "Chloé",
    "Marta",
    "Noah",
    "Emma",
    "Lukas",
    "Sofía",
    "André",
    "Renée",
    "Mats",
    "Ida",
    "Paolo",
    "Giulia",
    "Thomas",
    "Élodie",
    "Jörg",
    "Käthe",
    "Nuno",
    "Amélie",
    "Olivia",
    "Liam",
    "Ava",
    "Grace",
    "Henry",
    "Jack",
    "Ruth",
    "Hugo",
    "Clara",
)

# Some of these letters, and the apostrophe, are in windows-1252 but not in ISO 8859-1.
LAST_NAMES = (
    "Müller",
    "Schmidt",
    "Weiß",
    "Núñez",
    "García",
    "Dubois",
    "Lefèvre",
    "Rossi",
    "Žižek",
    "Šimek",
    "Åkesson",
    "Ibáñez",
    "Peña",
    "Brandão",
    "O\u2019Brien",
    "D\u2019Angelo",
    "O\u2019Neill",
    "Smith",
    "Johnson",
    "Brown",
    "Walker",
    "Young",
    "Œhler",
    "Größler",
    "Castaño",
    "Petit",
    "Bianchi",
    "Lindqvist",
    "Jansen",
    "Kowalski",
    "Novak",
    "Fischer",
    "Becker",
)

MAIL_DOMAINS = ("example.com", "example.org", "example.net")

STREETS = (
    "Hauptstraße",
    "Rue de l'Église",
    "Calle Mayor",
    "Main Street",
    "Elm Street",
    "Via Roma",
    "Gartenweg",
    "Avenue Foch",
    "Independence Avenue",
    "Kerkstraat",
)


class Place(NamedTuple):
    country: str
    city: str
    postcodes: tuple[str, ...]
    summer_offset: int  # hours from UTC, April to October
    winter_offset: int
    weight: int


PLACES = (
    Place("DE", "Dresden", ("01067", "01099", "01219"), 2, 1, 14),
    Place("DE", "Leipzig", ("04103", "04109", "04229"), 2, 1, 12),
    Place("DE", "Köln", ("50667", "50823"), 2, 1, 14),
    Place("FR", "Nice", ("06000", "06200"), 2, 1, 9),
    Place("FR", "Besançon", ("25000",), 2, 1, 9),
    Place("ES", "Málaga", ("29001", "29015"), 2, 1, 8),
    Place("ES", "Barcelona", ("08001", "08025"), 2, 1, 8),
    Place("IT", "Roma", ("00184", "00153"), 2, 1, 8),
    Place("NL", "Amsterdam", ("1012 AB", "1071 CX"), 2, 1, 7),
    Place("GB", "Leeds", ("LS1 4DY", "LS2 9JT"), 1, 0, 7),
    Place("US", "Boston", ("02108", "02116"), -4, -5, 10),
    Place("US", "Seattle", ("98101", "98109"), -7, -8, 9),
)

WINDHOEK = Place("NA", "Windhoek", ("10005",), 2, 2, 0)  # a country whose code looks like no value

TIERS = (("none", 45), ("bronze", 25), ("silver", 20), ("gold", 10))
BRANDS = ("Norda", "Kaufmann", "Lumen & Co", "Trekker", "Alba", "Pixelwerk", "Étoile", "Hearth")
ADJECTIVES = (
    "Classic",
    "Compact",
    "Light",
    "Premium",
    "Everyday",
    "Nordic",
    "Pro",
    "Folding",
    "Mini",
)


class Category(NamedTuple):
    id: int
    name: str
    parent: int | None
    cents: tuple[int, int]  # prices from, to
    nouns: tuple[str, ...]


CATEGORIES = (
    Category(10, "Electronics", None, (0, 0), ()),
    Category(11, "Audio", 10, (1990, 59900), ("Headphones", "Speaker", "Turntable")),
    Category(12, "Computers", 10, (39900, 289900), ("Laptop", "Monitor", "Tablet")),
    Category(13, "Cameras", 10, (29900, 189900), ("Camera", "Tripod", "Lens")),
    Category(20, "Home & Kitchen", None, (0, 0), ()),
    Category(21, "Cookware", 20, (990, 24900), ("Pan", "Kettle", "Casserole")),
    Category(22, "Lighting", 20, (1490, 32900), ("Lamp", "Lantern", "Light Strip")),
    Category(23, "Furniture", 20, (4900, 149900), ("Chair", "Desk", "Bookcase")),
    Category(30, "Sport", None, (0, 0), ()),
    Category(31, "Running", 30, (790, 17900), ("Shoes", "Socks", "Jacket")),
    Category(32, "Cycling", 30, (890, 219900), ("Bicycle", "Helmet", "Pump")),
    Category(33, "Camping", 30, (690, 44900), ("Tent", "Stove", "Sleeping Bag")),
    Category(40, "Toys, Games & Puzzles", None, (0, 0), ()),
    Category(41, "Board Games", 40, (1290, 6990), ("Board Game", "Card Game")),
    Category(42, "Models", 40, (1990, 34900), ("Train Set", "Model Ship")),
    Category(50, "Gift Cards", None, (0, 0), ()),  # nothing is ever sold of it
)

WAREHOUSES = (
    ("BER", "Berlin Süd", "Berlin", "DE", 12000),
    ("LYS", "Lyon Est", "Lyon", "FR", 9000),
    ("BOS", "Boston Harbor", "Boston", "US", 7500),
    ("MIL", "Milano Nord", "Milano", "IT", 6000),
)

SHELF_NOTES = ('"fragile" shelf', 'box of 27" screens', "top shelf", "returns only", '"B" grade')

GIFT_MESSAGES = (
    'She said "yes", so congratulations!',
    'For "the boss", with thanks',
    "Happy birthday, dear!",
    'Open on the 24th: "not before"',
    "heads\\tails, you win",
)

DELIVERY_NOTES = (
    "Ring twice",
    "Leave with the neighbour",
    "Tür links, 2. Hof",
    "\u0412\u0442\u043e\u0440\u043e\u0439 \u044d\u0442\u0430\u0436",  # second floor: outside of windows-1252
    "\u03a7\u03c4\u03c5\u03c0\u03ae\u03c3\u03c4\u03b5 \u03b4\u03cd\u03bf \u03c6\u03bf\u03c1\u03ad\u03c2",
)

OPINIONS: dict[int, tuple[tuple[str, str], ...]] = {
    1: (("Broke after a week", "The {noun} broke after a week, and nobody answered."),),
    2: (("Disappointing", "Not what I had hoped for: the {noun} feels cheap."),),
    3: (("It is fine", "The {noun} does what it should. Nothing more, nothing less."),),
    4: (
        ("Good value", "A good {noun} for the price; delivery took four days."),
        ("Almost perfect", "I like the {noun}, only the colour is a little darker than shown."),
    ),
    5: (
        ("Excellent", "Best {noun} I ever had!"),
        ("Love it", "Bought the {noun} for my sister, she loves it."),
    ),
}
