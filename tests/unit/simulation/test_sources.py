"""What a source must offer for what its contract plants."""

import pytest

from headrace.contracts.model import Contract
from headrace.errors import UsageError
from simulation.generate.sources import Source, check_sources

CONTRACT = Contract(table="levels", type="fact", columns={"level_id": "string"}, faults={"excursion": 0.1})


def test_excursions_need_a_source_that_lets_them_happen():
    source = Source("levels", lambda: None, (), False, None)

    with pytest.raises(UsageError, match="levels plants excursions, but its source has no function"):
        check_sources({"levels": source}, {"levels": CONTRACT})


def test_a_source_that_lets_them_happen_will_do():
    source = Source("levels", lambda: None, (), False, None, excursions=lambda episodes: episodes)

    check_sources({"levels": source}, {"levels": CONTRACT})
