"""CSV files as people save them are spelled again as plain ones, and what can be read in two ways is not."""

import csv
import io
import random

import pytest

from headrace.contracts.load import load_contracts
from headrace.sources.inspection import look_at, rows_in

SERVICES = load_contracts("cranes")["services"]
NAMES = ["service_id", "service day", "hours", "cost", "parts", "notes"]
HEADER = ";".join(NAMES)
LETTERS = ['"', '""', ";", ",", "\t", "\n", "\r\n", "a", "é", "€", "😀", " ", "\\", "'"]


def read(body: str | bytes) -> list[tuple[int, str]] | str:
    """Each row with its line, as a plain file spells it; or why the file is set aside."""
    body = body.encode() if isinstance(body, str) else body
    look = look_at(io.BytesIO(body), "a.csv", SERVICES, of_contract=True)
    if look.reason:
        return look.reason
    assert look.header == ",".join(NAMES)
    rows = rows_in(body, look, SERVICES)
    assert look.lines == len(rows)
    return [(row.line, (row.plain or b"").decode()) for row in rows]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_what_stands_above_the_header_is_passed_over_and_rows_know_their_lines(separator: str) -> None:
    row = ["S1", "2025-04-05", "1.5", "2", "3", 'two\nlines, a ";"\tand "quotes"']
    quoted = separator.join('"{}"'.format(field.replace('"', '""')) for field in row)
    body = f"Services\n\nExported on 2025-05-01, by hand\n{separator.join(NAMES)}\n{quoted}\n\n{quoted}\n"
    plain = 'S1,2025-04-05,1.5,2,3,"two\nlines, a "";""\tand ""quotes"""'
    assert read(body) == [(5, plain), (8, plain)]
    assert read(body.replace("\n", "\r\n")) == [
        (5, plain.replace("\n", "\r\n")),
        (8, plain.replace("\n", "\r\n")),
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_encodings_are_recognised(encoding: str) -> None:
    body = f"{HEADER}\nS1;2025-04-05;1;2;3;Öl für 5 € — naïve\n".encode(encoding)
    assert read(body) == [(2, "S1,2025-04-05,1,2,3,Öl für 5 € — naïve")]


def test_a_broken_line_among_others_makes_no_other_encoding_of_its_file() -> None:
    body = f"{HEADER}\nS1;;1;2;3;Öl\n".encode() + b"S2;;1;2;3;\xd6l\n"
    look = look_at(io.BytesIO(body), "a.csv", SERVICES, of_contract=True)
    assert [row.text for row in rows_in(body, look, SERVICES)] == [
        "S1;;1;2;3;Öl".encode(),
        b"S2;;1;2;3;\xd6l",
    ]


def test_what_is_no_loose_file_is_set_aside() -> None:
    assert read("Services\nof April\n") == "no header line with the contract's columns"
    assert read("service_id;hours\nS1;2\n").startswith("missing column service day")
    assert read(f"{HEADER};colour\n").endswith("unexpected column colour")
    assert read(b"\xff\xfea") == "begins as UTF-16 and is none"
    assert read(b"PK\x03\x04") == "not a text file, but services arrives as csv"


def costs(*values: str, separator: str = ";") -> list[str]:
    """What becomes of a column of numbers."""
    rows = (["S", "", "1", f'"{value}"', "3", ""] for value in values)
    body = "".join(f"{separator.join(row)}\n" for row in [NAMES, *rows])
    found = read(body)
    assert not isinstance(found, str)
    return [line.removeprefix("S,,1,").removesuffix(",3,").strip('"') for _, line in found]


@pytest.mark.parametrize("separator", [",", ";"])
@pytest.mark.parametrize(
    ("sent", "plain"),
    [
        (["1234,56", "1.234,56", "-0,5", "7", "1.234.567,8", "2.000"],
         ["1234.56", "1234.56", "-0.5", "7", "1234567.8", "2000"]),
        (["1234.56", "2.000", "7"], ["1234.56", "2.000", "7"]),
        (["0,5", "12.5", "2.000", "1,234", "3,25"], ["0.5", "12.5", "2.000?", "1,234?", "3.25"]),
        (["n/a", "1,5", ""], ["n/a", "1.5", ""]),
    ],
)  # fmt: skip
def test_decimal_commas_become_points_where_a_number_has_one_meaning(
    sent: list[str], plain: list[str], separator: str
) -> None:
    assert costs(*sent, separator=separator) == plain


def test_a_comma_before_three_digits_is_a_decimal_one_only_between_semicolons() -> None:
    assert costs("1,234", separator=";") == ["1.234"]
    assert costs("1,234", "1,234.50", separator=",") == ["1,234", "1,234.50"]


def test_blank_rows_and_columns_of_spreadsheets_are_none() -> None:
    body = f"{HEADER};;\nS1;;1;2;3;a;;\n;;;;;;;\n{HEADER};;\nS2;;1;2;3;b;;x\n"
    assert read(body) == [(2, "S1,,1,2,3,a"), (5, "S2,,1,2,3,b,,x")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_texts_come_through_as_they_were(encoding: str) -> None:
    any_of = random.Random(encoding)
    sent = ["".join(any_of.choices(LETTERS, k=any_of.randrange(8))) for _ in range(500)]
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=";", lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerows([["title"], NAMES, *(["S", "", "1", "2", "3", note] for note in sent)])
    found = read(text.getvalue().encode(encoding))
    assert not isinstance(found, str)
    assert [next(csv.reader(io.StringIO(line, newline="")))[-1] for _, line in found] == sent


def test_points_that_may_part_thousands_are_no_number_where_other_columns_have_decimal_commas() -> None:
    """12.000 is twelve or twelve thousand: where hours are 4,5 it may well be the latter, and it is not guessed."""
    body = f"{HEADER}\nS1;2025-04-05;4,5;12.000;1;\nS2;2025-04-05;1,25;15.500;1;\n"
    assert [row.split(",")[3] for _, row in read(body)] == ["12.000?", "15.500?"]
    without_commas = f"{HEADER}\nS1;2025-04-05;4.5;12.000;1;\n"
    assert [row.split(",")[3] for _, row in read(without_commas)] == ["12.000"]
    with_a_fraction = f"{HEADER}\nS1;2025-04-05;4,5;12.000;1;\nS2;2025-04-05;1,25;15.5;1;\n"
    assert [row.split(",")[3] for _, row in read(with_a_fraction)] == ["12.000", "15.5"]


def test_blank_columns_at_the_right_of_a_row_over_two_lines_are_nothing() -> None:
    body = f'{HEADER};;\nS1;2025-04-05;1;2;3;"one\ntwo";;\nS2;2025-04-05;1;2;3;x;;\n'
    assert read(body) == [(2, 'S1,2025-04-05,1,2,3,"one\ntwo"'), (4, "S2,2025-04-05,1,2,3,x")]
