"""How the masters call the columns of their history, as their source does."""

from headrace.tables import HistoryNames

RECORDS = HistoryNames("record_effective_date", "record_end_date", "is_current", "scd_version")
