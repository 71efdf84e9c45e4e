"""banned.h stops each function it names, and lets every system header we use through."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(os.environ["BLDR_ROOT"])

CALLS = {
    "strcpy": 'strcpy(b, "x")',
    "strcat": 'strcat(b, "x")',
    "strncpy": 'strncpy(b, "x", 1)',
    "gets": "gets(b)",
    "sprintf": 'sprintf(b, "x")',
    "vsprintf": 'vsprintf(b, "x", v)',
    "strtok": 'strtok(b, ",")',
    "atoi": "atoi(b)",
    "atol": "atol(b)",
    "atoll": "atoll(b)",
    "atof": "atof(b)",
    "localtime": "localtime(&t)",
    "gmtime": "gmtime(&t)",
    "ctime": "ctime(&t)",
    "ctime_r": "ctime_r(&t, b)",
    "asctime": "asctime(0)",
    "asctime_r": "asctime_r(0, b)",
    "rand": "rand()",
    "srand": "srand(1)",
    "system": "system(b)",
    "mktemp": "mktemp(b)",
    "tmpnam": "tmpnam(b)",
}


def compile_c(source: str) -> subprocess.CompletedProcess[str]:
    command = ["cc", "-std=gnu17", "-D_GNU_SOURCE=", "-fsyntax-only", "-x", "c"]
    command += ["-include", str(ROOT / "src/base/banned.h"), "-"]
    return subprocess.run(command, input=source, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", CALLS)
def test_a_banned_call_does_not_compile(name: str) -> None:
    body = "#include <stdarg.h>\nvoid f(char *b, time_t t, va_list v);\n"
    body += f"void f(char *b, time_t t, va_list v)\n{{\n(void){CALLS[name]};\n}}\n"
    done = compile_c(body)
    assert done.returncode != 0
    assert f"sorry_{name}_is_a_banned_function" in done.stderr


def test_the_list_is_whole() -> None:
    text = (ROOT / "src/base/banned.h").read_text()
    assert {line.split()[1] for line in text.splitlines() if line.startswith("#undef")} == set(
        CALLS
    )


def test_system_headers_pass() -> None:
    headers = [
        "sqlite3.h",
        "uv.h",
        "jansson.h",
        "sodium.h",
        "xxhash.h",
        "math.h",
        "wchar.h",
        "signal.h",
    ]
    done = compile_c("".join(f"#include <{header}>\n" for header in headers) + "int x;\n")
    assert done.returncode == 0, done.stderr
