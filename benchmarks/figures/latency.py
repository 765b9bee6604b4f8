"""At a thousand messages a second: from the broker's timestamp to the row in silver, as a second process sees it."""

import shutil
import threading
from pathlib import Path

from benchmarks.figures.drain import history
from benchmarks.lake import DOMAIN
from benchmarks.report import Row

RATE, SECONDS, WARM_UP = 1000, 300, 60
TABLE = "sensor_readings"


def measure(home: Path, runs: int) -> list[Row]:  # noqa: ARG001 - one run sees 300,000 messages
    from headrace.lake.paths import Paths
    from headrace.live.latency import LatencyWatch
    from headrace.operate.receipt import receipt
    from headrace.settings import get_settings
    from rehearsal.kafka import Broker, free_port
    from rehearsal.subprocesses import running, wait_until_standing
    from simulation.producer.topic_producer import produce

    here = (home / "latency").absolute()
    shutil.rmtree(here, ignore_errors=True)
    broker = Broker(here / "kafka", free_port())
    settings = get_settings().model_copy(
        update={"home": here, "kafka_bootstrap": broker.address, "metrics_port": 0}
    )
    paths = Paths.of(DOMAIN, settings)
    history(settings)
    broker.up()
    try:
        broker.make_topic(TABLE, partitions=2)
        with running(["stream", DOMAIN], settings, here / "logs" / "stream.log") as job:
            wait_until_standing(job, paths)
            produce(DOMAIN, settings, threading.Event(), rate=RATE, seconds=WARM_UP)
            watch = LatencyWatch(paths, TABLE, TABLE)
            watch.start()
            produce(DOMAIN, settings, threading.Event(), rate=RATE, seconds=SECONDS)
            waited = watch.stop()
    finally:
        broker.down()
    assert waited is not None, "no batch was seen"
    receipt(DOMAIN, settings).check()
    shutil.rmtree(here)
    return [
        Row(
            f"{RATE:,} messages a second: event to its commit in silver, p95",
            "5 s",
            f"{waited.p95:.1f} s (median {waited.median:.1f} s, worst {waited.worst:.1f} s)",
            waited.p95 <= 5,
        )
    ]
