"""The configuration through the binary: layers, mistakes, and that each key is read by what it is for. The table, the
defaults, the schema, .env.example and the documentation say the same."""

import json
import os
import re
import resource
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from bldr import BIN, HOOKED, JAFFLE, ROOT

CLEAN = {k: v for k, v in os.environ.items() if not re.match("BLDR_|LOG_LEVEL|NO_COLOR", k)}
PRELOADED = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int syncs, threads;

int fdatasync(int fd)
{
	__atomic_add_fetch(&syncs, 1, __ATOMIC_SEQ_CST);
	return ((int (*)(int))dlsym(RTLD_NEXT, "fdatasync"))(fd);
}

int pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*f)(void *), void *p)
{
	__atomic_add_fetch(&threads, 1, __ATOMIC_SEQ_CST);
	return ((int (*)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *))
		dlsym(RTLD_NEXT, "pthread_create"))(t, a, f, p);
}

__attribute__((destructor)) static void tell(void)
{
	FILE *out = fopen(getenv("COUNTS"), "w");
	fprintf(out, "%d %d", syncs, threads);
	fclose(out);
}
"""


def bldr(
    cwd: Path, *args: str | Path, hook: str | None = None, **env: str
) -> subprocess.CompletedProcess[str]:
    program = [BIN] if hook is None else [HOOKED, hook]
    return subprocess.run(
        [*program, *map(str, args)],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=cwd,
        env={**CLEAN, **env},
    )


def config(cwd: Path, *args: str, **env: str) -> dict[str, Any]:
    done = bldr(cwd, "config", "--json", *args, **env)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def pair(values: dict[str, Any], key: str) -> tuple[Any, str]:
    return values[key]["value"], values[key]["origin"]


def test_layers(tmp_path: Path) -> None:
    (tmp_path / "bldr.config.json").write_text(
        '{ // ours\n"workers": 1, "rounds": 1,\n"log": {"level": "off", "file": "x"},\n'
        '"output": "o",\n}\n'
    )
    (tmp_path / ".env").write_text("BLDR_ROUNDS=2\nexport LOG_LEVEL='error'\nBLDR_PROGRESS=none\n")
    found = config(tmp_path, "--progress", "plain", LOG_LEVEL="debug", BLDR_PROGRESS="auto")
    assert pair(found, "durability") == ("normal", "default")
    assert pair(found, "workers") == (1, "bldr.config.json:2")
    assert pair(found, "log.file") == ("x", "bldr.config.json:3")
    assert pair(found, "output") == ("o", "bldr.config.json:4")
    assert pair(found, "rounds") == (2, ".env:1")
    assert pair(found, "log.level") == ("debug", "LOG_LEVEL")
    assert pair(found, "progress") == ("plain", "--progress")
    text = bldr(tmp_path, "config").stdout
    assert re.search(r'^log\.level +"error" +\.env:2 +LOG_LEVEL$', text, re.M)


def test_another_file(tmp_path: Path) -> None:
    (tmp_path / "bldr.config.json").write_text('{"workers": 1, "rounds": 1}')
    (tmp_path / "other.json").write_text('{"workers": 2}')
    found = config(tmp_path, "--config", "other.json")
    assert pair(found, "workers") == (2, "other.json:1")
    assert pair(found, "rounds") == (3, "default")
    done = bldr(tmp_path, "config", "--config", "gone.json")
    assert done.returncode == 2 and "gone.json" in done.stderr


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("bldr.config.json", '{\n"wokers": 1}', 'bldr.config.json:2: unknown key "wokers", did'),
        ("bldr.config.json", '{"log": {"level": "loud"}}', 'bldr.config.json:1: "log.level"'),
        ("bldr.config.json", '{"workers": ', "bldr.config.json: line 1"),
        (".env", "\nBLDR_WORKRES=1", 'did you mean "BLDR_WORKERS"?'),
        (".env", "BLDR_ROUNDS=101", '.env:1: "rounds": expected an integer from 1 to 100'),
    ],
)
@pytest.mark.parametrize("command", ["config", "doctor", "runs list", "run --source-dir ."])
def test_mistakes(tmp_path: Path, name: str, text: str, said: str, command: str) -> None:
    (tmp_path / name).write_text(text)
    done = bldr(tmp_path, *command.split())
    assert done.returncode == 2 and said in done.stderr, done.stderr
    assert not (tmp_path / "output").exists()


def test_output_is_read_by_all(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("BLDR_OUTPUT=here\n")
    assert bldr(tmp_path, "run", "--source-dir", JAFFLE).returncode == 0
    assert (tmp_path / "here/bldr.db").exists()
    assert len(json.loads(bldr(tmp_path, "runs", "list", "--json").stdout)) == 1
    assert bldr(tmp_path, "runs", "show").returncode == 0
    assert bldr(tmp_path, "trace", "latest", "fact_payment", "1").returncode == 0
    (tmp_path / "truth.json").write_text(
        '{"tables": {}, "fks": [], "facts": [], "dims": [], "bridges": []}'
    )
    assert bldr(tmp_path, "score", "--truth", "truth.json", "latest").returncode == 0
    assert '"here/bldr.db": ok' in bldr(tmp_path, "doctor").stdout


@pytest.fixture(scope="module")
def counter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("counter")
    (folder / "count.c").write_text(PRELOADED)
    subprocess.run(
        ["cc", "-shared", "-fPIC", "-o", folder / "count.so", folder / "count.c", "-ldl"],
        check=True,
    )
    return folder / "count.so"


def counts(cwd: Path, counter: Path, *args: str) -> tuple[int, int]:
    """How often a run calls fdatasync, and how many threads it starts."""
    done = bldr(
        cwd,
        "run",
        "--source-dir",
        JAFFLE,
        "--output",
        cwd,
        *args,
        LD_PRELOAD=str(counter),
        COUNTS=str(cwd / "counts"),
        ASAN_OPTIONS="verify_asan_link_order=0:detect_leaks=0",
    )
    assert done.returncode == 0, done.stderr
    syncs, threads = map(int, (cwd / "counts").read_text().split())
    return syncs, threads


def test_durability_and_workers(tmp_path: Path, counter: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    normal, many = counts(tmp_path / "a", counter, "--workers", "9")
    full, few = counts(tmp_path / "b", counter, "--workers", "2", "--durability", "full")
    assert many - few == 7
    # a run of jaffle_shop commits more than a dozen times
    assert full >= normal + 12


def test_rounds(tmp_path: Path) -> None:
    """The fault needs a second round; with one allowed it stays, and what was recorded holds on resume."""
    args = ("--source-dir", JAFFLE, "--json")
    done = bldr(tmp_path, "run", *args, "--rounds", "1", hook="plant=date_order")
    outcome = json.loads(done.stdout)
    assert (done.returncode, outcome["rounds"], outcome["verdict"]) == (1, 1, "findings")
    assert outcome["decisions"][-2]["reason"] == "the rounds are used up"
    done = bldr(tmp_path, "run", *args, BLDR_ROUNDS="2", hook="plant=date_order")
    outcome = json.loads(done.stdout)
    assert (done.returncode, outcome["rounds"], outcome["verdict"]) == (0, 2, "validated")


def test_progress(tmp_path: Path) -> None:
    done = bldr(tmp_path, "run", "--source-dir", JAFFLE, "--progress", "none")
    assert done.returncode == 0 and done.stderr == ""
    done = bldr(tmp_path, "run", "--source-dir", JAFFLE, "--json", "--progress", "plain")
    assert "analyst.discover" in done.stderr
    assert json.loads(done.stdout)["verdict"] == "validated"
    done = bldr(tmp_path, "run", "--source-dir", JAFFLE, "--json")
    assert "analyst.discover" not in done.stderr


def log_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_log_of_a_run(tmp_path: Path) -> None:
    log = ("--log-file", "log", "--log-format", "json")
    done = bldr(tmp_path, "run", "--source-dir", JAFFLE, "--json", *log)
    run = json.loads(done.stdout)["run"]
    started, ended = log_lines(tmp_path / "log")
    assert (started["event"], started["level"], started["run"]) == ("run.started", "info", run)
    assert (ended["event"], ended["verdict"], ended["exit_code"]) == ("run.ended", "validated", 0)
    assert ended["ms"] >= 0 and ended["time"] >= started["time"]
    assert "event" not in done.stderr

    (tmp_path / "log").unlink()
    bldr(tmp_path, "run", "--source-dir", JAFFLE, *log, "--log-level", "debug")
    found = events(tmp_path)
    assert found[0] == "run.started" and found[-1] == "run.ended"
    assert found.count("work.done") == 16  # 14 works, of which one for each of 3 tables


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    for path in JAFFLE.glob("*.csv"):
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


LOG = ("--log-file", "log", "--log-format", "json")


def paused(source: Path, cwd: Path) -> subprocess.Popen[bytes]:
    """A run that has stopped itself when the sources were known, and holds its locks."""
    process = subprocess.Popen(
        [HOOKED, "pause=10", "run", "--source-dir", str(source), *LOG],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=cwd,
        env=CLEAN,
    )
    status = Path(f"/proc/{process.pid}/status")
    deadline = time.monotonic() + 60
    while "State:\tT" not in status.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return process


def events(cwd: Path) -> list[str]:
    return [line["event"] for line in log_lines(cwd / "log")]


def test_log_of_a_locked_folder_and_a_resume(tmp_path: Path, source: Path) -> None:
    process = paused(source, tmp_path)
    locked = bldr(tmp_path, "run", "--source-dir", source, *LOG)
    process.kill()
    process.communicate()
    assert locked.returncode == 2
    assert events(tmp_path) == ["run.started", "journal.locked"]
    assert bldr(tmp_path, "runs", "resume", *LOG).returncode == 0
    assert events(tmp_path)[2:] == ["run.resumed", "run.ended"]


def test_log_of_failed_work(tmp_path: Path, source: Path) -> None:
    """A source that changes while the run stands still: who reads it next fails."""
    process = paused(source, tmp_path)
    with (source / "raw_orders.csv").open("a") as file:
        file.write("100,1,2018-04-09,placed\n")
    process.send_signal(signal.SIGCONT)
    process.communicate()
    assert process.returncode == 2
    lines = log_lines(tmp_path / "log")
    (work,) = [line for line in lines if line["event"] == "work.failed"]
    assert (work["level"], work["code"]) == ("warning", "CHANGED")
    assert "raw_orders.csv" in work["error"] and work["ms"] >= 0
    (failed,) = [line for line in lines if line["event"] == "run.failed"]
    assert failed["level"] == "error" and failed["run"] == work["thread"]
    assert lines[-1]["event"] == "run.ended" and lines[-1]["exit_code"] == 2


def test_log_of_a_failed_commit(tmp_path: Path) -> None:
    """A file that may not grow is a full disk; what was recorded before is whole."""
    limit = 250 << 10
    done = subprocess.run(
        [BIN, "run", "--source-dir", JAFFLE, *LOG],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=CLEAN,
        restore_signals=False,  # SIGXFSZ stays ignored
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    assert done.returncode == 3 and "runs resume" in done.stderr
    (failed,) = [line for line in log_lines(tmp_path / "log") if line["level"] == "error"]
    assert failed["event"] == "commit.failed" and "bldr.db" in failed["error"]
    assert bldr(tmp_path, "runs", "resume").returncode == 0


def test_log_level_of_the_environment(tmp_path: Path) -> None:
    quiet = ("run", "--source-dir", JAFFLE, "--progress", "none")
    assert "event=run.started" in bldr(tmp_path, *quiet, LOG_LEVEL="info").stderr
    assert bldr(tmp_path, *quiet, LOG_LEVEL="warning").stderr == ""
    done = bldr(tmp_path, *quiet, "--log-file", "/nowhere/log")
    assert done.returncode == 3 and "/nowhere/log" in done.stderr


# One table, told five times.


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return config(tmp_path_factory.mktemp("nothing"))


def schema() -> Any:
    return json.loads((ROOT / "schemas/config.schema.json").read_text())


def flat(properties: dict[str, Any], above: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, item in properties.items():
        if "properties" in item:
            found |= flat(item["properties"], f"{above}{name}.")
        else:
            found[above + name] = item
    return found


def nested(key: str, value: Any) -> Any:
    for name in reversed(key.split(".")):
        value = {name: value}
    return value


def test_schema_has_the_keys_of_the_table(table: dict[str, Any]) -> None:
    jsonschema.Draft202012Validator.check_schema(schema())
    found = flat(schema()["properties"])
    assert set(found) == set(table)
    for key, item in found.items():
        assert item["description"] == table[key]["help"], key


def values() -> list[tuple[str, Any]]:
    """Values at and beyond each edge that the schema states, and some of another type."""
    found: list[tuple[str, Any]] = []
    for key, item in flat(schema()["properties"]).items():
        tried: list[Any] = [None, True, 1.5, [], {}, "", "x", 0, -1, "NORMAL"]
        tried += item.get("enum", [])
        if "minimum" in item:
            low, high = item["minimum"], item["maximum"]
            tried += [low, low - 1, high, high + 1, str(low)]
        if "maxLength" in item:
            tried += ["x" * item["maxLength"], "x" * (item["maxLength"] + 1)]
        found += [(key, value) for value in tried if not (key == "log.file" and value)]
    return found


def test_schema_accepts_what_the_program_accepts(tmp_path: Path) -> None:
    validator = jsonschema.Draft202012Validator(schema())
    accepted = 0
    for key, value in values():
        (tmp_path / "try.json").write_text(json.dumps(nested(key, value)))
        done = bldr(tmp_path, "config", "--config", "try.json")
        assert (done.returncode == 0) == validator.is_valid(nested(key, value)), (key, value)
        accepted += done.returncode == 0
    assert accepted > 20


def test_defaults_are_those_documented(table: dict[str, Any]) -> None:
    text = (ROOT / "config/default.json").read_text()
    strict = re.sub(r" *//[^\n]*", "", text)
    jsonschema.Draft202012Validator(schema()).validate(json.loads(strict))
    example = dict(
        line[1:].split("=", 1)
        for line in (ROOT / ".env.example").read_text().splitlines()
        if re.match(r"#[A-Z_]+=", line)
    )
    assert example == {item["environment"]: str(item["value"]) for item in table.values()}
    rows = {
        cells[0].strip("`"): cells
        for line in (ROOT / "docs/configuration.md").read_text().splitlines()
        if line.startswith("| `") and len(cells := line.strip("| ").split(" | ")) == 6
    }
    assert set(rows) == set(table)
    for key, (_, default, _, environment, option, what) in rows.items():
        item = table[key]
        assert default.strip("`").replace("(empty)", "") == str(item["value"]), key
        assert (environment.strip("`"), option.strip("`")) == (item["environment"], item["option"])
        assert what == item["help"]
