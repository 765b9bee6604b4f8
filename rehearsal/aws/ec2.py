"""EC2."""

from typing import Any

from moto.ec2.models.security_groups import SecurityGroupRule

from rehearsal.aws.patches import Operation, continues

SOURCES = slice(6, 8)
SOURCE_NAMES = ("source_group", "prefix_list_id")


@continues(SecurityGroupRule, "a rule for another group or a list of prefixes forgets its description")
def __init__(before: Operation, self: Any, *args: Any, **named: Any) -> None:  # noqa: N807
    before(self, *args, **named)
    for source in (*args[SOURCES], *(named.get(name) for name in SOURCE_NAMES)):
        if isinstance(source, dict) and source.get("Description") and not self.ip_range.get("Description"):
            self.ip_range = {**self.ip_range, "Description": source["Description"]}
