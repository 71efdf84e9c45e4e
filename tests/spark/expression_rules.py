"""Rules of the expression language to try on random rows: of each function, its every parameter, drawn from a seed."""

import functools
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import expression_texts as texts
from expression_texts import NULL_TOKENS, Texts, near, weird

Rule = dict[str, Any]
X: Rule = {"col": "x"}
Y: Rule = {"col": "y"}
TYPES = [
    "int64",
    "decimal(10,2)",
    "decimal(38,10)",
    "bool",
    "double",
    "date",
    "timestamp",
    "timestamp_ntz",
]
PARTS = ["year", "quarter", "month", "day", "iso_weekday", "iso_week", "day_of_year"]
TRIMMED = " \t\u00a0\u2007\u202f"


@dataclass
class Try:
    """A rule and what its columns hold."""

    rule: Rule
    columns: Mapping[str, Texts] = field(default_factory=dict)


def cast(of: Rule, type_name: str) -> Rule:
    return {"fn": "cast", "args": [of], "type": type_name}


def typed(type_name: str) -> Texts:
    """Cells for a column of the type."""
    if type_name.startswith("decimal"):
        precision, scale = map(int, type_name[8:-1].split(","))
        return near(texts.decimal(precision, scale))
    good = {
        "int64": texts.integer,
        "bool": texts.bool_word,
        "double": texts.double,
        "date": texts.iso_date,
        "timestamp": texts.iso_time(True),
        "timestamp_ntz": texts.iso_time(False),
        "text": weird,
    }
    return near(good[type_name])


def any_decimal(rng: random.Random) -> str:
    precision = rng.randint(1, 38)
    return f"decimal({precision},{rng.choice([0, precision, rng.randint(0, precision)])})"


def any_type(rng: random.Random) -> str:
    return rng.choice([*TYPES, any_decimal(rng)])


# ---- one function each; count says how many rules ----


def casts(rng: random.Random) -> list[Try]:
    types = [*TYPES, *[any_decimal(rng) for _ in range(12)]]
    tries = [Try(cast(X, t), {"x": typed(t)}) for t in types]
    back = [t for t in types if t != "double"]
    return tries + [Try(cast(cast(X, t), "text"), {"x": typed(t)}) for t in back]


def any_date_format(rng: random.Random, year: list[str]) -> str:
    fields = [rng.choice(year), rng.choice(["MM", "M", "MMM", "MMMM"]), rng.choice(["dd", "d"])]
    rng.shuffle(fields)
    marks = [rng.choice(["-", "/", ".", " ", ", ", ",", "", "- "]) for _ in range(2)]
    ends = [rng.choice([""] * 9 + [" ", ".", ","]) for _ in range(2)]
    return ends[0] + fields[0] + marks[0] + fields[1] + marks[1] + fields[2] + ends[1]


def drawn(formats: list[str]) -> Texts:
    return near(lambda rng: texts.render(rng.choice(formats), rng))


def parse_dates(rng: random.Random) -> list[Try]:
    usual = ["yyyy-MM-dd", "dd/MM/yyyy", "M/d/yyyy", "d.M.yyyy", "yyyyMMdd", "ddMMyyyy", "yyyy M d"]
    named = ["dd-MMM-yyyy", "MMM d, yyyy", "d MMMM yyyy", "MMyyyydd", "dMMMyyyy"]
    lists = [[one] for one in usual + named]
    lists += [[any_date_format(rng, ["yyyy"])] for _ in range(16)]
    lists += [[any_date_format(rng, ["yyyy"]) for _ in range(3)] for _ in range(5)]
    tries = [Try(parse("parse_date", f), {"x": drawn(f)}) for f in lists]
    for _ in range(12):
        short = [any_date_format(rng, ["yy"])]
        pivot = rng.choice([1, 50, 69, 70, 99, 100, rng.randint(1, 100)])
        tries.append(Try({**parse("parse_date", short), "pivot": pivot}, {"x": drawn(short)}))
    return tries


def parse(function: str, formats: list[str], type_name: str | None = None) -> Rule:
    rule: Rule = {"fn": function, "args": [X], "formats": formats}
    return {**rule, "type": type_name} if type_name else rule


def any_time_format(rng: random.Random, zoned: bool) -> str:
    hour = rng.choice(["HH", "H", "h", "hh"])
    seconds = rng.choice(["", ":ss", "[:ss]", ".ss"])
    half = rng.choice([" a", "a"]) if "h" in hour else ""
    gap = rng.choice([" ", "'T'", ", "])
    date = any_date_format(rng, ["yyyy"]).strip()
    return date + gap + hour + ":mm" + seconds + half + ("XXX" if zoned else "")


def time_formats(rng: random.Random, zoned: bool) -> list[list[str]]:
    zone = "XXX" if zoned else ""
    usual = ["dd/MM/yyyy HH:mm[:ss]", "M/d/yyyy h:mm[:ss] a", "yyyy-MM-dd'T'HH:mm", "d.M.yyyy H:mm"]
    single = [[one + zone] for one in usual] + [[any_time_format(rng, zoned)] for _ in range(8)]
    return [*single, [any_time_format(rng, zoned) for _ in range(2)]]


def parse_timestamps(rng: random.Random) -> list[Try]:
    return [
        Try(parse("parse_timestamp", formats, type_name), {"x": drawn(formats)})
        for zoned, type_name in ((False, "timestamp_ntz"), (True, "timestamp"))
        for formats in time_formats(rng, zoned)
    ]


def written_dates(rng: random.Random) -> list[Try]:
    plain = {"fn": "written_date", "args": [X]}
    kinds = ["date", "timestamp", "timestamp_ntz"]
    formats = time_formats(rng, True)[2:10] + time_formats(rng, False)[2:10]
    return [
        *[Try(plain, {"x": typed(kind)}) for kind in kinds],
        *[Try(parse("written_date", f), {"x": drawn(f)}) for f in formats],
    ]


def any_amount(rng: random.Random) -> Rule:
    rule: Rule = {"fn": "parse_amount", "args": [X], "decimal": rng.choice(".,")}
    groups = [g for g in (",", ".", "'", " ", None) if g != rule["decimal"]]
    codes = ["$", "€", "£", "¥", "₹", "EUR", "USD", "CHF"]
    group = rng.choice(groups)
    money = rng.sample(codes, rng.choice([0, 1, 2, 8]))
    rule.update({"group": group} if group else {})
    rule.update({"currencies": money} if money else {})
    for flag in ("percent", "parentheses", "trailing_minus"):
        rule.update({flag: rng.random() < 0.6} if rng.random() < 0.8 else {})
    return {
        **rule,
        "type": rng.choice(["int64", "decimal(10,2)", "decimal(38,10)", any_decimal(rng)]),
    }


def amounts_as(rule: Rule) -> Texts:
    return near(functools.partial(texts.amount, rule))


def parse_amounts(rng: random.Random) -> list[Try]:
    rules = [any_amount(rng) for _ in range(36)]
    return [Try(rule, {"x": amounts_as(rule)}) for rule in rules]


def trims(rng: random.Random) -> list[Try]:
    odd = [
        "\\",
        "]",
        "[",
        "^",
        "-",
        "$",
        "|",
        "'",
        '"',
        "\u0301",
        "\U0001f600",
        "\u2028",
        "\n",
        "a",
        "ß",
    ]
    sets = [TRIMMED, " ", "\t", "\\]^-", "-a", "'\"", "\U0001f600\u0301"]
    sets += ["".join(rng.sample(odd + list(TRIMMED), rng.randint(1, 6))) for _ in range(9)]

    def padded(chars: str) -> Texts:
        def draw(r: random.Random) -> str:
            ends = ["".join(r.choices(chars + " b", k=r.randint(0, 4))) for _ in range(2)]
            return ends[0] + weird(r) + ends[1]

        return near(draw)

    return [Try({"fn": "trim", "args": [X], "chars": c}, {"x": padded(c)}) for c in sets]


def null_ifs(rng: random.Random) -> list[Try]:
    lists = [[token] for token in NULL_TOKENS] + [NULL_TOKENS, ["é", "e\u0301", "\\", "\\N", "'"]]
    lists += [rng.sample(NULL_TOKENS, 3) for _ in range(4)]
    others = near(lambda r: r.choice(["", " ", "\u00a0"]) + cased(r) + r.choice(["", "", " "]))
    return [
        Try({"fn": "null_if", "args": [X], "tokens": tokens}, {"x": others}) for tokens in lists
    ]


def cased(rng: random.Random) -> str:
    return texts.cased(rng.choice(NULL_TOKENS), rng)


def columns(rng: random.Random) -> list[Try]:
    return [Try(X, {"x": near(weird)}), Try({"col": "x", "of": "o"}, {"o.x": near(weird)})]


def literals(rng: random.Random) -> list[Try]:
    """Those that the compiler takes; whether one does not is the compiler's own test."""
    tries = []
    for _ in range(120):
        type_name = rng.choice([*TYPES, "text", any_decimal(rng)])
        tries.append(Try({"lit": typed(type_name)(rng), "type": type_name}))
    return tries


def coalesces(rng: random.Random) -> list[Try]:
    tries = []
    for _ in range(14):
        kind = any_type(rng)
        args = [cast(X, kind), cast(Y, kind), {"lit": None, "type": kind}]
        rng.shuffle(args)
        tries.append(Try({"fn": "coalesce", "args": args}, {"x": typed(kind), "y": typed(kind)}))
    plain = {"fn": "coalesce", "args": [X, Y, {"lit": "none", "type": "text"}]}
    return [*tries, Try(plain, {"x": near(weird), "y": near(weird)})]


def of_date(rule: Callable[[Rule], Rule]) -> list[Try]:
    instant = {"fn": "written_date", "args": [X]}
    return [
        Try(rule(cast(X, "date")), {"x": typed("date")}),
        Try(rule(instant), {"x": typed("timestamp")}),
    ]


def date_keys(rng: random.Random) -> list[Try]:
    return of_date(lambda date: {"fn": "date_key", "args": [date]})


def date_parts(rng: random.Random) -> list[Try]:
    def part_of(part: str, date: Rule) -> Rule:
        return {"fn": "date_part", "args": [date], "part": part}

    return [one for part in PARTS for one in of_date(functools.partial(part_of, part))]


def key_parts(rng: random.Random) -> tuple[list[Rule], dict[str, Texts]]:
    kinds = [
        rng.choice([*[t for t in TYPES if t != "double"], "text", "text", any_decimal(rng)])
        for _ in "xyz"
    ]
    names = "xyz"[: rng.randint(1, 3)]
    pairs = list(zip(names, kinds, strict=False))
    rules: list[Rule] = [{"col": n} if k == "text" else cast({"col": n}, k) for n, k in pairs]
    return rules, {name: typed(kind) for name, kind in pairs}


def surrogate_key(parts: list[Rule], table: str) -> Rule:
    return {"fn": "surrogate_key", "args": parts, "table": table}


def surrogate_keys(rng: random.Random) -> list[Try]:
    tries = []
    for _ in range(24):
        parts, cells = key_parts(rng)
        tries.append(
            Try(surrogate_key(parts, rng.choice(["dim_customer", "d", "dim_größe"])), cells)
        )
    escaped = near(
        lambda r: "".join(
            r.choices(["|", "\\", "0", "a", "\\0", "é", "\n", "$1"], k=r.randint(0, 40))
        )
    )
    return [*tries, Try(surrogate_key([X, Y], "dim"), {"x": escaped, "y": escaped})]


def small(rng: random.Random) -> str | None:
    return rng.choice([None, "", "0", "1", "2", "3", "4", "5", "-7", "x", "01", "+1"])


def lookups(rng: random.Random) -> list[Try]:
    part = cast(X, "int64")
    tries = []
    for hop in (None, [Y], [Y, {"col": "z"}]):
        for to in ({"col": "r", "of": "o"}, cast({"col": "r", "of": "o"}, "int64")):
            for parts in ([part], [part, Y], [X]):
                rule: Rule = {"fn": "lookup", "dimension": "dim_customer", "args": parts}
                rule["key"] = surrogate_key(parts, "dim_customer")
                rule.update({"over": [{"from": hop, "to": to}]} if hop else {})
                cells = {"x": small, "y": small, "z": small, "o.r": small}
                tries.append(Try(rule, cells))
    return tries


def places(function: str) -> Callable[[random.Random], list[Try]]:
    return lambda rng: [Try({"fn": function, "args": []})]


def calendar(rng: random.Random) -> list[Try]:
    day: Rule = {"fn": "calendar_day", "args": []}
    parts: list[Rule] = [{"fn": "date_part", "args": [day], "part": part} for part in PARTS]
    return [
        Try(rule) for rule in [day, {"fn": "date_key", "args": [day]}, cast(day, "text"), *parts]
    ]


def chains(rng: random.Random) -> list[Try]:
    """As the mapping nests them: trimmed, null tokens taken out, read, and made a key, a part or a text of."""
    tries = []
    trimmed = {"fn": "trim", "args": [X], "chars": TRIMMED}
    cleaned: Rule = {"fn": "null_if", "args": [trimmed], "tokens": NULL_TOKENS}
    for kind in [*TYPES, any_decimal(rng), any_decimal(rng)]:
        tries.append(Try(cast(cleaned, kind), {"x": typed(kind)}))
        if kind != "double":
            tries.append(Try(surrogate_key([cast(cleaned, kind)], "dim"), {"x": typed(kind)}))
    for _ in range(6):
        formats = [any_date_format(rng, ["yyyy"])]
        date: Rule = {**parse("parse_date", formats), "args": [cleaned]}
        tries.append(Try({"fn": "date_key", "args": [date]}, {"x": drawn(formats)}))
        other = {"fn": "coalesce", "args": [date, cast(Y, "date")]}
        cells = {"x": drawn(formats), "y": typed("date")}
        tries.append(Try({"fn": "date_part", "args": [other], "part": rng.choice(PARTS)}, cells))
    for _ in range(6):
        rule = any_amount(rng)
        cells = {"x": amounts_as(rule)}
        tries.append(Try({**rule, "args": [cleaned]}, cells))
    return tries


FUNCTIONS: dict[str, Callable[[random.Random], list[Try]]] = {
    "calendar_day": calendar,
    "cast": casts,
    "coalesce": coalesces,
    "col": columns,
    "date_key": date_keys,
    "date_part": date_parts,
    "lit": literals,
    "lookup": lookups,
    "null_if": null_ifs,
    "parse_amount": parse_amounts,
    "parse_date": parse_dates,
    "parse_timestamp": parse_timestamps,
    "source_file": places("source_file"),
    "source_line": places("source_line"),
    "surrogate_key": surrogate_keys,
    "trim": trims,
    "written_date": written_dates,
    "chains of them": chains,
}


def renamed(tree: Any, names: dict[str, str]) -> Any:
    """The tree with its own names for columns."""
    if isinstance(tree, list):
        return [renamed(item, names) for item in tree]
    if not isinstance(tree, dict):
        return tree
    if "col" in tree:
        return {**tree, "col": names[tree["col"]]}
    return {key: renamed(value, names) for key, value in tree.items()}
