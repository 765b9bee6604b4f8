"""Where jobs run. Every engine ends in the same function: `headrace.engines.local.run_job`."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from headrace.settings import Settings, get_settings

JobName = Literal[
    "generate",
    "refine",
    "scan",
    "maintain",
    "recycle",
    "dedupe",
    "receipt",
    "score",
    "keep",
    "publish",
    "serve",
    "train",
    "judge",
]


@dataclass(frozen=True)
class Job:
    """One unit of work, handed to an engine by name and dates, never with data."""

    name: JobName
    domain: str
    options: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        given = " ".join(f"{key}={value}" for key, value in self.options.items() if value is not None)
        return f"{self.name} {self.domain} {given}".strip()


@dataclass(frozen=True)
class JobResult:
    """What came of it, as plain values that travel as JSON."""

    job: Job
    seconds: float
    summary: dict[str, Any]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


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
