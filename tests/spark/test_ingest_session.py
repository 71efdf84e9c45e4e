"""The parameters of a notebook: defaults, what a job gives, and what is wrong with them, told at once."""

import re

import pytest

pytest.importorskip("pyspark")

from bldr_ingest.session import DEFAULTS, Config, Session, literal, read_config


class Utilities:
    """dbutils with the widgets that a job has filled in; a widget that was not declared is an error, as in a workspace."""

    def __init__(self, **given: str) -> None:
        self.given = given
        self.declared: dict[str, str] = {}
        self.widgets = self

    def text(self, name: str, default: str, /) -> None:
        self.declared[name] = self.given.get(name, default)

    def get(self, name: str, /) -> str:
        return self.declared[name]


ALL = ("source_path", "full_refresh", "remove_gone", "quarantine_limit", "governance")


def test_a_notebook_declares_what_it_uses() -> None:
    utilities = Utilities(run_id="7")
    config = read_config(utilities, ("source_path",))
    assert set(utilities.declared) == {"catalog", "schema", "run_id", "source_path"}
    landing = "/Volumes/main/bldr/landing"
    assert config == Config("main", "bldr", landing, "7", False, False, 100.0, True)


def test_what_the_job_gives_counts() -> None:
    given = {
        "catalog": "prod",
        "schema": " sales ",
        "source_path": "/Volumes/prod/sales/in/",
        "run_id": "901",
        "full_refresh": "True",
        "remove_gone": "false",
        "quarantine_limit": "2.5",
        "governance": "false",
    }
    assert set(given) == set(DEFAULTS)
    config = read_config(Utilities(**given), ALL)
    assert config == Config(
        "prod", "sales", "/Volumes/prod/sales/in", "901", True, False, 2.5, False
    )
    config = read_config(Utilities(full_refresh="false", remove_gone="TRUE"), ALL)
    assert (config.full_refresh, config.remove_gone) == (False, True)


def test_a_run_by_hand_gets_an_id_of_its_own() -> None:
    ids = {read_config(Utilities(), ()).run_id for _ in range(3)}
    assert len(ids) == 3
    assert all(re.fullmatch(r"manual-\d{8}T\d{12}Z", run_id) for run_id in ids)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("catalog", "", 'catalog is "", which no catalog is called'),
        ("catalog", "a.b", 'catalog is "a.b"'),
        ("schema", "x" * 256, "which no schema is called"),
        ("schema", "a\tb", "which no schema is called"),
        ("source_path", "landing", 'source_path is "landing"; it begins with /'),
        ("run_id", "r" * 256, "run_id has at most 255 characters"),
        ("full_refresh", "yes", 'full_refresh is "yes"; it is true or false'),
        ("remove_gone", "1", 'remove_gone is "1"; it is true or false'),
        ("governance", "", 'governance is ""; it is true or false'),
        ("quarantine_limit", "-1", 'quarantine_limit is "-1"; it is a percentage'),
        ("quarantine_limit", "101", "it is a percentage from 0 to 100"),
        ("quarantine_limit", "nan", "it is a percentage from 0 to 100"),
        ("quarantine_limit", "all", "it is a percentage from 0 to 100"),
    ],
)
def test_a_wrong_parameter_is_told(name: str, value: str, told: str) -> None:
    with pytest.raises(ValueError, match=re.escape(told)):
        read_config(Utilities(**{name: value}), ALL)


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(ValueError) as error:
        read_config(Utilities(catalog="a b", full_refresh="1", quarantine_limit="x"), ALL)
    assert all(name in str(error.value) for name in ("catalog", "full_refresh", "quarantine_limit"))


def test_names_are_quoted_whatever_they_are() -> None:
    config = Config("my-catalog", "s", "/x", "r", False, False, 100.0, True)
    session = Session(None, config)  # type: ignore[arg-type, unused-ignore]
    assert session.table("a`b") == "`my-catalog`.`s`.`a``b`"
    assert literal("it's \\ x") == "'it\\'s \\\\ x'"
