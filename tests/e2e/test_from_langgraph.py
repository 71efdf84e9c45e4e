"""docs/from-langgraph.md names what the public headers declare, links to what is there, and its program compiles."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

ROOT = Path(os.environ["BLDR_ROOT"])
PAGE = (ROOT / "docs" / "from-langgraph.md").read_text()
HEADERS = "\n".join(p.read_text() for p in sorted((ROOT / "include" / "bldr").glob("*.h")))


def test_names_are_declared() -> None:
    names = set(re.findall(r"\b(?:bldr|BLDR)_\w+", PAGE))
    assert len(names) > 60
    assert [n for n in sorted(names) if not re.search(rf"\b{n}\b", HEADERS)] == []


def test_fields_are_declared() -> None:
    fields = set(re.findall(r"`\.(\w+)(?: = true)?`", PAGE))
    assert len(fields) > 10
    assert [f for f in sorted(fields) if not re.search(rf"\b{f}\b", HEADERS)] == []


def test_links_lead_somewhere() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", PAGE)
    assert len(links) > 10
    assert [link for link in links if not (ROOT / "docs" / link).exists()] == []


def test_every_example_is_named() -> None:
    named = set(re.findall(r"examples/(\w+)\.c\)", PAGE))
    assert named == {path.stem for path in (ROOT / "examples").glob("*.c")}


def test_the_program_compiles(tmp_path: Path) -> None:
    (code,) = re.findall(r"```c\n(.*?)```", PAGE, re.DOTALL)
    functions, _, body = code.partition("\tstruct bldr_graph *g")
    source = tmp_path / "count.c"
    source.write_text(
        '#include "example.h"\n'
        + functions
        + "int main(void)\n{\n\tstruct bldr_engine *e;\n\tstruct bldr_error err;\n"
        + "\tstruct bldr_graph *g"
        + body
        + "}\n"
    )
    flags = ["-I", str(ROOT / "include"), "-I", str(ROOT / "examples"), "-Wall", "-Werror"]
    subprocess.run(["cc", "-fsyntax-only", *flags, str(source)], check=True)
