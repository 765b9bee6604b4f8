"""Files in a format of their own are read by the function that the contract names."""

import io

import pytest
from pydantic import ValidationError

from headrace.contracts.load import load_contracts
from headrace.contracts.model import Arrives, Contract
from headrace.errors import UsageError
from headrace.sources.csv_rows import spelled_again
from headrace.sources.inspection import Look, look_at, rows_in
from simulation.generate.plan import Plan, load_profiles

WATCHES = load_contracts("cranes")["watches"]
BOOK = b"""LOGBOOK
crane C1
2024-01-02T10:00:00 5.5 light wind, no rain
2024-01-02T10:30:00 heavy
crane C2
2024-01-02T11:00:00+01:00 7
"""


def looked_at(body: bytes, contract: Contract = WATCHES) -> Look:
    return look_at(io.BytesIO(body), "C1#2024.LOG", contract, of_contract=True)


def test_rows_are_spelled_as_a_plain_file_would_and_know_their_lines() -> None:
    look = looked_at(BOOK)
    assert (look.kind, look.reason, look.lines) == ("csv", "", 3)
    assert look.header == "watch_id,crane,seen_at,load.t,note"
    rows = rows_in(BOOK, look, WATCHES)
    assert [(row.line, row.plain) for row in rows] == [
        (3, b'C1@2024-01-02T10:00:00,C1,2024-01-02T10:00:00,5.5,"light wind, no rain"'),
        (4, b""),
        (6, b"C2@2024-01-02T11:00:00+01:00,C2,2024-01-02T10:00:00,7.0,"),
    ]
    assert rows[0].text == b"2024-01-02T10:00:00 5.5 light wind, no rain"


def test_a_wrong_line_carries_what_is_wrong_with_it() -> None:
    (wrong,) = [row for row in spelled_again(BOOK, WATCHES).rows if not row.plain]
    assert wrong.text == b"wrong: could not convert string to float: 'heavy'\n2024-01-02T10:30:00 heavy"


def test_a_file_that_the_reader_refuses_is_set_aside_with_its_words() -> None:
    assert looked_at(b"crane C1\n").reason == "it begins with no LOGBOOK"
    assert looked_at(b"").reason == "empty file"


@pytest.mark.parametrize("named", ["domains.cranes.logbooks:nobody", "domains.nowhere:logbook", "logbook"])
def test_a_reader_that_is_not_there_is_refused(named: str) -> None:
    arrives = WATCHES.arrives.model_copy(update={"reader": named})
    with pytest.raises(UsageError, match=r"arrives\.reader names"):
        looked_at(BOOK, WATCHES.model_copy(update={"arrives": arrives}))


@pytest.mark.parametrize("arrives", [{"files": "other"}, {"files": "csv", "reader": "a:b"}])
def test_a_reader_is_named_for_files_of_another_format_alone(arrives: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="reader and files: other go together"):
        Arrives.model_validate(arrives)


def test_nobody_simulates_files_of_a_format_of_their_own() -> None:
    plan: Plan = load_profiles("cranes")["fast"]
    contracts = load_contracts("cranes")
    assert set(plan.wanted(contracts)) == {*contracts} - {"watches"}
    with pytest.raises(UsageError, match="watches comes as files of a format of its own"):
        plan.but(tables=("watches",)).wanted(contracts)


@pytest.mark.parametrize(
    "broken", [LookupError("unknown encoding: foo-9"), OSError("no more data"), KeyError("crane")]
)
def test_a_file_that_makes_the_reader_stumble_is_set_aside_too(
    broken: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else it would end each run of its source, and be met again by the next one."""

    def reader(_: bytes) -> None:
        raise broken

    monkeypatch.setattr("headrace.sources.csv_rows._reader", lambda _: reader)
    assert looked_at(BOOK).reason == f"cannot be read: {type(broken).__name__}: {broken}"
