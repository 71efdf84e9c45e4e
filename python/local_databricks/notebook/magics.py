"""Packages for notebooks: refused unless the workspace allows them, which then must be installed already; wheels of pure
Python are imported from where they are."""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Sequence
from importlib import metadata


class Refused(Exception):
    """Something that the local workspace does not do."""


_REQUIREMENT = re.compile(
    r"^([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?(?:==([^,;\s]+)|([<>~!=].*))?$"
)


def pip(line: str, allowed: Sequence[str]) -> None:
    """`install a b==1.2`: nothing happens when each is allowed and there in that version. Raises Refused."""
    words = shlex.split(line)
    if not words or words[0] != "install":
        raise Refused(f"%pip {line}: only 'install' is supported by the local workspace.")
    for word in words[1:]:
        if word in ("-q", "-qqq", "--quiet", "-U", "--upgrade"):
            continue
        install(word, allowed)
    print(
        "Note: you may need to restart the kernel using %restart_python or dbutils.library.restartPython()"
    )


def install(requirement: str, allowed: Sequence[str]) -> None:
    """A requirement of pip, or the path of a wheel below /Workspace or /Volumes. Raises Refused."""
    if requirement.endswith(".whl"):
        _wheel(requirement)
        return
    found = _REQUIREMENT.match(requirement)
    if not found or _canonical(found.group(1)) not in {_canonical(name) for name in allowed}:
        raise Refused(
            f"%pip install {requirement}: not on the local workspace's list of allowed packages."
        )
    name, wanted, other = found.groups()
    if other:
        raise Refused(
            f"%pip install {requirement}: only '==' is understood by the local workspace."
        )
    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        raise Refused(
            f"%pip install {requirement}: the package is allowed but not installed."
        ) from None
    if wanted and wanted != version:
        raise Refused(f"%pip install {requirement}: installed is version {version}.")


def _wheel(path: str) -> None:
    """Puts a wheel on the import path, as the zip file that it is."""
    path = path.removeprefix("dbfs:")
    if not os.path.isfile(path):
        raise Refused(f"{path}: no such wheel.")
    if not path.endswith("-none-any.whl"):
        raise Refused(
            f"{path}: only wheels of pure Python (none-any) are supported by the local workspace."
        )
    # the import system opens files by itself: the place that `open` found, where /Volumes is but patched in
    with open(path, "rb") as file:
        where = os.path.realpath(f"/proc/self/fd/{file.fileno()}")
    sys.path.insert(1, where if os.path.isfile(where) else path)


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
