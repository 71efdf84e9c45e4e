"""What open-source Spark and Delta lack of Databricks SQL, in front of `spark.sql`.

install(session, link) makes session.sql() understand it, in any process: statements about governance are parsed here,
and answered by the registry, which `link` reaches. Everything else goes to Spark untouched.

What holds today: everything goes to Spark untouched.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyspark.sql.connect.session import SparkSession

# A request to the registry and its answer, both JSON objects: Registry.answer in the server's process, a POST to the
# workspace from a notebook's. An answer with "error" is raised as the AnalysisException that it describes.
Link = Callable[[dict[str, Any]], dict[str, Any]]


def install(session: SparkSession, link: Link) -> None:
    """Puts the front before session.sql(). The session is client.connect()'s."""
