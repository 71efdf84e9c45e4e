"""Notebooks as text, read into cells: SOURCE as the cloud exports it, .ipynb as nbformat writes it; no Spark."""

import nbformat
import pytest
from local_databricks.notebook.source import (
    BadNotebook,
    cells,
    named_markers,
    run_target,
    statements,
)

PYTHON = """# Databricks notebook source
# MAGIC %md
# MAGIC # Title
# MAGIC
# MAGIC text

# COMMAND ----------

# DBTITLE 1,Load it
x = 1

# MAGICAL comment
y = "# COMMAND ----------"

# COMMAND ----------

# MAGIC %sql
# MAGIC SELECT 1;
# MAGIC SELECT '# MAGIC'

# COMMAND ----------

# MAGIC %run ./other $p="v w" $q=2

# COMMAND ----------


# COMMAND ----------

# MAGIC %pip install a
# MAGIC b

# COMMAND ----------

%matplotlib inline
print(x)
"""


def kinds_and_texts(text: str, language: str) -> list[tuple[int, str, str]]:
    return [(cell.number, cell.kind, cell.text) for cell in cells(text, language)]


def test_a_python_notebook() -> None:
    assert kinds_and_texts(PYTHON, "PYTHON") == [
        (1, "md", "\n# Title\n\ntext"),
        (2, "python", 'x = 1\n\n# MAGICAL comment\ny = "# COMMAND ----------"'),
        (3, "sql", "\nSELECT 1;\nSELECT '# MAGIC'"),
        (4, "run", './other $p="v w" $q=2'),
        (6, "pip", "install a\nb"),
        (7, "python", "%matplotlib inline\nprint(x)"),
    ]
    assert cells(PYTHON, "PYTHON")[1].title == "Load it"


def test_line_numbers_of_a_cell_survive_its_magic() -> None:
    [cell] = cells(
        "-- Databricks notebook source\n-- MAGIC %python\n-- MAGIC a = 1\n-- MAGIC 1 / 0", "SQL"
    )
    assert cell.kind == "python" and cell.text.split("\n")[2] == "1 / 0"


def test_a_sql_notebook() -> None:
    text = (
        "-- Databricks notebook source\nSELECT 1 -- one\n\n-- COMMAND ----------\n\n"
        "-- MAGIC %python\n-- MAGIC print(1)\n\n-- COMMAND ----------\n\n-- DBTITLE 1,T\nSELECT 2"
    )
    assert kinds_and_texts(text, "SQL") == [
        (1, "sql", "SELECT 1 -- one"),
        (2, "python", "\nprint(1)"),
        (3, "sql", "SELECT 2"),
    ]


def test_windows_line_ends_and_a_byte_order_mark() -> None:
    text = (
        "\ufeff# Databricks notebook source\r\na = 1\r\n\r\n# COMMAND ----------\r\n\r\nb = 2\r\n"
    )
    assert [cell.text for cell in cells(text, "PYTHON")] == ["a = 1", "b = 2"]


def test_an_ipynb_as_nbformat_writes_it() -> None:
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [
        nbformat.v4.new_markdown_cell("# Title"),
        nbformat.v4.new_code_cell("x = 1\nx"),
        nbformat.v4.new_code_cell("%sql\nselect 1"),
        nbformat.v4.new_code_cell(""),
        nbformat.v4.new_raw_cell("raw"),
    ]
    notebook.cells[1].metadata["application/vnd.databricks.v1+cell"] = {"title": "One"}
    notebook.metadata["application/vnd.databricks.v1+notebook"] = {"language": "python"}
    text = nbformat.writes(notebook)
    assert kinds_and_texts(text, "PYTHON") == [
        (1, "md", "\n# Title"),
        (2, "python", "x = 1\nx"),
        (3, "sql", "\nselect 1"),
        (5, "md", "\nraw"),
    ]
    assert cells(text, "PYTHON")[1].title == "One"


@pytest.mark.parametrize("text", ["{", '{"cells": 3}', "{}"])
def test_what_is_no_notebook(text: str) -> None:
    with pytest.raises(BadNotebook):
        cells(text, "PYTHON")


@pytest.mark.parametrize(
    ("line", "path", "values"),
    [
        ("./other", "./other", {}),
        ("/Shared/x  ", "/Shared/x", {}),
        ('"./with blank" $a="1"', "./with blank", {"a": "1"}),
        ("../x $a='it is' $b=2", "../x", {"a": "it is", "b": "2"}),
        ('x $a="say \\"hi\\""', "x", {"a": 'say "hi"'}),
    ],
)
def test_run_lines(line: str, path: str, values: dict[str, str]) -> None:
    assert run_target(line) == (path, values)


@pytest.mark.parametrize("line", ["", "./other\nprint(1)", "./other and more"])
def test_run_stands_alone(line: str) -> None:
    with pytest.raises(BadNotebook):
        run_target(line)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("select 1; select 2", ["select 1", "select 2"]),
        ("select ';' ; select `a;b`;", ["select ';'", "select `a;b`"]),
        ("-- ; nothing\nselect 1 /* ; */;\n-- end\n;", ["-- ; nothing\nselect 1 /* ; */"]),
        ("select 'it''s; ok'; select \"a;\"", ["select 'it''s; ok'", 'select "a;"']),
        ("select 'a\\';b'", ["select 'a\\';b'"]),
        ("\n  \n", []),
    ],
)
def test_statements(text: str, found: list[str]) -> None:
    assert statements(text) == found


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("select :a, :b_1 + :a", ["a", "b_1"]),
        ("select x::int, '10:30', ':no', `:no` -- :no\n/* :no */", []),
        ("select * from identifier(:catalog || '.t') where d = :day", ["catalog", "day"]),
    ],
)
def test_named_markers(text: str, names: list[str]) -> None:
    assert named_markers(text) == names
