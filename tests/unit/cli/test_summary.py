"""The screen at the end of a demo."""

import pytest

from cli.summary import LayerSummary, Summary, show


def test_it_names_layers_what_was_dropped_and_how_long_the_rest_took(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show(
        Summary(
            domain="pumps",
            layers=[LayerSummary("bronze", tables=4, rows=1_234, bytes=5_000)],
            rejected=5,
            dropped={"duplicates": (67, "rows that had come before")},
            scans={"bronze": {"pass": 8}},
            receipt_lines=9,
            receipt_balanced=True,
            score=[],
            seconds={"generate": 1.5, "bronze": 2.5},
        )
    )
    said = " ".join(capsys.readouterr().out.split())
    assert "bronze 4 1,234 5.0 kB 8 0 0 2.5 s" in said
    assert "duplicates 67 rows that had come before" in said
    assert "took generate 1.5 s" in said
