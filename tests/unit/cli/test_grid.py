"""A table on a terminal, in a pipe, and where it does not fit."""

from io import StringIO

import pytest

from cli.grid import Grid
from cli.receipt import show
from cli.screen import Screen

LONG = "a sentence that is longer than the room that is left beside the numbers of its row"
WIDE = tuple(f"longname{number}" for number in range(8))


def printed(grid: Grid, width: int | None = 80) -> str:
    """On a terminal so wide; None is a pipe."""
    file = StringIO()
    Screen(file=file, force_terminal=width is not None, color_system=None, width=width).print(grid)
    return file.getvalue()


def test_columns_stand_side_by_side_where_they_fit() -> None:
    said = printed(Grid(["unit", ">rows"], [("U-1", "1,234"), ("U-22", "5")]))
    assert said == "unit    rows\n────────────\nU-1    1,234\nU-22       5\n\n"


def test_a_long_text_is_broken_and_a_number_is_not() -> None:
    lines = printed(Grid(["what", ">rows", "unit"], [(LONG, "1,234,567", "UNIT-00000000000")])).splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[2].split()[-2:] == ["1,234,567", "UNIT-00000000000"]
    assert " ".join(line[:49].strip() for line in lines[2:]).strip() == LONG


def test_a_heading_is_broken_before_a_table_is_turned_into_blocks() -> None:
    grid = Grid([f">quite_a_long_name_{number}" for number in range(6)], [range(6)])
    assert grid.fits(Screen(force_terminal=True, width=80))
    assert "quite_a_" in printed(grid).splitlines()[0]


@pytest.mark.parametrize(("width", "side_by_side"), [(80, 3), (120, 5), (40, 1)])
def test_where_columns_do_not_fit_the_first_stand_side_by_side_and_the_others_below_each_row(
    width: int, side_by_side: int
) -> None:
    values = [f"UNIT-{number:015d}" for number in range(8)]
    lines = printed(Grid(WIDE, [values, values]), width).splitlines()
    said = " ".join(" ".join(lines).split())
    assert [said.count(each) for each in values] == [2] * 8
    assert [said.count(each) for each in WIDE] == [1] * side_by_side + [2] * (8 - side_by_side)
    assert max(map(len, lines)) <= width


def test_a_null_is_seen_where_its_name_stands_beside_it() -> None:
    assert "b \N{EN DASH}" in printed(Grid(["a" * 78, "b"], [("x", None)]))


def test_a_value_that_is_wider_than_the_screen_goes_on_below() -> None:
    said = printed(Grid(["a", "b"], [["x" * 200, "y"]]))
    assert said.count("x") == 200
    assert max(map(len, said.splitlines())) <= 80


def test_a_pipe_gets_a_line_a_row_however_wide_and_without_its_line_breaks() -> None:
    said = printed(Grid(WIDE, [[LONG, "one\ntwo", *["x"] * 6]]), None).splitlines()
    assert len(said) == 2
    assert said[0].split() == list(WIDE)
    assert LONG in said[1]
    assert "one | two" in said[1]


def test_markup_takes_no_room() -> None:
    assert "ok   here" in printed(Grid(["", "what"], [("[green]ok[/]", "here")]))


def test_a_grouped_table_names_its_first_column_once() -> None:
    grid = Grid(["table", "says", ">rows"], [("b.x", "a", 1), ("b.x", "b", 2), ("b.y", "a", 3)], grouped=True)
    assert [line.split() for line in printed(grid).splitlines()[2:]] == [
        ["b.x"], ["a", "1"], ["b", "2"], ["b.y"], ["a", "3"], [],
    ]  # fmt: skip
    assert printed(grid, None).count("b.x") == 2


def test_a_receipt_names_no_table_and_no_number_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    file = StringIO()
    screen = Screen(file=file, force_terminal=True, color_system=None, width=80)
    monkeypatch.setattr("cli.screen.out", screen)
    taken = {"says": "rows in = rows of bronze taken", "left": 415, "right": 415, "balanced": True}
    became = {"says": "rows in = what became of them", "left": 415, "right": 415, "balanced": True}
    show(
        [
            {"table": "silver.crude_shipments", "terms": {"bronze.crude_shipments": 415}, **taken},
            {"table": "silver.crude_shipments", "terms": {"written": 400, "rejected": 15}, **became},
        ]
    )
    said = file.getvalue()
    assert said.count("crude_shipments") == 1
    assert said.count("415") == 2
    assert "400 written, 15 rejected" in " ".join(said.split())


def test_a_line_that_does_not_balance_shows_both_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    show(
        [
            {"table": "b.x", "says": "a = b", "left": 4, "right": 5, "balanced": False, "terms": {"b": 5}},
        ]
    )
    said = capsys.readouterr().out
    assert said.splitlines()[1].split() == ["b.x", "≠", "a", "=", "b", "4", "5", "5", "b"]
