"""Runs jobs as a step on a cluster: hands them over, waits, brings back what came of them.

Whose cluster it is, is the business of `steps`. Only names and dates travel. What comes back is a small document that
the job leaves in the bucket of artifacts.
"""

import json
import random
import time
import uuid
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

import boto3

from headrace.aws_errors import refused
from headrace.engines.job import Job, JobResult
from headrace.engines.package import Package, stamped
from headrace.engines.steps import Look, Program, Steps
from headrace.errors import HeadraceError, NotReady, Transient, UsageError
from headrace.lake import objects
from headrace.lake.lease import tables_held
from headrace.lake.paths import Paths
from headrace.live.supervisor import Step, keep
from headrace.progress import Event, Stopwatch, tell
from headrace.settings import Settings, as_environment

FIRST_LOOK, SLOWEST_LOOK = 2.0, 30.0
BLIND_FOR = 300.0
LATER_BY = 0.1  # of what a step took so far: whoever waits for a long one waits no tenth longer
WRITTEN_LIVE = ("bronze", "silver")
PLACES = ("lake_url", "landing_url", "artifacts_url")
NEEDED = {"emr": ("emr_id", *PLACES), "databricks": PLACES}
NEEDED_SERVERLESS = ("job_role_arn",)
SPARK = {"emr": "submitted", "databricks": "databricks"}


def run_jobs(jobs: Sequence[Job], settings: Settings) -> list[JobResult]:
    """As one step."""
    _check(settings)
    if [job.name for job in jobs] == ["keep"]:  # a look at a few small objects: no work for a cluster
        return [_kept(jobs[0], settings)]
    steps, watch, what = steps_of(settings), Stopwatch(), _named(jobs)
    result = _result_of(settings)
    asked = {"kind": "jobs", "jobs": [asdict(job) for job in jobs]}
    step = steps.start(_program(what, asked, result, stamped(settings.engine), settings))
    try:
        tell(Event(settings.engine, what, "started", note=f"{step} {steps.link(step)}"))
        look = _wait(steps, step, what, watch, settings)
    except BaseException as error:  # a flow run that is cancelled or killed takes its step along
        _cancel(steps, step, error)
        raise
    done = _came_of_it(look, what, steps, step, result)
    tell(Event(settings.engine, what, "done", seconds=watch.seconds))
    return done


def _named(jobs: Sequence[Job]) -> str:
    """Whatever they have in common is said once."""
    return " + ".join([str(jobs[0]), *(job.name for job in jobs[1:])])


def _cancel(steps: Steps, step: str, because: BaseException) -> None:
    """What stopped the wait is told, also where the step cannot be stopped."""
    try:
        steps.cancel(step)
    except (HeadraceError, ConnectionError) as error:
        because.add_note(f"step {step} may still run: {error}")


def _kept(job: Job, settings: Settings) -> JobResult:
    """Which tables the job will write is known where Spark is; here it waits for whoever writes silver or bronze."""
    watch, leases = Stopwatch(), Paths.of(job.domain, settings).leases
    with refused(leases, "HEADRACE_LAKE_URL"):
        held = [(layer, name) for layer, name in tables_held(leases) if layer in WRITTEN_LIVE]
        kept = keep(job.domain, settings, start_standing, held, look_at)
    return JobResult(job, watch.seconds, asdict(kept))


def start_standing(domain: str, settings: Settings) -> str:
    """The standing job as a step of its own, which nobody waits for: its heartbeat tells of it. The step's id."""
    _check(settings)
    steps, what = steps_of(settings), f"stream {domain}"
    asked = {"kind": "standing", "domain": domain}
    program = _program(what, asked, _result_of(settings), stamped(settings.engine), settings)
    step = steps.start(replace(program, stands=True))
    tell(Event(settings.engine, what, "started", note=f"{step} {steps.link(step)}"))
    return step


def look_at(step: str, settings: Settings) -> Step:
    look = steps_of(settings).look(step)
    return Step(look.is_over, str(look))


def _check(settings: Settings) -> None:
    is_serverless = settings.engine == "emr" and settings.emr_kind == "serverless"
    needed = (*NEEDED[settings.engine], *(NEEDED_SERVERLESS if is_serverless else ()))
    missing = [name for name in needed if not getattr(settings, name)]
    if missing:
        raise UsageError(
            f"the engine {settings.engine} needs {', '.join(f'HEADRACE_{name.upper()}' for name in missing)}; "
            "headrace configure --from-terraform infra/envs/dev writes them down"
        )


def _result_of(settings: Settings) -> str:
    return f"{settings.artifacts}/results/{time.strftime('%Y/%m/%d', time.gmtime())}/{uuid.uuid4().hex}.json"


def _program(name: str, asked: dict[str, Any], result: str, package: Package, settings: Settings) -> Program:
    told = {"settings": environment_there(settings), "result": result}
    return Program(name[:256], [json.dumps(asked | told)], package)


def environment_there(settings: Settings) -> dict[str, str]:
    """As the job knows them: it runs where it is, in the session that is made for it, with a scratch home. The machines
    of a cluster do not tell their programs where they are by themselves."""
    there = {"engine": "local", "spark": SPARK[settings.engine], "home": "headrace-home"}
    region = boto3.Session().region_name
    where = {"AWS_REGION": region, "AWS_DEFAULT_REGION": region} if region else {}
    return as_environment(settings.model_copy(update=there)) | where


def _wait(steps: Steps, step: str, name: str, watch: Stopwatch, settings: Settings) -> Look:
    look, told, seen = Look("waiting"), None, watch.seconds
    while True:
        try:
            look, seen = steps.look(step), watch.seconds
        except (Transient, ConnectionError):  # the step goes on while nobody can look
            if watch.seconds - seen > BLIND_FOR:
                raise
        if look.is_over:
            return look
        if look != told:
            tell(Event(settings.engine, name, "going", seconds=watch.seconds, note=str(look)))
            told = look
        pause = min(max(FIRST_LOOK, watch.seconds * LATER_BY), SLOWEST_LOOK)
        time.sleep(pause * random.uniform(0.8, 1.2))


def _came_of_it(look: Look, what: str, steps: Steps, step: str, result: str) -> list[JobResult]:
    if look.state == "cancelled":
        raise HeadraceError(f"{what}: step {step} was cancelled. {steps.link(step)}")
    found = _found(result)
    if found is None or "error" in found:
        raise _failed(what, step, look, found or {}, steps)
    return [replace(JobResult.from_dict(each), link=steps.link(step)) for each in found["done"]]


def _found(result: str) -> dict[str, Any] | None:
    with refused(result, "HEADRACE_ARTIFACTS_URL"):
        found: dict[str, Any] | None = objects.get_json(result)
    return found


def _failed(what: str, step: str, look: Look, found: dict[str, Any], steps: Steps) -> HeadraceError:
    trace = found.get("trace") or steps.last_words(step)
    said = found.get("error") or look.said or "it left no result"
    lost = not found and look.may_pass  # a lost machine tells nothing
    kind = Transient if found.get("may_pass", lost) else HeadraceError
    message = f"{what}: {said}\nstep {step}: {steps.link(step)}" + (f"\n{trace}" if trace else "")
    waits_for = found.get("waits_for")
    error = NotReady(message, waits_for) if waits_for else kind(message)
    error.exit_code = int(found.get("exit_code", 1))
    return error


def steps_of(settings: Settings) -> Steps:
    """Each kind is imported where it is wanted: nobody else needs its client."""
    if settings.engine == "databricks":
        from headrace.engines.databricks import Runs

        return Runs(settings)
    from headrace.engines.emr import ClusterSteps, ServerlessRuns

    return ServerlessRuns(settings) if settings.emr_kind == "serverless" else ClusterSteps(settings)
