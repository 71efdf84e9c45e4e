"""libbldr as a stranger meets it: only public names, and a program that builds against the installed copy."""

import os
import re
import subprocess
from pathlib import Path

import pytest

BUILD = Path(os.environ["BLDR_BUILD"])

PROGRAM = """
#include <bldr/error.h>
#include <stdio.h>

int main(void)
{
	puts(bldr_error_name(BLDR_E_LOCKED));
	return 0;
}
"""


def run(*command: str | Path, **env: str) -> str:
    done = subprocess.run(
        [str(word) for word in command],
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def sanitizer_flags() -> list[str]:
    cache = (BUILD / "CMakeCache.txt").read_text()
    found = re.search(r"^BLDR_SANITIZE:STRING=(.+)$", cache, re.M)
    return [f"-fsanitize={found[1]}"] if found else []


def test_only_public_names_are_visible() -> None:
    names = run("nm", "-D", "--defined-only", "--format=posix", BUILD / "libbldr.so").splitlines()
    # asan marks each public variable with a symbol of its own
    names = [line.split()[0] for line in names if not line.startswith("__odr_asan")]
    assert names
    assert [name for name in names if not name.startswith("bldr_")] == []


@pytest.mark.parametrize("kind", ["shared", "static"])
def test_a_program_builds_against_the_installed_library(kind: str, tmp_path: Path) -> None:
    prefix = tmp_path / "prefix"
    run("cmake", "--install", BUILD, "--prefix", prefix)
    (pc,) = prefix.rglob("bldr.pc")
    env = {"PKG_CONFIG_PATH": str(pc.parent)}
    # bldr.pc names the prefix of the configure step; --define-variable moves it as a package would
    ask = ["pkg-config", f"--define-variable=prefix={prefix}", "--cflags", "--libs"]
    words = run(*ask, "bldr", **env).split()
    if kind == "static":  # libbldr.a, with the system's shared libraries behind it
        behind = run("pkg-config", "--print-requires-private", "bldr", **env).split()
        words[words.index("-lbldr")] = "-l:libbldr.a"
        words += run("pkg-config", "--libs", *behind).split()
    (tmp_path / "main.c").write_text(PROGRAM)
    program = tmp_path / "main"
    run("cc", *sanitizer_flags(), "-o", program, tmp_path / "main.c", *words)
    assert run(program, LD_LIBRARY_PATH=str(pc.parent.parent)) == "LOCKED\n"
