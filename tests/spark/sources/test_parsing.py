"""What a file says is what is stored, and a line that says less than a value is rejected whole."""

import csv
import io
import random

import pytest
from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F

from headrace.contracts.model import Contract
from headrace.contracts.rules import row_rules
from headrace.sources.inspection import look_at, rows_in
from headrace.sources.parsing import as_bronze, parsed_csv, parsed_json

COLUMNS = {"item_id": "string", "note": "string", "amount": "float", "at": "datetime", "day": "date"}
ITEMS = Contract.model_validate(
    {"table": "items", "type": "fact", "arrives": {"files": "csv"}, "columns": COLUMNS}
)
HEADER = ",".join(COLUMNS)
PIECES = ['"', '""', "\\", '\\"', ",", "\n", "\r\n", " ", "a", "é", "'", "{", "base64:", "\t", "#"]
MADE_UP = {
    "at": ["10:30", "T10:30", "2024", "2024-01", "2024-01-01 junk"],
    "day": ["2024-01-01 junk", "2024", "2024-01", "2024-01-01T10:30:00"],
    "amount": ["NaN", "Infinity", "-Inf", "1e400", "9" * 400],
}
FAITHFUL = {
    "at": ["2024-01-01T10:30:00Z", "2024-01-01", "2024-1-2 3:04:05.123456", " 2024-01-01 10:30 ", ""],
    "day": ["2024-01-01", "2024-1-2", "2024-01-01 00:00:00", "2024-01-01T00:00:00.000Z", ""],
    "amount": ["4.5", "-0.5e-3", "+4", ".5", "5.", " 4.5 ", "1e300", "", "12345678901234567890"],
}


def read(spark: SparkSession, lines: list[str]) -> list[Row]:
    rows = spark.createDataFrame([(line,) for line in lines], "_line string")
    return judged(parsed_csv(rows, ITEMS, HEADER), ITEMS)


def judged(rows: DataFrame, contract: Contract) -> list[Row]:
    reasons = (F.when(fails, reason) for reason, fails in row_rules(contract))
    bronze = as_bronze(rows, contract).withColumn("_sent_at", F.current_timestamp())
    return bronze.withColumn("reasons", F.array_compact(F.array(*reasons))).collect()


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_what_pythons_writer_spells_is_read_as_it_was(spark: SparkSession, line_end: str) -> None:
    any_of = random.Random(line_end)
    sent = [
        [f"I{at}", *("".join(any_of.choices(PIECES, k=any_of.randrange(6))) for _ in range(2))]
        for at in range(2000)
    ]
    contract = ITEMS.model_copy(update={"columns": dict.fromkeys(("i_id", "a", "b"), ITEMS.columns["note"])})
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator=line_end).writerows([list(contract.columns), *sent])
    body = text.getvalue().encode()
    look = look_at(io.BytesIO(body), "items.csv", contract, of_contract=True)
    lines = [(row.text.decode(),) for row in rows_in(body, look, contract)]
    assert look.lines == len(sent)
    frame = spark.createDataFrame(lines, "_line string")
    got = {row.i_id: row for row in judged(parsed_csv(frame, contract, look.header), contract)}
    assert [row.reasons for row in got.values() if row.reasons] == []
    assert [(got[who].a or "", got[who].b or "") for who, *_ in sent] == [(a, b) for _, a, b in sent]


def test_a_field_that_says_less_than_a_value_is_unreadable(spark: SparkSession) -> None:
    places = {"amount": "I,n,{},,", "at": "I,n,,{},", "day": "I,n,,,{}"}
    for cases, expected in ((MADE_UP, [["a field is unreadable or unexpected"]]), (FAITHFUL, [[]])):
        lines = [places[name].format(text) for name in cases for text in cases[name]]
        rows = read(spark, [*lines, *(line.replace(",n,", ',"n, ""x""",') for line in lines)])
        assert [row for row in rows if row.reasons not in expected] == []
        blank = [row for row in rows if not row.reasons and (row.amount, row.at, row.day) == (None,) * 3]
        assert len(blank) == 2 * sum(texts.count("") for texts in cases.values())
    json_lines = [
        f'{{"item_id":"I","note":"n","amount":1,"at":null,"day":null,"{name}":"{text}"}}'.replace(
            f'"{name}":null,', ""
        )
        for name in ("at", "day")
        for text in MADE_UP[name]
    ]
    frame = spark.createDataFrame([(line,) for line in json_lines], "_line string")
    found = judged(parsed_json(frame, ITEMS), ITEMS)
    assert [row for row in found if row.reasons != ["a field is unreadable or unexpected"]] == []


def test_a_line_of_more_fields_than_a_parser_takes_is_malformed(spark: SparkSession) -> None:
    many = "," * 30_000
    lines = [
        many,
        f'x"{many}"',
        f'I1,"{many}",,,',
        f'I2,"a ""{many}"" b",,,',
        f'"I3","""",1,,{many}',
        "I4,n,1,,",
    ]
    read_as = {row.item_id: (row.reasons, len(row.note or "")) for row in read(spark, lines)}
    assert read_as == {
        None: (["malformed line"], 0),
        "I1": ([], 30_000),
        "I2": ([], 30_006),
        "I4": ([], 1),
    }


def test_data_that_begins_as_a_mark_does_is_data(spark: SparkSession) -> None:
    rows = read(spark, ["base64:abc,x,1,,", "key: 5 x,y,z,,", "base64:/w==", "base64:abc!"])
    assert [(row.item_id, row.reasons) for row in rows] == [
        ("base64:abc", []),
        ("key: 5 x", ["a field is unreadable or unexpected"]),
        (None, ["line is no UTF-8"]),
        ("base64:abc!", ["a field is unreadable or unexpected"]),
    ]


def test_pieces_of_an_array_are_no_objects(spark: SparkSession) -> None:
    whole = '{"item_id":"I","note":"n","amount":1,"at":null,"day":null}'
    lines = [whole, f"{whole}]", f"[{whole}]", f"[{whole},{whole}]", f"{whole},0]", f"{whole},", f"[{whole},"]
    rows = spark.createDataFrame([(line,) for line in lines], "_line string")
    assert [row._raw is None for row in judged(parsed_json(rows, ITEMS), ITEMS)] == [True] + [False] * 6
