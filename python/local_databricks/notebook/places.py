"""/Volumes and /Workspace for a notebook's process, though this machine has no such folders.

Where the kernel lets us, the process gets a mount namespace of its own, in which they are folders: then everything
sees them, programs that the notebook starts included. Elsewhere Python's own functions are patched: open, os, io,
pathlib, shutil and imports then work with such paths, but not what opens files by itself (sqlite3, pyarrow, child processes).
"""

from __future__ import annotations

import builtins
import ctypes
import functools
import io
import os
import sys
from collections.abc import Callable, Mapping
from importlib.machinery import PathFinder
from typing import Any

_NEWNS, _NEWUSER = 0x00020000, 0x10000000
_BIND, _REC, _PRIVATE = 4096, 16384, 1 << 18


def enter(roots: Mapping[str, str], scratch: str, how: str = "auto") -> str:
    """Makes each path of `roots` ("/Volumes") stand for a folder; "namespace" or "patched": the way it was done.

    `scratch` is an empty folder to mount on. `how` is "auto", or one of the two. The process must have one thread.
    """
    if how in ("auto", "namespace"):
        try:
            _namespace(roots, scratch)
            return "namespace"
        except OSError:
            if how == "namespace":
                raise
    patch(roots)
    return "patched"


def _namespace(roots: Mapping[str, str], scratch: str) -> None:
    """A copy of `/` on a tmpfs, each entry bound, and the roots beside them; then chroot. Raises OSError, in which
    case nothing but the mount namespace has changed."""
    _own_namespace()
    _mount(None, "/", None, _REC | _PRIVATE)
    _mount("tmpfs", scratch, "tmpfs", 0)
    for name in os.listdir("/"):
        if f"/{name}" not in roots:
            _mirror(f"/{name}", f"{scratch}/{name}")
    for path, folder in roots.items():
        os.makedirs(scratch + path)
        _mount(folder, scratch + path, None, _BIND | _REC)
    os.chroot(scratch)
    os.chdir("/")


def _own_namespace() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_NEWNS) == 0:
        return
    user, group = os.geteuid(), os.getegid()
    if libc.unshare(_NEWUSER | _NEWNS) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{user} {user} 1"),
        ("gid_map", f"{group} {group} 1"),
    ):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)


def _mirror(path: str, copy: str) -> None:
    if os.path.islink(path):
        os.symlink(os.readlink(path), copy)
    elif os.path.isdir(path):
        os.mkdir(copy)
        _mount(path, copy, None, _BIND | _REC)
    else:
        os.close(os.open(copy, os.O_CREAT | os.O_WRONLY))
        _mount(path, copy, None, _BIND)


def _mount(source: str | None, target: str, kind: str | None, flags: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    texts = [text.encode() if text is not None else None for text in (source, target, kind)]
    if libc.mount(*texts, ctypes.c_ulong(flags), None) != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"mount: {os.strerror(error)}", target)


# How many of a function's first arguments are paths.
_PATHS = {
    "open": 1,
    "stat": 1,
    "lstat": 1,
    "listdir": 1,
    "scandir": 1,
    "mkdir": 1,
    "rmdir": 1,
    "unlink": 1,
    "remove": 1,
    "rename": 2,
    "replace": 2,
    "link": 2,
    "access": 1,
    "chmod": 1,
    "utime": 1,
    "truncate": 1,
    "readlink": 1,
    "chdir": 1,
    "statvfs": 1,
    "chown": 1,
    "listxattr": 1,
    "getxattr": 1,
    "setxattr": 1,
    "removexattr": 1,
}


def patch(roots: Mapping[str, str]) -> None:
    """Makes Python's functions for files take paths below `roots` as those of the folders they stand for."""

    def real(path: Any) -> Any:
        text = os.fspath(path) if isinstance(path, str | os.PathLike) else None
        if not isinstance(text, str) or not text.startswith("/"):
            return path
        for front, folder in roots.items():
            if text == front or text.startswith(front + "/"):
                return folder + text[len(front) :]
        return path

    def wrapped(function: Callable[..., Any], count: int) -> Callable[..., Any]:
        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            changed = tuple(real(arg) for arg in args[:count]) + args[count:]
            named = {
                k: real(v) if k in ("path", "src", "dst", "file") else v for k, v in kwargs.items()
            }
            return function(*changed, **named)

        return call

    kinds = (os.supports_dir_fd, os.supports_fd, os.supports_follow_symlinks)
    for name, count in _PATHS.items():
        old = getattr(os, name)
        new = wrapped(old, count)
        setattr(os, name, new)
        for supported in kinds:
            if old in supported:
                supported.add(new)
    _patch_cwd(roots)
    _patch_symlink(real)
    sys.meta_path.append(_Finder(real))
    builtins.open = wrapped(builtins.open, 1)
    io.open = builtins.open


class _Finder:
    """Finds modules below the folders that paths of sys.path stand for: the import system opens files by itself."""

    def __init__(self, real: Callable[[Any], Any]) -> None:
        self._real = real

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """As an import asks for it."""
        asked = sys.path if path is None else path
        found = [self._real(entry) for entry in asked if self._real(entry) != entry]
        return PathFinder.find_spec(name, found, target) if found else None


def _patch_cwd(roots: Mapping[str, str]) -> None:
    getcwd = os.getcwd

    def where() -> str:
        text = getcwd()
        for front, folder in roots.items():
            if text == folder or text.startswith(folder + "/"):
                return front + text[len(folder) :]
        return text

    os.getcwd = where


def _patch_symlink(real: Callable[[Any], Any]) -> None:
    symlink = os.symlink

    def link(src: Any, dst: Any, *args: Any, **kwargs: Any) -> None:
        symlink(real(src), real(dst), *args, **kwargs)

    os.symlink = link
