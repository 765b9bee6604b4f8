"""Panels: a few worlds by which the alarms are scored, and their rows as silver would hold them, made in memory.

Nothing was tuned on these worlds. Each is thinned as far as its faults allow: those of hours want readings every few
minutes of a few days; those that take days to show want years, of some senders of each group.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from headrace.alarms.rules import Rules
from headrace.contracts.model import Contract
from headrace.contracts.rules import is_rejected, with_reasons
from headrace.errors import UsageError
from headrace.lake.lease import RunContext, leased
from headrace.lake.paths import Paths
from headrace.refine.catalog import Catalog
from headrace.settings import get_settings
from headrace.writes.edge import Edge
from headrace.writes.node import AS_OF, Node
from simulation.generate.chunks import Chunk
from simulation.generate.plan import Plan, world_of
from simulation.generate.row_index import Piece
from simulation.generate.rows import RowFactory
from simulation.generate.sources import load_sources
from simulation.generate.truth import truth_of_episodes
from simulation.generate.writers import bronze_rows
from simulation.score.matching import HOUR, LEAST_SEEN, Planted

START = datetime(2024, 1, 1)
ALARM_OF = {"excursion": "limit", "stuck": "stuck", "gap": "silent", "drift": "drift"}
FAILING = "failing"
ROWS_PER_PIECE = 2_500_000
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Panel:
    """A world and how it is thinned. `kinds`: the alarms it scores. Faults of the first `warm_up` days do not count."""

    name: str
    seed: int
    groups: int
    days: int
    stride: timedelta
    kinds: tuple[str, ...]
    per_group: int | None = None
    warm_up: int = 0

    @property
    def group_years(self) -> float:
        return self.groups * (self.days - self.warm_up) / 365

    def but(self, seed: int) -> "Panel":
        return replace(self, seed=seed)

    def plan(self, groups: Contract, source: str) -> Plan:
        return Plan(
            scale=self.groups / groups.num_rows,
            seed=self.seed,
            start=START,
            end=START + timedelta(days=self.days),
            stride=self.stride,
            tables=(source,),
        )


YEARS = Panel("years", 101, 26, 365, timedelta(hours=2), ("failing", "drift"), per_group=50, warm_up=10)
WEEKS = Panel("weeks", 103, 40, 12, timedelta(minutes=10), ("limit", "stuck", "silent"), warm_up=1)
PANELS = (YEARS, YEARS.but(102), WEEKS)
"""Seed 1 is for tuning."""


def panels(seed: int | None = None) -> tuple[Panel, ...]:
    """The usual panels, or the same ones of the worlds from this seed on."""
    if seed is None:
        return PANELS
    return tuple(panel.but(seed + place) for place, panel in enumerate(PANELS))


def group_table(rules: Rules, senders: Contract) -> str:
    """The source table of the groups that senders belong to."""
    reference = senders.columns[rules.senders.group].references
    if not reference:
        raise UsageError(
            f"{senders.table}.{rules.senders.group} refers to no table, so no panel can be sized by it"
        )
    return reference.split(".")[0]


@dataclass(frozen=True)
class Readings:
    """In order of time. `codes`: each reading's place in `senders`."""

    senders: pa.Array
    codes: np.ndarray
    at: np.ndarray
    values: np.ndarray


class PanelRows:
    """The rows of one panel, made by the generator and judged by the domain's silver functions. To be closed."""

    def __init__(self, spark: SparkSession, catalog: Catalog, rules: Rules, panel: Panel) -> None:
        self._catalog, self._rules, self._panel = catalog, rules, panel
        self._node = catalog.node(rules.source, "silver")
        self._contract = catalog.source_of(self._node)
        self._sender = catalog.source_of(catalog.node(rules.senders.table, "silver"))
        groups = catalog.contracts[group_table(rules, self._sender)]
        self._plan = panel.plan(groups, self._contract.table)
        world = world_of(self._plan, catalog.contracts)
        self._factory = RowFactory(spark, catalog.contracts, load_sources(catalog.domain), world)
        self._spark, self._made, self._open = spark, dict[str, DataFrame](), ExitStack()
        self._context = self._lake_of_its_own()
        self._chosen = self._choose()

    def _lake_of_its_own(self) -> RunContext:
        """Dimensions are written as in any lake, since what a table holds of its rows only writing it tells."""
        settings = get_settings()
        spill = settings.home.absolute() / "spill"
        spill.mkdir(parents=True, exist_ok=True)
        folder = self._open.enter_context(TemporaryDirectory(dir=spill, prefix="panel-"))
        leases = self._open.enter_context(leased([], job="replay", seconds=settings.lease_seconds))
        paths = replace(Paths.of(self._catalog.domain, settings), lake=f"{folder}/lake")
        return RunContext(paths, settings, leases, "replay")

    def close(self) -> None:
        for frame in self._made.values():
            frame.unpersist()
        self._open.close()

    def versions(self) -> pa.Table:
        """The chosen senders' versions, the oldest first."""
        rows = self._parent(self._catalog.node(self._rules.senders.table, "silver"))
        key = self._rules.senders.key
        found = rows.where(F.col(key).isin(list(self._chosen.values()))).toArrow()
        return found.sort_by([("effective_from", "ascending"), (key, "ascending")])

    def pieces(self) -> Iterator[Piece]:
        start, end = self._plan.start, self._plan.end
        per_day = len(self._chosen) * (DAY / max(self._panel.stride, self._contract.arrives.every))
        days = max(1, int(ROWS_PER_PIECE // per_day))
        while start < end:
            until = min(end, start + days * DAY)
            yield Piece(start, until, 0, max(self._chosen) + 1)
            start = until

    def readings(self, piece: Piece) -> Readings:
        """The readings of a span that silver would hold."""
        sent = self._factory.rows(self._chunk(piece), only=self._chosen)
        named = (self._rules.senders.key, self._rules.at, self._rules.value)
        rows = self._judged(self._node, bronze_rows(sent, self._contract, "replay")).select(*named).toArrow()
        senders = rows[named[0]].combine_chunks().dictionary_encode()
        at = rows[named[1]].cast(pa.timestamp("us", "UTC")).cast(pa.int64()).to_numpy()
        order = np.argsort(at, kind="stable")
        values = rows[named[2]].to_numpy()
        return Readings(senders.dictionary, senders.indices.to_numpy()[order], at[order], values[order])

    def planted(self) -> list[Planted]:
        return [*self._episodes(), *self._failures()]

    def _episodes(self) -> Iterator[Planted]:
        whole = Piece(self._plan.start, self._plan.end, 0, max(self._chosen) + 1)
        befallen = truth_of_episodes(self._factory.maker, self._chunk(whole))
        if befallen is None:
            return
        senders = self._factory.argument(self._sender.table)
        group = dict(zip(*(senders[name].to_pylist() for name in self._names()), strict=True))
        chosen = set(self._chosen.values())
        at = [befallen[name].cast(pa.int64()).to_pylist() for name in ("from_at", "to_at")]
        for kind, sender, begin, end in zip(
            *(befallen[name].to_pylist() for name in ("kind", "key")), *at, strict=True
        ):
            if kind in ALARM_OF and sender in chosen:
                alarm = ALARM_OF[kind]
                yield Planted(
                    alarm, sender, group[sender], begin, end, counts=self._counts(alarm, begin, end)
                )

    def _failures(self) -> Iterator[Planted]:
        for source in self._factory.sources.values():
            named = source.planted
            if not source.is_hidden or named is None or named["key"] != self._rules.senders.group:
                continue
            rows = self._factory.argument(source.name)
            happens = named.get("happens_at", named["from_at"])
            instants = (
                rows[of].cast(pa.int64()).to_pylist() for of in (named["from_at"], named["to_at"], happens)
            )
            for group, begin, end, at in zip(rows[named["key"]].to_pylist(), *instants, strict=True):
                if group not in self._groups:
                    continue
                if "happens_at" in named:
                    yield Planted(FAILING, group, group, begin, end, at, self._counts(FAILING, begin, at))
                else:
                    yield Planted(named["kind"], group, group, begin, end, counts=False)

    def _names(self) -> tuple[str, str]:
        return self._rules.senders.key, self._rules.senders.group

    def _counts(self, kind: str, begin: int, end: int) -> bool:
        """Whether a fault lies within the panel, or enough of it where that is said of its kind."""
        first = _micros(self._plan.start) + self._panel.warm_up * 24 * HOUR
        seen = min(end, _micros(self._plan.end)) - max(begin, first)
        return seen >= LEAST_SEEN.get(kind, end - begin)

    def _choose(self) -> dict[int, str]:
        """The senders that are replayed: the first ones of each group. Their keys by their number."""
        key, group = self._names()
        rows = self._factory.argument(self._sender.table).select(["_index", key, group]).to_pandas()
        rows = rows.sort_values("_index")
        if self._panel.per_group is not None:
            rows = rows[rows.groupby(group).cumcount() < self._panel.per_group]
        self._groups = set(rows[group])
        return {int(index): str(name) for index, name in zip(rows["_index"], rows[key], strict=True)}

    def _chunk(self, piece: Piece) -> Chunk:
        return Chunk(self._contract.table, piece, is_first=False)

    def _parent(self, node: Node) -> DataFrame:
        """A dimension's silver table at the end of the span."""
        if node.name not in self._made:
            contract = self._catalog.source_of(node)
            count = self._factory.world.counts[contract.table]
            whole = Chunk(contract.table, Piece(self._plan.start, self._plan.end, 0, count), is_first=True)
            edge = Edge(node, contract, self._context, self._plan.end)
            for above in node.arguments[1:]:
                if above != AS_OF:
                    self._parent(self._catalog.nodes[node.upstream[above]])
            rows = bronze_rows(self._factory.rows(whole), contract, "replay")
            rows.write.format("delta").save(edge.bronze)
            edge.way.write(edge, self._read(edge.bronze), number=1)
            self._made[node.name] = self._read(edge.target).persist()
        return self._made[node.name]

    def _read(self, table: str) -> DataFrame:
        return self._spark.read.format("delta").load(table)

    def _judged(self, node: Node, bronze: DataFrame) -> DataFrame:
        contract = self._catalog.source_of(node)
        frames: dict[str, object] = {
            node.arguments[0]: with_reasons(bronze, contract),
            AS_OF: self._plan.end,
        }
        for name in node.arguments[1:]:
            if name != AS_OF:
                frames[name] = self._parent(self._catalog.nodes[node.upstream[name]])
        return node.call(frames).where(~is_rejected())


def _micros(at: datetime) -> int:
    return int(np.datetime64(at.replace(tzinfo=None), "us").astype(np.int64))
