"""Runs one notebook in this process, cell by cell, and tells how it ended.

Cells share one set of globals, which holds what the cloud puts there: spark, dbutils, display, displayHTML, table, sql,
getArgument. An exception ends the notebook; dbutils.notebook.exit ends it well.
"""

from __future__ import annotations

import ast
import builtins
import linecache
import os
import re
import sys
import types
from collections.abc import Callable
from typing import Any

from local_databricks.notebook import source, trace
from local_databricks.notebook.dbutils import (
    EXIT_MAX,
    DBUtils,
    NotebookExit,
    RestartPython,
)
from local_databricks.notebook.display import ROWS_MAX, display, display_html
from local_databricks.notebook.link import Link
from local_databricks.notebook.magics import Refused, install, pip
from local_databricks.notebook.source import Cell

OWN = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_WIDGET = re.compile(
    r"(?is)^CREATE\s+WIDGET\s+TEXT\s+(\w+)\s+DEFAULT\s+(?:'([^']*)'|\"([^\"]*)\")$|^REMOVE\s+WIDGET\s+(\w+)$"
)
_LINE_MAGIC = re.compile(r"^(\s*)%(\w+)[ \t]*(.*)$")
Json = dict[str, Any]


class NoSpark:
    """Stands for `spark` where the workspace has none: says so when it is used."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError("this workspace was started without Spark")


class Runner:
    """One notebook of `work` (see process.work_of): `run` once."""

    def __init__(self, work: Json, link: Link) -> None:
        self.work = work
        self.link = link
        self.spark: Any = NoSpark()
        self.count = 0
        self.cells: list[str] = []
        self.folders = [os.path.dirname(work["path"])]
        self.dbutils = DBUtils(link, work["widgets"], work["facts"], lambda: self.folders[-1])
        self.globals: Json = {}
        self._redact = self.dbutils.secrets._redact

    def run(self) -> Json:
        """How it ended: {"status": "ok"|"error"|"library", "result", "truncated", "error", "error_trace", "cells"}."""
        ended: Json = {"status": "ok", "result": None, "truncated": False}
        try:
            for library in self.work["libraries"]:
                install(library, self.work["pip_allowed"])
        except Refused as refused:
            return {"status": "library", "error": str(refused)}
        try:
            self.spark = self._connect()
            self._fresh_globals()
            self.notebook(self.work["source"], self.work["language"])
        except NotebookExit as exit:
            ended["result"], ended["truncated"] = cut(self._redact(exit.value))
        except BaseException as error:
            ended = {
                "status": "error",
                "error": trace.error_line(error, self._redact),
                "error_trace": trace.coloured(error, OWN, self._redact),
            }
        return ended | {"cells": self.cells}

    def notebook(self, text: str, language: str) -> None:
        """The cells of a notebook, in the globals that there are."""
        for cell in source.cells(text, language):
            self.cells.append(cell.text)
            try:
                self.cell(cell)
            except RestartPython:
                self._fresh_globals()

    def cell(self, cell: Cell) -> None:
        kinds: dict[str, Callable[[str], None]] = {
            "python": self.python,
            "sql": self.sql,
            "md": lambda text: None,
            "run": self.run_other,
            "fs": self.fs,
            "pip": self.pip,
        }
        if cell.kind not in kinds:
            raise Refused(f"%{cell.kind} is not supported by the local workspace.")
        self.count += 1
        kinds[cell.kind](cell.text)

    def python(self, text: str) -> None:
        """Executed as a cell; a last line that is an expression is shown when it has a value."""
        name = f"<command-{self.count}>"
        text = "\n".join(self._line_magic(line) for line in text.split("\n"))
        linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
        tree = ast.parse(text, name)
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, name, "exec", dont_inherit=True), self.globals)
        if isinstance(last, ast.Expr):
            value = eval(
                compile(ast.Expression(last.value), name, "eval", dont_inherit=True), self.globals
            )
            if value is not None:
                print(repr(value))

    def _line_magic(self, line: str) -> str:
        """A line such as `%pip install x` or `%matplotlib inline` as Python."""
        found = _LINE_MAGIC.match(line)
        if not found:
            return line
        indent, name, rest = found.groups()
        if name == "pip":
            return f"{indent}__magic_pip({rest!r})"
        if name == "restart_python" and not rest:
            return f"{indent}__magic_restart()"
        if name in ("matplotlib", "autoreload", "load_ext", "config"):
            return f"{indent}pass"
        return line

    def sql(self, text: str) -> None:
        """Each statement through spark.sql; parameters `:p` are widgets; the last result is shown, and is _sqldf.

        The results before it are fetched too: a query that nobody asks for its rows is never executed.
        """
        frame = None
        for statement in source.statements(text):
            if self._widget(statement):
                continue
            if frame is not None and frame.columns:
                frame.limit(ROWS_MAX).collect()
            frame = self._statement(statement)
        if frame is not None:
            self.globals["_sqldf"] = frame
            if frame.columns:
                display(frame)

    def _statement(self, text: str) -> Any:
        values = self.dbutils.widgets.getAll()
        given = {name: values[name] for name in source.named_markers(text) if name in values}
        return self.spark.sql(text, args=given) if given else self.spark.sql(text)

    def _widget(self, statement: str) -> bool:
        """CREATE WIDGET TEXT and REMOVE WIDGET, which are the notebook's and not Spark's; whether it was one."""
        found = _WIDGET.match(source.without_comments(statement))
        if not found:
            return False
        name, single, double, gone = found.groups()
        if gone:
            self.dbutils.widgets.remove(gone)
        else:
            self.dbutils.widgets.text(name, single if single is not None else double)
        return True

    def run_other(self, text: str) -> None:
        """%run: another notebook in the same globals; its widgets get the parameters of the line."""
        target, parameters = source.run_target(text)
        path = os.path.normpath(os.path.join(self.folders[-1], target))
        found = self.link.call("notebook", path=path)
        given = self.dbutils.widgets._given
        before = dict(given)
        given.update(parameters)
        self.folders.append(os.path.dirname(path))
        try:
            self.notebook(found["source"], found["language"])
        finally:
            self.folders.pop()
            given.clear()
            given.update(before)

    def fs(self, text: str) -> None:
        """%fs ls /Volumes/...: a method of dbutils.fs with its arguments."""
        name, *arguments = text.split()
        method = getattr(self.dbutils.fs, name, None)
        if method is None or name.startswith("_"):
            raise Refused(f"%fs has no command {name}.")
        found = method(*arguments)
        for entry in found if isinstance(found, list) else [found]:
            print(entry)

    def pip(self, text: str) -> None:
        first, _, rest = text.strip("\n").partition("\n")
        pip(first, self.work["pip_allowed"])
        if rest.strip():
            self.python("\n" + rest)

    def _connect(self) -> Any:
        if not self.work["spark_url"]:
            return NoSpark()
        from local_databricks.spark import client, front

        os.environ["SPARK_REMOTE"] = self.work["spark_url"]  # SparkSession.builder.getOrCreate()
        session = client.connect(self.work["spark_url"])
        front.install(session, lambda request: dict(self.link.call("registry", request=request)))
        return session

    def _fresh_globals(self) -> None:
        """A module `__main__` with what the cloud puts into every notebook."""
        module = types.ModuleType("__main__")
        module.__dict__["__builtins__"] = builtins
        sys.modules["__main__"] = module
        self.globals = module.__dict__
        self.globals.update(
            spark=self.spark,
            dbutils=self.dbutils,
            display=display,
            displayHTML=display_html,
            getArgument=self.dbutils.widgets.getArgument,
            table=lambda name: self.spark.table(name),
            sql=lambda text, *args, **kwargs: self.spark.sql(text, *args, **kwargs),
            __magic_restart=self.dbutils.library.restartPython,
            __magic_pip=lambda text: pip(text, self.work["pip_allowed"]),
        )
        self._modules()

    def _modules(self) -> None:
        """The modules by which files that a notebook imports get at the same objects."""
        runtime = types.ModuleType("databricks.sdk.runtime")
        for name in ("spark", "dbutils", "display", "displayHTML", "table", "sql", "getArgument"):
            setattr(runtime, name, self.globals[name])
        utils = types.ModuleType("pyspark.dbutils")
        utils.DBUtils = lambda spark=None: self.dbutils  # type: ignore[attr-defined]
        sys.modules["databricks.sdk.runtime"] = runtime
        sys.modules["pyspark.dbutils"] = utils

    def close(self) -> None:
        """Lets go of the Spark session."""
        if not isinstance(self.spark, NoSpark):
            self.spark.stop()


def cut(value: str) -> tuple[str, bool]:
    """The first 5 MB of an exit value, and whether that is less than all."""
    raw = value.encode("utf-8", "replace")
    if len(raw) <= EXIT_MAX:
        return raw.decode(), False
    return raw[:EXIT_MAX].decode("utf-8", "ignore"), True
