"""What open-source Spark and Delta lack of Databricks SQL, in front of `spark.sql`.

install(session, link) makes session.sql() understand it, in any process: grammar.parse() reads the statement, `link`
reaches the registry, and what is Spark's part of it runs in the session. A statement that is none of these goes to
Spark untouched. Errors are pyspark's: ParseException for PARSE_SYNTAX_ERROR, else AnalysisException with the condition
and SQLSTATE.

Also here: results that would show how the session catalogue keeps names (DESCRIBE EXTENDED and DETAIL, SHOW VIEWS).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, cast

from local_databricks.spark.grammar import parse
from local_databricks.spark.parser import SyntaxFault

if TYPE_CHECKING:
    from pyspark.sql.connect.dataframe import DataFrame
    from pyspark.sql.connect.session import SparkSession

# A request to the registry and its answer, both JSON objects: Registry.link() in the server's process, a POST to the
# workspace from a notebook's.
Link = Callable[[dict[str, Any]], dict[str, Any]]

# The parts that a name has when it is complete, by the request's field.
_TABLE_OPS = ("add_constraints", "drop_constraint", "cluster_by_auto", "create_table")
_PARTS = {"CATALOG": 1, "SCHEMA": 2, "METASTORE": 1}


def install(session: SparkSession, link: Link) -> None:
    """Puts the front before session.sql(). The session is client.connect()'s."""
    front = Front(session, link)
    session.sql = front.sql


class Front:
    """The front of one session."""

    def __init__(self, session: SparkSession, link: Link) -> None:
        self._session = session
        self._spark = session.sql
        self._link = link

    def sql(self, sqlQuery: str, args: Any = None, **kwargs: Any) -> DataFrame:
        """SparkSession.sql()."""
        named = args if isinstance(args, Mapping) else {}
        try:
            request = None if kwargs else parse(sqlQuery, named)
        except SyntaxFault as fault:
            raise _syntax_error(str(fault)) from None
        if request is None:
            return self._spark(sqlQuery, args, **kwargs)
        return self._handle(request, sqlQuery, args)

    def _handle(self, request: dict[str, Any], text: str, args: Any) -> DataFrame:
        op = request["op"]
        if op == "shown":
            return self._described(request, self._spark(text, args))
        self._complete(request)
        if op == "create_table":
            return self._around(request, lambda: self._spark(request.pop("spark"), args))
        if op == "drop_schema":
            return self._around(request, lambda: self._spark(text, args))
        answer = self._ask(request)
        if answer.get("not_mine"):
            return self._spark(text, args)  # a CHECK constraint's name
        for statement in answer.get("spark", ()):
            self._spark(statement)
        if "then" in answer:
            answer = self._ask(answer["then"])
        return self._frame(answer)

    def _around(self, request: dict[str, Any], run: Callable[[], DataFrame]) -> DataFrame:
        """The registry checks, Spark runs, the registry records."""
        answer = self._ask({k: v for k, v in request.items() if k != "spark"})
        frame = run()
        if "then" in answer:
            self._ask(answer["then"])
        return frame

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        answer = self._link(request)
        if "error" in answer:
            raise _error(**answer["error"])
        return answer

    def _complete(self, request: dict[str, Any]) -> None:
        """Gives the names in a request their catalogue and schema."""
        if request["op"] in _TABLE_OPS:
            request["table"] = self._full(request["table"], 3)
        elif request["op"] == "show_volumes":
            request["schema"] = self._full(request["schema"], 2)
        elif request["op"] == "drop_schema":
            request["name"] = self._full(request["name"], 2)
        elif request["op"] == "comment" and request["kind"] == "COLUMN":
            request["name"] = self._full_column(request["name"])
        elif isinstance(request.get("name"), list):
            if request["op"] == "drop_volume":
                request["kind"] = "VOLUME"
            request["name"] = self._full(request["name"], _PARTS.get(request.get("kind", ""), 3))
        for constraint in request.get("constraints", ()):
            if "parent" in constraint:
                constraint["parent"] = self._full(constraint["parent"], 3)

    def _full(self, name: list[str], parts: int) -> list[str]:
        if len(name) < parts:
            row = self._spark("SELECT current_catalog(), current_schema()").collect()[0]
            name = [*[row[0], row[1]][: parts - len(name)], *name]
            # catalog.table is not a name: the catalogue completes schema.table, both complete table
        if len(name) != parts:
            raise _error(
                "IDENTIFIER_TOO_MANY_NAME_PARTS",
                f"`{'`.`'.join(name)}` is not a valid identifier.",
                "42601",
            )
        return [part.lower() for part in name]

    def _full_column(self, name: list[str]) -> list[str]:
        """t.c, s.t.c or c.s.t.c; deeper fields need the complete name."""
        if len(name) >= 4:
            return [*self._full(name[:3], 3), *name[3:]]
        return [*self._full(name[:-1], 3), name[-1]]

    def _frame(self, answer: dict[str, Any]) -> DataFrame:
        columns = answer["columns"]
        if not columns:
            return cast("DataFrame", self._session.range(0).select())
        schema = ", ".join(f"{name} {kind}" for name, kind in columns)
        rows = [tuple(row) for row in answer["rows"]]
        return cast("DataFrame", self._session.createDataFrame(rows, schema))

    def _described(self, request: dict[str, Any], frame: DataFrame) -> DataFrame:
        """The rows with names as users write them, and the keys of a table described EXTENDED."""
        rows = [_shown(row, request["where"]) for row in frame.collect()]
        if "table" in request:
            keys = self._link({"op": "describe_keys", "table": self._full(request["table"], 3)})
            if keys.get("rows"):
                rows += [("", "", ""), ("# Constraints", "", "")]
                rows += [(name, text, "") for name, text in keys["rows"]]
        return cast("DataFrame", self._session.createDataFrame(rows, frame.schema))


def _shown(row: Any, where: str) -> tuple[Any, ...]:
    """A row of SHOW VIEWS or DESCRIBE with the name in the column `where`, or in the line that `where` labels."""
    cells = list(row)
    if where in row.__fields__:
        at = row.__fields__.index(where)
    elif cells[0] == where:
        at = 1
    else:
        return tuple(cells)
    name = str(cells[at]).removeprefix("spark_catalog.")
    catalog, _, rest = name.partition("__")
    cells[at] = rest if where == "namespace" else f"{catalog}.{rest}" if rest else name
    return tuple(cells)


def _syntax_error(message: str) -> Exception:
    from pyspark.errors.exceptions.connect import ParseException

    error: Exception = ParseException(message, errorClass="PARSE_SYNTAX_ERROR", sql_state="42601")
    return error


def _error(condition: str, message: str, sqlstate: str) -> Exception:
    from pyspark.errors.exceptions.connect import AnalysisException

    text = f"[{condition}] {message} SQLSTATE: {sqlstate}"
    error: Exception = AnalysisException(text, errorClass=condition, sql_state=sqlstate)
    return error
