"""A topic as a source of a bronze table, one row per offset whatever a message holds, and the balance of its offsets.

The position is the next offset of each partition. The commit that stores a batch carries it as transactions of the
Delta log, one a partition: checkpoints of the log keep these, so a position outlives the commit it came with. Messages
that a topic forgot before they were taken are named, and passed over only when somebody accepts it.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable
from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import to_arrow_schema

from headrace.contracts.model import Contract
from headrace.contracts.rules import FROM_TOPIC, KEY_DISAGREES
from headrace.contracts.schema import bronze_schema
from headrace.errors import HeadraceError, cause_to_act_on
from headrace.lake import ledger, log
from headrace.lake.delta_rs import MOST_IN_MEMORY, duckdb_connected
from headrace.lake.lease import RunContext
from headrace.lake.ledger import Entry
from headrace.lake.paths import Paths, as_s3
from headrace.lake.session import in_memory, suit
from headrace.progress import Stopwatch
from headrace.settings import Settings
from headrace.sources.broker import (
    IDLE_MS,
    WITH_PASSWORD,
    Offsets,
    TopicClient,
    is_listening,
    offsets_now,
    password_of,
    topic_id,
)
from headrace.sources.bronze_table import Batch, BronzeTable, Then
from headrace.sources.parsing import as_bronze, ends_of_time, parsed_json, readable

READER = {
    # Spark asks where a partition begins and ends before each fetch, so few large ones are wanted.
    "kafka.max.poll.records": "20000",
    "kafka.max.partition.fetch.bytes": str(8 * 1024**2),
    "kafkaConsumer.pollTimeoutMs": "120000",  # by default as long as spark.network.timeout: a day
    "failOnDataLoss": "true",
}
SIGNS = "software.amazon.msk.auth.iam"
MOVED = {"databricks": "shadedmskiam."}  # Databricks has it in its runtime, under a name of its own
BY_PASSWORD = "org.apache.kafka.common.security.plain.PlainLoginModule"
MOVED_KAFKA = {"databricks": "kafkashaded."}
NEW_NAME = (
    "give the topic another name (in its contract: arrives), or begin a new lake with another HEADRACE_HOME"
)
Position = Mapping[int, int]
Hold = Callable[[DataFrame, int], pa.Table | None]


class TopicSource:
    """Asked for batches after `begin`. `hold` brings a batch of so many messages into memory, if it fits.
    `waiting`: messages after the last batch, by the broker's last answer."""

    name = "topic"

    def __init__(self, contract: Contract, context: RunContext, hold: Hold = in_memory) -> None:
        self.contract, self._context, self._hold = contract, context, hold
        self.topic = str(contract.arrives.topic)
        self.bronze = BronzeTable(contract, context, "topic")
        self.waiting = 0
        self._client = TopicClient(self.topic, context.settings)
        self._most = min(context.settings.max_offsets_per_trigger, MOST_IN_MEMORY)
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
        offsets, self._number = self._client.offsets(), self.bronze.last_number()
        self._check_identity(is_begun=self._number >= 0)
        stored = self._stored_position(offsets)
        if stored:
            self.bronze.finish(self._number)
            self._position = dict.fromkeys(offsets, 0) | stored  # a partition that was added begins at 0
        else:
            self._position = self._first_position(offsets)
        self._pass_accepted_losses()
        self._check(offsets, accept_loss=accept_loss)
        if not stored:
            self._store(to_arrow_schema(bronze_schema(self.contract)).empty_table(), self._position)
        self._until = {each: end for each, (_, end) in offsets.items()} if until_empty else None

    def close(self) -> None:
        self._client.close()

    def waits(self) -> bool:
        return self.waiting > 0

    def take(self, start: Callable[[], SparkSession], then: Then | None = None) -> Entry | None:
        """Stores what waits, up to the most that one batch may have, and hands it on; None where nothing does."""
        watch = Stopwatch()
        while (ends := self._plan()) is not None:
            rows = self._read(start(), ends)
            if rows is None:  # too large for the memory of one process
                self._most = max(self._most // 2, 1)
                continue
            entry = self._store(rows, ends, watch)
            if then is not None:
                then(entry, rows)
            return entry
        return None

    def _plan(self) -> dict[int, int] | None:
        """The position after the next batch; None where no message waits."""
        offsets = self._client.offsets()
        self._position = dict.fromkeys(offsets, 0) | self._position
        self._check(offsets)
        limits = {each: end for each, (_, end) in offsets.items()}
        if self._until is not None:
            limits = {each: min(end, self._until.get(each, 0)) for each, end in limits.items()}
        ends = ends_of_batch(self._position, limits, self._most)
        self.waiting = sum(limits.values()) - sum(ends.values())
        return ends if ends != self._position else None

    @property
    def _group(self) -> str:
        """Spark keeps connections by it, and refuses another way to log in under the name of a kept one."""
        security = self._context.settings.kafka_security
        return f"{self.bronze.app}:{security}" if security in WITH_PASSWORD else self.bronze.app

    def _read(self, spark: SparkSession, ends: Position) -> pa.Table | None:
        """The messages from the position to these ends, shaped as the bronze table. Where they were removed or mark
        transactions, there are fewer than offsets."""
        messages = sum(ends.values()) - sum(self._position.values())
        suit(spark, messages)
        reader = (
            spark.read.format("kafka")
            .options(**connection(self._context.settings), **READER)
            .option("subscribe", self.topic)
            .option("kafka.group.id", self._group)  # by default a new one, so connections are not kept
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
        positions = {f"{self.topic}/{each}": offset for each, offset in ends.items()}
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
        except HeadraceError as known_cause:
            return known_cause
        finally:
            self._client.close()
        return error

    def _stored_position(self, offsets: Offsets) -> dict[int, int]:
        """That of the last batch that carried any; a partition that no batch carried is left out."""
        if not log.exists(self.bronze.path):
            return {}
        table, app = DeltaTable(as_s3(self.bronze.path)), f"{self.bronze.app}/{self.topic}"
        versions = {each: table.transaction_version(f"{app}/{each}") for each in offsets}
        return {each: offset for each, offset in versions.items() if offset is not None}

    def _first_position(self, offsets: Offsets) -> dict[int, int]:
        """Of a topic that bronze has no position of: after its rows, which a lake of earlier days may have; else where
        the settings say."""
        latest = self._context.settings.starting_offsets == "latest"
        rows = offsets_in(self.bronze.path, self._context.settings) if self._number >= 0 else []
        stored = {each.partition: each.last + 1 for each in rows if each.topic == self.topic}
        begins = {each: end if latest and not stored else first for each, (first, end) in offsets.items()}
        return begins | stored

    def _pass_accepted_losses(self) -> None:
        for each in accepted(self._context.paths, self.contract.table):
            if each.topic == self.topic:
                self._position[each.partition] = max(self._position.get(each.partition, 0), each.last + 1)

    def _check(self, offsets: Offsets, *, accept_loss: bool = False) -> None:
        """Raises where the position is not one of this topic, and where messages after it are gone."""
        for number, offset in sorted(self._position.items()):
            end = offsets[number][1] if number in offsets else 0
            if end < offset:
                raise HeadraceError(
                    f"{self.topic}/{number} ends before offset {end:,}, and {offset:,} were taken from it: the topic "
                    "was made anew, or HEADRACE_KAFKA_BOOTSTRAP names other brokers. Its offsets would count twice: "
                    f"{NEW_NAME}."
                )
        lost = lost_now(self.topic, offsets, self._position)
        if lost and not accept_loss:
            raise MessagesLost(
                f"{sum(each.count for each in lost):,} messages are gone from the topic before they were taken: "
                f"{'; '.join(map(str, lost))}. Its retention ran past this reader; let it keep them for longer than "
                "the job may be down. To go on from what is left, with the loss in the receipt: "
                "headrace stream --accept-loss"
            )
        if lost:
            self._accept(lost)
            self._pass_accepted_losses()

    def _accept(self, lost: list["Lost"]) -> None:
        paths, table = self._context.paths, self.contract.table
        for each in lost:
            batch = f"lost-{each.partition:05d}-{each.first:015d}"
            entry = Entry("bronze", table, "Append", batch, self._context.run, 0, {"lost": each.count})
            ledger.record(paths, entry)
        at = datetime.now(UTC).isoformat(timespec="seconds")
        every = [*accepted(paths, table), *(replace(each, accepted_at=at) for each in lost)]
        ledger.remember(paths, "topic", table, {"lost": [asdict(each) for each in every]})

    def _check_identity(self, *, is_begun: bool) -> None:
        """Kafka gives each topic that it makes an id of its own: one made anew under its name has another, and so has
        one of that name in another cluster, however many messages either holds."""
        paths, settings, table = self._context.paths, self._context.settings, self.contract.table
        known = ledger.remembered(paths, "bronze", f"{table}.topics")
        now, before = topic_id(self.topic, settings), known.get(self.topic)
        if now == UUID(int=0) or before == str(now):
            return
        if is_begun and before is not None:
            raise HeadraceError(
                f"{self.topic} at {settings.kafka_bootstrap} (HEADRACE_KAFKA_BOOTSTRAP) is not the topic that "
                f"bronze.{table} was taken from: its id is {now}, that one's was {before}. It was made anew, or the "
                "setting leads to another cluster. Its offsets would count twice: set HEADRACE_KAFKA_BOOTSTRAP back, "
                f"{NEW_NAME}."
            )
        ledger.remember(paths, "bronze", f"{table}.topics", {**known, self.topic: str(now)})


def was_read(paths: Paths, contract: Contract) -> bool:
    """Whether bronze ever took anything from the topic that the contract names."""
    return contract.arrives.topic in ledger.remembered(paths, "bronze", f"{contract.table}.topics")


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
    options = {"kafka.bootstrap.servers": settings.kafka_bootstrap}
    if settings.kafka_security == "iam":
        signs = f"{MOVED.get(settings.spark, '')}{SIGNS}"
        options |= {
            "kafka.security.protocol": "SASL_SSL",
            "kafka.sasl.mechanism": "AWS_MSK_IAM",
            "kafka.sasl.jaas.config": f"{signs}.IAMLoginModule required;",
            "kafka.sasl.client.callback.handler.class": f"{signs}.IAMClientCallbackHandler",
        }
    if settings.kafka_security in WITH_PASSWORD:
        options |= {
            "kafka.security.protocol": WITH_PASSWORD[settings.kafka_security],
            "kafka.sasl.mechanism": "PLAIN",
            # Spark redacts this option's value wherever it shows options.
            "kafka.sasl.jaas.config": (
                f"{MOVED_KAFKA.get(settings.spark, '')}{BY_PASSWORD} required "
                f"username={_quoted(settings.kafka_user)} password={_quoted(password_of(settings))};"
            ),
            "kafka.connections.max.idle.ms": str(IDLE_MS),
            "kafka.metadata.max.age.ms": str(IDLE_MS),
        }
    return options


def _quoted(text: str) -> str:
    """As a value in a configuration of JAAS."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def as_rows(messages: DataFrame, contract: Contract) -> DataFrame:
    """Shaped as the bronze table. A producer may set any instant: one beyond the calendar is its last or its first."""
    first, last = ends_of_time("timestamp")
    line = F.when(F.col("value").isNull(), "").otherwise(readable("value"))
    lines = messages.select(
        line.alias("_line"),
        readable("key").alias("_key"),
        F.concat(F.lit(FROM_TOPIC), F.col("topic")).alias("_source"),
        F.col("partition").alias("_partition"),
        F.col("offset").alias("_offset"),
        F.greatest(F.least(F.col("timestamp"), last), first).alias("_sent_at"),
    )
    sender, parsed = contract.sender_column, parsed_json(lines, contract)
    if sender is not None:
        disagrees = F.col("_key").isNotNull() & (F.col("_key") != F.col(sender))
        text = F.concat(F.lit(KEY_DISAGREES), F.col("_key"), F.lit(" "), F.col("_line"))
        parsed = parsed.withColumn("_raw", F.coalesce(F.when(disagrees, text), "_raw"))
    return as_bronze(parsed, contract)


class MessagesLost(HeadraceError):
    """A topic forgot messages before they were taken, and nobody accepted that yet."""


@dataclass(frozen=True)
class Lost:
    """Offsets of one partition that the topic forgot; both ends are among them."""

    topic: str
    partition: int
    first: int
    last: int
    accepted_at: str = ""

    @property
    def count(self) -> int:
        return self.last - self.first + 1

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition} offsets {self.first:,} to {self.last:,} ({self.count:,})"


def lost_now(topic: str, offsets: Offsets, position: Position) -> list[Lost]:
    """What lies between the position and the first offsets that the topic still keeps."""
    return [
        Lost(topic, number, position[number], first - 1)
        for number, (first, _) in sorted(offsets.items())
        if first > position.get(number, first)
    ]


def accepted(paths: Paths, table: str) -> tuple[Lost, ...]:
    state = ledger.remembered(paths, "topic", table)
    return tuple(Lost(**each) for each in state.get("lost", ()))


@dataclass(frozen=True)
class OffsetRows:
    """One partition of a topic as the table has it."""

    topic: str
    partition: int
    first: int
    last: int
    rows: int
    distinct: int


def offsets_in(table: str, settings: Settings) -> list[OffsetRows]:
    """Only rows of a topic have a partition: files without any are passed by, and few are read ahead."""
    if not log.exists(table):
        return []
    batches = (
        DeltaTable(table)
        .to_pyarrow_dataset()
        .scanner(
            columns=["_source", "_partition", "_offset"],
            filter=pc.field("_partition").is_valid(),
            batch_readahead=2,
            fragment_readahead=1,
        )
        .to_reader()
    )
    with duckdb_connected(settings) as db:
        db.register("bronze", batches)
        rows = db.execute(
            f"""SELECT _source, _partition, min(_offset), max(_offset), count(*), count(DISTINCT _offset)
                FROM bronze WHERE _source LIKE '{FROM_TOPIC}%' GROUP BY ALL ORDER BY ALL"""
        ).fetchall()
    return [OffsetRows(row[0].removeprefix(FROM_TOPIC), *row[1:]) for row in rows]


@dataclass(frozen=True)
class OffsetBalance:
    """One partition: the offsets that it has had, those that are rows or known to be lost, and what makes them up.
    `gone`: forgotten though nobody took them, a loss that was not accepted yet."""

    topic: str
    partition: int
    rows: int
    lost: int
    gone: int
    waiting: int
    expected: int
    accounted: int
    terms: dict[str, int]


def balances(
    topic: str, partitions: Iterable[OffsetRows], lost: Iterable[Lost], offsets: Offsets | None
) -> list[OffsetBalance]:
    """offsets: the broker's, where one answered."""
    rows = {each.partition: each for each in partitions if each.topic == topic}
    missing: dict[int, list[Lost]] = {}
    for each in lost:
        if each.topic == topic:
            missing.setdefault(each.partition, []).append(each)
    offsets = offsets or {}
    return [
        _balance(topic, each, rows.get(each), missing.get(each, []), offsets.get(each, (0, 0)))
        for each in sorted({*rows, *missing, *offsets})
    ]


def _balance(
    topic: str, partition: int, stored: OffsetRows | None, lost: list[Lost], bounds: tuple[int, int]
) -> OffsetBalance:
    known: list[Lost | OffsetRows] = [*lost, *([stored] if stored else [])]
    taken = max((each.last for each in known), default=-1) + 1
    first = min((each.first for each in known), default=taken)
    gone = max(bounds[0] - taken, 0) if taken else 0
    waiting = max(bounds[1] - max(taken, bounds[0]), 0)
    expected = taken + gone - first
    rows, doubled = (stored.rows, stored.rows - stored.distinct) if stored else (0, 0)
    count = sum(each.count for each in lost)
    terms = {f"offsets {first:,} to {taken + gone - 1:,}": expected} if expected else {}
    terms |= {"rows": rows, "doubled": doubled} if stored else {}
    terms |= {f"offsets {each.first:,} to {each.last:,} lost": each.count for each in lost}
    more = {"gone from the topic before they were taken": gone, "waiting in the topic": waiting}
    terms |= {name: number for name, number in more.items() if number}
    # An offset that is there twice is taken off again, so that it cannot fill a gap.
    accounted = rows - 2 * doubled + count
    return OffsetBalance(topic, partition, rows, count, gone, waiting, expected, accounted, terms)


def kept_by_broker(topic: str, settings: Settings) -> Offsets | None:
    """None where no broker answers."""
    if not is_listening(settings):
        return None
    try:
        return offsets_now(topic, settings)
    except HeadraceError:
        return None
