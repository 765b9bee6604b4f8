"""What Terraform says of an environment: settings in a file, and in a parameter where its jobs run."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import boto3

from headrace.aws_errors import refused
from headrace.errors import HeadraceError, UsageError
from headrace.settings import Settings, get_settings

COMPUTE = ("emr_kind", "emr_id", "stream_emr_kind", "stream_emr_id")


def where_jobs_run(settings: Settings) -> Settings:
    """With the clusters of this moment, where none is given: one that is made anew has another id, and a worker that
    goes on finds it."""
    if settings.engine != "emr" or settings.emr_id or not settings.environment:
        return settings
    name = f"/{settings.environment}/compute"
    with refused(f"parameter {name}", "HEADRACE_ENVIRONMENT"):
        value = boto3.client("ssm").get_parameter(Name=name)["Parameter"]["Value"]
    stated = json.loads(value)
    return Settings.model_validate({**settings.model_dump(), **{each: stated[each] for each in COMPUTE}})


def told_to_deployments() -> dict[str, bool]:
    """A step of `prefect deploy`, by which prefect.yaml knows what differs between environments."""
    return {"schedules_are_active": get_settings().schedules == "active"}


def told_by_terraform(folder: Path) -> dict[str, str]:
    """The output `settings` of an environment that was applied, or of its folder `compute`, empty where it has none; a
    name that is no setting of ours is an error."""
    folder = folder / "compute" if (folder / "compute").is_dir() else folder
    outputs = _outputs(folder)
    if "settings" not in outputs:
        raise UsageError(
            f"{folder} has no output named settings; was terraform apply run there, and to its end?"
        )
    settings = {name: str(value or "") for name, value in outputs["settings"]["value"].items()}
    unknown = sorted(set(settings) - set(Settings.model_fields))
    if unknown:
        raise UsageError(f"{folder} tells of {', '.join(unknown)}, which are no settings of this version")
    return settings


def _outputs(folder: Path) -> dict[str, Any]:
    program = shutil.which("terraform")
    if program is None:
        raise HeadraceError("terraform is not on the PATH; it is asked where things are")
    if not folder.is_dir():
        raise UsageError(f"there is no folder {folder}; name one such as infra/envs/dev")
    ran = subprocess.run(
        [program, f"-chdir={folder}", "output", "-json", "-no-color"], capture_output=True, text=True
    )
    if "terraform init" in ran.stderr:  # which is Terraform's own remedy where it has not been here yet
        raise UsageError(
            f"{folder} does not know its state yet: run terraform init there, with the bucket that infra/bootstrap "
            "told of, and terraform apply where that was never done (docs/cloud.md)"
        )
    if ran.returncode:
        raise HeadraceError(f"terraform output in {folder}:\n{ran.stderr.strip()}")
    outputs: dict[str, Any] = json.loads(ran.stdout)
    return outputs


def written_into(file: Path, settings: dict[str, str]) -> int:
    """How many settings are new or other than before. An empty one leaves; what else the file says stays."""
    wanted = {f"HEADRACE_{name.upper()}": value for name, value in settings.items()}
    before = file.read_text().splitlines() if file.exists() else []
    stated = {_name_in(line): line for line in before if _name_in(line) in wanted}
    lines = {name: f"{name}={value}" for name, value in sorted(wanted.items()) if value}
    others = [line for line in before if _name_in(line) not in wanted]
    file.write_text("\n".join([*others, *lines.values()]) + "\n")
    return sum(stated.get(name) != lines.get(name) for name in wanted)


def refuse_no_file(file: Path) -> None:
    """Before Terraform is asked."""
    if file.is_dir():
        raise UsageError(f"{file} is a folder; name the file that settings go into, such as {file / '.env'}")
    if not file.parent.is_dir():
        raise UsageError(f"there is no folder {file.parent} for {file.name} to lie in; make it first")


def _name_in(line: str) -> str:
    return line.partition("=")[0].strip().removeprefix("export ").strip().upper()
