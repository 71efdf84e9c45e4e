"""Dynamic value references, as the public documentation describes them; no Spark."""

from datetime import UTC, datetime

import pytest
from local_databricks.jobs.references import Scope, TaskFacts, UnknownReference, resolve

# Tuesday
START = datetime(2025, 7, 1, 9, 5, 7, tzinfo=UTC)
TASKS = {
    "load": TaskFacts(
        "load",
        11,
        execution_count=2,
        notebook_path="/etl/load",
        result_state="SUCCESS",
        values={"rows": 17, "name": "ä", "many words": [1, {"a": None}], "flag": True},
    ),
    "odd key": TaskFacts("odd key", 12),
}
SCOPE = Scope(
    job_id=2**60 + 1,
    job_name="nightly",
    job_run_id=550315892394120,
    start_time_ms=int(START.timestamp() * 1000),
    parameters={"day": "2025-06-30", "odd-name": "x"},
    task=TaskFacts("report", 13, notebook_path="/etl/report"),
    tasks=TASKS,
    workspace_id=77,
    input={"region": "EU", "n": 3},
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("job_{{job.run_id}}", "job_550315892394120"),
        ("{{job.id}}", "1152921504606846977"),
        ("{{ job.name }}/{{task.name}}", "nightly/report"),
        ("{{job.parameters.day}}", "2025-06-30"),
        ("{{job.parameters.`odd-name`}}", "x"),
        ("{{job.start_time.iso_date}}", "2025-07-01"),
        ("{{job.start_time.iso_datetime}}", "2025-07-01T09:05:07"),
        ("{{job.start_time.iso_weekday}}", "2"),
        ("{{job.start_time.is_weekday}}", "true"),
        ("{{job.start_time.year}}-{{job.start_time.month}}-{{job.start_time.day}}", "2025-7-1"),
        ("{{job.start_time.timestamp_ms}}", "1751360707000"),
        ("{{job.trigger.type}}", "one_time"),
        ("{{job.repair_count}}", "0"),
        ("{{task.run_id}} {{task.notebook_path}}", "13 /etl/report"),
        ("{{tasks.load.values.rows}}", "17"),
        ("{{tasks.load.values.name}}", "ä"),
        ("{{tasks.load.values.`many words`}}", '[1,{"a":null}]'),
        ("{{tasks.load.values.flag}}", "true"),
        ("{{tasks.load.result_state}}", "success"),
        ("{{tasks.load.execution_count}}", "2"),
        ("{{tasks.`odd key`.run_id}}", "12"),
        ("{{workspace.id}}", "77"),
        ("{{input.region}}-{{input.n}}", "EU-3"),
        ("{{input}}", '{"region":"EU","n":3}'),
        ("{{job_id}}", "1152921504606846977"),
        ("{{parent_run_id}}", "550315892394120"),
    ],
)
def test_a_reference_is_replaced(text: str, value: str) -> None:
    assert resolve(text, SCOPE) == value


@pytest.mark.parametrize(
    "text",
    [
        "{{my.value}",
        "{{my.value}}",
        "{{}}",
        "{{ }}",
        "{{job.id + 1}}",
        "{{job..id}}",
        "{{job.parameters.odd-name}}",
        "{job.id}",
        "plain",
        "{{jobs.id}}",
    ],
)
def test_what_is_malformed_or_of_no_namespace_stays(text: str) -> None:
    assert resolve(text, SCOPE) == text


@pytest.mark.parametrize(
    "text",
    [
        "{{job.notebook_url}}",
        "{{job.naem}}",
        "{{job}}",
        "{{job.parameters.missing}}",
        "{{job.start_time.epoch}}",
        "{{task.nothing}}",
        "{{tasks.nobody.result_state}}",
        "{{tasks.load.values.missing}}",
        "{{tasks.`odd key`.result_state}}",
        "{{input.country}}",
    ],
)
def test_an_unknown_name_in_a_known_namespace_is_an_error(text: str) -> None:
    with pytest.raises(UnknownReference, match="Unknown dynamic value reference"):
        resolve(text, SCOPE)
