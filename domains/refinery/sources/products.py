"""Products, as the list has them."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from domains.refinery.world.reference import at, numbers, rows_of, texts

NUMBERS = ("density_min", "density_max", "sulfur_max_ppm", "typical_yield_pct")


def products(row_index: DataFrame) -> DataFrame:
    number = F.col("_index")
    made = {
        name: at((numbers if name in NUMBERS else texts)("products", name), number)
        for name in rows_of("products")[0]
    }
    return row_index.withColumns({**made, "sulfur_max_ppm": made["sulfur_max_ppm"].cast("int")})
