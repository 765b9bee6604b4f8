"""In what order things are done. The tasks come first: importing them settles Prefect's defaults."""

import tasks  # noqa: F401
