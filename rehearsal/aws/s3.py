"""S3."""

import json
import threading
from fnmatch import fnmatchcase
from typing import Any

from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.s3.models import FakeBucket, FakeDeleteMarker, S3Backend
from moto.s3.responses import S3Response

from rehearsal.aws.patches import Operation, closes, continues

LOG_WRITER = "logging.s3.amazonaws.com"
HERE = {"aws:securetransport": "true"}  # whoever comes here would come by TLS there


@closes(FakeDeleteMarker, "a bucket that is emptied holds marks of deletion, and removing one fails")
def dispose(self: Any, garbage: bool = False) -> None:  # noqa: ARG001
    return None


@closes(FakeBucket, "a statement with a condition counts whether it holds or not: TLS only refuses everybody")
def get_permission(self: Any, action: str, resource: str) -> PermissionResult:
    if self.policy is None:
        return PermissionResult.NEUTRAL
    policy = json.loads(self.policy.decode())
    holding = [_bare(each) for each in _listed(policy["Statement"]) if _holds(each.get("Condition", {}))]
    if not holding:
        return PermissionResult.NEUTRAL
    return IAMPolicy(json.dumps({**policy, "Statement": holding})).is_action_permitted(action, resource)


_ONE_PUT = threading.Lock()


@continues(
    S3Response, "of two puts that both want to be the first, both are: looking and putting are not one act"
)
def put_object(before: Operation, self: Any) -> Any:
    if not (self.headers.get("If-None-Match") or self.headers.get("If-Match")):
        return before(self)
    with _ONE_PUT:
        return before(self)


@continues(S3Backend, "a folder of which all is deleted is still listed, where a bucket keeps versions")
def list_objects(before: Operation, self: Any, bucket: FakeBucket, *how: Any, **named: Any) -> Any:
    keys, folders, *rest = before(self, bucket, *how, **named)
    if folders:
        living = [name for name, key in bucket.keys.items() if not isinstance(key, FakeDeleteMarker)]
        folders = [each for each in folders if any(name.startswith(each) for name in living)]
    return keys, folders, *rest


@closes(
    S3Backend, "each request becomes an object among the logs at once; S3 brings them hours later, gathered"
)
def log_incoming_request(self: Any, request: Any, bucket_name: str) -> None:  # noqa: ARG001
    return None


def _lets_logs_in(target_bucket: FakeBucket, target_prefix: str | None) -> bool:
    """A principal that is everybody breaks moto's own, and it wants one spelling of the resource."""
    if not target_bucket.policy:
        return False
    place = f"{target_bucket.arn}/{target_prefix or ''}any"
    return any(
        each["Effect"] == "Allow"
        and isinstance(each["Principal"], dict)
        and LOG_WRITER in _listed(each["Principal"].get("Service"))
        and "s3:PutObject" in _listed(each["Action"])
        and any(fnmatchcase(place, resource) for resource in _listed(each["Resource"]))
        for each in _listed(json.loads(target_bucket.policy.decode())["Statement"])
    )


FakeBucket._log_permissions_enabled_policy = staticmethod(_lets_logs_in)


def _bare(statement: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in statement.items() if key != "Condition"}


def _holds(condition: dict[str, dict[str, Any]]) -> bool:
    """What is not known of a request is taken as not so."""
    return all(
        operator == "Bool" and HERE.get(key.lower()) in map(str, _listed(wanted))
        for operator, keys in condition.items()
        for key, wanted in keys.items()
    )


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
