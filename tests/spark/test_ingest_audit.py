"""The audit's answer to other tasks that write at the same time, and what an entry says of itself."""

import time

import pytest

pytest.importorskip("pyspark")

from bldr_ingest import audit
from bldr_ingest.audit import Entry, Image, retried

CONFLICT = (
    "[DELTA_CONCURRENT_APPEND] ConcurrentAppendException: Files were added to the root of the table"
)


class Failing:
    """Fails so many times, then works."""

    def __init__(self, times: int, message: str) -> None:
        self.left, self.message, self.calls = times, message, 0

    def __call__(self) -> None:
        self.calls += 1
        if self.left > 0:
            self.left -= 1
            raise RuntimeError(self.message)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    found: list[float] = []
    monkeypatch.setattr(time, "sleep", found.append)
    return found


def test_a_conflict_is_tried_again(waits: list[float]) -> None:
    work = Failing(3, CONFLICT)
    retried(work)
    assert work.calls == 4
    assert len(waits) == 3 and all(0.5 <= wait <= 2 for wait in waits)


def test_a_conflict_that_stays_is_told(waits: list[float]) -> None:
    work = Failing(1000, CONFLICT)
    with pytest.raises(RuntimeError, match="DELTA_CONCURRENT_APPEND"):
        retried(work)
    assert work.calls == audit.TRIES == len(waits) + 1


def test_another_failure_is_not_tried_again(waits: list[float]) -> None:
    work = Failing(1, "[TABLE_OR_VIEW_NOT_FOUND] no such table")
    with pytest.raises(RuntimeError):
        retried(work)
    assert (work.calls, waits) == (1, [])


def test_an_entry_tells_its_status() -> None:
    entry = Entry("run2", "a.csv")
    with pytest.raises(LookupError, match=r"no image of a\.csv"):
        _ = entry.image
    image = Image("a.csv", "run1", "hash", 7)
    entry.take(image)
    assert (entry.image, entry.status, entry.rows_written) == (image, "unchanged", 0)
    entry.take(Image("a.csv", "run2", "other", 8))
    assert (entry.status, entry.rows_written) == ("loaded", 8)
    entry.error = "ValueError: no"
    assert (entry.status, entry.rows_written) == ("failed", 8)
