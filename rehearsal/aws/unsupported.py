"""Every service: an operation that moto does not have answers 501 at once."""

import json
from typing import Any

from moto.core.responses import BaseResponse

from rehearsal.aws.patches import Operation, continues


@continues(BaseResponse, "an operation that is missing answers 500, which clients try again for ten minutes")
def call_action(before: Operation, self: Any) -> Any:
    try:
        return before(self)
    except NotImplementedError as missing:
        print(f"moto has no {self.service_name}: {missing}", flush=True)
        kind = "NotImplementedException"
        said = json.dumps({"__type": kind, "message": str(missing)})
        return 501, {"Content-Type": "application/x-amz-json-1.1", "x-amzn-ErrorType": kind}, said
