"""Tables as Glue has them for Athena: registered once, with types and comments, and following what the lake becomes."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any

import boto3
import pyarrow as pa
import pytest
from deltalake import DeltaTable, TableFeatures, write_deltalake

from headrace.engines import Job, submit
from headrace.errors import HeadraceError
from headrace.serve.publish import publish_in_glue as publish
from headrace.settings import Settings
from rehearsal.aws.server_process import REGION

LAKE = "s3://test-lake"
DAY = {"pump_id": ["P1"], "pump_day": [date(2024, 1, 2)], "litres": [3.5]}


pytestmark = pytest.mark.usefixtures("cloud")


@pytest.fixture
def settings(cloud: None) -> Iterator[Settings]:
    s3, glue = boto3.client("s3"), boto3.client("glue")
    s3.create_bucket(Bucket="test-lake", CreateBucketConfiguration={"LocationConstraint": REGION})
    for layer in ("silver", "gold"):
        glue.create_database(DatabaseInput={"Name": f"dev_pumps_{layer}"})
    yield Settings(lake_url=LAKE, database_prefix="dev_", workgroup="dev")
    for layer in ("silver", "gold"):
        glue.delete_database(Name=f"dev_pumps_{layer}")
    bucket = boto3.resource("s3").Bucket("test-lake")
    bucket.objects.delete()
    bucket.delete()


def write(layer: str, name: str, rows: dict[str, list[Any]], **how: Any) -> None:
    write_deltalake(f"{LAKE}/pumps/{layer}/{name}", pa.table(rows), **how)


def registered(layer: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = boto3.client("glue").get_table(DatabaseName=f"dev_pumps_{layer}", Name=name)[
        "Table"
    ]
    return found


def outcomes(settings: Settings) -> dict[str, str]:
    return {each.table: each.outcome for each in publish("pumps", settings)}


def test_a_table_is_registered_as_delta_with_its_types_and_meanings(settings: Settings) -> None:
    at = datetime(2024, 1, 2, tzinfo=UTC)
    write("gold", "pump_days", DAY, partition_by=["pump_day"])
    write("silver", "strokes", {"bar": [2.5], "stroke_at": [at], "_reasons": [["late"]]})
    assert outcomes(settings)["pump_days"] == "created"
    table = registered("gold", "pump_days")
    assert table["Parameters"]["table_type"] == "DELTA"
    assert table["StorageDescriptor"]["Location"] == f"{LAKE}/pumps/gold/pump_days/"
    assert [each["Name"] for each in table["PartitionKeys"]] == ["pump_day"]
    types = {each["Name"]: each["Type"] for each in table["StorageDescriptor"]["Columns"]}
    assert types == {"pump_id": "string", "litres": "double"}
    columns = {each["Name"]: each for each in registered("silver", "strokes")["StorageDescriptor"]["Columns"]}
    assert columns["stroke_at"]["Type"] == "timestamp"
    assert columns["_reasons"]["Type"] == "array<string>"
    assert columns["bar"]["Comment"] == "Discharge pressure [bar]"


def test_what_is_not_made_yet_waits(settings: Settings) -> None:
    write("gold", "pump_days", DAY)
    assert outcomes(settings)["strokes"] == "waiting"


def test_a_second_time_nothing_changes(settings: Settings) -> None:
    write("gold", "pump_days", DAY)
    publish("pumps", settings)
    before = registered("gold", "pump_days")
    assert outcomes(settings)["pump_days"] == "unchanged"
    assert registered("gold", "pump_days") == before


def test_a_column_that_came_is_followed_and_what_others_wrote_beside_is_kept(settings: Settings) -> None:
    write("gold", "pump_days", DAY)
    publish("pumps", settings)
    glue, table = boto3.client("glue"), registered("gold", "pump_days")
    kept = {
        key: table[key] for key in ("Name", "TableType", "Description", "StorageDescriptor", "PartitionKeys")
    }
    theirs = {**table["Parameters"], "owner": "planning"}
    glue.update_table(DatabaseName="dev_pumps_gold", TableInput={**kept, "Parameters": theirs})
    assert outcomes(settings)["pump_days"] == "unchanged"
    write("gold", "pump_days", {**DAY, "strokes": [7]}, mode="append", schema_mode="merge")
    assert outcomes(settings)["pump_days"] == "changed"
    after = registered("gold", "pump_days")
    assert "strokes" in [each["Name"] for each in after["StorageDescriptor"]["Columns"]]
    assert after["Parameters"]["owner"] == "planning"


def test_what_left_the_lake_leaves_glue_and_the_tables_of_others_stay(settings: Settings) -> None:
    write("gold", "pump_days", DAY)
    publish("pumps", settings)
    boto3.client("glue").create_table(DatabaseName="dev_pumps_gold", TableInput={"Name": "of_planning"})
    boto3.resource("s3").Bucket("test-lake").objects.filter(Prefix="pumps/gold/").delete()
    assert outcomes(settings)["pump_days"] == "removed"
    left = boto3.client("glue").get_tables(DatabaseName="dev_pumps_gold")["TableList"]
    assert [each["Name"] for each in left] == ["of_planning"]


def test_a_table_of_somebody_else_is_left_alone_and_nothing_beside_it_changes(settings: Settings) -> None:
    write("gold", "pump_days", DAY)
    theirs = {
        "Name": "pump_days",
        "Owner": "planning",
        "StorageDescriptor": {"Location": "s3://planning/days"},
    }
    boto3.client("glue").create_table(DatabaseName="dev_pumps_gold", TableInput=theirs)
    before = registered("gold", "pump_days")
    with pytest.raises(HeadraceError, match=r"dev_pumps_gold.pump_days \(s3://planning/days\).*PREFIX"):
        publish("pumps", settings)
    assert registered("gold", "pump_days") == before


def test_another_lake_takes_nothing_out(settings: Settings) -> None:
    write("gold", "pump_days", DAY)
    publish("pumps", settings)
    boto3.client("s3").create_bucket(
        Bucket="test-lake-2", CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    elsewhere = settings.model_copy(update={"lake_url": "s3://test-lake-2"})
    assert {each.outcome for each in publish("pumps", elsewhere)} == {"waiting"}
    assert registered("gold", "pump_days")["StorageDescriptor"]["Location"].startswith(f"{LAKE}/")


def test_what_a_crawler_or_a_person_wrote_at_a_column_or_a_table_stays(settings: Settings) -> None:
    write("gold", "pump_days", DAY)
    publish("pumps", settings)
    edit(lambda table: {**table, "Owner": "planning", "Retention": 7}, Parameters={"classified": "no"})
    assert outcomes(settings)["pump_days"] == "unchanged"
    write("gold", "pump_days", {**DAY, "strokes": [7]}, mode="append", schema_mode="merge")
    assert outcomes(settings)["pump_days"] == "changed"
    after = registered("gold", "pump_days")
    columns = {each["Name"]: each for each in after["StorageDescriptor"]["Columns"]}
    assert (after["Owner"], after["Retention"]) == ("planning", 7)
    assert columns["litres"]["Parameters"] == {"classified": "no"}
    assert "strokes" in columns
    assert outcomes(settings)["pump_days"] == "unchanged"


def test_what_a_column_means_is_ours_to_say(settings: Settings) -> None:
    write("gold", "pump_days", DAY)
    publish("pumps", settings)
    before = registered("gold", "pump_days")["StorageDescriptor"]["Columns"]
    edit(lambda table: table, Comment="as planning has it")
    assert outcomes(settings)["pump_days"] == "changed"
    assert registered("gold", "pump_days")["StorageDescriptor"]["Columns"] == before


def edit(change: Callable[[dict[str, Any]], dict[str, Any]], **of_columns: Any) -> None:
    """By hand, in Glue's console."""
    glue, table = boto3.client("glue"), registered("gold", "pump_days")
    kept = {
        key: table[key] for key in glue.meta.service_model.shape_for("TableInput").members if key in table
    }
    storage = kept["StorageDescriptor"]
    storage = {**storage, "Columns": [{**each, **of_columns} for each in storage["Columns"]]}
    glue.update_table(
        DatabaseName="dev_pumps_gold", TableInput=change({**kept, "StorageDescriptor": storage})
    )


def test_rejected_rows_are_registered_beside(settings: Settings) -> None:
    write("silver", "strokes__rejected", {"stroke_id": ["S1"], "_reasons": [["late"]]})
    assert outcomes(settings)["strokes__rejected"] == "created"
    assert registered("silver", "strokes__rejected")["Description"].startswith("Rejected: ")


def test_a_table_beyond_athenas_reader_is_refused_whole(settings: Settings) -> None:
    write("gold", "pump_days", DAY)
    table = DeltaTable(f"{LAKE}/pumps/gold/pump_days")
    table.alter.add_feature(TableFeatures.V2Checkpoint, allow_protocol_versions_increase=True)
    with pytest.raises(HeadraceError, match="beyond what Athena reads: table feature v2Checkpoint"):
        publish("pumps", settings)
    assert boto3.client("glue").get_tables(DatabaseName="dev_pumps_gold")["TableList"] == []


def test_a_database_that_is_not_there_is_told_by_its_setting(settings: Settings) -> None:
    with pytest.raises(
        HeadraceError, match=r"prod_pumps_silver in Glue \(HEADRACE_DATABASE_PREFIX\) is not there"
    ):
        publish("pumps", settings.model_copy(update={"database_prefix": "prod_"}))


def test_a_lake_on_a_disk_is_not_for_athena(settings: Settings) -> None:
    with pytest.raises(HeadraceError, match="set HEADRACE_LAKE_URL"):
        submit(Job("publish", "pumps"), settings.model_copy(update={"lake_url": ""}))
