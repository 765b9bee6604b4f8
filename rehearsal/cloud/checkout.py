"""A checkout of one's own to deploy from: what is written into it (settings, state, the stamp of the package) is not
written into the one at hand."""

import os
import shutil
import stat
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv", ".checkov", ".headrace", ".env", ".terraform", "*.tfstate*", ".*_cache", "__pycache__",
    "*.egg-info", "package.json", "tests", "docs",
)  # fmt: skip


def made_in(folder: Path) -> Path:
    shutil.copytree(ROOT, folder, ignore=LEFT_OUT)
    commands = folder / ".venv" / "bin"
    commands.mkdir(parents=True)
    for name in ("headrace", "prefect"):
        script = commands / name
        script.write_text(f'#!/bin/sh\nexec "{Path(sys.executable).parent / name}" "$@"\n')
        script.chmod(script.stat().st_mode | stat.S_IXUSR)
    return folder


def environment_of(folder: Path) -> dict[str, str]:
    """With the checkout's own commands first, and none of the settings that whoever rehearses has."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("HEADRACE_", "PREFECT_"))
    }
    return {**kept, "PATH": f"{folder / '.venv' / 'bin'}{os.pathsep}{kept.get('PATH', '')}"}
