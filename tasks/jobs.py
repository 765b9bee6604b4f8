"""The jobs by name: what each is handed over with, and what comes back.

What follows each other without a decision between goes together: on a cluster each start of Spark costs seconds.
"""

from typing import Any

from headrace.engines import Job, JobName
from headrace.settings import get_settings
from tasks.submit import submit


def generated(domain: str, **plan: Any) -> dict[str, Any]:
    return _done(_job("generate", domain, plan))


def refined(
    domain: str, layer: str, *, as_of: Any, tables: list[str] | None, scans: bool, force: bool = False
) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """What came of the layer, and of the scan behind it."""
    refine = _job("refine", domain, {"layers": [layer], "as_of": as_of, "tables": tables})
    if not scans:
        return _done(refine), None
    options = {"layer": layer, "as_of": as_of, "tables": tables, "force": force or None}
    done, found = submit(f"refine {domain}, {layer}, and scan", [refine, _job("scan", domain, options)])
    return done, found


def scanned(domain: str, layer: str, *, tables: list[str] | None) -> dict[str, Any]:
    return _done(_job("scan", domain, {"layer": layer, "tables": tables}))


def settled(domain: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The receipt, and what became of the tables that people ask in Athena, where they do."""
    receipt = _job("receipt", domain, {})
    if not get_settings().publishes:
        return _done(receipt), []
    balance, published = submit(f"receipt {domain}, and publish", [receipt, _job("publish", domain, {})])
    return balance, published["tables"]


def served(domain: str) -> list[dict[str, Any]]:
    """What became of the tables of the database that people ask by SQL; none where there is no such database."""
    return _done(_job("serve", domain, {}))["tables"] if get_settings().serves else []


def scored(domain: str) -> dict[str, Any]:
    return _done(_job("score", domain, {}))


def maintained(domain: str, **what: Any) -> dict[str, Any]:
    return _done(_job("maintain", domain, what))


def deduped(domain: str, *, day: Any, tables: list[str] | None) -> dict[str, Any]:
    return _done(_job("dedupe", domain, {"day": day, "tables": tables}))


def trained(domain: str, *, model: str | None) -> dict[str, Any]:
    return _done(_job("train", domain, {"model": model}))


def kept(domain: str) -> dict[str, Any]:
    return _done(_job("keep", domain, {}))


def _job(name: JobName, domain: str, options: dict[str, Any]) -> Job:
    """Options travel as JSON, so instants go as text and what was not given does not go at all."""
    return Job(name, domain, {key: _as_text(value) for key, value in options.items() if value is not None})


def _done(job: Job) -> dict[str, Any]:
    return submit(str(job), [job])[0]


def _as_text(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value
