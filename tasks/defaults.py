"""How Prefect behaves when nobody has told it: without a server of ours it starts its own, small and silent.

Prefect reads its settings once, when it is imported; so this runs before.
"""

import os
from pathlib import Path

from headrace.settings import get_settings

ALWAYS = {"PREFECT_SERVER_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1"}
WITHOUT_SERVER = {
    "PREFECT_LOGGING_LEVEL": "CRITICAL",  # a failed task would print its traceback before our message
    "PREFECT_LOGGING_TO_API_ENABLED": "false",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "180",
    "PREFECT_SERVER_LOGGING_LEVEL": "CRITICAL",
}


def settle_prefect() -> None:
    given = dict(ALWAYS)
    if not has_server():
        home = (get_settings().home / "prefect").absolute()
        home.mkdir(parents=True, exist_ok=True)
        given |= WITHOUT_SERVER | {"PREFECT_HOME": str(home)}
    for name, value in given.items():
        os.environ.setdefault(name, value)


def has_server() -> bool:
    """Whether the environment or the user's own Prefect profile names one."""
    home = Path(os.environ.get("PREFECT_HOME", "~/.prefect")).expanduser()
    profiles = home / "profiles.toml"
    return "PREFECT_API_URL" in os.environ or (
        profiles.is_file() and "\nPREFECT_API_URL" in f"\n{profiles.read_text()}"
    )
