"""The two environments of infra/envs as far as money goes. A test holds them against Terraform's own words."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from headrace.errors import UnknownName, UsageError

MAIN_TYPE, NODE_TYPE = "r7i.xlarge", "r7i.xlarge"
CORES_A_NODE = 4
MOST_NODES = 10_000
SERVERLESS_NODES, SERVERLESS_RETENTION_HOURS = 8, 168  # most_cores of infra/modules/compute; Kafka's own week


@dataclass(frozen=True)
class Environment:
    """core_nodes are paid on demand, the others as spot. What is serverless has nodes and cores while it works."""

    name: str
    core_nodes: int
    most_nodes: int
    node_gb: int
    brokers: int
    broker_type: str
    broker_gb: int
    retention_hours: int
    endpoints: int
    zones: int
    worker_cores: float
    worker_gb: float
    has_cluster: bool = True
    has_brokers: bool = True

    def with_most(self, nodes: int | None) -> "Environment":
        if nodes is None:
            return self
        if not max(self.core_nodes, 1) <= nodes <= MOST_NODES:
            raise UsageError(
                f"--nodes {nodes}: {self.name} has {self.core_nodes} nodes at all times, and {MOST_NODES} at most"
            )
        return replace(self, most_nodes=nodes)

    def serverless(self, parts: Iterable[str]) -> "Environment":
        """compute, stream or both, as kind = "serverless" in infra/envs."""
        place = self
        if "compute" in parts:
            place = replace(place, has_cluster=False, core_nodes=0, most_nodes=SERVERLESS_NODES)
        if "stream" in parts:
            place = replace(place, has_brokers=False, retention_hours=SERVERLESS_RETENTION_HOURS)
        return place


DEV = Environment(
    name="dev",
    core_nodes=1,
    most_nodes=3,
    node_gb=128,
    brokers=2,
    broker_type="kafka.t3.small",
    broker_gb=20,
    retention_hours=24,
    endpoints=8,
    zones=2,
    worker_cores=1,
    worker_gb=5,
)
PROD = replace(
    DEV,
    name="prod",
    core_nodes=2,
    most_nodes=10,
    brokers=3,
    broker_type="kafka.m7g.large",
    broker_gb=3300,
    retention_hours=72,
    zones=3,
)


def environment(name: str) -> Environment:
    known = {each.name: each for each in (DEV, PROD)}
    if name not in known:
        raise UnknownName("environment", name, known)
    return known[name]
