"""read_csv and read_json of python/bldr_ingest on real Spark: rows, quarantine and counts are those of the reader without
Spark, which tests/python holds to src/ingest, for every file there is.
"""

import dataclasses
import gzip
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pyspark", reason="needs pyspark")
if shutil.which("java") is None:
    pytest.skip("needs java", allow_module_level=True)

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "python"), str(ROOT / "tests" / "python")]

import bldr_ingest  # noqa: E402
import dialects  # noqa: E402
from bldr_ingest import CsvDialect, JsonDialect, bronze, read_csv, read_json  # noqa: E402
from bldr_ingest.dialect import Dialect, dialect_of  # noqa: E402
from bldr_ingest.read import _batches  # noqa: E402
from bldr_ingest.records import Record, row_hash  # noqa: E402
from bldr_ingest.session import Config, Session  # noqa: E402
from ingest_pair import DUMP, c_reads, records_of  # noqa: E402
from pyspark.errors import AnalysisException, PythonException  # noqa: E402
from pyspark.sql import DataFrame, SparkSession  # noqa: E402

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def spark(spark_session: SparkSession) -> SparkSession:
    """By Spark Connect, as serverless compute is spoken to."""
    return spark_session


def read(spark: SparkSession, path: Path, dialect: Dialect, **more: Any) -> DataFrame:
    if isinstance(dialect, CsvDialect):
        return read_csv(spark, str(path), dialect, **more)
    return read_json(spark, str(path), dialect, **more)


def row_of(record: Record, width: int) -> tuple[Any, ...]:
    fields = [None] * width if record.fields is None else record.fields
    return (*fields, record.raw, record.reason, record.line, record.number, row_hash(record))


def rows_of(frame: DataFrame, path: Path, width: int) -> list[tuple[Any, ...]]:
    digest = hashlib.blake2b(path.read_bytes(), digest_size=32).hexdigest()
    found = []
    for row in frame.collect():
        assert (row["_source_file"], row["_source_hash"]) == (path.name, digest)
        names = row.asDict()
        place = row["_source_line"], names.get("_source_record", 1)
        corrupt = row["_corrupt_record"], row["_corrupt_reason"]
        found.append((*row[:width], *corrupt, *place, row["_row_hash"]))
    return sorted(found, key=lambda row: row[width + 2 : width + 4])


def check(spark: SparkSession, folder: Path, sources: list[dict[str, Any]]) -> int:
    """Holds each file to the reader without Spark and to src/ingest; returns how many records are no rows."""
    set_aside = 0
    for source, c in zip(sources, c_reads(folder, sources), strict=True):
        path, width = folder / source["path"], len(source["columns"])
        frame = read(spark, path, dialect_of(source))
        found = rows_of(frame, path, width)
        records = list(records_of(path.read_bytes(), source))
        assert found == [row_of(record, width) for record in records], source
        rows = [(r["line"], r["number"], r["fields"]) for r in c["records"] if "fields" in r]
        good = [row for row in found if row[width + 1] is None]
        assert [(*row[width + 2 : width + 4], list(row[:width])) for row in good] == rows
        aside = [(r["line"], r["rejected"]) for r in c["records"] if "rejected" in r]
        told = [(row[width + 2], row[width + 1]) for row in found if row[width + 1] is not None]
        assert told == aside
        set_aside += len(told)
    return set_aside


def discovered(folder: Path) -> list[dict[str, Any]]:
    command: list[str | Path] = [DUMP, "sources", folder]
    done = subprocess.run(command, capture_output=True, check=True)
    files: list[dict[str, Any]] = json.loads(done.stdout)["files"]
    return files


DATA = [ROOT / "data" / "jaffle_shop", *sorted((ROOT.parent / "shared" / "data").glob("*/data"))]


@pytest.mark.parametrize("folder", DATA, ids=lambda f: str(f.relative_to(f.parents[1])))
def test_every_file_of_a_folder(spark: SparkSession, folder: Path) -> None:
    check(spark, folder, discovered(folder))


def test_the_shop(spark: SparkSession) -> None:
    """All that is set aside was planted."""
    folder = dialects.ECOMMERCE
    declared = dialects.DECLARED.items()
    truth = json.loads((folder / "truth.json").read_text())["planted"]
    planted = sum(len(p["lines"]) for p in truth if p["effect"] == "quarantine")
    assert check(spark, folder, [dialects.declare(folder, n, d) for n, d in declared]) == planted


def test_odd_files(spark: SparkSession, tmp_path: Path) -> None:
    dialects.write_sources(tmp_path)
    declared = [{**d, "columns": list("abc")} for d, _, _ in dialects.ODD.values()]
    check(spark, tmp_path, [dialects.declare(tmp_path, "t", d) for d in declared])


# ---- names and paths ----


def test_names_of_columns_and_files(spark: SparkSession, tmp_path: Path) -> None:
    name = "a [b] {c}, 100% #1?*\\ ü=2.csv"
    (tmp_path / "d=1 x").mkdir()
    path = tmp_path / "d=1 x" / name
    path.write_bytes(b'x,"a ""b""",x\n1,2,3\n')
    columns = ("`tick`", "dot.ted", "blank s")
    dialect = CsvDialect(columns=columns, header=("x", 'a "b"', "x_2"))
    frame = read_csv(spark, str(path), dialect, source_file="in/" + name)
    assert frame.columns[:3] == list(columns)
    [row] = frame.collect()
    assert row[:3] == ("1", "2", "3") and row["_source_file"] == "in/" + name
    types = [kind for _, kind in frame.dtypes]
    assert types == ["string"] * 6 + ["bigint", "string", "string"]


def test_a_file_uri_and_keys_of_other_names(spark: SparkSession, tmp_path: Path) -> None:
    path = tmp_path / "a b.jsonl"
    path.write_bytes(b'{"k 1": 2}\n')
    dialect = JsonDialect(columns=("a",), keys=("k 1",))
    [row] = read_json(spark, f"file:{path}", dialect).collect()
    assert (row["a"], row["_source_file"]) == ("2", "a b.jsonl")


def test_no_records(spark: SparkSession, tmp_path: Path) -> None:
    for name, content in (("empty", b""), ("header", b"a,b\n"), ("array", b" [ ] ")):
        (tmp_path / name).write_bytes(content)
    columns = ("a", "b")
    assert read_csv(spark, str(tmp_path / "empty"), CsvDialect(columns=columns)).count() == 0
    headed = CsvDialect(columns=columns, header=columns)
    assert read_csv(spark, str(tmp_path / "header"), headed).count() == 0
    array = JsonDialect(columns=columns, array=True)
    assert read_json(spark, str(tmp_path / "array"), array).count() == 0


def test_the_image_of_a_file(spark: SparkSession, tmp_path: Path) -> None:
    """Of an empty one, too, for which Spark gives no row. BLAKE2b-256 is that of `b2sum -l 256`."""
    config = Config("c", "s", str(tmp_path), "run", False, False, 100, False)
    session = Session(spark, config)
    (tmp_path / "in").mkdir()
    for name, content in (("empty.csv", b""), ("in/[a] b.csv", b"a,b\n1,2\n")):
        (tmp_path / name).write_bytes(content)
        told = subprocess.run(
            ["b2sum", "-l", "256"], input=content, capture_output=True, check=True
        )
        expected = len(content), told.stdout.decode().split()[0]
        assert bronze.state_of(session, name) == expected, name
    (tmp_path / "_hidden.csv").write_bytes(b"")
    with pytest.raises(FileNotFoundError, match=r"no _hidden\.csv below"):
        bronze.state_of(session, "_hidden.csv")


# ---- what is refused ----


def test_another_header(spark: SparkSession, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    dialect = CsvDialect(columns=("a", "b"), header=("a", "b"))
    for content, told in (
        (b"a,c\n1,2\n", "the header of t.csv is ['a', 'c'], expected was ['a', 'b']"),
        (b"b,a\n1,2\n", "the header of t.csv is ['b', 'a'], expected was ['a', 'b']"),
        (b"", "the header of t.csv is [], expected was ['a', 'b']"),
        (b'a,"b\n1,2\n', "the header of t.csv cannot be read: a quote that is never closed"),
        (b"a\n1\n", "the header of t.csv cannot be read: 1 field where the header has 2"),
    ):
        path.write_bytes(content)
        with pytest.raises(bldr_ingest.HeaderError) as error:
            read_csv(spark, str(path), dialect)
        assert told in str(error.value)


def test_a_header_far_below(spark: SparkSession, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    dialect = CsvDialect(columns=("a", "b"), header=("a", "b"), preamble_lines=1, packed=True)
    title = os.urandom(100_000).hex().encode()
    path.write_bytes(gzip.compress(title + b"\na,b\n1,2\n"))
    assert read_csv(spark, str(path), dialect).count() == 1
    path.write_bytes(gzip.compress(title + b"\na,c\n1,2\n"))
    with pytest.raises(bldr_ingest.HeaderError, match=r"is .'a', 'c'., expected"):
        read_csv(spark, str(path), dialect)


def test_files_that_cannot_be_read(spark: SparkSession, tmp_path: Path) -> None:
    dialect = CsvDialect(columns=("a",))
    (tmp_path / "one").write_bytes(b"1\n")
    (tmp_path / "two").write_bytes(b"2\n")
    with pytest.raises(bldr_ingest.IngestError, match="is not one file"):
        read_csv(spark, str(tmp_path), dialect)
    (tmp_path / "_hidden").write_bytes(b"2\n")
    with pytest.raises(bldr_ingest.IngestError, match="Spark passes over names that begin with _"):
        read_csv(spark, str(tmp_path / "_hidden"), dialect)
    with pytest.raises(AnalysisException, match="PATH_NOT_FOUND"):
        read_csv(spark, str(tmp_path / "none"), dialect)
    korean = dataclasses.replace(dialect, encoding="euc-kr")
    with pytest.raises(bldr_ingest.EncodingError, match="'euc-kr' of one"):
        read_csv(spark, str(tmp_path / "one"), korean)
    packed = dataclasses.replace(dialect, packed=True)
    with pytest.raises(PythonException, match="PackedError: one cannot be unpacked: its gzip data"):
        read_csv(spark, str(tmp_path / "one"), packed).collect()
    with pytest.raises(bldr_ingest.PackedError, match="one cannot be unpacked"):
        read_csv(spark, str(tmp_path / "one"), dataclasses.replace(packed, header=("a",)))


def test_a_file_that_is_too_large(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b"1\n" * 50)
    dialect = CsvDialect(columns=("a",))
    monkeypatch.setattr("bldr_ingest.read.FILE_BYTES_MAX", 100)
    assert read_csv(spark, str(path), dialect).count() == 50
    path.write_bytes(b"1\n" * 50 + b"2")
    with pytest.raises(
        bldr_ingest.TooLargeError, match=r"t.csv has 101 bytes; at most 100 are read"
    ):
        read_csv(spark, str(path), dialect)


def test_large_records_come_in_batches_of_few() -> None:
    """A packed file may hold far more than it is large; a worker holds a batch in memory as a whole."""
    records = [f"{i},{'x' * (1 << 20)}" for i in range(40)]
    content = gzip.compress("\n".join(["id,text", *records, ""]).encode(), 1)
    dialect = CsvDialect(columns=("id", "text"), header=("id", "text"), packed=True)
    batches = list(_batches(content, dialect, "large.csv.gz"))
    assert [i for batch in batches for i in batch.column(0).to_pylist()] == list(
        map(str, range(40))
    )
    assert max(batch.nbytes for batch in batches) < 10 << 20


def test_nothing_is_installed_where_the_work_is_done(spark: SparkSession) -> None:
    """The other tests would prove nothing if a worker could import the library."""

    def look(batches: Iterator[Any]) -> Iterator[Any]:
        import importlib.util

        import pyarrow as pa

        for _ in batches:
            found = importlib.util.find_spec("bldr_ingest") is not None
            yield pa.RecordBatch.from_pydict({"found": [found]})

    assert [row["found"] for row in spark.range(1).mapInArrow(look, "found boolean").collect()] == [
        False
    ]
