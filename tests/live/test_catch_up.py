"""A batch run takes what waits in the topics of a standing job that is down."""

from headrace.engines import Job
from headrace.engines.local import run_job
from headrace.live.heartbeat import last_beat
from headrace.operate.receipt import receipt
from headrace.progress import Event as Told
from headrace.progress import listening
from tests.live.conftest import LiveStation
from tests.spark.refine.conftest import stroke


def refined(live: LiveStation, **changed: str) -> dict[str, int]:
    """The rows each bronze table had of a batch run."""
    settings = live.settings.model_copy(update=changed)
    done = run_job(Job("refine", "pumps", {"layers": ["bronze", "silver"]}), settings).summary
    return {each["table"]: each["rows_in"] for each in done["tables"] if each["layer"] == "bronze"}


def test_a_topic_that_was_streamed_goes_on_where_the_job_stopped(live: LiveStation) -> None:
    live.sends(stroke(1), stroke(2))
    assert refined(live)["strokes"] == 0, "nobody streamed it yet"
    live.stands()
    beat = last_beat(live.paths)
    live.sends(stroke(2), stroke(3), stroke(4, bar=-1))
    assert refined(live)["strokes"] == 3
    assert last_beat(live.paths) == beat, "that is the job's own sign of life"
    assert live.table("silver", "strokes").count() == 3
    assert refined(live)["strokes"] == 0
    live.sends(stroke(5))
    live.stands()
    assert live.table("silver", "strokes").count() == 4
    receipt("pumps", live.settings).check()


def test_without_a_broker_it_says_so_and_refines_the_rest(live: LiveStation) -> None:
    live.sends(stroke(1))
    live.stands()
    live.sends(stroke(2))
    live.lands("strokes", [stroke(3)])
    heard: list[Told] = []
    with listening(heard.append):
        assert refined(live, kafka_bootstrap="127.0.0.1:1")["strokes"] == 1
    assert [each.item for each in heard if "no broker answers" in each.note] == ["strokes"]
    assert refined(live)["strokes"] == 1


def test_a_run_of_other_tables_leaves_the_topic_alone(live: LiveStation) -> None:
    live.sends(stroke(1))
    live.stands()
    live.sends(stroke(2))
    others = Job("refine", "pumps", {"layers": ["bronze", "silver"], "tables": ["pumps"]})
    assert {each["table"] for each in run_job(others, live.settings).summary["tables"]} == {"pumps"}
    assert live.table("bronze", "strokes").count() == 1
    assert refined(live)["strokes"] == 1
