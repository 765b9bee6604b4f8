"""EMR on EC2."""

import time
import uuid
from datetime import UTC, datetime
from typing import Any

from moto.core.responses import ActionResult, BaseResponse, EmptyResult
from moto.emr import models
from moto.emr.responses import ElasticMapReduceResponse

from rehearsal.aws.patches import Operation, closes, continues

UNDER_WAY = ("PENDING", "RUNNING")

# In a server moto reads the region off the host's name, which is always the same here.
ElasticMapReduceResponse.get_region_from_url = BaseResponse.get_region_from_url


@continues(
    ElasticMapReduceResponse,
    "fleets, subnets, scaling and policies are dropped, and read back by whoever asked",
)
def run_job_flow(before: Operation, self: Any) -> Any:
    answer = before(self)
    cluster, asked = self.backend.clusters[answer.result["JobFlowId"]], self._get_param
    fleets = asked("Instances.InstanceFleets") or []
    kind = "INSTANCE_FLEET" if fleets else "INSTANCE_GROUP"
    cluster.instances_collection_type = cluster.instance_collection_type = kind
    cluster.fleets = [_fleet(each) for each in fleets]
    cluster.scale_down_behavior = asked("ScaleDownBehavior")
    cluster.os_release_label = asked("OSReleaseLabel")
    cluster.unhealthy_node_replacement = asked("Instances.UnhealthyNodeReplacement")
    cluster.service_access_security_group = asked("Instances.ServiceAccessSecurityGroup")
    cluster.auto_termination_policy = asked("AutoTerminationPolicy")
    cluster.managed_scaling_policy = asked("ManagedScalingPolicy")
    subnets = asked("Instances.Ec2SubnetIds") or []
    cluster.requested_ec2_subnet_ids = subnets or [each for each in [cluster.ec2_subnet_id] if each]
    cluster.ec2_subnet_id = cluster.ec2_subnet_id or next(iter(subnets), None)
    return answer


class _Ec2Attributes(models.Ec2InstanceAttributes):
    """With the subnets that were asked for."""

    def __init__(self, cluster: Any) -> None:
        super().__init__(cluster)
        self.requested_ec2_subnet_ids = getattr(cluster, "requested_ec2_subnet_ids", [])


models.Ec2InstanceAttributes = _Ec2Attributes


@continues(
    models.Cluster, "a cluster that ends leaves its steps and machines running, and Terraform waits for them"
)
def terminate(before: Operation, self: Any) -> None:
    before(self)
    now = datetime.now(UTC)
    for step in self.steps:
        if step.state in UNDER_WAY:
            step.state, step.end_date_time = "CANCELLED", now
    for group in self.instance_groups:
        group.state, group.end_date_time = "TERMINATED", now
    for fleet in getattr(self, "fleets", []):
        fleet["Status"]["State"] = "TERMINATED"
    machines = [each.ec2_instance.id for each in self.ec2_instances]
    if machines:
        self.emr_backend.ec2_backend.terminate_instances(machines)


@closes(ElasticMapReduceResponse, "missing")
def get_auto_termination_policy(self: Any) -> ActionResult:
    return _policy(self, "auto_termination_policy", "AutoTerminationPolicy")


@closes(ElasticMapReduceResponse, "missing")
def put_auto_termination_policy(self: Any) -> EmptyResult:
    return _put(self, "auto_termination_policy", self._get_param("AutoTerminationPolicy"))


@closes(ElasticMapReduceResponse, "missing")
def remove_auto_termination_policy(self: Any) -> EmptyResult:
    return _put(self, "auto_termination_policy", None)


@closes(ElasticMapReduceResponse, "missing")
def get_managed_scaling_policy(self: Any) -> ActionResult:
    return _policy(self, "managed_scaling_policy", "ManagedScalingPolicy")


@closes(ElasticMapReduceResponse, "missing")
def put_managed_scaling_policy(self: Any) -> EmptyResult:
    return _put(self, "managed_scaling_policy", self._get_param("ManagedScalingPolicy"))


@closes(ElasticMapReduceResponse, "missing")
def remove_managed_scaling_policy(self: Any) -> EmptyResult:
    return _put(self, "managed_scaling_policy", None)


@closes(ElasticMapReduceResponse, "missing")
def list_instance_fleets(self: Any) -> ActionResult:
    return ActionResult({"InstanceFleets": getattr(_cluster(self), "fleets", [])})


@closes(ElasticMapReduceResponse, "missing")
def add_instance_fleet(self: Any) -> ActionResult:
    cluster, fleet = _cluster(self), _fleet(self._get_param("InstanceFleet"))
    cluster.fleets.append(fleet)
    return ActionResult({"ClusterId": cluster.id, "InstanceFleetId": fleet["Id"], "ClusterArn": cluster.arn})


@closes(ElasticMapReduceResponse, "missing")
def modify_instance_fleet(self: Any) -> EmptyResult:
    asked = self._get_param("InstanceFleet")
    fleet = next(each for each in _cluster(self).fleets if each["Id"] == asked["InstanceFleetId"])
    for kind in ("OnDemand", "Spot"):
        if f"Target{kind}Capacity" in asked:
            fleet[f"Target{kind}Capacity"] = fleet[f"Provisioned{kind}Capacity"] = asked[
                f"Target{kind}Capacity"
            ]
    return EmptyResult()


@closes(ElasticMapReduceResponse, "missing")
def cancel_steps(self: Any) -> ActionResult:
    wanted = self._get_param("StepIds") or []
    return ActionResult({"CancelStepsInfoList": [_cancelled(_cluster(self), each) for each in wanted]})


def _cancelled(cluster: Any, wanted: str) -> dict[str, str]:
    step = next((each for each in cluster.steps if each.id == wanted), None)
    if step is None or step.state not in UNDER_WAY:
        return {"StepId": wanted, "Status": "FAILED", "Reason": "the step is over"}
    step.state, step.end_date_time = "CANCELLED", datetime.now(UTC)
    return {"StepId": wanted, "Status": "SUBMITTED"}


def _cluster(self: Any) -> Any:
    return self.backend.describe_cluster(self._get_param("ClusterId"))


def _policy(self: Any, name: str, spelled: str) -> ActionResult:
    found = getattr(_cluster(self), name, None)
    return ActionResult({spelled: found} if found else {})


def _put(self: Any, name: str, policy: Any) -> EmptyResult:
    setattr(_cluster(self), name, policy)
    return EmptyResult()


def _fleet(asked: Any) -> dict[str, Any]:
    fleet = _plain(asked)
    on_demand, spot = (int(fleet.get(f"Target{kind}Capacity") or 0) for kind in ("OnDemand", "Spot"))
    launched = (
        {"LaunchSpecifications": fleet["LaunchSpecifications"]} if fleet.get("LaunchSpecifications") else {}
    )
    return {
        "Id": f"if-{uuid.uuid4().hex[:13].upper()}",
        "Name": fleet.get("Name"),
        "InstanceFleetType": fleet["InstanceFleetType"],
        "Status": {
            "State": "RUNNING",
            "StateChangeReason": {},
            "Timeline": {"CreationDateTime": time.time()},
        },
        "TargetOnDemandCapacity": on_demand,
        "ProvisionedOnDemandCapacity": on_demand,
        "TargetSpotCapacity": spot,
        "ProvisionedSpotCapacity": spot,
        "InstanceTypeSpecifications": fleet.get("InstanceTypeConfigs") or [],
        **launched,
    }


def _plain(value: Any) -> Any:
    value = value.original_dict() if hasattr(value, "original_dict") else value
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list) else value
