"""A Spark that is paused in the middle of a write for longer than its lease: what others commit meanwhile stays, and
nothing is there twice."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import boto3
import pyarrow as pa
import pytest
from deltalake import DeltaTable

from headrace.errors import Busy
from headrace.lake import log
from headrace.lake.delta_rs import append_once
from headrace.lake.jars import TO_S3, resolved
from headrace.lake.lease import leased
from rehearsal.aws.server_process import REGION
from tests.cloud.spark_driver import APP, LEASE, TABLE

ROOT = Path(__file__).parents[2]
WITHIN = 240.0

pytestmark = pytest.mark.usefixtures("cloud")


def written(stroke: str, app: str, number: int) -> None:
    append_once(TABLE, pa.table({"stroke_id": [stroke]}), app=app, number=number, note={"run": "other"})


@pytest.fixture(autouse=True)
def table(cloud: None, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as unhindered:
        unhindered.delenv("AWS_ENDPOINT_URL")
        resolved(TO_S3)
    where = {"LocationConstraint": REGION}
    boto3.client("s3").create_bucket(Bucket="test-lake", CreateBucketConfiguration=where)
    written("first", APP, 0)


class Paused:
    """The driver with its JVM."""

    def __init__(self, folder: Path, *batches: int) -> None:
        self._folder, self._told = folder, folder / "told.txt"
        words = [sys.executable, "-m", "tests.cloud.spark_driver", str(folder), *map(str, batches)]
        with self._told.open("wb") as out:
            self._process = subprocess.Popen(
                words, cwd=ROOT, stdout=out, stderr=subprocess.DEVNULL, start_new_session=True
            )

    def stops_in(self, number: int) -> None:
        self._waits_for((self._folder / f"writes-{number}").exists)
        self._all(signal.SIGSTOP)

    def goes_on_with(self, number: int) -> None:
        (self._folder / f"go-{number}").touch()
        self._all(signal.SIGCONT)

    def says(self, what: str) -> str:
        self._waits_for(lambda: what in self._told.read_text())
        return next(line for line in self._told.read_text().splitlines() if what in line)

    def ends(self) -> None:
        self._all(signal.SIGKILL)
        self._process.wait()

    def _waits_for(self, holds) -> None:
        end = time.monotonic() + WITHIN
        while not holds():
            assert self._process.poll() is None, self._told.read_text()
            assert time.monotonic() < end, self._told.read_text()
            time.sleep(0.05)

    def _all(self, number: int) -> None:
        os.killpg(self._process.pid, number)


@pytest.fixture
def paused(tmp_path: Path) -> Iterator[Paused]:
    driver = Paused(tmp_path, 1, 2)
    yield driver
    driver.ends()


def other_takes_over(stroke: str, app: str, number: int) -> None:
    end = time.monotonic() + WITHIN
    while True:
        try:
            with leased([LEASE], job="other", seconds=30):
                return written(stroke, app, number)
        except Busy:
            assert time.monotonic() < end
            time.sleep(0.2)


def test_it_adds_nothing_twice_and_replaces_nothing(paused: Paused) -> None:
    paused.stops_in(1)
    other_takes_over("other-1", APP, 1)
    paused.goes_on_with(1)
    assert "another run wrote the same table meanwhile" in paused.says("refused 1")

    paused.stops_in(2)
    other_takes_over("another", "another", 7)
    paused.goes_on_with(2)
    assert paused.says("wrote 2") == "wrote 2: 1 rows"
    assert "was lost to another run" in paused.says("stopped 2") or "in time" in paused.says("stopped 2")

    strokes = DeltaTable(TABLE).to_pyarrow_table()["stroke_id"].to_pylist()
    assert sorted(strokes) == ["another", "first", "other-1", "paused-2"]
    runs = [found.note["run"] for version in range(4) if (found := log.commit(TABLE, version))]
    assert runs == ["other", "other", "other", "paused"]
