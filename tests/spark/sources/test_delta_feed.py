"""Changes of a Delta table, read from its change data feed: each once, in the order of its commits."""

from pathlib import Path
from typing import Any

import pytest
from delta.tables import DeltaTable
from deltalake import DeltaTable as WithoutSpark
from pyspark.sql import SparkSession

from cli.pending import pending
from headrace.contracts.load import load_contracts
from headrace.contracts.model import ColumnSpec
from headrace.errors import HeadraceError, UsageError
from headrace.operate.receipt import receipt
from headrace.refine.run import has_news
from headrace.serve.check_history import check_history
from headrace.settings import Settings
from headrace.sources.delta_feed import DeltaFeed, place_of
from headrace.sources.files import FileSource
from tests.spark.refine.conftest import PumpStation

ON = "TBLPROPERTIES (delta.enableChangeDataFeed = true)"
COLUMNS = "berth_id STRING, depth_m DECIMAL(6,2), ship STRING, notes STRING"


class Harbour(PumpStation):
    """A domain whose source is a Delta table that its owner changes by SQL."""

    @property
    def source(self) -> str:
        return f"{self.settings.delta_sources}/berths"

    def sql(self, statement: str) -> None:
        self.spark.sql(statement.replace("berths", f"delta.`{self.source}`", 1))

    def stored(self) -> list[tuple[Any, ...]]:
        rows = self.table("silver", "berths").select("berth_id", "depth_m", "ship").collect()
        return sorted(map(tuple, rows))

    def counts(self) -> dict[str, int]:
        """What a refining run did with the changes."""
        found = self.result(self.refine(), "silver", "berths")
        receipt("docks", self.settings).check()
        return {name: count for name, count in found.items() if count}


@pytest.fixture
def harbour(spark: SparkSession, settings: Settings, tmp_path: Path) -> Harbour:
    own = settings.model_copy(update={"delta_sources_url": str(tmp_path / "sources")})
    harbour = Harbour(spark, own, "docks")
    harbour.sql(f"CREATE TABLE berths ({COLUMNS}) USING delta {ON}")
    harbour.sql("INSERT INTO berths VALUES ('B1', 10, 'Aurora', 'x'), ('B2', 7.5, NULL, 'x')")
    harbour.sql("UPDATE berths SET ship = 'Boreas' WHERE berth_id = 'B2'")
    return harbour


def test_what_a_table_holds_comes_first_and_then_each_of_its_changes_once(
    harbour: Harbour, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert has_news("docks", harbour.settings)
    assert harbour.counts() == {"rows_in": 2, "applied": 2, "added": 2}
    assert harbour.stored() == [("B1", 10.0, "Aurora"), ("B2", 7.5, "Boreas")]
    assert not has_news("docks", harbour.settings)
    assert harbour.counts() == {}

    harbour.sql("UPDATE berths SET depth_m = 11 WHERE berth_id = 'B1'")
    harbour.sql("DELETE FROM berths WHERE berth_id = 'B2'")
    harbour.sql("INSERT INTO berths VALUES ('B3', 5, NULL, 'x'), ('B4', -1, NULL, 'x')")
    DeltaTable.forPath(harbour.spark, harbour.source).optimize().executeCompaction()
    (bronze, *_) = pending("docks", harbour.settings)
    assert (bronze.name, bronze.why) == ("bronze.berths", "its Delta table has 3 new versions")
    with monkeypatch.context() as patch:
        patch.setattr(FileSource, "take", dies)
        with pytest.raises(Killed):
            harbour.refine()
    expected = {"rows_in": 5, "applied": 3, "before-images": 1, "rejected": 1, "added": 1, "deleted": -1}
    assert harbour.counts() == expected
    assert harbour.stored() == [("B1", 11.0, "Aurora"), ("B3", 5.0, None)]

    whole = harbour.spark.createDataFrame([("B1", "Ceres"), ("B2", "Dione")], "berth_id string, ship string")
    whole.write.format("delta").mode("overwrite").save(harbour.source)
    assert harbour.counts()["rows_in"] == 5
    assert harbour.stored() == [("B1", None, "Ceres"), ("B2", None, "Dione")]
    check = check_history("docks", "berths", settings=harbour.settings)
    assert (check.keys, check.keys_differ, check.rows) == (4, 0, 12)


def test_a_feed_that_lost_what_was_not_read_says_so(harbour: Harbour) -> None:
    harbour.refine()
    harbour.sql("UPDATE berths SET depth_m = 11 WHERE berth_id = 'B1'")
    harbour.sql("DELETE FROM berths WHERE berth_id = 'B1'")
    harbour.spark.conf.set("spark.databricks.delta.retentionDurationCheck.enabled", "false")
    harbour.sql("VACUUM berths RETAIN 0 HOURS")
    harbour.spark.conf.unset("spark.databricks.delta.retentionDurationCheck.enabled")
    with pytest.raises(
        HeadraceError, match=r"changed with version 3 of .*berths is gone: .*taken is 2, the newest \d"
    ):
        harbour.refine()
    assert harbour.stored() == [("B1", 10.0, "Aurora"), ("B2", 7.5, "Boreas")]
    receipt("docks", harbour.settings).check()
    WithoutSpark(harbour.source).create_checkpoint()
    for version in range(4):
        (Path(harbour.source) / "_delta_log" / f"{version:020d}.json").unlink()
    with pytest.raises(HeadraceError, match="changed with version 3 of"):
        harbour.refine()


def test_a_table_that_cannot_be_followed_is_refused(harbour: Harbour) -> None:
    harbour.refine()
    harbour.sql("ALTER TABLE berths UNSET TBLPROPERTIES (delta.enableChangeDataFeed)")
    with pytest.raises(UsageError, match=r"keeps no change data feed. .* ALTER TABLE"):
        harbour.refine()
    for path in sorted(Path(harbour.source).rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    harbour.spark._jvm.org.apache.spark.sql.delta.DeltaLog.clearCache()
    harbour.sql(f"CREATE TABLE berths ({COLUMNS}) USING delta {ON}")
    with pytest.raises(HeadraceError, match="was made anew since version 2 was taken"):
        harbour.refine()


def test_columns_that_are_not_there_or_of_another_type_are_named(harbour: Harbour) -> None:
    contract = load_contracts("docks")["berths"]

    def leaves(column: str, spec: dict[str, Any]) -> None:
        columns = {**contract.columns, column: ColumnSpec(**spec)}
        changed = contract.model_copy(update={"columns": columns})
        DeltaFeed(changed, harbour.paths, harbour.settings).leave(lambda: harbour.spark)

    with pytest.raises(
        UsageError, match="no column length_m, which the contract of berths says; it has berth_id, depth_m"
    ):
        leaves("length_m", {"type": "float"})
    with pytest.raises(UsageError, match="holds ship as string, and the contract of berths says int"):
        leaves("ship", {"type": "int"})
    with pytest.raises(UsageError, match="set HEADRACE_DELTA_SOURCES_URL"):
        place_of(contract, Settings())


class Killed(Exception):
    pass


def dies(*_: object, **__: object) -> None:
    raise Killed
