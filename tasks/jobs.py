"""The jobs by name: what each is handed over with, and what comes back."""

from typing import Any

from headrace.engines.job import Job, JobName
from tasks.submit import submit


def generated(domain: str, **plan: Any) -> dict[str, Any]:
    return _done("generate", domain, plan)


def refined(domain: str, layer: str, *, as_of: Any, tables: list[str] | None) -> dict[str, Any]:
    return _done("refine", domain, {"layers": [layer], "as_of": as_of, "tables": tables})


def scanned(domain: str, layer: str, *, as_of: Any, tables: list[str] | None, force: bool) -> dict[str, Any]:
    return _done("scan", domain, {"layer": layer, "as_of": as_of, "tables": tables, "force": force or None})


def receipted(domain: str) -> dict[str, Any]:
    return _done("receipt", domain, {})


def scored(domain: str) -> dict[str, Any]:
    return _done("score", domain, {})


def maintained(domain: str, **what: Any) -> dict[str, Any]:
    return _done("maintain", domain, what)


def deduped(domain: str, *, day: Any, tables: list[str] | None) -> dict[str, Any]:
    return _done("dedupe", domain, {"day": day, "tables": tables})


def kept(domain: str) -> dict[str, Any]:
    return _done("keep", domain, {})


def _done(name: JobName, domain: str, options: dict[str, Any]) -> dict[str, Any]:
    """Options travel as JSON, so instants go as text and what was not given does not go at all."""
    given = {key: value for key, value in options.items() if value is not None}
    return submit(Job(name, domain, {key: _as_text(value) for key, value in given.items()}))


def _as_text(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value
