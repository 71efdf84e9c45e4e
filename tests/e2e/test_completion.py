"""The completion script in a real bash: what a person who presses Tab is offered."""

import subprocess
from pathlib import Path

import pytest
from bldr import BIN, run

# Splits as bash does: "=" is a word of its own, and the last word may be empty.
SIMULATE = r"""
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
_bldr bldr "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\n' "${COMPREPLY[@]}"
"""


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("completion") / "bldr"
    done = run("completion", "bash")
    assert done.returncode == 0 and done.stderr == ""
    path.write_text(done.stdout)
    return path


def bash(*args: str | Path, cwd: Path | None = None) -> str:
    done = subprocess.run(
        ["bash", "--norc", "-u", "-c", *map(str, args)], capture_output=True, text=True, cwd=cwd
    )
    assert done.returncode == 0 and done.stderr == "", done.stderr
    return done.stdout


def offered(script: Path, *words: str, cwd: Path | None = None) -> set[str]:
    return set(bash(SIMULATE, "-", script, "bldr", *words, cwd=cwd).split())


def test_it_is_registered(script: Path) -> None:
    assert bash('source "$1"; complete -p bldr', "-", script).strip() == (
        "complete -o filenames -F _bldr bldr"
    )


def test_commands(script: Path) -> None:
    listed = {
        line.split()[0] for line in run("--help").stdout.splitlines() if line.startswith("  ")
    } - {"bldr"}
    assert "runs" in listed
    assert offered(script, "") == listed
    assert offered(script, "ru") == {"run", "runs"}
    assert offered(script, "runs", "") == {
        "list",
        "show",
        "resume",
        "approve",
        "redesign",
        "reject",
    }
    assert offered(script, "runs", "re") == {"resume", "redesign", "reject"}
    assert offered(script, "nothing", "") == set()


def options(*command: str) -> set[str]:
    """From --help, which a person reads."""
    text = run(*command, "--help").stdout.split("options:")[1].split("examples:")[0]
    return {word for word in text.replace(",", " ").split() if word.startswith("--")}


@pytest.mark.parametrize(
    "command",
    [
        ["run"],
        ["plan"],
        ["profile"],
        ["runs", "list"],
        ["runs", "resume"],
        ["trace"],
        ["score"],
        ["config"],
        ["graph", "draw"],
        ["workspace", "start"],
        ["workspace", "stop"],
    ],
)
def test_options_are_those_of_help(script: Path, command: list[str]) -> None:
    assert offered(script, *command, "--") == options(*command)


def test_values(script: Path, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "days.csv").touch()
    assert offered(script, "run", "--dur") == {"--durability"}
    assert offered(script, "run", "--durability", "") == {"normal", "full"}
    assert offered(script, "run", "--durability", "=", "f") == {"full"}
    assert offered(script, "run", "--durability", "=") == {"normal", "full"}
    assert offered(script, "run", "--source-dir", "da", cwd=tmp_path) == {"data"}
    assert offered(script, "run", "--config", "da", cwd=tmp_path) == {"data", "days.csv"}
    assert offered(script, "run", "--workers", "") == set()
    assert offered(script, "run", "--json", "--prog") == {"--progress"}


def test_wrong_use() -> None:
    assert run("completion", "fish").returncode == 2
    assert run("completion").returncode == 2


def test_real_tab(script: Path, tmp_path: Path) -> None:
    """An interactive bash on a pseudo-terminal: a Tab completes the word."""
    program = f'cd {tmp_path}; PATH={Path(BIN).parent}:$PATH; source "{script}"\n'
    typed = program + "bldr runs resu\t --outp\tx/y > out\nexit\n"
    done = subprocess.run(
        ["script", "-qec", "bash --norc --noprofile -i", "/dev/null"],
        input=typed,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert 'no runs in "x/y"' in done.stdout, done.stdout
