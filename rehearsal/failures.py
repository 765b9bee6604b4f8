"""Failures of the standing job, its producer, its broker and its disk; the receipt is checked after each."""

import random
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from kafka import KafkaAdminClient, KafkaProducer, TopicPartition

from headrace.contracts.model import Contract
from headrace.lake.paths import Paths
from headrace.live.heartbeat import last_beat, stamp
from headrace.operate.receipt import Receipt, receipt
from headrace.settings import Settings
from headrace.sources.broker import offsets_now
from rehearsal.clock import keys_in_silver, readings_off
from rehearsal.kafka import Broker
from rehearsal.missing_messages import missing_from
from rehearsal.subprocesses import Command, wait_until_standing

LONGEST_LIFE = 20.0
GARBAGE = (
    b"",
    b"\xff\xfe\x00\x01",
    b'{"reading_id": "R',
    b"[1, 2, 3]",
    b'{"a": {"b": {"c": 1}}}',
    b"x" * 10_000_000,
)


@dataclass
class Campaign:
    """`say` is told what came of each failure."""

    domain: str
    settings: Settings
    broker: Broker
    contract: Contract
    rate: float
    chance: random.Random
    say: Callable[[str], None]
    done: Counter[str] = field(default_factory=Counter)
    not_done: list[str] = field(default_factory=list)
    restarts: list[float] = field(default_factory=list)
    producer: Command | None = None
    job: Command | None = None

    @property
    def topic(self) -> str:
        return str(self.contract.arrives.topic)

    @property
    def paths(self) -> Paths:
        return Paths.of(self.domain, self.settings)

    @property
    def logs(self) -> Path:
        return self.settings.home / "logs"

    def sends(self) -> None:
        """Starts the producer where it does not run: a broker that is away for long ends it, as it should."""
        if self.producer is None or not self.producer.is_running:
            words = ["produce", self.domain, "--table", self.contract.table, "--rate", str(self.rate)]
            self.producer = Command(words, self.settings, self.logs / "produce.log", HEADRACE_MEMORY="1g")

    def stands(self, *words: str) -> Command:
        began = time.monotonic()
        job = self._begin(*words)
        wait_until_standing(job, self.paths)
        self.restarts.append(time.monotonic() - began)
        return job

    def _begin(self, *words: str) -> Command:
        self.job = Command(["stream", self.domain, *words], self.settings, self.logs / "stream.log")
        return self.job

    def end(self) -> None:
        """Kills what still runs."""
        for each in (self.job, self.producer):
            if each is not None and each.is_running:
                each.kill()

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
        self.sends()
        self._wait_for_a_batch(job)
        job.stop()
        self.check("broker killed and started again")

    def sending_stopped(self) -> None:
        """Once as an operator does, once by a kill; the next one goes on where it was."""
        assert self.producer is not None
        (self.producer.kill if self.chance.random() < 0.5 else self.producer.stop)()
        job = self.stands()
        time.sleep(3)
        self.sends()
        self._wait_for_a_batch(job)
        job.stop()
        self.check("sending stopped and begun again")

    def garbage_sent(self) -> None:
        producer = KafkaProducer(bootstrap_servers=self.broker.address, max_request_size=20 << 20)
        for body in GARBAGE:
            producer.send(self.topic, value=body).get(timeout=30)
        producer.close()
        self._goes_on()
        self.check("a batch of garbage")

    def clock_moved(self) -> None:
        """A producer whose clock is an hour ahead, then an hour behind: its readings' times and the messages'."""
        producer = KafkaProducer(bootstrap_servers=self.broker.address)
        sent = set[str]()
        for hours in (1, -1):
            for key, sender, body in readings_off(self.contract, self.paths, timedelta(hours=hours)):
                moment = int((time.time() + hours * 3600) * 1000)
                producer.send(self.topic, key=sender, value=body, timestamp_ms=moment).get(timeout=30)
                sent.add(key)
        producer.close()
        job = self.stands()
        missing = self._missing_in_silver(sent, job)
        job.stop()
        if missing:
            raise SystemExit(
                f"{len(missing)} of {len(sent)} readings of a clock an hour off are not in silver"
            )
        self.check("the producer's clock an hour off, both ways")

    def _missing_in_silver(self, keys: set[str], job: Command, within: float = 150.0) -> set[str]:
        """What is still missing after a while: the first batch after a kill is one planned before they were sent."""
        missing, end = keys, time.monotonic() + within
        while missing and job.is_running and time.monotonic() < end:
            self.sends()
            time.sleep(1)
            missing = keys - keys_in_silver(self.contract, self.paths, keys)
        return missing

    def disk_filled(self) -> None:
        """Bronze's log on a disk of its own, which is filled while the job runs."""
        folder = Path(self.paths.table("bronze", self.contract.table)) / "_delta_log"
        with small_disk(folder) as mounted:
            if not mounted:
                self.not_done.append("the disk filled: this machine lets nobody mount a small one")
                return
            job = self.stands()
            ballast = folder / "ballast"
            subprocess.run(["dd", "if=/dev/zero", f"of={ballast}", "bs=64k"], capture_output=True)
            ended = self._ended(job, within=90)
            said = job.last_lines(30)
            if not ended:
                job.kill()
            ballast.unlink()
            self.say(f"  the job {_how(ended, said)}")
            self._goes_on()
        self.check("the disk under the log of bronze filled")

    def retention_passed(self) -> None:
        """A partition forgets what was not taken yet: the job says so and stops, until the loss is accepted."""
        job = self._begin("--until-empty")
        job.process.wait(timeout=300)
        self._wait_for_messages()
        number, (_, end) = max(offsets_now(self.topic, self.settings).items(), key=lambda each: each[1][1])
        admin = KafkaAdminClient(bootstrap_servers=self.broker.address)
        admin.delete_records({TopicPartition(self.topic, number): end})
        admin.close()
        refused = self._begin()
        if not self._ended(refused, within=90) or "--accept-loss" not in refused.last_lines(30):
            refused.kill()
            raise SystemExit(f"a loss was not told:\n{refused.last_lines(30)}")
        if receipt(self.domain, self.settings).balanced:
            raise SystemExit("the receipt balances though messages are gone that nobody took")
        job = self.stands("--accept-loss")
        self._wait_for_a_batch(job)
        job.stop()
        lost = sum(each.count for each in self.check("retention that ran past the job").lost)
        self.say(f"  {lost:,} messages are told as lost")

    def check(self, what: str) -> Receipt:
        found = receipt(self.domain, self.settings).check()
        self.done[what] += 1
        beat = last_beat(self.paths)
        self.say(f"  {what}: the receipt balances (run {beat.run if beat else '?'})")
        return found

    def drain(self) -> dict[str, int]:
        """Takes all that is left, and holds what bronze has against what the broker ever had."""
        job = self._begin("--until-empty")
        if job.process.wait(timeout=600) != 0:
            raise SystemExit(f"the last job failed:\n{job.last_lines()}")
        found = receipt(self.domain, self.settings).check()
        lines = [line for line in found.lines if line.topic == self.topic]
        rows, lost = sum(line.terms["rows"] for line in lines), sum(each.count for each in found.lost)
        sent = sum(end for _, end in offsets_now(self.topic, self.settings).values())
        if rows + lost != sent:
            raise SystemExit(
                f"the broker was sent {sent:,} messages, bronze has {rows:,} and {lost:,} are lost"
            )
        return {"messages": sent, "rows": rows, "lost": lost, "lines": len(found.lines)}

    def missing_messages(self) -> int:
        """Messages that the producers count as sent; one that is not in the topic ends the campaign."""
        missing, sent = missing_from(self.topic, self.broker.address, self.paths, self.contract.table)
        if missing:
            raise SystemExit(f"{missing:,} of {sent:,} messages that count as sent are not in the topic")
        self.say(f"  sending: {sent:,} messages of whole chunks, none missing")
        return sent

    def _goes_on(self) -> None:
        job = self.stands()
        self._wait_for_a_batch(job)
        job.stop()

    def _ended(self, job: Command, within: float) -> bool:
        end = time.monotonic() + within
        while job.is_running and time.monotonic() < end:
            time.sleep(0.5)
        return not job.is_running

    def _wait_for_messages(self) -> None:
        before, end = self._sent(), time.monotonic() + 60
        while self._sent() == before and time.monotonic() < end:
            self.sends()
            time.sleep(1)
        time.sleep(2)

    def _sent(self) -> int:
        return sum(end for _, end in offsets_now(self.topic, self.settings).values())

    def _wait_for_a_batch(self, job: Command, within: float = 150.0) -> None:
        """Until the job has stored something again."""
        since, end = stamp(), time.monotonic() + within
        while time.monotonic() < end and job.is_running:
            beat = last_beat(self.paths)
            if beat is not None and any(flow.committed_at > since for flow in beat.flows):
                return
            self.sends()
            time.sleep(0.5)
        raise SystemExit(f"the job stored nothing for {within:.0f} s:\n{job.last_lines(30)}")


def _how(ended: bool, said: str) -> str:
    if not ended:
        return "hung on and was killed"
    return "told so and ended" if "disk is full" in said else "ended with other words"


@contextmanager
def small_disk(folder: Path) -> Iterator[bool]:
    """Lays a disk of 64 MB over a folder and takes what it held with it, there and back."""
    aside = folder.with_name(f"{folder.name}.aside")
    folder.mkdir(parents=True, exist_ok=True)
    folder.rename(aside)
    folder.mkdir()
    mounted = not subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(folder)], capture_output=True
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
