"""How the cloud tells about an exception of a notebook: one line, and a traceback coloured for a terminal."""

from __future__ import annotations

import linecache
import traceback
from collections.abc import Callable
from types import TracebackType

RED, GREEN, CYAN, BLUE, END = "\x1b[0;31m", "\x1b[0;32m", "\x1b[0;36m", "\x1b[0;34m", "\x1b[0m"
CONTEXT = 2  # lines before and after the one that raised
ERROR_MAX = 20_000
CHAIN_MAX = 100  # causes of causes that are told


Redact = Callable[[str], str]


def error_line(error: BaseException, redact: Redact = str) -> str:
    """The exception as the last line of its traceback: `ValueError: no such thing`; `redact` comes before the cut."""
    name = type(error).__name__
    if isinstance(error, SyntaxError):
        text = "".join(traceback.format_exception_only(error)).strip().splitlines()[-1]
        where = f" ({error.filename}, line {error.lineno})" if error.filename else ""
        return text + where
    try:
        text = str(error)
    except Exception:
        text = "<exception str() failed>"
    return redact(f"{name}: {text}")[:ERROR_MAX] if text else name


def coloured(error: BaseException, is_own: str, redact: Redact = str) -> str:
    """The traceback with ANSI colours, frames of files that begin with `is_own` (the runner's) left out."""
    name = type(error).__name__
    rule = f"{RED}{'-' * 75}{END}"
    head = f"{RED}{name}{END}{'Traceback (most recent call last)':>{max(34, 75 - len(name))}}"
    parts = [rule, head]
    parts += _chain(error, is_own, redact, [])
    return "\n".join(parts)


def _chain(
    error: BaseException, is_own: str, redact: Redact, behind: list[BaseException]
) -> list[str]:
    """`behind` are those that `error` is a cause of: a cause may be one of them, or the chain may be endless."""
    parts: list[str] = []
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    known = [*behind, error]
    if before is not None and len(known) < CHAIN_MAX and not any(before is one for one in known):
        parts += _chain(before, is_own, redact, known)
        link = (
            "The above exception was the direct cause of the following exception:"
            if error.__cause__
            else "During handling of the above exception, another exception occurred:"
        )
        parts += ["", link, ""]
    parts += _frames(error.__traceback__, is_own)
    if isinstance(error, SyntaxError) and error.text is not None:
        parts.append(f"  File {GREEN}{error.filename}:{error.lineno}{END}")
        parts.append(f"    {error.text.rstrip()}")
        parts.append(" " * (3 + max(1, error.offset or 1)) + "^")
    name, _, text = error_line(error, redact).partition(": ")
    parts.append(f"{RED}{name}{END}" + (f": {text}" if text else ""))
    return parts


def _frames(where: TracebackType | None, is_own: str) -> list[str]:
    parts = []
    for frame, number in traceback.walk_tb(where):
        code = frame.f_code
        if code.co_filename.startswith(is_own):
            continue
        if code.co_name == "<module>":
            place = f"File {GREEN}{code.co_filename}, line {number}{END}"
        else:
            place = f"File {GREEN}{code.co_filename}:{number}{END}, in {CYAN}{code.co_name}{BLUE}(...){END}"
        lines = linecache.getlines(code.co_filename, frame.f_globals)
        parts.append(place)
        for line in range(max(1, number - CONTEXT), min(len(lines), number + CONTEXT) + 1):
            text = lines[line - 1].rstrip("\n")
            if line == number:
                parts.append(f"{GREEN}----> {line}{END} {text}")
            else:
                parts.append(f"{GREEN}      {line}{END} {text}")
        parts.append("")
    return parts
