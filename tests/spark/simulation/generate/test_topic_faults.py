"""What is planted among messages is really among them: rows overtaken by later ones, and senders that nobody knows."""

import json
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
from pyspark.sql import SparkSession

from headrace.contracts.model import Contract
from headrace.lake.paths import Paths
from headrace.settings import Settings
from simulation.generate.run import make
from simulation.generate.truth import read_truth
from simulation.generate.writers import as_topic
from tests.spark.simulation.generate.conftest import SOURCES, plan


def test_messages_out_of_order_and_of_unknown_senders_are_told_by_the_truth(
    spark: SparkSession, contracts: Mapping[str, Contract], settings: Settings
) -> None:
    faults = {"out_of_order": 0.05, "orphan": 0.05}
    levels = as_topic(contracts["levels"].model_copy(update={"faults": faults}))
    make(
        "works",
        {**contracts, "levels": levels},
        SOURCES,
        plan(days=2, into="topic", tables=("levels",)),
        settings,
    )
    paths = Paths.of("works", settings)
    parts = Path(paths.outbox("levels")).glob("2*/part-*.parquet")
    sent = pd.concat(pq.read_table(part).to_pandas() for part in parts).sort_values("send_at")
    rows = pd.DataFrame(map(json.loads, sent["value"])).assign(key=sent["key"].to_numpy())
    rows["measured_at"] = pd.to_datetime(rows["measured_at"], utc=True)
    told = read_truth(spark, paths).toArrow().to_pandas()
    planted = {kind: set(found["key"]) for kind, found in told.groupby("kind")}

    assert 20 < len(planted["out_of_order"]) < 100
    newest_before = rows.groupby("gauge_id")["measured_at"].cummax()
    overtaken = set(rows[rows["measured_at"] < newest_before]["level_id"])
    known = set(rows[rows["gauge_id"].str.match(r"G-\d{3}$")]["level_id"])
    assert overtaken <= planted["out_of_order"]
    assert len(overtaken) > 0.8 * len(planted["out_of_order"])  # the last ones wait for nobody
    unknown = rows[~rows["level_id"].isin(known)]
    assert set(unknown["level_id"]) == planted["orphan"]
    assert (rows["key"] == rows["gauge_id"]).all()
