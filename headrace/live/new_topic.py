"""Makes a topic where there is none: a cluster that means business does not make one because somebody wrote to it."""

from kafka import KafkaAdminClient
from kafka.admin import NewTopic
from kafka.errors import TopicAlreadyExistsError

from headrace.live.broker import NO_ANSWER, client_options, no_broker
from headrace.live.clients import connected
from headrace.settings import Settings

AS_THE_BROKER_SAYS = -1


def make_topic(topic: str, settings: Settings, partitions: int = AS_THE_BROKER_SAYS) -> None:
    """One that is there is left as it is: whoever may only write to it need not have the right to make it."""
    try:
        admin = connected(KafkaAdminClient, settings.kafka_bootstrap, **client_options(settings))
        try:
            if topic not in admin.list_topics():
                admin.create_topics([NewTopic(topic, partitions, replication_factor=AS_THE_BROKER_SAYS)])
        except TopicAlreadyExistsError:
            pass  # somebody else made it just now
        finally:
            admin.close()
    except NO_ANSWER as error:
        raise no_broker(settings, error) from error
