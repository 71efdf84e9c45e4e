"""data/ecommerce for the Tester: its sources, written from the dialects of truth.json and not by bldr."""

import json
from pathlib import Path
from typing import Any

from make_warehouse import blake

FOLDER = Path(__file__).resolve().parents[2] / "data/ecommerce"
TRUTH: dict[str, Any] = json.loads((FOLDER / "truth.json").read_text(encoding="utf-8"))
TABLES: dict[str, Any] = TRUTH["tables"]


def declared(table: str) -> dict[str, Any]:
    """The table's entry in sources, absent what is plain."""
    truth = TABLES[table]
    dialect = truth["dialect"]
    data = (FOLDER / truth["file"]).read_bytes()
    rest: dict[str, Any] = {"format": dialect["format"]} if dialect["format"] != "csv" else {}
    if dialect["compression"]:
        rest["compression"] = dialect["compression"]
    if dialect["escape"] == "backslash":
        rest["escape"] = "backslash"
    if dialect["preamble_lines"]:
        rest["preamble_lines"] = dialect["preamble_lines"]
    if dialect["not_rows"]:
        rest["not_rows"] = dialect["not_rows"]
    return {
        "path": truth["file"],
        "table": table,
        "bytes": len(data),
        "hash": blake(data),
        "encoding": dialect["encoding"].lower(),
        "bom": dialect["bom"],
        "delimiter": dialect["delimiter"] or "",
        "quote": dialect["quote"] or "",
        "header": dialect["header_line"] is not None,
        "columns": [c["name"] for c in truth["column_list"]],
        **rest,
    }


def sources() -> dict[str, Any]:
    return {
        "files": sorted((declared(table) for table in TABLES), key=lambda f: str(f["path"])),
        "skipped": [],
    }
