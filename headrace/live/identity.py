"""Whether a topic is the one that its bronze table was taken from.

Kafka gives each topic that it makes an id of its own: one made anew under its name has another, and so has one of that
name in another cluster, however many messages either holds. Brokers before 2.8 tell none.
"""

from uuid import UUID

from headrace.errors import HeadraceError
from headrace.lake import ledger
from headrace.lake.paths import Paths
from headrace.live.broker import topic_id
from headrace.settings import Settings

NEW_NAME = (
    "give the topic another name (in its contract: arrives), or begin a new lake with another HEADRACE_HOME"
)


def check_identity(topic: str, table: str, paths: Paths, settings: Settings, *, is_begun: bool) -> None:
    """Remembers the topic's id while nothing was taken from it, and holds it against that later on."""
    found, known = topic_id(topic, settings), _known(paths, table)
    if found == UUID(int=0):
        return
    before = known.get(topic)
    if is_begun and before not in (None, str(found)):
        raise HeadraceError(
            f"{topic} at {settings.kafka_bootstrap} (HEADRACE_KAFKA_BOOTSTRAP) is not the topic that bronze.{table} "
            f"was taken from: its id is {found}, that one's was {before}. It was made anew, or the setting leads to "
            f"another cluster. Its offsets would count twice: set HEADRACE_KAFKA_BOOTSTRAP back, {NEW_NAME}."
        )
    if before != str(found):
        ledger.remember(paths, "bronze", f"{table}.topics", {**known, topic: str(found)})


def _known(paths: Paths, table: str) -> dict[str, str]:
    return ledger.remembered(paths, "bronze", f"{table}.topics")
