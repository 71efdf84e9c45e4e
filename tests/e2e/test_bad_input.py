"""The bad-input table: what strangers put into a folder beside two good files, and what bldr says and keeps of it.

Promise: each case ends in a clear error, in a file that is left out with the reason, or in records that are set
aside; the good files are loaded all the same and no record is lost. The numbers of records and the lines are by
hand; bytes, hashes and totals are Python's. Shown by: .venv/bin/python -m pytest -v tests/e2e/test_bad_input.py
"""

import csv
import gzip
import hashlib
import json
import os
import resource
import shutil
import signal
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from bldr import BIN, HOOKED, run

Done = subprocess.CompletedProcess[str]
RAW_KEPT = 4096  # bytes of a record that the quarantine shows
LONG = 100_000_000
ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="needs root for a moment")


def lines(*records: str) -> bytes:
    return "".join(f"{r}\n" for r in records).encode()


GOOD = {
    "shops.csv": lines("shop_id,name", *(f"{i},Shop {i}" for i in range(1, 6))),
    "sales.csv": lines(
        "sale_id,shop_id,amount", *(f"{i},{i % 5 + 1},{i}.50" for i in range(1, 41))
    ),
}


@dataclass
class Aside:
    """A record that is set aside: where it begins, its bytes in the file's text, and why."""

    line: int
    raw: bytes
    reason: str


@dataclass
class Case:
    """What lies beside the good files, and what must come of it."""

    name: str
    files: dict[str, bytes | Callable[[], bytes]] = field(default_factory=dict)
    make: Callable[[Path], None] | None = None
    exit: int = 0
    said: list[str] = field(default_factory=list)
    records: dict[str, int] = field(default_factory=dict)  # of the files that are read
    aside: dict[str, list[Aside]] = field(default_factory=dict)
    columns: dict[str, list[str]] = field(default_factory=dict)  # of tables, as they are named
    noted: list[str] = field(default_factory=list)  # of the file beside the good ones
    encoding: str = "utf-8"  # of the files in aside
    good: bool = True  # the good files are there


def nested(depth: int) -> str:
    return '{"a":' * depth + "1" + "}" * depth


def outside(folder: Path) -> None:
    (folder.parent / "secret.csv").write_bytes(lines("id,word", "1,swordfish"))
    (folder / "link.csv").symlink_to("../secret.csv")
    (folder / "gone.csv").symlink_to("nowhere.csv")


def specials(folder: Path) -> None:
    os.mkfifo(folder / "pipe.csv")
    if os.geteuid() == 0:
        os.mknod(folder / "device.csv", 0o20666, os.makedev(1, 3))
    else:
        (folder / "device.csv").mkdir()


def name_not_utf8(folder: Path) -> None:
    (Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.csv"))).write_bytes(lines("a,b", "1,2"))


def ten_thousand(folder: Path) -> None:
    for i in range(10_000):
        (folder / f"part{i:05}.csv").write_bytes(lines("a,b", "1,2"))


def long_names(folder: Path) -> None:
    for i in range(400):
        (folder / f"{i:03}{'x' * 243}.csv").write_bytes(lines("a,b", "1,2"))


def damaged() -> bytes:
    packed = bytearray(gzip.compress(lines("id,n", *(f"{i},{i * 7 % 11}" for i in range(999)))))
    packed[len(packed) // 2] ^= 0xFF
    return bytes(packed)


def bomb() -> bytes:
    """300 MiB of zeros in 300 kB."""
    return gzip.compress(b"a,b\n" + b"0,0\n" * (300 << 18), 9)


LONG_LINE = b'2,"' + b"x" * LONG + b'"'
MIXED = ["1,Zoë", "2,René", "3,Anaïs", "4,Bob"]
JSON_LEFT = '{"event_id":3,"n" 4},{"event_id":4,"n":5}]'

CASES = [
    Case(
        "an empty directory",
        exit=2,
        said=["holds no file that is read", "put the raw files there or name another folder"],
        good=False,
    ),
    Case(
        "a binary file",
        {"picture.csv": b"\x89PNG\r\n\x1a\n" + bytes(range(256))},
        said=['not read: "picture.csv" (binary: a picture)'],
    ),
    Case(
        "a binary file that nobody knows",
        {"blob.csv": hashlib.shake_256(b"seed").digest(5000)},
        said=['not read: "blob.csv" (binary: not text)'],
    ),
    Case("a header only", {"notes.csv": lines("note_id,text")}, records={"notes.csv": 0}),
    Case(
        "an empty file",
        {"notes.csv": b""},
        said=['not read: "notes.csv" (empty: it has no header)'],
    ),
    Case(
        "a gzip file of no bytes",
        {"notes.csv.gz": b""},
        said=['not read: "notes.csv.gz" (empty: it has no header)'],
    ),
    Case(
        "column names twice",
        {"notes.csv": lines("note_id,text,Text,text", "1,a,b,c", "2,d,e,f")},
        noted=[
            'column 3 is named "Text" as another is: it is Text_2',
            'column 4 is named "text" as another is: it is text_3',
        ],
        records={"notes.csv": 2},
        columns={"notes": ["note_id", "text", "Text_2", "text_3"]},
    ),
    Case(
        "empty column names",
        {"notes.csv": lines("note_id,, ,text", "1,a,b,c", "2,d,e,f")},
        noted=[
            "column 2 has no name in the header: it is column_2",
            "column 3 has no name in the header: it is column_3",
        ],
        records={"notes.csv": 2},
        columns={"notes": ["note_id", "column_2", "column_3", "text"]},
    ),
    Case(
        "ragged rows",
        {"notes.csv": lines("note_id,text", *(f"{i},n{i}" for i in range(60)), "60", "61,a,b")},
        said=["warning: R1 notes: 2 of 62 records rejected"],
        records={"notes.csv": 62},
        aside={
            "notes.csv": [
                Aside(62, b"60", "1 field where the header has 2"),
                Aside(63, b"61,a,b", "3 fields where the header has 2"),
            ]
        },
    ),
    Case(
        "an unterminated quote",
        {"notes.csv": lines("note_id,text", '1,"a, b"', '2,"b', "3,c", "4,d")},
        said=["warning: R1 notes: 1 of 4 records rejected: a quote is never closed (line 3)"],
        records={"notes.csv": 4},
        aside={"notes.csv": [Aside(3, b'2,"b', "a quote that is never closed")]},
    ),
    Case(
        "an unterminated quote before another quote",  # which closes it: one record of three lines
        {"notes.csv": lines("note_id,text", '1,"a, b"', '2,"b', "3,c", '4,"d, e"', "5,f")},
        said=["warning: R1 notes: 1 of 3 records rejected: text follows a closing quote (line 3)"],
        records={"notes.csv": 3},
        aside={"notes.csv": [Aside(3, b'2,"b\n3,c\n4,"d, e"', "text behind a closing quote")]},
    ),
    Case(
        "a single quote where nothing is quoted",  # a letter as any other
        {"notes.csv": lines("note_id,text", "1,a", '2,"b', "3,c")},
        records={"notes.csv": 3},
    ),
    Case(
        "a line of 100 MB",
        {"notes.csv": lambda: lines("note_id,text", "1,a") + LONG_LINE + b"\n3,b\n"},
        said=["warning: R1 notes: 1 of 3 records rejected: longer than 16 MB (line 3)"],
        records={"notes.csv": 3},
        aside={"notes.csv": [Aside(3, LONG_LINE, "longer than 16777216 bytes")]},
    ),
    Case(
        "NUL bytes",
        {"notes.csv": lines("note_id,text", "1,a", "2,b\0c", "3,d")},
        said=["warning: R1 notes: 1 of 3 records rejected: a NUL byte (line 3)"],
        records={"notes.csv": 3},
        aside={"notes.csv": [Aside(3, b"2,b\0c", "a NUL byte")]},
    ),
    Case(
        "a NUL byte in the header",
        {"notes.csv": b"note_id,te\0xt\n1,a\n"},
        said=['not read: "notes.csv" (its header in line 1 cannot be read: a NUL byte)'],
    ),
    Case(
        "mixed encodings",
        {
            "people.csv": lines("person_id,name", *MIXED)
            + "5,Jürgen\n".encode("cp1252")
            + lines("6,Eve")
        },
        said=["warning: R1 people: 1 of 6 records rejected: not UTF-8 (line 6)"],
        records={"people.csv": 6},
        aside={"people.csv": [Aside(6, "5,Jürgen".encode("cp1252"), "not valid UTF-8")]},
    ),
    Case(
        "UTF-16 that ends in half a character",
        {"notes.csv": lines("note_id,text", "1,a", "2,b", "3,c").decode().encode("utf-16")[:-1]},
        said=["warning: R1 notes: 1 of 3 records rejected: not utf-16le (line 4)"],
        records={"notes.csv": 3},
        # the odd last byte of the cut line end stays, as a byte that is no UTF-8
        aside={"notes.csv": [Aside(4, b"3,c\xff", "not valid UTF-8")]},
        encoding="utf-16",
    ),
    Case(
        "5,000 columns",
        {
            "wide.csv": lines(
                ",".join(f"c{i}" for i in range(5000)),
                *(",".join(str(r * i % 7) for i in range(5000)) for r in range(3)),
            )
        },
        said=[
            "warning: V1 wide unused: 3 records of wide.csv are in no table: 5000 columns: a table of the warehouse "
            "holds at most 2000",
            "split the file",
        ],
    ),
    Case(
        "10,001 columns",
        {"wide.csv": lines(",".join(f"c{i}" for i in range(10_001)), ",".join(["1"] * 10_001))},
        said=['not read: "wide.csv" (more than 10000 columns)'],
    ),
    Case(
        "10,000 files",
        make=ten_thousand,
        exit=2,
        said=["holds 10002 files that are read, but at most 500", "name a folder with fewer"],
    ),
    Case(
        "400 files with long names",
        make=long_names,
        exit=2,
        said=["the names of the 402 files", "have 100018 bytes, but at most 60000", "shorten them"],
    ),
    Case(
        "symbolic links out of the directory and to nowhere",
        make=outside,
        said=[
            'not read: "link.csv" (a symbolic link that leads out of the source folder: copy the '
            "file into it)",
            'not read: "gone.csv" (a symbolic link that leads nowhere)',
        ],
    ),
    Case(
        "a FIFO and a device",
        make=specials,
        said=[
            'not read: "pipe.csv" (not a regular file)',
            'not read: "device.csv" (not a regular file)',
        ],
    ),
    Case(
        "a file name that is not UTF-8",
        make=name_not_utf8,
        said=['not read: "caf\ufffd.csv" (its name is not valid UTF-8: rename it)'],
    ),
    Case(
        "damaged gzip",
        {"notes.csv.gz": damaged()},
        said=['"notes.csv.gz" cannot be unpacked: its gzip data is damaged'],
    ),
    Case(
        "gzip that ends too early",
        {"notes.csv.gz": gzip.compress(lines("id,n", "1,2"))[:-9]},
        said=['"notes.csv.gz" cannot be unpacked: its gzip data ends too early'],
    ),
    Case(
        "a gzip bomb",
        {"bomb.csv.gz": bomb},
        said=[
            '"bomb.csv.gz" cannot be unpacked: it would take more than 268435456 bytes and 200 '
            "times its own size"
        ],
    ),
    Case(
        "dates that stand for never",  # most rows have one, and yet the days in use decide
        {
            "visits.csv": lines(
                "visit_id,shop_id,began_on,ended_on",
                *(f"{i},{i % 5 + 1},2024-01-{i:02},9999-12-31" for i in range(1, 26)),
                "26,1,2024-02-01,2024-02-03",
                "27,2,0001-01-01,2024-02-04",
            )
        },
        said=[
            "warning: K5 fact_visit.began_on_key: of 27 rows unknown (-1): 1 (3.70 %)",
            "warning: K5 fact_visit.ended_on_key: of 27 rows unknown (-1): 25 (92.59 %)",
            "dim_date                                366 rows",
        ],
        records={"visits.csv": 27},
    ),
    Case(
        "JSON that breaks in the middle",
        {"events.json": b'[{"event_id":1,"n":2},{"event_id":2,"n":3},' + JSON_LEFT.encode()},
        said=[
            "warning: R1 events: 1 of 3 records rejected: the JSON array is broken here (line 1)"
        ],
        # what is behind the break cannot be told apart: one record
        records={"events.json": 3},
        aside={
            "events.json": [
                Aside(1, JSON_LEFT.encode(), "the array breaks here: a colon is missing")
            ]
        },
    ),
    Case(
        "a JSON record nested 100 deep",
        {
            "events.jsonl": lines(
                '{"event_id":1,"v":1}',
                f'{{"event_id":2,"v":{nested(99)}}}',
                '{"event_id":3,"v":3}',
            )
        },
        said=["warning: R1 events: 1 of 3 records rejected: deeper than 64 (line 2)"],
        records={"events.jsonl": 3},
        aside={
            "events.jsonl": [
                Aside(
                    2, f'{{"event_id":2,"v":{nested(99)}}}'.encode(), "more than 64 brackets deep"
                )
            ]
        },
    ),
]


def write(case: Case, folder: Path) -> Path:
    folder.mkdir()
    for name, data in {**(GOOD if case.good else {}), **case.files}.items():
        (folder / name).write_bytes(data if isinstance(data, bytes) else data())
    if case.make is not None:
        case.make(folder)
    return folder


def warehouse(output: Path) -> sqlite3.Connection:
    (path,) = output.rglob("warehouse.db")
    return sqlite3.connect(f"file:{path}?mode=ro", uri=True)


def check_good_files(db: sqlite3.Connection) -> None:
    rows = list(csv.DictReader(GOOD["sales.csv"].decode().splitlines()))
    total = sum((Decimal(r["amount"]) for r in rows), Decimal(0))
    count, cents = db.execute("SELECT count(*), sum(amount_e2) FROM fact_sale").fetchone()
    assert (count, Decimal(cents) / 100) == (len(rows), total)
    orphans = "SELECT count(*) FROM fact_sale JOIN dim_shop USING (shop_key) WHERE shop_key < 0"
    assert db.execute(orphans).fetchone() == (0,)


def check_records(db: sqlite3.Connection, case: Case) -> None:
    """Loaded + quarantined + duplicates = records, per file; and what is set aside is kept as it stands."""
    layers = {
        path: (read, loaded, rejected, duplicates)
        for path, read, loaded, rejected, duplicates in db.execute(
            "SELECT path, read, loaded, rejected, duplicates FROM bldr_layer"
        )
    }
    records = {"sales.csv": 40, "shops.csv": 5, **case.records}
    aside = {path: len(case.aside.get(path, [])) for path in records}
    assert layers == {p: (n, n - aside[p], aside[p], 0) for p, n in records.items()}
    kept = "SELECT path, line, byte_offset, raw, hash, kind FROM bldr_quarantine ORDER BY 1, 2"
    assert db.execute(kept).fetchall() == [
        (path, a.line, offset, shown(a.raw), hashlib.blake2b(a.raw, digest_size=32).hexdigest(), k)
        for path in sorted(case.aside)
        for a, offset in placed(case, path)
        for k in ["unreadable"]
    ]
    reasons = db.execute("SELECT reason FROM bldr_quarantine ORDER BY path, line").fetchall()
    expected = [a.reason for path in sorted(case.aside) for a in case.aside[path]]
    assert [reason for (reason,) in reasons] == expected


def shown(raw: bytes) -> str:
    return raw[:RAW_KEPT].decode(errors="replace").replace("\0", "\ufffd")


def placed(case: Case, path: str) -> Iterator[tuple[Aside, int]]:
    """Each record with the offset of its first byte in the file's text."""
    data = case.files[path]
    text = data if isinstance(data, bytes) else data()
    if case.encoding == "utf-16":  # the mark counts as the three bytes of its UTF-8
        text = text[:-1].decode("utf-16").encode("utf-8-sig") + b"\xff"
    for a in case.aside[path]:
        offset = text.index(a.raw)
        if path.endswith(".csv"):
            assert text[:offset].count(b"\n") == a.line - 1
        yield a, offset


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "-"))
def test_bad_input(case: Case, tmp_path: Path) -> None:
    source, output = write(case, tmp_path / "source"), tmp_path / "out"
    done = run("run", "--source-dir", source, "--output", output, "--progress", "none")
    told = done.stdout + done.stderr
    assert done.returncode == case.exit, told
    for words in case.said:
        assert words in told
    if case.exit != 0:
        assert str(source) in told and not list(output.rglob("warehouse.db"))
        return
    assert done.stdout.startswith("validated: ")
    with warehouse(output) as db:
        check_good_files(db)
        check_records(db, case)
    (sources,) = output.glob("*/artefacts/sources.v1.json")
    files = json.loads(sources.read_text())["files"]
    named = {f["table"]: f["columns"] for f in files}
    for table, columns in case.columns.items():
        assert named[table] == columns
    notes = [note for f in files for note in f.get("notes", [])]
    assert [n for n in notes if n in case.noted] == case.noted
    # bad input is deterministic input: the secret beside the folder is in no file of the run
    for path in output.rglob("*"):
        assert not path.is_file() or b"swordfish" not in path.read_bytes()


# ---- the world beside the files: each ends as it must, and the run can be had afterwards ----


def good_folder(tmp_path: Path) -> Path:
    return write(Case("good"), tmp_path / "source")


def check_good_run(output: Path, *command: str | Path) -> None:
    done = run(*command, "--output", output, "--progress", "none")
    assert done.returncode == 0, done.stdout + done.stderr
    with warehouse(output) as db:
        check_good_files(db)
        check_records(db, Case("good"))


def as_nobody(tmp_path: Path, *args: str | Path) -> Done:
    """bldr as a user without rights; the folders above are opened for it."""
    binary = tmp_path / "bldr"
    shutil.copy(BIN, binary)
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == os.getuid() and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o011)
    become: dict[str, Any] = (
        {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.getuid() == 0 else {}
    )
    return subprocess.run(
        [binary, *map(str, args)],
        capture_output=True,
        text=True,
        timeout=60,
        cwd="/",
        check=False,
        **become,
    )


def test_a_missing_directory(tmp_path: Path) -> None:
    done = run("run", "--source-dir", tmp_path / "nowhere", "--output", tmp_path / "out")
    assert done.returncode == 2
    assert f'source folder "{tmp_path}/nowhere": no such file or directory' in done.stderr
    assert not (tmp_path / "out").exists()


def test_an_unreadable_file(tmp_path: Path) -> None:
    source, output = good_folder(tmp_path), tmp_path / "out"
    output.mkdir()
    output.chmod(0o777)
    (source / "shops.csv").chmod(0o000)
    done = as_nobody(tmp_path, "run", "--source-dir", source, "--output", output)
    assert done.returncode == 3
    assert f'cannot read "{source}/shops.csv": permission denied' in done.stderr
    assert list(output.iterdir()) == []
    (source / "shops.csv").chmod(0o644)
    check_good_run(output, "run", "--source-dir", source)


@ROOT_ONLY
def test_an_output_that_may_not_be_written(tmp_path: Path) -> None:
    source, output = good_folder(tmp_path), tmp_path / "out"
    output.mkdir()
    output.chmod(0o555)
    done = as_nobody(tmp_path, "run", "--source-dir", source, "--output", output)
    assert done.returncode == 3
    assert str(output) in done.stderr and "ermission denied" in done.stderr
    assert list(output.iterdir()) == []


def test_a_second_run_on_a_locked_output(tmp_path: Path) -> None:
    source, output = good_folder(tmp_path), tmp_path / "out"
    with subprocess.Popen(
        [HOOKED, "pause=10", "run", "--source-dir", source, "--output", output],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as first:
        os.waitpid(first.pid, os.WUNTRACED)
        second = run("run", "--source-dir", source, "--output", output)
        first.send_signal(signal.SIGCONT)
        assert first.wait(timeout=60) == 0
    assert second.returncode == 2
    assert f"process {first.pid}" in second.stderr and "bldr.db" in second.stderr
    with warehouse(output) as db:
        check_records(db, Case("good"))


@pytest.mark.parametrize("event", [20, 40, 55])
def test_a_file_that_changes_while_it_is_read(tmp_path: Path, event: int) -> None:
    """The run fails and names the file; with the bytes as they were it goes on, with others a new one is told."""
    source, output = good_folder(tmp_path), tmp_path / "out"
    before = (source / "sales.csv").read_bytes()
    with subprocess.Popen(
        [HOOKED, f"pause={event}", "run", "--source-dir", source, "--output", output],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as first:
        _, status = os.waitpid(first.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status)
        with (source / "sales.csv").open("ab") as grows:
            grows.write(b"41,1,41.50\n")
        first.send_signal(signal.SIGCONT)
        told, _ = first.communicate(timeout=60)
    assert first.returncode == 2, told
    assert '"sales.csv"' in told and "changed since" in told
    refused = run("runs", "resume", "--output", output)
    assert refused.returncode == 2
    assert '"sales.csv" has changed since it was first read' in refused.stderr
    (source / "sales.csv").write_bytes(before)
    check_good_run(output, "runs", "resume")


@contextmanager
def small_disk(folder: Path, kilobytes: int) -> Iterator[bool]:
    """A disk of its own where this user may mount one. False: where not."""
    folder.mkdir()
    options = ["-o", f"size={kilobytes}k", "none", str(folder)]
    mounted = subprocess.run(["mount", "-t", "tmpfs", *options], capture_output=True, check=False)
    try:
        yield mounted.returncode == 0
    finally:
        if mounted.returncode == 0:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)


@ROOT_ONLY
@pytest.mark.parametrize("kilobytes", [64, 256, 400, 1000])
def test_a_full_disk(tmp_path: Path, kilobytes: int) -> None:
    """The disk is told with its file; with more room the run goes on, or a new one is started where none is recorded."""
    source, output = good_folder(tmp_path), tmp_path / "disk"
    with small_disk(output, kilobytes) as mounted:
        if not mounted:
            pytest.skip("no disk of its own can be mounted here")
        done = run("run", "--source-dir", source, "--output", output, "--progress", "none")
        told = done.stdout + done.stderr
        assert done.returncode == 3, told
        assert str(output) in told and ("full" in told or "o space left" in told)
        options = "remount,size=64m"
        subprocess.run(["mount", "-o", options, str(output)], check=True, capture_output=True)
        if "bldr runs resume" in told:
            check_good_run(output, "runs", "resume")
        else:
            assert "nothing of the run is recorded" in told or "bldr.db" in told
            check_good_run(output, "run", "--source-dir", source)


@pytest.mark.parametrize("limit", [2_000, 16_000, 165_000, 175_000])
def test_a_journal_that_cannot_grow(tmp_path: Path, limit: int) -> None:
    """No resume is offered of a run of which nothing is recorded; what is said is that writing failed."""
    source, output = good_folder(tmp_path), tmp_path / "out"
    done = run(
        *("run", "--source-dir", source, "--output", output, "--progress", "none"),
        restore_signals=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    told = done.stdout + done.stderr
    assert done.returncode == 3, told
    assert f'"{output}/bldr.db"' in told
    if limit > 100_000:  # below, the journal cannot even be looked at
        assert "cannot write" in told and "nothing of the run is recorded" in told
    assert "runs resume" not in told
    check_good_run(output, "run", "--source-dir", source)


def large_plain(source: Path) -> None:
    """A hole behind its first lines: it takes no room."""
    (source / "large.csv").write_bytes(lines("id,n", *(f"{i},{i % 9}" for i in range(50_000))))
    os.truncate(source / "large.csv", (1 << 30) + 1)


def large_unpacked(source: Path) -> None:
    """A member of 1 MiB of records 1024 times behind the header of 5 bytes."""
    records = lines(*(f"{i:06}," + "9" * 120 for i in range(8192)))
    assert len(records) == 1 << 20
    member = gzip.compress(records, 1)
    assert len(member) > (1 << 20) / 200  # else it is refused as a bomb
    (source / "large.csv.gz").write_bytes(gzip.compress(b"id,n\n") + member * 1024)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (large_plain, '"large.csv" has 1073741825 bytes, but'),
        (large_unpacked, '"large.csv.gz" has 1073741829 bytes, unpacked, but'),
    ],
)
def test_a_file_too_large_to_be_checked(
    tmp_path: Path, make: Callable[[Path], None], told: str
) -> None:
    """Said before anything is loaded."""
    source, output = good_folder(tmp_path), tmp_path / "out"
    make(source)
    done = run("run", "--source-dir", source, "--output", output, "--progress", "none")
    assert done.returncode == 2, done.stderr
    assert told in done.stdout
    assert "at most 1073741824" in done.stdout and "split" in done.stdout
    assert not list(output.glob("*/warehouse.db"))


def test_profile_of_5000_columns(tmp_path: Path) -> None:
    (tmp_path / "wide.csv").write_bytes(
        lines(
            ",".join(f"c{i}" for i in range(5000)),
            *(",".join(str(r * i) for i in range(5000)) for r in range(3)),
        )
    )
    done = run("profile", tmp_path / "wide.csv", "--json")
    assert done.returncode == 0, done.stderr
    (table,) = json.loads(done.stdout)["tables"]
    assert (table["rows"], table["rejected_rows"], len(table["columns"])) == (3, 0, 5000)
    last = table["columns"][4999]
    assert (last["name"], last["min"], last["max"], last["distinct"]) == ("c4999", "0", "9998", 3)


def test_a_run_whose_artefact_is_gone(tmp_path: Path) -> None:
    """It was recorded, so it is the world that lost it: exit 3, with its name."""
    source, output = good_folder(tmp_path), tmp_path / "out"
    killed = run("run", "--source-dir", source, "--output", output, hook="kill=40")
    assert killed.returncode == -signal.SIGKILL
    newest = max(output.glob("*/artefacts/*.json"), key=lambda path: path.stat().st_mtime_ns)
    newest.unlink()
    done = run("runs", "resume", "--output", output, "--progress", "none")
    assert done.returncode == 3, done.stdout + done.stderr
    assert newest.name in done.stdout + done.stderr
