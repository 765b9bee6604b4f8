"""The proof that no row was lost: what came in equals what went out, for every edge.

Each line compares two numbers that were counted apart: lines of files by reading the files, rows of a table by
asking its log, and the terms of a formula from the ledger.
"""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from headrace.contracts.model import Contract
from headrace.errors import ReceiptError
from headrace.lake import ledger, log
from headrace.lake.increments import Progress, progress_of, rows_taken
from headrace.lake.paths import Paths, rejected_of
from headrace.refine.catalog import Catalog, load_tables
from headrace.refine.late_duplicates import removal_untold
from headrace.settings import Settings, get_settings
from headrace.sources.files import files_now
from headrace.sources.topic import Lost, OffsetBalance, accepted, balances, kept_by_broker, offsets_in
from headrace.writes.alarms import follower_of
from headrace.writes.node import Node
from headrace.writes.way import way_of


@dataclass(frozen=True)
class Line:
    """One equation: `left` and `right` with what each is made of. `topic`: where it is about offsets."""

    table: str
    says: str
    left: int
    right: int
    terms: dict[str, int]
    topic: str = ""

    @property
    def balanced(self) -> bool:
        return self.left == self.right

    def __str__(self) -> str:
        terms = " + ".join(f"{count:,} {name}" for name, count in self.terms.items())
        return f"{self.table}: {self.left:,} {'=' if self.balanced else '≠'} {self.right:,} ({terms})"


@dataclass(frozen=True)
class Receipt:
    domain: str
    lines: list[Line]
    lost: tuple[Lost, ...] = ()
    """Messages that are gone for good; the lines name them too."""
    notes: tuple[str, ...] = ()

    @property
    def balanced(self) -> bool:
        return all(line.balanced for line in self.lines)

    def check(self) -> "Receipt":
        wrong = [str(line) for line in self.lines if not line.balanced]
        if wrong:
            raise ReceiptError("the receipt does not balance:\n" + "\n".join(wrong))
        return self

    def as_dict(self) -> dict[str, Any]:
        lines = [asdict(line) | {"balanced": line.balanced} for line in self.lines]
        lost = [asdict(each) | {"count": each.count} for each in self.lost]
        head = {"domain": self.domain, "balanced": self.balanced}
        return head | {"lines": lines, "lost": lost, "notes": list(self.notes)}


def receipt(domain: str, settings: Settings | None = None) -> Receipt:
    settings = settings or get_settings()
    paths, catalog = Paths.of(domain, settings), load_tables(domain)
    notes: list[str] = []
    lines = list(_bronze_lines(paths, catalog, settings, notes))
    for node in catalog.layer("silver"):
        if node.first.layer == "silver":
            lines += [Line(*line) for line in follower_of(node).receipt_lines(node, paths)]
        elif entries := ledger.entries(paths, "silver", node.name):
            lines += _edge_lines(paths, node, ledger.totals(entries), catalog.source_of(node).table)
    lost = tuple(each for table in catalog.contracts for each in accepted(paths, table))
    return Receipt(domain, lines, lost, tuple(notes))


def _bronze_lines(paths: Paths, catalog: Catalog, settings: Settings, notes: list[str]) -> Iterator[Line]:
    for table, contract in catalog.contracts.items():
        files = files_now(paths, contract)
        if not files.taken and not files.set_aside and not log.exists(paths.table("bronze", table)):
            continue
        sent = _offset_balances(paths, contract, settings, notes) if contract.arrives.topic else []
        rows = log.row_count(paths.table("bronze", table)) - sum(each.rows for each in sent)
        terms = {"lines": files.lines, "files": files.taken, "files set aside": files.set_aside}
        more = {
            "lines waiting": files.waiting,
            "lines of earlier content": files.replaced,
            "lines of files that left": files.gone,
        }
        terms |= {words: count for words, count in more.items() if count}
        yield Line(f"bronze.{table}", "lines of its files = rows", rows, files.rows, terms)
        for each in sent:
            says = f"offsets of {each.topic}/{each.partition} = rows{' + lost' if each.lost else ''}"
            yield Line(f"bronze.{table}", says, each.accounted, each.expected, each.terms, each.topic)


def _offset_balances(
    paths: Paths, contract: Contract, settings: Settings, notes: list[str]
) -> list[OffsetBalance]:
    """Of each partition, where any of it was taken. The broker is asked first: what comes later is no gap."""
    topic, lost = str(contract.arrives.topic), accepted(paths, contract.table)
    kept = kept_by_broker(topic, settings)
    found = offsets_in(paths.table("bronze", contract.table), settings)
    if not found and not lost:
        return []
    if kept is None:
        notes.append(
            f"no broker answers at {settings.kafka_bootstrap}: how much waits in {topic} was not asked"
        )
    return [
        each
        for name in dict.fromkeys([topic, *(each.topic for each in found)])
        for each in balances(name, found, lost, kept if name == topic else None)
    ]


def _edge_lines(paths: Paths, node: Node, totals: dict[str, int], source: str) -> Iterator[Line]:
    name, way = str(node.ref), way_of(node.table.write)
    recycled = totals.get("recycled", 0)
    terms = {term: totals.get(term, 0) for term in way.terms}
    yield Line(name, "rows in = what became of them", totals["rows_in"], sum(terms.values()), terms)
    done, bronze = progress_of(paths, node.name), paths.table("bronze", source)
    taken = rows_taken(bronze, done) if done else 0
    waiting = log.row_count(bronze) - taken
    terms = {f"bronze.{source}": taken} | ({"rows waiting": waiting} if waiting > 0 else {})
    yield Line(name, "rows in = rows of bronze taken", totals["rows_in"], taken, terms)
    target, rejected = paths.table("silver", node.name), paths.rejected(node.name)
    app = f"{paths.domain}.{node.ref}"
    stored = {term: totals.get(term, 0) for term in way.stored}
    stored |= _under_way(target, app, done, way.rows_let_in)
    if untold := removal_untold(paths, node.name):
        stored["second copies removed, not told yet"] = untold.counts["written"]
    yield Line(name, "rows stored = rows let in", log.row_count(target), sum(stored.values()), stored)
    aside = {"rejected": totals.get("rejected", 0)}
    aside |= _under_way(rejected, app, done, lambda commit: commit.metrics.get("numOutputRows", 0))
    right = sum(aside.values())
    aside |= {"recycled since": recycled} if recycled else {}
    yield Line(rejected_of(name), "rows set aside = rows rejected", log.row_count(rejected), right, aside)


def _under_way(
    table: str, app: str, done: Progress | None, rows_in: Callable[[log.Commit], int]
) -> dict[str, int]:
    """Rows of a batch that is not finished: its job is at it, or was stopped, and the next one finishes it."""
    newest = log.last_commit_of(table, app)
    if newest is None or newest.txn is None or newest.txn[1] <= (done.at if done else 0):
        return {}
    return {"of a batch under way": rows_in(newest)}
