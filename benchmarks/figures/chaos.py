"""The standing job killed twenty times under load, and what else nights bring: see `rehearsal.chaos`."""

from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.lake import DOMAIN
from benchmarks.report import Row

if TYPE_CHECKING:
    from rehearsal.chaos import Summary

KILLS, RATE = 20, 500


def measure(home: Path, runs: int) -> list[Row]:  # noqa: ARG001 - one campaign takes a quarter of an hour
    from rehearsal.chaos import run

    return [row_of(run(DOMAIN, kills=KILLS, rate=RATE, seed=1, say=print, home=(home / "chaos").absolute()))]


def row_of(found: "Summary") -> Row:
    done = ", ".join(f"{what} ({times})" for what, times in found.failures.items())
    left = "".join(f"; not done: {each}" for each in found.not_done)
    return Row(
        f"a campaign at {found.rate:.0f} messages a second: {done}{left}",
        "the receipt balances after each",
        f"{found.messages:,} messages = {found.rows:,} rows + {found.lost:,} told as lost; {found.receipts} receipts "
        f"balanced; {found.checked_messages:,} messages sent, none missing; a job stood again within "
        f"{found.restart_seconds:.0f} s; {found.seconds / 60:.0f} min",
        not found.not_done,
    )
