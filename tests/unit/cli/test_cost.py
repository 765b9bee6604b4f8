"""`headrace cost` as people type it."""

import json

import pytest
from typer.testing import CliRunner

from cli.main import app
from headrace.errors import UsageError

runner = CliRunner()


def test_work_that_does_not_fit_is_told_beside_its_bill() -> None:
    said = runner.invoke(app, ["cost", "refinery", "--scale", "1000", "--hours", "1", "--json"])
    assert said.exit_code == 0
    bill = json.loads(said.stdout)
    assert not bill["fits"]
    assert bill["asked_hours"] == 1
    assert bill["hours"] > 800
    assert bill["dollars"] > 1000
    assert "It does not fit into 1 h" in said.stderr


def test_what_a_bill_is_divided_by_is_said() -> None:
    said = " ".join(runner.invoke(app, ["cost", "refinery"]).stdout.split())
    assert "source rows in 24 h" in said
    assert "per million source rows" in said


@pytest.mark.parametrize("words", ["--scale 1", "--hours 24", "--nodes 3", "--serverless compute"])
def test_what_was_done_leaves_no_choice(words: str) -> None:
    said = runner.invoke(app, ["cost", "refinery", "--measured", *words.split()])
    assert isinstance(said.exception, UsageError)
    assert f"no choice of {words.split()[0]}" in str(said.exception)


@pytest.mark.parametrize("words", ["--hours nan", "--hours inf", "--scale inf", "--readings-per-second inf"])
def test_a_number_that_is_none_is_a_usage_error_that_names_its_option(words: str) -> None:
    said = runner.invoke(app, ["cost", "refinery", *words.split()])
    assert isinstance(said.exception, UsageError)
    assert words.split()[0] in str(said.exception)


@pytest.mark.parametrize(("words", "services"), [("", 0), ("--serving-database", 3)])
def test_a_serving_database_is_told_where_it_is_asked_for(words: str, services: int) -> None:
    said = runner.invoke(app, ["cost", "refinery", *words.split(), "--json"])
    assert [line["service"] for line in json.loads(said.stdout)["lines"]].count("RDS") == services


def test_what_is_serverless_is_named_as_in_infra() -> None:
    both = runner.invoke(app, ["cost", "refinery", "--serverless", "compute,stream", "--json"])
    services = {line["service"]: line["what"] for line in json.loads(both.stdout)["lines"]}
    assert "serverless" in services["EMR"]
    assert "serverless" in services["MSK"]
    assert runner.invoke(app, ["cost", "refinery", "--serverless", "kafka"]).exit_code == 2
