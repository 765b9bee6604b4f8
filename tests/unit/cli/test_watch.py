import json
import os

from rich.console import Console

from cli.watch import chatter_aside, watching
from headrace.progress import Event, tell


def shown(events: list[Event], **kind: object) -> str:
    console = Console(width=120, **kind)
    with console.capture() as said, watching(console):
        for event in events:
            tell(event)
    return said.get()


def test_a_log_has_one_line_for_each_finished_item():
    said = shown(
        [Event("bronze", "tanks", "started"), Event("bronze", "tanks", "done", rows=1200, seconds=2.5)],
        force_terminal=False,
    )

    assert said.split() == ["bronze", "tanks", "done", "1,200", "rows", "2.5", "s"]


def test_a_terminal_shows_the_stage_once_and_what_was_done():
    said = shown(
        [
            Event("silver", "tanks", "done", rows=3, seconds=0.1),
            Event("silver", "pumps", "failed", note="no [such] parent"),
        ],
        force_terminal=True,
        color_system=None,
    )

    assert said.count("silver") == 1
    assert "✓ tanks" in said
    assert "✗ pumps" in said
    assert "no [such] parent" in said


def test_what_others_print_goes_to_the_log(capfd, home):
    with chatter_aside() as screen:
        os.write(1, b"Deleted 3 files\n")
        os.write(2, b"Using incubator modules\n")
        screen.print("under way")
    os.write(1, b'{"rows": 1}\n')

    said = capfd.readouterr()
    assert json.loads(said.out) == {"rows": 1}
    assert said.err == "under way\n"
    assert (home / "logs" / "last.log").read_text().splitlines() == [
        "Deleted 3 files",
        "Using incubator modules",
    ]
