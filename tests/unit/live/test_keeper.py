"""When the standing job is started again, and when it is left for somebody to look at."""

import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from headrace.errors import HeadraceError
from headrace.lake.lease import leased
from headrace.lake.paths import Paths
from headrace.live import keeper
from headrace.live.heartbeat import Heartbeat, beat
from headrace.settings import Settings

NOW = 1_000_000.0
WRITTEN = [("bronze", "strokes"), ("silver", "strokes")]
ALIVE = Heartbeat("pumps", "run-1", "running", at=NOW - 5, started_at="")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Moves the time by so many seconds."""
    now = [NOW]
    monkeypatch.setattr(time, "time", lambda: now[0])

    def passes(seconds: float) -> None:
        now[0] += seconds

    return passes


@pytest.fixture
def started() -> list[str]:
    return []


@pytest.fixture
def keep(settings: Settings, started: list[str]) -> Callable[[], keeper.Kept]:
    return lambda: keeper.keep("pumps", settings, lambda domain, _: started.append(domain), WRITTEN)


@pytest.fixture
def beats(settings: Settings) -> Callable[[Heartbeat], None]:
    return lambda said: beat(Paths.of("pumps", settings), said)


def test_a_job_with_a_fresh_heartbeat_is_left_alone(clock, keep, beats, started):
    beats(ALIVE)
    assert (keep().state, started) == ("alive", [])


@pytest.mark.parametrize("said", [replace(ALIVE, at=NOW - 61), replace(ALIVE, state="failed"), None])
def test_a_silent_a_failed_and_a_missing_job_are_started_once_and_given_time(
    said, clock, keep, beats, started
):
    if said is not None:
        beats(said)
    assert (keep().state, keep().state, started) == ("started", "alive", ["pumps"])


def test_a_job_that_died_at_once_three_times_is_left_for_somebody_to_look_at(clock, keep, beats, started):
    for _ in range(3):
        assert keep().state == "started"
        clock(2)
        beats(replace(ALIVE, state="failed", at=time.time(), error="no broker answers"))
        clock(70)
    with pytest.raises(HeadraceError, match=r"died at once.*no broker answers"):
        keep()
    assert len(started) == 3


def test_a_job_that_lived_for_a_while_may_die_as_often_as_it_likes(clock, keep, beats, started):
    for _ in range(5):
        assert keep().state == "started"
        clock(3600)
        beats(replace(ALIVE, at=time.time()))
        clock(3600)
    assert len(started) == 5


def test_while_another_run_writes_a_table_of_the_job_nobody_starts_it_in_vain(clock, keep, settings, started):
    url = Paths.of("pumps", settings).lease("silver", "strokes")
    with leased([url], job="refine pumps", seconds=10**6):
        for _ in range(5):
            assert (keep().state, started) == ("waiting", [])
            clock(61)
    assert (keep().state, started) == ("started", ["pumps"])


NO_TOPIC = "b:9092 (HEADRACE_KAFKA_BOOTSTRAP) has no topic 'strokes'; it has: none."


def test_a_job_without_its_topic_is_no_failure_and_is_asked_again_after_a_while(clock, keep, beats, started):
    for _ in range(5):
        assert keep().state == "started"
        clock(20)
        beats(replace(ALIVE, state="waiting", at=time.time(), error=NO_TOPIC))
        clock(60)
        found = keep()
        assert (found.state, found.said) == (
            "waiting",
            "the standing job of pumps waits for its topic strokes",
        )
        clock(600)
    assert len(started) == 5


def test_a_job_that_could_not_be_started_is_not_taken_for_one_that_was(clock, settings, keep, started):
    def fails(domain: str, settings: Settings) -> None:
        raise HeadraceError("EMR cluster j-1 is gone (terminated)")

    for _ in range(4):
        with pytest.raises(HeadraceError, match="is gone"):
            keeper.keep("pumps", settings, fails, WRITTEN)
    assert (keep().state, started) == ("started", ["pumps"])
