"""Small tables written as text: two spaces between cells, `-` for null, types as the cells look.

`name=value` in the head gives every row that value.
"""

import re
from collections.abc import Callable, Sequence

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

TableOf = Callable[[str], DataFrame]
EVER = "effective_from=0001-01-01 00:00:00  effective_to=9999-12-31 00:00:00  is_current=true  version=1  is_active=true"

LOOKS = {
    "int": r"-?\d+",
    "double": r"-?\d+(\.\d+)?|NaN|-?Infinity",
    "boolean": r"true|false",
    "date": r"\d{4}-\d\d-\d\d",
    "timestamp": r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d",
}


@pytest.fixture
def table(spark: SparkSession) -> TableOf:
    def read(text: str) -> DataFrame:
        head, *lines = [re.split(r"\s{2,}", line.strip()) for line in text.strip().splitlines()]
        names = [cell for cell in head if "=" not in cell]
        same = [cell.split("=") for cell in head if "=" in cell]
        cells = [[None if cell == "-" else cell for cell in line] for line in lines]
        texts = spark.createDataFrame(cells, ", ".join(f"{name} string" for name in names))
        kinds = [kind_of(column) for column in zip(*cells, strict=True)]
        return texts.select(
            *(F.col(name).cast(kind).alias(name) for name, kind in zip(names, kinds, strict=True)),
            *(F.lit(value).cast(kind_of([value])).alias(name) for name, value in same),
        )

    return read


def kind_of(cells: Sequence[str | None]) -> str:
    known = [cell for cell in cells if cell is not None]
    fitting = (kind for kind, look in LOOKS.items() if all(re.fullmatch(look, cell) for cell in known))
    return next(fitting, "string") if known else "string"


@pytest.fixture
def refineries(table: TableOf) -> DataFrame:
    return table("""
        refinery_id  refinery_name  location_city  location_state  capacity_bpd  complexity_index
        REF-000      Alpha          Houston        TX              100000        9
        REF-001      Beta           Beaumont       TX              200000        12
    """)


@pytest.fixture
def crude_types(table: TableOf) -> DataFrame:
    return table("""
        crude_type_id  crude_name  classification  sweetness  api_gravity_typical  sulfur_content_typical
        CRUDE-001      WTI         Light           Sweet      39.6                 0.24
        CRUDE-008      Maya        Heavy           Sour       22.0                 3.30
    """)


@pytest.fixture
def products(table: TableOf) -> DataFrame:
    return table("""
        product_id  product_name      product_category  typical_yield_pct
        PROD-001    Regular Gasoline  Gasoline          0.25
        PROD-004    Diesel            Diesel            0.28
    """)


@pytest.fixture
def storage_tanks(table: TableOf) -> DataFrame:
    return table(f"""
        tank_id     refinery_id  tank_name  product_type  capacity_barrels  min_operating_level  max_operating_level  {EVER}
        TANK-00000  REF-000      TK-100     Crude Oil     100000            0.1                  0.95
        TANK-00001  REF-000      TK-101     Gasoline      200000            0.1                  0.9
    """)


@pytest.fixture
def processing_units(table: TableOf) -> DataFrame:
    return table(f"""
        unit_id     refinery_id  unit_name  unit_type           unit_subtype  capacity_bpd  design_efficiency  last_maintenance_date  maintenance_interval_days  {EVER}
        UNIT-00000  REF-000      CDU-1      Crude Distillation  Atmospheric   24000         0.95               2024-01-01             100
        UNIT-00001  REF-000      Cok-1      Coker               Delayed       24000         0.80               2024-01-01             100
    """)
