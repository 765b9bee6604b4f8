"""Tables in a catalog of Spark's, as they are in Unity Catalog, and queries that Spark understands.

Spark's own catalog stands in for Unity Catalog: it knows schemas and places, but no rights, and forgets comments.
"""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from headrace.engines import on_cluster
from headrace.errors import HeadraceError
from headrace.lake import session
from headrace.lake.paths import LAYERS
from headrace.lake.session import get_spark
from headrace.serve.publish import IN_ITS_CATALOG, publish_in_unity, registration, unity_queries
from headrace.settings import Settings
from tests.spark.conftest import ShapesOf

CATALOG = "spark_catalog"
DAYS = "select 'P1' as pump_id, date'2024-01-02' as pump_day, 3.5 as litres"


@pytest.fixture
def unity(spark: SparkSession, settings: Settings) -> Iterator[Settings]:
    for layer in ("silver", "gold"):
        spark.sql(f"create schema {CATALOG}.{layer}")
    yield settings.model_copy(update={"spark": "databricks"})
    for layer in ("silver", "gold"):
        spark.sql(f"drop schema {CATALOG}.{layer} cascade")


def outcomes(settings: Settings) -> dict[str, str]:
    return {each.table: each.outcome for each in publish_in_unity("pumps", settings, CATALOG)}


def test_a_table_is_registered_where_it_lies_and_its_log_is_left_alone(
    spark: SparkSession, unity: Settings
) -> None:
    place = f"{unity.lake}/pumps/gold/pump_days"
    spark.sql(DAYS).write.format("delta").save(place)
    spark.sql("select 'late' as why").write.format("delta").save(
        f"{unity.lake}/pumps/silver/strokes__rejected"
    )
    found = outcomes(unity)
    assert (found["pump_days"], found["strokes__rejected"], found["strokes"]) == (
        "created",
        "created",
        "waiting",
    )
    assert spark.table(f"{CATALOG}.gold.pump_days").count() == 1
    told = {
        row.col_name: row.data_type
        for row in spark.sql(f"describe extended {CATALOG}.gold.pump_days").collect()
    }
    assert told["Location"].endswith("/pumps/gold/pump_days")
    assert DeltaTable(place).version() == 0
    assert not Path(unity.lake, "pumps/gold/open_orders").exists(), "a table was made that nobody has refined"
    assert outcomes(unity)["pump_days"] == "unchanged"


def test_a_column_that_came_is_seen(spark: SparkSession, unity: Settings) -> None:
    place = f"{unity.lake}/pumps/gold/pump_days"
    spark.sql(DAYS).write.format("delta").save(place)
    outcomes(unity)
    more = spark.sql(f"{DAYS}, 7 as strokes")
    more.write.format("delta").mode("append").option("mergeSchema", "true").save(place)
    assert "strokes" in spark.table(f"{CATALOG}.gold.pump_days").columns


def test_a_schema_that_is_not_there_is_told_with_who_makes_it(spark: SparkSession, unity: Settings) -> None:
    spark.sql(DAYS).write.format("delta").save(f"{unity.lake}/pumps/gold/pump_days")
    spark.sql(f"drop schema {CATALOG}.gold")
    try:
        with pytest.raises(HeadraceError, match=r"gold\.pump_days.*(?s:.)*databricks bundle deploy"):
            publish_in_unity("pumps", unity, CATALOG)
    finally:
        spark.sql(f"create schema {CATALOG}.gold")


def test_what_a_table_means_is_said_where_it_is_registered() -> None:
    said = registration("dev_pumps.gold", "pump_days", "s3://lake/pumps/gold/pump_days", "A pump's\n day")
    assert said.startswith("CREATE TABLE IF NOT EXISTS `dev_pumps`.`gold`.`pump_days` USING DELTA")
    assert said.endswith(r"COMMENT 'A pump\'s day' LOCATION 's3://lake/pumps/gold/pump_days'")


def test_without_databricks_it_says_what_to_set(settings: Settings) -> None:
    with pytest.raises(HeadraceError, match="HEADRACE_ENGINE=databricks"):
        publish_in_unity("pumps", settings, "pumps")


def test_a_session_that_was_there_first_is_told_how_sql_is_meant(
    spark: SparkSession, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "_TAKEN_OVER", threading.Event())
    spark.conf.set("spark.sql.session.timeZone", "Asia/Tokyo")
    taken = get_spark(settings.model_copy(update={"spark": "databricks"}))
    assert taken.conf.get("spark.sql.session.timeZone") == "UTC"
    spark.conf.set("spark.sql.session.timeZone", "UTC")


@pytest.mark.parametrize("domain", sorted({name.partition("/")[0] for name in unity_queries()}))
def test_spark_understands_every_query_in_the_dialect_of_databricks(
    spark: SparkSession, shapes_of: ShapesOf, domain: str
) -> None:
    for ref, shape in shapes_of(domain).items():
        spark.createDataFrame([], shape).createOrReplaceTempView(f"{ref.layer}_{ref.name}")
    for name, text in unity_queries().items():
        if name.startswith(f"{domain}/"):
            statement = text.partition(IN_ITS_CATALOG)[2]
            for layer in LAYERS:
                statement = statement.replace(f" {layer}.", f" {layer}_")
            plan = (
                spark.sql(statement)._jdf.queryExecution().executedPlan()
            )  # over nothing: to run it tells no more
            assert plan is not None, name


def test_python_beside_spark_finds_what_the_entry_unpacked(spark: SparkSession, tmp_path: Path) -> None:
    (tmp_path / "only_unpacked.py").write_text("ANSWER = 42\n")
    on_cluster._share([tmp_path / "needs.tar.gz"], [tmp_path])

    def answers(batches: Iterator) -> Iterator:  # type: ignore[type-arg]
        import only_unpacked

        for batch in batches:
            yield batch.assign(id=only_unpacked.ANSWER)

    assert {row.id for row in spark.range(2).mapInPandas(answers, "id long").collect()} == {42}
