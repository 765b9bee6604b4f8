"""ECS."""

from typing import Any

from moto.ecs.responses import EC2ContainerServiceResponse

from rehearsal.aws.patches import Operation, continues


@continues(
    EC2ContainerServiceResponse,
    "whether a service evens out its zones is dropped, and planned anew each time",
)
def create_service(before: Operation, self: Any) -> Any:
    answer = before(self)
    answer.result["service"].availability_zone_rebalancing = (
        self._get_param("availabilityZoneRebalancing") or "DISABLED"
    )
    return answer
