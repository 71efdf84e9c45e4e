"""The session of a notebook: Spark, set up the same everywhere, and the parameters, checked before anything runs.

A notebook begins with `session = start(globals()["dbutils"], "source_path")`. Parameters are widgets: a job's parameters
win over the defaults below, and a person types into the same fields.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from pyspark.sql import DataFrame, SparkSession

DEFAULTS = {
    "catalog": "main",
    "schema": "bldr",
    "source_path": "/Volumes/main/bldr/landing",
    "run_id": "",
    "full_refresh": "false",
    "remove_gone": "false",
    "quarantine_limit": "100",
    "governance": "true",
}
EVERYWHERE = ("catalog", "schema", "run_id")
NAME_MAX = 255
FORBIDDEN_IN_NAMES = set("./` ")


class Widgets(Protocol):
    """The fields for parameters above a notebook."""

    def text(self, name: str, default: str, /) -> None:
        """Shows a field, unless it is there."""

    def get(self, name: str, /) -> str:
        """What the job, or a person, has put into it."""


class Utilities(Protocol):
    """What the notebook takes of `dbutils`."""

    @property
    def widgets(self) -> Widgets:
        """The notebook's fields."""


@dataclass(frozen=True)
class Config:
    """What a run was asked to do.

    catalog, schema: where the tables are; both exist. source_path: the folder below which files are looked for.
    run_id: the job's run, the same for all its tasks and their retries. full_refresh: files are loaded again although
    their content is known, and tables that have other columns replaced. remove_gone: rows that the sources no longer have
    leave the star. quarantine_limit: percent of a file's records that may be unreadable before its task fails.
    governance: keys and tags are told to Unity Catalog.
    """

    catalog: str
    schema: str
    source_path: str
    run_id: str
    full_refresh: bool
    remove_gone: bool
    quarantine_limit: float
    governance: bool


@dataclass(frozen=True)
class Session:
    """Spark, the parameters of this run, and the tables that it has created and not yet written to."""

    spark: SparkSession
    config: Config
    empty: set[str] = field(default_factory=set)

    def table(self, name: str) -> str:
        """The full name of one of the pipeline's tables, as SQL takes it."""
        return ".".join(quoted(part) for part in (self.config.catalog, self.config.schema, name))

    def read(self, name: str) -> DataFrame:
        """The rows of one of the pipeline's tables."""
        return self.spark.table(self.table(name))


def quoted(name: str) -> str:
    """A name as SQL takes it, whatever it consists of."""
    return "`" + name.replace("`", "``") + "`"


def literal(text: str) -> str:
    """A text as SQL takes it."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def start(dbutils: Utilities, *parameters: str) -> Session:
    """Sets Spark up and reads the parameters; those of every notebook, and the ones that are named.

    Errors: ValueError that lists everything that is wrong with them.
    """
    config = read_config(dbutils, parameters)
    spark = SparkSession.builder.getOrCreate()
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    spark.conf.set("spark.sql.ansi.enabled", "true")
    return Session(spark, config)


def read_config(dbutils: Utilities, parameters: tuple[str, ...]) -> Config:
    """The parameters, checked; one that the notebook does not name has its default."""
    given = dict(DEFAULTS)
    for name in (*EVERYWHERE, *parameters):
        dbutils.widgets.text(name, DEFAULTS[name])
        given[name] = str(dbutils.widgets.get(name)).strip()
    given["run_id"] = given["run_id"] or f"manual-{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}"
    wrong = [*wrong_texts(given), *wrong_values(given)]
    if wrong:
        raise ValueError("; ".join(wrong))
    return Config(
        catalog=given["catalog"],
        schema=given["schema"],
        source_path=given["source_path"].rstrip("/") or "/",
        run_id=given["run_id"],
        full_refresh=given["full_refresh"].lower() == "true",
        remove_gone=given["remove_gone"].lower() == "true",
        quarantine_limit=float(given["quarantine_limit"]),
        governance=given["governance"].lower() == "true",
    )


def wrong_texts(given: dict[str, str]) -> list[str]:
    """What is wrong with the parameters that are names and paths."""
    wrong = []
    for name in ("catalog", "schema"):
        value = given[name]
        if (
            not 0 < len(value) <= NAME_MAX
            or set(value) & FORBIDDEN_IN_NAMES
            or not value.isprintable()
        ):
            wrong.append(f'{name} is "{value}", which no {name} is called')
    path = given["source_path"]
    if not path.startswith("/") and "://" not in path:
        wrong.append(
            f'source_path is "{path}"; it begins with / or names its storage, such as s3://'
        )
    if len(given["run_id"]) > NAME_MAX or not given["run_id"].isprintable():
        wrong.append(f"run_id has at most {NAME_MAX} characters, all of which can be seen")
    return wrong


def wrong_values(given: dict[str, str]) -> list[str]:
    """What is wrong with the parameters that are switches and numbers."""
    wrong = [
        f'{name} is "{given[name]}"; it is true or false'
        for name in ("full_refresh", "remove_gone", "governance")
        if given[name].lower() not in ("true", "false")
    ]
    try:
        inside = 0 <= float(given["quarantine_limit"]) <= 100
    except ValueError:
        inside = False
    if not inside:
        wrong.append(
            f'quarantine_limit is "{given["quarantine_limit"]}"; it is a percentage from 0 to 100'
        )
    return wrong
