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
    """The columns that the source sends, by their names here."""
    return T.StructType([T.StructField(name, spark_type(spec)) for name, spec in contract.columns.items()])


def sent_schema(contract: Contract) -> T.StructType:
    """The columns by their names at the source."""
    fields = zip(contract.sent_names.values(), source_schema(contract), strict=True)
    return T.StructType([T.StructField(sent, field.dataType) for sent, field in fields])


def sent_columns(contract: Contract) -> list[Column]:
    """The columns of a row under their names at the source."""
    return [F.col(name).alias(sent) for name, sent in contract.sent_names.items()]


def bronze_schema(contract: Contract) -> T.StructType:
    """What arrived, and where and when it came from."""
    kept = [T.StructField(EXTRA, T.StringType())] if contract.keeps_extra else []
    return T.StructType([*source_schema(contract).fields, *TECHNICAL.fields, *kept])


EXTRA = "_extra"
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
    "_offset": "The offset in the partition, or the number of the line of a text file (from 1; null "
    "of one of more than 8 MB that is read in parts) or of the row of a Parquet file (from 0)",
    "_sent_at": "When it was sent",
    "_ingested_at": "When bronze took it",
    EXTRA: "The fields that its contract does not name, as JSON",
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
