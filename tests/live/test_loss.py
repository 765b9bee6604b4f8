"""Messages that a topic forgot before they were taken are told and counted, never skipped in silence."""

import pytest
from kafka import KafkaAdminClient, TopicPartition

from headrace.errors import HeadraceError
from headrace.lake import ledger
from headrace.operate.receipt import Line, receipt
from headrace.sources import topic
from headrace.sources.broker import offsets_now
from headrace.sources.topic import MessagesLost, lost_now
from tests.live.conftest import LiveStation
from tests.spark.refine.conftest import stroke


def forgets(live: LiveStation, before: int) -> int:
    """As if retention had run: the partition of key P1 begins at an offset, at once. Says which partition."""
    assert live.broker is not None
    (number,) = [n for n, (_, end) in offsets_now("strokes", live.settings).items() if end]
    admin = KafkaAdminClient(bootstrap_servers=live.broker.address)
    admin.delete_records({TopicPartition("strokes", number): before})
    admin.close()
    return number


def offsets_line(live: LiveStation) -> Line:
    lines = [line for line in receipt("pumps", live.settings).lines if line.topic]
    (found,) = [line for line in lines if line.left]
    return found


def test_a_loss_stops_the_job_until_it_is_accepted_and_stays_in_the_receipt(live: LiveStation) -> None:
    live.sends(stroke(1), stroke(2), stroke(3))
    live.stands()
    live.sends(stroke(4), stroke(5), stroke(6))
    number = forgets(live, 5)
    with pytest.raises(
        MessagesLost, match=rf"2 messages .*strokes/{number} offsets 3 to 4 \(2\).*--accept-loss"
    ):
        live.stands()
    assert live.table("bronze", "strokes").count() == 3
    line = offsets_line(live)
    assert (line.left, line.right) == (3, 5)
    assert line.terms["gone from the topic before they were taken"] == 2
    assert line.terms["waiting in the topic"] == 1

    live.stands(accept_loss=True)

    good = live.table("silver", "strokes").select("stroke_id").collect()
    assert sorted(row.stroke_id for row in good) == ["K1", "K2", "K3", "K6"]
    found = receipt("pumps", live.settings).check()
    assert [(each.partition, each.first, each.last, each.count) for each in found.lost] == [(number, 3, 4, 2)]
    assert all(each.accepted_at for each in found.lost)
    line = offsets_line(live)
    assert line.terms == {"offsets 0 to 5": 6, "rows": 4, "doubled": 0, "offsets 3 to 4 lost": 2}
    told = [
        entry.counts for entry in ledger.entries(live.paths, "bronze", "strokes") if "lost" in entry.counts
    ]
    assert told == [{"lost": 2}]

    live.sends(stroke(7))
    live.stands()
    assert live.table("silver", "strokes").count() == 5
    receipt("pumps", live.settings).check()


def test_messages_that_go_while_the_job_stands_are_named_too(
    live: LiveStation, monkeypatch: pytest.MonkeyPatch
) -> None:
    live.sends(stroke(1))
    live.stands()
    live.sends(stroke(2), stroke(3))
    number = forgets(live, 2)
    with monkeypatch.context() as patch:
        looks = iter([[], []])  # as if they went just after the batch was planned
        patch.setattr(topic, "lost_now", lambda *given: next(looks, None) or lost_now(*given))
        with pytest.raises(MessagesLost, match=rf"strokes/{number} offsets 1 to 1 \(1\)"):
            live.stands()
    receipt_line = offsets_line(live)
    assert not receipt_line.balanced


def test_a_topic_that_was_made_anew_is_not_read_on(live: LiveStation) -> None:
    live.sends(stroke(1), stroke(2))
    live.stands()
    admin = KafkaAdminClient(bootstrap_servers=live.settings.kafka_bootstrap)
    admin.delete_topics(["strokes"])
    admin.close()
    assert live.broker is not None
    live.broker.make_topic("strokes", partitions=2)
    with pytest.raises(HeadraceError, match="made anew"):
        live.stands()


def test_what_a_topic_forgets_before_its_first_message_was_taken_is_a_loss(live: LiveStation) -> None:
    live.stands()
    live.sends(stroke(1), stroke(2))
    number = forgets(live, 1)
    with pytest.raises(MessagesLost, match=rf"strokes/{number} offsets 0 to 0 \(1\)"):
        live.stands()
