"""Fills a topic with as many messages as a load test wants: made by the generator, sent by Spark."""

from headrace.lake.session import get_spark
from headrace.live.new_topic import AS_THE_BROKER_SAYS, make_topic
from headrace.live.topic import connection
from headrace.progress import Event, Stopwatch, tell
from headrace.settings import Settings
from simulation.producer.continuation import Continued, topic_contract
from simulation.producer.outbox import Cursor
from simulation.producer.topic_producer import STAGE, Sent

MOST_AT_ONCE = 4_000_000
SIDE_BY_SIDE = 2  # tasks, each with half of the senders; all at once, so that time goes on alike


def fill(
    domain: str,
    settings: Settings,
    messages: int,
    *,
    senders: int | None = None,
    table: str | None = None,
    partitions: int = AS_THE_BROKER_SAYS,
) -> Sent:
    """In the order of their time, as they would have come. Late ones go with the rest: a full topic has no clock."""
    contract, sent, watch = topic_contract(domain, table), 0, Stopwatch()
    topic = str(contract.arrives.topic)
    make_topic(topic, settings, partitions)
    spark = get_spark(settings)
    source = Continued(domain, contract, settings, min(messages, MOST_AT_ONCE), senders)
    try:
        while sent < messages:
            chunk = (source.outbox.waiting() or [source.make_next()])[0]
            rows = spark.read.parquet(str(source.waiting_of(chunk)))
            count = rows.count()
            ordered = (
                rows.repartition(SIDE_BY_SIDE, "key").sortWithinPartitions("send_at").select("key", "value")
            )
            ordered.write.format("kafka").options(**connection(settings), topic=topic).save()
            source.outbox.move(Cursor(chunk, count, count))
            sent += count
            note = f"{sent / watch.seconds:,.0f} a second"
            tell(Event(STAGE, topic, "going", rows=sent, seconds=watch.seconds, note=note))
    finally:
        source.close()
    tell(Event(STAGE, topic, "done", rows=sent, seconds=watch.seconds))
    return Sent(topic, sent, watch.seconds)
