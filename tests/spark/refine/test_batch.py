from pathlib import Path

from pyspark.sql import DataFrame, SparkSession

from headrace.refine.batch import as_files
from headrace.refine.stream import drain


def test_a_batch_read_from_its_files_has_the_same_rows_and_only_the_columns_asked_for(
    spark: SparkSession, tmp_path: Path
) -> None:
    table = str(tmp_path / "t")
    for start in (0, 10):
        rows = spark.range(start, start + 10).selectExpr("id", "id * 2 AS doubled")
        rows.write.format("delta").mode("append").save(table)
    seen: list[int] = []

    def take(rows: DataFrame, number: int) -> None:
        files = as_files(rows, rows.schema)
        assert files.exceptAll(rows).isEmpty()
        plan = files.select("doubled")._jdf.queryExecution().executedPlan().toString()
        assert "ReadSchema: struct<doubled:bigint>" in plan
        seen.append(files.count())

    stream = spark.readStream.format("delta").option("maxFilesPerTrigger", 1).load(table)
    drain(stream, take, checkpoint=str(tmp_path / "c"), name="files")
    assert sum(seen) == 20
    assert len(seen) > 1
