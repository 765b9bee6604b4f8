"""What the bundle in infra/databricks is told of a version: its jobs then run the same code as one-time runs do."""

import json
from pathlib import Path

from headrace.engines.cluster import environment_there
from headrace.engines.package import Package
from headrace.errors import UsageError
from headrace.lake.paths import as_s3
from headrace.settings import Settings

FOLDER = Path("infra/databricks")
OVERRIDES = ".databricks/bundle/{target}/variable-overrides.json"  # where Databricks' command line looks


def told_to_bundle(target: str, package: Package, settings: Settings, folder: Path = FOLDER) -> Path:
    refuse_other_engines(settings)
    file = folder / OVERRIDES.format(target=target)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(variables(package, settings), indent=1) + "\n")
    return file


def refuse_other_engines(settings: Settings) -> None:
    if settings.engine != "databricks":
        raise UsageError(
            "the bundle is for Databricks; set HEADRACE_ENGINE=databricks, for its Python is another"
        )


def variables(package: Package, settings: Settings) -> dict[str, str]:
    told = {"settings": environment_there(settings), **package.archives}
    return {
        "entry": as_s3(package.entry),
        "told": json.dumps(told),
        "results": f"{settings.artifacts}/results/bundle",
        "lake_url": as_s3(settings.lake),
        "runtime": settings.runtime,
        "instance_profile_arn": settings.databricks_instance_profile_arn,
    }
