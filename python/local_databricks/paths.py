"""Paths that strangers send: split into parts that cannot leave the folder they are joined to."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote_to_bytes

from local_databricks.errors import invalid

NAME_MAX = 255  # bytes of one part, as file systems have it
PATH_MAX = 4096  # bytes of the whole path


def parts(text: str) -> tuple[str, ...]:
    """The parts of an absolute path; empty ones (`//`, a `/` at the end) are left out. `/` has none.

    Raises ApiError (400) when it is relative, has a part `.` or `..`, a NUL or control character, text that is not
    Unicode, or is too long.
    """
    if not isinstance(text, str) or not text.startswith("/"):
        raise invalid(f"Path ({_shown(text)}) must be absolute: it begins with '/'.")
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise invalid(f"Path ({_shown(text)}) is not valid Unicode.") from None
    if size > PATH_MAX:
        raise invalid(f"Path ({_shown(text)}) is longer than {PATH_MAX} bytes.")
    found = tuple(part for part in text.split("/") if part)
    for part in found:
        if part in (".", ".."):
            raise invalid(f"Path ({_shown(text)}) must not have '.' or '..' in it.")
        if any(ord(character) < 32 or ord(character) == 127 for character in part):
            raise invalid(f"Path ({_shown(text)}) has a control character.")
        if len(part.encode()) > NAME_MAX:
            raise invalid(f"Path ({_shown(text)}) has a name longer than {NAME_MAX} bytes.")
    return found


def below(root: Path, segments: Sequence[str]) -> Path:
    """The file below `root` that `segments` (from `parts`) name.

    Raises ApiError (400) when a symbolic link on the way leads out of `root`.
    """
    path = root.joinpath(*segments)
    real, real_root = os.path.realpath(path), os.path.realpath(root)
    if real != real_root and not real.startswith(real_root + os.sep):
        raise invalid(f"Path (/{_shown('/'.join(segments))}) leads out of the workspace.")
    return path


def from_url(raw: bytes) -> str:
    """The text of a percent-encoded part of a URL. Raises ApiError (400) when the bytes are not UTF-8."""
    try:
        return unquote_to_bytes(raw).decode()
    except UnicodeDecodeError:
        raise invalid("The path in the URL is not valid UTF-8.") from None


def _shown(text: object) -> str:
    """For a message: without what a terminal or a JSON encoder trips over, and not endless."""
    clean = "".join(c if c.isprintable() else "?" for c in str(text))
    return clean if len(clean) <= 200 else clean[:200] + "..."
