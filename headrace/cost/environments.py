"""The two environments of infra/envs as far as money goes. A test holds them against Terraform's own words."""

from dataclasses import dataclass, replace

from headrace.errors import UnknownName

MAIN_TYPE, NODE_TYPE = "m7i.xlarge", "r7i.xlarge"
CORES_A_NODE = 4


@dataclass(frozen=True)
class Environment:
    """core_nodes are paid on demand, the others as spot."""

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

    def with_most(self, nodes: int | None) -> "Environment":
        return self if nodes is None else replace(self, most_nodes=max(nodes, self.core_nodes))


DEV = Environment(
    name="dev",
    core_nodes=1,
    most_nodes=3,
    node_gb=128,
    brokers=2,
    broker_type="kafka.t3.small",
    broker_gb=20,
    retention_hours=24,
    endpoints=9,
    zones=2,
    worker_cores=1,
    worker_gb=4,
)
PROD = replace(
    DEV,
    name="prod",
    core_nodes=2,
    most_nodes=10,
    brokers=3,
    broker_type="kafka.m7g.large",
    broker_gb=500,
    retention_hours=72,
    zones=3,
)


def environment(name: str) -> Environment:
    known = {each.name: each for each in (DEV, PROD)}
    if name not in known:
        raise UnknownName("environment", name, known)
    return known[name]
