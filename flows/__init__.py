"""In what order things are done. The tasks come first: importing them settles Prefect's defaults."""

import tasks  # noqa: F401

HOUR = 3600.0
