"""docs/checks.md says what the code and the tests say, and the tests plant every fault that it promises."""

import checks_page
import pytest

# Issue 4, section 7.
FAULTS = (
    "wrong source column",
    "wrong date format",
    "wrong key",
    "dropped rows",
    "duplicated join",
    "truncated decimals",
    "shifted dates",
    "swapped foreign key",
    "double load",
    "orphans",
    "bad rows",
)


def test_the_page_is_what_the_code_says() -> None:
    assert checks_page.PAGE.read_text(encoding="utf-8") == checks_page.page()


@pytest.mark.parametrize("heading", ["**Planted in notebooks.**", "## Planted faults"])
def test_every_fault_of_the_list_is_planted(heading: str) -> None:
    table = checks_page.page().split(heading)[1].split("\n| fault |")[1].split("\n\n")[0]
    names = [line.split("|")[1] for line in table.splitlines() if line.startswith("| ")]
    for fault in FAULTS:
        assert any(fault in name for name in names), fault
