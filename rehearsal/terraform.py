"""Terraform on this machine: the provider from a local mirror where the public registry is out of reach."""

import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headrace.errors import HeadraceError

OLDEST, ENDS_WITHIN = "1.11", 60.0
COLLECTS_AT = "400"
"""Per cent by which a heap of Go grows before it is looked through: at four times the usual a provider starts a third
sooner."""
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


def program() -> str:
    """Of a version that knows what infra/ asks for."""
    found = shutil.which("terraform")
    if found is None:
        raise HeadraceError(f"terraform is not on the PATH; infra/ needs version {OLDEST} or later")
    told = subprocess.run([found, "version", "-json"], capture_output=True, text=True, check=True).stdout
    version = json.loads(told)["terraform_version"]
    if tuple(map(int, re.findall(r"\d+", version)[:2])) < tuple(map(int, OLDEST.split("."))):
        raise HeadraceError(f"{found} is version {version}; infra/ needs {OLDEST} or later")
    return found


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
        with subprocess.Popen(
            [program(), f"-chdir={self.folder}", *words, "-no-color"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self._environment(),
            start_new_session=True,  # a Ctrl-C is for us; it is told in its turn
        ) as running:
            try:
                said = running.communicate()
            except BaseException:  # killed outright it would leave its plugin and a socket behind
                running.send_signal(signal.SIGINT)
                with suppress(subprocess.TimeoutExpired):
                    running.communicate(timeout=ENDS_WITHIN)
                running.kill()
                raise
        if running.returncode:
            raise HeadraceError(f"terraform {' '.join(words)} in {self.folder}:\n{_end_of(said)}")
        return said[0]

    def _environment(self) -> dict[str, str]:
        told = {"TF_DATA_DIR": str(self.data), "TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1"}
        return {"GOGC": COLLECTS_AT, **os.environ, **told}


def _end_of(said: Sequence[str], lines: int = 60) -> str:
    return "\n".join("\n".join(said).strip().splitlines()[-lines:])
