"""Of each period the newest delivery is stored and nothing else, whatever the order and the batches it comes in."""

import random
from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from headrace.lake import log
from headrace.tables import Newest
from headrace.writes.batch import Batch
from tests.spark.writes.conftest import Feed, Killed, Row, dies

SENT = datetime(2024, 1, 1)
Delivery = tuple[datetime, str]


def due(month: int, number: int, sent: int, amount: float = 1.0, file: str = "f") -> Row:
    return {
        "due_id": f"D{month}-{number}", "month": date(2024, month, 1), "vessel_id": "V1", "amount": amount,
        "_sent_at": SENT + timedelta(days=sent), "_source": file, "_offset": number, "_ingested_at": SENT,
    }  # fmt: skip


def deliveries(seed: int) -> list[list[Row]]:
    """Files of one or several months, some at one instant, out of order, cut through anywhere into batches."""
    dice, rows = random.Random(seed), []
    for number in range(40):
        sent, months = dice.randrange(25), dice.sample(range(1, 13), dice.choice([1, 1, 2, 4]))
        for month in months:
            rows += [
                due(month, each, sent, float(dice.randrange(99)), f"f{number}")
                for each in range(dice.randrange(1, 7))
            ]
        if dice.random() < 0.3:
            rows.append(due(1, 99, sent, file=f"f{number}") | {"month": None})
    cuts = sorted(dice.sample(range(1, len(rows)), 4))
    return [rows[a:b] for a, b in zip([0, *cuts], [*cuts, len(rows)], strict=True)]


class Months:
    """The slow reading: one row after the other."""

    def __init__(self) -> None:
        self.delivery: dict[date, Delivery] = {}
        self.rows: dict[date, list[Row]] = {}

    def take(self, batch: list[Row]) -> Counter[str]:
        counts: Counter[str] = Counter()
        for row in batch:
            month, delivery = row["month"], (row["_sent_at"], row["_source"])
            if month is None:
                counts["rejected"] += 1
            elif month in self.delivery and delivery < self.delivery[month]:
                counts["replaced"] += 1
            else:
                if self.delivery.get(month) != delivery:
                    gone = len(self.rows.get(month, ()))
                    counts["replaced"] += gone
                    counts["written"] -= gone
                    self.delivery[month], self.rows[month] = delivery, []
                self.rows[month].append(row)
                counts["written"] += 1
        return counts


@pytest.mark.parametrize("seed", [1, 2])
def test_any_deliveries_in_any_batches_leave_the_newest_of_each_month(feed_of: Any, seed: int) -> None:
    dues: Feed = feed_of("harbour_dues", Newest(period="month"))
    dues.has_vessels("V1")
    slow, rows = Months(), 0
    for batch in deliveries(seed):
        counts, expected = dues.takes(batch), slow.take(batch)
        assert counts == {term: expected[term] for term in dues.edge.way.terms}
        rows += counts["written"]
        assert rows == log.row_count(dues.edge.target)
    left = [(row["due_id"], row["amount"]) for month in slow.rows.values() for row in month]
    assert dues.stored("due_id", "amount") == sorted(left)


def test_a_correction_touches_only_the_partition_of_its_month(feed_of: Any) -> None:
    dues: Feed = feed_of("harbour_dues")
    dues.has_vessels("V1")
    dues.takes([due(1, 1, 1), due(1, 2, 1), due(2, 1, 1)])
    assert dues.takes([due(1, 1, 5, 9.0, "g")]) == {"written": -1, "replaced": 2, "rejected": 0}
    assert dues.stored("due_id", "amount") == [("D1-1", 9.0), ("D2-1", 1.0)]
    commit = log.commit(dues.edge.target, log.version(dues.edge.target))
    assert commit is not None
    assert commit.partitions("month") == {"2024-01-01"}


def test_a_correction_that_is_rejected_whole_corrects_nothing(feed_of: Any) -> None:
    dues: Feed = feed_of("harbour_dues")
    dues.has_vessels("V1")
    dues.takes([due(1, 1, 1)])
    assert dues.takes([due(1, 1, 5) | {"vessel_id": "V9"}]) == {"written": 0, "replaced": 0, "rejected": 1}
    assert dues.stored("due_id") == [("D1-1",)]


def test_a_batch_killed_half_way_is_done_again_to_the_same_end(
    feed_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    dues: Feed = feed_of("harbour_dues")
    dues.has_vessels("V1")
    dues.takes([due(1, 1, 1), due(1, 2, 1)])
    batch = [due(1, 1, 5, 9.0), due(1, 3, 5) | {"vessel_id": "V9"}, due(2, 1, 5)]

    with monkeypatch.context() as patch:
        patch.setattr(Batch, "replace", dies)
        with pytest.raises(Killed):
            dues.takes(batch)
    dues.has_vessels("V1", "V9")
    expected = {"written": 0, "replaced": 2, "rejected": 1}
    assert dues.takes(batch, dues.last) == expected
    assert dues.takes(batch, dues.last) == expected
    assert dues.stored("due_id", "amount") == [("D1-1", 9.0), ("D2-1", 1.0)]
