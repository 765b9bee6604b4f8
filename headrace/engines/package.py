"""Where the code lies that a cluster gets. Whoever hands jobs over needs to know no more of it than this."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from headrace.errors import UsageError
from headrace.settings import Settings, versions

STAMP = "package.json"
PYTHON = {"emr": versions()["emr_python"], "databricks": versions()["databricks_python"]}


@dataclass(frozen=True)
class Package:
    """Where the parts of one version lie, and whose clusters they are for."""

    entry: str
    code: str
    needs: str
    jars: tuple[str, ...]
    engine: str = "emr"

    @property
    def archives(self) -> dict[str, list[str]]:
        """What the entry is told where no spark-submit unpacks them beside it."""
        return {"archives": [self.code, self.needs]}

    @property
    def word(self) -> str:
        return json.dumps(self.archives)


def bucket_of(settings: Settings) -> str:
    """Where code and flows go."""
    if not settings.artifacts.startswith("s3a://"):
        raise UsageError(
            "HEADRACE_ARTIFACTS_URL names no bucket; headrace configure --from-terraform infra/envs/dev writes it down"
        )
    return settings.artifacts.removeprefix("s3a://").split("/")[0]


def stamp(package: Package, file: Path = Path(STAMP)) -> None:
    file.write_text(json.dumps(asdict(package), indent=1) + "\n")


def stamped(engine: str, file: Path = Path(STAMP)) -> Package:
    """The version that was deployed with these flows."""
    if not file.is_file():
        raise UsageError(
            f"{file} is missing, which says where the code for the cluster lies. headrace package makes it, as does "
            "prefect deploy"
        )
    try:
        known = json.loads(file.read_text())
        package = Package(**{**known, "jars": tuple(known["jars"])})
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{file} is broken or of another version ({type(error).__name__}: {error}); headrace package writes it "
            "anew, as does prefect deploy"
        ) from None
    if package.engine != engine:
        raise UsageError(
            f"{file} is of code packed for clusters of {package.engine}; with HEADRACE_ENGINE={engine} set, headrace "
            "package packs it anew, as does prefect deploy"
        )
    return package
