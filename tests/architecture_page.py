"""The modules that docs/architecture.md lists, and those that a step really passes."""

import re
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "architecture.md").read_text()


def listed(begins: str, ends: str) -> set[str]:
    """The modules that are named in a part of the page."""
    part = PAGE.split(begins, 1)[1].split(ends, 1)[0]
    return set(re.findall(r"`([a-z_]+(?:/[a-z_]+)+)`", part))


def traced(step: Callable[[], object]) -> set[str]:
    """The modules of the library's packages whose functions run, on this thread and those that it starts."""
    files: set[str] = set()

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code.co_name != "<module>":
            files.add(frame.f_code.co_filename)

    threading.setprofile(note)
    sys.setprofile(note)
    try:
        step()
    finally:
        sys.setprofile(None)
        threading.setprofile(None)  # type: ignore[arg-type]
    library = ROOT / "headrace"
    modules = (Path(name).relative_to(library) for name in files if name.startswith(f"{library}/"))
    return {str(module.with_suffix("")) for module in modules if len(module.parts) > 1}
