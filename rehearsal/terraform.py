"""Terraform on this machine: the provider from a local mirror where the public registry is out of reach."""

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headrace.errors import HeadraceError

PROVIDER = "registry.terraform.io/hashicorp/aws"
MIRRORS = ("~/.terraform.d/plugins", "/usr/local/share/terraform/plugins", "/usr/share/terraform/plugins")
"""Where Terraform itself looks for providers before it asks the registry."""


def plugin_dir() -> Path | None:
    """TF_PLUGIN_DIR, else the first usual folder that has the provider; None leaves it to the registry."""
    named = os.environ.get("TF_PLUGIN_DIR")
    if named:
        return Path(named)
    usual = [*(Path(each).expanduser() for each in MIRRORS), *sorted(Path("/opt").glob("*"))]
    return next((each for each in usual if (each / PROVIDER).is_dir()), None)


@dataclass(frozen=True)
class Terraform:
    """One folder of configuration. What it downloads and remembers of it lies in `data`."""

    folder: Path
    data: Path

    def init(self, *words: str) -> None:
        mirror = plugin_dir()
        plugins = [f"-plugin-dir={mirror.absolute()}"] if mirror else []
        self.run("init", "-input=false", *plugins, *words)

    def outputs(self) -> dict[str, Any]:
        return {name: found["value"] for name, found in json.loads(self.run("output", "-json")).items()}

    def run(self, *words: str) -> str:
        """What it said; what it complains of is raised."""
        program = shutil.which("terraform")
        if program is None:
            raise HeadraceError("terraform is not on the PATH; infra/ needs version 1.11 or later")
        ran = subprocess.run(
            [program, f"-chdir={self.folder}", *words, "-no-color"],
            capture_output=True,
            text=True,
            env=self._environment(),
        )
        if ran.returncode:
            raise HeadraceError(
                f"terraform {' '.join(words)} in {self.folder}:\n{_end_of((ran.stdout, ran.stderr))}"
            )
        return ran.stdout

    def _environment(self) -> dict[str, str]:
        told = {"TF_DATA_DIR": str(self.data), "TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1"}
        return {**os.environ, **told}


def _end_of(said: Sequence[str], lines: int = 60) -> str:
    return "\n".join("\n".join(said).strip().splitlines()[-lines:])
