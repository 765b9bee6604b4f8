"""What a stream died of, in words that name what a person can set."""

from headrace.errors import HeadraceError
from headrace.trouble import cause_to_act_on, text_of

LOSS = ("OffsetOutOfRange", "data loss", "KAFKA_DATA_LOSS", "Some data may have been lost")
OTHER_TOPIC = ("Set of partitions changed", "SUBSCRIPTION_CHANGED", "topic-partitions are gone")
OTHER_CHECKPOINT = ("STREAMING_CHECKPOINT", "Invalid checkpoint", "incompatible checkpoint")
REFUSED = ("TopicAuthorizationException", "SaslAuthenticationException", "GroupAuthorizationException")
NO_BROKER = (
    "Timeout expired while fetching topic metadata",
    "No resolvable bootstrap",
    "Timed out waiting for a node",
)


class LossSuspected(HeadraceError):
    """Spark found messages gone; which ones, the broker knows."""


def stream_trouble(error: BaseException) -> HeadraceError | None:
    text = text_of(error)
    if any(sign in text for sign in LOSS):
        return LossSuspected(
            f"messages are gone that were not taken yet; headrace receipt says which ({_line(text)})"
        )
    known = (
        (
            OTHER_TOPIC,
            "the topic is not the one that the checkpoint is of; HEADRACE_KAFKA_BOOTSTRAP may have changed",
        ),
        (OTHER_CHECKPOINT, "the checkpoint is of another table or another version"),
        (REFUSED, "Kafka does not let us read; see HEADRACE_KAFKA_SECURITY and the rights of this role"),
        (NO_BROKER, "no Kafka broker answers; see HEADRACE_KAFKA_BOOTSTRAP"),
    )
    for signs, meaning in known:
        if any(sign in text for sign in signs):
            return HeadraceError(f"{meaning} ({_line(text)})")
    return cause_to_act_on(error)


def _line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "")[:200]
