"""Several drivers want one table in S3: no commit is lost, whoever is killed or paused on the way."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from headrace.lake import objects
from rehearsal.aws.server_process import REGION
from tests.cloud.driver import TABLE

ROOT = Path(__file__).parents[2]
WITHOUT_END = 100_000  # commits, all in one turn: it holds the lease until it is killed or loses it


pytestmark = pytest.mark.usefixtures("cloud")


@pytest.fixture(autouse=True)
def lake(cloud: None) -> Iterator[None]:
    where = {"LocationConstraint": REGION}
    boto3.client("s3").create_bucket(Bucket="test-lake", CreateBucketConfiguration=where)
    yield
    bucket = boto3.resource("s3").Bucket("test-lake")
    bucket.objects.delete()
    bucket.delete()


class Driver:
    def __init__(self, name: str, commits: int, in_a_turn: int, seconds: float, told: Path) -> None:
        self.told = told / f"{name}.txt"
        with self.told.open("wb") as out:
            words = [name, str(commits), str(in_a_turn), str(seconds)]
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.cloud.driver", *words], cwd=ROOT, stdout=out
            )

    def says(self, what: str, within: float = 60.0) -> None:
        end = time.monotonic() + within
        while what not in self.told.read_text():
            assert time.monotonic() < end, f"it never said {what!r}: {self.told.read_text()}"
            time.sleep(0.05)

    @property
    def committed(self) -> dict[int, str]:
        lines = (
            line.split(" ", 2) for line in self.told.read_text().splitlines() if line.startswith("committed")
        )
        return {int(version): body for _, version, body in lines}

    def ends(self, within: float = 90.0) -> None:
        assert self.process.wait(within) == 0


@pytest.fixture
def drivers(tmp_path: Path) -> Iterator[list[Driver]]:
    begun: list[Driver] = []
    yield begun
    for each in begun:
        each.process.kill()
        each.process.wait()


def log() -> dict[int, str]:
    urls = objects.list_under(f"{TABLE}/_delta_log")
    return {int(url[-25:-5]): (objects.get(url) or b"").decode() for url in urls}


def nothing_is_lost(*drivers: Driver) -> None:
    """Every commit that a driver told of is there, as its own, and the versions are without a gap. One that was killed
    may have had no time to tell of its last."""
    there = log()
    assert sorted(there) == list(range(len(there)))
    told: dict[int, str] = {}
    for driver in drivers:
        assert driver.committed
        assert not told.keys() & driver.committed.keys()
        told |= driver.committed
    assert {version: there[version] for version in told} == told
    killed = sum(driver.process.returncode != 0 for driver in drivers)
    assert len(there) - len(told) <= killed


def test_two_that_want_it_at_once_take_turns(drivers: list[Driver], tmp_path: Path) -> None:
    drivers += [Driver(name, 20, 5, 5, tmp_path) for name in ("a", "b")]
    for each in drivers:
        each.ends()
    nothing_is_lost(*drivers)
    assert len(log()) == 40


def test_where_the_holder_is_killed_the_other_goes_on(drivers: list[Driver], tmp_path: Path) -> None:
    killed = Driver("killed", WITHOUT_END, WITHOUT_END, 3, tmp_path)
    drivers.append(killed)
    killed.says("committed")
    other = Driver("other", 10, 5, 3, tmp_path)
    drivers.append(other)
    other.says("waits")
    killed.process.kill()
    killed.process.wait()
    other.ends()
    nothing_is_lost(*drivers)


def test_a_holder_that_was_paused_past_its_lease_writes_nothing_more_with_it(
    drivers: list[Driver], tmp_path: Path
) -> None:
    paused = Driver("paused", WITHOUT_END, WITHOUT_END, 2, tmp_path)
    drivers.append(paused)
    paused.says("committed")
    os.kill(paused.process.pid, signal.SIGSTOP)
    other = Driver("other", 10, 5, 2, tmp_path)
    drivers.append(other)
    other.ends()
    before = len(other.committed)
    os.kill(paused.process.pid, signal.SIGCONT)
    paused.says("lost")
    paused.says("holds")
    time.sleep(1)
    paused.process.kill()
    paused.process.wait()
    assert before == 10
    nothing_is_lost(*drivers)
