"""Where jobs run. Every engine ends in the same function: `headrace.engines.local.run_job`."""

from collections.abc import Sequence

from headrace.engines.job import Job, JobResult
from headrace.errors import UsageError
from headrace.settings import Settings, get_settings

ENGINES = ("local", "emr")


def submit(job: Job, settings: Settings | None = None) -> JobResult:
    """Hands a job to the engine that the settings name, and waits for its result."""
    return submit_all([job], settings)[0]


def submit_all(jobs: Sequence[Job], settings: Settings | None = None) -> list[JobResult]:
    """Hands over several that follow each other: to a cluster as one step, for each start of Spark costs seconds."""
    settings = settings or get_settings()
    if settings.engine == "local":
        from headrace.engines.local import run_job

        return [run_job(job, settings) for job in jobs]
    if settings.engine == "emr":
        from headrace.engines import emr

        return emr.run_jobs(jobs, settings)
    raise UsageError(
        f"the engine {settings.engine!r} is not available in this version; set HEADRACE_ENGINE to one of: "
        f"{', '.join(ENGINES)}"
    )
