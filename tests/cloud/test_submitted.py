"""Steps of a cluster and runs without one, submitted for real: the same engine, the same package, the same answers."""

import json
import tarfile
import threading
import time
import zipfile
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from headrace.engines import submit
from headrace.engines.cluster import start_standing
from headrace.engines.job import Job
from headrace.engines.package import Package, stamp
from headrace.engines.steps import Program, steps_of
from headrace.errors import HeadraceError, Passing
from headrace.lake import objects
from headrace.settings import Settings
from rehearsal.aws.running import aws

JOB = Job("scan", "toy", {"layer": "silver"})
PROGRAM = """
import json, sys, time
import ours, theirs  # from the two archives
asked = json.loads(sys.argv[1])
if asked["kind"] == "standing" or asked["jobs"][0]["options"].get("slow"):
    time.sleep(600)
if asked["jobs"][0]["options"].get("dies"):
    sys.exit("the machine was lost")
done = [{"job": job, "seconds": 1.0, "summary": {"said": ours.WORD + theirs.WORD}} for job in asked["jobs"]]
import boto3
bucket, key = asked["result"].split("://")[1].split("/", 1)
boto3.client("s3").put_object(Bucket=bucket, Key=key, Body=json.dumps({"done": done}))
"""
AT = "s3a://headrace-test/code"
PACKAGE = Package(f"{AT}/run.py", f"{AT}/code.zip", f"{AT}/needs.tar.gz", ())
ROLE = "arn:aws:iam::123456789012:role/headrace-test-job"


@pytest.fixture(scope="module")
def artifacts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """AWS that runs what it is asked for, and a package of one module each."""
    there = tmp_path_factory.mktemp("submitted")
    with pytest.MonkeyPatch.context() as patch, aws(there / "aws.log", steps=there / "steps") as running:
        for name, value in running.environment.items():
            patch.setenv(name, value)
        objects._s3.cache_clear()
        patch.chdir(there)
        for name in ("headrace-test", "headrace-logs"):
            where = {"LocationConstraint": running.environment["AWS_REGION"]}
            boto3.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration=where)
        (there / "theirs.py").write_text("WORD = 'theirs'")
        with zipfile.ZipFile(there / "code.zip", "w") as code:
            code.writestr("ours.py", "WORD = 'ours and '")
        with tarfile.open(there / "needs.tar.gz", "w:gz") as needs:
            needs.add(there / "theirs.py", "theirs.py")
        (there / "run.py").write_text(PROGRAM)
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
            "logs_url": "s3://headrace-logs",
        }
    )  # fmt: skip


def _made(kind: str) -> str:
    if kind == "cluster":
        asked: dict[str, Any] = {"Instances": {"KeepJobFlowAliveWhenNoSteps": True}}
        logs = {"LogUri": "s3://headrace-logs/emr", "ReleaseLabel": "emr-spark-8.0.0"}
        return str(boto3.client("emr").run_job_flow(Name="toy", **asked, **logs)["JobFlowId"])
    emr = boto3.client("emr-serverless")
    made = emr.create_application(name="toy", releaseLabel="emr-spark-8.0.0", type="SPARK")
    return str(made["applicationId"])


def test_a_job_is_run_with_what_its_archives_bring(settings: Settings) -> None:
    assert submit(JOB, settings).summary == {"said": "ours and theirs"}


def test_one_that_dies_without_a_word_of_its_own_is_told_by_its_log_and_worth_another_try(
    settings: Settings,
) -> None:
    with pytest.raises(Passing, match="the machine was lost"):
        submit(Job("scan", "toy", {"dies": True}), settings)


def test_one_that_is_called_off_runs_no_longer(settings: Settings) -> None:
    said: list[str] = []

    def waits() -> None:
        try:
            submit(Job("scan", "toy", {"slow": True}), settings)
        except HeadraceError as error:
            said.append(str(error))

    waiting = threading.Thread(target=waits)
    waiting.start()
    step = _running_of(settings)
    steps_of(settings).cancel(step)
    waiting.join(90)
    assert "was cancelled" in said[0]


def test_the_standing_job_stands_and_all_others_may_take_their_time(settings: Settings) -> None:
    start_standing("toy", settings)
    step = _running_of(settings)
    steps = steps_of(settings)
    assert steps.look(step).state == "running"
    if settings.emr_kind == "serverless":
        found = boto3.client("emr-serverless").get_job_run(applicationId=settings.emr_id, jobRunId=step)
        assert found["jobRun"]["mode"] == "STREAMING"
        other = steps.start(Program("toy", [json.dumps({"kind": "standing"})], PACKAGE))
        found = boto3.client("emr-serverless").get_job_run(applicationId=settings.emr_id, jobRunId=other)
        assert found["jobRun"]["executionTimeoutMinutes"] == 7 * 24 * 60
        steps.cancel(other)
    steps.cancel(step)


def _running_of(settings: Settings) -> str:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if settings.emr_kind == "cluster":
            steps = boto3.client("emr").list_steps(ClusterId=settings.emr_id, StepStates=["RUNNING"])["Steps"]
            found = [each["Id"] for each in steps]
        else:
            runs = boto3.client("emr-serverless").list_job_runs(
                applicationId=settings.emr_id, states=["RUNNING"]
            )
            found = [each["id"] for each in runs["jobRuns"]]
        if found:
            return str(found[0])
        time.sleep(0.2)
    raise AssertionError("nothing runs")
