"""Athena."""

import json
from typing import Any

from moto.athena.responses import AthenaResponse

from rehearsal.aws.patches import Operation, closes, continues


@closes(AthenaResponse, "missing")
def delete_named_query(self: Any) -> str:
    self.athena_backend.named_queries.pop(self._get_param("NamedQueryId"), None)
    return json.dumps({})


@continues(AthenaResponse, "a query that is gone answers 500")
def get_named_query(before: Operation, self: Any) -> Any:
    wanted = self._get_param("NamedQueryId")
    if wanted not in self.athena_backend.named_queries:
        return self.error(f"Named query {wanted} not found", 400)
    return before(self)


@closes(AthenaResponse, "missing")
def update_work_group(self: Any) -> str:
    group, updates = (
        self.athena_backend.work_groups[self._get_param("WorkGroup")],
        self._get_param("ConfigurationUpdates") or {},
    )
    results = updates.pop("ResultConfigurationUpdates", None) or {}
    group.configuration.setdefault("ResultConfiguration", {}).update(_set(results))
    group.configuration.update(_set(updates))
    if updates.get("RemoveBytesScannedCutoffPerQuery"):
        group.configuration.pop("BytesScannedCutoffPerQuery", None)
    for name in ("Description", "State"):
        if (value := self._get_param(name)) is not None:
            setattr(group, name.lower(), value)
    return json.dumps({})


@closes(AthenaResponse, "what has no tags is said not to exist")
def list_tags_for_resource(self: Any) -> str:
    found = self.athena_backend.list_tags_for_resource(self._get_param("ResourceARN"))
    return json.dumps(found or {"Tags": []})


def _set(updates: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in updates.items() if not name.startswith("Remove")}
