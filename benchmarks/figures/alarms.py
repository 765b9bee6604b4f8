"""The alarm engine on one core: half a million senders, twenty readings each, from Parquet files to events."""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.lake import DOMAIN
from benchmarks.report import Row, spread

SENDERS, READINGS, TARGET = 500_000, 20, 500_000
EVERY, FILES = 10_000_000, 4  # microseconds; files a batch
START = round(datetime(2024, 1, 1, tzinfo=UTC).timestamp() * 1e6)
BEYOND = 0.002  # of the senders are beyond a limit in the second half


def measure(home: Path, runs: int) -> list[Row]:
    here = (home / "alarms").absolute()
    shutil.rmtree(here, ignore_errors=True)
    here.mkdir(parents=True)
    with _one_core():
        rates = [_rate(here / f"run{number}") for number in range(runs)]
    shutil.rmtree(here)
    return [
        Row(
            f"alarms of {SENDERS:,} senders, {READINGS} readings each, from Parquet to events on one core",
            f"{TARGET / 1000:.0f}k rows/s",
            spread(rates, "rows/s"),
            min(rates) >= TARGET,
        )
    ]


@contextmanager
def _one_core() -> Iterator[None]:
    """Where the system can be told so."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _rate(here: Path) -> float:
    """Of the second ten readings: the first ones are new to the engine, as they are once in a lake's life."""
    from headrace.alarms.processor import AlarmProcessor
    from headrace.alarms.rules import load_rules
    from headrace.alarms.source_versions import VersionRows

    rules = load_rules(DOMAIN)
    assert rules is not None
    engine = AlarmProcessor(rules)
    engine.senders.take(_senders())
    half = READINGS // 2
    made = [_files(here / str(part), part * half, half, rules) for part in range(2)]
    began = 0.0
    for files in made:
        began = time.monotonic()
        events = [engine.step(rows) for rows in VersionRows(files).batches(rules)]
    seconds = time.monotonic() - began
    assert sum(map(len, events)) > SENDERS * BEYOND / 2, "senders beyond their limits were not told"
    return SENDERS * half / seconds


def _senders() -> pa.Table:
    from headrace.alarms.rules import load_rules

    rules = load_rules(DOMAIN)
    assert rules is not None
    named, limits = rules.senders, rules.limits
    number = np.arange(SENDERS)
    columns = {
        named.key: _ids(),
        named.group: [f"U{each}" for each in number // 100],
        named.console: [f"C{each}" for each in number // 3000],
        named.kind: ["any"] * SENDERS,
        named.interval: np.full(SENDERS, 10),
        named.active: np.ones(SENDERS, bool),
    }
    bounds = zip(
        (limits.low_low, limits.low, limits.high, limits.high_high), (0.0, 1.0, 9.0, 10.0), strict=True
    )
    return pa.table(columns | {name: np.full(SENDERS, bound) for name, bound in bounds})


def _ids() -> list[str]:
    return [f"SENS-{number:06d}" for number in range(SENDERS)]


def _files(folder: Path, first: int, count: int, rules: object) -> tuple[str, ...]:
    """As Spark leaves them: rows in the order of their coming, several files."""
    folder.mkdir(parents=True)
    luck = np.random.default_rng(first)
    ids, made = pa.array(_ids()), []
    ticks = np.arange(first, first + count)
    for number, part in enumerate(np.array_split(ticks, FILES)):
        codes = np.concatenate([luck.permutation(SENDERS) for _ in part])
        at = np.repeat(START + part * EVERY, SENDERS)
        values = 5 + 0.1 * luck.standard_normal(len(codes)).round(2)
        if first:
            values[codes < SENDERS * BEYOND] += 4.5
        rows = pa.table(
            {
                rules.senders.key: ids.take(pa.array(codes)),  # type: ignore[attr-defined]
                rules.at: pa.array(at, pa.timestamp("us", "UTC")),  # type: ignore[attr-defined]
                rules.value: values,  # type: ignore[attr-defined]
            }
        )
        file = folder / f"part-{number}.parquet"
        pq.write_table(rows, file)
        made.append(str(file))
    return tuple(made)
