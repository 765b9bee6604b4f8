"""`python -m rehearsal.chaos`: does to the standing job what nights and power cuts do, and asks the receipt each time.

Under load the job is killed at random moments, the broker restarted, garbage sent, a producer's clock put wrong and
the disk under the checkpoint filled. After each blow another job goes on, and what came in must be what became of it.
"""

import argparse
import json
import random
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from kafka import KafkaProducer
from rich.console import Console

from headrace.generate.plan import load_profile
from headrace.generate.run import generate
from headrace.lake.paths import Paths
from headrace.lake.receipt import receipt
from headrace.live.broker import offsets_now
from headrace.live.heartbeat import last_beat, stamp
from headrace.refine.run import refine
from headrace.settings import Settings
from rehearsal.apart import Command, wait_until_standing
from rehearsal.kafka import Broker, free_port
from streaming.continued import topic_contract

HOME = Path(".headrace/chaos").absolute()
LONGEST_LIFE = 12.0
GARBAGE = (
    b"",
    b"\xff\xfe\x00\x01",
    b'{"reading_id": "R',
    b"[1, 2, 3]",
    b'{"a": {"b": {"c": 1}}}',
    b"x" * 2_000_000,
)
HOUR_MS = 3_600_000


@dataclass
class Campaign:
    domain: str
    settings: Settings
    broker: Broker
    topic: str
    rate: float
    chance: random.Random
    screen: Console
    done: Counter[str] = field(default_factory=Counter)
    restarts: list[float] = field(default_factory=list)

    @property
    def paths(self) -> Paths:
        return Paths.of(self.domain, self.settings)

    def stands(self) -> Command:
        began = time.monotonic()
        job = Command(["stream", self.domain], self.settings, HOME / "logs" / "stream.log")
        wait_until_standing(job, self.paths)
        self.restarts.append(time.monotonic() - began)
        return job

    def killed(self) -> None:
        job = self.stands()
        time.sleep(self.chance.uniform(0.5, LONGEST_LIFE))
        job.kill()
        self.check("kill -9 of the standing job")

    def broker_restarted(self) -> None:
        job = self.stands()
        time.sleep(4)
        self.broker.down(kill=True)
        time.sleep(2)
        self.broker.up()
        self._wait_for_a_batch(job)
        job.stop()
        self.check("broker killed and started again")

    def _wait_for_a_batch(self, job: Command, within: float = 120.0) -> None:
        """Until the job has stored something again."""
        since, end = stamp(), time.monotonic() + within
        while time.monotonic() < end and job.is_running:
            beat = last_beat(self.paths)
            if beat is not None and any(flow.committed_at > since for flow in beat.flows):
                return
            time.sleep(0.5)
        raise SystemExit(
            f"the job stored nothing for {within:.0f} s after the broker came back:\n{job.last_lines()}"
        )

    def garbage_sent(self) -> None:
        producer = KafkaProducer(bootstrap_servers=self.broker.address, max_request_size=20 << 20)
        for body in GARBAGE:
            producer.send(self.topic, value=body).get(timeout=30)
        producer.close()
        self.check("a batch of garbage")

    def clock_moved(self) -> None:
        """Messages whose timestamps are an hour ahead and an hour behind."""
        producer = KafkaProducer(bootstrap_servers=self.broker.address)
        for wrong in (HOUR_MS, -HOUR_MS):
            for number in range(50):
                body = json.dumps({"reading_id": f"CLOCK{wrong}-{number}"}).encode()
                stamp = int(time.time() * 1000) + wrong
                producer.send(self.topic, value=body, timestamp_ms=stamp).get(timeout=30)
        producer.close()
        self.check("the producer's clock an hour off, both ways")

    def disk_filled(self) -> None:
        """The checkpoint on a disk of its own, which is filled while the job runs."""
        folder = Path(self.paths.checkpoint("bronze", ""))
        with small_disk(folder) as mounted:
            if not mounted:
                self.screen.print("  not done: this machine lets nobody mount a small disk")
                return
            job = self.stands()
            ballast = folder / "ballast"
            subprocess.run(["dd", "if=/dev/zero", f"of={ballast}", "bs=64k"], capture_output=True)
            end = time.monotonic() + 60
            while job.is_running and time.monotonic() < end:
                time.sleep(0.5)
            ended = not job.is_running
            if not ended:
                job.kill()
            ballast.unlink()
            said = (
                "told so and ended"
                if "disk is full" in job.last_lines(30)
                else "ended"
                if ended
                else "hung on"
            )
            self.screen.print(f"  the job {said}")
            again = self.stands()
            time.sleep(3)
            again.stop()
        self.check("the disk under the checkpoint filled")

    def check(self, what: str) -> None:
        receipt(self.domain, self.settings).check()
        self.done[what] += 1
        beat = last_beat(self.paths)
        self.screen.print(f"  {what}: the receipt balances (run {beat.run if beat else '?'})")

    def drain(self) -> dict[str, int]:
        """Takes all that is left, and holds what bronze has against what the broker has."""
        job = Command(["stream", self.domain, "--until-empty"], self.settings, HOME / "logs" / "stream.log")
        if job.process.wait(timeout=300) != 0:
            raise SystemExit(f"the last job failed:\n{job.last_lines()}")
        found = receipt(self.domain, self.settings).check()
        kept = sum(line.left for line in found.lines if line.says.startswith(f"offsets of {self.topic}/"))
        sent = sum(end - first for first, end in offsets_now(self.topic, self.settings).values())
        if kept != sent:
            raise SystemExit(f"the broker has {sent:,} messages, bronze {kept:,}")
        return {"messages": sent, "rows": kept, "lines": len(found.lines)}


@contextmanager
def small_disk(folder: Path) -> Iterator[bool]:
    """Lays a disk of 24 MB over a folder and takes what it held with it, there and back."""
    aside = folder.with_name(f"{folder.name}.aside")
    folder.mkdir(parents=True, exist_ok=True)
    folder.rename(aside)
    folder.mkdir()
    mounted = not subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(folder)], capture_output=True
    ).returncode
    try:
        if mounted:
            subprocess.run(["cp", "-a", f"{aside}/.", str(folder)], check=True)
        yield mounted
        if mounted:
            subprocess.run(["cp", "-a", f"{folder}/.", str(aside)], check=True)
    finally:
        if mounted:
            subprocess.run(["umount", str(folder)], check=True)
        folder.rmdir()
        aside.rename(folder)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m rehearsal.chaos", description=__doc__)
    parser.add_argument("--domain", default="refinery")
    parser.add_argument("--kills", type=int, default=20, help="how often the job is killed (default 20)")
    parser.add_argument("--rate", type=float, default=500, help="messages a second meanwhile (default 500)")
    parser.add_argument("--seed", type=int, default=1, help="of the moments")
    chosen = parser.parse_args()
    screen, began = Console(highlight=False), time.monotonic()
    broker = Broker(HOME / "kafka", free_port())
    settings = Settings(home=HOME, kafka_bootstrap=broker.address, metrics_port=0, _env_file=None)  # type: ignore[call-arg]
    topic = str(topic_contract(chosen.domain, None).arrives.topic)
    screen.print("A small lake, a broker and a producer")
    generate(chosen.domain, load_profile(chosen.domain, "fast"), settings)
    refine(chosen.domain, settings=settings)
    broker.up()
    broker.make_topic(topic, partitions=2)
    campaign = Campaign(
        chosen.domain, settings, broker, topic, chosen.rate, random.Random(chosen.seed), screen
    )
    words = ["produce", chosen.domain, "--rate", str(chosen.rate)]
    producer = Command(words, settings, HOME / "logs" / "produce.log", HEADRACE_MEMORY="1g")
    try:
        for blow in _blows(campaign, chosen.kills):
            blow()
            if not producer.is_running:  # a broker that was away too long ends it, as it should
                producer = Command(words, settings, HOME / "logs" / "produce.log", HEADRACE_MEMORY="1g")
        producer.stop()
        found = campaign.drain()
    finally:
        if producer.is_running:
            producer.kill()
        broker.down()
    _summary(screen, campaign, found, time.monotonic() - began)


def _blows(campaign: Campaign, kills: int) -> list[Callable[[], None]]:
    others = [
        campaign.garbage_sent, campaign.broker_restarted, campaign.clock_moved, campaign.disk_filled,
        campaign.broker_restarted,
    ]  # fmt: skip
    blows: list[Callable[[], None]] = [campaign.killed] * kills
    step = max(1, kills // (len(others) + 1))
    for number, other in enumerate(others, start=1):
        blows.insert(min(len(blows), number * (step + 1) - 1), other)
    return blows


def _summary(screen: Console, campaign: Campaign, found: dict[str, int], seconds: float) -> None:
    screen.print(
        f"\n[bold]{found['messages']:,} messages, {found['rows']:,} rows of bronze[/], none lost or doubled"
    )
    for what, times in campaign.done.items():
        screen.print(f"  {times:3d} times {what}")
    screen.print(f"  all {found['lines']} lines of the receipt balanced after each")
    middle = sorted(campaign.restarts)[len(campaign.restarts) // 2]
    screen.print(f"  a job stood again within {middle:.0f} s (median); {seconds / 60:.0f} minutes in all")


if __name__ == "__main__":
    main()
