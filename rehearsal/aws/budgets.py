"""Budgets."""

import json
from typing import Any

from moto.budgets.responses import BudgetsResponse

from rehearsal.aws.patches import Operation, closes, continues

SAME = ("NotificationType", "ComparisonOperator", "Threshold")
_tags: dict[str, dict[str, str]] = {}


@continues(BudgetsResponse, "tags are dropped")
def create_budget(before: Operation, self: Any) -> Any:
    name = self._get_param("Budget")["BudgetName"]
    _tags[f"arn:aws:budgets::{self._get_param('AccountId')}:budget/{name}"] = _asked(self)
    return before(self)


@closes(BudgetsResponse, "missing")
def update_budget(self: Any) -> str:
    asked = self._get_param("NewBudget")
    self.backend.budgets[self._get_param("AccountId")][asked["BudgetName"]].budget.update(asked)
    return json.dumps({})


@closes(BudgetsResponse, "missing")
def describe_subscribers_for_notification(self: Any) -> str:
    budget = self.backend.budgets[self._get_param("AccountId")][self._get_param("BudgetName")]
    asked = self._get_param("Notification")
    found = [
        each for each in budget.notifications if all(each.details.get(key) == asked.get(key) for key in SAME)
    ]
    return json.dumps({"Subscribers": found[0].subscribers if found else []})


@closes(BudgetsResponse, "missing")
def list_tags_for_resource(self: Any) -> str:
    tags = _tags.get(self._get_param("ResourceARN"), {})
    return json.dumps({"ResourceTags": [{"Key": key, "Value": value} for key, value in tags.items()]})


@closes(BudgetsResponse, "missing")
def tag_resource(self: Any) -> str:
    _tags.setdefault(self._get_param("ResourceARN"), {}).update(_asked(self))
    return json.dumps({})


@closes(BudgetsResponse, "missing")
def untag_resource(self: Any) -> str:
    for key in self._get_param("ResourceTagKeys") or []:
        _tags.get(self._get_param("ResourceARN"), {}).pop(key, None)
    return json.dumps({})


def _asked(self: Any) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in self._get_param("ResourceTags") or []}
