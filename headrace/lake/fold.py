"""Folds the old entries of one edge into one object, so that a job that stands for months leaves no mountain of them.

The one is written whole before the many go, and says which it holds: whoever is killed in between leaves objects that
count no more, and the next folding removes them. Done under the lease of the table.
"""

from dataclasses import asdict

from headrace.lake import ledger, objects
from headrace.lake.ledger import Entry, Fold, numbered
from headrace.lake.paths import Paths

KEPT = 200
"""The newest stay as they are: a batch that was killed half way writes its entry again."""


def fold_old_entries(paths: Paths, layer: str, table: str, *, kept: int = KEPT) -> int:
    """How many objects are gone; few are left alone."""
    before, home = ledger.fold_of(paths, layer, table), paths.ledger(layer, table)
    told = ledger.batches_told(paths, layer, table)
    old = _old(told, kept)
    new = [batch for batch in old if not before.holds(batch)]
    if len(new) >= kept:
        found = [objects.get_json(f"{home}/{batch}.json") for batch in new]
        after = _folded(before, [Entry(**each) for each in found])
        objects.put_json(f"{home}/{ledger.FOLDED}.json", asdict(after))
        before = after
    gone = [batch for batch in old if before.holds(batch)]
    for batch in gone:
        objects.delete(f"{home}/{batch}.json")
    return len(gone)


def _old(told: list[str], kept: int) -> list[str]:
    """All but the newest of each kind of batch."""
    kinds: dict[str, list[tuple[int, str]]] = {}
    for batch in told:
        words, number = numbered(batch)
        if number >= 0:
            kinds.setdefault(words, []).append((number, batch))
    return [batch for each in kinds.values() for _, batch in sorted(each)[: max(len(each) - kept, 0)]]


def _folded(before: Fold, found: list[Entry]) -> Fold:
    every = [before.entry, *found] if before.entry else found
    counts = ledger.totals(every)
    newest = max(every, key=lambda entry: (entry.finished_at, entry.version or 0))
    one = Entry(
        layer=newest.layer, table=newest.table, write=newest.write, batch=ledger.FOLDED, run=newest.run,
        rows_in=counts.pop("rows_in"), counts=counts, version=newest.version, upstream=newest.upstream,
        seconds=round(sum(entry.seconds for entry in every), 3), finished_at=newest.finished_at,
    )  # fmt: skip
    through = dict(before.through)
    for entry in found:
        words, number = numbered(entry.batch)
        through[words] = max(through.get(words, -1), number)
    return Fold(one, through)
