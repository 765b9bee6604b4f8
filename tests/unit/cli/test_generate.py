import json
from dataclasses import asdict

from typer.testing import CliRunner

from cli.error_output import guarded
from cli.main import app
from headrace.lake import objects
from headrace.lake.paths import Paths
from headrace.settings import Settings
from simulation.generate.chunks import ChunkRecord

RUNNER = CliRunner()


def estimated(*options: str) -> dict:
    said = RUNNER.invoke(
        app, ["generate", "refinery", "--estimate", "--json", *options], catch_exceptions=False
    )
    return json.loads(said.stdout)


def test_twice_the_days_are_about_twice_the_rows():
    one = estimated("--profile", "fast", "--days", "10")
    two = estimated("--profile", "fast", "--days", "20")

    facts = [table for table, rows in one["rows"].items() if rows > 1000]
    assert facts
    for table in facts:
        assert 1.5 < two["rows"][table] / one["rows"][table] < 2.5


def test_an_estimate_is_made_where_rows_of_another_world_lie_and_says_that_no_rows_could_be(home):
    span = ("2024-01-01T00:00:00", "2024-01-02T00:00:00")
    record = ChunkRecord("tank_inventory", *span, 0, 5, "landing", 99, 0.5, None, 1, 1, 1.0)
    whole = estimated("--profile", "fast")
    folder = Paths.of("refinery", Settings(home=home)).made("landing", "tank_inventory")
    objects.put_json(f"{folder}/{record.chunk}.json", asdict(record))

    assert estimated("--profile", "fast")["rows"] == whole["rows"]
    said = RUNNER.invoke(app, ["generate", "refinery", "--estimate", "--profile", "fast"]).output
    assert "could not be generated here" in said
    assert "already holds another world: seed 99" in " ".join(said.split())
    assert guarded(lambda: app(["generate", "refinery", "--profile", "fast", "--yes"])) == 2


def test_the_estimate_is_limited_to_the_tables_asked_for():
    (table,) = estimated("--profile", "fast", "--table", "tank_inventory")["rows"]

    assert table == "tank_inventory"


def test_an_end_and_a_number_of_days_contradict_each_other(capsys):
    code = guarded(lambda: app(["generate", "refinery", "--days", "3", "--to", "2024-02-01", "--estimate"]))

    assert code == 2
    assert "not both" in capsys.readouterr().err


def test_a_span_that_ends_before_it_begins_is_refused(capsys):
    code = guarded(
        lambda: app(["generate", "refinery", "--from", "2024-02-01", "--to", "2024-01-01", "--estimate"])
    )

    assert code == 2
    assert "span is empty" in capsys.readouterr().err


def test_an_unknown_profile_names_the_known_ones(capsys):
    code = guarded(lambda: app(["generate", "refinery", "--profile", "huge", "--estimate"]))

    assert code == 2
    assert "demo" in capsys.readouterr().err


def test_a_full_disk_is_told_before_anything_starts(capsys):
    code = guarded(lambda: app(["generate", "refinery", "--profile", "full", "--scale", "100", "--yes"]))

    assert code == 1
    assert "GiB free" in " ".join(capsys.readouterr().err.split())
