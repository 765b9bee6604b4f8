"""What the sources give away of their own planted faults is not there for those who look for them."""

from pathlib import Path

import pytest
import sqlglot
from pyspark.sql import SparkSession
from pyspark.sql import types as T
from sqlglot import exp

from domains import grid
from headrace.refine.catalog import load_tables
from headrace.refine.dictionary import ANY_INSTANT
from headrace.writes.node import AS_OF, Ref
from tests.spark.conftest import ShapesOf

GIVE_AWAY = {"is_anomaly_flag", "meter_status", "fraud_flag"}
GOLD = [node.ref.name for node in load_tables("grid").layer("gold")]
FOLDER = Path(str(grid.__file__)).parent


@pytest.mark.parametrize("name", GOLD)
def test_a_gold_table_is_made_without_the_columns_that_give_the_answer_away(
    name: str, spark: SparkSession, shapes_of: ShapesOf
) -> None:
    """They are taken out of silver, so a table that read one of them could not be planned."""
    node, shapes = load_tables("grid").node(name, "gold"), shapes_of("grid")
    frames = {
        argument: spark.createDataFrame([], _without(shapes[ref])) for argument, ref in node.upstream.items()
    }
    given = frames | ({AS_OF: ANY_INSTANT} if AS_OF in node.arguments else {})
    assert not GIVE_AWAY & set(node.call(given).columns)


def test_there_are_such_columns(shapes_of: ShapesOf) -> None:
    silver = {
        name
        for ref, shape in shapes_of("grid").items()
        if ref.layer == "silver"
        for name in shape.fieldNames()
    }
    assert silver >= GIVE_AWAY
    assert "meter_status" in shapes_of("grid")[Ref("silver", "smart_meter_readings")].fieldNames()


@pytest.mark.parametrize("file", sorted((FOLDER / "detections").glob("*.sql")), ids=lambda file: file.stem)
def test_no_detection_reads_them(file: Path) -> None:
    read = {column.name for column in sqlglot.parse_one(file.read_text(), read="duckdb").find_all(exp.Column)}
    assert not GIVE_AWAY & read


def _without(shape: T.StructType) -> T.StructType:
    kept = [field for field in shape if field.name not in GIVE_AWAY]
    return T.StructType([*kept, T.StructField("_ingested_at", T.TimestampType())])
