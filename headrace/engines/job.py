"""A job: one unit of work, handed to an engine by name and dates, never with data."""

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

JobName = Literal[
    "generate", "refine", "scan", "maintain", "recycle", "dedupe", "receipt", "score", "keep", "publish"
]


@dataclass(frozen=True)
class Job:
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
    link: str = ""
    """Where a person sees the step that did it, if one did."""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, told: dict[str, Any]) -> "JobResult":
        return cls(Job(**told["job"]), told["seconds"], told["summary"])
