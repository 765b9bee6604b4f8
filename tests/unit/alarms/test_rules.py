"""What alarms.yml may say, and what is said of a mistake in it."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from headrace.alarms.rules import Rules, load_rules
from headrace.contracts.model import read_model
from headrace.errors import ContractError
from tests.unit.alarms.conftest import RULES


def written(folder: Path, **more: Any) -> Path:
    file = folder / "alarms.yml"
    file.write_text(yaml.safe_dump(RULES | more, sort_keys=False))
    return file


def test_a_kind_of_sender_takes_over_what_it_does_not_say_itself() -> None:
    limits = {"limit": {"on_delay": "2 minutes", "deadband": 0.02}}
    rules = Rules.model_validate(
        RULES | {"defaults": limits, "by_kind": {"plain": {"limit": {"deadband": 0.05}}}}
    )
    plain = rules.of("plain").limit
    assert (plain.deadband, plain.on_delay.total_seconds()) == (0.05, 120)
    assert rules.of("other").limit.deadband == 0.02


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (
            {"defaults": {"limit": {"deadbnd": 1}}},
            r":17: defaults\.limit\.deadbnd: unknown key; allowed: deadband",
        ),
        ({"by_kind": {"plain": {"limit": {"deadband": 7}}}}, r"by_kind\.plain\.limit\.deadband"),
        ({"flood": {"within": "soon"}}, r"flood\.within: 'soon' is no span of time"),
        ({"flood": {"begins": 3, "ends": 5}}, "a flood ends below what begins it"),
    ],
)
def test_a_mistake_is_told_by_its_line(more: dict[str, Any], said: str, tmp_path: Path) -> None:
    with pytest.raises(ContractError, match=said):
        read_model(written(tmp_path, **more), Rules, "rules")


def test_a_domain_without_rules_has_no_alarms() -> None:
    assert load_rules("valves") is None
