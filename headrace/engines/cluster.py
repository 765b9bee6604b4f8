"""Runs jobs as a step on a cluster, whoever's it is: hands over names and dates, waits, and brings back the document
that the step leaves in the bucket of artifacts."""

import json
import os
import random
import time
import uuid
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any, Literal, Protocol
from urllib.request import Request, urlopen

from headrace.aws_errors import refused
from headrace.engines import Job, JobResult
from headrace.engines.environment import where_jobs_run
from headrace.engines.package import Package, environment_there, stamped
from headrace.errors import HeadraceError, NotReady, Transient, UsageError
from headrace.lake import objects
from headrace.lake.lease import tables_held
from headrace.lake.paths import Paths
from headrace.live.supervisor import Step, keep
from headrace.progress import Event, Stopwatch, tell
from headrace.settings import Settings

State = Literal["waiting", "running", "done", "failed", "cancelled"]
LOG_LINES = 40
FIRST_LOOK, SLOWEST_LOOK = 2.0, 30.0
BLIND_FOR = 300.0
HELD_MINUTES, HELD_AGAIN = 10, 120.0
LATER_BY = 0.1  # of what a step took so far: whoever waits for a long one waits no tenth longer
WRITTEN_LIVE = ("bronze", "silver")
PLACES = ("lake_url", "landing_url", "artifacts_url")
NEEDED = {"emr": ("emr_id", *PLACES), "databricks": PLACES}


@dataclass(frozen=True)
class Program:
    """The entry of a package with its words, to be run beside the package's archives. stands: it never ends itself."""

    name: str
    words: Sequence[str]
    package: Package
    stands: bool = False

    @property
    def words_and_archives(self) -> list[str]:
        """For where no spark-submit unpacks the archives beside the entry."""
        return [*self.words, json.dumps(self.package.archives)]


@dataclass(frozen=True)
class Look:
    """may_pass: whether a step that failed without a word of its own is worth a second try."""

    state: State
    message: str = ""
    may_pass: bool = True

    @property
    def is_over(self) -> bool:
        return self.state in ("done", "failed", "cancelled")

    def __str__(self) -> str:
        return f"{self.state} {self.message}".strip()


class Steps(Protocol):
    def start(self, program: Program) -> str:
        """Its id."""

    def look(self, step: str) -> Look: ...

    def cancel(self, step: str) -> None: ...

    def last_words(self, step: str) -> str:
        """The end of its log, or where that will lie; empty where nothing is known."""

    def link(self, step: str) -> str:
        """Where a person sees it."""


def run_jobs(jobs: Sequence[Job], settings: Settings) -> list[JobResult]:
    """As one step."""
    settings = _checked(settings)
    if [job.name for job in jobs] == ["keep"]:  # a look at a few small objects: no work for a cluster
        return [_kept(jobs[0], _standing(settings))]
    watch, steps, result = Stopwatch(), steps_of(settings), _result_of(settings)
    what = " + ".join([str(jobs[0]), *(job.name for job in jobs[1:])])
    asked = {"kind": "jobs", "jobs": [asdict(job) for job in jobs]}
    step = steps.start(_program(what, asked, result, settings))
    try:
        tell(Event(settings.engine, what, "started", note=f"{step} {steps.link(step)}"))
        look = _wait(steps, step, what, watch, settings)
    except BaseException as error:  # a flow run that is cancelled or killed takes its step along
        try:
            steps.cancel(step)
        except (HeadraceError, ConnectionError) as refusal:
            error.add_note(f"step {step} may still run: {refusal}")
        raise
    if look.state == "cancelled":
        raise HeadraceError(f"{what}: step {step} was cancelled. {steps.link(step)}")
    with refused(result, "HEADRACE_ARTIFACTS_URL"):
        document = objects.get_json(result)
    if document is None or "error" in document:
        raise _failed(what, step, look, document or {}, steps)
    tell(Event(settings.engine, what, "done", seconds=watch.seconds))
    return [JobResult(Job(**each["job"]), each["seconds"], each["summary"]) for each in document["done"]]


def _kept(job: Job, settings: Settings) -> JobResult:
    """Which tables the job will write is known where Spark is; here it waits for whoever writes silver or bronze."""
    watch, leases = Stopwatch(), Paths.of(job.domain, settings).leases
    with refused(leases, "HEADRACE_LAKE_URL"):
        held = [(layer, name) for layer, name in tables_held(leases) if layer in WRITTEN_LIVE]
        kept = keep(job.domain, settings, start_standing, held, look_at)
    return JobResult(job, watch.seconds, asdict(kept))


def start_standing(domain: str, settings: Settings) -> str:
    """The standing job as a step of its own, which nobody waits for: its heartbeat tells of it. The step's id."""
    settings = _standing(_checked(settings))
    steps, what = steps_of(settings), f"stream {domain}"
    asked = {"kind": "standing", "domain": domain}
    step = steps.start(_program(what, asked, _result_of(settings), settings, stands=True))
    tell(Event(settings.engine, what, "started", note=f"{step} {steps.link(step)}"))
    return step


def look_at(step: str, settings: Settings) -> Step:
    look = steps_of(_standing(_checked(settings))).look(step)
    return Step(look.is_over, str(look))


def _standing(settings: Settings) -> Settings:
    """Where the standing job runs, which may be elsewhere than what ends."""
    if not settings.stream_emr_id:
        return settings
    there = {"emr_kind": settings.stream_emr_kind, "emr_id": settings.stream_emr_id}
    return settings.model_copy(update=there)


def _checked(settings: Settings) -> Settings:
    settings = where_jobs_run(settings)
    is_serverless = settings.engine == "emr" and settings.emr_kind == "serverless"
    needed = (*NEEDED[settings.engine], *(("job_role_arn",) if is_serverless else ()))
    missing = [name for name in needed if not getattr(settings, name)]
    if missing:
        raise UsageError(
            f"the engine {settings.engine} needs {', '.join(f'HEADRACE_{name.upper()}' for name in missing)}; "
            "headrace configure --from-terraform infra/envs/dev writes them down"
        )
    return settings


def _result_of(settings: Settings) -> str:
    return f"{settings.artifacts}/results/{time.strftime('%Y/%m/%d', time.gmtime())}/{uuid.uuid4().hex}.json"


def _program(
    name: str, asked: dict[str, Any], result: str, settings: Settings, *, stands: bool = False
) -> Program:
    words = asked | {"settings": environment_there(settings), "result": result}
    return Program(name[:256], [json.dumps(words)], stamped(settings.engine), stands)


def _wait(steps: Steps, step: str, name: str, watch: Stopwatch, settings: Settings) -> Look:
    look, last, seen = Look("waiting"), None, watch.seconds
    held = -HELD_AGAIN
    while True:
        if watch.seconds - held >= HELD_AGAIN:
            held = watch.seconds
            _hold_worker()
        try:
            look, seen = steps.look(step), watch.seconds
        except (Transient, ConnectionError):  # the step goes on while nobody can look
            if watch.seconds - seen > BLIND_FOR:
                raise
        if look.is_over:
            return look
        if look != last:
            tell(Event(settings.engine, name, "going", seconds=watch.seconds, note=str(look)))
            last = look
        pause = min(max(FIRST_LOOK, watch.seconds * LATER_BY), SLOWEST_LOOK)
        time.sleep(pause * random.uniform(0.8, 1.2))


def _hold_worker() -> None:
    """Asks ECS, where this process is in one of its tasks, to let the task be for some minutes more: a deployment then
    waits for the runs that wait for a step. It ends by itself, so nobody has to count runs or to take it back."""
    agent = os.environ.get("ECS_AGENT_URI")
    if agent is None:
        return
    asked = json.dumps({"ProtectionEnabled": True, "ExpiresInMinutes": HELD_MINUTES}).encode()
    request = Request(
        f"{agent}/task-protection/v1/state", asked, {"Content-Type": "application/json"}, method="PUT"
    )
    with suppress(OSError):  # a run that may be ended is better than one that fails for it
        urlopen(request, timeout=5).close()


def _failed(what: str, step: str, look: Look, document: dict[str, Any], steps: Steps) -> HeadraceError:
    trace = document.get("trace") or steps.last_words(step)
    cause = document.get("error") or look.message or "it left no result"
    lost = not document and look.may_pass  # a lost machine tells nothing
    kind = Transient if document.get("may_pass", lost) else HeadraceError
    message = f"{what}: {cause}\nstep {step}: {steps.link(step)}" + (f"\n{trace}" if trace else "")
    waits_for = document.get("waits_for")
    error = NotReady(message, waits_for) if waits_for else kind(message)
    error.exit_code = int(document.get("exit_code", 1))
    return error


def steps_of(settings: Settings) -> Steps:
    """Each kind is imported where it is wanted: nobody else needs its client."""
    if settings.engine == "databricks":
        from headrace.engines.databricks import Runs

        return Runs(settings)
    from headrace.engines.emr import ClusterSteps, ServerlessRuns

    return ServerlessRuns(settings) if settings.emr_kind == "serverless" else ClusterSteps(settings)
