"""Steps of a cluster and runs without one, submitted for real: the same engine, the same package, the same answers."""

import gzip
import json
import tarfile
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pandas
import pytest

from headrace.engines import Job, package, submit
from headrace.engines.cluster import Program, start_standing, steps_of
from headrace.engines.package import Package, stamp
from headrace.errors import HeadraceError, Transient
from headrace.lake import objects
from headrace.settings import Settings, versions
from rehearsal.aws.server_process import aws
from rehearsal.aws.spark_submit import applications_of
from rehearsal.yarn import Yarn
from tests.cloud.stubs import BARE

JOB = Job("scan", "toy", {"layer": "silver"})
STUBS = {  # of what the entry leans on
    **BARE,
    "headrace/settings.py": "def get_settings(): return None",
    "headrace/errors.py": """
class Busy(Exception): pass
def cause_to_act_on(error): return None
def may_pass(error): return False
""",
    "headrace/engines/local.py": """
import os, time
import theirs  # from the other archive
STANDING = "standing"
class Done:
    def __init__(self, job): self.job = job
    def as_dict(self):
        return {"job": self.job.__dict__, "seconds": 1.0, "summary": {"said": theirs.WORD, "at": os.getcwd()}}
def run_job(job, settings):
    print("at work", flush=True)
    if job.options.get("dies"):
        os._exit(7)
    if job.options.get("grouped"):
        return Grouped(job)
    if job.options.get("slow"):
        time.sleep(600)
    return Done(job)
class Grouped(Done):
    def as_dict(self):
        from pyspark.sql import SparkSession
        session = SparkSession.builder.getOrCreate()
        rows = session.range(4).selectExpr("id % 2 as pump").groupBy("pump").applyInPandas(seen, SEEN).collect()
        if self.job.options.get("slow"):
            time.sleep(600)
        said = {"seen": [row.asDict() for row in rows], "driver": os.environ.get("CONTAINER_ID")}
        return {"job": self.job.__dict__, "seconds": 1.0, "summary": said}
SEEN = "pump long, rows long, word string, container string"
def seen(rows):
    import pandas, theirs as there
    one = {"pump": rows["pump"].iloc[0], "rows": len(rows), "word": there.WORD}
    return pandas.DataFrame([{**one, "container": os.environ["CONTAINER_ID"]}])
""",
    "standing.py": "import time\ndef stand(domain, settings): time.sleep(600)",
    "headrace/lake/objects.py": """
import json, os, urllib.request
def put_json(url, value):
    there = f"{os.environ['AWS_ENDPOINT_URL']}/{url.partition('://')[2]}"
    as_json = {"Content-Type": "application/json"}
    urllib.request.urlopen(urllib.request.Request(there, json.dumps(value).encode(), as_json, method="PUT"))
""",
}
PACKAGES = Path(pandas.__file__).parents[1]  # in the place of an archive of 200 MB, which real packages have
SITE = f"import sys; sys.path.append({str(PACKAGES)!r})"
STANDS = json.dumps({"kind": "standing", "domain": "toy", "settings": {}, "result": ""})
AT = "s3a://headrace-test/code"
PACKAGE = Package(f"{AT}/run.py", f"{AT}/code.zip", f"{AT}/needs.tar.gz", ())
ROLE = "arn:aws:iam::123456789012:role/headrace-test-job"


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("submitted")


@pytest.fixture(scope="module")
def artifacts(there: Path) -> Iterator[str]:
    """AWS that runs what it is asked for, and a package: the entry as it is, beside two archives of little."""
    with pytest.MonkeyPatch.context() as patch, aws(there / "aws.log", steps=there / "steps") as running:
        for name, value in running.environment.items():
            patch.setenv(name, value)
        objects._s3.cache_clear()
        patch.chdir(there)
        for name in ("headrace-test", "headrace-logs"):
            where = {"LocationConstraint": running.environment["AWS_REGION"]}
            boto3.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration=where)
        (there / "theirs.py").write_text("WORD = 'theirs'")
        (there / "sitecustomize.py").write_text(SITE)
        with zipfile.ZipFile(there / "code.zip", "w") as code:
            for name, text in STUBS.items():
                code.writestr(name, text)
        with tarfile.open(there / "needs.tar.gz", "w:gz") as needs:
            for name in ("theirs.py", "sitecustomize.py"):
                needs.add(there / name, name)
        (there / "run.py").write_text(package.ENTRY.read_text())
        for name in ("run.py", "code.zip", "needs.tar.gz"):
            objects.put(f"s3://headrace-test/code/{name}", (there / name).read_bytes())
        stamp(PACKAGE)
        yield "s3://headrace-test"
    objects._s3.cache_clear()


@pytest.fixture(params=["cluster", "serverless"])
def settings(request: pytest.FixtureRequest, artifacts: str) -> Settings:
    kind = request.param
    return Settings.model_validate(
        {
            "engine": "emr", "emr_kind": kind, "emr_id": _made(kind), "job_role_arn": ROLE,
            "lake_url": artifacts, "landing_url": artifacts, "artifacts_url": artifacts,
            "logs_url": "s3://headrace-logs", "environment": "headrace-test",
        }
    )  # fmt: skip


def _made(kind: str) -> str:
    if kind == "cluster":
        asked: dict[str, Any] = {"Instances": {"KeepJobFlowAliveWhenNoSteps": True}}
        logs = {"LogUri": "s3://headrace-logs/emr", "ReleaseLabel": versions()["emr_release"]}
        return str(boto3.client("emr").run_job_flow(Name="toy", **asked, **logs)["JobFlowId"])
    emr = boto3.client("emr-serverless")
    made = emr.create_application(name="toy", releaseLabel=versions()["emr_release"], type="SPARK")
    return str(made["applicationId"])


def test_a_job_is_run_with_what_its_archives_bring(settings: Settings) -> None:
    assert submit(JOB, settings).summary["said"] == "theirs"


def test_grouped_rows_are_worked_on_in_containers_with_what_the_archives_bring(settings: Settings) -> None:
    said = submit(Job("scan", "toy", {"grouped": True}), settings).summary
    assert sorted((each["pump"], each["rows"], each["word"]) for each in said["seen"]) == [
        (0, 2, "theirs"),
        (1, 2, "theirs"),
    ]
    assert said["driver"] is None, "it is the step's own process"
    containers = {each["container"] for each in said["seen"]}
    logs = objects.list_under("s3://headrace-logs/emr")
    assert all(any(container in url for url in logs) for container in containers)


def test_one_that_dies_without_a_word_of_its_own_is_told_by_its_log_and_worth_another_try(
    settings: Settings,
) -> None:
    with pytest.raises(Transient, match="at work"):
        submit(Job("scan", "toy", {"dies": True}), settings)


def test_one_that_is_called_off_runs_no_longer_nor_does_its_application(
    settings: Settings, there: Path
) -> None:
    said: list[str] = []

    def waits() -> None:
        try:
            submit(Job("scan", "toy", {"grouped": True, "slow": True}), settings)
        except HeadraceError as error:
            said.append(str(error))

    waiting = threading.Thread(target=waits)
    waiting.start()
    step = _running_of(settings)
    yarn, folder = Yarn(there / "steps" / "yarn"), there / "steps" / settings.emr_id / step
    _until(lambda: any(len(yarn.containers(each)) == 2 for each in applications_of(folder)))
    (application,) = applications_of(folder)
    assert yarn.is_at_work(application)
    steps_of(settings).cancel(step)
    waiting.join(90)
    assert "was cancelled" in said[0]
    _until(lambda: not yarn.is_at_work(application))


def test_a_step_that_cannot_be_begun_fails_and_its_log_says_why(artifacts: str) -> None:
    emr, cluster = boto3.client("emr"), _made("cluster")
    asked: Any = {"Jar": "command-runner.jar", "Args": ["no-such-program"]}
    added = emr.add_job_flow_steps(JobFlowId=cluster, Steps=[{"Name": "toy", "HadoopJarStep": asked}])
    (step,) = added["StepIds"]
    _until(lambda: emr.describe_step(ClusterId=cluster, StepId=step)["Step"]["Status"]["State"] == "FAILED")
    log = objects.get(f"s3://headrace-logs/emr/{cluster}/steps/{step}/stderr.gz")
    assert b"no-such-program" in gzip.decompress(log or b"")


def test_the_standing_job_stands_and_all_others_may_take_their_time(settings: Settings) -> None:
    start_standing("toy", settings)
    step = _running_of(settings)
    steps = steps_of(settings)
    assert steps.look(step).state == "running"
    if settings.emr_kind == "serverless":
        found = boto3.client("emr-serverless").get_job_run(applicationId=settings.emr_id, jobRunId=step)
        assert found["jobRun"]["mode"] == "STREAMING"
        assert found["jobRun"]["tags"] == {"environment": "headrace-test"}, "what the worker may look at"
        other = steps.start(
            Program(
                "toy",
                [STANDS],
                PACKAGE,
            )
        )
        found = boto3.client("emr-serverless").get_job_run(applicationId=settings.emr_id, jobRunId=other)
        assert found["jobRun"]["executionTimeoutMinutes"] == 7 * 24 * 60
        steps.cancel(other)
    steps.cancel(step)


def _running_of(settings: Settings) -> str:
    found: list[Any] = []

    def runs() -> bool:
        if settings.emr_kind == "cluster":
            steps = boto3.client("emr").list_steps(ClusterId=settings.emr_id, StepStates=["RUNNING"])["Steps"]
            found.extend(each["Id"] for each in steps)
        else:
            runs = boto3.client("emr-serverless").list_job_runs(
                applicationId=settings.emr_id, states=["RUNNING"]
            )
            found.extend(each["id"] for each in runs["jobRuns"])
        return bool(found)

    _until(runs)
    return str(found[0])


def _until(holds: Callable[[], bool], seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.2)
