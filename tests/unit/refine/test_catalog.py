from headrace.refine.catalog import _texts_behind


def test_a_table_is_known_by_the_text_of_what_it_leans_on_too() -> None:
    behind = _texts_behind("domains.refinery.gold.crude_blend", {})
    assert {
        "domains.refinery.gold.crude_blend",
        "domains.refinery.blending",
        "domains.refinery.gold.days_of_supply",
        "domains.refinery.measures",
    } <= set(behind)
    assert not any(name.startswith("headrace") for name in behind)
