"""The contract of data/ecommerce, from sources and a design written here by hand, against truth.json: what is loaded,
removed and rejected, counts, sums and bounds of every number and date, and the keys that lead nowhere.
"""

from pathlib import Path
from typing import Any

import checks_probe
import ecommerce
import pytest
from ecommerce import TABLES, TRUTH
from make_warehouse import write_artefact
from shop import column, generated, of, table

DIMENSIONS = {
    "users": ["user_id"],
    "addresses": ["address_id"],
    "categories": ["category_id"],
    "products": ["product_id"],
    "warehouses": ["code"],
}
FACTS = ("orders", "order_items", "payments", "reviews", "stock", "carts", "cart_items")
VERSIONS = {"users": "updated_at", "products": "updated_on"}
TYPES = {"timestamp": "timestamp_ntz", "timestamp_offset": "timestamp"}


def type_of(truth: dict[str, Any]) -> str:
    if truth["type"] == "decimal":
        return f"decimal(18,{truth['scale']})"
    return TYPES.get(truth["type"], str(truth["type"]))


def plain(name: str) -> str:
    return "".join(c if c.isalnum() else "_" for c in name.lower())


def is_measure(name: str, truth: dict[str, Any]) -> bool:
    return truth["type"] in ("decimal", "int64") and "sum" in truth.get("loaded", {})


def design() -> dict[str, Any]:
    tables = []
    for name in (*DIMENSIONS, *FACTS):
        truth = TABLES[name]
        keys = truth["pk"]
        columns = []
        if name in DIMENSIONS:
            columns.append(
                column(f"{name}_key", "surrogate_key", "int64", generated("surrogate_key"))
            )
        for c in truth["column_list"]:
            role = "business_key" if c["name"] in keys else "attribute"
            if name in FACTS:
                role = "measure" if is_measure(name, c) else "degenerate"
            columns.append(column(plain(c["name"]), role, type_of(c), of(name, c["name"])))
        columns += references(name)
        dedup: dict[str, Any] = {"dedup": "last"} if truth["duplicates"] else {}
        if name in VERSIONS:
            dedup["version_column"] = VERSIONS[name]
        kind = "dimension" if name in DIMENSIONS else "fact"
        grain = [plain(key) for key in keys]
        tables.append(table(f"{kind}_{name}", kind, grain, *columns, source=name, **dedup))
    return {
        "artefact": "design",
        "head": {"version": 1, "inputs": []},
        "sources": [],
        "tables": tables,
    }


def references(name: str) -> list[dict[str, Any]]:
    """A dimension key for each foreign key to a dimension built before; stock and cart items name articles by sku."""
    keys = []
    for fk in TRUTH["fks"]:
        to, (to_column,) = fk["to"]
        if fk["from"][0] != name or to not in DIMENSIONS:
            continue
        (own,) = fk["from"][1]
        origin = of(name, own)
        if [to_column] != DIMENSIONS[to]:
            hop = {"table": name, "columns": [own], "to_table": to, "to_columns": [to_column]}
            origin = {
                "kind": "path",
                "table": to,
                "column": DIMENSIONS[to][0],
                "hops": [hop],
            }
        keys.append(
            column(
                f"{plain(own)}_key", "dimension_key", "int64", origin, dimension=f"dimension_{to}"
            )
        )
    return keys


@pytest.fixture(scope="module")
def contract(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    case: Path = tmp_path_factory.mktemp("ecommerce")
    write_artefact(case, "sources", ecommerce.sources())
    checks_probe.store(case, "design", design())
    return checks_probe.contract(case, ecommerce.FOLDER)


def contract_table(contract: dict[str, Any], name: str) -> dict[str, Any]:
    kind = "dimension" if name in DIMENSIONS else "fact"
    return next(t for t in contract["tables"] if t["table"] == f"{kind}_{name}")


def test_records_rejected_and_removed(contract: dict[str, Any]) -> None:
    found = {
        s["table"]: (s["rows"], s["rejected"], s["left_out"], s.get("duplicates", 0))
        for s in contract["sources"]
    }
    assert found == {
        name: (t["rows"], t["quarantined"], t["duplicates"], t["duplicates"])
        for name, t in TABLES.items()
    }
    for name, truth in TABLES.items():
        t = contract_table(contract, name)
        assert (t["rows"], t["grain_distinct"]) == (truth["loaded"], truth["loaded"]), name


NUMBERS = [(name, c) for name in FACTS for c in TABLES[name]["column_list"] if is_measure(name, c)]


@pytest.mark.parametrize(
    ("name", "truth"), NUMBERS, ids=[f"{name}-{plain(c['name'])}" for name, c in NUMBERS]
)
def test_measures(contract: dict[str, Any], name: str, truth: dict[str, Any]) -> None:
    measures = contract_table(contract, name)["measures"]
    found = next(m for m in measures if m["column"] == plain(truth["name"]))
    loaded = truth["loaded"]
    assert (found["count"], found["sum"], found["min"], found["max"]) == (
        loaded["count"],
        str(loaded["sum"]),
        str(loaded["min"]),
        str(loaded["max"]),
    )


DATES = [
    (name, c)
    for name, t in TABLES.items()
    for c in t["column_list"]
    if c["type"] == "date" and "loaded" in c
]


@pytest.mark.parametrize(
    ("name", "truth"), DATES, ids=[f"{name}-{plain(c['name'])}" for name, c in DATES]
)
def test_dates(contract: dict[str, Any], name: str, truth: dict[str, Any]) -> None:
    dates = contract_table(contract, name)["dates"]
    found = next(d for d in dates if d["column"] == plain(truth["name"]))
    loaded = truth["loaded"]
    assert (found["format"], found["count"], found["min"], found["max"]) == (
        truth["date_format"],
        loaded["count"],
        loaded["min"],
        loaded["max"],
    )
    if "months" in loaded:
        assert {m["token"]: m["count"] for m in found["by_month"]} == loaded["months"]


KEYS = [fk for fk in TRUTH["fks"] if fk["to"][0] in DIMENSIONS]


@pytest.mark.parametrize("fk", KEYS, ids=[f"{fk['from'][0]}-{fk['from'][1][0]}" for fk in KEYS])
def test_keys_that_lead_nowhere(contract: dict[str, Any], fk: dict[str, Any]) -> None:
    name, (own,) = fk["from"]
    found = next(
        r
        for r in contract_table(contract, name)["references"]
        if r["column"] == f"{plain(own)}_key"
    )
    loaded = fk["loaded"]
    assert (found["orphans"], found["nulls"]) == (loaded["orphans"], loaded["nulls"])
    # a key that is joined over (sku) leads nowhere on the way
    joined = DIMENSIONS[fk["to"][0]] != fk["to"][1]
    assert found["missed"] == (loaded["orphans"] if joined else 0)


def test_numbers_that_are_attributes(contract: dict[str, Any]) -> None:
    """weight_kg: 118 of 120 are numbers, by the values that only a decimal comma explains."""
    attributes = contract_table(contract, "products")["attributes"]
    weight = next(a for a in attributes if a["column"] == "weight_kg")
    assert weight["nulls"] == 2
