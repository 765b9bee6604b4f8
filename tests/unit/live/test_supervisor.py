"""When the standing job is started again, and when it is left for somebody to look at."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from headrace.errors import HeadraceError
from headrace.lake import objects
from headrace.lake.lease import leased
from headrace.lake.paths import Paths
from headrace.live import supervisor
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
def keep(settings: Settings, started: list[str]) -> Callable[[], supervisor.Supervised]:
    return lambda: supervisor.keep("pumps", settings, lambda domain, _: started.append(domain), WRITTEN)


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


NO_TOPIC = {"state": "waiting", "error": "no such topic", "waits_for": "its topic strokes"}


def test_a_job_without_its_topic_is_no_failure_and_is_asked_again_after_a_while(clock, keep, beats, started):
    for _ in range(5):
        assert keep().state == "started"
        clock(20)
        beats(replace(ALIVE, at=time.time(), **NO_TOPIC))
        clock(60)
        found = keep()
        assert (found.state, found.said) == (
            "waiting",
            "the standing job of pumps waits for its topic strokes",
        )
        clock(600)
    assert len(started) == 5


@dataclass
class Cluster:
    """Whose steps are as they are said to be, and give no sign of life."""

    settings: Settings
    said: str = "waiting the cluster is starting"
    steps: list[str] = field(default_factory=list)
    looked_at: list[str] = field(default_factory=list)

    def start(self) -> str:
        self.steps.append(f"s-{len(self.steps) + 1}")
        return self.steps[-1]

    def look(self, step: str) -> supervisor.Step:
        self.looked_at.append(step)
        return supervisor.Step(self.said.startswith(("done", "failed", "cancelled")), self.said)

    def keep(self) -> supervisor.Supervised:
        start, look = lambda *_: self.start(), lambda step, _: self.look(step)
        return supervisor.keep("pumps", self.settings, start, WRITTEN, look)


@pytest.fixture
def cluster(settings: Settings) -> Cluster:
    return Cluster(settings.model_copy(update={"engine": "emr", "emr_id": "j-1"}))


HAD_NO_TOPIC = replace(ALIVE, at=NOW - 3600, **NO_TOPIC)


@pytest.mark.parametrize("left", [None, replace(ALIVE, at=NOW - 3600), HAD_NO_TOPIC])
def test_a_step_that_waits_for_its_cluster_is_waited_for(left, clock, cluster, beats):
    """Whatever the one before it left as its last word."""
    if left is not None:
        beats(left)
    assert cluster.keep().state == "started"
    for _ in range(3):
        clock(200)
        found = cluster.keep()
        assert (found.state, found.said) == (
            "waiting",
            "the standing job of pumps waits for its step s-1 (waiting the cluster is starting)",
        )
    assert cluster.steps == ["s-1"]


def test_a_step_that_runs_and_fetches_what_it_needs_is_waited_for_until_it_speaks(clock, cluster, beats):
    cluster.keep()
    cluster.said = "running"
    clock(400)
    assert "its step s-1 (running)" in cluster.keep().said
    clock(100)
    beats(replace(ALIVE, at=time.time()))
    assert (cluster.keep().state, cluster.steps, cluster.looked_at) == ("alive", ["s-1"], ["s-1"])


@pytest.mark.parametrize("left", [None, HAD_NO_TOPIC])
def test_a_step_that_ended_before_it_spoke_died_at_once(left, clock, cluster, beats):
    if left is not None:
        beats(left)
    cluster.said = "failed no memory"
    for _ in range(3):
        found = cluster.keep()
        assert found.state == "started"
        clock(61)
    assert found.said == "its step s-2 (failed no memory) gave no sign of life and counts as dead"
    with pytest.raises(HeadraceError, match=r"3 times.*none, its step s-3 \(failed no memory\) gave no sign"):
        cluster.keep()
    assert cluster.steps == ["s-1", "s-2", "s-3"]


def test_a_step_that_is_silent_for_too_long_counts_as_dead(clock, cluster):
    cluster.said = "running"
    cluster.keep()
    for number in (1, 2):
        clock(899)
        assert cluster.keep().state == "waiting"
        clock(1)
        found = cluster.keep()
        assert (found.state, found.said) == (
            "started",
            f"its step s-{number} gave no sign of life in 15 minutes and counts as dead",
        )
    clock(900)
    with pytest.raises(HeadraceError, match=r"3 times.*its step s-3 gave no sign of life in 15 minutes"):
        cluster.keep()
    assert cluster.steps == ["s-1", "s-2", "s-3"]


def test_a_step_that_begins_late_lets_the_count_begin_anew(clock, cluster, beats):
    cluster.keep()
    clock(900)
    assert cluster.keep().state == "started"
    clock(300)
    beats(replace(ALIVE, at=time.time()))
    assert cluster.keep().state == "alive"
    clock(3600)
    assert "its last sign of life (running) is 3600 s old" in cluster.keep().said


def test_a_step_of_another_cluster_is_not_asked_for(clock, cluster):
    cluster.keep()
    clock(61)
    cluster.settings = cluster.settings.model_copy(update={"emr_id": "j-2"})
    assert (cluster.keep().state, cluster.looked_at) == ("started", [])


def test_what_an_earlier_version_remembered_is_understood(clock, cluster):
    url = Paths.of("pumps", cluster.settings).heartbeat.replace(".json", ".starts.json")
    objects.put_json(url, {"in_vain": 1, "at": NOW - 61})
    assert (cluster.keep().state, cluster.looked_at) == ("started", [])


def test_a_job_that_could_not_be_started_is_not_taken_for_one_that_was(clock, settings, keep, started):
    def fails(domain: str, settings: Settings) -> None:
        raise HeadraceError("EMR cluster j-1 is gone (terminated)")

    for _ in range(4):
        with pytest.raises(HeadraceError, match="is gone"):
            supervisor.keep("pumps", settings, fails, WRITTEN)
    assert (keep().state, started) == ("started", ["pumps"])
