"""Random and edge texts for the rules of the expression language: what people, programs and accidents write in cells."""

import datetime
import random
import unicodedata
from collections.abc import Callable
from typing import Any

Texts = Callable[[random.Random], str | None]
"""Draws one cell."""

MONTHS = [datetime.date(2000, m, 1).strftime("%B") for m in range(1, 13)]
NULL_TOKENS = [
    *["", "\\N", "NULL", "Null", "null", "N/A", "n/a", "#N/A", "None", "NONE", "NA", "none"],
    *["-", "--", "NaN", "nan", "NAN"],
]
BLANKS = [
    *[" ", "\t", "\n", "\r", "\r\n", "\x0b", "\x0c", "\x1c", "\x1f", "\x01", "\x7f", "\x85"],
    *["\u00a0", "\u1680", "\u2000", "\u2007", "\u2009", "\u200b", "\u2028", "\u2029", "\u202f"],
    *["\u205f", "\u2060", "\u3000", "\ufeff", "  ", "\u180e"],
]
ODD = [
    *["\u0663", "\uff11", "\u0967", "\U0001d7d9", "\u00b2", "\u2460", "\u2212", "\uff0b", "\u066b"],
    *["\u0301", "e\u0301", "\u00e9", "\u212a", "\u0130", "\u0131", "\u00df", "\ufb01", "\u017f"],
    *["\U0001f600", "\U0010ffff", "\ud7ff", "\ue000", "\uffff", "\u202e", "\u06d4", "\u3002"],
    *["$", "€", "£", "¥", "₹", "EUR", "USD", "CHF", "%", "\u066a", "(", ")", "'", '"', "`", "\\"],
    *[
        "|",
        "\\|",
        "\\0",
        "$1",
        "${x}",
        "\\E",
        "\\Q",
        ".",
        ",",
        "-",
        "+",
        "/",
        ":",
        "_",
        "[",
        "]",
        "^",
    ],
    *[
        "T",
        "t",
        "Z",
        "z",
        "e",
        "E",
        "e5",
        "E-3",
        "d",
        "D",
        "f",
        "F",
        "L",
        "x",
        "0x",
        "NaN",
        "inf",
        "∞",
    ],
    *["AM", "pm", "Jan", "JUNE", "Sept", "May", "00", "99", "0000", "+05:30", "-18:00", "UTC"],
    *[*"0123456789", "", "", "BC", "junk", " junk", "10:11", "today", "now", "epoch"],
]
EDGES: list[str | None] = [
    *[None, None, "", " ", "0", "-0", "+0", "00", "-", "+", ".", ",", "true", "1d", "1f", "0x1F"],
    *[
        "1e2",
        "1E+2",
        ".5",
        "5.",
        "1_000",
        "1,000",
        "1 2",
        "$1",
        "€1",
        "1%",
        "(1)",
        "1-",
        "--1",
        "+-1",
    ],
    *["Infinity", "-Infinity", "inf", "NaN", "today", "now", "yesterday", "epoch", "tomorrow"],
    *["10:11:12", "T10:11:12", "2018", "2018-01", "20180105", "2018/01/05", "2018-1-5", "1/5/2018"],
    *["0000-01-01", "10000-01-01", "-0001-01-01", "+2018-01-05", "2018-01-05 junk", "2018-01-05T"],
    *["2018-01-05BC", "2018-W01-5", "2018-005", "24:00:00", "23:59:60"],
    *NULL_TOKENS,
    *BLANKS,
]
INTEGERS = [
    0,
    1,
    9,
    10,
    99,
    2**31 - 1,
    2**31,
    10**17,
    10**18 - 1,
    10**18,
    2**63 - 1,
    2**63,
    2**64,
    10**38,
]
LEAP_DAYS = [(2000, 2, 29), (1900, 2, 29), (2024, 2, 29), (2023, 2, 29), (4, 2, 29), (2100, 2, 29)]
YEAR_ENDS = [(1, 1, 1), (9999, 12, 31), (0, 12, 31), (1582, 10, 4), (1582, 10, 10), (1582, 10, 15)]
MORE_DAYS = [
    (1970, 1, 1),
    (1969, 12, 31),
    (2016, 1, 1),
    (2020, 12, 31),
    (2018, 4, 31),
    (2018, 13, 1),
]
DAYS = [
    *LEAP_DAYS,
    *YEAR_ENDS,
    *MORE_DAYS,
    (2018, 0, 1),
    (2018, 1, 0),
    (2018, 1, 32),
    (1883, 11, 18),
]

Parts = tuple[int, int, int]


def weird(rng: random.Random) -> str:
    """Any text at all: edges, odd characters and blanks in a row, or any code points but surrogates and U+0000."""
    kind = rng.randrange(3)
    if kind == 0:
        return rng.choice(EDGES) or ""
    if kind == 1:
        return "".join(rng.choice(ODD + BLANKS) for _ in range(rng.randint(0, 4)))
    points = [rng.choice([0x7F, 0x24F, 0x2FFF, 0x10FFFF]) for _ in range(rng.randint(0, 40))]
    texts = (chr(rng.randint(1, top)) for top in points)
    return "".join(c for c in texts if unicodedata.category(c) != "Cs")


def broken(text: str, rng: random.Random) -> str:
    """A few edits away from a good text: where two readers would differ if they did."""
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        at = rng.randint(0, len(text))
        end = min(len(text), at + rng.randint(0, 2))
        new = rng.choice(rng.choice([ODD, BLANKS, [""]]))
        place = rng.randrange(4)
        if place == 0:
            text = text + new
        elif place == 1:
            text = new + text
        else:
            text = text[:at] + new + text[end:]
    return text


def near(good: Callable[[random.Random], str]) -> Texts:
    """Half of the cells are good, a third nearly so, the others anything."""

    def draw(rng: random.Random) -> str | None:
        kind = rng.random()
        if kind < 0.5:
            return good(rng)
        if kind < 0.85:
            return broken(good(rng), rng)
        return rng.choice(EDGES) if kind < 0.93 else weird(rng)

    return draw


def integer(rng: random.Random) -> str:
    size = rng.choice(
        [rng.choice(INTEGERS) + rng.randint(-1, 1), rng.randrange(10 ** rng.randint(1, 40))]
    )
    return rng.choice(["", "", "-", "+", "0", "-00"]) + str(abs(size))


def decimal(precision: int, scale: int) -> Callable[[random.Random], str]:
    """Numbers about the type's limits, many of them ties or next to one."""

    def draw(rng: random.Random) -> str:
        whole = rng.choice([0, precision - scale, precision - scale + 1, rng.randint(0, 39)])
        digits = rng.choice(
            ["9" * whole, "1" + "0" * whole, "".join(rng.choices("0123456789", k=whole))]
        )
        kept = rng.choice(["9" * scale, "0" * scale, "".join(rng.choices("0123456789", k=scale))])
        tail = rng.choice(
            ["", "", "5", "4", "49999", "50000", "500001", "4" + "9" * 40, "5" + "0" * 40]
        )
        behind = kept[: rng.randint(0, scale)] if rng.random() < 0.2 else kept + tail
        return rng.choice(["", "-", "+", "0"]) + (digits or "0") + ("." + behind if behind else "")

    return draw


def double(rng: random.Random) -> str:
    digits = "".join(rng.choices("0123456789", k=rng.randint(1, 25)))
    point = rng.randint(0, len(digits))
    text = (digits[:point] or "0") + ("." + digits[point:] if digits[point:] else "")
    power = rng.choice(
        ["", "", "e5", "E-7", "e+308", "e308", "e309", "E-323", "e-324", "e-400", "e99999"]
    )
    power = f"e{rng.randint(-340, 320)}" if rng.random() < 0.2 else power
    return rng.choice(["", "-", "+"]) + text + power


def bool_word(rng: random.Random) -> str:
    words = ["true", "false", "t", "f", "yes", "no", "y", "n", "1", "0", "on", "off", "2", "tru"]
    return "".join(rng.choice([c.lower(), c.upper()]) for c in rng.choice(words))


def parts(rng: random.Random) -> Parts:
    if rng.random() < 0.4:
        return rng.choice(DAYS)
    year = rng.choice([rng.randint(1, 9999), rng.randint(1900, 2100)])
    return year, rng.randint(1, 12), rng.randint(1, rng.choice([28, 30, 31]))


def clock(rng: random.Random) -> tuple[int, int, int]:
    ends = [(0, 0, 0), (23, 59, 59), (12, 0, 0), (24, 0, 0), (23, 59, 60), (10, 60, 0), (0, 59, 59)]
    return rng.choice([*ends, *[(rng.randrange(24), rng.randrange(60), rng.randrange(60))] * 9])


def iso_date(rng: random.Random) -> str:
    return "{:04}-{:02}-{:02}".format(*parts(rng))


def zone(rng: random.Random) -> str:
    hours = f"{rng.choice('+-')}{rng.choice([0, 1, 5, 12, 14, 17, 18, 19]):02}"
    minutes = f"{rng.choice([0, 0, 30, 45, 59, 60, 1]):02}"
    return rng.choice(
        ["Z", "Z", hours, hours + minutes, f"{hours}:{minutes}", f"{hours}:{minutes}"]
    )


def iso_time(zoned: bool) -> Callable[[random.Random], str]:
    def draw(rng: random.Random) -> str:
        fraction = "".join(rng.choices("0123456789", k=rng.choice([0, 1, 3, 6, 6, 7, 9, 12])))
        fraction = rng.choice([fraction, "9" * len(fraction)])
        time = "{:02}:{:02}:{:02}".format(*clock(rng)) + ("." + fraction if fraction else "")
        wanted = zoned if rng.random() < 0.95 else not zoned
        return iso_date(rng) + rng.choice("T ") + time + (zone(rng) if wanted else "")

    return draw


def cased(word: str, rng: random.Random) -> str:
    return rng.choice([word, word.upper(), word.lower(), word.swapcase()])


def render(format_text: str, rng: random.Random) -> str:
    """A date and time as a format of parse_date or parse_timestamp writes them."""
    (year, month, day), (hour, minute, second) = parts(rng), clock(rng)
    name = MONTHS[(month - 1) % 12]
    sub = rng.choice([" AM", " pm"])
    fields = {
        **{"yyyy": f"{year:04}", "yy": f"{year % 100:02}"},
        **{"MMMM": cased(name, rng), "MMM": cased(name[:3], rng), "MM": f"{month:02}"},
        **{"M": rng.choice([f"{month}", f"{month:02}"]), "dd": f"{day:02}"},
        **{"d": rng.choice([f"{day}", f"{day:02}"]), "HH": f"{hour:02}", "H": f"{hour}"},
        **{"hh": f"{hour % 12 or 12:02}", "h": f"{hour % 12 or 12}", "a": sub.strip()},
        **{"mm": f"{minute:02}", "ss": f"{second:02}", "XXX": zone(rng), "'T'": "T"},
    }
    at, text, skip = 0, "", False
    while at < len(format_text):
        token = next((t for t in fields if format_text.startswith(t, at)), format_text[at])
        at += len(token)
        if token == "[":
            skip = rng.random() < 0.5
        elif token == "]":
            skip = False
        elif not skip:
            text += fields.get(token, token)
    return text


def digits(rng: random.Random, most: int) -> str:
    return "".join(rng.choices("0123456789", k=rng.randint(0, most)))


def grouped(whole: str, group: str, rng: random.Random) -> str:
    mark = rng.choice([" ", "\t", "\u00a0", "\u2007", "\u202f"]) if group == " " else group
    return f"{int(whole):,}".replace(",", mark)


def number(rule: dict[str, Any], rng: random.Random) -> str:
    """Digits that mostly fit the rule's type."""
    kind = rule["type"]
    p, s = map(int, kind[8:-1].split(",")) if kind.startswith("decimal") else (19, 0)
    most = p - s if rng.random() < 0.9 else 39
    whole = str(int(digits(rng, most) or "0"))
    limit = rng.choice(
        [whole, whole, whole, "9" * most, str(2**63 - 1), str(2**63)][: 6 if s == 0 else 4]
    )
    whole = grouped(limit or "0", rule["group"], rng) if "group" in rule else limit
    behind = digits(rng, s if rng.random() < 0.9 else 39)
    return (whole if rng.random() < 0.9 or not behind else "") + (
        rule["decimal"] + behind if behind else ""
    )


def amount(rule: dict[str, Any], rng: random.Random) -> str:
    """A number as a parse_amount rule takes it, mostly."""
    n, gap = number(rule, rng), rng.choice(["", "", " ", "\u00a0", "\u202f"])
    forms = [n, "-" + n, "+" + n]
    stray = rng.random() < 0.1
    if rule.get("percent") or stray:
        forms += [f"{n}{gap}%", f"-{n}{gap}%"]
    if rule.get("parentheses") or stray:
        forms += [f"({n})"]
    if rule.get("trailing_minus") or stray:
        forms += [f"{n}-"]
    if rule.get("currencies") or stray:
        money = rng.choice(rule.get("currencies", ["$", "%"]))
        forms += [f"{money}{gap}{n}", f"{n}{gap}{money}", f"-{money}{gap}{n}", f"{money}{gap}-{n}"]
        if rule.get("parentheses"):
            forms += [
                f"({money}{gap}{n})",
                f"{money}{gap}({n})",
                f"({n}){gap}{money}",
                f"({n}{gap}{money})",
            ]
        if rule.get("trailing_minus"):
            forms += [f"{n}-{gap}{money}", f"{n}{gap}{money}-"]
    return rng.choice(forms)
