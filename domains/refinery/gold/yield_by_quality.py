"""How a product's yield follows the crude's API gravity and sulphur: bands, and a plane per product.

Light crudes are sweet and heavy ones sour, and a refinery runs what suits its units: taken one by one, gravity would
be praised for what sulphur and good units do. So yield is fitted to gravity, sulphur and unit together (ordinary least
squares over the hours, with a level for each unit). Slopes and correlations hold for the product and repeat in its
bands, and so do the means through which the plane goes.
"""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from headrace.tables import Table, Whole, share

TABLE = Table(
    key=("product_id", "api_gravity_band", "sulfur_band"),
    write=Whole(),
    description="Yield of each product by bands of API gravity and sulphur, with slope and correlation.",
)

TELLS_APART = 1e-6  # of the sums of squares: below it, gravity and sulphur are the same to the units


def yield_by_quality(
    product_yield: DataFrame, production_output: DataFrame, crude_types: DataFrame
) -> DataFrame:
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
    return bands.join(F.broadcast(planes(production_output, assay)), on="product_id", how="left")


def api_band() -> Column:
    """The trade's own borders between heavy, medium and light, and one for condensate."""
    api = F.col("_api")
    return (
        F.when(api < 22.3, "below 22.3").when(api < 31.1, "22.3 to 31.1").when(api < 40, "31.1 to 40")
    ).otherwise("40 and above")


def sulfur_band() -> Column:
    sulfur = F.col("_sulfur")
    return F.when(sulfur < 0.5, "below 0.5").when(sulfur < 1.5, "0.5 to 1.5").otherwise("1.5 and above")


def planes(production_output: DataFrame, assay: DataFrame) -> DataFrame:
    """Per product: the two slopes and partial correlations, and the means of its hours."""
    hours = production_output.join(
        F.broadcast(assay.withColumnRenamed("crude_type_id", "input_crude_type_id")),
        on="input_crude_type_id",
        how="inner",
    ).where("yield_percentage IS NOT NULL")
    hours = hours.select(
        F.col("output_product_id").alias("product_id"),
        "unit_id",
        F.col("_api").cast("double").alias("a"),
        F.col("_sulfur").cast("double").alias("s"),
        F.col("yield_percentage").cast("double").alias("y"),
    )
    units = hours.groupBy("product_id", "unit_id").agg(
        F.count("*").alias("n"),
        *(F.sum(name).alias(name) for name in "asy"),
        *((F.covar_pop(one, other) * F.count("*")).alias(f"{one}{other}") for one, other in PAIRS),
    )
    products = units.groupBy("product_id").agg(
        *(F.sum(f"{one}{other}").alias(f"{one}{other}") for one, other in PAIRS),
        *((F.sum(name) / F.sum("n")).alias(f"_{name}") for name in "asy"),
    )
    aa, ss, a_s, ay, sy, yy = (F.col(f"{one}{other}") for one, other in PAIRS)
    apart = aa * ss - a_s * a_s
    is_plane = apart > TELLS_APART * aa * ss
    by_api = F.when(is_plane, (ay * ss - sy * a_s) / apart).otherwise(share(ay, aa))
    by_sulfur = F.when(is_plane, (sy * aa - ay * a_s) / apart)
    return products.select(
        "*", by_api.alias("yield_per_api_gravity"), by_sulfur.alias("yield_per_sulfur")
    ).select(
        "product_id",
        "yield_per_api_gravity",
        F.when(is_plane, partial_correlation(ay, sy, aa, ss, a_s, yy)).alias("api_gravity_correlation"),
        "yield_per_sulfur",
        F.when(is_plane, partial_correlation(sy, ay, ss, aa, a_s, yy)).alias("sulfur_correlation"),
        F.col("_a").alias("product_api_gravity"),
        F.col("_s").alias("product_sulfur_pct"),
        F.col("_y").alias("product_avg_yield"),
    )


PAIRS = (("a", "a"), ("s", "s"), ("a", "s"), ("a", "y"), ("s", "y"), ("y", "y"))


def partial_correlation(xy: Column, zy: Column, xx: Column, zz: Column, xz: Column, yy: Column) -> Column:
    """Of x and y, where z is held."""
    left_x, left_y = xx - xz * xz / zz, yy - zy * zy / zz
    both = (left_x > 0) & (left_y > 0)
    return F.when(both, (xy - xz * zy / zz) / F.sqrt(left_x * left_y))
