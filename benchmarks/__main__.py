"""`python -m benchmarks [figure …]`: measures what is asked for and writes docs/benchmarks.md.

A figure measured for this very code is not measured again; `--again` says otherwise.
"""

import argparse
import importlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks import report
from benchmarks.machine import fingerprint

FIGURES = (
    "generate",
    "size",
    "whole",
    "again",
    "day",
    "batch",
    "memory",
    "scaling",
    "drain",
    "latency",
    "alarms",
    "alarm_latency",
    "alarm-score",
    "forecast",
    "warnings",
    "lag",
    "memory-live",
    "log",
    "chaos",
    "history",
    "changes",
    "month",
    "lag-grid",
    "cmapss",
)
WATCHED = ("lag", "memory-live", "lag-grid")
HOME = Path(".headrace/bench")
RESULTS = Path("docs/benchmarks.json")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("figures", nargs="*", choices=[*FIGURES, []], help="default: all of them, in order")
    parser.add_argument("--runs", type=int, default=3, help="runs of each short figure (default 3)")
    parser.add_argument("--again", action="store_true", help="measure even what is measured already")
    parser.add_argument("--minutes", type=float, help="how long lag and memory-live are watched")
    chosen = parser.parse_args()
    names = chosen.figures or FIGURES
    if len(names) > 1:
        sys.exit(max(_apart(name, chosen) for name in names))
    _measure(names[0], chosen)


def _apart(name: str, chosen: argparse.Namespace) -> int:
    """In a process of its own: its Spark knows nothing of another figure's, and the next is measured if it fails."""
    flags = ["--runs", str(chosen.runs), *(["--again"] if chosen.again else [])]
    flags += [] if chosen.minutes is None else ["--minutes", str(chosen.minutes)]
    return abs(subprocess.run([sys.executable, "-m", "benchmarks", name, *flags]).returncode)


def _known() -> dict[str, Any]:
    known: dict[str, Any] = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    return known


def _measure(name: str, chosen: argparse.Namespace) -> None:
    known = _known()
    if not chosen.again and known.get(name, {}).get("code") == fingerprint():
        print(f"{name}: measured already for this code ({known[name]['measured_at']})")
        return
    print(f"{name}: measuring …", flush=True)
    figure = importlib.import_module(f"benchmarks.figures.{name.replace('-', '_')}")
    watched = name in WATCHED and chosen.minutes is not None
    rows = figure.measure(HOME, chosen.runs, **({"minutes": chosen.minutes} if watched else {}))
    known = _known()  # another figure may have been measured meanwhile
    known[name] = {
        "code": fingerprint(),
        "measured_at": report.today(),
        "rows": [row.as_dict() for row in rows],
    }
    RESULTS.write_text(json.dumps(known, indent=1) + "\n")
    for row in rows:
        print(f"  {row.what}: {row.measured} (target {row.target})", flush=True)
    report.write({name: known[name] for name in FIGURES if name in known})


if __name__ == "__main__":
    main()
