#!/usr/bin/env python3
"""Write the raw files of this folder and truth.json, the same bytes every time.

Python's standard library only. The clean shop is built first (generator/shop.py), quirks are planted in it
(generator/quirks.py), the files are written, and the truth is told from the model, never read from the files.

Usage: generate.py [--output DIR]
"""

import argparse
from pathlib import Path

from generator.dice import Dice
from generator.quirks import plant
from generator.shop import build
from generator.tables import tables_of
from generator.truth import json_text, json_value, truth

SHOP_SEED = 20240229
PLANT_SEED = 20241231


def generate(output: Path) -> None:
    tables = tables_of(build(Dice(SHOP_SEED)))
    plant(tables, Dice(PLANT_SEED))
    sizes = {}
    for table in tables.values():
        data = table.encode()
        sizes[table.file] = len(data)
        (output / table.file).write_bytes(data)
    told = json_text(json_value(truth(tables, sizes)))
    (output / "truth.json").write_bytes(f"{told}\n".encode())


def main() -> None:
    parser = argparse.ArgumentParser(
        description="Write the files of data/ecommerce and their truth."
    )
    parser.add_argument(
        "--output", type=Path, default=Path(__file__).resolve().parent, metavar="DIR"
    )
    output = parser.parse_args().output
    output.mkdir(parents=True, exist_ok=True)
    generate(output)


if __name__ == "__main__":
    main()
