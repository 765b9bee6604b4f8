"""Keeps the standing job standing."""

from typing import Any

from prefect import flow

from tasks.jobs import kept
from tasks.schedules import patient, well


@flow(name="keep-streaming", flow_run_name="keep-streaming-{domain}", timeout_seconds=300)
@patient
def keep_streaming(domain: str) -> dict[str, Any]:
    """Look at the standing job's heartbeat, and start it where it is dead.

    One that dies at once three times in a row is not started again: this run fails, and somebody has to look. One whose
    topic or tables are not there yet waits for them, and one that was started is waited for until its step has begun.

    Args:
        domain: The sector, a folder of domains/.
    """
    done = kept(domain)
    return well(done["said"], done)  # type: ignore[no-any-return]
