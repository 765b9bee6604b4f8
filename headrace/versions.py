"""The versions that belong together, from `versions.yml`, which Terraform reads as well."""

from dataclasses import dataclass
from pathlib import Path

import yaml


@dataclass(frozen=True)
class Versions:
    emr_release: str
    emr_python: str
    databricks_runtime: str
    databricks_python: str
    spark: str
    scala: str
    delta: str
    hadoop: str
    aws_sdk: str
    msk_iam_auth: str
    msk: str
    kafka: str
    prefect: str


VERSIONS = Versions(**yaml.safe_load(Path(__file__).with_name("versions.yml").read_text()))
