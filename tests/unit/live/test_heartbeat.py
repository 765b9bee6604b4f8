"""What a heartbeat says of the flows of its job."""

from pathlib import Path

from headrace.lake.paths import Paths
from headrace.live.heartbeat import Flow, HeartbeatWriter, last_beat
from headrace.settings import Settings


def test_batches_of_a_flow_add_up_and_the_last_says_how_far_it_is_behind(tmp_path: Path) -> None:
    paths = Paths.of("pumps", Settings(home=tmp_path))
    heartbeat = HeartbeatWriter(paths, "run-1")
    for rows, lag in ((10, 5), (20, 0)):
        heartbeat.took(Flow("strokes", "strokes", lag=lag), rows, seconds=2.0)
    heartbeat.took(Flow("strokes (files)", "files"), 3, seconds=0.5)
    heartbeat.beat("running")
    found = last_beat(paths)
    assert found is not None
    assert [(flow.table, flow.batches, flow.rows, flow.last_rows, flow.lag) for flow in found.flows] == [
        ("strokes", 2, 30, 20, 0),
        ("strokes (files)", 1, 3, 3, None),
    ]
    assert all(flow.rows_per_second > 0 for flow in found.flows)
