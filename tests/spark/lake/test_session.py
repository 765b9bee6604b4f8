from pyspark.sql import SparkSession

from headrace.lake.session import FEW_ROWS, session_for

PARTITIONS = "spark.sql.shuffle.partitions"


def test_a_session_for_many_rows_shuffles_as_the_settings_say_and_not_as_spark_would(
    spark: SparkSession,
) -> None:
    assert spark.sparkContext.getConf().get(PARTITIONS) == "2"
    assert session_for(spark, FEW_ROWS).conf.get(PARTITIONS) == "2"
    assert session_for(spark, FEW_ROWS - 1).conf.get(PARTITIONS) == "1"
    assert session_for(spark, FEW_ROWS).conf.get("spark.sql.adaptive.enabled") == "true"
