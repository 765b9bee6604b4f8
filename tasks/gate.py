"""What may stop a run: a scan that failed, a receipt that does not balance."""

from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE

from headrace.errors import NotReady, ReceiptError
from headrace.quality.gate import ScanSummary, gate
from tasks.report import report_receipt, report_scan


@task(name="gate", task_run_name="gate behind {scanned[scan][layer]}", cache_policy=NO_CACHE)
def pass_gate(scanned: dict[str, Any]) -> None:
    summary = ScanSummary.from_dict(scanned["scan"])
    report_scan(summary, scanned["restored"])
    gate(summary)


def must_be_there(scanned: dict[str, Any]) -> None:
    """Raises where a scan failed for nothing but tables that nobody has written yet."""
    summary = ScanSummary.from_dict(scanned["scan"])
    if summary.failed and summary.failed_tables == summary.never_written:
        table = f"{summary.layer}.{summary.never_written[0]}"
        raise NotReady(
            f"{table} does not exist yet; refine or stream it first", f"{table}, which does not exist yet"
        )


@task(name="settle receipt", cache_policy=NO_CACHE)
def settle(receipt: dict[str, Any]) -> None:
    report_receipt(receipt)
    wrong = [f"{line['table']}: {line['left']:,} is not {line['right']:,}" for line in receipt["lines"]
             if not line["balanced"]]  # fmt: skip
    if wrong:
        raise ReceiptError("\n".join(["the receipt does not balance:", *wrong]))
