"""The flows beside refine."""

from datetime import datetime

from flows.demo import demo
from flows.generate import generate
from flows.maintain import maintain
from tests.flows.conftest import NotingEngine


def test_generate_hands_over_only_what_was_given(engine: NotingEngine) -> None:
    generate("pumps", profile="fast", start=datetime(2024, 1, 1), stride="15 minutes")
    (job,) = engine.jobs
    assert job.options == {"profile": "fast", "start": "2024-01-01T00:00:00", "stride": "15 minutes"}


def test_maintain_is_one_job(engine: NotingEngine) -> None:
    maintain("pumps", layers=["gold"], least_bytes=1000)
    assert engine.order == ["maintain gold"]


def test_the_demo_goes_from_nothing_to_a_score(engine: NotingEngine) -> None:
    done = demo("pumps", profile="fast")
    assert (engine.order[0], engine.order[-2:]) == ("generate", ["receipt", "score"])
    assert set(done) == {"generated", "refined", "score"}
