"""Runs a job in this process, with its one warm Spark session."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, date, datetime
from importlib import import_module
from typing import Any

from headrace.engines.job import Job, JobName, JobResult
from headrace.errors import cause_to_act_on
from headrace.progress import Stopwatch
from headrace.settings import Settings, as_environment, get_settings

Options = dict[str, Any]
Work = Callable[[str, Options, Settings], Options]
STANDING = "streaming.stand"
SIMULATION = "simulation.jobs"  # beside the library, which works without it


def run_job(job: Job, settings: Settings | None = None) -> JobResult:
    watch = Stopwatch()
    try:
        summary = _work(job.name)(job.domain, job.options, settings or get_settings())
    except Exception as error:
        found = cause_to_act_on(error)
        if found is None:
            raise
        raise found from error
    return JobResult(job, watch.seconds, json.loads(json.dumps(summary, default=str)))


def _refine(domain: str, options: Options, settings: Settings) -> Options:
    from headrace.lake.paths import LAYERS
    from headrace.refine.run import refine

    layers, names = options.get("layers") or LAYERS, names_of(options)
    result = refine(
        domain, as_of=instant_of(options, "as_of"), layers=layers, tables=names, settings=settings
    )
    return result.as_dict()


def _scan(domain: str, options: Options, settings: Settings) -> Options:
    """Scans a layer and puts gold tables that failed back to their last good version. strict: for whom nobody judges
    the result, a scan that failed is an error."""
    from headrace.quality.gate import gate
    from headrace.quality.scan import restore_failed, scan

    summary = scan(
        domain,
        options["layer"],
        tables=names_of(options),
        as_of=instant_of(options, "as_of"),
        settings=settings,
        force=bool(options.get("force")),
    )
    restored = restore_failed(summary, settings)
    if options.get("strict"):
        gate(summary)
    return {"scan": summary.as_dict(), "restored": [asdict(each) for each in restored]}


def _maintain(domain: str, options: Options, settings: Settings) -> Options:
    from headrace.lake.paths import LAYERS
    from headrace.operate.maintain import maintain

    done = maintain(
        domain,
        tables=names_of(options),
        layers=options.get("layers") or LAYERS,
        least_bytes=options.get("least_bytes") or 0,
        retain_hours=options.get("retain_hours"),
        even_if_unsafe=bool(options.get("even_if_unsafe")),
        settings=settings,
    )
    return {"tables": [asdict(each) for each in done]}


def _recycle(domain: str, options: Options, settings: Settings) -> Options:
    from headrace.refine.recycle import recycle

    names = names_of(options) or (None,)
    return {"recycled": [asdict(recycle(domain, name, settings=settings)) for name in names]}


def _dedupe(domain: str, options: Options, settings: Settings) -> Options:
    from headrace.operate.dedupe import dedupe

    day = date.fromisoformat(options["day"]) if options.get("day") else None
    done = dedupe(domain, day=day, tables=names_of(options), settings=settings)
    return {"tables": [asdict(each) for each in done], "rows": sum(each.rows for each in done)}


def _receipt(domain: str, options: Options, settings: Settings) -> Options:
    """strict: one that does not balance is an error."""
    from headrace.operate.receipt import receipt

    found = receipt(domain, settings)
    return (found.check() if options.get("strict") else found).as_dict()


def _publish(domain: str, options: Options, settings: Settings) -> Options:
    """Where people ask: in Unity Catalog, in Athena, or in both."""
    from headrace.serve import glue, unity

    layers, done = options.get("layers") or glue.LAYERS, []
    catalog = options.get("catalog") or settings.unity_catalog.replace("{domain}", domain)
    if catalog:
        done += unity.publish(domain, settings, catalog, layers)
    if settings.workgroup or not catalog:
        done += glue.publish(domain, settings, layers)
    return {"tables": [asdict(each) for each in done]}


def _keep(domain: str, options: Options, settings: Settings) -> Options:  # noqa: ARG001
    from headrace.live.standing_tables import tables_of
    from headrace.live.supervisor import keep
    from headrace.refine.catalog import load_tables

    catalog = load_tables(domain)
    return asdict(keep(domain, settings, start_standing, tables_of(catalog, catalog.by_topic)))


def start_standing(domain: str, settings: Settings) -> None:
    """In a process of its own, which outlives this one; what it says goes to a log."""
    log = (settings.home / "logs" / "stream.log").absolute()
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as said:
        subprocess.Popen(
            [sys.executable, "-m", STANDING, domain],
            env={**os.environ, **as_environment(settings)},
            stdout=said,
            stderr=said,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )


def _work(name: JobName) -> Work:
    known = _WORK.get(name)
    if known is None:
        jobs: dict[str, Work] = import_module(SIMULATION).JOBS
        known = jobs[name]
    return known


def instant_of(options: Options, name: str) -> datetime | None:
    """Everything inside is UTC without saying so."""
    given = options.get(name)
    instant = datetime.fromisoformat(given) if isinstance(given, str) else given
    return instant.astimezone(UTC).replace(tzinfo=None) if instant and instant.tzinfo else instant


def names_of(options: Options) -> tuple[str, ...] | None:
    given = options.get("tables")
    return tuple(given) if given else None


_WORK: dict[JobName, Work] = {
    "refine": _refine,
    "scan": _scan,
    "maintain": _maintain,
    "recycle": _recycle,
    "dedupe": _dedupe,
    "receipt": _receipt,
    "keep": _keep,
    "publish": _publish,
}
