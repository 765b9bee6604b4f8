"""What a cluster runs: some jobs, or the standing job. Words: what it is, its settings, and where the result goes.

Uploaded by itself and run beside the unpacked archives `code` and `needs`, so nothing of ours is imported before they
are on the path.
"""

import json
import os
import sys
import traceback
from importlib import import_module
from pathlib import Path
from typing import Any

LINES_TOLD = 40


def main(words: list[str]) -> int:
    asked = json.loads(words[0])
    sys.path[:0] = [str(Path(name).absolute()) for name in ("code", "needs")]
    os.environ.update(asked["settings"])
    try:
        done = {"done": _done(asked)}
    except BaseException as error:
        _tell(asked, _account_of(error))
        raise
    _tell(asked, done)
    return 0


def _done(asked: dict[str, Any]) -> Any:
    from headrace.engines.job import Job
    from headrace.engines.local import STANDING, run_job
    from headrace.settings import get_settings

    if asked["kind"] == "standing":
        return {"beat": import_module(STANDING).stand(asked["domain"], get_settings()).state}
    return [run_job(Job(**each), get_settings()).as_dict() for each in asked["jobs"]]


def _account_of(error: BaseException) -> dict[str, Any]:
    """On a cluster nobody stands and waits, so what somebody else holds is tried again as well."""
    from headrace.errors import Busy
    from headrace.trouble import may_pass

    return {
        "error": _said(error),
        "exit_code": getattr(error, "exit_code", 1),
        "may_pass": isinstance(error, Busy) or may_pass(error),
        "trace": _trace(),
    }


def _said(error: BaseException) -> str:
    from headrace.trouble import cause_to_act_on

    return str(cause_to_act_on(error) or error) or type(error).__name__


def _trace() -> str:
    return "\n".join(traceback.format_exc().splitlines()[-LINES_TOLD:])


def _tell(asked: dict[str, Any], what: dict[str, Any]) -> None:
    from headrace.lake import objects

    objects.put_json(asked["result"], what)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
