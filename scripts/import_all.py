"""Imports the project and all that it imports, so that Python writes their byte code: `python scripts/import_all.py`.

Compiling every file of every package would take ten times as long.
"""

import importlib
import pkgutil
import sys
from contextlib import suppress
from pathlib import Path

PARTS = ("cli", "headrace", "streaming", "tasks", "flows", "simulation", "domains", "pyspark.worker")


def main() -> None:
    sys.path.insert(0, str(Path(__file__).parents[1]))
    for part in PARTS:
        package = importlib.import_module(part)
        for module in pkgutil.walk_packages(getattr(package, "__path__", []), f"{part}."):
            with suppress(Exception):  # whoever runs it is told what is wrong with it
                importlib.import_module(module.name)


if __name__ == "__main__":
    main()
