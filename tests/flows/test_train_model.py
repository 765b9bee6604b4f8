"""The flow that trains: what wins is refined at once, what loses changes nothing."""

from typing import Any

import pytest

from flows.train_model import train_model
from headrace.engines import Job
from headrace.errors import GateClosed
from tests.flows.conftest import NotingEngine


def trained(promoted: bool) -> Any:
    return lambda job: {"domain": job.domain, "promoted": promoted, "lands_in": "trained_models"}


def test_a_challenger_that_wins_is_brought_to_gold_layer_by_layer(engine: NotingEngine) -> None:
    engine.answers["train"] = trained(promoted=True)
    train_model("pumps", model="wear")
    assert engine.jobs[0].options == {"model": "wear"}
    assert engine.order == [
        *(
            "train",
            "refine bronze",
            "scan bronze",
            "refine silver",
            "scan silver",
            "refine gold",
            "scan gold",
        ),
    ]
    assert [job.options.get("tables") for job in engine.jobs if job.name == "refine"] == [
        *(["trained_models"], ["trained_models"], None),
    ]


def test_one_that_loses_changes_no_table(engine: NotingEngine) -> None:
    engine.answers["train"] = trained(promoted=False)
    assert train_model("pumps")["promoted"] is False
    assert engine.order == ["train"]


def test_a_check_that_fails_stops_before_anything_is_predicted(engine: NotingEngine) -> None:
    engine.answers["train"] = trained(promoted=True)
    engine.scan_fails_in("silver")
    with pytest.raises(GateClosed):
        train_model("pumps")
    assert engine.order[-1] == "scan silver"


def test_what_is_asked_of_the_engine_has_a_name_that_it_knows() -> None:
    from headrace.engines.local import _work

    assert all(_work(name) for name in ("train", "judge"))
    assert str(Job("train", "pumps", {"model": "wear"})) == "train pumps model=wear"
