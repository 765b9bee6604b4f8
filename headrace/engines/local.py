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

from headrace.engines import Job, JobName, JobResult
from headrace.errors import cause_to_act_on
from headrace.progress import Stopwatch
from headrace.settings import Settings, as_environment, get_settings

Options = dict[str, Any]
Work = Callable[[str, Options, Settings], Options]
STANDING = "streaming.stand"
SIMULATION = "simulation.jobs"  # beside the library, which works without it
INSTANTS = {"as_of", "start", "end"}


def run_job(job: Job, settings: Settings | None = None) -> JobResult:
    watch = Stopwatch()
    try:
        summary = _work(job.name)(job.domain, _typed(job.options), settings or get_settings())
    except Exception as error:
        cause = cause_to_act_on(error)
        if cause is None:
            raise
        raise cause from error
    return JobResult(job, watch.seconds, json.loads(json.dumps(summary, default=str)))


def _typed(options: Options) -> Options:
    """Options as functions take them: instants and days travel as text, and what is not chosen does not count.
    Everything inside is UTC without saying so."""
    typed: Options = {}
    for name, given in options.items():
        if given not in (None, [], ()):
            typed[name] = tuple(given) if isinstance(given, list) else given
    for name in INSTANTS & typed.keys():
        given = typed[name]
        instant = datetime.fromisoformat(given) if isinstance(given, str) else given
        typed[name] = instant.astimezone(UTC).replace(tzinfo=None) if instant.tzinfo else instant
    if isinstance(typed.get("day"), str):
        typed["day"] = date.fromisoformat(typed["day"])
    return typed


def _work(name: JobName) -> Work:
    known: dict[str, Work] = _WORK if name in _WORK else import_module(SIMULATION).JOBS
    return known[name]


def _refine(domain: str, options: Options, settings: Settings) -> Options:
    from headrace.refine.run import refine

    return asdict(refine(domain, settings=settings, **options))


def _scan(domain: str, options: Options, settings: Settings) -> Options:
    """Scans a layer and puts gold tables that failed back to their last good version. strict: for whom nobody judges
    the result, a scan that failed is an error."""
    from headrace.quality.gate import gate
    from headrace.quality.scan import restore_failed, scan

    strict = options.pop("strict", False)
    summary = scan(domain, settings=settings, **options)
    restored = restore_failed(summary, settings)
    if strict:
        gate(summary)
    return {"scan": summary.as_dict(), "restored": [asdict(each) for each in restored]}


def _maintain(domain: str, options: Options, settings: Settings) -> Options:
    from headrace.operate.maintain import maintain

    return {"tables": [asdict(each) for each in maintain(domain, settings=settings, **options)]}


def _recycle(domain: str, options: Options, settings: Settings) -> Options:
    from headrace.refine.silver import recycle

    names = options.get("tables", (None,))
    return {"recycled": [asdict(recycle(domain, name, settings=settings)) for name in names]}


def _dedupe(domain: str, options: Options, settings: Settings) -> Options:
    from headrace.operate.maintain import dedupe

    done = dedupe(domain, settings=settings, **options)
    return {"tables": [asdict(each) for each in done], "rows": sum(each.rows for each in done)}


def _receipt(domain: str, options: Options, settings: Settings) -> Options:
    """strict: one that does not balance is an error."""
    from headrace.operate.receipt import receipt

    balance = receipt(domain, settings)
    return (balance.check() if options.get("strict") else balance).as_dict()


def _publish(domain: str, options: Options, settings: Settings) -> Options:
    """Where people ask: in Unity Catalog, in Athena, or in both."""
    from headrace.serve.publish import PUBLISHED_LAYERS, publish_in_glue, publish_in_unity

    layers, done = options.get("layers", PUBLISHED_LAYERS), []
    catalog = options.get("catalog") or settings.unity_catalog.replace("{domain}", domain)
    if catalog:
        done += publish_in_unity(domain, settings, catalog, layers)
    if settings.workgroup or not catalog:
        done += publish_in_glue(domain, settings, layers)
    return {"tables": [asdict(each) for each in done]}


def _serve(domain: str, options: Options, settings: Settings) -> Options:
    from headrace.serve.database import serve

    return {"tables": [asdict(each) for each in serve(domain, settings, **options)]}


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
    with log.open("ab") as output:
        subprocess.Popen(
            [sys.executable, "-m", STANDING, domain],
            env={**os.environ, **as_environment(settings)},
            stdout=output,
            stderr=output,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )


def _train(domain: str, options: Options, settings: Settings) -> Options:
    from headrace.operate.training import train

    return train(domain, settings=settings, **options)


def _judge(domain: str, options: Options, settings: Settings) -> Options:
    from headrace.operate.training import judge_champion

    return judge_champion(domain, settings=settings, **options)


_WORK: dict[str, Work] = {
    "refine": _refine,
    "scan": _scan,
    "maintain": _maintain,
    "recycle": _recycle,
    "dedupe": _dedupe,
    "receipt": _receipt,
    "keep": _keep,
    "publish": _publish,
    "serve": _serve,
    "train": _train,
    "judge": _judge,
}
