import errno
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from headrace.errors import Busy
from headrace.lake import lease, objects
from headrace.lake.lease import HOST, MACHINE, Leases, leased

NOBODY = {"token": "t", "job": "old", "host": "elsewhere", "pid": 1, "started": 0.0, "seconds": 0.0}


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"{tmp_path}/pumps/silver/strokes"


def left_behind(url: str, **changes: Any) -> None:
    objects.put_json(f"{url}.lease.json", {**NOBODY, **changes})


@pytest.fixture
def held(url: str) -> Iterator[Leases]:
    leases = Leases([url], "mine", 0.3)
    leases.acquire()
    yield leases
    leases.release()


def test_a_table_has_one_writer(url: str) -> None:
    with (
        leased([url], job="mine", seconds=60),
        pytest.raises(Busy, match="strokes is being written by 'mine'"),
    ):
        Leases([url], "other", 60).acquire()
    with leased([url], job="other", seconds=60) as leases:
        leases.check()


def test_an_expired_lease_is_taken(url: str) -> None:
    left_behind(url, seconds=60)
    os.utime(f"{url}.lease.json", (time.time() - 61,) * 2)
    with leased([url], job="mine", seconds=60) as leases:
        leases.check()


def test_the_lease_of_a_dead_process_is_taken_before_it_expires(url: str) -> None:
    left_behind(url, seconds=60)
    with pytest.raises(Busy):
        Leases([url], "mine", 60).acquire()
    left_behind(url, seconds=60, machine=MACHINE, pid=2**22 + 1)
    with leased([url], job="mine", seconds=60) as leases:
        leases.check()


def test_another_machine_of_the_same_name_is_not_thought_dead(url: str) -> None:
    left_behind(url, host=HOST, machine="another", pid=2**22 + 1, seconds=60)
    with pytest.raises(Busy, match="being written by"):
        Leases([url], "mine", 60).acquire()


def test_a_lease_is_renewed_while_it_is_held(held: Leases) -> None:
    time.sleep(0.7)
    held.check()


def test_a_lease_that_another_run_took_is_lost(url: str, held: Leases) -> None:
    left_behind(url, token="other", seconds=60)
    time.sleep(0.25)
    with pytest.raises(Busy, match="was lost to another run"):
        held.check()
    held.release()
    assert json.loads(Path(f"{url}.lease.json").read_text())["token"] == "other"


def test_a_lease_that_cannot_be_renewed_is_lost_when_it_expires(
    held: Leases, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> bool:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(objects, "swap", fail)
    held.check()
    time.sleep(0.5)
    with pytest.raises(Busy, match=r"could not be renewed in time \(.*No space left"):
        held.check()


def test_a_hitch_in_renewing_is_made_good(held: Leases, monkeypatch: pytest.MonkeyPatch) -> None:
    swap, calls = objects.swap, []

    def fail_once(*given: Any) -> bool:
        calls.append(given)
        if len(calls) == 1:
            raise OSError("hitch")
        return swap(*given)

    monkeypatch.setattr(objects, "swap", fail_once)
    time.sleep(0.7)
    held.check()


def test_of_two_that_find_the_same_dead_lease_one_wins(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second has judged the lease dead when the first takes it."""
    left_behind(url)
    judged, first = lease._holder_in, Leases([url], "first", 60)

    def judge_slowly(body: bytes) -> lease.Holder:
        monkeypatch.setattr(lease, "_holder_in", judged)
        first.acquire()
        return judged(body)

    monkeypatch.setattr(lease, "_holder_in", judge_slowly)
    with pytest.raises(Busy, match="took"):
        Leases([url], "second", 60).acquire()
    assert json.loads(Path(f"{url}.lease.json").read_text())["job"] == "first"
    first.release()


def test_many_takers_at_once_are_one(url: str) -> None:
    left_behind(url)

    def took(job: int) -> bool:
        with suppress(Busy):
            Leases([url], str(job), 60).acquire()
            return True
        return False

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(took, range(16))) == 1


def test_who_gave_its_leases_back_must_not_write(url: str) -> None:
    with leased([url], job="mine", seconds=60) as leases:
        leases.check()
    with pytest.raises(Busy, match="given back"):
        leases.check()


def test_a_dead_child_that_nobody_asked_after_holds_nothing(url: str) -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    while psutil.Process(child.pid).status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)
    started = psutil.Process(child.pid).create_time()
    left_behind(url, machine=MACHINE, pid=child.pid, started=started, seconds=60)
    with leased([url], job="mine", seconds=60):
        pass
    child.wait()


def test_clocks_that_differ_do_not_matter(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(lease, "MACHINE", "elsewhere")
        elsewhere.setattr(lease, "time", AnHourBehind)
        other = Leases([url], "other", 60)
        other.acquire()
    with pytest.raises(Busy, match="being written by 'other'"):
        Leases([url], "mine", 60).acquire()
    other.release()


class AnHourBehind:
    @staticmethod
    def time() -> float:
        return time.time() - 3600


def test_what_was_stored_before_its_answer_was_lost_is_given_back(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_new = objects.put_new

    def lost(url: str, body: bytes) -> bool:
        put_new(url, body)
        raise ConnectionError("no answer")

    monkeypatch.setattr(objects, "put_new", lost)
    with pytest.raises(ConnectionError):
        Leases([url], "mine", 60).acquire()
    assert objects.get(f"{url}.lease.json") is None


def test_who_took_the_lease_while_it_is_given_back_keeps_it(
    url: str, held: Leases, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The taker comes between the last look and the removal."""
    delete_if = objects.delete_if

    def taken_first(url: str, old: bytes) -> bool:
        left_behind(url.removesuffix(lease.SUFFIX), token="other", seconds=60)
        return delete_if(url, old)

    monkeypatch.setattr(objects, "delete_if", taken_first)
    held.release()
    assert json.loads(Path(f"{url}.lease.json").read_text())["token"] == "other"
