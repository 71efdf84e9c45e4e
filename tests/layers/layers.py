#!/usr/bin/env python3
"""Hold the source tree to src/layers.txt and the rules of the house that a compiler does not know.

Promise: one TAP case per rule; a rule that finds something names file, line and what would be right. The rules
run over trees planted with violations too, so a checker that has gone blind fails its own test.

Usage: layers.py SOURCE_DIR CC
"""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
MAX_LINES = 800
PUBLIC = "bldr"


@dataclass
class Layers:
    modules: dict[str, list[str]] = field(default_factory=dict)  # module: what it may include
    owners: dict[str, str] = field(default_factory=dict)  # "bldr/x.h": the module it belongs to


def read_layers(root: Path) -> Layers:
    layers = Layers()
    for number, line in enumerate((root / "src/layers.txt").read_text().splitlines(), 1):
        line = line.split("#")[0].strip()
        if not line:
            continue
        name, colon, rest = (part.strip() for part in line.partition(":"))
        if not colon or name in layers.modules:
            raise ValueError(
                f"src/layers.txt:{number}: expected 'module: module...' once per module"
            )
        if name.startswith("<"):
            layers.owners[name.strip("<>")] = rest
        else:
            layers.modules[name] = rest.split()
    for name in [*layers.owners.values(), *chain(*layers.modules.values())]:
        if name not in layers.modules:
            raise ValueError(f"src/layers.txt: '{name}' is named but has no line")
    return layers


def code(root: Path, *suffixes: str) -> Iterator[tuple[str, Path]]:
    """(module, file) for the C files of src/ and the public headers; a file outside a folder has module ""."""
    for top in ("src", "include"):
        for path in sorted((root / top).rglob("*")):
            parts = path.relative_to(root).parts
            if path.suffix in suffixes and path.is_file():
                yield (parts[1] if len(parts) > 2 else "", path)


def check_modules_listed(root: Path, layers: Layers, _cc: str) -> list[str]:
    found = []
    for module, path in code(root, ".c", ".h"):
        name = path.relative_to(root)
        if module not in layers.modules:
            found.append(f"{name}: module '{module}' has no line in src/layers.txt")
        elif module == PUBLIC and str(name.relative_to("include")) not in layers.owners:
            found.append(f"{name}: no line in src/layers.txt says whose it is")
    return found


def allowed(layers: Layers, module: str, name: str) -> bool:
    """Whether a file of the module may include "name" or <name>."""
    may = {module, *layers.modules.get(module, [])}
    return name.split("/")[0] in may or layers.owners.get(name) in may


def complaint(layers: Layers, module: str, style: str, name: str) -> str:
    first, slash, _ = name.partition("/")
    if style == "<" and first not in layers.modules:
        return ""  # the system's
    if style == "<" and slash and first != PUBLIC:
        return f'write "{name}", angle brackets are for <bldr/...> and the system'
    if style == '"' and first == PUBLIC:
        return f"write <{name}>"
    if style == '"' and not slash:
        return f'"{name}" names no module, write "{module}/{name}"'
    if style == '"' and first not in layers.modules:
        return f'"{name}" names no module of src/layers.txt'
    if slash and not allowed(layers, module, name):
        allows = " ".join(layers.modules.get(module, [])) or "nothing"
        return f"'{module}' may not include '{name}', it may include: {allows}"
    return ""


def check_includes(root: Path, layers: Layers, _cc: str) -> list[str]:
    found = []
    for module, path in code(root, ".c", ".h"):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            match = INCLUDE.match(line)
            if match and (words := complaint(layers, module, match[1], match[2])):
                found.append(f"{path.relative_to(root)}:{number}: {words}")
    return found


def check_pragma_once(root: Path, _layers: Layers, _cc: str) -> list[str]:
    return [
        f"{path.relative_to(root)}: no '#pragma once'"
        for _, path in code(root, ".h")
        if not re.search(r"^#pragma once$", path.read_text(encoding="utf-8"), re.M)
    ]


def check_length(root: Path, _layers: Layers, _cc: str) -> list[str]:
    found = []
    for _, path in code(root, ".c", ".h"):
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if lines > MAX_LINES:
            found.append(f"{path.relative_to(root)}: {lines} lines, more than {MAX_LINES}")
    return found


def check_headers_alone(root: Path, _layers: Layers, cc: str) -> list[str]:
    """A public header sees only the public include path; others see src/ too."""

    def compile_alone(path: Path) -> str:
        public = path.is_relative_to(root / "include")
        paths = [f"-I{root / 'include'}"] + ([] if public else [f"-I{root / 'src'}"])
        command = [
            cc,
            "-std=gnu17",
            "-D_GNU_SOURCE=",
            "-Wall",
            "-Wextra",
            "-Werror",
            "-fsyntax-only",
            *paths,
        ]
        name = path.relative_to(root / ("include" if public else "src"))
        run = subprocess.run(
            [*command, "-x", "c", "-"],
            input=f'#include "{name}"\n',
            capture_output=True,
            text=True,
            check=False,
        )
        if run.returncode == 0:
            return ""
        errors = [line for line in run.stderr.splitlines() if "error" in line][:2]
        return f"{path.relative_to(root)}: does not compile alone: {'; '.join(errors)}"

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return [
            error
            for error in pool.map(compile_alone, [path for _, path in code(root, ".h")])
            if error
        ]


FUNCTION = re.compile(r"^(?!typedef|static|return|#)[A-Za-z_][\w\s*]*?\b(\w+)\s*\(", re.M)


def check_names_unique(root: Path, _layers: Layers, _cc: str) -> list[str]:
    """A static library hides a second function of the same name: the linker takes the one that it meets first."""
    owner: dict[str, tuple[str, Path]] = {}
    found = []
    for module, path in code(root, ".h"):
        text = re.sub(r"/\*.*?\*/|//[^\n]*", "", path.read_text(encoding="utf-8"), flags=re.S)
        for name in FUNCTION.findall(text):
            first = owner.setdefault(name, (module, path))
            if first[0] != module and PUBLIC not in (first[0], module):
                found.append(
                    f"{path.relative_to(root)}: '{name}' is a function of "
                    f"{first[1].relative_to(root)} too"
                )
    return found


RULES = {
    "no two modules have a function of one name": check_names_unique,
    "every module has a line in layers.txt": check_modules_listed,
    "includes keep to layers.txt": check_includes,
    "every header has pragma once": check_pragma_once,
    f"no file over {MAX_LINES} lines": check_length,
    "every header compiles alone": check_headers_alone,
}

# What is planted in an otherwise clean tree, and the words the one complaint must hold.
PLANTED = {
    "no two modules have a function of one name": [
        (
            "src/top/again.h",
            "#pragma once\nconst char *base(int x,\n\tint y);\n",
            "'base' is a function of src/base/base.h too",
        ),
    ],
    "every module has a line in layers.txt": [
        ("src/loft/room.c", "int room;\n", "module 'loft' has no line")
    ],
    "includes keep to layers.txt": [
        (
            "src/base/up.h",
            '#pragma once\n#include "top/top.h"\n',
            "up.h:2: 'base' may not include 'top/top.h'",
        ),
        ("src/top/deep.c", '#include "store/store.h"\n', "'top' may not include 'store/store.h'"),
        (
            "src/top/inner/far.c",
            "#include <bldr/store.h>\n",
            "'top' may not include 'bldr/store.h'",
        ),
        ("src/top/angle.c", "#include <base/base.h>\n", 'write "base/base.h"'),
        ("src/top/bare.c", '#include "top.h"\n', 'write "top/top.h"'),
        ("src/top/quoted.c", '#include "bldr/api.h"\n', "write <bldr/api.h>"),
        ("src/top/nowhere.c", '#include "attic/x.h"\n', "names no module"),
        (
            "include/bldr/inward.h",
            '#pragma once\n#include "base/base.h"\n',
            "'bldr' may not include",
        ),
    ],
    "every header has pragma once": [("src/top/twice.h", "struct twice;\n", "no '#pragma once'")],
    f"no file over {MAX_LINES} lines": [("src/top/long.c", "\n" * (MAX_LINES + 1), "more than")],
    "every header compiles alone": [
        ("src/top/needs.h", "#pragma once\nsize_t needs(void);\n", "does not compile alone"),
        (
            "include/bldr/private.h",
            '#pragma once\n#include "base/base.h"\n',
            "does not compile alone",
        ),
    ],
}


LAYERS = """
bldr:
<bldr/api.h>: base
<bldr/store.h>: store
base:
store: base
top: base # not store
"""


def clean_tree(root: Path) -> None:
    files = {
        "src/layers.txt": LAYERS,
        "src/base/base.h": "#pragma once\n#include <bldr/api.h>\n#include <stddef.h>\nsize_t base(void);\n",
        "src/base/base.c": '#include "base/base.h"\n',
        "src/store/store.h": '#pragma once\n#include "base/base.h"\n',
        "src/top/top.h": "#pragma once\nint top(void);\n",
        "src/top/top.c": '#include "top/top.h"\n\n#include "base/base.h"\n#include <bldr/api.h>\n',
        "include/bldr/api.h": "#pragma once\n",
        "include/bldr/store.h": "#pragma once\n#include <bldr/api.h>\n",
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


def check_the_checker(name: str, cc: str) -> list[str]:
    """The rule is silent on a clean tree and complains once about each planted file."""
    with tempfile.TemporaryDirectory(prefix="bldr-layers-") as folder:
        root = Path(folder)
        clean_tree(root)
        wrong = [f"clean tree: {found}" for found in RULES[name](root, read_layers(root), cc)]
        for path, text, words in PLANTED[name]:
            planted = root / path
            planted.parent.mkdir(parents=True, exist_ok=True)
            planted.write_text(text)
            found = RULES[name](root, read_layers(root), cc)
            if len(found) != 1 or words not in found[0]:
                wrong.append(f'planted {path}: expected one complaint with "{words}", got {found}')
            planted.unlink()
        return wrong


def main() -> int:
    root, cc = Path(sys.argv[1]).resolve(), sys.argv[2]
    layers = read_layers(root)
    cases = [(name, rule(root, layers, cc)) for name, rule in RULES.items()]
    cases += [
        (f"a planted violation is found: {name}", check_the_checker(name, cc)) for name in RULES
    ]
    print(f"1..{len(cases)}")
    for number, (name, found) in enumerate(cases, 1):
        print(f"{'not ok' if found else 'ok'} {number} - {name}")
        for line in found:
            print(f"# {line}")
    return any(found for _, found in cases)


if __name__ == "__main__":
    sys.exit(main())
