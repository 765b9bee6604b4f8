import re
from pathlib import Path

import pytest

from headrace.contracts.load import domains_found, load_meanings
from headrace.refine.catalog import load_tables
from headrace.writes.node import Ref

DOMAIN = "refinery"
PAGE = Path(__file__).parents[3] / "docs/tables.md"
SHIPPED = [name for name in domains_found() if (Path(__file__).parents[3] / "domains" / name).is_dir()]


@pytest.mark.parametrize("domain", SHIPPED)
def test_every_table_and_column_of_a_domain_is_in_its_dictionary(domain, shapes_of):
    chapter = re.split(r"^# ", PAGE.read_text(), flags=re.MULTILINE)
    text = next(each for each in chapter if each.startswith(f"{domain}\n"))

    for ref, columns in shapes_of(domain).items():
        assert f"## {ref}\n" in text
        assert all(f"`{name}`" in text for name in columns.fieldNames())


@pytest.mark.parametrize("domain", SHIPPED)
def test_every_table_and_column_of_every_domain_has_its_meaning(domain, shapes_of):
    catalog = load_tables(domain)

    columns = shapes_of(domain)

    silent = [str(ref) for ref in columns if not catalog.description_of(ref.layer, ref.name)]
    silent += [
        f"{ref}.{name}"
        for ref, fields in columns.items()
        for name in fields.fieldNames()
        if not catalog.spec_of(name, ref.layer, ref.name).meaning
    ]
    assert silent == []


@pytest.mark.parametrize("domain", SHIPPED)
def test_no_meaning_is_left_of_a_column_that_is_gone(domain, shapes_of):
    columns = shapes_of(domain)

    names = {(ref.name, name) for ref, fields in columns.items() for name in fields.fieldNames()}
    names |= {("", name) for _, name in names}
    assert set(load_meanings(domain)) - names == set()


def test_a_history_shows_when_each_version_held(shapes_of):
    columns = shapes_of(DOMAIN)[Ref("silver", "sensors")]

    assert {"effective_from", "effective_to", "is_current", "version"} <= set(columns.fieldNames())
