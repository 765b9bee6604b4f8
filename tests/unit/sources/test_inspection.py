"""What a file is, how many rows it holds, and which Parquet types hold what a contract says."""

import io
from typing import Any

import pyarrow as pa
import pytest

from headrace.contracts.load import load_contracts
from headrace.contracts.model import ColumnSpec, Contract
from headrace.sources.csv_rows import csv_rows
from headrace.sources.inspection import fits, look_at, rows_in

NUMBERS = ColumnSpec(type="array", items="float")
LABELS = ColumnSpec(type="map", keys="string", values="int")


@pytest.mark.parametrize(
    ("spec", "found", "holds"),
    [
        (NUMBERS, pa.list_(pa.float64()), True),
        (NUMBERS, pa.list_(pa.string()), False),
        (NUMBERS, pa.float64(), False),
        (LABELS, pa.map_(pa.string(), pa.int32()), True),
        (LABELS, pa.map_(pa.string(), pa.string()), False),
        (LABELS, pa.map_(pa.int32(), pa.int32()), False),
    ],
    ids=str,
)
def test_what_arrays_and_maps_hold_is_compared_too(spec: ColumnSpec, found: pa.DataType, holds: bool) -> None:
    assert fits(found, spec) is holds


HEADER = "order_id,station_id,status,updated_at"
ROW = "O1,S1,OPEN,2024-01-01"


def contract(table: str = "orders", **arrives: Any) -> Contract:
    told = load_contracts("pumps")[table]
    return told.model_copy(update={"arrives": told.arrives.model_copy(update=arrives)})


def rows(body: str | bytes, table: str = "orders", **arrives: Any) -> list[str] | str:
    """The rows as they are spelled, or why there are none; they are counted apart from being told."""
    body = body.encode() if isinstance(body, str) else body
    name, told = f"x.{'csv' if table == 'orders' else 'json'}", contract(table, **arrives)
    look = look_at(io.BytesIO(body), name, told, of_contract=True)
    if look.reason:
        return look.reason
    found = [row.text.decode() for row in rows_in(body, look, told)]
    assert look.lines == len(found)
    return found


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (f"{HEADER}\n{ROW}\n", [ROW]),
        (f"{HEADER}\n{ROW}", [ROW]),
        (f"{HEADER}\r\n{ROW}\r\n", [ROW]),
        (f"\ufeff{HEADER}\n{ROW}\n\ufeff{HEADER}\n{ROW}\n", [ROW, ROW]),
        (f"{HEADER}\n\ufeff\ufeff{HEADER}\n{ROW}\n", [ROW]),
        (f'"order_id","station_id","status","updated_at"\n{ROW}\n{HEADER}\n', [ROW]),
        ("station_id,order_id,updated_at,status\nS1,O1,2024-01-01,OPEN\n", ["S1,O1,2024-01-01,OPEN"]),
        (f'{HEADER}\nO1,"two\nlines",OPEN,2024\n{ROW}\n', ['O1,"two\nlines",OPEN,2024', ROW]),
        (f'{HEADER}\r\nO1,"a ""b""\r\n\r\nc",x,y\r\n', ['O1,"a ""b""\r\n\r\nc",x,y']),
        (f'{HEADER}\nO1,"S1,OPEN,2024\n{ROW}\n{ROW}\n', ['O1,"S1,OPEN,2024', ROW, ROW]),
        (
            f'{HEADER}\nO1,5" pipe,OPEN,2024\nO2,6" pipe,OPEN,2024\n',
            ['O1,5" pipe,OPEN,2024', 'O2,6" pipe,OPEN,2024'],
        ),
        (f"{HEADER}\n\n{ROW}\n", ["", ROW]),
        (f"{HEADER},status\n{ROW}\n", "column status comes twice"),
        (f"{HEADER.replace(',', ';')}\n", "no header line with the contract's columns"),
        (b"\xff\xfeorder_id\n", "its header line is no UTF-8"),
    ],
)
def test_the_rows_of_csv_as_excel_and_others_save_it(body: str | bytes, found: list[str] | str) -> None:
    assert rows(body) == found


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (f"\ufeff{HEADER}\n{ROW}\n", "begins with a byte order mark"),
        ("station_id,order_id,updated_at,status\n", "columns in another order"),
        (f'"order_id"{HEADER[8:]}\n', "header line is spelled otherwise"),
    ],
)
def test_a_strict_contract_refuses_what_it_does_not_spell(body: str, reason: str) -> None:
    assert str(rows(body, strict=True)).startswith(reason)
    assert rows(f'{HEADER}\nO1,"two\nlines",OPEN,2024\n', strict=True) == ['O1,"two', 'lines",OPEN,2024']


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ('{"a": 1}\n{"a": 2}', ['{"a": 1}', '{"a": 2}']),
        ('[{"a": 1},\n {"a": "]"}]\n', ['{"a": 1}', '{"a": "]"}']),
        ('\ufeff [\n{"a":\n1}, [2] ]', ['{"a":\n1}', "[2]"]),
        ("[]", []),
        ('[1, 2]\n{"a": 1}\n', ["[1, 2]", '{"a": 1}']),
        (
            '[{"a": 1},\n{"a": 2}\n',
            "an array that is not whole: Expecting ',' or ']': line 3 column 1 (char 20)",
        ),
        ('[{"a": 1},\n{"a": \n', "an array that is not whole: Expecting value: line 3 column 1 (char 18)"),
        ('[{"a": 1}]\n[\n', ['[{"a": 1}]', "["]),
    ],
)
def test_an_array_is_taken_whole_or_not_at_all(body: str, found: list[str] | str) -> None:
    assert rows(body, "strokes") == found


def test_endings_are_known_in_any_letters_unless_the_contract_is_strict() -> None:
    def reason(name: str, **arrives: Any) -> str:
        return look_at(io.BytesIO(HEADER.encode()), name, contract(**arrives), of_contract=True).reason

    assert (reason("x.CSV"), reason("x.Csv")) == ("", "")
    assert reason("x.CSV", strict=True) == "named .CSV, but orders arrives as csv"
    assert reason("x.xlsx") == "named .xlsx, but orders arrives as csv"


def test_a_line_that_no_text_can_hold_sets_its_file_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headrace.sources.inspection.MOST_IN_LINE", 3 << 20)
    for body in ("[1]\n" + "x" * (4 << 20), '["' + "x" * ((4 << 20) - 2) + '"]'):
        assert str(rows(body, "strokes")).startswith("holds a line of 4,194,304 bytes")
    assert len(rows(f"[{'1, ' * (2 << 20)}1]", "strokes")) == (2 << 20) + 1, "an array is no line"


@pytest.mark.parametrize(("body", "table"), [(f"{HEADER}\n", "orders"), ("[]", "strokes")])
def test_a_snapshot_without_rows_has_no_instant_and_is_set_aside(body: str, table: str) -> None:
    assert rows(body, table) == []
    assert rows(body, table, sends="snapshot") == "a snapshot without rows"


def test_a_quote_that_is_never_closed_costs_little() -> None:
    lines = [b'O1,"S1\n'] * 5 + [b"O2,S2\n"] * 100_000
    assert list(csv_rows(lines, 2)) == lines
