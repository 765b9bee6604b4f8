"""What is planted is the same whether a span is made at once or in short slices, as live messages are."""

from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

from headrace.lake.paths import Paths
from headrace.settings import Settings
from simulation.generate.truth import write_truth_of_hidden
from tests.unit.grid_world.conftest import START, Grid

TABLES = ("smart_meter_readings", "substation_telemetry")
OF_ITS_SPAN = "overload_of_contract"  # begins and ends with the span that is made


def truth(grid: Grid, home: Path, instants: list[datetime], *tables: str) -> pd.DataFrame:
    """The planted faults, each once, after all slices between the instants were made."""
    paths = Paths.of("grid", Settings(home=home))
    for start, end in pairwise(instants):
        write_truth_of_hidden(grid.maker, paths, tables, start, end)
    files = sorted(Path(paths.truth).rglob("*.parquet"))
    rows = pd.concat([pq.read_table(file, partitioning=None).to_pandas() for file in files])
    rows = rows[rows.kind != OF_ITS_SPAN].drop(columns="chunk").drop_duplicates()
    return rows.sort_values(list(rows.columns)).reset_index(drop=True)


def test_slices_of_one_day_tell_together_what_the_whole_day_tells(half: Grid, tmp_path: Path) -> None:
    hours = [START + timedelta(days=3, hours=hour) for hour in range(0, 25, 3)]
    whole = truth(half, tmp_path / "whole", [hours[0], hours[-1]], *TABLES)
    slices = truth(half, tmp_path / "slices", hours, *TABLES)

    assert set(whole.kind) == {"bypass", "failure", "overheating", "spike", "theft", "trip"}
    assert whole.kind.value_counts()["spike"] > 10
    pd.testing.assert_frame_equal(slices, whole)


def test_a_slice_of_one_table_tells_nothing_of_the_others(half: Grid, tmp_path: Path) -> None:
    found = truth(half, tmp_path, [START, START + timedelta(hours=3)], "substation_telemetry")
    assert set(found.table) == {"substation_telemetry"}
