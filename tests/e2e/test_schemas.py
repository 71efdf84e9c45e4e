"""The schemas and the artefacts of tests/golden as another program sees them: Python's jsonschema, json and hashlib.

Promise: each schema is valid JSON Schema 2020-12 and closed, each golden artefact fits its schema and is canonical
text, and docs/artefacts.md has exactly the fields of the schemas.
"""

import copy
import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
ARTEFACTS = [
    "sources",
    "profile",
    "table_profile",
    "design",
    "contract",
    "sttm",
    "pipeline",
    "deployment",
    "findings",
    "evaluation",
]
DOCUMENTED = [*ARTEFACTS, "expression"]  # in docs/artefacts.md
SCHEMAS = [*DOCUMENTED, "graph_structure"]
SHARED = {"artefact_head", "artefact_input", "token_count"}


def schema(name: str) -> Any:
    return json.loads((ROOT / f"schemas/{name}.schema.json").read_text())


def golden_text(name: str) -> str:
    return (ROOT / f"tests/golden/artefacts/{name}.json").read_text()


def golden(name: str) -> Any:
    return json.loads(golden_text(name))


def validator(name: str) -> Any:
    return jsonschema.Draft202012Validator(schema(name))


def objects(node: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every schema below node that lists properties."""
    if isinstance(node, dict):
        if isinstance(node.get("properties"), dict):
            yield path, node
        for key, item in node.items():
            yield from objects(item, f"{path}/{key}")
    elif isinstance(node, list):
        for index, item in enumerate(node):
            yield from objects(item, f"{path}/{index}")


def test_every_schema_file_is_known() -> None:
    known = {path.name.removesuffix(".schema.json") for path in ROOT.glob("schemas/*.schema.json")}
    assert known >= set(SCHEMAS)


@pytest.mark.parametrize("name", SCHEMAS)
def test_schema_is_valid_closed_and_described(name: str) -> None:
    node = schema(name)
    jsonschema.Draft202012Validator.check_schema(node)
    assert node["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert node["$id"] == f"https://nuvyn.dev/bldr/schemas/{name}.schema.json"
    for path, item in objects(node):
        assert item["additionalProperties"] is False, path
        assert item["description"], path
        if "/oneOf/" not in path:  # the forms of call only pick from its described properties
            for key, field in item["properties"].items():
                assert field.get("description"), f"{path}/{key}"


@pytest.mark.parametrize("name", ARTEFACTS)
def test_golden_artefact_fits_and_is_canonical(name: str) -> None:
    value = golden(name)
    validator(name).validate(value)
    canonical = json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    assert golden_text(name) == canonical


@pytest.mark.parametrize("name", [name for name in ARTEFACTS if name != "table_profile"])
def test_golden_inputs_are_named_by_hash(name: str) -> None:
    for item in golden(name)["head"]["inputs"]:
        text = golden_text(item["artefact"]).encode()
        assert item["hash"] == hashlib.blake2b(text, digest_size=32).hexdigest(), item["artefact"]


def keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from value
        for item in value.values():
            yield from keys(item)
    elif isinstance(value, list):
        for item in value:
            yield from keys(item)


@pytest.mark.parametrize("name", ARTEFACTS)
def test_golden_artefact_shows_every_field(name: str) -> None:
    fields = {key for _, item in objects(schema(name)) for key in item["properties"]}
    assert fields <= set(keys(golden(name)))


def test_table_profile_is_a_part_of_the_profile() -> None:
    alone, whole = schema("table_profile"), schema("profile")["$defs"]
    del alone["properties"]["artefact"]
    assert alone["properties"] == whole["table_profile"]["properties"]
    for name, item in alone["$defs"].items():
        assert item == whole[name], name
    table = golden("table_profile")
    del table["artefact"]
    assert table in golden("profile")["tables"]


def test_golden_rules_are_expressions() -> None:
    check = validator("expression")
    rules = [c["rule"] for table in golden("sttm")["tables"] for c in table["columns"]]
    assert rules
    for rule in rules:
        check.validate(rule)


def test_golden_graph_structure_fits_and_is_named_by_its_hashes() -> None:
    value = json.loads((ROOT / "tests/golden/graph/structure.json").read_text())
    validator("graph_structure").validate(value)
    fields = {key for _, item in objects(schema("graph_structure")) for key in item["properties"]}
    assert fields <= set(keys(value))
    subgraphs = value["subgraphs"]
    for name, graph in subgraphs.items():
        used = {node["subgraph"] for node in graph["nodes"] if "subgraph" in node}
        whole = dict(graph, subgraphs={key: subgraphs[key] for key in used}) if used else graph
        text = json.dumps(whole, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert name == hashlib.blake2b(text.encode(), digest_size=32).hexdigest()


COL = {"col": "a"}


@pytest.mark.parametrize(
    "rule",
    [
        COL,
        {"col": "a", "of": "b"},
        {"lit": None, "type": "int64"},
        {"fn": "trim", "args": [COL], "chars": " "},
        {"fn": "null_if", "args": [COL], "tokens": ["", "NULL"]},
        {"fn": "cast", "args": [COL], "type": "decimal(38,38)"},
        {"fn": "parse_date", "args": [COL], "formats": ["yyyy-MM-dd"]},
        {"fn": "date_key", "args": [COL]},
        {"fn": "date_part", "args": [COL], "part": "iso_week"},
        {"fn": "surrogate_key", "args": [COL, COL], "table": "dim_a"},
        {"fn": "lookup", "args": [COL], "dimension": "dim_a", "key": COL},
        {"fn": "coalesce", "args": [COL, {"lit": "x", "type": "text"}]},
        {"fn": "source_file", "args": []},
        {"fn": "source_line", "args": []},
        {"fn": "calendar_day", "args": []},
    ],
)
def test_right_expressions(rule: Any) -> None:
    check = validator("expression")
    check.validate(rule)
    for key in [key for key in rule if key != "of"]:
        less = copy.deepcopy(rule)
        del less[key]
        assert not check.is_valid(less), f"without {key}"
    assert not check.is_valid({**rule, "extra": 1})


@pytest.mark.parametrize(
    "rule",
    [
        {},
        [],
        "a",
        {"col": ""},
        {"col": "a", "lit": "x", "type": "text"},
        {"lit": 1, "type": "int64"},
        {"fn": "upper", "args": [COL]},
        {"fn": "date_key", "args": []},
        {"fn": "date_key", "args": [COL, COL]},
        {"fn": "date_key", "args": [{"fn": "date_key", "args": ["x"]}]},
        {"fn": "date_key", "args": [COL], "chars": " "},
        {"fn": "trim", "args": [COL], "chars": ""},
        {"fn": "null_if", "args": [COL], "tokens": []},
        {"fn": "date_part", "args": [COL], "part": "hour"},
        {"fn": "coalesce", "args": []},
        {"fn": "lookup", "args": [], "dimension": "dim_a", "key": COL},
        {"fn": "lookup", "args": [COL], "dimension": "dim_a", "key": {"fn": "x"}},
        {"fn": "source_file", "args": [COL]},
    ],
)
def test_wrong_expressions(rule: Any) -> None:
    assert not validator("expression").is_valid(rule)


@pytest.mark.parametrize(
    "origin",
    [
        {"kind": "column", "table": "a"},
        {"kind": "column", "table": "a", "column": "b", "hops": []},
        {"kind": "path", "table": "a", "column": "b"},
        {"kind": "path", "table": "a", "column": "b", "hops": []},
        {"kind": "generated"},
        {"kind": "generated", "generator": "uuid"},
        {"kind": "constant"},
        {"kind": "count"},
    ],
)
def test_wrong_origins(origin: Any) -> None:
    value = golden("design")
    value["tables"][0]["columns"][0]["origins"] = [origin]
    assert not validator("design").is_valid(value)


def documented() -> dict[str, dict[str, list[str]]]:
    """Artefact -> struct -> fields, as docs/artefacts.md has them; "" holds what comes before the first artefact."""
    found: dict[str, dict[str, list[str]]] = {"": {}}
    artefact, struct = "", ""
    for line in (ROOT / "docs/artefacts.md").read_text().splitlines():
        if heading := re.fullmatch(r"(##|###) (\w+)", line):
            struct = heading[2]
            if heading[1] == "##":
                artefact = struct
                found[artefact] = {}
            found[artefact][struct] = []
        elif row := re.match(r"\| `(\w+)` \| ", line):
            found[artefact][struct].append(row[1])
    return found


def page_of(name: str, struct: str) -> str:
    """What several artefacts share stands before all of them, a table's profile in a section of its own."""
    if struct in SHARED:
        return ""
    if name == "profile" and struct in {"table_profile", *schema("table_profile")["$defs"]}:
        return "table_profile"
    return name


def test_documentation_has_every_field() -> None:
    pages = documented()
    seen = set()
    for name in DOCUMENTED:
        node = schema(name)
        for struct, item in {name: node, **node.get("$defs", {})}.items():
            page = page_of(name, struct)
            seen.add((page, struct))
            fields = list(item.get("properties", {}))
            if struct == name:
                fields = [key for key in fields if key not in ("artefact", "head")]
            if struct == "call":
                fields += [form["properties"]["fn"]["const"] for form in item["oneOf"]]
            if struct != "expression":
                assert pages[page][struct] == fields, f"{page} {struct}"
    assert seen == {(page, struct) for page, structs in pages.items() for struct in structs}
