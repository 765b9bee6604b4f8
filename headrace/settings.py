"""What is set: by the environment, of which this is the only reader, and by `versions.yml`.

Every setting has a default that works on a laptop.
"""

import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from headrace.errors import WITH_PASSWORD, UsageError

SAFE_HOURS = 168


def _without_password(url: str) -> str:
    """A setting is told to clusters and stands in their logs."""
    if WITH_PASSWORD.search(url):
        raise ValueError("holds a password; take it out, and set HEADRACE_SERVE_PASSWORD")
    return url


class Settings(BaseModel):
    """Each field is read from HEADRACE_<NAME>, or from a line of .env."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    home: Path = Field(Path(".headrace"), description="The folder that holds all local state.")
    lake_url: str = Field(
        "", description="Where the tables live: a folder or s3://bucket (default: <home>/lake)."
    )
    landing_url: str = Field(
        "", description="Where sources leave their files: a folder (default: <home>/landing)."
    )
    dropped_url: str = Field(
        "",
        description="Where live files are dropped: a folder or s3a://bucket/folder (default: <home>/dropped).",
    )
    delta_sources_url: str = Field(
        "", description="Where the Delta tables lie that contracts name as sources: a folder or s3://bucket."
    )
    truth_url: str = Field(
        "", description="Where the generator hides what it planted (default: <home>/truth)."
    )
    engine: Literal["local", "emr", "databricks"] = Field("local", description="Where jobs run.")
    spark: Literal["own", "submitted", "databricks"] = Field(
        "own",
        description="own: Spark on this machine; submitted, databricks: the session that either of them made.",
    )
    emr_kind: Literal["cluster", "serverless"] = Field("cluster", description="Which kind of EMR runs jobs.")
    emr_id: str = Field(
        "",
        description="The EMR cluster, or the application of EMR Serverless (default: as the environment's "
        "parameter /<environment>/compute says at that moment).",
    )
    stream_emr_kind: Literal["cluster", "serverless"] = Field(
        "cluster", description="Which kind of EMR runs the standing job, where stream_emr_id is given."
    )
    stream_emr_id: str = Field("", description="Where the standing job runs, if elsewhere than other jobs.")
    architecture: Literal["", "arm64", "x86_64"] = Field(
        "", description="Of EMR's machines, for which packages are packed; by default that of versions.yml."
    )
    job_role_arn: str = Field("", description="The role that runs of EMR Serverless take.")
    databricks_cluster_id: str = Field(
        "", description="The cluster of Databricks that runs jobs; by default one is made for each run."
    )
    databricks_runtime: str = Field(
        "",
        description="The runtime of a cluster that Databricks makes for a run; by default that of versions.yml.",
    )
    databricks_node_type: str = Field("m6id.xlarge", description="The kind of its machines.")
    databricks_workers: int = Field(0, ge=0, description="How many machines it has beside the driver's.")
    databricks_instance_profile_arn: str = Field(
        "", description="The instance profile with which its machines reach the buckets."
    )
    artifacts_url: str = Field(
        "", description="Where code for clusters and results of jobs lie: s3://bucket."
    )
    logs_url: str = Field("", description="Where logs of steps lie: s3://bucket.")
    schedules: Literal["active", "paused"] = Field(
        "active", description="How prefect deploy leaves the schedules."
    )
    database_prefix: str = Field("", description="Put before the names of databases in Glue.")
    unity_catalog: str = Field(
        "",
        description="The Unity Catalog in which tables are registered, such as dev_{domain}; by default none.",
    )
    workgroup: str = Field("", description="The Athena workgroup in which questions are asked.")
    alerts_topic_arn: str = Field("", description="The SNS topic at which people are told of failures.")
    environment: str = Field("", description="Which environment this is, for the figures told to CloudWatch.")
    serve_url: Annotated[str, AfterValidator(_without_password)] = Field(
        "",
        description="The database that gold is served to, without a password: postgresql://user@host/database, or "
        "mssql+pyodbc://….",
    )
    serve_password: SecretStr = Field(
        SecretStr(""), exclude=True, description="Its password, where ~/.pgpass has none."
    )
    serve_password_secret: str = Field(
        "",
        description="The name or ARN of a secret of AWS Secrets Manager that holds it, alone or as RDS keeps it.",
    )
    serve_seconds: int = Field(
        600,
        ge=1,
        description="After so long a statement in that database is given up, and nothing is changed.",
    )
    cores: int = Field(0, ge=0, description="Cores for local Spark; 0 takes all there are.")
    memory: str = Field(
        "2500m", pattern=r"^\d+[mg]$", description="Heap of local Spark, fixed from its start."
    )
    java_options: str = Field("", description="More options for the local Spark JVM.")
    shuffle_partitions: int = Field(
        0,
        ge=0,
        description="Partitions after a Spark shuffle; 0 for 4 on this machine, and for Spark's own elsewhere.",
    )
    workers: int = Field(3, ge=1, description="How many tables of one layer are refined side by side.")
    rows_per_batch: int = Field(
        10_000_000, ge=1, description="About how many bronze rows one micro-batch of a batch run takes."
    )
    kafka_bootstrap: str = Field("127.0.0.1:9092", description="Kafka's brokers: host:port[,host:port].")
    kafka_security: Literal["plaintext", "iam", "password", "password-without-tls"] = Field(
        "plaintext",
        description="How Kafka is spoken to: plaintext here, iam for MSK with IAM, password (SASL/PLAIN over TLS) for "
        "Azure Event Hubs and other brokers that want one.",
    )
    kafka_user: str = Field(
        "$ConnectionString", description="Who comes with the password; of Event Hubs always this."
    )
    kafka_password: SecretStr = Field(
        SecretStr(""),
        exclude=True,  # in no step's arguments, no log and no process list
        description="The password; of Event Hubs the connection string of the namespace. A secret: no cluster is told "
        "it, see kafka_password_secret.",
    )
    kafka_password_secret: str = Field(
        "",
        description="The name or ARN of a secret of AWS Secrets Manager that holds the password; asked where none is "
        "set.",
    )
    live_sources: Literal["both", "topic", "files"] = Field(
        "both",
        description="What the standing job takes: topics and dropped files, or one of them. With files, no broker is "
        "needed.",
    )
    starting_offsets: Literal["earliest", "latest"] = Field(
        "earliest", description="Where a topic is read from that was never read before."
    )
    max_offsets_per_trigger: int = Field(
        500_000, ge=1, description="How many messages the standing job takes at once."
    )
    trigger_seconds: float = Field(1.0, ge=0, description="How long the standing job waits between batches.")
    join_files: int = Field(
        100,
        ge=0,
        description="So many small files of a live table are joined while it is written; 0 for never.",
    )
    live_log_hours: float = Field(
        6, ge=0, description="How long the log of a live table reaches back, and with it time travel."
    )
    metrics_port: int = Field(
        9108,
        ge=0,
        le=65535,
        description="Where the standing job tells Prometheus its figures; 0 for nowhere.",
    )
    heartbeat_seconds: int = Field(
        60, ge=5, description="After so long without a sign of life the standing job counts as dead."
    )
    lease_seconds: int = Field(60, ge=5, description="How long a table's lease outlives a silent holder.")
    vacuum_hours: int = Field(168, ge=0, description="How long files that left a table are kept.")
    tracking_url: str = Field(
        "",
        description="Where MLflow keeps the runs of models: sqlite:///file, postgresql+psycopg://… or a server "
        "(default: <home>/models/mlflow.db).",
    )
    model_artifacts_url: str = Field(
        "",
        description="Where it keeps their texts: a folder or s3://bucket/prefix (default: beside its runs).",
    )

    @property
    def hours_kept(self) -> int:
        """A week at least: readers and streams that are under way may still need them."""
        return max(self.vacuum_hours, SAFE_HOURS)

    @property
    def lake(self) -> str:
        return _place(self.lake_url, self.home / "lake")

    @property
    def landing(self) -> str:
        return _place(self.landing_url, self.home / "landing")

    @property
    def outbox(self) -> str:
        """Beside what is landed, if that is on this machine."""
        return _place("" if self.landing.startswith("s3a://") else self.landing, self.home / "landing")

    @property
    def dropped(self) -> str:
        return _place(self.dropped_url, self.home / "dropped")

    @property
    def delta_sources(self) -> str:
        return _place(self.delta_sources_url)

    @property
    def truth(self) -> str:
        return _place(self.truth_url, self.home / "truth")

    @property
    def artifacts(self) -> str:
        return _place(self.artifacts_url)

    @property
    def logs(self) -> str:
        return _place(self.logs_url)

    @property
    def publishes(self) -> bool:
        """Whether there are people who ask in Athena or Unity Catalog."""
        return bool(self.workgroup or self.unity_catalog)

    @property
    def serves(self) -> bool:
        """Whether there is a database that gold is served to."""
        return bool(self.serve_url)

    @property
    def runtime(self) -> str:
        """The runtime of Databricks that jobs are run with."""
        return self.databricks_runtime or versions()["databricks_runtime"]


def _place(url: str, default: Path | None = None) -> str:
    """Spark's own client of S3 goes by s3a; whoever needs another spelling asks for it."""
    if "://" in url and not url.startswith(("s3://", "s3a://")):
        raise UsageError(f"{url}: data lies in a folder or in s3://bucket, and nowhere else")
    return url.rstrip("/").replace("s3://", "s3a://", 1) or (str(default.absolute()) if default else "")


@cache
def get_settings() -> Settings:
    """Of the environment and, behind it, .env; pydantic's own reader of both takes three times as long to import."""
    texts: Mapping[str, str | None] = os.environ
    if Path(".env").is_file():
        from dotenv import dotenv_values  # here: few have such a file

        texts = {**dotenv_values(".env"), **texts}
    ours = {name.lower(): text for name, text in texts.items() if text is not None}
    named = {name: f"headrace_{name}" for name in Settings.model_fields}
    return Settings.model_validate({name: ours[whole] for name, whole in named.items() if whole in ours})


def as_environment(settings: Settings) -> dict[str, str]:
    """What makes another process have the same settings."""
    changed = settings.model_dump(exclude_defaults=True)
    return {f"HEADRACE_{name.upper()}": str(value) for name, value in changed.items()}


@cache
def versions() -> dict[str, str]:
    """The versions that belong together; Terraform reads their file as well."""
    import yaml  # here: most commands need no versions

    found: dict[str, str] = yaml.safe_load(Path(__file__).with_name("versions.yml").read_text())
    return found
