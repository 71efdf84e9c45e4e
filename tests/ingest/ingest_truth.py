"""Keys and foreign keys that src/ingest finds, held to the publishers' own (shared/data/*/ground_truth.json).

A foreign key counts as found when table and columns match exactly on both sides. Required and required_approx ones
count for recall; optional and acceptable ones are neither missed nor wrong. Every other chosen one is wrong. A
primary key counts when the column set is exact. Run as a program it prints the table and what was missed or wrong:

    ingest_truth.py INGEST_DUMP SHARED_DATA [SET...]
"""

import json
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Key = tuple[str, tuple[str, ...]]
Reference = tuple[Key, Key]


@dataclass
class Count:
    right: int = 0
    wrong: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)

    @property
    def precision(self) -> float:
        return self.right / ((self.right + len(self.wrong)) or 1)

    @property
    def recall(self) -> float:
        return self.right / ((self.right + len(self.missed)) or 1)

    def add(self, other: "Count") -> None:
        self.right += other.right
        self.wrong += other.wrong
        self.missed += other.missed


def profile(dump: Path, folder: Path) -> dict[str, Any]:
    done = subprocess.run([dump, "profile", folder], capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def show(reference: Reference) -> str:
    (table, columns), (to_table, to_columns) = reference
    return f"{table}({','.join(columns)}) -> {to_table}({','.join(to_columns)})"


def compare_references(
    truth: dict[str, Any], found: dict[str, Any], table_of: dict[str, str]
) -> Count:
    def reference(fk: dict[str, Any]) -> Reference:
        (table, columns), (to_table, to_columns) = fk["from"], fk["to"]
        return (table, tuple(columns)), (to_table, tuple(to_columns))

    required = {reference(f) for f in truth["fks"] if f["score"] != "optional"}
    tolerated = {reference(f) for f in truth["fks"] + truth["acceptable_fks"]} - required
    chosen = {
        (
            (table_of[i["from_table"]], tuple(i["from_columns"])),
            (table_of[i["to_table"]], tuple(i["to_columns"])),
        )
        for i in found["inclusions"]
        if i["chosen"]
    }
    return Count(
        right=len(chosen & required),
        wrong=sorted(show(r) for r in chosen - required - tolerated),
        missed=sorted(show(r) for r in required - chosen),
    )


def compare_keys(truth: dict[str, Any], found: dict[str, Any], table_of: dict[str, str]) -> Count:
    count = Count()
    for table in found["tables"]:
        name = table_of[table["table"]]
        right = set(truth["tables"][name]["pk"])
        for key in table["keys"]:
            if key["chosen"]:
                if set(key["columns"]) == right:
                    count.right += 1
                    right = set()
                else:
                    count.wrong.append(f"{name}({','.join(key['columns'])})")
        if right:
            count.missed.append(f"{name}({','.join(truth['tables'][name]['pk'])})")
    return count


def score(dump: Path, folder: Path) -> tuple[Count, Count]:
    """Keys and references of one data set."""
    truth = json.loads((folder / "ground_truth.json").read_text())
    return score_files(dump, folder / "data", truth)


def score_files(dump: Path, folder: Path, truth: dict[str, Any]) -> tuple[Count, Count]:
    """The same of a folder of files that are named as the truth's, their endings aside."""
    found = profile(dump, folder)
    by_stem = {Path(t["file"]).name.split(".")[0]: name for name, t in truth["tables"].items()}
    table_of = {t["table"]: by_stem[t["path"].split(".")[0]] for t in found["tables"]}
    return compare_keys(truth, found, table_of), compare_references(truth, found, table_of)


def row(name: str, keys: Count, references: Count) -> str:
    return (
        f"{name:22} | {keys.right:3} {keys.precision:6.3f} {keys.recall:6.3f} | "
        f"{references.right:3} {references.precision:6.3f} {references.recall:6.3f}"
    )


HEAD = f"{'set':22} |  PK  prec.  recall |  FK  prec.  recall"


def main() -> None:
    dump, shared = Path(sys.argv[1]), Path(sys.argv[2])
    names = sys.argv[3:] or sorted(p.parent.name for p in shared.glob("*/ground_truth.json"))
    all_keys, all_references = Count(), Count()
    print(HEAD)
    for name in names:
        keys, references = score(dump, shared / name)
        all_keys.add(keys)
        all_references.add(references)
        print(row(name, keys, references))
        for what, count in (("PK", keys), ("FK", references)):
            for text in count.wrong:
                print(f"    {what} wrong  {text}")
            for text in count.missed:
                print(f"    {what} missed {text}")
    print(row("all (micro)", all_keys, all_references))


if __name__ == "__main__":
    main()
