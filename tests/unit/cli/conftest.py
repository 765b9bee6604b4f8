from collections.abc import Iterator
from pathlib import Path

import pytest

from headrace.settings import get_settings


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Commands read their settings themselves; here they find a home of their own."""
    monkeypatch.setenv("HEADRACE_HOME", str(tmp_path))
    get_settings.cache_clear()
    yield tmp_path
    get_settings.cache_clear()
