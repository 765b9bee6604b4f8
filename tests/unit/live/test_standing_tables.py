"""What a live table is told about its log."""

from headrace.live.standing_tables import table_properties
from headrace.settings import Settings


def test_entries_of_removed_files_stay_for_a_day_and_for_as_long_as_the_log_reaches_back() -> None:
    for given, kept in ((6, 24), (0, 24), (36.5, 37)):
        properties = table_properties(Settings(live_log_hours=given))
        assert properties["delta.deletedFileRetentionDuration"] == f"interval {kept} hours"
