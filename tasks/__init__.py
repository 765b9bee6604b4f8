"""The steps that flows are made of. Importing this package settles Prefect's defaults, so it comes first."""

from tasks.defaults import settle_prefect

settle_prefect()
