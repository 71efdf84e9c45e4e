"""Makes the AppCDS archive of the workspace's Spark: the classes of a typical run, ready to be mapped into memory.

Usage: python -m local_databricks.spark.archive     (script/bootstrap --spark calls it; about a minute, 200 MB)

The archive's name holds a hash of Java and the jars: one of other jars is never used, and Java itself ignores one that
does not fit. Nothing is done when it is there.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from local_databricks.spark import client
from local_databricks.spark.install import SparkMissing, locate
from local_databricks.spark.server import Folder, Settings, SparkFailed, SparkServer

# What a pipeline does: reads CSV, writes, merges, checks, looks around.
TRAINING = (
    "CREATE SCHEMA main.train",
    "CREATE TABLE main.train.t (id BIGINT NOT NULL, d DECIMAL(10,2), s STRING, at TIMESTAMP) CLUSTER BY (id)",
    "INSERT INTO main.train.t SELECT id, CAST(id AS DECIMAL(10,2)), CAST(id AS STRING), current_timestamp() "
    "FROM range(100)",
    "ALTER TABLE main.train.t ADD CONSTRAINT positive CHECK (id >= 0)",
    "CREATE VIEW main.train.v AS SELECT s, sum(d) AS d, count(*) AS n FROM main.train.t GROUP BY s",
    "SELECT v.n, t.id FROM main.train.v v JOIN main.train.t t ON t.s = v.s ORDER BY t.id LIMIT 5",
    "MERGE INTO main.train.t USING (SELECT id + 50 AS id, 1.00 AS d FROM range(100)) s ON t.id = s.id "
    "WHEN MATCHED THEN UPDATE SET d = s.d WHEN NOT MATCHED THEN INSERT (id, d) VALUES (s.id, s.d)",
    "UPDATE main.train.t SET s = upper(s) WHERE id < 10",
    "DELETE FROM main.train.t WHERE id > 120",
    "OPTIMIZE main.train.t",
    "DESCRIBE HISTORY main.train.t",
    "DESCRIBE DETAIL main.train.t",
    "SELECT table_name, column_name FROM main.information_schema.columns",
    "SELECT max(xxhash64(id, s)), max(row_number) FROM (SELECT *, row_number() OVER (PARTITION BY s ORDER BY id) "
    "AS row_number FROM main.train.t)",
    "DROP SCHEMA main.train CASCADE",
)


def make() -> Path:
    """Makes the archive unless it is there. Raises SparkMissing or SparkFailed."""
    target = locate().archive
    if target.is_file():
        return target
    for old in target.parent.glob("workspace-*.jsa"):
        old.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        fresh = Path(folder) / target.name
        settings = Settings(
            archive=False, java_options=(f"-XX:ArchiveClassesAtExit={fresh}", "-Dbldr.orderly=true")
        )
        server = SparkServer(Folder(Path(folder) / "workspace"), settings)
        server.start()
        try:
            _train(server)
        finally:
            server.stop(seconds=120.0)
        if not fresh.is_file():
            raise SparkFailed("Java made no archive")
        fresh.replace(target)
    return target


def _train(server: SparkServer) -> None:
    session_id = "00000000-0000-4000-8000-000000000000"
    spark = client.connect(server.url(session_id))
    try:
        volume = server.volumes / "main" / "default" / "v"
        volume.mkdir(parents=True)
        (volume / "a.csv").write_text("id,name\n1,a\n")
        frame = spark.read.csv("/Volumes/main/default/v", header=True)
        frame.write.mode("overwrite").saveAsTable("main.default.csv")
        for text in TRAINING:
            spark.sql(text).collect()
    finally:
        client.close(spark)
        server.release(session_id)


def main() -> int:
    """The command."""
    began = time.monotonic()
    try:
        made = make()
    except (SparkMissing, SparkFailed) as error:
        print(error, file=sys.stderr)
        return 1
    size = made.stat().st_size >> 20
    print(f"{made} ({size} MB, {time.monotonic() - began:.0f} s)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
