"""`python -m rehearsal.chaos`: does to the standing job what nights and power cuts do, and asks the receipt each time.

Under load the job is killed at random moments, the broker restarted, the producer stopped, garbage sent, a clock put
wrong, the disk under the log of bronze filled, and messages forgotten before they were taken. After each failure
another job goes on, and what came in must be what became of it.
"""

import argparse
import json
import random
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from headrace.live.heartbeat import stamp
from headrace.refine.run import refine
from headrace.settings import Settings
from rehearsal.failures import Campaign
from rehearsal.kafka import Broker, free_port
from simulation.generate.plan import load_profile
from simulation.generate.run import generate
from simulation.producer.continuation import topic_contracts

HOME = Path(".headrace/chaos").absolute()
JOIN_FILES = 20  # so that files are joined in the short life of a job


@dataclass(frozen=True)
class Summary:
    """What was done, and what came of it."""

    began_at: str
    seconds: float
    rate: float
    failures: dict[str, int]
    not_done: list[str]
    receipts: int
    messages: int
    rows: int
    lost: int
    checked_messages: int
    restart_seconds: float


def run(
    domain: str, *, kills: int, rate: float, seed: int, say: Callable[[str], None], home: Path = HOME
) -> Summary:
    """Leaves its lake and the logs of its processes in `home`, and ends at the first thing that is wrong."""
    began, began_at = time.monotonic(), stamp()
    shutil.rmtree(home, ignore_errors=True)
    broker = Broker(home / "kafka", free_port())
    settings = Settings(home=home, kafka_bootstrap=broker.address, metrics_port=0, join_files=JOIN_FILES)  # type: ignore[call-arg]
    contract = topic_contracts(domain)[0]
    topic = str(contract.arrives.topic)
    say("A small lake, a broker and a producer")
    generate(domain, load_profile(domain, "fast"), settings)
    refine(domain, settings=settings)
    broker.up()
    broker.make_topic(topic, partitions=2)
    campaign = Campaign(domain, settings, broker, contract, rate, random.Random(seed), say)
    try:
        campaign.sends()
        for failure in _failures(campaign, kills):
            failure()
            campaign.sends()
        checked = campaign.missing_messages()
        campaign.retention_passed()
        assert campaign.producer is not None
        campaign.producer.stop()
        found = campaign.drain()
    finally:
        campaign.end()
        broker.down()
    return Summary(
        began_at, round(time.monotonic() - began), rate, dict(campaign.done), campaign.not_done,
        campaign.done.total() + 1, found["messages"], found["rows"], found["lost"], checked,
        round(median(campaign.restarts), 1),
    )  # fmt: skip


def _failures(campaign: Campaign, kills: int) -> list[Callable[[], None]]:
    others = [
        campaign.garbage_sent, campaign.broker_restarted, campaign.sending_stopped, campaign.clock_moved,
        campaign.disk_filled, campaign.broker_restarted, campaign.sending_stopped,
    ]  # fmt: skip
    failures: list[Callable[[], None]] = [campaign.killed] * kills
    step = max(1, kills // (len(others) + 1))
    for number, other in enumerate(others, start=1):
        failures.insert(min(len(failures), number * (step + 1) - 1), other)
    return failures


def show(summary: Summary, screen: Console) -> None:
    table = Table("what was done", "times", box=None, pad_edge=False)
    for what, times in summary.failures.items():
        table.add_row(what, str(times))
    for what in summary.not_done:
        table.add_row(f"[yellow]not done: {what}[/]", "")
    screen.print("", table, sep="\n")
    screen.print(
        f"[bold]{summary.messages:,} messages = {summary.rows:,} rows of bronze + {summary.lost:,} told as lost[/];\n"
        f"the receipt balanced {summary.receipts} times, once behind each failure\n"
        f"sending: {summary.checked_messages:,} messages looked up, none missing\n"
        f"a job stood again within {summary.restart_seconds:.0f} s (median); {summary.seconds / 60:.0f} minutes in all"
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m rehearsal.chaos", description=__doc__)
    parser.add_argument("--domain", default="refinery")
    parser.add_argument("--kills", type=int, default=20, help="how often the job is killed (default 20)")
    parser.add_argument("--rate", type=float, default=500, help="messages a second meanwhile (default 500)")
    parser.add_argument("--seed", type=int, default=1, help="of the moments")
    parser.add_argument("--json", type=Path, help="where the summary goes as JSON")
    chosen = parser.parse_args()
    screen = Console(highlight=False)
    summary = run(chosen.domain, kills=chosen.kills, rate=chosen.rate, seed=chosen.seed, say=screen.print)
    show(summary, screen)
    if chosen.json:
        chosen.json.write_text(json.dumps(asdict(summary), indent=1) + "\n")


if __name__ == "__main__":
    main()
