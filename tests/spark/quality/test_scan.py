"""Scans of small Delta tables, really run by Soda."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from pyspark.sql import DataFrame, SparkSession

from headrace.contracts.model import Contract
from headrace.errors import GateClosed
from headrace.lake import log, objects
from headrace.lake.ledger import last_good
from headrace.lake.paths import Paths
from headrace.quality.gate import CheckResult, ScanSummary, gate
from headrace.quality.scan import restore_failed, scan
from headrace.refine.catalog import Catalog
from headrace.settings import Settings
from headrace.sources.file_index import File, FileIndex
from headrace.tables import Append, Table, Upsert, Whole
from headrace.writes.node import Node, Ref

NOON = datetime(2024, 1, 2, 12)
COLUMNS = "level_id string, tank_id string, measured_at timestamp, volume int, colour string, day date"
GOOD = [
    ("L1", "T1", datetime(2024, 1, 1, 6), 10, "red", datetime(2024, 1, 1)),
    ("L2", "T1", datetime(2024, 1, 2, 6), 20, "blue", datetime(2024, 1, 2)),
]
LEVELS = Contract.model_validate(
    {
        "table": "levels",
        "type": "fact",
        "key": "level_id",
        "event_time": "measured_at",
        "columns": {
            "level_id": {"required": True},
            "tank_id": {"required": True, "references": "tanks.tank_id"},
            "measured_at": {"type": "datetime", "required": True},
            "volume": {"type": "int", "possible": [0, 100]},
            "colour": {"format": "red|blue"},
        },
    }
)
TANKS = Contract.model_validate({"table": "tanks", "type": "dimension", "columns": {"tank_id": {}}})


def levels(bronze_levels: DataFrame, tanks: DataFrame) -> DataFrame:
    return bronze_levels


def tanks(bronze_tanks: DataFrame) -> DataFrame:
    return bronze_tanks


def totals(levels: DataFrame) -> DataFrame:
    return levels


CATALOG = Catalog(
    "works",
    {"levels": LEVELS, "tanks": TANKS},
    {
        Ref("silver", "levels"): Node(
            Ref("silver", "levels"),
            Table(key="level_id", event_time="measured_at", partition="day", write=Append()),
            __name__,
            levels,
            ("bronze_levels", "tanks"),
            {"bronze_levels": Ref("bronze", "levels"), "tanks": Ref("silver", "tanks")},
        ),
        Ref("silver", "tanks"): Node(
            Ref("silver", "tanks"),
            Table(key="tank_id", write=Upsert("_sent_at")),
            __name__,
            tanks,
            ("bronze_tanks",),
            {"bronze_tanks": Ref("bronze", "tanks")},
        ),
        Ref("gold", "totals"): Node(
            Ref("gold", "totals"),
            Table(key="tank_id", write=Whole()),
            __name__,
            totals,
            ("levels",),
            {"levels": Ref("silver", "levels")},
        ),
    },
)


class Works:
    """A lake with one of each layer, and a folder for written checks."""

    def __init__(self, spark: SparkSession, settings: Settings, soda: Path) -> None:
        self.spark, self.settings, self.soda = spark, settings, soda
        self.paths = Paths.of("works", settings)
        self.store("silver", "tanks", "tank_id string", [("T1",)])
        self.arrived([])
        self.levels(GOOD)

    def arrived(self, messages: list) -> None:
        """In bronze, beside the rows of files."""
        rows = [*((*row, None, None) for row in GOOD), *((*row, None, 0) for row in messages)]
        self.store("bronze", "levels", f"{COLUMNS}, _raw string, _partition int", rows)

    def store(self, layer: str, table: str, columns: str, rows: list, mode: str = "overwrite") -> None:
        frame = self.spark.createDataFrame(rows, columns).coalesce(1)
        writer = frame.write.format("delta").mode(mode)
        if "day date" in columns and layer == "silver":
            writer = writer.partitionBy("day")
        writer.save(self.paths.table(layer, table))

    def levels(self, rows: list, mode: str = "overwrite") -> None:
        self.store("silver", "levels", COLUMNS, rows, mode)

    def totals(self, volume: int) -> None:
        self.store("gold", "totals", "tank_id string, volume int", [("T1", volume)])

    def write_checks(self, layer: str, table: str, text: str) -> None:
        file = self.soda / layer / f"{table}.yml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def scan(self, layer: str = "silver", *, as_of: datetime = NOON, force: bool = False) -> ScanSummary:
        tables = None if layer == "gold" else ["levels"]
        return scan("works", layer, tables=tables, as_of=as_of, settings=self.settings, force=force)


@pytest.fixture
def works(spark: SparkSession, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Works:
    monkeypatch.setattr("headrace.quality.scan.load_tables", lambda _: CATALOG)
    monkeypatch.setattr("headrace.quality.checks.soda_folder", lambda _: tmp_path / "soda")
    return Works(spark, settings, tmp_path / "soda")


def failures(summary: ScanSummary) -> dict[str, str]:
    return {check.name: check.detail for check in summary.failed}


def test_sound_rows_pass_every_check_that_the_contract_implies(works: Works) -> None:
    summary = works.scan()
    assert failures(summary) == {}
    assert {check.name for check in summary.checks} >= {
        "columns and their types are as agreed",
        "level_id names one row",
        "tank_id is never null",
        "tank_id exists in tanks",
        "volume is possible",
        "colour is one of the allowed values",
        "share of rejected rows",
    }
    gate(summary)


def test_rows_that_break_the_contract_fail_the_checks_it_implies(works: Works) -> None:
    day = datetime(2024, 1, 2)
    works.levels(
        [
            *GOOD,
            ("L2", "T1", day, 20, "red", day),
            ("L3", None, day, 20, "red", day),
            ("L4", "T9", day, 20, "red", day),
            ("L5", "T1", day, 101, "red", day),
            ("L6", "T1", day, 20, "pink", day),
        ]
    )
    assert failures(works.scan()) == dict.fromkeys(
        (
            "level_id names one row",
            "tank_id is never null",
            "tank_id exists in tanks",
            "volume is possible",
            "colour is one of the allowed values",
        ),
        "found 1, expected 0",
    )


def test_the_gate_names_table_check_found_and_expected(works: Works) -> None:
    works.levels([*GOOD, ("L2", "T1", datetime(2024, 1, 2, 7), 20, "red", datetime(2024, 1, 2))])
    with pytest.raises(GateClosed, match=r"levels: level_id names one row: found 1, expected 0"):
        gate(works.scan())


def test_a_missing_column_and_a_wrong_type_are_named(works: Works, spark: SparkSession) -> None:
    frame = spark.createDataFrame(
        [("L1", "T1", "10", "red")], "level_id string, tank_id string, volume string, colour string"
    )
    path = works.paths.table("silver", "levels")
    frame.write.format("delta").mode("overwrite").option("overwriteSchema", "true").save(path)
    detail = failures(works.scan())["columns and their types are as agreed"]
    assert "no column measured_at" in detail
    assert "volume is string, not int" in detail


def test_an_unchanged_table_is_not_scanned_again_unless_forced(works: Works) -> None:
    works.scan()
    assert works.scan().skipped == ["levels"]
    assert works.scan(force=True).skipped == []
    works.levels(GOOD)
    assert works.scan().skipped == []


def test_changed_checks_are_run_even_on_an_unchanged_table(works: Works) -> None:
    works.scan()
    works.write_checks(
        "silver", "levels", "checks for levels:\n  - row_count > 5:\n      name: enough rows\n"
    )
    assert failures(works.scan()) == {"enough rows": "found 2, expected > 5"}


def test_a_failed_table_is_scanned_again(works: Works) -> None:
    works.levels([*GOOD, GOOD[0]])
    assert works.scan().failed_tables == ["levels"]
    assert works.scan().failed_tables == ["levels"]


def test_only_the_days_written_since_the_last_scan_are_judged(works: Works) -> None:
    works.scan()
    works.levels([("L3", "T1", datetime(2024, 1, 2, 8), 30, "red", datetime(2024, 1, 2))], mode="append")
    summary = works.scan()
    counted = next(check for check in summary.checks if check.name == "there are rows")
    assert (counted.found, summary.scopes) == ("2", {"levels": "1 of its days"})


def test_freshness_counts_back_from_as_of(works: Works) -> None:
    works.write_checks(
        "silver", "levels",
        "checks for levels:\n  - freshness(measured_at, as_of) < 1d:\n      name: levels are fresh\n",
    )  # fmt: skip
    assert failures(works.scan()) == {}
    assert failures(works.scan(as_of=datetime(2024, 1, 4, 12))) == {
        "levels are fresh": "found 2 days, 6:00:00 behind as_of, expected < 1d"
    }


def test_a_check_that_cannot_be_run_fails(works: Works) -> None:
    works.write_checks(
        "silver", "levels", "checks for levels:\n  - avg(no_such_column) > 0:\n      name: average\n"
    )
    detail = failures(works.scan())["average"]
    assert detail.startswith("could not be run")
    assert "no_such_column" in detail


def test_a_query_that_cannot_be_run_fails_alone(works: Works) -> None:
    works.write_checks(
        "silver", "levels",
        "checks for levels:\n  - lost = 0:\n      name: none is lost\n"
        "      lost query: select count(*) from no_such_table\n",
    )  # fmt: skip
    found = failures(works.scan())
    assert found["none is lost"].startswith("could not be run")
    assert "level_id names one row" not in found


def test_the_numbers_that_checks_ask_for_come_from_one_statement(
    works: Works, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, sql = [], SparkSession.sql
    monkeypatch.setattr(SparkSession, "sql", lambda spark, text: asked.append(text) or sql(spark, text))
    works.write_checks(
        "silver", "levels",
        "checks for levels:\n  - reds = 1:\n      name: one is red\n"
        "      reds query: select count(*) from levels where colour = 'red'\n",
    )  # fmt: skip
    assert failures(works.scan()) == {}
    assert len(asked) == 2, "one for the expressions of the table, one for all queries"


def test_checks_know_numbers_of_rows(works: Works) -> None:
    works.write_checks(
        "silver", "levels",
        "checks for levels:\n  - lost = 0:\n      name: none is lost\n"
        "      lost expression: ${rows_of_bronze_levels} - ${rows_of_levels} + 0 * count(*)\n",
    )  # fmt: skip
    assert failures(works.scan()) == {}
    works.levels(GOOD[:1])
    assert failures(works.scan()) == {"none is lost": "found 1, expected 0"}


def test_a_check_that_soda_does_not_understand_fails(works: Works) -> None:
    works.write_checks("silver", "levels", "checks for levels:\n  - volume shall be nice\n")
    assert works.scan().failed


def test_a_table_that_was_never_written_fails(works: Works) -> None:
    summary = works.scan("gold")
    assert failures(summary) == {"the table is there": "it was never written"}
    assert summary.never_written == ["totals"]


def test_an_empty_table_waits_for_what_it_is_made_from(works: Works) -> None:
    works.store("bronze", "levels", f"{COLUMNS}, _raw string, _partition int", [])
    works.levels([])
    summary = works.scan()
    assert [(check.outcome, check.detail) for check in summary.checks] == [
        ("warn", "bronze.levels has none yet")
    ]


def test_an_empty_table_fails_where_rows_have_arrived(works: Works) -> None:
    works.write_checks(
        "silver", "levels", "checks for levels:\n  - row_count > 0:\n      name: there are levels\n"
    )
    works.levels([])
    assert failures(works.scan()) == {"there are levels": "found 0, expected > 0"}


def test_bronze_is_judged_by_its_volume_and_not_by_its_rows(works: Works) -> None:
    FileIndex(works.paths, "levels").add([File("works/levels/a", "0", size=1, stamp="", lines=3, number=0)])
    bad = failures(works.scan("bronze"))
    assert bad["every line of the files taken is a row"] == "found 1, expected 0"
    assert not any("level_id" in name for name in bad)


def test_messages_of_a_topic_are_no_lines_of_files(works: Works) -> None:
    FileIndex(works.paths, "levels").add(
        [File("works/levels/a", "0", size=1, stamp="", lines=len(GOOD), number=0)]
    )
    for messages in ([], GOOD):
        works.arrived(messages)
        assert "every line of the files taken is a row" not in failures(works.scan("bronze"))


def test_a_failed_gold_table_goes_back_to_its_last_good_version(works: Works) -> None:
    works.write_checks(
        "gold", "totals", "checks for totals:\n  - min(volume) >= 0:\n      name: volume is not negative\n"
    )
    works.totals(5)
    works.scan("gold")
    works.totals(-5)
    summary = works.scan("gold")
    restored = restore_failed(summary, works.settings)
    path = works.paths.table("gold", "totals")
    assert [(each.table, each.good_version, each.failed_version) for each in restored] == [("totals", 0, 1)]
    assert works.spark.read.format("delta").load(path).first()["volume"] == 5
    assert last_good(works.paths, "gold", "totals").version == log.version(path)


def test_a_failed_silver_table_stays_and_its_readers_are_pointed_back(works: Works) -> None:
    works.scan()
    works.levels([*GOOD, GOOD[0]])
    summary = works.scan()
    assert restore_failed(summary, works.settings) == []
    assert log.version(works.paths.table("silver", "levels")) == 1
    assert last_good(works.paths, "silver", "levels").version == 0


def test_an_empty_gold_table_fails_where_its_parents_hold_rows(works: Works) -> None:
    works.store("gold", "totals", "tank_id string, volume int", [])
    assert failures(works.scan("gold")) == {"there are rows, as there are upstream": "found 0, expected > 0"}


def test_an_empty_gold_table_passes_where_its_parents_are_empty(works: Works) -> None:
    works.store("gold", "totals", "tank_id string, volume int", [])
    works.levels([])
    assert failures(works.scan("gold")) == {}


def test_a_table_of_what_is_wrong_may_be_empty(works: Works, monkeypatch: pytest.MonkeyPatch) -> None:
    node = CATALOG.node("totals", "gold")
    lenient = replace(node, table=replace(node.table, may_be_empty=True))
    monkeypatch.setitem(CATALOG.nodes, node.ref, lenient)
    works.store("gold", "totals", "tank_id string, volume int", [])
    assert failures(works.scan("gold")) == {}


def test_each_check_is_recorded_as_a_row(works: Works) -> None:
    summary = works.scan()
    rows = [row for found in objects.all_json(works.paths.scans) for row in found]
    assert [row["name"] for row in rows] == [check.name for check in summary.checks]
    assert {(row["table"], row["layer"], row["version"]) for row in rows} == {("levels", "silver", 0)}


def test_a_summary_travels_as_plain_values() -> None:
    summary = ScanSummary("works", "silver", "2024-01-02", [CheckResult("levels", "a", "pass", "found 0")])
    assert ScanSummary.from_dict(summary.as_dict()) == summary
