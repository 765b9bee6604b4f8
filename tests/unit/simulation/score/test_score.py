"""What counts as caught, missed and falsely alarmed, on a dozen rows."""

import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import write_deltalake

from cli.summary import show_score
from headrace.lake import objects
from headrace.lake.paths import Paths
from headrace.settings import Settings
from simulation.generate.chunks import ChunkRecord
from simulation.score.scoring import KindScore, score

NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)
EVENING = NOON + timedelta(hours=12)
ROW, SENDER = '{"scope": "row"}', '{"scope": "sender"}'


class Works:
    """A lake of strokes, their truth, and detections of its own."""

    def __init__(self, settings: Settings, detections: Path) -> None:
        self.settings, self.detections = settings, detections
        self.paths = Paths.of("pumps", settings)
        self.planted: list[dict[str, object]] = []
        self.detections.mkdir()

    def plant(self, kind: str, key: str, detail: str = ROW, hours: int = 0) -> None:
        column = "pump_id" if detail == SENDER else None
        fault = {"table": "strokes", "kind": kind, "key": key, "column": column, "detail": detail}
        self.planted.append({**fault, "from_at": NOON, "to_at": NOON + timedelta(hours=hours)})

    def store(self, bronze: list[str], silver: list[str], rejected: dict[str, str] | None = None) -> None:
        write_deltalake(self.paths.table("bronze", "strokes"), _strokes(bronze))
        write_deltalake(self.paths.table("silver", "strokes"), _strokes(silver))
        if rejected:
            reasons = pa.array([[reason] for reason in rejected.values()])
            write_deltalake(
                self.paths.rejected("strokes"), _strokes(list(rejected)).append_column("_reasons", reasons)
            )

    def detect(self, kind: str, sql: str) -> None:
        (self.detections / f"{kind}.sql").write_text(sql)

    def plant_messages(self, chunk: str, *keys: str) -> None:
        """Told when they were made, a second apart."""
        start, end, low, high = chunk.split("-")
        made = ChunkRecord(
            "strokes", iso(start), iso(end), int(low), int(high), "topic", 7, 1, None, len(keys), 0, 0
        )
        objects.put_json(f"{self.paths.made('topic', 'strokes')}/{chunk}.json", asdict(made))
        at = datetime.fromisoformat(iso(start)).replace(tzinfo=UTC)
        told = [
            {
                **{"table": "strokes", "kind": "late", "key": key, "column": None},
                **{"from_at": at + timedelta(seconds=n), "to_at": at + timedelta(seconds=n)},
                "detail": json.dumps({"scope": "row", "sent_at": f"{at + timedelta(seconds=n)}"}),
            }
            for n, key in enumerate(keys)
        ]
        file = Path(self.paths.truth) / "planted" / "strokes" / chunk / "told.parquet"
        file.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.Table.from_pylist(told), file)

    def score(self) -> dict[str, KindScore]:
        file = Path(self.paths.truth) / "planted" / "strokes" / "chunk" / "told.parquet"
        file.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.Table.from_pylist(self.planted), file)
        return {each.kind: each for each in score("pumps", self.settings)}


def iso(stamp: str) -> str:
    return datetime.strptime(stamp, "%Y%m%dT%H%M%S").isoformat()


def _strokes(keys: list[str]) -> pa.Table:
    count = len(keys)
    return pa.table(
        {
            "stroke_id": keys,
            "pump_id": ["P1"] * count,
            "stroke_at": [NOON] * count,
            "_raw": pa.array([None] * count, pa.string()),
            "_sent_at": [EVENING] * count,
        }
    )


@pytest.fixture
def works(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Works:
    monkeypatch.setattr("simulation.score.findings.domain_folder", lambda _: tmp_path)
    return Works(settings, tmp_path / "detections")


def counts(found: KindScore) -> tuple[int, int, int | None]:
    return found.planted, found.caught, found.false_alarms


@pytest.mark.parametrize(
    ("stored", "rejected", "caught"),
    [(1, 0, 1), (0, 0, 0), (2, 0, 0), (0, 1, 1), (0, 2, 1)],
    ids=["once", "lost", "twice", "rejected for a reason", "both rejected for a reason"],
)
def test_a_duplicate_is_caught_where_one_copy_is_left(works, stored, rejected, caught):
    works.plant("duplicate", "S1")
    works.store(["S1", "S1"], ["S1"] * stored)
    if rejected:
        again = _strokes(["S1"] * rejected).append_column(
            "_reasons", pa.array([["pump is inactive"]] * rejected)
        )
        write_deltalake(works.paths.rejected("strokes"), again)

    assert works.score()["duplicate"].caught == caught


def test_a_copy_that_never_came_was_not_caught(works):
    works.plant("duplicate", "S1")
    works.store(["S1"], ["S1"])

    assert works.score()["duplicate"].caught == 0


def test_a_row_that_went_nowhere_was_taken_for_a_duplicate_by_mistake(works):
    works.plant("duplicate", "S1")
    works.store(["S1", "S1", "S2", "S3"], ["S1", "S2"])

    assert counts(works.score()["duplicate"]) == (1, 1, 1)


def test_a_second_copy_is_known_when_its_file_has_come(works):
    works.plant("duplicate", "S1")
    works.store(["S1", "S1"], ["S1"])

    assert works.score()["duplicate"].delay == 12


def test_a_late_row_is_caught_where_it_is_stored_and_raises_no_alarm(works):
    works.plant("late", "S1")
    works.plant("late", "S2")
    works.store(["S1", "S2"], ["S1"])

    found = works.score()["late"]
    assert (counts(found), found.precision) == ((2, 1, None), None)


@pytest.mark.parametrize(("stored", "caught"), [(["S1", "S2"], 1), (["S1"], 0)])
def test_late_hours_are_caught_where_all_their_rows_are_stored(works, stored, caught):
    works.plant("late", "P1", SENDER, hours=1)
    works.store(["S1", "S2"], stored)

    assert works.score()["late"].caught == caught


@pytest.mark.parametrize(
    ("alarm", "planted", "false_alarms"),
    [
        ("wrong_unit", "spike", 1),
        ("wrong_unit", "wrong_unit", 0),
        ("spike", "out_of_range", 0),
        ("gap", "late", 1),
    ],
)
def test_an_alarm_is_excused_by_its_own_kind_or_one_that_looks_like_it(works, alarm, planted, false_alarms):
    works.store(["S1"], ["S1"])
    works.plant(planted, "S1")
    works.plant(alarm, "elsewhere")
    works.detect(
        alarm, "SELECT 'strokes' AS table_name, stroke_id AS key, stroke_at AS found_at FROM strokes"
    )

    assert works.score()[alarm].false_alarms == false_alarms


def test_an_episode_of_another_kind_is_no_excuse(works):
    works.store(["S1"], ["S1"])
    works.plant("stuck", "P1", SENDER, hours=6)
    works.plant("drift", "P2", SENDER, hours=36)
    works.plant("drift", "P3", SENDER, hours=35)  # too short to be seen: neither caught nor missed
    works.detect(
        "drift",
        "SELECT 'strokes' AS table_name, pump_id AS sender, stroke_at AS from_at, stroke_at AS to_at,"
        " stroke_at AS found_at FROM strokes",
    )

    assert counts(works.score()["drift"]) == (1, 0, 1)


@pytest.mark.parametrize("table", ["planted", "findings"])
def test_a_detection_cannot_see_the_truth(works, table):
    works.store(["S1"], ["S1"])
    works.plant("spike", "S1")
    works.detect("spike", f"SELECT table_name, key, from_at AS found_at FROM {table}")

    with pytest.raises(Exception, match=f"Table with name {table} does not exist"):
        works.score()


def test_what_is_not_known_is_shown_as_such(capsys):
    show_score([KindScore("late", 2, 1, None).as_dict()])

    assert capsys.readouterr().out.count("\N{EN DASH}") == 2


def test_a_fault_of_a_message_that_was_not_sent_yet_is_not_missed(works):
    begun, later = "20240103T000000-20240103T000100-0-9", "20240103T000100-20240103T000200-0-9"
    works.plant("late", "S1")
    works.plant_messages(begun, "S2", "S3", "S4")
    works.plant_messages(later, "S5")
    works.store(["S1", "S2", "S3"], ["S1", "S2", "S3"])
    cursor = {"chunk": begun, "sent": 2, "total": 3, "until": "2024-01-03T00:00:01+00:00"}
    objects.put_json(f"{works.paths.outbox('strokes')}/cursor.json", cursor)
    found = works.score()["late"]
    assert (found.planted, found.caught) == (3, 3)
