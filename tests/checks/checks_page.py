"""docs/checks.md, written from the texts in src/checks/check_texts.c and from the planted faults of the tests.

BLDR_BUILD=build/dev .venv/bin/python tests/checks/checks_page.py    writes it anew
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = ROOT / "docs/checks.md"

HEAD = """# The Tester's checks

<!-- Written by tests/checks/checks_page.py from src/checks/check_texts.c and the tests; a test holds it to them. -->

The Tester (`src/checks`) reads the raw files with its own reader, works out from the design alone what each target column
must amount to (the **contract**, before there is a mapping), and holds `warehouse.db` against that. It never sees the
emitted code, and shares no reader, join or emitter with the rest. The STTM's rules it never evaluates: where a value is wrong, their
form beside the design's origins tells whether the mapping is to blame, and what to repair in it, or the load
(`docs/ARCHITECTURE.md`, "Repairs").

Every check that is planned stands in `findings.json`, passed or not, with what was expected, what was found, where the
expectation comes from, and what passing proves. A failed one names who is to blame and why, and up to five rows with
file and line. **error**: the result is wrong, and the verdict is `findings`. **warning**: a true defect of the data,
which was handled and counted; the blame is `data`. **info**: worth knowing, nothing is wrong.

Three things are beyond all checks: a misunderstanding that design and contract share, a raw file that is itself
wrong but consistent, and what nobody put into the design.

## Every check

"""

LEFT_OUT = """## What is left out, and how that is told

A record that its reader refuses is *rejected*: R1 warns. A good record becomes no row of a target when a value that the
design requires is null, when an earlier record has the same business key, or when an earlier record of a fact
has the same grain and is equal byte for byte: it is *left out*, by the Tester as by the loader, the contract counts it
and sums its measures beside the star's (`left_out`), and R2 warns. Two records of one grain that differ are no
duplicates: the grain is wrong, and R3 is an error.

Where the design sets duplicates aside (`dedup`), of the records with one key that one counts which has the greatest
`version_column`, on a tie or without one the last in the file; joins lead to it alone. The others are left out and counted
as *duplicates*. A value that is none of its column's type is null: N1 warns with file and line, holds `bldr_refused_cell`
to the Tester's own view, and is an error when they are more than 2 % of the column.

A warning is one per defect of the files, not one per column of the star that shows it: K6 per foreign key, N1 and T1 per
column of a file, R1 and R2 per file with its reasons, each with count and lines. What follows from a K6 passes, and says so:
K5 and N1 give the rows that are null or unknown "since order_items.order_id leads nowhere (K6)". Where the way to a key leads
nowhere, the key is unknown (-1), as the load has it (docs/warehouse.md). Findings are in the order in which people want them:
errors, warnings by file, notes, then what passed.

"""

REMOTE = """## On the client's compute

Where the star stands in a workspace, the Tester asks for it in SQL and most rows stay where they are (`src/checks/remote.h`).
`remote_plan` says which statements are left to ask, given the answers so far; whoever has the connection runs them. Four rounds, or six:

1. `DESCRIBE TABLE` of each target table and of each bronze table: what is there, and in which types (T1).
2. Per table one row of counts, sums and extremes; per fact one join with all its dimensions, and per reference its totals by
   month or by its largest members; per source the records of bronze (where it keeps images, the latest of the file as it is here) and silver, and
   file, line, kind and reason of each record in quarantine.
3. Tables of at most `databricks.compare_rows` rows (20,000) as a whole; of larger ones, and a round later of those whose rows are
   more than an answer holds (25 MiB), per bucket of about 16 rows by the hash of their keys: count, sum and
   xor of `xxhash64` over the columns and a text of which of them are null.
4. Of the buckets that are not as here, the rows, at most as many per table (a sixteenth of that, where all are more than an answer holds), but one bucket always. A larger table without a column that
   names its rows (a notebook has lost it) does not cross: W1 says so.

`remote_judge` makes of that an **image**, a `warehouse.db` that holds what stands there: rows that crossed, and the rows here
where the hashes are equal. Every check of this page runs over it, so findings, blame and repairs are those of a warehouse here.
**W1** compares image and warehouse here cell by cell. What the workspace itself counts, sums and joins is held to the contract:
a check that passes over the image fails when the workspace counts otherwise ("in the workspace: sum: 12.50, expected 13.00").
I1 compares with the image after a second run of the job (`remote_image`).
When a task of the job does not end well (**J1**), the other checks are those of the warehouse here, and J1 has the
task's error and trace: a notebook's failure is the Developer's (emitted and deployed again, run as a full refresh), the workspace's a person's.

- **What crosses** is counted: the outcome and the report tell the statements and the bytes of their answers. Findings show at most five rows, cells cut at 120 letters, as here.
  With `--compare-rows 0` no row crosses but those of buckets that differ; counts, sums, extremes and the reasons of quarantine still do.
- **Beyond the budget**: buckets that differ and do not cross are told by number, W1 fails, and for them the image has the rows
  here: other checks then see only some of what is wrong.
- **Types**: values come as text; instants as microseconds, which no session's time zone changes. A column that is declared
  otherwise than contracted fails T1 and is compared as text.
- **Not asked**: which cells silver found unfit (`_unfit`); N1 holds those of the warehouse here to the files. Tables and columns that no
  design has may stand beside the star. Of a source's quarantine the first 100,000 records are asked for.
- A statement that fails for what it asks or meets is not asked again: what it should have shown fails, with the workspace's
  words. One that the workspace failed at (its storage, a cancelled statement) is, three times; then, or when a right is
  missing, the run ends with these words, for nothing can be said of the star.

**Planted in notebooks.** `tests/spark/test_remote_planted.py` edits a notebook behind the Developer's back, before it is deployed. Each fault has
to be found by exactly the checks named, all of them blamed on the Developer, and to end validated in round 2: emitted and deployed again, the job
reset, run as a full refresh. `BLDR_TEST_SPARK=all` plants the three marked so, `BLDR_REMOTE=all` beside it the rest. All sixteen
were run in one go on 2026-11-22 in the local workspace (Spark 4.0.5): just these checks, 53 to 201 s each, 2117 s in all on two cores that were busy otherwise.

| fault | planted in | found by | ends |
|---|---|---|---|
"""

REMOTE_END = """
`tests/checks/test_remote.py` plants the faults of `test_checks_faults.py` in what stands in a workspace made of DuckDB: the same
checks fail, with the same blame. `tests/spark/test_remote_checks.py` has Spark answer the statements, `test_remote_hash.py` holds
the hashes to Spark's.

"""

PLANTED_HEAD = """## Planted faults

Each fault is planted in the artefact named, and the tests want exactly the checks named to fail, with the blame named, and
nothing else. STTM and raw files: `tests/e2e/test_planted.py`, through the whole of bldr; the load and the profile:
`tests/e2e/test_refine.py`, the same way (a fault of every load ends as findings); keys over other files:
`tests/e2e/test_missed_keys.py`. Warehouse:
`tests/checks/test_checks_faults.py`, which holds more faults than this table, `test_checks_shop.py` and
`test_checks_dedup.py`, in a warehouse made without any code of bldr. Design: `test_checks_dedup.py`. Sources:
`test_checks_formats.py`.

| fault | planted in | found by | blame | ends |
|---|---|---|---|---|
"""

LAST_ROWS = """| a key that leads nowhere counts as none | STTM | K3, K5, N1 | analyst | validated in round 2 |
| wrong number marks | STTM | N1, R4 | analyst | validated in round 2 |
| wrong key: a grain that does not tell apart | profile | R3 | analyst | validated in round 2: designed again |
| no fact, though files hold dates and amounts | design | V1 | analyst | findings |
| a fact that takes no record | design | Q1, V1 | analyst | findings |
| a file that is not as declared | sources | the Tester refuses to read it: file, line, what was declared | | error |
| duplicated join, in the mapping | STTM | the load refuses it: "would fan out", with both lines | | error, nothing is loaded |
"""


def checks_of(keys: Any) -> str:
    return ", ".join(sorted({key.split(" ")[0] for key in keys}))


def row(name: str, place: str, failing: dict[str, str], ends: str) -> str:
    blame = ", ".join(sorted(set(failing.values())))
    return f"| {name} | {place} | {checks_of(failing)} | {blame} | {ends} |\n"


def planted_rows() -> str:
    import test_checks_dedup
    import test_checks_faults
    import test_planted
    import test_refine

    rows = ""
    for fault in test_planted.PLANTED:
        ends = "findings" if fault.verdict == "findings" else f"validated in round {fault.rounds}"
        rows += row(fault.name, "STTM", fault.failing, ends)
    for load in test_refine.FAULTS:
        blamed = dict.fromkeys(load.failing, test_refine.DEVELOPER)
        rows += row(load.name, "one load", blamed, "validated in round 2: loaded again")
    rows += LAST_ROWS
    for name, _sql, failing, blame in test_checks_dedup.PLANTED:
        rows += row(f"duplicates: {name}", "warehouse", dict.fromkeys(failing, blame), "findings")
    for raw in test_planted.RAW:
        rows += row(
            raw.name, "raw files", dict.fromkeys(raw.warned, "data"), "validated, with a warning"
        )
    for planted in sorted(
        (f for f in test_checks_faults.FAULTS if f.planted), key=lambda f: f.planted
    ):
        name = f"{planted.planted}: {planted.name.removeprefix(planted.planted + ': ')}"
        rows += row(name, "warehouse", planted.failing, "findings")
    return rows


def notebook_rows() -> str:
    import test_remote_planted

    rows = ""
    for fault in test_remote_planted.FAULTS:
        name = f"{fault.name} (one of the three)" if fault.in_ci else fault.name
        layers = ", ".join(sorted({file.split("/")[0] for file, _, _ in fault.edits}))
        rows += f"| {name} | {layers} | {checks_of(fault.caught)} | validated in round 2 |\n"
    return rows


def check_section(text: dict[str, str]) -> str:
    return f"""### {text["check"]}: {text["title"]}

- **Severity**: {text["severity"]}.
- **Expectation from**: {text["provenance"]}.
- **Proves**: {text["proves"]}.
- **Does not prove**: {text["beyond"]}.

"""


def page() -> str:
    sys.path[:0] = [str(ROOT / "tests" / folder) for folder in ("checks", "e2e", "spark")]
    os.environ.setdefault("BLDR_ROOT", str(ROOT))
    os.environ.setdefault("BLDR_BIN", "")
    import checks_probe

    nowhere = Path(".")
    texts = [json.loads(line) for line in checks_probe.run("texts", nowhere, nowhere).splitlines()]
    sections = "".join(check_section(text) for text in texts)
    remote = REMOTE + notebook_rows() + REMOTE_END
    return HEAD + sections + LEFT_OUT + remote + PLANTED_HEAD + planted_rows()


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
