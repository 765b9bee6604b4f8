"""A broker is found by its home, wherever it listens."""

from pathlib import Path

from rehearsal.kafka import Broker, port_of


def test_a_home_tells_where_its_broker_listens(tmp_path: Path) -> None:
    assert port_of(tmp_path) is None
    Broker(tmp_path, 19092)._settings()
    assert port_of(tmp_path) == 19092
