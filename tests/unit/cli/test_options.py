from datetime import datetime, timedelta

import pytest
import typer

from cli import options
from cli.options import instant, listed, one_domain, one_of, short_span, span, tables_named
from headrace.errors import UnknownName, UsageError
from headrace.settings import Settings


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("2024-03-01", datetime(2024, 3, 1)),
        ("2024-03-01T06:30", datetime(2024, 3, 1, 6, 30)),
        ("2024-03-01T06:30+02:00", datetime(2024, 3, 1, 4, 30)),
    ],
)
def test_instants_are_utc(text, read):
    assert instant(text) == read


def test_what_is_no_date_is_refused_with_an_example():
    with pytest.raises(typer.BadParameter, match="2024-03-01"):
        instant("yesterday")


def test_a_span_is_written_in_words():
    assert span("15 minutes") == timedelta(minutes=15)


def test_what_is_no_span_is_refused():
    with pytest.raises(typer.BadParameter, match="15 minutes"):
        span("often")


def test_a_short_span_may_be_spelled_out():
    assert short_span("3d") == timedelta(days=3)
    assert short_span("1.5h") == short_span("90m") == short_span("90 minutes") == timedelta(minutes=90)


@pytest.mark.parametrize("text", ["0s", "0 minutes", "-5m", "9999999999999h"])
def test_no_time_and_more_than_there_is_are_refused(text):
    with pytest.raises(typer.BadParameter):
        short_span(text)


def test_lists_are_separated_by_commas():
    assert listed("bronze, silver") == ("bronze", "silver")
    assert listed(None) is None


def test_a_value_outside_the_list_names_the_allowed_ones():
    with pytest.raises(typer.BadParameter, match="bronze, silver"):
        one_of("bronze", "silver")("bronze,lead")


def test_a_table_that_no_layer_has_is_told_before_anything_starts():
    assert tables_named("refinery", "sensor_readings__rejected,tank_days") == [
        "sensor_readings__rejected",
        "tank_days",
    ]
    assert tables_named("refinery", None) is None
    with pytest.raises(UnknownName, match="tank_dayz"):
        tables_named("refinery", "tank_dayz")


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setattr(options, "domains", lambda: ["bakery", "dairy"])
    monkeypatch.setattr("headrace.settings.get_settings", lambda: Settings(home=tmp_path))
    return tmp_path


def test_without_a_name_the_domain_with_data_is_meant(home):
    (home / "landing" / "dairy").mkdir(parents=True)
    assert one_domain(None) == "dairy"


def test_of_two_domains_with_data_one_is_to_be_named(home):
    for place, domain in (("landing", "dairy"), ("lake", "bakery")):
        (home / place / domain).mkdir(parents=True)
    with pytest.raises(
        UsageError, match="name a domain; known: bakery, dairy; with data here: bakery, dairy"
    ):
        one_domain(None)


def test_where_no_domain_has_data_one_is_to_be_named(home):
    with pytest.raises(UsageError, match=r"name a domain; known: bakery, dairy$"):
        one_domain(None)
