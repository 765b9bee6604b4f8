"""A batch of a source is stored once, with its position, whoever is killed on the way and whoever writes it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from headrace.contracts.load import load_contracts
from headrace.contracts.schema import bronze_schema
from headrace.errors import Busy
from headrace.lake import ledger, log
from headrace.lake.lease import RunContext, leased
from headrace.lake.paths import Paths
from headrace.settings import Settings
from headrace.sources.bronze_table import Batch, BronzeTable

CONTRACT = load_contracts("pumps")["stations"]


@contextmanager
def held(settings: Settings, run: str) -> Iterator[RunContext]:
    paths = Paths.of("pumps", settings)
    with leased([paths.lease("bronze", "stations")], job="refine pumps", seconds=60) as leases:
        yield RunContext(paths, settings, leases, run)


def rows(spark: SparkSession, *names: str) -> pa.Table:
    schema = bronze_schema(CONTRACT)
    return spark.createDataFrame([(name, *[None] * (len(schema) - 1)) for name in names], schema).toArrow()


@pytest.mark.parametrize("in_memory", [True, False])
def test_the_commit_of_a_batch_carries_its_number_and_position(
    spark: SparkSession, settings: Settings, in_memory: bool
) -> None:
    table = rows(spark, "S1", "S2")
    with held(settings, "one") as context:
        bronze = BronzeTable(CONTRACT, context, "files")
        assert bronze.last_number() == -1
        bronze.append(Batch(1, rows(spark, "S0"), {"through": "a"}))
        batch = Batch(2, table if in_memory else spark.createDataFrame(table), {"through": "b"})
        entry = bronze.append(batch)
        commit = bronze.commit_of(2)
    assert commit is not None
    assert (bronze.last_number(), commit.note["position"]) == (2, {"through": "b"})
    assert (entry.batch, entry.rows_in, entry.version) == ("files-000000002", 2, 1)
    assert ledger.totals(ledger.entries(context.paths, "bronze", "stations")) == {"rows_in": 3, "written": 3}


@pytest.mark.parametrize("in_memory", [True, False])
def test_a_batch_that_another_run_stored_is_refused_and_told_of_by_that_run(
    spark: SparkSession, settings: Settings, in_memory: bool
) -> None:
    table = rows(spark, "S1")
    batch = Batch(1, table if in_memory else spark.createDataFrame(table), {})
    with held(settings, "one") as context:
        BronzeTable(CONTRACT, context, "files").append(Batch(1, table, {}))
        other = BronzeTable(CONTRACT, replace(context, run="two"), "files")
        with pytest.raises(Busy, match=r"batch 1.* was stored by another run"):
            other.append(batch)
        found = other.stored(1)
        assert other.stored(2) is None
    assert found is not None
    assert (found.run, found.rows_in) == ("one", 1)
    assert log.row_count(other.path) == 1


def test_the_entry_of_a_killed_run_is_made_again_from_the_commit(
    spark: SparkSession, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with held(settings, "one") as context:
        bronze = BronzeTable(CONTRACT, context, "files")
        batch = Batch(1, rows(spark, "S1"), {})
        with monkeypatch.context() as patch:
            patch.setattr(ledger, "record", killed)
            with pytest.raises(KeyboardInterrupt):
                bronze.append(batch)
        assert not ledger.entries(context.paths, "bronze", "stations")
        assert bronze.stored(1) == ledger.entries(context.paths, "bronze", "stations")[0]


def test_nothing_is_stored_without_the_lease(spark: SparkSession, settings: Settings) -> None:
    with held(settings, "one") as context:
        bronze = BronzeTable(CONTRACT, context, "files")
    with pytest.raises(Busy, match="leases were given back"):
        bronze.append(Batch(1, rows(spark, "S1"), {}))
    assert not log.exists(bronze.path)
