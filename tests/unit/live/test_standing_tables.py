"""How much of a live table's past is kept."""

from headrace.live.standing_tables import table_properties
from headrace.settings import Settings


def test_what_left_a_live_table_is_known_for_as_long_as_its_files_are_kept():
    for hours, kept in ((1, 168), (168, 168), (400, 400)):
        settings = Settings(live_log_hours=6, vacuum_hours=hours)
        assert table_properties(settings)["delta.deletedFileRetentionDuration"] == f"interval {kept} hours"
