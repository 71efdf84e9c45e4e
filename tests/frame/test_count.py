"""The runner's own count: what fails must be counted, also when no case says so."""

import importlib.util
import sys
from pathlib import Path

import pytest

spec = importlib.util.spec_from_file_location("run", Path(__file__).parent.parent / "run.py")
assert spec and spec.loader
runner = importlib.util.module_from_spec(spec)
sys.modules["run"] = runner
spec.loader.exec_module(runner)


@pytest.mark.parametrize(
    ("output", "exit_is_zero", "line", "reason"),
    [
        ("1..2\nok 1 - a\nok 2 - b\n", True, "2 passed, 0 failed", ""),
        ("1..2\nok 1 - a\nnot ok 2 - b\n# 3 != 4\n", False, "1 passed, 1 failed", ""),
        ("1..2\nok 1 - a # SKIP no net\nok 2\n", True, "1 passed, 0 failed, 1 skipped", ""),
        ("1..1\nnot ok 1 # SKIP a\n", True, "0 passed, 0 failed, 1 skipped", ""),
        ("1..1\nok 1 - a\n1..1\nok 1 - b\n# ok - group\n", True, "2 passed, 0 failed", ""),
        ("1..3\nok 1 - a\n", False, "1 passed, 1 failed", "broke off after 1 of 3 cases"),
        (
            "1..1\nok 1 - a\nLeakSanitizer\n",
            False,
            "1 passed, 1 failed",
            "failed though no case did",
        ),
        ("hello\n", True, "0 passed, 1 failed", "printed no TAP case"),
        ("", False, "0 passed, 1 failed", "failed though no case did"),
        ("okay\nnot okay\n1..1\nok 1 - skipped nothing\n", True, "1 passed, 0 failed", ""),
    ],
)
def test_tap(output: str, exit_is_zero: bool, line: str, reason: str) -> None:
    count, why = runner.count_tap(output, exit_is_zero)
    assert str(count) == line
    assert why == reason


def test_ctest_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = tmp_path / "ctest.xml"
    report.write_text("""<testsuite>
        <testcase name="good" status="run"><system-out>1..1
ok 1 - a</system-out></testcase>
        <testcase name="slow" status="fail"><failure message=""/><system-out>1..2
ok 1 - b</system-out></testcase>
        <testcase name="gone" status="notrun"><skipped message="no such file"/></testcase>
        </testsuite>""")
    assert str(runner.count_ctest(report)) == "2 passed, 2 failed"
    shown = capsys.readouterr().out
    assert "slow: broke off after 1 of 2 cases" in shown
    assert "gone: failed though no case did" in shown


def test_pytest_report(tmp_path: Path) -> None:
    report = tmp_path / "pytest.xml"
    report.write_text(
        "<testsuites><testsuite><testcase/><testcase><failure/></testcase><testcase><error/></testcase>"
        "<testcase><skipped/></testcase></testsuite></testsuites>"
    )
    assert str(runner.count_pytest(report)) == "1 passed, 2 failed, 1 skipped"
