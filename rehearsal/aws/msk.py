"""MSK: clusters as Terraform makes and reads them. The broker that they name is a real one, started elsewhere."""

import json
import os
import uuid
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

import moto.kafka.urls as urls
from moto.kafka.exceptions import BadRequestException, NotFoundException
from moto.kafka.models import KafkaBackend
from moto.kafka.responses import KafkaResponse

from rehearsal.aws import BROKER
from rehearsal.aws.patches import Operation, closes, continues

NOT_PUBLIC = {
    "publicAccess": {"type": "DISABLED"},
    "vpcConnectivity": {
        "clientAuthentication": {
            "sasl": {"scram": {"enabled": False}, "iam": {"enabled": False}},
            "tls": {"enabled": False},
        }
    },
}
OF_VERSION_ONE = {
    "broker_node_group_info": "brokerNodeGroupInfo",
    "client_authentication": "clientAuthentication",
    "configuration_info": "configurationInfo",
    "encryption_info": "encryptionInfo",
    "enhanced_monitoring": "enhancedMonitoring",
    "open_monitoring": "openMonitoring",
    "kafka_version": "kafkaVersion",
    "logging_info": "loggingInfo",
    "number_of_broker_nodes": "numberOfBrokerNodes",
    "storage_mode": "storageMode",
}
NOT_OF_VERSION_ONE = ("provisioned", "serverless", "clusterType")


@continues(KafkaBackend, "a cluster is never active, and its ARN lacks its name")
def create_cluster_v2(
    before: Operation, self: Any, cluster_name: str, tags: Any, provisioned: Any, serverless: Any
) -> Any:
    arn, _, _, kind = before(self, cluster_name, tags, provisioned, serverless)
    cluster = self.clusters.pop(arn)
    place, ending = f"{self.region_name}:{self.account_id}", "s1" if serverless else "4"
    cluster.arn = f"arn:aws:kafka:{place}:cluster/{cluster_name}/{cluster.cluster_id}-{ending}"
    self.clusters[cluster.arn] = cluster
    if tags:
        self.untag_resource(arn, list(tags))
        self.tag_resource(cluster.arn, tags)
    cluster.state, cluster.creation_time, cluster.current_version = "ACTIVE", _now(), "K3P5ROKL5A1OLE"
    cluster.asked = provisioned or serverless
    return cluster.arn, cluster_name, "CREATING", kind


@closes(
    KafkaBackend, "the provider makes a cluster by the first version of the call and reads it by the second"
)
def create_cluster(self: Any, cluster_name: str, tags: Any = None, **asked: Any) -> Any:
    provisioned = {OF_VERSION_ONE[name]: value for name, value in asked.items() if value is not None}
    return self.create_cluster_v2(cluster_name, tags, provisioned, None)[:3]


@closes(KafkaBackend, "most of what was asked for is not told, and one that is gone answers 500")
def describe_cluster_v2(self: Any, cluster_arn: str) -> dict[str, Any]:
    cluster = _cluster(self, cluster_arn)
    told = {
        "clusterArn": cluster.arn,
        "clusterName": cluster.cluster_name,
        "clusterType": cluster.cluster_type,
        "creationTime": cluster.creation_time,
        "currentVersion": cluster.current_version,
        "state": cluster.state,
        "tags": self.list_tags_for_resource(cluster.arn),
    }
    if cluster.cluster_type != "PROVISIONED":
        return {**told, "serverless": cluster.asked}
    return {**told, "provisioned": _as_read(cluster.asked)}


def _as_read(asked: dict[str, Any]) -> dict[str, Any]:
    told = deepcopy(asked)
    brokers = told["brokerNodeGroupInfo"]
    brokers.setdefault("brokerAZDistribution", "DEFAULT")
    brokers.setdefault("connectivityInfo", NOT_PUBLIC)
    encryption = told.setdefault("encryptionInfo", {})
    encryption.setdefault("encryptionInTransit", {"clientBroker": "TLS", "inCluster": True})
    access = told.setdefault("clientAuthentication", {})
    access.setdefault("unauthenticated", {"enabled": False})
    for way in ("scram", "iam"):
        access.setdefault("sasl", {}).setdefault(way, {"enabled": False})
    configuration = told.pop("configurationInfo", None)
    software = {"kafkaVersion": told.pop("kafkaVersion", None)}
    if configuration:
        software |= {
            "configurationArn": configuration["arn"],
            "configurationRevision": configuration["revision"],
        }
    told.setdefault("enhancedMonitoring", "DEFAULT")
    return {**told, "storageMode": told.get("storageMode") or "LOCAL", "currentBrokerSoftwareInfo": software}


@closes(KafkaBackend, "as the second version")
def describe_cluster(self: Any, cluster_arn: str) -> dict[str, Any]:
    told = self.describe_cluster_v2(cluster_arn)
    return {name: value for name, value in told.items() if name not in NOT_OF_VERSION_ONE} | told.get(
        "provisioned", {}
    )


@closes(KafkaBackend, "one that is gone answers 500")
def delete_cluster(self: Any, cluster_arn: str, current_version: str) -> tuple[str, str]:  # noqa: ARG001
    del self.clusters[_cluster(self, cluster_arn).arn]
    return cluster_arn, "DELETING"


@closes(KafkaResponse, "missing")
def get_bootstrap_brokers(self: Any) -> str:
    _cluster(self.kafka_backend, _between(self, "/clusters/", "/bootstrap-brokers"))
    return json.dumps({"bootstrapBrokerStringSaslIam": os.environ.get(BROKER, "127.0.0.1:9098")})


@closes(KafkaResponse, "missing")
def create_configuration(self: Any) -> str:
    name, known = self._get_param("name"), _configurations(self)
    if any(each["name"] == name for each in known.values()):
        raise BadRequestException("A resource with this name already exists.")
    made = {
        "arn": f"arn:aws:kafka:{self.region}:{self.current_account}:configuration/{name}/{uuid.uuid4()}-4",
        "name": name,
        "kafkaVersions": self._get_param("kafkaVersions") or [],
        "creationTime": _now(),
        "state": "ACTIVE",
        "description": self._get_param("description") or "",
        "revisions": [_revision(self, 1)],
    }
    known[made["arn"]] = made
    return json.dumps(_without_revisions(made))


@closes(KafkaResponse, "missing")
def describe_configuration(self: Any) -> str:
    return json.dumps(_without_revisions(_configuration(self)))


@closes(KafkaResponse, "missing")
def describe_configuration_revision(self: Any) -> str:
    configuration, number = _configuration(self), int(_path(self).rsplit("/", 1)[-1])
    return json.dumps({"arn": configuration["arn"], **configuration["revisions"][number - 1]})


@closes(KafkaResponse, "missing")
def update_configuration(self: Any) -> str:
    configuration = _configuration(self)
    configuration["revisions"].append(_revision(self, len(configuration["revisions"]) + 1))
    return json.dumps(_without_revisions(configuration))


@closes(KafkaResponse, "missing")
def delete_configuration(self: Any) -> str:
    configuration = _configuration(self)
    del _configurations(self)[configuration["arn"]]
    return json.dumps({"arn": configuration["arn"], "state": "DELETING"})


def _cluster(backend: Any, arn: str) -> Any:
    if arn not in backend.clusters:
        raise NotFoundException(f"The requested resource doesn't exist: {arn}")
    return backend.clusters[arn]


def _configurations(self: Any) -> dict[str, dict[str, Any]]:
    known: dict[str, dict[str, Any]] = self.kafka_backend.__dict__.setdefault("configurations_made", {})
    return known


def _configuration(self: Any) -> dict[str, Any]:
    arn = _between(self, "/configurations/", "/revisions")
    if arn not in _configurations(self):
        raise BadRequestException("Configuration ARN does not exist.")  # the provider goes by these words
    return _configurations(self)[arn]


def _revision(self: Any, number: int) -> dict[str, Any]:
    said = self._get_param("description") or ""
    properties = self._get_param("serverProperties")
    return {"revision": number, "creationTime": _now(), "description": said, "serverProperties": properties}


def _without_revisions(configuration: dict[str, Any]) -> dict[str, Any]:
    latest = {
        name: value for name, value in configuration["revisions"][-1].items() if name != "serverProperties"
    }
    return {name: value for name, value in configuration.items() if name != "revisions"} | {
        "latestRevision": latest
    }


def _path(self: Any) -> str:
    return unquote(self.parsed_url.path)


def _between(self: Any, before: str, after: str) -> str:
    return _path(self).split(before, 1)[-1].split(after, 1)[0]


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


for _pattern in ("{0}/v1/configurations$", "{0}/v1/configurations/(?P<arn>.+)$"):
    urls.url_paths[_pattern] = KafkaResponse.dispatch
