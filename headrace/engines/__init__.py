"""Where jobs run. Every engine ends in the same function: `headrace.engines.local.run_job`."""

from collections.abc import Sequence

from headrace.engines.job import Job, JobResult
from headrace.settings import Settings, get_settings


def submit(job: Job, settings: Settings | None = None) -> JobResult:
    """Hands a job to the engine that the settings name, and waits for its result."""
    return submit_all([job], settings)[0]


def submit_all(jobs: Sequence[Job], settings: Settings | None = None) -> list[JobResult]:
    """Hands over several that follow each other: to a cluster as one step, for each start of Spark costs seconds."""
    settings = settings or get_settings()
    if settings.engine == "local":
        from headrace.engines.local import run_job

        return [run_job(job, settings) for job in jobs]
    from headrace.engines import cluster

    return cluster.run_jobs(jobs, settings)
