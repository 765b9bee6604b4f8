import errno
from typing import Any

import pytest

from headrace.engines import local
from headrace.engines.job import Job
from headrace.errors import NotEnoughRoom
from headrace.settings import Settings


def doing(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def work(*_: Any) -> Any:
        raise error

    monkeypatch.setitem(local._WORK, "refine", work)


def test_a_job_on_a_full_disk_says_so(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    doing(OSError(errno.ENOSPC, "full"), monkeypatch)
    with pytest.raises(NotEnoughRoom, match="the disk is full"):
        local.run_job(Job("refine", "pumps"), settings)


def test_a_fault_in_a_job_comes_out_as_it_was_raised(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    doing(KeyError("bug"), monkeypatch)
    with pytest.raises(KeyError, match="bug"):
        local.run_job(Job("refine", "pumps"), settings)
