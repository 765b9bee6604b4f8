"""Contract to Spark types."""

from pyspark.sql import types as T

from headrace.contracts.model import ColumnSpec, Contract

SCALARS: dict[str, T.DataType] = {
    "int": T.IntegerType(),
    "long": T.LongType(),
    "float": T.DoubleType(),
    "string": T.StringType(),
    "datetime": T.TimestampType(),
    "date": T.DateType(),
    "bool": T.BooleanType(),
}


def spark_type(column: ColumnSpec) -> T.DataType:
    if column.type == "array":
        return T.ArrayType(SCALARS[column.items or "string"])
    if column.type == "map":
        return T.MapType(SCALARS[column.keys or "string"], SCALARS[column.values or "string"])
    return SCALARS[column.type]


def source_schema(contract: Contract) -> T.StructType:
    """The columns as the source sends them."""
    return T.StructType([T.StructField(name, spark_type(spec)) for name, spec in contract.columns.items()])


def bronze_schema(contract: Contract) -> T.StructType:
    """What arrived, and where and when it came from."""
    return T.StructType([*source_schema(contract).fields, *TECHNICAL.fields])


TECHNICAL = T.StructType(
    [
        T.StructField("_raw", T.StringType()),
        T.StructField("_source", T.StringType()),
        T.StructField("_partition", T.IntegerType()),
        T.StructField("_offset", T.LongType()),
        T.StructField("_sent_at", T.TimestampType()),
        T.StructField("_ingested_at", T.TimestampType()),
    ]
)
TECHNICAL_COLUMNS = tuple(TECHNICAL.fieldNames())
