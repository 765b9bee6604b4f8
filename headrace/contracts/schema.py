"""Contract to Spark types."""

from pyspark.sql import Column
from pyspark.sql import functions as F
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
TECHNICAL_MEANINGS = {
    "_raw": "The line or message as it came, where it could not be read whole",
    "_source": "The file or topic it came by",
    "_partition": "The partition of the topic; null for a file",
    "_offset": "The offset in the partition, or the number of the line in the file",
    "_sent_at": "When it was sent",
    "_ingested_at": "When bronze took it",
    "_processed_at": "When this table took it, or made it",
    "_rejected_at": "When it was set aside",
    "_reasons": "Why it was set aside",
    "_deleted_at": "When the deletion was applied",
    "_order": "The place of the deletion in the log of its source",
    "_run": "The run that wrote it",
}
TECHNICAL_COLUMNS = tuple(TECHNICAL.fieldNames())


def this_instant() -> Column:
    """When a query runs, to the millisecond: some readers know nothing finer, and would round what they compare."""
    return F.date_trunc("millisecond", F.current_timestamp())
