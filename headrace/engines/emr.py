"""Steps of EMR, and runs of EMR Serverless."""

import gzip
import time
from collections.abc import Mapping
from typing import Any

import boto3
from botocore.exceptions import ClientError

from headrace.aws_errors import refused
from headrace.engines.cluster import LOG_LINES, Look, Program, State
from headrace.engines.package import PYTHON
from headrace.errors import HeadraceError, NotReady
from headrace.lake import objects
from headrace.lake.paths import as_s3
from headrace.settings import Settings

SUBMITTED_WITH = {
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    "spark.pyspark.python": f"python{PYTHON['emr']}",  # for which the packages are packed
    "spark.executorEnv.PYTHONPATH": "code:needs",
    "spark.scheduler.mode": "FAIR",  # tables are worked on side by side
}
DRIVER_MEMORY = "2500m"  # as on a laptop: the first node holds the driver of each step
SERVERLESS_CORES, SERVERLESS_MB = 4, 16 * 1024  # 4 GB a core, as the application's most is reckoned
SERVERLESS_PYTHON_SHARE = 0.3  # of the memory, outside the heap, as python_share of a cluster
SERVERLESS_DISK = "100G"  # unasked it is 20 GB, which a shuffle of one table fills
LOGS_COME_WITHIN, LOOKS_FOR_LOGS_EVERY = 330.0, 15.0  # EMR brings logs every five minutes
GONE = ("TERMINATING", "TERMINATED", "TERMINATED_WITH_ERRORS")
ON_CLUSTER: dict[str, State] = {
    "PENDING": "waiting",
    "RUNNING": "running",
    "CANCEL_PENDING": "running",
    "COMPLETED": "done",
    "FAILED": "failed",
    "INTERRUPTED": "failed",
    "CANCELLED": "cancelled",
}


class ClusterSteps:
    """Of a cluster that Terraform made. One that is starting takes steps and runs them once it is there."""

    def __init__(self, settings: Settings) -> None:
        self._settings, self._cluster = settings, settings.emr_id
        self._emr = boto3.client("emr")

    def start(self, program: Program) -> str:
        """With the driver as the step's own process: what it says is the step's log, how it ends is how the step ends,
        and it is gone when the step is cancelled. YARN's master would run it a second time, and reads braces as its
        own."""
        submit = ("spark-submit", "--deploy-mode", "client", "--driver-memory", DRIVER_MEMORY)
        staging = ("--conf", f"spark.yarn.stagingDir={_staging_beside(program.package.entry)}")
        words = [*submit, *staging, *_options(program), program.package.entry, *program.words_and_archives]
        with refused(f"EMR cluster {self._cluster}", "HEADRACE_EMR_ID"):
            self._must_be_there()
            added = self._emr.add_job_flow_steps(
                JobFlowId=self._cluster,
                Steps=[
                    {
                        "Name": program.name,
                        "ActionOnFailure": "CONTINUE",
                        "HadoopJarStep": {"Jar": "command-runner.jar", "Args": words},
                    }
                ],
            )
        return str(added["StepIds"][0])

    def look(self, step: str) -> Look:
        """A cluster that ends calls off what waits or runs on it."""
        with refused(f"step {step} of EMR cluster {self._cluster}", "HEADRACE_EMR_ID"):
            status = self._emr.describe_step(ClusterId=self._cluster, StepId=step)["Step"]["Status"]
            state = ON_CLUSTER[status["State"]]
            if state in ("waiting", "cancelled"):
                cluster = self._status_of_cluster()["State"]
                if cluster in GONE:
                    return Look("failed", f"its cluster {self._cluster} is gone", may_pass=False)
                return Look(state, f"the cluster is {cluster.lower()}" if state == "waiting" else "")
        return Look(state, status.get("FailureDetails", {}).get("Message", ""))

    def cancel(self, step: str) -> None:
        with refused(f"step {step} of EMR cluster {self._cluster}", "HEADRACE_EMR_ID"):
            answer = self._emr.cancel_steps(
                ClusterId=self._cluster, StepIds=[step], StepCancellationOption="TERMINATE_PROCESS"
            )
        for each in answer.get("CancelStepsInfoList", ()):
            if each["Status"] == "FAILED":
                raise HeadraceError(
                    f"step {step} was not cancelled: {each.get('Reason', 'EMR does not say why')}"
                )

    def last_words(self, step: str) -> str:
        return _end_of(f"{self._settings.logs}/emr/{self._cluster}/steps/{step}")

    def link(self, step: str) -> str:
        region = self._emr.meta.region_name
        place = f"#/clusterDetails/{self._cluster}/steps/{step}"
        return f"https://{region}.console.aws.amazon.com/emr/home?region={region}{place}"

    def _must_be_there(self) -> None:
        status = self._status_of_cluster()
        if status["State"] in GONE:
            why = status.get("StateChangeReason", {}).get("Message", "")
            message = (
                f"EMR cluster {self._cluster} is gone ({status['State'].lower()}{f': {why}' if why else ''}). "
                "terraform apply makes another, which is found without a deployment."
            )
            if status["State"] == "TERMINATED_WITH_ERRORS":
                raise HeadraceError(message)
            raise NotReady(message, "its cluster, which has ended: terraform apply makes another")

    def _status_of_cluster(self) -> dict[str, Any]:
        status: dict[str, Any] = self._emr.describe_cluster(ClusterId=self._cluster)["Cluster"]["Status"]
        return status


ON_SERVERLESS: dict[str, State] = {
    "SUBMITTED": "waiting",
    "PENDING": "waiting",
    "SCHEDULED": "waiting",
    "QUEUED": "waiting",
    "RUNNING": "running",
    "CANCELLING": "running",
    "SUCCESS": "done",
    "FAILED": "failed",
    "CANCELLED": "cancelled",
}
STANDING: dict[str, Any] = {"mode": "STREAMING"}  # which no hour ends
ENDING: dict[str, Any] = {"executionTimeoutMinutes": 7 * 24 * 60}  # unasked, it is ended after half a day


class ServerlessRuns:
    """Of an application that sleeps until a run comes."""

    def __init__(self, settings: Settings) -> None:
        self._settings, self._application = settings, settings.emr_id
        self._what = f"EMR Serverless application {self._application}"
        self._emr = boto3.client("emr-serverless")

    def start(self, program: Program) -> str:
        own = {"spark.emr-serverless.driverEnv.PYTHONPATH": "code:needs", **_serverless_sizes()}
        logs = {"s3MonitoringConfiguration": {"logUri": as_s3(f"{self._settings.logs}/emr/")}}
        with refused(self._what, "HEADRACE_EMR_ID"):
            run = self._emr.start_job_run(
                applicationId=self._application,
                executionRoleArn=self._settings.job_role_arn,
                name=program.name,
                jobDriver={
                    "sparkSubmit": {
                        "entryPoint": program.package.entry,
                        "entryPointArguments": list(program.words),
                        "sparkSubmitParameters": " ".join([*_options(program), *_as_conf(own)]),
                    }
                },
                configurationOverrides={"monitoringConfiguration": logs},
                tags={"environment": self._settings.environment} if self._settings.environment else {},
                **(STANDING if program.stands else ENDING),
            )
        return str(run["jobRunId"])

    def look(self, step: str) -> Look:
        with refused(f"run {step} of {self._what}", "HEADRACE_EMR_ID"):
            run = self._emr.get_job_run(applicationId=self._application, jobRunId=step)["jobRun"]
        return Look(ON_SERVERLESS[run["state"]], run.get("stateDetails", ""))

    def cancel(self, step: str) -> None:
        with refused(f"run {step} of {self._what}", "HEADRACE_EMR_ID"):
            self._emr.cancel_job_run(applicationId=self._application, jobRunId=step)

    def last_words(self, step: str) -> str:
        jobs = f"{self._settings.logs}/emr/applications/{self._application}/jobs"
        return _end_of(f"{jobs}/{step}/SPARK_DRIVER")

    def link(self, step: str) -> str:
        region = self._emr.meta.region_name
        place = f"#/serverless-applications/{self._application}/{step}"
        return f"https://{region}.console.aws.amazon.com/emr/home?region={region}{place}"


def _staging_beside(url: str) -> str:
    """In the bucket of the archives: staged elsewhere, these would be copied and unpacked for each step anew."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}/staging"


def _options(program: Program) -> list[str]:
    package = program.package
    archives = ["--archives", f"{package.code}#code,{package.needs}#needs"]
    jars = ["--jars", ",".join(package.jars)] if package.jars else []
    return [*archives, *jars, *_as_conf(SUBMITTED_WITH)]


def _as_conf(given: Mapping[str, str]) -> list[str]:
    return [word for each in given.items() for word in ("--conf", "=".join(each))]


def _serverless_sizes() -> dict[str, str]:
    """Driver and executors are alike; a cluster says the sizes of its executors itself. Unasked, Python has a tenth."""
    overhead = int(SERVERLESS_MB * SERVERLESS_PYTHON_SHARE)
    sizes = {
        "cores": str(SERVERLESS_CORES),
        "memory": f"{SERVERLESS_MB - overhead}m",
        "memoryOverhead": f"{overhead}m",
    }
    disks = {f"spark.emr-serverless.{role}.disk": SERVERLESS_DISK for role in ("driver", "executor")}
    given = {f"spark.{role}.{what}": size for role in ("driver", "executor") for what, size in sizes.items()}
    return given | disks


def _end_of(folder: str) -> str:
    """Of Java, and of Python, whose errors Spark writes to the other of the two."""
    end = time.monotonic() + LOGS_COME_WITHIN
    while True:
        parts = [log for name in ("stderr", "stdout") if (log := _tail(f"{folder}/{name}.gz"))]
        if parts or time.monotonic() >= end:
            return "\n".join(parts) or f"nothing is in {folder} yet"
        time.sleep(LOOKS_FOR_LOGS_EVERY)


def _tail(url: str) -> str:
    try:
        body = objects.get(url)
    except ClientError:  # the log is a help; that it can't be had must not hide what went wrong
        return ""
    lines = gzip.decompress(body).decode(errors="replace").splitlines() if body else []
    return "\n".join(lines[-LOG_LINES:])
