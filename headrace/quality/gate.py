"""The gate behind a layer: what a scan found, and whether the run may go on."""

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from headrace.errors import GateClosed

Outcome = Literal["pass", "warn", "fail"]
SHOWN = 10


@dataclass(frozen=True)
class CheckResult:
    """The result of one check. `detail` is a sentence; found and expected are its two halves."""

    table: str
    name: str
    outcome: Outcome
    detail: str
    found: str = ""
    expected: str = ""
    code: Literal["", "never_written"] = ""
    """What callers decide by."""


@dataclass(frozen=True)
class ScanSummary:
    """All results of one layer. `versions` holds the Delta version each scanned table was judged at."""

    domain: str
    layer: str
    as_of: str
    checks: list[CheckResult]
    skipped: list[str] = field(default_factory=list)
    versions: dict[str, int] = field(default_factory=dict)
    scopes: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def failed(self) -> list[CheckResult]:
        return self.having("fail")

    @property
    def failed_tables(self) -> list[str]:
        return sorted({check.table for check in self.failed})

    @property
    def never_written(self) -> list[str]:
        """The tables that do not exist yet."""
        return sorted({check.table for check in self.checks if check.code == "never_written"})

    def having(self, outcome: Outcome) -> list[CheckResult]:
        return [check for check in self.checks if check.outcome == outcome]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, found: dict[str, Any]) -> "ScanSummary":
        return cls(**{**found, "checks": [CheckResult(**check) for check in found["checks"]]})


def gate(summary: ScanSummary) -> None:
    """Stops a run where a check failed; one that warns is shown."""
    failed = summary.failed
    if not failed:
        return
    count = f"{len(failed)} {'check' if len(failed) == 1 else 'checks'} failed"
    lines = [f"the gate behind {summary.layer} of {summary.domain} is closed: {count}"]
    lines += [f"  {check.table}: {check.name}: {check.detail}" for check in failed[:SHOWN]]
    lines += [f"  and {len(failed) - SHOWN} more"] if len(failed) > SHOWN else []
    lines += ["Nothing after this layer was run, and readers of gold keep its last good version."]
    raise GateClosed("\n".join(lines))
