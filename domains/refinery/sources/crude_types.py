"""Grades of crude, as the list has them."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from domains.refinery.world.reference import at, numbers, rows_of, texts

NUMBERS = ("api_gravity_typical", "sulfur_content_typical", "benchmark_price_differential")


def crude_types(row_index: DataFrame) -> DataFrame:
    number = F.col("_index")
    names = rows_of("crude_types")[0]
    return row_index.withColumns(
        {name: at((numbers if name in NUMBERS else texts)("crude_types", name), number) for name in names}
    )
