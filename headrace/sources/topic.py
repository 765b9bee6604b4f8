"""A topic as a source of a bronze table: one row per offset, whatever a message holds.

The position is the next offset of each partition. The commit that stores a batch carries it as transactions of the
Delta log, one a partition: checkpoints of the log keep these, so a position outlives the commit it came with. A batch
is planned from the broker's end offsets, and Spark reads between explicit offsets.
"""

import json
from collections.abc import Callable, Mapping
from uuid import UUID

import pyarrow as pa
from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import to_arrow_schema

from headrace.contracts.model import Contract
from headrace.contracts.rules import KEY_DISAGREES
from headrace.contracts.schema import bronze_schema
from headrace.errors import HeadraceError, cause_to_act_on
from headrace.lake import ledger
from headrace.lake.ledger import Entry
from headrace.lake.run_context import RunContext
from headrace.lake.session import in_memory, suit
from headrace.progress import Stopwatch
from headrace.settings import Settings
from headrace.sources.broker import Offsets, TopicClient, topic_id
from headrace.sources.bronze_table import Batch, BronzeTable, Then, nothing_more
from headrace.sources.offset_balance import FROM_TOPIC, offsets_in
from headrace.sources.parsing import as_bronze, ends_of_time, parsed_json
from headrace.sources.retention_loss import MessagesLost, accept, accepted, lost_now

MOST_AT_ONCE = 2_000_000
"""Messages of one batch: all of them pass through the memory of one process."""
READER = {
    # Spark asks where a partition begins and ends before each fetch, so few large ones are wanted.
    "kafka.max.poll.records": "20000",
    "kafka.max.partition.fetch.bytes": str(8 * 1024**2),
    "kafkaConsumer.pollTimeoutMs": "120000",  # by default as long as spark.network.timeout: a day
    "failOnDataLoss": "true",
}
SIGNS = "software.amazon.msk.auth.iam"
MOVED = {"databricks": "shadedmskiam."}  # Databricks has it in its runtime, under a name of its own
NEW_NAME = (
    "give the topic another name (in its contract: arrives), or begin a new lake with another HEADRACE_HOME"
)
Position = Mapping[int, int]
Hold = Callable[[DataFrame, int], pa.Table | None]


def held_in_memory(rows: DataFrame, expected: int) -> pa.Table | None:  # noqa: ARG001 - others look at it
    """All rows in this process, unless they are larger than Spark's driver takes."""
    return in_memory(rows)


class TopicSource:
    """Asked for batches after `begin`. `hold` brings a batch of so many messages into memory, if it fits.
    `waiting`: messages after the last batch, by the broker's last answer."""

    name = "topic"

    def __init__(self, contract: Contract, context: RunContext, hold: Hold = held_in_memory) -> None:
        self.contract, self._context, self._hold = contract, context, hold
        self.topic = str(contract.arrives.topic)
        self.bronze = BronzeTable(contract, context, "topic")
        self.waiting = 0
        self._client = TopicClient(self.topic, context.settings)
        self._most = min(context.settings.max_offsets_per_trigger, MOST_AT_ONCE)
        self._position: dict[int, int] = {}
        self._until: Position | None = None
        self._number = -1

    @property
    def is_begun(self) -> bool:
        """Whether it was ever read."""
        return self.bronze.last_number() >= 0

    def begin(self, *, accept_loss: bool = False, until_empty: bool = False) -> None:
        """Finds the position and checks that it is one of this very topic. A topic that was never read gets a commit
        without rows, so that what it forgets from then on is missed. until_empty: later messages are left."""
        kept, self._number = self._client.offsets(), self.bronze.last_number()
        self._check_identity(is_begun=self._number >= 0)
        stored = self._stored_position(kept)
        if stored:
            self.bronze.finish(self._number)
            self._position = dict.fromkeys(kept, 0) | stored  # a partition that was added begins at 0
        else:
            self._position = self._first_position(kept)
        self._pass_accepted_losses()
        self._check(kept, accept_loss=accept_loss)
        if not stored:
            self._store(_no_rows(self.contract), self._position)
        self._until = {each: end for each, (_, end) in kept.items()} if until_empty else None

    def close(self) -> None:
        self._client.close()

    def waits(self) -> bool:
        return self.waiting > 0

    def take(self, start: Callable[[], SparkSession], then: Then = nothing_more) -> Entry | None:
        """Stores what waits, up to the most that one batch may have, and hands it on; None where nothing does."""
        watch = Stopwatch()
        while (ends := self._plan()) is not None:
            rows = self._read(start(), ends)
            if rows is None:  # too large for the memory of one process
                self._most = max(self._most // 2, 1)
                continue
            entry = self._store(rows, ends, watch)
            then(entry, rows)
            return entry
        return None

    def _plan(self) -> dict[int, int] | None:
        """The position after the next batch; None where no message waits."""
        kept = self._client.offsets()
        self._position = dict.fromkeys(kept, 0) | self._position
        self._check(kept)
        limits = {each: end for each, (_, end) in kept.items()}
        if self._until is not None:
            limits = {each: min(end, self._until.get(each, 0)) for each, end in limits.items()}
        ends = ends_of_batch(self._position, limits, self._most)
        self.waiting = sum(limits.values()) - sum(ends.values())
        return ends if ends != self._position else None

    def _read(self, spark: SparkSession, ends: Position) -> pa.Table | None:
        """The messages from the position to these ends, shaped as the bronze table. Where they were removed or mark
        transactions, there are fewer than offsets."""
        messages = sum(ends.values()) - sum(self._position.values())
        suit(spark, messages)
        reader = (
            spark.read.format("kafka")
            .options(**connection(self._context.settings), **READER)
            .option("subscribe", self.topic)
            .option("kafka.group.id", self.bronze.app)  # by default a new one, so connections are not kept
            .option("startingOffsets", json.dumps({self.topic: self._position}))
            .option("endingOffsets", json.dumps({self.topic: ends}))
        )
        try:
            return self._hold(as_rows(reader.load(), self.contract), messages)
        except (PySparkException, Py4JError) as error:
            cause = self._cause_of(error)
            raise cause from (error if cause is not error else None)

    def _store(self, rows: pa.Table, ends: Position, watch: Stopwatch | None = None) -> Entry:
        """Commits rows and the position after them."""
        positions = {self._of_partition(each): offset for each, offset in ends.items()}
        entry = self.bronze.append(Batch(self._number + 1, rows, {self.topic: ends}, positions), watch)
        self._number, self._position = self._number + 1, dict(ends)
        return entry

    def _cause_of(self, error: BaseException) -> BaseException:
        """Why reading failed: as the broker says, where it knows, else the error as it is."""
        if (known := cause_to_act_on(error)) is not None:
            return known
        try:
            self._check(self._client.offsets())
            for partition, offset in self._position.items():
                self._client.read_one(partition, offset)
        except HeadraceError as found:
            return found
        finally:
            self._client.close()
        return error

    def _of_partition(self, number: int) -> str:
        return f"{self.topic}/{number}"

    def _stored_position(self, kept: Offsets) -> dict[int, int]:
        found = self.bronze.offsets_of(map(self._of_partition, kept))
        return {each: found[name] for each in kept if (name := self._of_partition(each)) in found}

    def _first_position(self, kept: Offsets) -> dict[int, int]:
        """Of a topic that bronze has no position of: after its rows, which a lake of earlier days may have; else where
        the settings say."""
        latest = self._context.settings.starting_offsets == "latest"
        rows = offsets_in(self.bronze.path, self._context.settings) if self._number >= 0 else []
        stored = {each.partition: each.last + 1 for each in rows if each.topic == self.topic}
        begins = {each: end if latest and not stored else first for each, (first, end) in kept.items()}
        return begins | stored

    def _pass_accepted_losses(self) -> None:
        for each in accepted(self._context.paths, self.contract.table):
            if each.topic == self.topic:
                self._position[each.partition] = max(self._position.get(each.partition, 0), each.last + 1)

    def _check(self, kept: Offsets, *, accept_loss: bool = False) -> None:
        """Raises where the position is not one of this topic, and where messages after it are gone."""
        for number, offset in sorted(self._position.items()):
            end = kept[number][1] if number in kept else 0
            if end < offset:
                raise HeadraceError(
                    f"{self.topic}/{number} ends before offset {end:,}, and {offset:,} were taken from it: the topic "
                    "was made anew, or HEADRACE_KAFKA_BOOTSTRAP names other brokers. Its offsets would count twice: "
                    f"{NEW_NAME}."
                )
        lost = lost_now(self.topic, kept, self._position)
        if lost and not accept_loss:
            raise MessagesLost(lost)
        if lost:
            accept(self._context, self.contract.table, lost)
            self._pass_accepted_losses()

    def _check_identity(self, *, is_begun: bool) -> None:
        """Kafka gives each topic that it makes an id of its own: one made anew under its name has another, and so has
        one of that name in another cluster, however many messages either holds."""
        paths, settings, table = self._context.paths, self._context.settings, self.contract.table
        known = ledger.remembered(paths, "bronze", f"{table}.topics")
        found, before = topic_id(self.topic, settings), known.get(self.topic)
        if found == UUID(int=0) or before == str(found):
            return
        if is_begun and before is not None:
            raise HeadraceError(
                f"{self.topic} at {settings.kafka_bootstrap} (HEADRACE_KAFKA_BOOTSTRAP) is not the topic that "
                f"bronze.{table} was taken from: its id is {found}, that one's was {before}. It was made anew, or the "
                "setting leads to another cluster. Its offsets would count twice: set HEADRACE_KAFKA_BOOTSTRAP back, "
                f"{NEW_NAME}."
            )
        ledger.remember(paths, "bronze", f"{table}.topics", {**known, self.topic: str(found)})


def ends_of_batch(position: Position, limits: Position, most: int) -> dict[int, int]:
    """Where a batch of at most so many messages ends: each partition gives its share of what waits in all of them."""
    waits = {number: max(limits[number] - offset, 0) for number, offset in position.items()}
    total = sum(waits.values())
    if total <= most:
        return {number: offset + waits[number] for number, offset in position.items()}
    shares = {
        number: -(-most * count // total) for number, count in waits.items()
    }  # upwards: none stands still
    return {number: offset + min(shares[number], waits[number]) for number, offset in position.items()}


def connection(settings: Settings) -> dict[str, str]:
    """Spark's options for Kafka's brokers."""
    known = {"kafka.bootstrap.servers": settings.kafka_bootstrap}
    return known | (_signed(settings) if settings.kafka_security == "iam" else {})


def _signed(settings: Settings) -> dict[str, str]:
    signs = f"{MOVED.get(settings.spark, '')}{SIGNS}"
    return {
        "kafka.security.protocol": "SASL_SSL",
        "kafka.sasl.mechanism": "AWS_MSK_IAM",
        "kafka.sasl.jaas.config": f"{signs}.IAMLoginModule required;",
        "kafka.sasl.client.callback.handler.class": f"{signs}.IAMClientCallbackHandler",
    }


def as_rows(messages: DataFrame, contract: Contract) -> DataFrame:
    line = F.when(F.col("value").isNull(), "").otherwise(_readable("value"))
    lines = messages.select(
        line.alias("_line"),
        _readable("key").alias("_key"),
        F.concat(F.lit(FROM_TOPIC), F.col("topic")).alias("_source"),
        F.col("partition").alias("_partition"),
        F.col("offset").alias("_offset"),
        _within_calendar("timestamp").alias("_sent_at"),
    )
    sender = contract.sender_column
    parsed = parsed_json(lines, contract)
    if sender is not None:
        disagrees = F.col("_key").isNotNull() & (F.col("_key") != F.col(sender))
        told = F.concat(F.lit(KEY_DISAGREES), F.col("_key"), F.lit(" "), F.col("_line"))
        parsed = parsed.withColumn("_raw", F.coalesce(F.when(disagrees, told), "_raw"))
    return as_bronze(parsed, contract)


def _within_calendar(name: str) -> Column:
    """A producer may set any instant; what lies beyond is the last or the first that can be told."""
    first, last = ends_of_time("timestamp")
    return F.greatest(F.least(F.col(name), last), first)


def _readable(name: str) -> Column:
    """Bytes as text; what is none is kept in another spelling."""
    text = F.expr(f"is_valid_utf8(CAST({name} AS STRING))")
    return F.when(text, F.col(name).cast("string")).otherwise(F.concat(F.lit("base64:"), F.base64(name)))


def _no_rows(contract: Contract) -> pa.Table:
    return to_arrow_schema(bronze_schema(contract)).empty_table()
