"""The workspace tree: directories and files are real ones below DIR/workspace, notebooks are rows of the database.

One lock guards both, that of the database. Files are real so that notebooks can import them and open() finds them; what a notebook writes there is in the tree
at once. Every object gets an id when it is first asked for. `/Workspace` in front of a path is optional everywhere.
"""

from __future__ import annotations

import os
import shutil
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from local_databricks import formats, paths
from local_databricks.database import Database
from local_databricks.errors import ApiError, error_info, exists, invalid, not_found
from local_databricks.formats import Language

Kind = Literal["NOTEBOOK", "FILE", "DIRECTORY"]
Form = Literal["SOURCE", "JUPYTER"]

_TABLES = (
    "CREATE TABLE tree_ids (path TEXT PRIMARY KEY, id INTEGER NOT NULL, created_ms INTEGER NOT NULL)",
    """CREATE TABLE notebooks (
        path TEXT PRIMARY KEY, language TEXT NOT NULL, source TEXT NOT NULL, form TEXT NOT NULL,
        modified_ms INTEGER NOT NULL)""",
)


@dataclass(frozen=True)
class Node:
    """One object of the tree. `size` is in bytes (files), times in ms since 1970; `form` is how a notebook came."""

    path: str
    kind: Kind
    id: int
    created_ms: int
    modified_ms: int
    size: int = 0
    language: Language | None = None
    form: Form = "SOURCE"


def canonical(path: str) -> str:
    """The one spelling of a path: without `/Workspace` in front and `/` behind. Raises ApiError (400)."""
    found = paths.parts(path)
    if found[:1] == ("Workspace",):
        found = found[1:]
    return "/" + "/".join(found)


def parent(path: str) -> str:
    """Of a canonical path."""
    return path.rsplit("/", 1)[0] or "/"


class Tree:
    """The tree below `folder`/workspace. Paths may be any spelling; all methods raise ApiError as the API would."""

    def __init__(self, folder: Path, database: Database) -> None:
        self.root = folder / "workspace"
        self._staging = folder / "staging"
        self._database = database
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.rmtree(self._staging, ignore_errors=True)
        self._staging.mkdir(mode=0o700)
        database.migrate("tree", _TABLES)
        for top in ("/Users", "/Shared"):
            self.mkdirs(top)

    def disk(self, path: str) -> Path:
        """Where a file or directory of the tree is on this machine, there or not."""
        return paths.below(self.root, paths.parts(canonical(path)))

    def stage(self) -> Path:
        """A new file to write bytes into that `put_file` moves into the tree; whoever does not call that deletes it."""
        return self._staging / uuid.uuid4().hex

    def find(self, path: str) -> Node | None:
        """What is at `path`."""
        path = canonical(path)
        row = self._database.row(
            "SELECT language, form, modified_ms FROM notebooks WHERE path = ?", (path,)
        )
        if row:
            id, created_ms = self._id(path, row["modified_ms"])
            return Node(
                path,
                "NOTEBOOK",
                id,
                created_ms,
                row["modified_ms"],
                0,
                row["language"],
                row["form"],
            )
        try:
            about = self.disk(path).stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        is_folder = self.disk(path).is_dir()
        modified_ms = about.st_mtime_ns // 1_000_000
        id, created_ms = self._id(path, modified_ms)
        if is_folder:
            return Node(path, "DIRECTORY", id, created_ms, modified_ms)
        return Node(path, "FILE", id, created_ms, modified_ms, about.st_size)

    def get(self, path: str) -> Node:
        """What is at `path`; 404 when nothing is."""
        node = self.find(path)
        if node is None:
            raise not_found(f"Path ({canonical(path)}) doesn't exist.")
        return node

    def children(self, path: str) -> list[Node]:
        """What a directory holds, sorted by path; of anything else, that alone."""
        node = self.get(path)
        if node.kind != "DIRECTORY":
            return [node]
        front = node.path.rstrip("/") + "/"
        found = {front + name for name in os.listdir(self.disk(node.path))}
        found.update(
            name for name in self._notebooks_below(node.path) if "/" not in name[len(front) :]
        )
        return [child for child in map(self._seen, sorted(found)) if child is not None]

    def _seen(self, path: str) -> Node | None:
        """What a listing shows: nothing for names and links that only a notebook's process could have made."""
        try:
            return self.find(path)
        except ApiError:
            return None

    def mkdirs(self, path: str) -> None:
        """Makes a directory and those above it; one that is there stays."""
        path = canonical(path)
        with self._database.transaction():
            step = ""
            for part in paths.parts(path):
                step = f"{step}/{part}"
                node = self.find(step)
                if node is not None and node.kind != "DIRECTORY":
                    raise exists(f"Path ({step}) already exists and is no directory: {node.kind}.")
                if node is None:
                    self.disk(step).mkdir(mode=0o700, exist_ok=True)

    def put_notebook(
        self,
        path: str,
        language: Language,
        source: str,
        *,
        form: Form = "SOURCE",
        overwrite: bool = False,
    ) -> Node:
        """Writes a notebook given in SOURCE form."""
        path = canonical(path)
        with self._database.transaction() as connection:
            self._make_way(path, "NOTEBOOK", overwrite)
            connection.execute(
                "REPLACE INTO notebooks VALUES (?, ?, ?, ?, ?)",
                (path, language, source, form, _now_ms()),
            )
            return self.get(path)

    def put_file(self, path: str, staged: Path, *, overwrite: bool = False) -> Node:
        """Moves a file of `stage` into the tree, all of it or nothing; `staged` is gone afterwards."""
        path = canonical(path)
        try:
            with self._database.transaction():
                self._make_way(path, "FILE", overwrite)
                os.replace(staged, self.disk(path))
                return self.get(path)
        finally:
            staged.unlink(missing_ok=True)

    def write_file(self, path: str, content: bytes, *, overwrite: bool = False) -> Node:
        """Writes a file."""
        staged = self.stage()
        staged.write_bytes(content)
        return self.put_file(path, staged, overwrite=overwrite)

    def notebook(self, path: str) -> tuple[Language, str]:
        """(language, text in SOURCE form) of a notebook."""
        row = self._database.row(
            "SELECT language, source FROM notebooks WHERE path = ?", (canonical(path),)
        )
        if row is None:
            if self.find(path) is not None:
                raise invalid(f"Path ({canonical(path)}) is not a notebook.")
            raise not_found(f"Path ({canonical(path)}) doesn't exist.")
        return formats.LANGUAGES[row["language"]], row["source"]

    def delete(self, path: str, *, recursive: bool = False) -> None:
        """Deletes one object; a directory that holds something only when `recursive`."""
        with self._database.transaction():
            node = self.get(path)
            if node.path == "/":
                raise ApiError(400, "DIRECTORY_PROTECTED", "Folder / is protected")
            if node.kind == "DIRECTORY":
                if not recursive and self.children(node.path):
                    raise ApiError(400, "DIRECTORY_NOT_EMPTY", f"Folder ({node.path}) is not empty")
                for name in self._notebooks_below(node.path):
                    self._forget(name)
                shutil.rmtree(self.disk(node.path))
            elif node.kind == "FILE":
                self.disk(node.path).unlink()
            self._forget(node.path)

    def _make_way(self, path: str, kind: Kind, overwrite: bool) -> None:
        """Raises unless an object of `kind` may be written at `path` now."""
        above = self.find(parent(path))
        if above is None or path == "/":
            raise not_found(f"The parent folder ({parent(path)}) does not exist.")
        if above.kind != "DIRECTORY":
            raise invalid(f"The parent ({parent(path)}) is not a folder.")
        node = self.find(path)
        if node is None:
            return
        if node.kind != kind:
            raise ApiError(
                400,
                "INVALID_PARAMETER_VALUE",
                f"Cannot overwrite the asset at {path} due to type mismatch "
                f"(asked: {kind}, actual: {node.kind}).",
                details=error_info(
                    "WORKSPACE_OBJECT_TYPE_MISMATCH",
                    "workspace.databricks.com",
                    {"existing_type": node.kind},
                ),
            )
        if not overwrite:
            raise exists(f"Path ({path}) already exists.")

    def _notebooks_below(self, path: str) -> list[str]:
        front = path.rstrip("/") + "/"
        rows = self._database.rows(
            "SELECT path FROM notebooks WHERE path > ? AND path < ?", (front, front[:-1] + "0")
        )
        return [row["path"] for row in rows]

    def _id(self, path: str, created_ms: int) -> tuple[int, int]:
        """(id, when it was first seen) of an object."""
        query = "SELECT id, created_ms FROM tree_ids WHERE path = ?"
        row = self._database.row(query, (path,))
        if row is None:
            with self._database.transaction() as connection:
                row = self._database.row(query, (path,))
                if row is None:
                    id = self._database.new_id()
                    connection.execute(
                        "INSERT INTO tree_ids VALUES (?, ?, ?)", (path, id, created_ms)
                    )
                    return id, created_ms
        return row["id"], row["created_ms"]

    def _forget(self, path: str) -> None:
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM notebooks WHERE path = ?", (path,))
            front = path + "/"
            connection.execute(
                "DELETE FROM tree_ids WHERE path = ? OR (path > ? AND path < ?)",
                (path, front, path + "0"),
            )


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
