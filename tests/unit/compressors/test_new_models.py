"""Which days are predicted again when a model or features come."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pyarrow as pa
from deltalake import write_deltalake

from headrace.lake import log
from headrace.lake.paths import Paths
from headrace.refine.catalog import load_tables
from headrace.settings import Settings
from headrace.writes.way import way_of

NODE = load_tables("compressors").node("ml_predictions", "gold")


class Lake:
    """Features of some days, and models in force from some days on, as gold and silver have them."""

    def __init__(self, home: Path) -> None:
        self.paths = Paths.of("compressors", Settings(home=home))

    def write(self, layer: str, table: str, column: str, days: Sequence[date]) -> None:
        rows = pa.table({column: pa.array(days, pa.date32()), "n": pa.array(range(len(days)), pa.int64())})
        write_deltalake(self.paths.table(layer, table), rows, mode="append", partition_by=[column])

    def features(self, *days: int) -> None:
        self.write("gold", "wear_features", "reading_date", [date(2024, 2, day) for day in days])

    def model(self, *since: int) -> None:
        self.write("silver", "trained_models", "in_force_from", [date(2024, 2, day) for day in since])

    @property
    def versions(self) -> dict[str, int]:
        refs = NODE.upstream.items()
        return {name: log.version(self.paths.table(ref.layer, ref.name)) for name, ref in refs}

    def touched(self, before: dict[str, int]) -> list[str] | None:
        made_from = {"upstream": before, "code": "same"}
        found: list[str] | None = way_of(NODE.table.write).touched(NODE, self.paths, made_from, made_from)
        return found


def test_the_first_model_predicts_all_days_that_are_there(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.features(1, 2, 3)
    lake.model()
    before = lake.versions
    lake.model(1)
    assert lake.touched(before) == ["2024-02-01", "2024-02-02", "2024-02-03"]


def test_a_later_model_predicts_only_days_from_which_it_is_in_force(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.features(1, 2, 3)
    lake.model(1)
    before = lake.versions
    lake.model(3)
    assert lake.touched(before) == ["2024-02-03"]
    lake.model(4)
    assert lake.touched(before) == ["2024-02-03"], "no features of its days are there yet"
    assert lake.touched(lake.versions) == []


def test_new_features_are_predicted_whatever_models_there_are(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.features(1, 2)
    lake.model(1)
    before = lake.versions
    lake.features(2, 3)
    assert lake.touched(before) == ["2024-02-02", "2024-02-03"]
