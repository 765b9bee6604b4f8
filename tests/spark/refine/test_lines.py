"""A line that names more than its contract is kept with its text, by a glance or by its names: both must agree."""

import json
import re

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from headrace.contracts.load import load_contracts
from headrace.sources.parsing import as_bronze, parsed_json, plain_lines

STROKES = load_contracts("pumps")["strokes"]
FULL = {"stroke_id": "S1", "pump_id": "P1", "stroke_at": "2024-01-03T00:00:00Z", "bar": 4.5, "mode": "AUTO"}
COMPACT = json.dumps(FULL, separators=(",", ":"))

AT_A_GLANCE = {
    "in order": COMPACT,
    "as Python spells it": json.dumps(FULL),
    "in another order": json.dumps(dict(reversed(FULL.items())), separators=(",", ":")),
    "a null": COMPACT.replace('"AUTO"', "null"),
}
BY_ITS_NAMES = {
    "an escape": COMPACT.replace('"P1"', r'"\u0041"'),
    "a comma in a text": COMPACT.replace('"P1"', '"P,1"') + " ",
    "one fewer": json.dumps(dict(list(FULL.items())[:-1])),
    "a letter in two halves": COMPACT.replace('"P1"', r'"\ud83d\ude00"'),
    "a number with an exponent": COMPACT.replace("4.5", "4.5e0"),
    "line breaks": json.dumps(FULL, indent=1).replace("\n", "\r"),
}
MORE = {
    "one more": json.dumps(FULL | {"colour": "red"}),
    "one more in the place of another": json.dumps(dict(list(FULL.items())[:-1]) | {"colour": "red"}),
    "one more, compact": COMPACT[:-1] + ',"colour":1}',
    "an object more": COMPACT + COMPACT,
    "a word more": COMPACT + "x",
    "two in one line": COMPACT + "," + COMPACT,
    "one twice, one missing": COMPACT.replace('"mode"', '"pump_id"'),
    "one twice": COMPACT[:-1] + ',"bar":4.5}',
    "a number for a text": COMPACT.replace('"P1"', "5"),
    "an object for a text": COMPACT.replace('"P1"', '{"a": 1}'),
    "a number for an instant": COMPACT.replace('"2024-01-03T00:00:00Z"', "5"),
    "no number": COMPACT.replace("4.5", "NaN"),
    "an infinite number": COMPACT.replace("4.5", "-Infinity"),
    "a number too large": COMPACT.replace("4.5", "1e400"),
    "half a letter": COMPACT.replace('"P1"', r'"P\ud800"'),
    "the other half": COMPACT.replace('"P1"', r'"P\ude00"'),
    "an escape of nothing": COMPACT.replace('"P1"', r'"P\u0000"'),
    "an instant beyond all calendars": COMPACT.replace("2024-01", "+290000-01"),
    "an instant beyond Python's": COMPACT.replace("2024-01", "10000-01"),
}


@pytest.mark.parametrize("pattern", plain_lines(STROKES))
def test_what_names_more_is_never_plain(pattern: str) -> None:
    plain = [what for what, line in (MORE | BY_ITS_NAMES).items() if _plain(pattern, line)]
    assert set(plain) <= {"one twice, one missing", *(what for what in MORE if "an instant" in what)}


def test_what_a_usual_source_sends_is_plain() -> None:
    patterns = plain_lines(STROKES)
    assert [what for what, line in AT_A_GLANCE.items() if not any(_plain(p, line) for p in patterns)] == []


def test_text_is_kept_of_what_names_more_alone(spark: SparkSession) -> None:
    lines = AT_A_GLANCE | BY_ITS_NAMES | MORE
    rows = spark.createDataFrame(list(lines.items()), "what string, _line string")
    kept = (
        as_bronze(parsed_json(rows, STROKES).withColumn("_source", F.col("what")), STROKES)
        .where(F.col("_raw").isNotNull())
        .collect()
    )
    assert {row._source for row in kept} == set(MORE)
    assert all(row._raw == MORE[row._source] for row in kept)


def _plain(pattern: str, line: str) -> bool:
    return re.search(pattern.replace(r"\z", r"\Z"), line) is not None
