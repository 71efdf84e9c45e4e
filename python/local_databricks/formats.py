"""The two written forms of a notebook, SOURCE and JUPYTER, and how a stranger's file is recognised as one.

The tree keeps SOURCE: the header line, cells split by `COMMAND ----------`, other languages behind `MAGIC`.
"""

from __future__ import annotations

import json
from pathlib import PurePosixPath
from typing import Any, Literal

from local_databricks.errors import invalid

Language = Literal["PYTHON", "SQL", "SCALA", "R"]
LANGUAGES: dict[str, Language] = {"PYTHON": "PYTHON", "SQL": "SQL", "SCALA": "SCALA", "R": "R"}
COMMENT: dict[Language, str] = {"PYTHON": "#", "SQL": "--", "SCALA": "//", "R": "#"}
EXTENSION: dict[Language, str] = {"PYTHON": ".py", "SQL": ".sql", "SCALA": ".scala", "R": ".r"}
_MAGIC_OF: dict[Language, str] = {"PYTHON": "%python", "SQL": "%sql", "SCALA": "%scala", "R": "%r"}
_NOTEBOOK = "application/vnd.databricks.v1+notebook"
_CELL = "application/vnd.databricks.v1+cell"


def header(language: Language) -> str:
    """The first line of a notebook in SOURCE form, without its end."""
    return f"{COMMENT[language]} Databricks notebook source"


def language_of_name(name: str) -> Language | None:
    """What the extension of a file says."""
    suffix = PurePosixPath(name).suffix.lower()
    return next((language for language, ext in EXTENSION.items() if ext == suffix), None)


def recognise(name: str, content: bytes) -> Language | Literal["JUPYTER"] | None:
    """What AUTO makes of a file: the language of a notebook in SOURCE form, JUPYTER, or None for a plain file."""
    if name.lower().endswith(".ipynb"):
        return "JUPYTER" if _cells(content) is not None else None
    language = language_of_name(name)
    if language is None:
        return None
    first = content.split(b"\n", 1)[0].rstrip(b"\r")
    return language if first == header(language).encode() else None


def source_text(content: bytes, language: Language) -> str:
    """The text of a notebook in SOURCE form, with its header line put in front where there is none.

    Raises ApiError (400) when it is not UTF-8.
    """
    try:
        text = content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise invalid("The notebook's content is not valid UTF-8.") from None
    if text.split("\n", 1)[0] == header(language):
        return text
    return f"{header(language)}\n{text}"


def cells(text: str, language: Language) -> list[tuple[str | None, str]]:
    """(title, text) of each cell of a notebook in SOURCE form; `MAGIC` marks are taken off."""
    mark = COMMENT[language]
    lines = text.split("\n")
    if lines and lines[0] == header(language):
        lines = lines[1:]
    found: list[list[str]] = [[]]
    for line in lines:
        if line.rstrip() == f"{mark} COMMAND ----------":
            found.append([])
        else:
            found[-1].append(line)
    return [_cell(cell, mark) for cell in found]


def _cell(lines: list[str], mark: str) -> tuple[str | None, str]:
    lines = "\n".join(lines).strip("\n").split("\n")
    title = None
    prefix = f"{mark} DBTITLE 1,"
    if lines[0].startswith(prefix):
        title, lines = lines[0][len(prefix) :], lines[1:]
    magic = f"{mark} MAGIC"
    if lines and all(line.startswith(magic) for line in lines):
        lines = [line[len(magic) :].removeprefix(" ") for line in lines]
    return title, "\n".join(lines)


def to_jupyter(text: str, language: Language) -> bytes:
    """A notebook in SOURCE form as .ipynb: a cell that begins with `%md` is a markdown cell."""
    made: list[dict[str, Any]] = []
    for title, cell in cells(text, language):
        metadata: dict[str, Any] = {_CELL: {"title": title or "", "showTitle": title is not None}}
        first, _, rest = cell.partition("\n")
        if first.split(" ", 1)[0] == "%md":
            body = "\n".join(part for part in (first.removeprefix("%md").strip(), rest) if part)
            made.append({"cell_type": "markdown", "metadata": metadata, "source": _lines(body)})
        else:
            made.append(
                {
                    "cell_type": "code",
                    "execution_count": None,
                    "metadata": metadata,
                    "outputs": [],
                    "source": _lines(cell),
                }
            )
    notebook = {
        "cells": made,
        "metadata": {
            _NOTEBOOK: {"language": language.lower()},
            "language_info": {"name": language.lower()},
        },
        "nbformat": 4,
        "nbformat_minor": 0,
    }
    return json.dumps(notebook, ensure_ascii=False, indent=1).encode()


def from_jupyter(content: bytes) -> tuple[Language, str]:
    """(language, SOURCE form) of an .ipynb; outputs are left behind. Raises ApiError (400) when it is none."""
    notebook = _cells(content)
    if notebook is None:
        raise invalid("The content is not a Jupyter notebook: JSON with 'cells' and 'metadata'.")
    language = _language(notebook["metadata"])
    mark = COMMENT[language]
    made = [_source_cell(cell, language) for cell in notebook["cells"] if isinstance(cell, dict)]
    body = f"\n\n{mark} COMMAND ----------\n\n".join(made)
    return language, f"{header(language)}\n{body}\n"


def _source_cell(cell: dict[str, Any], language: Language) -> str:
    mark = COMMENT[language]
    source = cell.get("source", "")
    text = "".join(map(str, source)) if isinstance(source, list) else str(source)
    if cell.get("cell_type") in ("markdown", "raw"):
        text = f"%md\n{text}"
    elif text.split("\n", 1)[0].strip() == _MAGIC_OF[language]:
        text = text.partition("\n")[2]
    if text.lstrip().startswith("%"):
        text = "\n".join(f"{mark} MAGIC {line}".rstrip() for line in text.strip("\n").split("\n"))
    about = (
        cell.get("metadata", {}).get(_CELL, {}) if isinstance(cell.get("metadata"), dict) else {}
    )
    title = str(about.get("title") or "") if isinstance(about, dict) else ""
    return f"{mark} DBTITLE 1,{title}\n{text}" if title else text


def _language(metadata: dict[str, Any]) -> Language:
    ours = metadata.get(_NOTEBOOK)
    info = metadata.get("language_info")
    for place, key in ((ours, "language"), (info, "name")):
        if isinstance(place, dict) and str(place.get(key, "")).upper() in LANGUAGES:
            return LANGUAGES[str(place[key]).upper()]
    return "PYTHON"


def _cells(content: bytes) -> dict[str, Any] | None:
    """The notebook when it is one: an object with a list `cells` and an object `metadata`."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or not isinstance(found.get("cells"), list):
        return None
    return found if isinstance(found.get("metadata"), dict) else None


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)
