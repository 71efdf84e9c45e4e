"""docs/checks.md says what the code and the tests say, and the tests plant every fault that it promises."""

import checks_page

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


def test_every_fault_of_the_list_is_planted() -> None:
    rows = [line for line in checks_page.page().splitlines() if line.startswith("| ")][1:]
    for fault in FAULTS:
        assert any(fault in line.split("|")[1] for line in rows), fault
