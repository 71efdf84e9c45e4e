"""Unity Catalog volumes as folders: /Volumes/<catalog>/<schema>/<volume>/... lives below DIR/volumes.

A volume exists when its folder does. Catalog, schema and volume names do not mind case; what is inside does.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from local_databricks import paths
from local_databricks.errors import ApiError, invalid

_NAME = re.compile(r"[^\x00-\x20/.\x7f]{1,255}")


class Volumes:
    """Those below `folder`/volumes."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "volumes"
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)

    def names(self) -> list[tuple[str, str, str]]:
        """(catalog, schema, volume) of each, sorted."""
        found = (p for p in self.root.glob("*/*/*") if p.is_dir())
        return sorted((p.parent.parent.name, p.parent.name, p.name) for p in found)

    def exists(self, catalog: str, schema: str, volume: str) -> bool:
        """Whether there is such a volume."""
        return self._folder(catalog, schema, volume).is_dir()

    def create(self, catalog: str, schema: str, volume: str) -> None:
        """Makes its folder; nothing happens when it is there."""
        self._folder(catalog, schema, volume).mkdir(mode=0o700, parents=True, exist_ok=True)

    def drop(self, catalog: str, schema: str, volume: str) -> None:
        """Deletes it with all that is in it; nothing happens when it is not there."""
        shutil.rmtree(self._folder(catalog, schema, volume), ignore_errors=True)

    def split(self, path: str) -> tuple[tuple[str, str, str], tuple[str, ...]]:
        """((catalog, schema, volume), parts below it) of a path `/Volumes/c/s/v[/...]`.

        Raises ApiError: 400 when it is no such path, 404 when there is no such volume.
        """
        found = paths.parts(path)
        if not found or found[0] != "Volumes":
            raise invalid(f"Invalid path: '{path}' must begin with /Volumes/.")
        if len(found) < 4:
            raise invalid(f"Invalid path: '{path}' must be /Volumes/<catalog>/<schema>/<volume>.")
        catalog, schema, volume = (name.lower() for name in found[1:4])
        if not self.exists(catalog, schema, volume):
            raise ApiError(
                404, "NOT_FOUND", f"Volume '{catalog}.{schema}.{volume}' does not exist."
            )
        return (catalog, schema, volume), found[4:]

    def local(self, path: str) -> Path:
        """The file or folder of this machine that `/Volumes/c/s/v/...` stands for, there or not.

        Raises ApiError as `split` does, and 400 when a symbolic link leads out of the volume.
        """
        names, inside = self.split(path)
        return paths.below(self._folder(*names), inside)

    def _folder(self, *names: str) -> Path:
        for name in names:
            if not _NAME.fullmatch(name):
                raise invalid(f"'{name}' is not a valid name of a catalog, schema or volume.")
        return self.root.joinpath(*(name.lower() for name in names))
