import errno
from typing import Any, get_args

import pytest

from headrace.engines import Job, JobName, local
from headrace.errors import GateClosed, HeadraceError, ReceiptError
from headrace.operate.receipt import Line, Receipt
from headrace.quality.gate import CheckResult, ScanSummary
from headrace.serve.publish import Published
from headrace.settings import Settings


def doing(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def work(*_: Any) -> Any:
        raise error

    monkeypatch.setitem(local._WORK, "refine", work)


def test_every_job_is_done_by_the_library_or_by_the_simulator_beside_it() -> None:
    assert all(callable(local._work(name)) for name in get_args(JobName))


def test_a_job_on_a_full_disk_says_so(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    doing(OSError(errno.ENOSPC, "full"), monkeypatch)
    with pytest.raises(HeadraceError, match="the disk is full"):
        local.run_job(Job("refine", "pumps"), settings)


def test_a_fault_in_a_job_comes_out_as_it_was_raised(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    doing(KeyError("bug"), monkeypatch)
    with pytest.raises(KeyError, match="bug"):
        local.run_job(Job("refine", "pumps"), settings)


def test_a_strict_receipt_that_does_not_balance_is_an_error(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = Receipt("pumps", [Line("bronze.strokes", "lines = rows", 1, 2, {"lines": 2})])
    monkeypatch.setattr("headrace.operate.receipt.receipt", lambda *_: wrong)
    assert local.run_job(Job("receipt", "pumps"), settings).summary["balanced"] is False
    with pytest.raises(ReceiptError):
        local.run_job(Job("receipt", "pumps", {"strict": True}), settings)


def test_a_strict_scan_that_failed_is_an_error(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    failed = ScanSummary("pumps", "gold", "", [CheckResult("pump_days", "rows", "fail", "none")])
    monkeypatch.setattr("headrace.quality.scan.scan", lambda *_, **__: failed)
    monkeypatch.setattr("headrace.quality.scan.restore_failed", lambda *_: [])
    assert local.run_job(Job("scan", "pumps", {"layer": "gold"}), settings).summary["scan"]["checks"]
    with pytest.raises(GateClosed):
        local.run_job(Job("scan", "pumps", {"layer": "gold", "strict": True}), settings)


@pytest.mark.parametrize(
    ("asked", "options", "places"),
    [
        ({"workgroup": "dev"}, {}, ["glue"]),
        ({"unity_catalog": "dev_{domain}"}, {}, ["dev_pumps"]),
        ({"unity_catalog": "dev_{domain}", "workgroup": "dev"}, {}, ["dev_pumps", "glue"]),
        ({}, {"catalog": "prod_pumps"}, ["prod_pumps"]),
        ({}, {}, ["glue"]),
    ],
)
def test_tables_are_published_where_people_ask(
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    asked: dict[str, str],
    options: dict[str, str],
    places: list[str],
) -> None:
    monkeypatch.setattr(
        "headrace.serve.publish.publish_in_glue", lambda *_: [Published("glue", "t", "created")]
    )
    monkeypatch.setattr(
        "headrace.serve.publish.publish_in_unity", lambda _, __, into, ___: [Published(into, "t", "created")]
    )
    done = local.run_job(Job("publish", "pumps", options), settings.model_copy(update=asked))
    assert [each["database"] for each in done.summary["tables"]] == places
