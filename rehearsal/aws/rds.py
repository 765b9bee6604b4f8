"""RDS."""

from typing import Any

from moto.rds.models import DBInstance, DBParameterGroup

from rehearsal.aws.patches import Operation, continues


@continues(DBInstance, "Performance Insights are forgotten")
def __init__(before: Operation, self: Any, *args: Any, **named: Any) -> None:  # noqa: N807
    before(self, *args, **named)
    self.performance_insights_enabled = named.get("enable_performance_insights", False)
    self.performance_insights_kms_key_id = named.get("performance_insights_kms_key_id")
    self.performance_insights_retention_period = named.get("performance_insights_retention_period")


@continues(DBParameterGroup, "nothing says that a parameter is the user's, and Terraform sets it again")
def update_parameters(before: Operation, self: Any, new_parameters: Any) -> None:
    before(self, [{**each, "Source": "user"} for each in new_parameters])
