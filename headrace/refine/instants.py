"""The instant a run pretends it is, when nobody says: that of the newest file its sources sent."""

import re
from collections.abc import Iterable
from datetime import datetime

from headrace.lake.paths import Paths
from headrace.refine.landing import known_files

_STAMP = re.compile(r"(\d{8}T\d{6})")


def latest_sent(paths: Paths, tables: Iterable[str]) -> datetime | None:
    stamps = [
        datetime.strptime(found[-1], "%Y%m%dT%H%M%S")
        for table in tables
        for source in known_files(paths, table)
        if (found := _STAMP.findall(source))
    ]
    return max(stamps, default=None)
