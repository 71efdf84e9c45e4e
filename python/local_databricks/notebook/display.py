"""display and displayHTML: what they are given, as text in the notebook's output."""

from __future__ import annotations

from typing import Any

ROWS_MAX = 1000  # of a table; the cloud shows 10,000 rows or 2 MB


def display(*values: Any, **_: Any) -> None:
    """Prints each value: tables of Spark and pandas with at most 1,000 rows, all else as it prints."""
    for value in values:
        print(_text(value))


def _text(value: Any) -> str:
    if hasattr(value, "toPandas") and hasattr(value, "limit"):
        value = value.limit(ROWS_MAX).toPandas()
    if hasattr(value, "to_string") and hasattr(value, "head"):
        return str(value.head(ROWS_MAX).to_string())
    return str(value)


def display_html(html: str) -> None:
    """Prints the HTML."""
    print(html)
