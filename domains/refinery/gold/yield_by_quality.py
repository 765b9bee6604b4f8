"""How a product's yield follows the crude's API gravity and sulphur: bands, and a straight line per product.

Slopes and correlations weigh each crude by its hours and hold for the product, so they repeat in its bands.
"""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from domains.refinery.measures import share
from headrace.tables import Table, Whole

TABLE = Table(
    key=("product_id", "api_gravity_band", "sulfur_band"),
    write=Whole(),
    description="Yield of each product by bands of API gravity and sulphur, with slope and correlation.",
)


def yield_by_quality(product_yield: DataFrame, crude_types: DataFrame) -> DataFrame:
    assay = crude_types.select(
        "crude_type_id",
        F.col("api_gravity_typical").alias("_api"),
        F.col("sulfur_content_typical").alias("_sulfur"),
    )
    crudes = product_yield.join(F.broadcast(assay), on="crude_type_id", how="inner")
    hours = F.sum("sample_count")
    bands = crudes.groupBy(
        *("product_id", "product_name", "product_category"),
        api_band().alias("api_gravity_band"),
        sulfur_band().alias("sulfur_band"),
    ).agg(
        (F.sum(F.col("avg_yield") * F.col("sample_count")) / hours).alias("avg_yield"),
        hours.alias("sample_count"),
        F.count("*").alias("crudes"),
    )
    lines = crudes.groupBy("product_id").agg(*(line("_api", "api_gravity")), *(line("_sulfur", "sulfur")))
    return bands.join(F.broadcast(lines), on="product_id", how="inner")


def api_band() -> Column:
    """The trade's own borders between heavy, medium and light, and one for condensate."""
    api = F.col("_api")
    return (
        F.when(api < 22.3, "below 22.3").when(api < 31.1, "22.3 to 31.1").when(api < 40, "31.1 to 40")
    ).otherwise("40 and above")


def sulfur_band() -> Column:
    sulfur = F.col("_sulfur")
    return F.when(sulfur < 0.5, "below 0.5").when(sulfur < 1.5, "0.5 to 1.5").otherwise("1.5 and above")


def line(quality: str, name: str) -> tuple[Column, Column]:
    """The slope of the yield on a quality, and their correlation."""
    weight, x, y = F.col("sample_count"), F.col(quality), F.col("avg_yield")
    n, sx, sy = F.sum(weight), F.sum(weight * x), F.sum(weight * y)
    across = n * F.sum(weight * x * y) - sx * sy
    along = n * F.sum(weight * x * x) - sx * sx
    up = n * F.sum(weight * y * y) - sy * sy
    is_line = F.count("*") > 1
    return (
        F.when(is_line, share(across, along)).alias(f"yield_per_{name}"),
        F.when(is_line & (along > 0) & (up > 0), across / F.sqrt(along * up)).alias(f"{name}_correlation"),
    )
