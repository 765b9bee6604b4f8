"""Laboratory tests, with standard units beside the source's and, for crude, the distance from its assay.

`sample_source_id` names a row of another table according to `sample_source_type`; only a crude shipment
leads to one crude, so only its tests are compared. A test of a shipment that nobody knows waits among the
rejected rows until its shipment has come.
"""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from domains.refinery.measures import celsius, density_kg_m3, kilopascals
from headrace.tables import Append, Table, only_current, rejected_when, with_parent

TABLE = Table(
    key="test_id",
    event_time="test_datetime",
    partition="test_date",
    write=Append(),
    description="Laboratory tests in standard units, compared with the crude's typical assay.",
)

API_TOLERANCE = 2.0
SULFUR_TOLERANCE = 0.1
SULFUR_TOLERANCE_SHARE = 0.25


def quality_tests(
    bronze_quality_tests: DataFrame,
    refineries: DataFrame,
    storage_tanks: DataFrame,
    crude_shipments: DataFrame,
) -> DataFrame:
    tanks = storage_tanks.transform(only_current)
    api_variance = F.col("api_gravity") - F.col("api_gravity_typical")
    sulfur_variance = F.col("sulfur_content_pct") - F.col("sulfur_content_typical")
    sulfur_tolerance = F.greatest(
        F.lit(SULFUR_TOLERANCE), SULFUR_TOLERANCE_SHARE * F.col("sulfur_content_typical")
    )
    agrees = (F.abs(api_variance) <= API_TOLERANCE) & (F.abs(sulfur_variance) <= sulfur_tolerance)
    return (
        bronze_quality_tests.transform(with_parent, refineries, on="refinery_id", take=["refinery_name"])
        .transform(with_parent, tanks, on="tank_id", take=["tank_name"], required=False)
        .transform(with_crude_of_shipment, crude_shipments)
        .select(
            "*",
            density_kg_m3("api_gravity").alias("density_kg_m3"),
            celsius("pour_point_f").alias("pour_point_c"),
            celsius("flash_point_f").alias("flash_point_c"),
            kilopascals("reid_vapor_pressure").alias("reid_vapor_pressure_kpa"),
            api_variance.alias("api_gravity_variance"),
            sulfur_variance.alias("sulfur_variance"),
            agrees.alias("agrees_with_assay"),
            F.to_date("test_datetime").alias("test_date"),
        )
        .drop("api_gravity_typical", "sulfur_content_typical")
    )


def with_crude_of_shipment(tests: DataFrame, crude_shipments: DataFrame) -> DataFrame:
    crude = crude_shipments.select(
        F.col("shipment_id").alias("_shipment"),
        *("crude_type_id", "crude_name", "api_gravity_typical", "sulfur_content_typical"),
    )
    is_of_shipment = F.col("sample_source_type") == "Crude Shipment"
    same = is_of_shipment & (F.col("sample_source_id") == F.col("_shipment"))
    unknown = is_of_shipment & F.col("sample_source_id").isNotNull() & F.col("_shipment").isNull()
    return (
        tests.join(crude, on=same, how="left")
        .transform(rejected_when("the shipment that was tested is unknown", unknown))
        .drop("_shipment")
    )
