"""Files and lines as rows of a bronze table: one row a line, malformed ones with their text, each with its origin."""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import reduce
from itertools import groupby
from operator import and_, or_
from urllib.parse import quote, unquote

import pyarrow as pa
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T

from headrace.contracts.model import Contract
from headrace.contracts.rules import MOST_IN_LINE, NO_TEXT, is_no_text
from headrace.contracts.schema import (
    EXTRA,
    SCALARS,
    bronze_schema,
    sent_columns,
    sent_schema,
    source_schema,
    this_instant,
)
from headrace.lake.objects import Found
from headrace.sources.csv_rows import names_in
from headrace.sources.envelope import out_of_envelope
from headrace.sources.file_index import File
from headrace.sources.inspection import Look, headers, is_spelled_again, rows_in

EARLIEST, LATEST = "0001-01-02", "9999-12-31"  # Python has no days beyond, in any time zone
NO_LETTERS = (  # what they would become is another text, and two keys could become one
    r"(?i)\\u0000"
    r"|\\ud[89ab][0-9a-f]{2}(?!\\ud[c-f][0-9a-f]{2})"
    r"|(?<!\\ud[89ab][0-9a-f]{2})\\ud[c-f][0-9a-f]{2}"
)
"""Escapes of nothing, and of half a letter without its other half."""
EPOCH = datetime(1970, 1, 1)
INSTANT = pa.timestamp("us", "UTC")
CUT = "%/%"
"""Quoted, a name can be longer than a disk allows: it is cut by what no quoted text has."""
TOO_LONG = re.compile(r"([^/]{200})(?=[^/])")
PATTERN = re.compile(r"[\\{}\[\]?*]")
SPANS_OF_TIME = {"datetime": "timestamp", "date": "date"}
_DAY = r" *+[+-]?[0-9]{4,6}+-[0-9]{1,2}+-[0-9]{1,2}+"
INSTANT_PATTERNS = {
    "datetime": rf'{_DAY}[^",\\]*+',
    "date": rf"{_DAY}(?:[T ]00:00(?::00(?:\.0++)?+)?+Z?+)?+ *+",
}
"""Texts that hold all that Spark reads from them. From others it makes values up: a time of day becomes one of today, a
year its first day, and what follows a date is passed over."""
MOST_FIELDS = 20_480
ENVELOPE = "_envelope"
"""A line as it came, where its change came in an envelope."""
MOST_EXACT = 2**53
"""Each whole number up to here is a floating one, too."""
PLAIN = "_plain"
"""How a plain file would spell a line of one that is spelled again."""


@dataclass(frozen=True)
class Claim:
    """A file that nobody else can change any more: its body in memory, else a copy that lies at `url` below `home`.
    `prefix`: what its name has before its path below its folder. `original`: the landed file itself."""

    file: File
    look: Look
    home: str
    prefix: str
    url: str
    body: bytes | None = None
    original: Found | None = None

    @property
    def way(self) -> tuple[str, str, tuple[tuple[str, str], ...], bool]:
        """Files that are read in one way are read together."""
        return self.look.kind, self.look.header, self.look.read_as, self.body is None


def place_for(home: str, name: str, sent_at: datetime) -> str:
    """Where a copy lies: its place tells Spark the name and the instant of the original, whatever it is called."""
    micros = (sent_at - EPOCH) // timedelta(microseconds=1)
    pieces = TOO_LONG.sub(rf"\1{CUT}", quote(name, safe="/="))
    return f"{home}/{micros}/{pieces}"


def name_at(place: str) -> str:
    """The name of the original of a copy, of its place below `home`."""
    return unquote(place.partition("/")[2].replace(CUT, ""))


def read_files(spark: SparkSession, contract: Contract, files: Sequence[Claim]) -> DataFrame:
    """Shaped as the bronze table."""
    ordered = sorted(files, key=lambda each: each.way)
    parts = [_read(spark, contract, list(alike)) for _, alike in groupby(ordered, key=lambda each: each.way)]
    return reduce(DataFrame.unionByName, (as_bronze(rows, contract) for rows in parts))


def _read(spark: SparkSession, contract: Contract, files: list[Claim]) -> DataFrame:
    look = files[0].look
    urls = [PATTERN.sub(r"\\\g<0>", each.url) for each in files]  # Spark takes each for a pattern
    reader = spark.read.option("recursiveFileLookup", "true")  # else folders named a=b would be columns
    if look.kind == "parquet":
        kinds = dict(look.read_as)
        fields = [
            T.StructField(each.name, SCALARS[kinds[each.name]] if each.name in kinds else each.dataType)
            for each in sent_schema(contract)
        ]
        rows = reader.schema(T.StructType(fields)).parquet(*urls)
        place = F.col("_metadata.row_index").alias("_offset")
        return rows.select(*_of_parquet(contract, kinds), place, *_origin(files))
    if files[0].body is None:
        lines = reader.option("lineSep", "\n").text(urls).select(_line(), *_origin(files))
    else:
        rows = spark.createDataFrame(_in_memory(files, contract))
        plain = [readable("plain").alias(PLAIN)] if "plain" in rows.columns else []
        lines = rows.select(_line(), "_source", "_sent_at", "_offset", *plain)
    if look.kind == "json":
        return parsed_json(lines, contract)
    return parsed_csv(lines, contract, look.header)


def _of_parquet(contract: Contract, kinds: Collection[str]) -> Iterator[Column]:
    """The columns of a row, and its text where one that was read in another type holds no such value."""
    unread = F.lit(False)
    for name, sent in contract.sent_names.items():
        value = F.col(f"`{sent}`")
        if sent in kinds:
            fitting = _fitting(value, contract.columns[name].type)
            unread = unread | (value.isNotNull() & fitting.isNull())
            value = fitting
        yield value.alias(name)
    row = F.struct(*(F.col(f"`{sent}`") for sent in contract.sent_names.values()))
    yield F.when(unread, F.to_json(row)).alias("_raw")


def _fitting(value: Column, kind: str) -> Column:
    """A text as an instant, a whole number in a smaller type; null where it is none, or too large."""
    if kind in INSTANT_PATTERNS:
        return F.when(F.rlike(value, _whole(INSTANT_PATTERNS[kind])), value.try_cast(SPANS_OF_TIME[kind]))
    if kind == "float":
        return F.when(F.abs(value) <= MOST_EXACT, value.cast("double"))
    return value.try_cast("int")


def _in_memory(files: list[Claim], contract: Contract) -> pa.Table:
    parts = []
    for each in files:
        assert each.body is not None
        rows = rows_in(each.body, each.look, contract)
        sent_at = pa.scalar(datetime.fromisoformat(each.file.sent_at).replace(tzinfo=UTC), INSTANT)
        columns = {
            "value": pa.array([row.text for row in rows], pa.binary()),
            "_source": pa.repeat(each.file.name, len(rows)),
            "_sent_at": pa.repeat(sent_at, len(rows)),
            "_offset": pa.array([row.line for row in rows], pa.int64()),
        }
        if is_spelled_again(contract, each.look.kind):
            columns["plain"] = pa.array([row.plain for row in rows], pa.binary())
        parts.append(pa.table(columns))
    return pa.concat_tables(parts).combine_chunks()  # of each chunk Spark makes a batch


def _line() -> Column:
    """The text without a byte order mark and a carriage return."""
    text = F.col("value").cast("string")
    trimmed = F.rtrim(F.ltrim(text, F.lit("\ufeff")), F.lit("\r"))  # goes through it letter by letter
    text = F.when(text.startswith("\ufeff") | text.endswith("\r"), trimmed).otherwise(text)
    return readable("value", text).alias("_line")


def readable(name: str, text: Column | None = None) -> Column:
    """A column of bytes as `text`, by default all of them; those that are no UTF-8 are kept in another spelling."""
    is_text = F.expr(f"is_valid_utf8(CAST({name} AS STRING))")
    letters = F.col(name).cast("string") if text is None else text
    return F.when(is_text, letters).otherwise(F.concat(F.lit(NO_TEXT), F.base64(name)))


def _origin(files: list[Claim]) -> list[Column]:
    """The name and the instant that the place of a copy tells."""
    *_, above, folder = files[0].home.rsplit("/", 2)
    place = F.substring_index(F.col("_metadata.file_path"), f"/{above}/{folder}/", -1)
    micros = F.substring_index(place, "/", 1)
    name = F.substring(place, F.length(micros) + 2, F.length(place))
    if any("%" in each.url for each in files):
        quoted = F.url_decode(name)  # Spark spells the place as a URL once more
        name = F.url_decode(F.replace(quoted, F.lit(CUT), F.lit("")))
    source = F.concat(F.lit(files[0].prefix), name).alias("_source")
    return [source, F.timestamp_micros(micros.cast("long")).alias("_sent_at")]


def as_bronze(parsed: DataFrame, contract: Contract) -> DataFrame:
    """In the order of the bronze table, nulls for what this way of arriving does not know."""
    parsed = _with_readable_instants(parsed, contract)
    known = {"_ingested_at": this_instant()} | {name: F.col(name) for name in parsed.columns}
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
    text = F.col("_line") if "_line" in parsed.columns else F.to_json(F.struct(*sent_columns(contract)))
    instants = {name: F.when(fits, F.col(name)) for name, fits in dated.items()}
    return parsed.withColumns({**instants, "_raw": F.coalesce("_raw", F.when(beyond, text))})


def ends_of_time(kind: str) -> tuple[Column, Column]:
    """The first and the last timestamp or date that is kept as one."""
    return F.lit(EARLIEST).cast(kind), F.lit(LATEST).cast(kind)


def parsed_csv(lines: DataFrame, contract: Contract, header: str) -> DataFrame:
    """Reads `_line`, as `parsed_json` does, its columns in the order of the header; a line that is a header is none.
    What a file says that is spelled again is read from PLAIN."""
    text = PLAIN if PLAIN in lines.columns else "_line"
    columns, schema = {sent: name for name, sent in contract.sent_names.items()}, source_schema(contract)
    names = [columns[name] for name in names_in(header)]
    spellings = sorted(line.decode() for line in headers(header, contract))
    rows = lines.where(~F.col(text).isin(*spellings))
    line = F.when(~_has_too_many_fields(text), _readable_line(text))
    read = rows.withColumn("_read", _from_csv(line, [schema[name] for name in names]))
    odd = _is_no_number(contract, names) | _is_no_instant(line, contract, names)
    return _unfolded(read, contract, names, odd)


def _from_csv(line: Column, fields: list[T.StructField]) -> Column:
    """By RFC 4180: a quote in quotes is spelled twice, and a backslash is a letter."""
    ddl = ", ".join(f"`{each.name}` {each.dataType.simpleString()}" for each in _with_raw(fields))
    return F.from_csv(line, ddl, {"mode": "PERMISSIVE", "columnNameOfCorruptRecord": "_raw", "escape": '"'})


def _has_too_many_fields(line: str) -> Column:
    """The parser stops at a line of more fields than it has places for. Commas in quotes part none."""
    bare = F.regexp_replace(F.replace(line, F.lit('""'), F.lit("")), r'(?<![^,])"[^"]*+"', "")
    commas = F.length(bare) - F.length(F.replace(bare, F.lit(","), F.lit("")))
    return F.when(F.octet_length(line) > MOST_FIELDS, commas >= MOST_FIELDS).otherwise(F.lit(False))


def _whole(pattern: str) -> Column:
    return F.lit(rf"\A(?:{pattern})\z")


def _is_no_number(contract: Contract, names: Collection[str]) -> Column:
    """Parsers read NaN, and as infinite what is too large for a number."""
    floats = [F.abs(F.col(f"_read.{name}")) for name in names if contract.columns[name].type == "float"]
    odd = (F.isnan(number) | (number == float("inf")) for number in floats)
    return reduce(or_, (F.coalesce(each, F.lit(False)) for each in odd), F.lit(False))


def _is_no_instant(line: Column, contract: Contract, names: Collection[str]) -> Column:
    """Spark reads a time of day as one of today, a year or a month as its first day, and a date out of whatever follows
    it. The texts of the fields are looked at only where a value may be one of these."""
    kinds = {
        name: contract.columns[name].type for name in names if contract.columns[name].type in INSTANT_PATTERNS
    }
    if not kinds:
        return F.lit(False)
    doubts = []
    for name, kind in kinds.items():
        value = F.col(f"_read.{name}")
        is_made_up = (value == F.date_trunc("month", value)) | (F.to_date(value) == F.current_date())
        doubts.append(value.isNotNull() if kind == "date" else F.coalesce(is_made_up, F.lit(False)))
    texts = _from_csv(line, [T.StructField(name, T.StringType()) for name in names])
    spelled = {name: _whole(INSTANT_PATTERNS[kind]) for name, kind in kinds.items()}
    is_other = F.exists(  # evaluates its argument once
        F.array(texts), lambda text: reduce(or_, (~F.rlike(text[name], spelled[name]) for name in kinds))
    )
    return F.when(reduce(or_, doubts), F.coalesce(is_other, F.lit(False))).otherwise(F.lit(False))


def parsed_json(lines: DataFrame, contract: Contract) -> DataFrame:
    """Reads `_line`; what else comes with it goes along. Its text is kept where something about it is wrong."""
    feed = contract.changes
    if feed is None or feed.also is None:
        return _parsed_json(lines, contract)
    flat = lines.withColumns({ENVELOPE: F.col("_line"), "_line": out_of_envelope(contract, feed)})
    parsed = _parsed_json(flat, contract)
    raw = F.when(F.col("_raw").isNotNull(), F.col(ENVELOPE))
    return parsed.withColumns({"_raw": raw, "_line": F.col(ENVELOPE)}).drop(ENVELOPE)


def _parsed_json(lines: DataFrame, contract: Contract) -> DataFrame:
    parsed = F.from_json(
        _readable_line(),
        _with_raw(sent_schema(contract)),
        {"mode": "PERMISSIVE", "columnNameOfCorruptRecord": "_raw"},
    )
    if sent_schema(contract) != source_schema(contract):
        parsed = parsed.cast(_with_raw(source_schema(contract)))
    lines = lines.withColumn("_read", parsed)
    if contract.keeps_extra:
        lines = lines.withColumn(EXTRA, _extra(contract))
    return _unfolded(lines, contract, contract.columns, _is_odd(contract))


def _readable_line(line: str = "_line") -> Column:
    """Null where it is no text, or longer than a parser takes."""
    is_text = ~is_no_text(line) & (F.octet_length(line) <= MOST_IN_LINE)
    return F.when(is_text, F.col(line))


def _is_odd(contract: Contract) -> Column:
    """Whether a line names what the contract does not, one name twice, spells as something else what is a text, or
    holds a number or a letter that there is not. It is taken to pieces only where a glance at it leaves a doubt."""
    in_order, in_any = (F.rlike("_line", F.lit(pattern)) for pattern in plain_lines(contract))
    lacks_any = reduce(or_, (F.col(f"_read.{name}").isNull() for name in contract.columns))
    no, yes = F.lit(False), F.lit(True)
    has_more = no if contract.keeps_extra else _has_more(contract)
    pieces = F.try_parse_json("_line")  # nothing where a name comes twice
    odd = pieces.isNull() | has_more | F.rlike("_line", F.lit(NO_LETTERS))
    for name in _texts(contract):
        place = f"$['{contract.sent_names[name]}']"
        kind = F.schema_of_variant(F.try_variant_get(pieces, place, "variant"))
        odd = odd | ~F.coalesce(kind.isin("STRING", "VOID"), yes)
        if (pattern := INSTANT_PATTERNS.get(contract.columns[name].type)) is not None:
            text = F.try_variant_get(pieces, place, "string")
            odd = odd | ~F.coalesce(F.rlike(text, _whole(pattern)), yes)
    odd = odd | _is_no_number(contract, contract.columns)
    # Spark reads a line's first object and passes over what follows, and so does each of these with an array.
    one_object = (
        "json_array_length(concat('[', _line, ']')) = 1 AND json_array_length(concat('[', _line, ',0]')) = 2"
    )
    is_one_object = F.coalesce(F.json_object_keys("_line").isNotNull() & F.expr(one_object), no)
    return F.when(in_order | (in_any & ~lacks_any), no).otherwise(odd | ~is_one_object)


def _has_more(contract: Contract) -> Column:
    """Whether a line names fields that the contract does not."""
    known = F.array(*[F.lit(name) for name in contract.sent_names.values()])
    return F.coalesce(F.size(F.array_except(F.json_object_keys("_line"), known)) > 0, F.lit(False))


def _extra(contract: Contract) -> Column:
    """The fields that the contract does not name, as JSON."""
    known = list(contract.sent_names.values())
    fields = F.try_variant_get(F.try_parse_json("_line"), "$", "map<string, variant>")
    others = F.to_json(F.map_filter(fields, lambda name, _: ~name.isin(known)))
    return F.when(~_is_plain(contract) & _has_more(contract), others)


def _is_plain(contract: Contract) -> Column:
    in_order, in_any = (F.rlike("_line", F.lit(pattern)) for pattern in plain_lines(contract))
    return in_order | in_any


def plain_lines(contract: Contract) -> tuple[str, str]:
    """One flat object of the contract's columns and no more: in their order, else in any, which says nothing of names
    that come twice. Nothing in these patterns can be matched in two ways, so a line is gone through once."""
    space, texts = " ?", _texts(contract)
    text, other = r'[^"\\]*+', r"(?:-?[0-9.]{1,300}+|true|false|null)"
    values = {
        name: f'(?:"{INSTANT_PATTERNS.get(spec.type, text)}"|null)' if name in texts else other
        for name, spec in contract.columns.items()
    }
    sent = contract.sent_names
    in_order = f",{space}".join(f'"{re.escape(sent[name])}":{space}{value}' for name, value in values.items())
    names_of = {value: [sent[name] for name in values if values[name] == value] for value in values.values()}
    pair = "|".join(
        f'"(?:{"|".join(map(re.escape, names))})":{space}{value}' for value, names in names_of.items()
    )
    in_any = f"(?:(?:{pair})(?:,{space}(?!}})|(?=}}))){{{len(contract.columns)}}}"
    return rf"\A\{{{in_order}\}}\z", rf"\A\{{{in_any}\}}\z"


def _texts(contract: Contract) -> list[str]:
    """Columns that JSON spells between quotes."""
    return [name for name, spec in contract.columns.items() if spec.type in ("string", "datetime", "date")]


def _unfolded(lines: DataFrame, contract: Contract, names: Collection[str], unexpected: Column) -> DataFrame:
    """The columns that were read, null those that are not among `names`; the text where they do not tell all of it."""
    has_none = reduce(and_, (F.col(f"_read.{name}").isNull() for name in names))
    unread = F.col("_read._raw").isNotNull() | has_none
    keep_text = unread | unexpected
    schema = source_schema(contract)
    absent = {name: F.lit(None).cast(schema[name].dataType) for name in contract.columns if name not in names}
    return lines.select(
        *[absent.get(name, F.col(f"_read.{name}")).alias(name) for name in contract.columns],
        F.when(keep_text, F.col("_line")).alias("_raw"),
        *(name for name in lines.columns if name != "_read"),
    )


def _with_raw(fields: Iterable[T.StructField]) -> T.StructType:
    return T.StructType([*fields, T.StructField("_raw", T.StringType())])
