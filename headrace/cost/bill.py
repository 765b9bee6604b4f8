"""What a run costs, service by service: before it starts, from its plan, and after it, from what it took.

And what it may cost: it is refused before it starts, or stopped between two steps, where neither Spark nor the lake is.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from headrace.cost.rates import CORES_A_NODE, MAIN_TYPE, NODE_TYPE, Environment, environment, prices, speeds
from headrace.errors import HeadraceError, UsageError
from headrace.settings import Settings

GB, MILLION, HOUR = 1e9, 1e6, 3600.0
LEAST_HOURS, MOST_HOURS, MOST_A_SECOND, MOST_SCALE = 0.01, 10 * 365 * 24, 1_000_000_000, 10_000
GB_A_CORE = 4  # of EMR Serverless, whose workers have 4 cores and 16 GB unless they are told otherwise
PARTITIONS = 12  # of what is read and what is told, six each
SCANNED_OF_LAKE, ASKED_AN_HOUR = 0.002, 10


@dataclass(frozen=True)
class Work:
    """What is asked of an environment for so many hours: rows made and refined, and rows that arrive live."""

    rows: float
    hours: float
    readings_per_second: float = 0.0

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
    if place.workers:
        return _beside(work, place, batch, held)
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
        return _bill(work, place, nodes, took)
    bill = _bill(replace(work, hours=took), place, nodes, took)
    return replace(bill, asked_hours=work.hours, fits=False)


def _beside(work: Work, place: Environment, batch: float, live: float) -> Bill:
    """Batch work in EMR Serverless, as fast as its workers are, and what is live on the cluster's core nodes."""
    if live > place.core_nodes * CORES_A_NODE:
        raise UsageError(
            f"what is live takes {live:,.1f} cores, and the {place.core_nodes} core nodes of {place.name} have "
            f"{place.core_nodes * CORES_A_NODE}: no number of hours would do. Give it more core_nodes"
        )
    took = batch / (place.batch_cores - CORES_A_NODE)  # one worker is the run's driver
    hours = max(work.hours, took)
    bill = _bill(replace(work, hours=hours), place, place.core_nodes, took)
    return replace(bill, asked_hours=work.hours, fits=took <= work.hours)


def within(option: str, given: float, least: float, most: float) -> None:
    if not least <= given <= most:  # also where it is no number
        raise UsageError(f"{option} is from {least:g} to {most:,}, not {given}")


def measured(rows: float, seconds: float, lake_bytes: float, place: Environment) -> Bill:
    """Of work that is done: on the nodes that are always there, for as long as it took."""
    hours = seconds / HOUR
    return _bill(Work(rows, hours), replace(place, workers=0), place.core_nodes, hours, lake_bytes / GB)


def bill_of_plan(
    domain: str, place: Environment, *, scale: float, hours: float, readings_per_second: float
) -> Bill:
    """scale: of what the sources state, once all of it."""
    from headrace.contracts.load import load_contracts

    within("--scale", scale, 0, MOST_SCALE)
    contracts = load_contracts(domain).values() if scale else ()
    return estimated(Work(sum(each.rows_at(scale) for each in contracts), hours, readings_per_second), place)


def bill_of_lake(domain: str, place: Environment, settings: Settings) -> Bill:
    """Of what was done in this lake. What went on side by side counts once."""
    from headrace.lake import ledger
    from headrace.lake.paths import Paths
    from headrace.operate.size import sizes

    entries = list(ledger.all_entries(Paths.of(domain, settings)))
    if not entries:
        raise UsageError(f"nothing of {domain} was done in {settings.lake} yet: run headrace refine")
    ends = [(datetime.fromisoformat(entry.finished_at).timestamp(), entry.seconds) for entry in entries]
    seconds, until = 0.0, 0.0
    for begin, end in sorted((end - took, end) for end, took in ends):
        seconds += max(end - max(begin, until), 0.0)
        until = max(until, end)
    rows = sum(entry.rows_in for entry in entries if entry.layer == "bronze")
    return measured(rows, seconds, sum(each.bytes for each in sizes(domain, settings)), place)


def dollars_an_hour(place: Environment) -> float:
    """Of an environment at its most, whatever it does."""
    if place.workers:
        return _bill(Work(0, 1), place, place.core_nodes, 1).dollars
    return _bill(Work(0, 1), place, place.most_nodes, 0 if place.has_cluster else 1).dollars


def core_hours(work: Work) -> float:
    """Of one core on a cluster."""
    if not work.rows:
        return 0.0
    speed = speeds()
    steps = [speed.refine, speed.generate]
    seconds = sum(work.rows / step["rows_a_second_and_core"] for step in steps)
    return (seconds / speed.left_on_a_cluster + sum(step["fixed_seconds"] for step in steps)) / HOUR


def place_of(settings: Settings) -> Environment:
    """headrace-prod is prod; where no environment is named, the small one's prices hold. Settings that name where jobs
    run say whether that is where the standing job is."""
    place = environment(settings.environment.rpartition("-")[2] or "dev")
    if settings.emr_kind == "serverless" and (
        not settings.stream_emr_id or settings.stream_emr_kind == "serverless"
    ):
        return place.serverless(["compute"])
    is_shared = settings.emr_id and settings.stream_emr_id in ("", settings.emr_id)
    return replace(place, workers=0) if is_shared else place


def check_dollars(dollars: float, work: str) -> None:
    if not (math.isfinite(dollars) and dollars > 0):
        raise UsageError(f"{work}: what it may cost is an amount above 0, not {dollars}")


def refuse_beyond(dollars: float, work: str, rows: float, place: Environment) -> None:
    """Before rows are made: by what making and refining them takes on the environment at its most."""
    check_dollars(dollars, work)
    hours = core_hours(Work(rows, 1)) / place.batch_cores
    expected = hours * dollars_an_hour(place)
    if expected > dollars:
        raise HeadraceError(
            f"{work}: {rows:,.0f} rows take about {hours:,.1f} h of {place.name}, US$ {expected:,.2f}, and may cost "
            f"{dollars:,.2f}. Take a smaller scale or a shorter span, or allow more. headrace cost shows the parts."
        )


def stop_beyond(dollars: float, work: str, seconds: float, place: Environment) -> None:
    """Between two steps: by the hours that it has taken."""
    spent = seconds / HOUR * dollars_an_hour(place)
    if spent > dollars:
        raise HeadraceError(
            f"{work} was stopped: it has taken {seconds / HOUR:,.2f} h of {place.name}, US$ {spent:,.2f}, and may cost "
            f"{dollars:,.2f}. What was written is whole; allow more and run it again, it goes on from there."
        )


def _bill(
    work: Work, place: Environment, nodes: int, batch_hours: float, lake_gb: float | None = None
) -> Bill:
    size = speeds().bytes_a_row
    stored = lake_gb if lake_gb is not None else work.all_rows * size["lake"] / GB
    lines = (
        *(
            _emr(work, place, nodes, batch_hours)
            if place.has_cluster
            else _emr_serverless(work, place, nodes, batch_hours)
        ),
        *(_msk(work, place) if place.has_brokers else _msk_serverless(work, place)),
        *_s3(work, stored + work.rows * size["landing"] / GB, batch_hours),
        *_rest(work.hours, place, stored),
        *(_rds(work.hours, place) if place.has_serving else ()),
    )
    return Bill(place.name, work.hours, work.hours, nodes, work.all_rows, lines, batch_hours, fits=True)


def _live_cores(work: Work, place: Environment) -> float:
    """What the standing job holds: of EMR Serverless whole workers, and its driver."""
    live = speeds().cores_for(work.readings_per_second)
    if place.has_cluster or not live:
        return live
    return (math.ceil(live / CORES_A_NODE) + 1) * CORES_A_NODE


def _emr(work: Work, place: Environment, nodes: int, batch_hours: float) -> Iterator[Line]:
    price, hours = prices(), work.hours
    a_node, fee = price.of(f"ec2 {NODE_TYPE}"), price.of(f"emr {NODE_TYPE}")
    spare = max(nodes - place.core_nodes, 0)
    main = price.of(f"ec2 {MAIN_TYPE}") + price.of(f"emr {MAIN_TYPE}")
    yield Line("EMR", f"{place.main_nodes} {MAIN_TYPE}, the primary", main * place.main_nodes * hours)
    yield Line("EMR", f"{place.core_nodes} {NODE_TYPE} on demand", (a_node + fee) * place.core_nodes * hours)
    if spare:
        spot = a_node * price.of("spot share") + fee
        yield Line("EMR", f"{spare} {NODE_TYPE} as spot", spot * spare * hours)
    disks = price.month_of("ebs gp3", hours) * place.node_gb * nodes
    yield Line("EMR", f"disks of {nodes * place.node_gb} GB", disks)
    if place.workers and batch_hours:
        cores = place.batch_cores * batch_hours
        yield Line("EMR", f"{cores:,.1f} hours of a serverless core and {GB_A_CORE} GB", _a_core() * cores)


def _emr_serverless(work: Work, place: Environment, nodes: int, batch_hours: float) -> Iterator[Line]:
    """All workers while the batch work lasts, and those of the standing job before and after."""
    cores = nodes * CORES_A_NODE * batch_hours + _live_cores(work, place) * (work.hours - batch_hours)
    yield Line("EMR", f"{cores:,.1f} hours of a serverless core and {GB_A_CORE} GB", _a_core() * cores)


def _a_core() -> float:
    """An hour of one of EMR Serverless, with its memory."""
    return prices().of("emr serverless core") + prices().of("emr serverless memory") * GB_A_CORE


def _msk(work: Work, place: Environment) -> Iterator[Line]:
    price, a_second = prices(), _live_gb_a_second(work)
    brokers = price.of(f"msk {place.broker_type}") * place.brokers * work.hours
    yield Line("MSK", f"{place.brokers} {place.broker_type}", brokers)
    kept = a_second * min(work.hours, place.retention_hours) * HOUR * place.brokers  # a copy on each of them
    disks = max(kept, place.broker_gb * place.brokers)
    yield Line("MSK", f"{disks:,.0f} GB on the brokers", price.month_of("msk storage", work.hours) * disks)
    if passed := a_second * work.hours * HOUR:
        yield Line("MSK", f"{passed:,.1f} GB from zone to zone", passed * price.of("transfer"))


def _msk_serverless(work: Work, place: Environment) -> Iterator[Line]:
    price, a_second = prices(), _live_gb_a_second(work)
    standing = price.of("msk serverless") + price.of("msk serverless partition") * PARTITIONS
    yield Line("MSK", f"serverless, {PARTITIONS} partitions", standing * work.hours)
    if passed := a_second * work.hours * HOUR:
        both_ways = price.of("msk serverless in") + price.of("msk serverless out")
        yield Line("MSK", f"{passed:,.1f} GB in and out", passed * both_ways)
        kept = a_second * min(work.hours, place.retention_hours) * HOUR
        yield Line("MSK", f"{kept:,.1f} GB kept", price.month_of("msk serverless storage", work.hours) * kept)


def _live_gb_a_second(work: Work) -> float:
    return work.readings_per_second * speeds().bytes_a_row["message"] / GB


def _s3(work: Work, stored: float, batch_hours: float) -> Iterator[Line]:
    """Half of what comes to lie there lay there for half of the time."""
    price, requests = prices(), speeds().requests
    yield Line("S3", f"{stored:,.1f} GB at the end", price.month_of("s3 storage", work.hours) * stored / 2)
    worked = min(batch_hours, work.hours) + (work.hours if work.readings_per_second else 0.0)
    batches = worked * HOUR / requests["seconds_a_batch"]
    writes = batches * requests["writes_a_batch"] / 1000 * price.of("s3 writes")
    reads = batches * requests["reads_a_batch"] / 1000 * price.of("s3 reads")
    yield Line("S3", f"requests of {batches:,.0f} batches", writes + reads)


def _rest(hours: float, place: Environment, stored: float) -> Iterator[Line]:
    price = prices()
    scanned = ASKED_AN_HOUR * hours * max(stored * SCANNED_OF_LAKE, 0.01) / 1000
    yield Line("Athena", f"{ASKED_AN_HOUR} questions an hour", scanned * price.of("athena"))
    worker = price.of("fargate core") * place.worker_cores + price.of("fargate memory") * place.worker_gb
    size = f"{place.worker_cores:g} core and {place.worker_gb:g} GB"
    yield Line("Fargate", f"the worker, {size}", worker * hours)
    endpoints = place.endpoints + place.has_cluster  # EMR's own
    ways = price.of("endpoint") * endpoints * place.zones * hours
    yield Line("network", f"{endpoints} endpoints in {place.zones} zones", ways)
    if place.has_cluster:
        yield Line("network", "a NAT gateway for the first node", price.of("nat") * hours)
    addresses = 1 + place.has_cluster  # of the worker, and of the gateway
    yield Line("network", "public addresses (IPv4)", price.of("public address") * addresses * hours)
    yield Line("KMS", "one key", price.month_of("kms key", hours))


def _rds(hours: float, place: Environment) -> Iterator[Line]:
    """A second machine that stands by in another zone has prices of its own, and so has its disk."""
    price, zones = prices(), " multi-az" if place.serving_is_multi_az else ""
    what = f"the serving database, {place.serving_type}{' in two zones' if zones else ''}"
    yield Line("RDS", what, price.of(f"rds {place.serving_type}{zones}") * hours)
    disk = price.month_of(f"rds storage{zones}", hours) * place.serving_gb
    yield Line("RDS", f"its disk of {place.serving_gb} GB", disk)
    yield Line("RDS", "its password in Secrets Manager", price.month_of("secret", hours))
