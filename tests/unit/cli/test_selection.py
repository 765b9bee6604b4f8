"""`--select`, over the toy domain of pumps: strokes are made from pumps, pump_days from strokes."""

import pytest

from cli.selection import chosen, edges, selected
from headrace.errors import UnknownName, UsageError
from headrace.refine.catalog import load_tables

PUMPS = load_tables("pumps")


def names(*given: str) -> list[str]:
    return [str(ref) for ref in selected(PUMPS, given)]


def test_a_name_means_its_table_in_every_layer_and_a_layer_all_of_its_tables() -> None:
    assert names("strokes") == ["bronze.strokes", "silver.strokes"]
    assert names("silver.strokes") == ["silver.strokes"]
    assert names("gold") == [f"gold.{name}" for name in PUMPS.tables("gold")]
    assert names("silver.str*") == ["silver.strokes"]


def test_a_plus_before_a_name_brings_all_that_it_is_made_from() -> None:
    found = names("+silver.strokes")
    assert found[-1] == "silver.strokes"
    assert {"bronze.strokes", "silver.pumps", "bronze.pumps"} <= set(found)
    assert not any(name.startswith("gold") for name in found)


def test_a_plus_behind_a_name_brings_all_that_is_made_from_it() -> None:
    found = names("bronze.strokes+")
    assert found[0] == "bronze.strokes"
    assert {"silver.strokes", "gold.pump_days"} <= set(found)
    assert "bronze.pumps" not in found


def test_a_number_says_how_many_steps() -> None:
    assert set(names("1+silver.strokes")) == {
        "silver.strokes",
        *map(str, edges(PUMPS)[next(ref for ref in edges(PUMPS) if str(ref) == "silver.strokes")]),
    }
    assert "gold.pump_days" not in names("bronze.strokes+1")
    assert "gold.pump_days" in names("bronze.strokes+2")


def test_commas_mean_both_and_spaces_or_repeating_mean_either() -> None:
    assert set(names("gold,bronze.strokes+")) == {
        name for name in names("bronze.strokes+") if name.startswith("gold")
    }
    assert names("bronze.strokes bronze.pumps") == names("bronze.strokes", "bronze.pumps")
    assert names("gold,bronze") == []


def test_a_name_that_nothing_has_is_told_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match=r"no table named 'stroke'; did you mean strokes\?"):
        names("stroke+")
    with pytest.raises(UsageError, match="write a name"):
        names("+")


def test_what_is_selected_is_named_with_its_layer_so_that_no_other_layer_s_table_runs() -> None:
    layers = ["bronze", "silver", "gold"]
    assert chosen("pumps", ["silver.strokes"], layers, None) == (["silver"], ["silver.strokes"])
    assert PUMPS.chosen(["bronze", "silver"], ["silver.strokes"]) == {"bronze": [], "silver": ["strokes"]}
    assert chosen("pumps", None, layers, ["strokes"]) == (layers, ["strokes"])
    assert chosen("pumps", ["strokes"], ["bronze"], None) == (["bronze"], ["bronze.strokes"])
