from pathlib import Path

import pytest

import domains
from headrace.refine.catalog import load_tables
from headrace.writes.node import _texts_behind


def test_a_table_is_known_by_the_text_of_what_it_leans_on_too() -> None:
    behind = _texts_behind("domains.refinery.gold.crude_blend", {})
    assert {
        "domains.refinery.gold.crude_blend",
        "domains.refinery.blending",
        "domains.refinery.crude_plans",
        "domains.refinery.gold.days_of_supply",
        "domains.refinery.measures",
    } <= set(behind)
    assert not any(name.startswith("headrace") for name in behind)


def test_a_domain_need_not_have_every_layer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "bare" / "contracts"
    folder.mkdir(parents=True)
    (folder / "tanks.yml").write_text("table: tanks\ntype: dimension\ncolumns:\n  tank_id: string\n")
    monkeypatch.setattr(domains, "__path__", [*domains.__path__, str(tmp_path)])
    catalog = load_tables("bare")
    assert (set(catalog.contracts), catalog.nodes) == ({"tanks"}, {})
