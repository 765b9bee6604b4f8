"""What was set aside, by table and reason, with samples."""

import csv
import io
import json
from collections.abc import Iterator

import pyarrow as pa
import pytest
from deltalake import write_deltalake
from typer.testing import CliRunner

from cli.main import app
from headrace.errors import UnknownName
from headrace.lake.paths import Paths
from headrace.serve.rejected import Rejected, rejected
from headrace.settings import Settings
from headrace.sources.file_index import File, FileIndex

ROWS = [
    {"stroke_id": "K1", "bar": -1.0, "_raw": None, "_reasons": ["bar is impossible", "pump is inactive"]},
    {"stroke_id": "K2", "bar": -2.0, "_raw": None, "_reasons": ["bar is impossible"]},
    {"stroke_id": None, "bar": None, "_raw": '{"str', "_reasons": ["malformed line"]},
]
PLACES = [("kafka:strokes", 2, 7), ("kafka:strokes", 2, 8), ("strokes/a.json", None, 3)]


def _at(source: str, partition: int | None, offset: int) -> dict[str, object]:
    return {"_source": source, "_partition": partition, "_offset": offset}


@pytest.fixture
def lake(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    paths = Paths.of("pumps", settings)
    write_deltalake(
        paths.rejected("strokes"),
        pa.Table.from_pylist([row | _at(*place) for row, place in zip(ROWS, PLACES, strict=True)]),
    )
    FileIndex(paths, "orders").add(
        [
            File("pumps/orders/a.csv", "d1", 1, "s", 0, set_aside="empty file"),
            File("pumps/orders/b.csv", "d2", 1, "s", 0, set_aside="empty file"),
            File("pumps/orders/c.csv", "d3", 1, "s", 5, number=1),
        ]
    )
    monkeypatch.setenv("HEADRACE_HOME", str(settings.home))
    return settings


def test_files_and_rows_are_told_by_table_and_reason_with_samples(lake: Settings) -> None:
    k1 = ("kafka:strokes/2:7",)
    assert rejected("pumps", samples=1, settings=lake) == [
        Rejected("files", "orders", "empty file", 2, ("pumps/orders/a.csv",)),
        Rejected("rows", "strokes__rejected", "bar is impossible", 2, ('{"stroke_id":"K1","bar":-1.0}',), k1),
        Rejected("rows", "strokes__rejected", "malformed line", 1, ('{"str',), ("strokes/a.json:3",)),
        Rejected("rows", "strokes__rejected", "pump is inactive", 1, ('{"stroke_id":"K1","bar":-1.0}',), k1),
    ]
    assert rejected("pumps", ["pumps"], settings=lake) == []
    assert len(rejected("pumps", ["strokes__rejected"], settings=lake)) == 3
    with pytest.raises(
        UnknownName, match=r"no table that sets anything aside named 'pump_days'; known: .*strokes"
    ):
        rejected("pumps", ["pump_days"], settings=lake)


def test_they_are_shown_as_a_table_as_csv_and_as_json(lake: Settings) -> None:
    def typed(*words: str) -> str:
        done = CliRunner().invoke(app, ["rejected", "pumps", *words])
        assert done.exit_code == 0, done.output
        return done.stdout

    assert "bar is impossible" in typed()
    rows = list(csv.DictReader(io.StringIO(typed("--csv"))))
    assert [row["sample"] for row in rows if row["kind"] == "files"] == [
        "pumps/orders/a.csv",
        "pumps/orders/b.csv",
    ]
    assert {row["place"] for row in rows if row["reason"] == "malformed line"} == {"strokes/a.json:3"}
    told = json.loads(typed("--json", "--table", "orders"))
    assert [(each["reason"], each["count"]) for each in told] == [("empty file", 2)]
