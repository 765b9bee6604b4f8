"""Telling people: through the topic that the environment's guard keeps, whoever listens there."""

import boto3

from headrace.aws_errors import refused
from headrace.progress import Event, tell
from headrace.settings import Settings

LONGEST_SUBJECT = 100  # SNS takes no longer one, and no line break in it


def tell_people(what: str, about: str, settings: Settings) -> bool:
    """Whether there is anybody to be told; without a topic it goes to the log alone."""
    tell(Event("tell", what, "done", note=about))
    if not settings.alerts_topic_arn:
        return False
    subject = " ".join(what.split())[:LONGEST_SUBJECT]
    with refused(f"topic {settings.alerts_topic_arn}", "HEADRACE_ALERTS_TOPIC_ARN"):
        boto3.client("sns").publish(
            TopicArn=settings.alerts_topic_arn, Subject=subject, Message=f"{what}\n{about}"
        )
    return True
