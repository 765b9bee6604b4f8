"""The code as a cluster gets it, packed once a version and named by what is in it: ours, the packages of the lock file
for the clusters' Python, and Spark's jars for Delta and Kafka. `stamp` says which belong together."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from dataclasses import asdict, dataclass
from pathlib import Path

import boto3

from headrace.aws_errors import refused
from headrace.errors import HeadraceError, UsageError
from headrace.lake import objects
from headrace.lake.paths import as_s3
from headrace.progress import Event, Stopwatch, tell
from headrace.settings import Settings, as_environment, versions

STAMP = "package.json"
PYTHON = {"emr": versions()["emr_python"], "databricks": versions()["databricks_python"]}
SPARK = {"emr": "submitted", "databricks": "databricks"}
ROOT = Path(__file__).parents[2]
FOLDERS = ("headrace", "simulation", "domains", "soda", "streaming")
ENTRY = ROOT / "headrace" / "engines" / "on_cluster.py"
LEFT_TO_THE_CLUSTER = ("pyspark", "py4j")
NOT_ON_A_CLUSTER = ("prefect", "fastapi", "typer", "rich", "databricks-sdk", *LEFT_TO_THE_CLUSTER)
STANDS_STILL = (2020, 1, 1, 0, 0, 0)  # the same files give the same archive
PLATFORMS = {"x86_64": "x86_64-manylinux_2_28", "arm64": "aarch64-manylinux_2_28"}
BUNDLE = Path("infra/databricks")
OVERRIDES = ".databricks/bundle/{target}/variable-overrides.json"  # where Databricks' command line looks


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


def environment_there(settings: Settings) -> dict[str, str]:
    """The settings as a job on a cluster knows them: it runs where it is, in the session that is made for it, with a
    scratch home. The machines of a cluster do not tell their programs where they are by themselves."""
    there = {"engine": "local", "spark": SPARK[settings.engine], "home": "headrace-home"}
    region = boto3.Session().region_name
    where = {"AWS_REGION": region, "AWS_DEFAULT_REGION": region} if region else {}
    return as_environment(settings.model_copy(update=there)) | where


def bucket_of(settings: Settings) -> str:
    """Where code and flows go."""
    if not settings.artifacts.startswith("s3a://"):
        raise UsageError(
            "HEADRACE_ARTIFACTS_URL names no bucket; headrace configure --from-terraform infra/envs/dev writes it down"
        )
    return settings.artifacts.removeprefix("s3a://").split("/")[0]


def packed(settings: Settings) -> Package:
    """Builds what is missing and uploads it; what is there is left alone."""
    store, engine = f"{settings.artifacts}/code", "databricks" if settings.engine == "databricks" else "emr"
    architecture = settings.architecture or versions()["architecture"]
    platform = PLATFORMS["x86_64" if engine == "databricks" else architecture]  # as databricks_node_type is
    with tempfile.TemporaryDirectory(prefix="headrace-package-") as scratch:
        code = _zipped(Path(scratch) / "code.zip")
        return Package(
            entry=_uploaded(ENTRY, f"{store}/run-{_digest(ENTRY.read_bytes())}.py"),
            code=_uploaded(code, f"{store}/code-{_digest(code.read_bytes())}.zip"),
            needs=_needs(store, Path(scratch), PYTHON[engine], platform),
            jars=tuple(_uploaded(jar, f"{store}/jars/{jar.name}") for jar in _jars(engine)),
            engine=engine,
        )


def _zipped(into: Path) -> Path:
    files = (file for folder in FOLDERS for file in sorted((ROOT / folder).rglob("*")))
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            if file.is_file() and "__pycache__" not in file.parts:
                entry = zipfile.ZipInfo(str(file.relative_to(ROOT)), STANDS_STILL)
                entry.external_attr, entry.compress_type = 0o644 << 16, zipfile.ZIP_DEFLATED
                archive.writestr(entry, file.read_bytes())
    return into


def _needs(store: str, scratch: Path, python: str, platform: str) -> str:
    """The packages, named by all that decides which they are: they are built when any of it has changed."""
    lock = ROOT / "requirements.lock"
    decides = "".join((platform, python, *_asked_for(), *LEFT_TO_THE_CLUSTER))
    url = f"{store}/needs-{_digest(lock.read_bytes() + decides.encode())}.tar.gz"
    with refused(url, "HEADRACE_ARTIFACTS_URL"):
        if objects.exists(url):
            return url
    watch, folder, archive = Stopwatch(), scratch / "needs", scratch / "needs.tar.gz"
    tell(Event("package", "packages", "started"))
    _install(lock, folder, python, platform)
    with tarfile.open(archive, "w:gz", compresslevel=3) as packed_up:
        packed_up.add(folder, arcname=".")
    _uploaded(archive, url)
    tell(Event("package", "packages", "done", seconds=watch.seconds))
    return url


def _install(lock: Path, folder: Path, python: str, platform: str) -> None:
    """What the lock file pins and the project asks for, for the cluster's machines, whatever machine this is."""
    never = folder.with_name("never.txt")
    never.write_text("".join(f"{name} ; sys_platform == 'never'\n" for name in LEFT_TO_THE_CLUSTER))
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    if uv is None:
        raise HeadraceError("uv is missing, which packs the packages; run make setup")
    ran = subprocess.run(
        [
            *(uv, "pip", "install", "--target", str(folder), "--only-binary", ":all:", "--no-compile"),
            *("--python-platform", platform, "--python-version", python),
            *("--constraint", str(lock), "--override", str(never), *_asked_for()),
        ],
        capture_output=True,
        text=True,
    )
    if ran.returncode:
        raise HeadraceError(
            "the packages for the cluster could not be had:\n" + "\n".join(ran.stderr.splitlines()[-12:])
        )


def _asked_for() -> list[str]:
    """The names of the project's own needs, without what only the command line and the worker use."""
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    names = [re.split("[=<>~! ;]", each)[0] for each in wanted]
    return [name for name in names if not name.startswith(NOT_ON_A_CLUSTER)]


def _jars(engine: str) -> list[Path]:
    """Databricks has them in its runtime."""
    if engine == "databricks":
        return []
    from headrace.lake.jars import ALWAYS, TO_SIGN, resolved  # here: the worker has no Spark

    folders = [resolved(jars) for jars in (ALWAYS, TO_SIGN)]
    return sorted({jar.name: jar for folder in folders for jar in folder.glob("*.jar")}.values())


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:12]


def _uploaded(file: Path, url: str) -> str:
    with refused(url, "HEADRACE_ARTIFACTS_URL"):
        if not objects.exists(url):
            objects.put_file(url, file)
    return url


def refuse_other_engines(settings: Settings) -> None:
    if settings.engine != "databricks":
        raise UsageError(
            "the bundle is for Databricks; set HEADRACE_ENGINE=databricks, for its Python is another"
        )


def told_to_bundle(target: str, package: Package, settings: Settings, folder: Path = BUNDLE) -> Path:
    """Writes the variables of the bundle in infra/databricks: its jobs then run the same code as one-time runs do."""
    refuse_other_engines(settings)
    file = folder / OVERRIDES.format(target=target)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(bundle_variables(package, settings), indent=1) + "\n")
    return file


def bundle_variables(package: Package, settings: Settings) -> dict[str, str]:
    return {
        "entry": as_s3(package.entry),
        "told": json.dumps({"settings": environment_there(settings), **package.archives}),
        "results": f"{settings.artifacts}/results/bundle",
        "lake_url": as_s3(settings.lake),
        "runtime": settings.runtime,
        "instance_profile_arn": settings.databricks_instance_profile_arn,
    }
