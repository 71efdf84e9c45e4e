"""A notebook's run as one HTML page: its cells, and what it printed."""

from html import escape

from local_databricks.jobs.model import Json, TaskRun

_PAGE = """<!DOCTYPE html>
<html><head><meta charset="utf-8"><title>{title}</title></head>
<body><h1>{title}</h1>
{cells}
<h2>Output</h2>
<pre>{output}</pre>
{error}</body></html>
"""


def page(task: TaskRun, stored: Json) -> str:
    """`stored` is the run's output in the store: `cells` (texts), `printed`, `error`."""
    cells = "\n".join(
        f'<pre class="cell">{escape(cell)}</pre>' for cell in stored.get("cells") or []
    )
    error = f"<pre class=\"error\">{escape(stored['error'])}</pre>\n" if stored.get("error") else ""
    return _PAGE.format(
        title=escape(task.key), cells=cells, output=escape(stored.get("printed") or ""), error=error
    )
