"""A silver table and its alarms in a folder, written by delta-rs; the broker is a list."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable, write_deltalake

from headrace.alarms.actions import Action, Folder
from headrace.alarms.fold import AlarmFold
from headrace.alarms.rules import Rules
from headrace.alarms.store import Outbox
from headrace.lake.lease import Leases, RunContext
from headrace.lake.paths import Paths
from headrace.refine.catalog import load_tables
from headrace.settings import Settings
from headrace.writes.alarms import ReceiptLine, follower_of
from tests.unit.alarms.conftest import RULES, course, rows, senders

AT_ONCE = {"limit": {"on_delay": "0 seconds", "off_delay": "0 seconds", "readings": 1}}


NODE = load_tables("pumps").node("alarms")


class Killed(Exception):
    pass


@dataclass
class Topic:
    """Stands for a broker."""

    carried: list[str] = field(default_factory=list)

    def carry(self, events: pa.Table) -> None:
        self.carried += events["event_id"].to_pylist()


@dataclass
class Lake:
    paths: Paths
    rules: Rules
    topic: Topic = field(default_factory=Topic)

    def comes(self, *tables: pa.Table) -> None:
        table = pa.concat_tables(tables)
        table = table.append_column("day", pc.cast(table["stroke_at"], pa.date32()))
        write_deltalake(self.paths.table("silver", "strokes"), table, mode="append", partition_by=["day"])

    def knows(self, table: pa.Table) -> None:
        write_deltalake(self.paths.table("silver", "pumps"), table, mode="overwrite")

    def edge(self) -> AlarmFold:
        return AlarmFold(self.rules, context_of(self.paths), outbox=Outbox(self.paths, self.topic.carry))

    def catches_up(self) -> None:
        edge = self.edge()
        edge.catch_up()
        edge.close()

    @property
    def events(self) -> list[dict[str, Any]]:
        table = DeltaTable(self.paths.table("silver", "alarms")).to_pyarrow_table()
        kept = [name for name in table.column_names if not name.startswith("_")]
        return table.select(kept).sort_by("event_number").to_pylist()

    def waits(self) -> bool:
        return follower_of(NODE).waits(NODE, self.paths)

    def receipt_lines(self) -> list[ReceiptLine]:
        return list(follower_of(NODE).receipt_lines(NODE, self.paths))

    def balances(self) -> bool:
        found = self.receipt_lines()
        return len(found) == 3 and all(left == right for _, _, left, right, _ in found)


def context_of(paths: Paths) -> RunContext:
    leases = Leases([], "test", 60)
    leases._expires = 2**40
    return RunContext(paths, Settings(), leases, "run")


def made(folder: Path) -> Lake:
    rules = Rules.model_validate(RULES | {"defaults": AT_ONCE, "chatter": {"raises": 100}})
    lake = Lake(Paths.of("toy", Settings(home=folder)), rules)
    lake.knows(senders(6))
    return lake


def names(lake: Lake) -> list[tuple[str, str]]:
    return [(each["event"], each["subject"]) for each in lake.events]


def acts(lake: Lake, what: str = "acknowledge", alarm: str = "A1", **more: Any) -> None:
    Folder(lake.paths).put(Action(what=what, alarm_id=alarm, by="Ann", **more))


LIFE = (
    [course("P0", "0s", 60, [9.5, 9.5]), rows(("P2", "30s", 0.5))],
    [course("P0", "2m", 60, [5, 5]), rows(("P1", "2m", 9.5), ("P4", "3m", 9.5))],
    [rows(("P0", "1m", 20), ("P0", "20m", 5), ("P1", "20m", 5)), course("P2", "5m", 60, [0.5, -1, 0.5])],
    [course("P4", "4m", 60, [9.5] * 90)],
)
