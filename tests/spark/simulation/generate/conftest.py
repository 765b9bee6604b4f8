"""A waterworks of five gauges and their repairs: one source that knows its physics, one contract alone."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from headrace.contracts.load import load_folder
from headrace.contracts.model import Contract
from simulation.arrays import Columns, instants
from simulation.generate.blocks import Ticks
from simulation.generate.plan import Plan
from simulation.generate.sources import Source
from simulation.random_draws import World

START = datetime(2024, 1, 1)
DAY = timedelta(days=1)
CONTRACTS = {
    "gauges": """
        table: gauges
        type: dimension
        num_rows: 5
        key: gauge_id
        arrives: {every: 1 day, sends: changes}
        columns:
          gauge_id: {type: string, format: G-###, required: true}
          pace_seconds: {type: int, format: "600|1200"}
          calibrated_on: {type: date}
    """,
    "levels": """
        table: levels
        type: fact
        key: level_id
        event_time: measured_at
        measure: level_m
        late: 2 days
        arrives: {files: parquet, every: 10 minutes, per: gauges, cadence: pace_seconds}
        columns:
          level_id: {type: string, required: true}
          gauge_id: {type: string, references: gauges.gauge_id, required: true}
          measured_at: {type: datetime, required: true}
          level_m: {type: float, required: true, possible: [-10, 100]}
        faults:
          {duplicate: 0.02, late: 0.01, missing: 0.03, impossible: 0.02, out_of_range: 0.02, wrong_unit: 0.02,
           orphan: 0.02, spike: 0.02, stuck: 0.05, drift: 0.05, gap: 0.05}
    """,
    "repairs": """
        table: repairs
        type: fact
        key: repair_id
        event_time: begun_at
        late: 3 days
        arrives: {files: csv, every: 1 hour, per: gauges}
        columns:
          repair_id: {type: string, format: REP-#####, required: true}
          gauge_id: {type: string, references: gauges.gauge_id, required: true}
          begun_at: {type: datetime, required: true}
          minutes: {type: int, range: [5, 90], possible: [0, 600], required: true}
          heat_c: {type: float, range: [10, 30], mistaken: heat_c * 1.8 + 32}
          remark: {type: string, format: "done|see note, page 2|new \\"seal\\""}
        faults:
          {duplicate: 0.03, late: 0.03, missing: 0.03, impossible: 0.03, out_of_range: 0.03, wrong_unit: 0.03,
           malformed: 0.05, orphan: 0.03}
    """,
    "notes": """
        table: notes
        type: fact
        num_rows: 50
        arrives: {files: json, every: 1 day}
        columns:
          note_id: int
          gauge_id: {type: string, references: gauges.gauge_id}
          weight: float
          text: string
        faults: {malformed: 0.1}
    """,
}


def gauges(rows: Columns) -> dict[str, Any]:
    """Gauge 0 is calibrated again on 4 January."""
    again = (rows["_index"] == 0) & (instants(rows["_at"]) >= np.datetime64("2024-01-04"))
    return {"calibrated_on": np.where(again, np.datetime64("2024-01-03"), np.datetime64("2023-12-01"))}


def levels(ticks: Ticks, gauges: Columns, world: World) -> dict[str, Any]:
    level = 5.0 + world.uniform("level", ticks.index, ticks.second, low=0, high=0.2)
    gauge = gauges.of(ticks.index)["gauge_id"]
    second = pa.array(ticks.second).cast(pa.string())
    return {
        "level_id": pc.binary_join_element_wise(gauge, second, "/"),
        "gauge_id": gauge,
        "measured_at": ticks.second.astype("datetime64[s]"),
        "level_m": level,
        "_typical": np.full(len(level), 5.1),
        "_spread": np.full(len(level), 0.05),
        "_steps": np.full(len(level), 100.0),
        "_wrong_unit": level / 0.3048,
        "_out_of_range": np.full(len(level), 20.0),
    }


SOURCES = {
    "gauges": Source("gauges", gauges, ("rows",), False, None),
    "levels": Source("levels", levels, ("ticks", "gauges", "world"), False, None),
}


@pytest.fixture(scope="session")
def contracts(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Contract]:
    return written(tmp_path_factory.mktemp("contracts"), CONTRACTS)


def written(folder: Path, texts: Mapping[str, str]) -> Mapping[str, Contract]:
    for table, text in texts.items():
        lines = text.strip("\n").splitlines()
        indent = len(lines[0]) - len(lines[0].lstrip())
        (folder / f"{table}.yml").write_text("\n".join(line[indent:] for line in lines))
    return load_folder(folder)


def plan(days: float = 2, **changes: Any) -> Plan:
    return Plan(**{"scale": 1, "start": START, "end": START + days * DAY, **changes})
