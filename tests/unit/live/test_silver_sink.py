"""What the ways into a bronze table share when a batch of one of them fails on its way into silver."""

from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from deltalake import write_deltalake

from headrace.lake import log
from headrace.lake.increments import Progress, all_of
from headrace.lake.ledger import Entry
from headrace.live.source_loop import SilverSink
from headrace.writes.key_cache import RecentKeys

HELD = pa.table({"row": [1]})


@dataclass
class Silver:
    bronze: str
    paths: Any = None
    node: Any = None


def test_after_a_batch_that_failed_nobody_believes_it_was_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bronze, taken = str(tmp_path / "bronze"), []
    edge = Silver(bronze, node=SimpleNamespace(name="strokes"))
    write_deltalake(bronze, HELD)
    stored = {"at": Progress(all_of(0), began=0)}

    def in_memory(_: Any, __: Any, ___: Any, progress: Progress, recent: RecentKeys) -> str:
        recent.knows(0)
        if progress.version == 1:
            raise OSError("no space left")
        stored["at"] = progress
        return f"memory {progress.version}"

    def from_files(*_: Any, **__: Any) -> list[str]:
        taken.append(f"files after {stored['at'].version}")
        stored["at"] = Progress(all_of(log.version(bronze)), began=0)
        return []

    monkeypatch.setattr("headrace.live.source_loop.progress_of", lambda *_: stored["at"])
    monkeypatch.setattr("headrace.live.source_loop.take_in_memory", in_memory)
    monkeypatch.setattr("headrace.live.source_loop.run_edge", from_files)
    sink = SilverSink([edge], None)  # type: ignore[list-item, arg-type]

    def comes() -> list[Any]:
        write_deltalake(bronze, HELD, mode="append")
        return sink.take(Entry("bronze", "strokes", "Append", "", "", 1, {}, log.version(bronze)), HELD)

    with pytest.raises(OSError, match="no space"):
        comes()
    assert sink._known[0].recent.unknown(np.array([0])).tolist() == [0]
    comes()
    assert taken == ["files after 0"]
    assert comes() == ["memory 3"]
