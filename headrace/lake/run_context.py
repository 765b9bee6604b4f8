"""What every step of one run shares: the places, the settings, the leases it holds and the run's name."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime

from headrace.lake.lease import Leases
from headrace.lake.paths import Paths
from headrace.settings import Settings

BYTES_PER_ROW = 8


@dataclass(frozen=True)
class RunContext:
    paths: Paths
    settings: Settings
    leases: Leases
    run: str
    """The run's name, as commits and the ledger carry it."""

    @property
    def bytes_per_batch(self) -> int:
        """Of the files that one batch takes at most, unless its first file has more."""
        return self.settings.rows_per_batch * BYTES_PER_ROW


def new_run_name() -> str:
    """Sorts by time; two runs of one second differ."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:6]}"
