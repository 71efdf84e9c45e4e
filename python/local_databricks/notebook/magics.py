"""%pip: refused unless the workspace allows the package, which then must be installed already."""

from __future__ import annotations

import re
import shlex
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
        _check(word, {_canonical(name) for name in allowed})
    print(
        "Note: you may need to restart the kernel using %restart_python or dbutils.library.restartPython()"
    )


def _check(requirement: str, allowed: set[str]) -> None:
    found = _REQUIREMENT.match(requirement)
    if not found or _canonical(found.group(1)) not in allowed:
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


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
