#!/usr/bin/env python3
"""Build and test every preset named, then count the cases of all of them in one last line.

Promise: each TAP case of each CTest program and each pytest case counts once per preset; the format check counts
once. What cannot be seen as a case still fails: a build that breaks, a program that crashes, runs out of time,
breaks off before its plan or prints no case at all. The output of what failed is printed above the count.

The tests on Spark (tests/spark) run once, against the build of the first preset, with the Python of .spark; each is
skipped by name where there is none, or BLDR_TEST_SPARK=0 says so.

Usage: run.py [PRESET...]
"""

import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = Path(sys.executable).parent
SPARK = ROOT / ".spark" / "venv" / "bin" / "python"
PLAN = re.compile(r"^1\.\.(\d+)")
CASE = re.compile(r"^(not )?ok\b(.*)$")
SKIP = re.compile(r"#\s*skip\b", re.I)
OUTPUT_BYTES = 50_000_000  # CTest cuts the output of a test here


@dataclass
class Count:
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def add(self, other: "Count") -> None:
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped

    def __str__(self) -> str:
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        return f"{self.passed} passed, {self.failed} failed{skipped}"


def count_tap(output: str, exit_is_zero: bool) -> tuple[Count, str]:
    """The cases of one program and, when it failed in a way no case shows, the reason."""
    count = Count()
    planned = 0
    for line in output.splitlines():
        if plan := PLAN.match(line):
            planned += int(plan[1])
        elif case := CASE.match(line):
            if SKIP.search(case[2]):  # cmocka 1.1 says "not ok" for a skipped case
                count.skipped += 1
            elif case[1]:
                count.failed += 1
            else:
                count.passed += 1
    seen = count.passed + count.failed + count.skipped
    reason = ""
    if planned > seen:
        reason = f"broke off after {seen} of {planned} cases"
    elif not count.failed and not exit_is_zero:
        reason = "failed though no case did"
    elif not seen:
        reason = "printed no TAP case"
    if reason:
        count.failed += 1
    return count, reason


def count_ctest(junit: Path) -> Count:
    total = Count()
    for test in ET.parse(junit).getroot().iter("testcase"):
        output = test.findtext("system-out") or ""
        count, reason = count_tap(output, exit_is_zero=test.get("status") == "run")
        if count.failed:
            print(f"\n--- {test.get('name')}: {reason or 'failed'}")
            print(output.rstrip())
        total.add(count)
    return total


def count_pytest(junit: Path) -> Count:
    total = Count()
    for case in ET.parse(junit).getroot().iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            total.failed += 1
        elif case.find("skipped") is not None:
            total.skipped += 1
        else:
            total.passed += 1
    return total


def run(*command: str | Path, env: dict[str, str] | None = None, quiet: bool = False) -> int:
    """The exit code; a quiet command shows its output only when it fails. Both streams go to stdout, so that
    nothing late comes behind the count."""
    sys.stdout.flush()
    done = subprocess.run(
        [str(word) for word in command],
        cwd=ROOT,
        env={**os.environ, **(env or {})},
        stdout=subprocess.PIPE if quiet else None,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if quiet and done.returncode:
        print(done.stdout)
    return done.returncode


def test_format() -> Count:
    ok = run("script/format", "--check", quiet=True) == 0
    print("ok format" if ok else "not ok format: run script/format")
    return Count(passed=1) if ok else Count(failed=1)


def test_python(build: Path, report: str, *pytest: str | Path) -> Count:
    """What that pytest finds, of a build."""
    junit = build / report
    junit.unlink(missing_ok=True)
    env = {
        "BLDR_BIN": str(build / "bldr"),
        "BLDR_BUILD": str(build),
        "BLDR_ROOT": str(ROOT),
        "ASAN_OPTIONS": "detect_stack_use_after_return=1:strict_string_checks=1:detect_leaks=1",
        "UBSAN_OPTIONS": "print_stacktrace=1",
    }
    code = run(*pytest, "--quiet", f"--junitxml={junit}", env=env)
    count = count_pytest(junit) if junit.exists() else Count()
    if code not in (0, 1, 5) or (code == 1 and not count.failed):  # 5: there are none
        print(f"--- pytest ended with {code}")
        count.failed += 1
    return count


def test_spark(preset: str) -> Count:
    print("\n== spark")
    if os.environ.get("BLDR_TEST_SPARK") != "0" and SPARK.exists():
        count = test_python(
            ROOT / "build" / preset, "spark.xml", SPARK, "-m", "pytest", "tests/spark"
        )
    else:
        count = Count()
        for file in sorted((ROOT / "tests" / "spark").glob("test_*.py")):
            for name in re.findall(r"^def (test_\w+)", file.read_text(), re.M):
                print(f"SKIPPED {file.relative_to(ROOT)}::{name}: needs script/bootstrap --spark")
                count.skipped += 1
    print(f"== spark: {count}")
    return count


def test_preset(preset: str) -> Count:
    print(f"\n== {preset}")
    build = ROOT / "build" / preset
    if run("cmake", "--preset", preset, quiet=True) or run("cmake", "--build", "--preset", preset):
        print(f"--- {preset}: the build failed")
        return Count(failed=1)

    count = Count()
    junit = build / "ctest.xml"
    junit.unlink(missing_ok=True)
    size = str(OUTPUT_BYTES)
    sizes = ("--test-output-size-passed", size, "--test-output-size-failed", size)
    jobs = str(os.cpu_count() or 1)
    run("ctest", "--test-dir", build, "-j", jobs, "--output-junit", junit, *sizes, quiet=True)
    count.add(count_ctest(junit) if junit.exists() else Count(failed=1))

    # a file's tests stay together: they share what it has set up
    spread = ("--numprocesses", jobs, "--dist", "loadfile")
    count.add(test_python(build, "pytest.xml", VENV / "pytest", *spread, "--ignore=tests/spark"))
    print(f"== {preset}: {count}")
    return count


def main() -> int:
    presets = sys.argv[1:] or ["dev"]
    total = test_format()
    for preset in presets:
        total.add(test_preset(preset))
    total.add(test_spark(presets[0]))
    print(f"\n{total}")
    return 1 if total.failed or not total.passed else 0


if __name__ == "__main__":
    sys.exit(main())
