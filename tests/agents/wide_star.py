"""Artefacts of a made-up warehouse with any number of tables, for looking at its report and for testing it.

`python3 tests/agents/wide_star.py FOLDER FACTS DIMENSIONS` writes them; render_report FOLDER prints the page.
"""

import json
import sys
from pathlib import Path
from typing import Any

Json = dict[str, Any]

HASH = "0123456789abcdef" * 4
COLUMN: Json = {"additivity": "none", "nullable": True, "type": "text"}


def origin(table: str, column: str) -> Json:
    return {"kind": "column", "table": table, "column": column}


def generated(name: str, generator: str, role: str) -> Json:
    origins = [{"kind": "generated", "generator": generator}]
    return {**COLUMN, "name": name, "role": role, "type": "int64", "origins": origins}


def plain(source: str, name: str, role: str) -> Json:
    return {**COLUMN, "name": name, "role": role, "origins": [origin(source, name)]}


def table(name: str, kind: str, source: str, columns: list[Json]) -> Json:
    return {
        "name": name,
        "kind": kind,
        "source": source,
        "grain": f"one row per {source}",
        "grain_columns": [columns[1]["name"]],
        "columns": columns,
        "reason": f"{source} is a {kind}",
        "alternatives": [],
    }


def dimension(i: int) -> Json:
    source = f"raw_{i}"
    columns = [
        generated(f"d{i}_key", "surrogate_key", "surrogate_key"),
        plain(source, f"d{i}_id", "business_key"),
        *(plain(source, f"attribute_{k}", "attribute") for k in range(3 + i % 7)),
        generated("_source_file", "source_file", "lineage"),
    ]
    return table(f"dim_{i}", "dimension", source, columns)


def fact(i: int, dimensions: int) -> Json:
    """Refers to every dimension whose number leaves the right rest, and twice to the first of these."""
    source = f"raw_fact_{i}"
    referred = [k for k in range(dimensions) if k % 3 == i % 3 or k == i % dimensions]
    keys = [(f"d{k}_key", k) for k in referred] + [(f"other_d{k}_key", k) for k in referred[:1]]
    columns = [
        plain(source, "line_id", "business_key"),
        *(
            {**plain(source, name, "dimension_key"), "dimension": f"dim_{k}", "type": "int64"}
            for name, k in keys
        ),
        {**plain(source, "amount", "measure"), "additivity": "full", "type": "decimal(12,2)"},
        generated("_source_file", "source_file", "lineage"),
    ]
    return table(f"fact_{i}", "fact", source, columns)


def mapping(design: Json) -> Json:
    columns = []
    for c in design["columns"]:
        refs = [
            {"table": o["table"], "column": o["column"]}
            for o in c["origins"]
            if o["kind"] == "column"
        ]
        columns.append(
            {
                "target": c["name"],
                "sources": refs,
                "rule": {"col": c["name"]},
                "prose": f"{c['name']} as it stands",
                **{k: c[k] for k in ("type", "role", "nullable", "dimension") if k in c},
            }
        )
    same = {k: design[k] for k in ("name", "kind", "source", "grain_columns")}
    return {**same, "calendar": [], "joins": [], "reserved": [], "columns": columns}


def column_profile(name: str, ordinal: int) -> Json:
    return {
        "name": name,
        "ordinal": ordinal,
        "type": "text",
        "nulls": 0,
        "null_tokens": [],
        "distinct": 2,
        "min": "a",
        "max": "b",
        "min_length": 1,
        "max_length": 1,
        "top": [{"token": "a", "count": 5}, {"token": "b", "count": 2}],
        "date_formats": [],
        "exceptions": [],
    }


def source_columns(design: Json) -> list[str]:
    return [o["column"] for c in design["columns"] for o in c["origins"] if o["kind"] == "column"]


def artefacts(facts: int, dimensions: int) -> dict[str, Json]:
    tables = [dimension(i) for i in range(dimensions)] + [fact(i, dimensions) for i in range(facts)]
    sources = sorted(t["source"] for t in tables)
    columns = {t["source"]: source_columns(t) for t in tables}
    made: dict[str, Json] = {
        "sources": {
            "files": [
                {
                    "path": f"{s}.csv",
                    "table": s,
                    "bytes": 10,
                    "hash": HASH,
                    "encoding": "utf-8",
                    "bom": False,
                    "delimiter": ",",
                    "quote": '"',
                    "header": True,
                    "columns": columns[s],
                }
                for s in sources
            ],
            "skipped": [],
        },
        "profile": {
            "inclusions": [],
            "tables": [
                {
                    "table": s,
                    "path": f"{s}.csv",
                    "rows": 7,
                    "rejected_rows": 0,
                    "rejected": [],
                    "keys": [],
                    "columns": [column_profile(c, i) for i, c in enumerate(columns[s])],
                }
                for s in sources
            ],
        },
        "design": {"sources": [], "tables": tables},
        "contract": {"sources": [], "tables": []},
        "sttm": {"tables": [mapping(t) for t in tables]},
        "pipeline": {"files": []},
        "deployment": {
            "target": "embedded",
            "warehouse": "warehouse.db",
            "sources": [],
            "tables": [
                {"name": t["name"], "rows": 7, "reserved": 0, "quarantined": 0, "digest": HASH}
                for t in tables
            ],
        },
        "findings": {"verdict": "validated", "checks": []},
        "evaluation": {
            "verdict": "validated",
            "score": "1.00",
            "rounds": 1,
            "rubrics": [
                {"name": "tables", "weight": 1, "score": "1.00", "reason": "all are there"}
            ],
        },
    }
    head = {"version": 1, "inputs": []}
    return {name: {"artefact": name, "head": head, **body} for name, body in made.items()}


def write(folder: Path, made: dict[str, Json]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, body in made.items():
        (folder / f"{name}.json").write_text(json.dumps(body), encoding="utf-8")
    return folder


if __name__ == "__main__":
    write(Path(sys.argv[1]), artefacts(int(sys.argv[2]), int(sys.argv[3])))
