"""Landing to bronze: one row per line of a file, malformed lines with their text, each with its origin."""

import re
from functools import reduce
from operator import or_

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T

from headrace.contracts.model import Contract
from headrace.contracts.schema import bronze_schema, source_schema
from headrace.lake.paths import Paths
from headrace.refine.readable import header_lines

FILES_PER_BATCH = 4000
FOLDERS_TO_DOMAIN = 4
ANY_AGE = "36500d"
EARLIEST, LATEST = "0001-01-02", "9999-12-31"  # Python has no days beyond, in any time zone
NO_LETTERS = (  # what they would become is another text, and two keys could become one
    r"(?i)\\u0000"
    r"|\\ud[89ab][0-9a-f]{2}(?!\\ud[c-f][0-9a-f]{2})"
    r"|(?<!\\ud[89ab][0-9a-f]{2})\\ud[c-f][0-9a-f]{2}"
)
"""Escapes of nothing, and of half a letter without its other half."""
SPANS_OF_TIME = {"datetime": "timestamp", "date": "date"}


def read_landing(spark: SparkSession, contract: Contract, paths: Paths, *, bytes_per_batch: int) -> DataFrame:
    """The stream of a table's landed files, shaped as its bronze table."""
    reader = (
        spark.readStream.option("recursiveFileLookup", "true")
        .option("maxBytesPerTrigger", bytes_per_batch)
        .option("latestFirst", "false")
        .option("ignoreMissingFiles", "true")  # one may be set aside after it was listed; the receipt counts
        .option("maxFileAge", ANY_AGE)  # by default Spark leaves out files a week older than the newest
    )
    folder = paths.landing(contract.table)
    schema = source_schema(contract)
    match contract.arrives.files:
        case "csv":
            lines = reader.option("lineSep", "\n").option("pathGlobFilter", "*.csv").text(folder)
            parsed = parsed_csv(lines.select(_line(), *_origin()), contract)
        case "json":
            lines = reader.option("lineSep", "\n").option("pathGlobFilter", "*.json").text(folder)
            parsed = parsed_json(lines.select(_line(), *_origin()), contract)
        case _:
            rows = reader.schema(schema).option("pathGlobFilter", "*.parquet").parquet(folder)
            offset = F.col("_metadata.row_index")
            parsed = rows.select(
                "*", F.lit(None).cast("string").alias("_raw"), offset.alias("_offset"), *_origin()
            )
    return as_bronze(parsed, contract)


def as_bronze(parsed: DataFrame, contract: Contract) -> DataFrame:
    """In the order of the bronze table, nulls for what this way of arriving does not know."""
    parsed = _with_readable_instants(parsed, contract)
    known = {"_ingested_at": F.current_timestamp()} | {name: F.col(name) for name in parsed.columns}
    fields = bronze_schema(contract).fields
    missing = F.lit(None)
    return parsed.select(
        *(known.get(field.name, missing.cast(field.dataType)).alias(field.name) for field in fields)
    )


def _with_readable_instants(parsed: DataFrame, contract: Contract) -> DataFrame:
    """Of a row with an instant that no calendar in use has, the text is kept instead of the instant."""
    dated = {
        name: F.col(name).between(*ends_of_time(SPANS_OF_TIME[spec.type]))
        for name, spec in contract.columns.items()
        if spec.type in SPANS_OF_TIME
    }
    if not dated:
        return parsed
    beyond = reduce(or_, (F.coalesce(~fits, F.lit(False)) for fits in dated.values()))
    text = F.col("_line") if "_line" in parsed.columns else F.to_json(F.struct(*contract.columns))
    kept = {name: F.when(fits, F.col(name)) for name, fits in dated.items()}
    return parsed.withColumns({**kept, "_raw": F.coalesce("_raw", F.when(beyond, text))})


def ends_of_time(kind: str) -> tuple[Column, Column]:
    """The first and the last timestamp or date that is kept as one."""
    return F.lit(EARLIEST).cast(kind), F.lit(LATEST).cast(kind)


def create_bronze(spark: SparkSession, contract: Contract, path: str) -> None:
    from delta.tables import DeltaTable

    table = DeltaTable.createIfNotExists(spark).location(path).addColumns(bronze_schema(contract))
    skipping = [name for name in (contract.event_time, "_sent_at", "_ingested_at") if name]
    table.property("delta.dataSkippingStatsColumns", ",".join(skipping)).execute()


def _line() -> Column:
    return F.expr("rtrim('\\r', value)").alias("_line")


def parsed_csv(lines: DataFrame, contract: Contract) -> DataFrame:
    """Reads `_line`, as `parsed_json` does; a line that is a header is none."""
    kept = lines.where(~F.col("_line").isin(*header_lines(contract)))
    fields = _with_raw(source_schema(contract))
    ddl = ", ".join(f"`{field.name}` {field.dataType.simpleString()}" for field in fields)
    parsed = F.from_csv("_line", ddl, {"mode": "PERMISSIVE", "columnNameOfCorruptRecord": "_raw"})
    return _unfolded(kept.withColumn("_read", parsed), contract)


def parsed_json(lines: DataFrame, contract: Contract) -> DataFrame:
    """Reads `_line`; what else comes with it goes along. Its text is kept where something about it is wrong."""
    parsed = F.from_json(
        "_line",
        _with_raw(source_schema(contract)),
        {"mode": "PERMISSIVE", "columnNameOfCorruptRecord": "_raw"},
    )
    return _unfolded(lines.withColumn("_read", parsed), contract, _is_odd(contract))


def _is_odd(contract: Contract) -> Column:
    """Whether a line names what the contract does not, one name twice, spells as something else what is a text, or
    holds a number or a letter that there is not. It is taken to pieces only where a glance at it leaves a doubt."""
    in_order, in_any = (F.rlike("_line", F.lit(pattern)) for pattern in plain_lines(contract))
    lacks_any = reduce(or_, (F.col(f"_read.{name}").isNull() for name in contract.columns))
    known = F.array(*[F.lit(name) for name in contract.columns])
    has_more = F.coalesce(F.size(F.array_except(F.json_object_keys("_line"), known)) > 0, F.lit(False))
    pieces = F.try_parse_json("_line")  # nothing where a name comes twice
    odd = pieces.isNull() | has_more | F.rlike("_line", F.lit(NO_LETTERS))
    odd = reduce(or_, (_is_no_text(pieces, name) for name in _texts(contract)), odd)
    odd = reduce(
        or_, (_is_no_number(name) for name, spec in contract.columns.items() if spec.type == "float"), odd
    )
    return F.when(in_order | (in_any & ~lacks_any), F.lit(False)).otherwise(odd | ~_is_one_object())


def plain_lines(contract: Contract) -> tuple[str, str]:
    """One flat object of the contract's columns and no more: in their order, else in any, which says nothing of names
    that come twice. Nothing in these patterns can be matched in two ways, so a line is gone through once."""
    space, texts = " ?", _texts(contract)
    text, other = r'(?:"[^"\\]*+"|null)', r"(?:-?[0-9.]++|true|false|null)"
    in_order = f",{space}".join(
        f'"{re.escape(name)}":{space}{text if name in texts else other}' for name in contract.columns
    )
    kinds = [(texts, text), ([name for name in contract.columns if name not in texts], other)]
    pair = "|".join(
        f'"(?:{"|".join(map(re.escape, names))})":{space}{value}' for names, value in kinds if names
    )
    in_any = f"(?:(?:{pair})(?:,{space}(?!}})|(?=}}))){{{len(contract.columns)}}}"
    return rf"\A\{{{in_order}\}}\z", rf"\A\{{{in_any}\}}\z"


def _texts(contract: Contract) -> list[str]:
    """Columns that JSON spells between quotes."""
    return [name for name, spec in contract.columns.items() if spec.type in ("string", "datetime", "date")]


def _is_no_text(pieces: Column, name: str) -> Column:
    kind = F.schema_of_variant(F.try_variant_get(pieces, f"$.{name}", "variant"))
    return ~F.coalesce(kind.isin("STRING", "VOID"), F.lit(True))


def _is_no_number(name: str) -> Column:
    """Jackson reads NaN, and as infinite what is too large for a number."""
    found = F.abs(F.col(f"_read.{name}"))
    return F.coalesce(F.isnan(found) | (found == float("inf")), F.lit(False))


def _is_one_object() -> Column:
    """Spark reads a line's first object and passes over what follows."""
    return F.coalesce(F.expr("json_array_length(concat('[', _line, ']')) = 1"), F.lit(False))


def _unfolded(lines: DataFrame, contract: Contract, unexpected: Column | None = None) -> DataFrame:
    key = F.col(f"_read.{contract.key_column}")
    unread = F.col("_read._raw").isNotNull() | key.isNull()
    keep_text = unread if unexpected is None else unread | unexpected
    return lines.select(
        *[F.col(f"_read.{name}").alias(name) for name in contract.columns],
        F.when(keep_text, F.col("_line")).alias("_raw"),
        *(name for name in lines.columns if name != "_read"),
    )


def _with_raw(schema: T.StructType) -> T.StructType:
    return T.StructType([*schema.fields, T.StructField("_raw", T.StringType())])


def _origin() -> list[Column]:
    """Where a line came from; the instant it was sent is in the file's name, else the file's own time."""
    source = F.substring_index(F.col("_metadata.file_path"), "/", -FOLDERS_TO_DOMAIN)
    stamp = F.substring_index(F.substring_index(F.col("_metadata.file_name"), "_", -2), "_", 1)
    spelled = F.concat_ws(
        "",
        *(
            F.substring(stamp, 1, 4),
            F.lit("-"),
            F.substring(stamp, 5, 2),
            F.lit("-"),
            F.substring(stamp, 7, 2),
        ),
        *(F.lit("T"), F.substring(stamp, 10, 2), F.lit(":"), F.substring(stamp, 12, 2), F.lit(":")),
        F.substring(stamp, 14, 2),
    )
    sent = F.coalesce(spelled.try_cast("timestamp"), F.col("_metadata.file_modification_time"))
    return [source.alias("_source"), sent.alias("_sent_at")]
