"""A standing job that may not make its topic leaves word for its supervisor."""

import pytest
from kafka.errors import TopicAuthorizationFailedError

from headrace.errors import NotReady
from headrace.lake.paths import Paths
from headrace.live.heartbeat import last_beat
from headrace.settings import Settings
from headrace.sources import broker
from streaming import stand as standing


@pytest.fixture
def no_topic(monkeypatch: pytest.MonkeyPatch) -> None:
    class Empty:
        def topics(self) -> set[str]:
            return set()

        def list_topics(self) -> list[str]:
            return []

        def create_topics(self, *_: object, **__: object) -> None:
            raise TopicAuthorizationFailedError

        def close(self) -> None: ...

    monkeypatch.setattr(broker, "connected", lambda *_, **__: Empty())
    monkeypatch.setattr(standing, "stop_when_told", lambda: None)


@pytest.mark.usefixtures("no_topic")
@pytest.mark.parametrize("spark", ["own", "submitted"])
def test_by_hand_it_is_an_error_and_on_a_cluster_the_step_ends_well(settings: Settings, spark: str) -> None:
    there = settings.model_copy(update={"spark": spark})
    if spark == "own":
        with pytest.raises(NotReady, match="has no topic"):
            standing.stand("pumps", there)
    else:
        assert standing.stand("pumps", there).state == "waiting"
    left = last_beat(Paths.of("pumps", settings))
    assert left is not None
    assert (left.state, left.waits_for.split(" ")[:2]) == ("waiting", ["its", "topic"])
