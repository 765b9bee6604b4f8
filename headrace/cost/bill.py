"""What a run costs, service by service: before it starts, from its plan, and after it, from what it took."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from headrace.cost.environments import CORES_A_NODE, MAIN_TYPE, NODE_TYPE, Environment
from headrace.cost.rates import Prices, Speeds, prices, speeds
from headrace.errors import UsageError

GB, MILLION, HOUR = 1e9, 1e6, 3600.0
LEAST_HOURS, MOST_HOURS, MOST_A_SECOND = 0.01, 10 * 365 * 24, 1_000_000_000
GB_A_CORE = 4  # of EMR Serverless, whose workers have 4 cores and 16 GB unless they are told otherwise
PARTITIONS = 12  # of what is read and what is told, six each
SCANNED_OF_LAKE, ASKED_AN_HOUR = 0.002, 10


@dataclass(frozen=True)
class Work:
    """What is asked of an environment for so many hours: rows made and refined, and rows that arrive live."""

    rows: float
    hours: float
    readings_per_second: float = 0.0
    generates: bool = True

    @property
    def all_rows(self) -> float:
        return self.rows + self.readings_per_second * self.hours * HOUR


@dataclass(frozen=True)
class Line:
    service: str
    what: str
    dollars: float


@dataclass(frozen=True)
class Bill:
    """`fits`: whether the environment can do it in the hours that were asked for. Where it can't, the bill is for the
    hours that it takes."""

    environment: str
    asked_hours: float
    hours: float
    nodes: int
    rows: float
    lines: tuple[Line, ...]
    batch_hours: float
    fits: bool

    @property
    def dollars(self) -> float:
        return sum(line.dollars for line in self.lines)

    @property
    def per_million(self) -> float:
        """Of source rows, those that arrive live among them."""
        return self.dollars / self.rows * MILLION if self.rows else 0.0

    @property
    def by_service(self) -> dict[str, float]:
        found: dict[str, float] = {}
        for line in self.lines:
            found[line.service] = found.get(line.service, 0.0) + line.dollars
        return found


def estimated(work: Work, place: Environment) -> Bill:
    """As many nodes as the work wants within its hours, from the environment's least to its most; serverless takes the
    most at once and is done sooner."""
    within("--hours", work.hours, LEAST_HOURS, MOST_HOURS)
    within("--readings-per-second", work.readings_per_second, 0, MOST_A_SECOND)
    batch, held = core_hours(work), _live_cores(work, place)
    if work.rows and not place.has_cluster:
        held += CORES_A_NODE  # the run's driver
    wanted = math.ceil((batch / work.hours + held) / CORES_A_NODE)
    nodes = min(max(wanted, place.core_nodes), place.most_nodes) if place.has_cluster else place.most_nodes
    free = nodes * CORES_A_NODE - held
    if free < 0 or (batch and not free):
        raise UsageError(
            f"{place.name} has {nodes} nodes at most, which what is live and the drivers take up: no number of hours "
            "would do. Give it more --nodes (most_nodes, or most_cores where it is serverless) or fewer "
            "--readings-per-second"
        )
    took = batch / free if batch else 0.0
    if wanted <= nodes:
        return _bill(work, place, nodes, batch_hours=took)
    return replace(
        _bill(replace(work, hours=took), place, nodes, batch_hours=took), asked_hours=work.hours, fits=False
    )


def within(option: str, given: float, least: float, most: float) -> None:
    if not least <= given <= most:  # also where it is no number
        raise UsageError(f"{option} is from {least:g} to {most:,}, not {given}")


def measured(rows: float, seconds: float, lake_bytes: float, place: Environment, hours: float) -> Bill:
    """Of work that is done: on the nodes that are always there, for as long as the environment stood for it."""
    work = Work(rows, max(hours, seconds / HOUR), generates=False)
    return _bill(work, place, place.core_nodes, batch_hours=seconds / HOUR, lake_gb=lake_bytes / GB)


def dollars_an_hour(place: Environment) -> float:
    """Of an environment at its most, whatever it does."""
    return _bill(Work(0, 1), place, place.most_nodes, batch_hours=0 if place.has_cluster else 1).dollars


def core_hours(work: Work) -> float:
    """Of one core on a cluster."""
    speed = speeds()
    seconds = speed.core_seconds(speed.refine, work.rows)
    fixed = speed.refine["fixed_seconds"] if work.rows else 0.0
    if work.generates and work.rows:
        seconds += speed.core_seconds(speed.generate, work.rows)
        fixed += speed.generate["fixed_seconds"]
    return (seconds / speed.left_on_a_cluster + fixed) / HOUR


def _bill(
    work: Work,
    place: Environment,
    nodes: int,
    *,
    batch_hours: float,
    lake_gb: float | None = None,
) -> Bill:
    price, speed = prices(), speeds()
    stored = lake_gb if lake_gb is not None else work.all_rows * speed.bytes_a_row["lake"] / GB
    landed = work.rows * speed.bytes_a_row["landing"] / GB
    lines = (
        *(_emr if place.has_cluster else _emr_serverless)(work, place, nodes, batch_hours, price),
        *(_msk if place.has_brokers else _msk_serverless)(work, place, price, speed),
        *_s3(work, stored + landed, batch_hours, price, speed),
        *_rest(work.hours, place, stored, price),
    )
    return Bill(place.name, work.hours, work.hours, nodes, work.all_rows, lines, batch_hours, fits=True)


def _live_cores(work: Work, place: Environment) -> float:
    """What the standing job holds: of EMR Serverless whole workers, and its driver."""
    live = speeds().cores_for(work.readings_per_second)
    if place.has_cluster or not live:
        return live
    return (math.ceil(live / CORES_A_NODE) + 1) * CORES_A_NODE


def _emr(work: Work, place: Environment, nodes: int, _: float, price: Prices) -> Iterator[Line]:
    hours = work.hours
    a_node, fee = price.of(f"ec2 {NODE_TYPE}"), price.of(f"emr {NODE_TYPE}")
    spare = max(nodes - place.core_nodes, 0)
    main = price.of(f"ec2 {MAIN_TYPE}") + price.of(f"emr {MAIN_TYPE}")
    yield Line("EMR", f"1 {MAIN_TYPE}, the first node", main * hours)
    yield Line("EMR", f"{place.core_nodes} {NODE_TYPE} on demand", (a_node + fee) * place.core_nodes * hours)
    if spare:
        spot = a_node * price.of("spot share") + fee
        yield Line("EMR", f"{spare} {NODE_TYPE} as spot", spot * spare * hours)
    disks = price.month_of("ebs gp3", hours) * place.node_gb * nodes
    yield Line("EMR", f"disks of {nodes * place.node_gb} GB", disks)


def _emr_serverless(
    work: Work, place: Environment, nodes: int, batch_hours: float, price: Prices
) -> Iterator[Line]:
    """All workers while the batch work lasts, and those of the standing job before and after."""
    cores = nodes * CORES_A_NODE * batch_hours + _live_cores(work, place) * (work.hours - batch_hours)
    a_core = price.of("emr serverless core") + price.of("emr serverless memory") * GB_A_CORE
    yield Line("EMR", f"{cores:,.1f} hours of a serverless core and {GB_A_CORE} GB", a_core * cores)


def _msk(work: Work, place: Environment, price: Prices, speed: Speeds) -> Iterator[Line]:
    brokers = price.of(f"msk {place.broker_type}") * place.brokers * work.hours
    yield Line("MSK", f"{place.brokers} {place.broker_type}", brokers)
    kept = min(work.hours, place.retention_hours) * HOUR * work.readings_per_second
    needed = kept * speed.bytes_a_row["message"] * place.brokers / GB  # a copy on each of them
    disks = max(needed, place.broker_gb * place.brokers)
    yield Line("MSK", f"{disks:,.0f} GB on the brokers", price.month_of("msk storage", work.hours) * disks)
    passed = work.readings_per_second * work.hours * HOUR * speed.bytes_a_row["message"] / GB
    if passed:
        yield Line("MSK", f"{passed:,.1f} GB from zone to zone", passed * price.of("transfer"))


def _msk_serverless(work: Work, place: Environment, price: Prices, speed: Speeds) -> Iterator[Line]:
    standing = price.of("msk serverless") + price.of("msk serverless partition") * PARTITIONS
    yield Line("MSK", f"serverless, {PARTITIONS} partitions", standing * work.hours)
    a_second = work.readings_per_second * speed.bytes_a_row["message"] / GB
    passed = a_second * work.hours * HOUR
    if passed:
        both_ways = price.of("msk serverless in") + price.of("msk serverless out")
        yield Line("MSK", f"{passed:,.1f} GB in and out", passed * both_ways)
        kept = a_second * min(work.hours, place.retention_hours) * HOUR
        yield Line("MSK", f"{kept:,.1f} GB kept", price.month_of("msk serverless storage", work.hours) * kept)


def _s3(work: Work, stored: float, batch_hours: float, price: Prices, speed: Speeds) -> Iterator[Line]:
    """Half of what comes to lie there lay there for half of the time."""
    storage = price.month_of("s3 storage", work.hours) * stored / 2
    yield Line("S3", f"{stored:,.1f} GB at the end", storage)
    streamed = work.hours if work.readings_per_second else 0.0
    worked = min(batch_hours, work.hours) + streamed
    batches = worked * HOUR / speed.requests["seconds_a_batch"]
    writes = batches * speed.requests["writes_a_batch"] / 1000 * price.of("s3 writes")
    reads = batches * speed.requests["reads_a_batch"] / 1000 * price.of("s3 reads")
    yield Line("S3", f"requests of {batches:,.0f} batches", writes + reads)


def _rest(hours: float, place: Environment, stored: float, price: Prices) -> Iterator[Line]:
    scanned = ASKED_AN_HOUR * hours * max(stored * SCANNED_OF_LAKE, 0.01) / 1000
    yield Line("Athena", f"{ASKED_AN_HOUR} questions an hour", scanned * price.of("athena"))
    worker = price.of("fargate core") * place.worker_cores + price.of("fargate memory") * place.worker_gb
    yield Line(
        "Fargate", f"the worker, {place.worker_cores:g} core and {place.worker_gb:g} GB", worker * hours
    )
    endpoints = place.endpoints + place.has_cluster  # EMR's own
    ways = price.of("endpoint") * endpoints * place.zones * hours
    yield Line("network", f"{endpoints} endpoints in {place.zones} zones", ways)
    if place.has_cluster:
        yield Line("network", "a NAT gateway for the first node", price.of("nat") * hours)
    yield Line("KMS", "one key", price.month_of("kms key", hours))
