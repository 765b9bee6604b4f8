"""Each way of writing is one object, and nothing but its name leads to it."""

from dataclasses import replace

import pytest

from headrace.errors import UsageError
from headrace.refine.catalog import _check_shape, load_tables
from headrace.tables import Append, Changes, History, Newest, Replace, Upsert, Whole, Write
from headrace.writes.way import way_of, ways_for


def test_the_way_of_writing_is_found_by_the_name_of_its_declaration() -> None:
    for write in (Append(), Changes(), Newest(period="month"), Whole()):
        assert type(way_of(write)).__name__ == f"{type(write).__name__}Way"
    assert {"Append", "Upsert", "History", "Changes", "Newest"} <= set(ways_for("silver"))
    assert list(ways_for("gold")) == ["Replace", "Whole"]


def test_a_declaration_without_a_class_is_named() -> None:
    class Sideways(Write):
        pass

    with pytest.raises(UsageError, match="no module of headrace/writes has a class SidewaysWay"):
        way_of(Sideways())


@pytest.mark.parametrize(
    ("table", "write", "said"),
    [
        ("positions", Changes(), "applies a source whose contract says `type: change_feed`"),
        ("vessels", History(effective="seats"), "sends snapshots, .* leave out effective='seats'"),
        (
            "positions",
            Whole(),
            "a silver table is written by Alarms, Append, Changes, History, Newest or Upsert",
        ),
    ],
)
def test_a_way_that_does_not_fit_its_source_is_refused(table: str, write: Write, said: str) -> None:
    catalog = load_tables("ferries")
    node = catalog.node(table, "silver")
    with pytest.raises(UsageError, match=said):
        _check_shape(replace(node, table=replace(node.table, write=write)), catalog.contracts)


@pytest.mark.parametrize(
    ("domain", "table", "write"),
    [
        ("pumps", "strokes", Append()),
        ("ferries", "bookings", Changes()),
        ("pumps", "orders", Upsert(order="updated_at")),
        ("pumps", "orders", History()),
        ("ferries", "harbour_dues", Newest(period="month")),
    ],
)
def test_files_that_replace_each_other_need_tables_in_which_the_later_one_wins(
    domain: str, table: str, write: Write
) -> None:
    node, contract = load_tables(domain).node(table, "silver"), load_tables(domain).contracts[table]
    way_of(write).check(node, contract)
    again = contract.arrives.model_copy(update={"again": "replace"})
    contract = contract.model_copy(update={"arrives": again})
    if isinstance(write, History | Newest):
        way_of(write).check(node, contract)
    else:
        said = rf"silver.{table} is written by {type(write).__name__}, where .*again: replace"
        with pytest.raises(UsageError, match=said):
            way_of(write).check(node, contract)


def test_partitions_of_different_instants_are_refused() -> None:
    node = load_tables("pumps").node("pump_days", "gold")
    dated = replace(node, arguments=(*node.arguments, "as_of"))
    with pytest.raises(UsageError, match=r"gold.pump_days: takes as_of, .*declare write=Whole\(\)"):
        way_of(Replace(follows={})).check(dated, None)
