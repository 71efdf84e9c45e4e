"""Notebooks as text: SOURCE files (.py, .sql) and .ipynb, read into cells.

A SOURCE file begins with its marker, cells are parted by COMMAND lines, lines of another language stand behind MAGIC.
A cell's language comes from its first line when that is a magic (`%sql`, `%md`, `%run ...`), else from the notebook.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

_COMMENT = {"PYTHON": "#", "SQL": "--", "SCALA": "//", "R": "#"}
_LANGUAGE_MAGICS = {
    "python",
    "py",
    "sql",
    "scala",
    "r",
    "md",
    "md-sandbox",
    "sh",
    "fs",
    "run",
    "pip",
}
_MAGIC = re.compile(r"^%([A-Za-z][\w-]*)[ \t]*(.*)$", re.DOTALL)
_RUN_PARAMETER = re.compile(r'\$(\w+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|\'((?:[^\'\\]|\\.)*)\'|(\S+))')


class BadNotebook(Exception):
    """The text is no notebook; the message says why."""


@dataclass(frozen=True)
class Cell:
    """One cell, counted from 1. `kind` is the magic's name or the notebook's language, in lower case; `text` comes
    without the magic's word."""

    number: int
    kind: str
    text: str
    title: str = ""


def cells(text: str, language: str) -> list[Cell]:
    """The cells of a notebook whose default language is `language` (PYTHON or SQL); empty cells are left out.

    A text that is JSON is read as .ipynb. Raises BadNotebook.
    """
    raw = _of_ipynb(text) if text.lstrip().startswith("{") else _of_source(text, language)
    kind = language.lower()
    found = []
    for number, (title, body) in enumerate(raw, 1):
        cell = _cell(number, title, body, kind)
        if cell.text.strip() or cell.kind not in ("python", "sql"):
            found.append(cell)
    return found


def _cell(number: int, title: str, body: str, kind: str) -> Cell:
    stripped = body.lstrip()
    magic = _MAGIC.match(stripped)
    if not magic:
        return Cell(number, kind, body, title)
    name = magic.group(1).lower()
    if name not in _LANGUAGE_MAGICS:
        # a line magic in front of code of the notebook's language
        return Cell(number, kind, body, title)
    # the magic's line stays in the text, empty, so that the numbers of the lines behind it are right
    lines_before = "\n" * body[: len(body) - len(stripped)].count("\n")
    name = {"py": "python", "md-sandbox": "md"}.get(name, name)
    return Cell(number, name, lines_before + magic.group(2), title)


def _of_source(text: str, language: str) -> list[tuple[str, str]]:
    mark = re.escape(_COMMENT.get(language, "#"))
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    text = re.sub(rf"\A{mark} Databricks notebook source[ \t]*\n?", "", text)
    parts = re.split(rf"(?m)^{mark} COMMAND ----------[ \t]*$\n?", text)
    return [_of_part(part, mark) for part in parts]


def _of_part(part: str, mark: str) -> tuple[str, str]:
    lines = part.strip("\n").split("\n")
    title = ""
    named = re.match(rf"{mark} DBTITLE \d,(.*)$", lines[0])
    if named:
        title = named.group(1)
        lines = lines[1:]
    while lines and not lines[0].strip():
        lines = lines[1:]
    return title, "\n".join(re.sub(rf"^{mark} MAGIC(?: |$)", "", line) for line in lines)


def _of_ipynb(text: str) -> list[tuple[str, str]]:
    try:
        notebook = json.loads(text)
    except ValueError as error:
        raise BadNotebook(f"the notebook is not valid JSON: {error}") from error
    if not isinstance(notebook.get("cells"), list):
        raise BadNotebook("the notebook has no list of cells")
    return [_of_ipynb_cell(cell) for cell in notebook["cells"]]


def _of_ipynb_cell(cell: dict[str, Any]) -> tuple[str, str]:
    source = cell.get("source", "")
    body = "".join(source) if isinstance(source, list) else source
    title = (
        cell.get("metadata", {}).get("application/vnd.databricks.v1+cell", {}).get("title") or ""
    )
    if cell.get("cell_type") != "code" and not body.lstrip().startswith("%md"):
        body = "%md\n" + body
    return title, body


def run_target(text: str) -> tuple[str, dict[str, str]]:
    """The path and the parameters of a `%run` line: `./other $p="v"`. Raises BadNotebook for anything else."""
    text = text.strip()
    quoted = re.match(r'"([^"]+)"|\'([^\']+)\'', text)
    if quoted:
        path, rest = quoted.group(1) or quoted.group(2), text[quoted.end() :]
    else:
        path, rest = ([*text.split(None, 1), "", ""])[:2]
    if not path:
        raise BadNotebook("%run needs the path of a notebook")
    left = _RUN_PARAMETER.sub("", rest).strip()
    if left:
        raise BadNotebook(
            f"%run stands alone in its cell; it cannot be followed by {left.splitlines()[0]!r}"
        )
    values = {m.group(1): _unquoted(m) for m in _RUN_PARAMETER.finditer(rest)}
    return path, values


def _unquoted(match: re.Match[str]) -> str:
    quoted = match.group(2) if match.group(2) is not None else match.group(3)
    return match.group(4) if quoted is None else re.sub(r"\\(.)", r"\1", quoted)


_SQL_PIECE = re.compile(
    r"""'(?:[^'\\]|\\.|'')*' | "(?:[^"\\]|\\.|"")*" | `(?:[^`]|``)*` | --[^\n]* | /\*.*?\*/ | ; | :\w+ | ::""",
    re.VERBOSE | re.DOTALL,
)


def statements(text: str) -> list[str]:
    """The SQL statements of a cell, parted at semicolons outside quotes and comments; those of comments alone left out."""
    found: list[str] = []
    start = 0
    for piece in _SQL_PIECE.finditer(text):
        if piece.group() == ";":
            found.append(text[start : piece.start()])
            start = piece.end()
    found.append(text[start:])
    return [statement.strip() for statement in found if _says_something(statement)]


def _says_something(statement: str) -> bool:
    return bool(without_comments(statement))


def without_comments(statement: str) -> str:
    """The statement with nothing around it and no comments in it."""
    bare = _SQL_PIECE.sub(
        lambda m: "" if m.group().startswith(("--", "/*")) else m.group(), statement
    )
    return bare.strip()


def named_markers(statement: str) -> list[str]:
    """The names of the parameters `:name` in a statement, each once, in order."""
    found = [
        p.group()[1:]
        for p in _SQL_PIECE.finditer(statement)
        if re.fullmatch(r":[A-Za-z_]\w*", p.group())
    ]
    return list(dict.fromkeys(found))
