"""What bills are made from: the environments of infra/envs, the table of prices, and how fast a core works."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from headrace.errors import UnknownName, UsageError

PRICES, SPEEDS = (Path(__file__).with_name(name) for name in ("prices.yml", "speeds.yml"))
MAIN_TYPE, NODE_TYPE = "r7g.xlarge", "r7g.xlarge"
CORES_A_NODE = 4
MOST_NODES = 10_000
SERVERLESS_NODES, SERVERLESS_RETENTION_HOURS = 8, 168  # most_cores of infra/modules/compute; Kafka's own week


@dataclass(frozen=True)
class Environment:
    """One of infra/envs as far as money goes; a test holds it against Terraform's own words. core_nodes are paid on
    demand, the others as spot. What is serverless has nodes and cores while it works. workers: of EMR Serverless beside
    the cluster, which then has its core nodes alone, for the standing job. has_serving: a database on RDS that
    dashboards ask, which no environment has unless it is asked for."""

    name: str
    core_nodes: int
    most_nodes: int
    brokers: int
    broker_type: str
    broker_gb: int
    retention_hours: int
    zones: int
    node_gb: int = 128
    endpoints: int = 6
    worker_cores: float = 1
    worker_gb: float = 5
    has_cluster: bool = True
    has_brokers: bool = True
    main_nodes: int = 1
    workers: int = 0
    disks_grow: bool = False
    serving_type: str = "db.t4g.micro"
    serving_gb: int = 20
    serving_is_multi_az: bool = False
    has_serving: bool = False

    def with_most(self, nodes: int | None) -> "Environment":
        if nodes is None:
            return self
        if self.workers and 2 <= nodes <= MOST_NODES:
            return replace(self, workers=nodes)
        if not max(self.core_nodes, 1) <= nodes <= MOST_NODES:
            raise UsageError(
                f"--nodes {nodes}: {self.name} has {self.core_nodes} nodes at all times, and {MOST_NODES} at most"
            )
        return replace(self, most_nodes=nodes)

    def beside(self) -> "Environment":
        """With batch_kind = "serverless" as in infra/envs: batch work beside the cluster."""
        return replace(self, workers=SERVERLESS_NODES)

    def with_serving(self) -> "Environment":
        """With has_serving_database = true as in infra/envs."""
        return replace(self, has_serving=True)

    @property
    def batch_cores(self) -> int:
        return (self.workers or self.most_nodes) * CORES_A_NODE

    def serverless(self, parts: Iterable[str]) -> "Environment":
        """compute, stream or both, as compute_kind and stream_kind = "serverless" in infra/envs."""
        place = self
        if "compute" in parts:
            place = replace(place, has_cluster=False, core_nodes=0, most_nodes=SERVERLESS_NODES, workers=0)
        if "stream" in parts:
            place = replace(
                place, has_brokers=False, disks_grow=False, retention_hours=SERVERLESS_RETENTION_HOURS
            )
        return place


DEV = Environment(
    name="dev",
    core_nodes=1,
    most_nodes=3,
    brokers=2,
    broker_type="kafka.t3.small",
    broker_gb=20,
    retention_hours=24,
    zones=2,
)
PROD = Environment(
    name="prod",
    core_nodes=2,
    most_nodes=10,
    brokers=3,
    broker_type="kafka.m7g.large",
    broker_gb=3300,
    retention_hours=72,
    zones=3,
    main_nodes=3,
    disks_grow=True,
    serving_type="db.m7g.large",
    serving_gb=100,
    serving_is_multi_az=True,
)


def environment(name: str) -> Environment:
    known = {each.name: each for each in (DEV, PROD)}
    if name not in known:
        raise UnknownName("environment", name, known)
    return known[name].beside()


@dataclass(frozen=True)
class Prices:
    dated: date
    region: str
    hours_a_month: float
    dollars: dict[str, float]

    def of(self, what: str) -> float:
        if what not in self.dollars:
            raise UnknownName(f"price (in {PRICES.name})", what, self.dollars)
        return self.dollars[what]

    def month_of(self, what: str, hours: float) -> float:
        """The share of a month's price."""
        return self.of(what) * hours / self.hours_a_month


@cache
def prices() -> Prices:
    table: dict[str, Any] = yaml.safe_load(PRICES.read_text())
    dollars = {name: float(each["dollars"]) for name, each in table["prices"].items()}
    return Prices(table["dated"], table["region"], float(table["hours_a_month"]), dollars)


@dataclass(frozen=True)
class Speeds:
    """As they were measured."""

    measured: date
    generate: dict[str, float]
    refine: dict[str, float]
    stream: dict[str, float]
    bytes_a_row: dict[str, float]
    left_on_a_cluster: float
    requests: dict[str, float]

    def cores_for(self, readings_per_second: float) -> float:
        return readings_per_second / self.stream["rows_a_second_and_core"] / self.left_on_a_cluster


@cache
def speeds() -> Speeds:
    return Speeds(**yaml.safe_load(SPEEDS.read_text()))
