"""At a thousand messages a second: from the broker's timestamp of the reading that completes an alarm to the alarm.

The network is quiet for so short a time, so a hundred sensors are driven beyond their limit, one after the other, by
messages like any other; what their alarms must wait for (the rules' delay) is not counted.
"""

import json
import shutil
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.figures.drain import history
from benchmarks.lake import DOMAIN
from benchmarks.report import Row

if TYPE_CHECKING:
    from headrace.settings import Settings

RATE, SECONDS, WARM_UP = 1000, 180, 30
TABLE = "sensor_readings"
DRIVEN, EVERY, BEYOND, AFTER = 100, timedelta(seconds=10), 8, 8  # readings beyond the limit, and after it


def measure(home: Path, runs: int) -> list[Row]:  # noqa: ARG001 - one run sees two hundred events
    from headrace.alarms.rules import load_rules
    from headrace.lake.paths import Paths
    from headrace.live.latency import AlarmLatencyWatch
    from headrace.operate.receipt import receipt
    from headrace.settings import get_settings
    from rehearsal.kafka import Broker, free_port
    from rehearsal.subprocesses import running, wait_until_standing
    from simulation.producer.topic_producer import produce

    here = (home / "alarm_latency").absolute()
    shutil.rmtree(here, ignore_errors=True)
    broker = Broker(here / "kafka", free_port())
    settings = get_settings().model_copy(
        update={"home": here, "kafka_bootstrap": broker.address, "metrics_port": 0}
    )
    paths, rules = Paths.of(DOMAIN, settings), load_rules(DOMAIN)
    assert rules is not None
    history(settings)
    driven = _sensors(paths)
    stop = threading.Event()
    broker.up()
    try:
        broker.make_topic(TABLE, partitions=2)
        with running(["stream", DOMAIN], settings, here / "logs" / "stream.log") as job:
            wait_until_standing(job, paths)
            quiet = 5000 - len(driven)
            produce(DOMAIN, settings, stop, rate=RATE, seconds=WARM_UP, senders=quiet)
            watch = AlarmLatencyWatch(paths, TABLE, rules)
            watch.start()
            driving = threading.Thread(target=_drive, args=(driven, settings))
            driving.start()
            produce(DOMAIN, settings, stop, rate=RATE, seconds=SECONDS, senders=quiet)
            driving.join()
            time.sleep(10)
            waited = watch.stop()
    finally:
        broker.down()
    assert waited is not None, "no alarm was seen"
    assert waited.messages >= DRIVEN, f"{waited.messages} events of {DRIVEN} senders beyond their limits"
    receipt(DOMAIN, settings).check()
    shutil.rmtree(here)
    return [
        Row(
            f"{RATE:,} messages a second: event to its alarm beyond the configured delay, p95",
            "10 s",
            f"{waited.p95:.1f} s (median {waited.median:.1f} s, worst {waited.worst:.1f} s, {waited.messages} events)",
            waited.p95 <= 10,
        )
    ]


def _sensors(paths: Any) -> list[dict[str, Any]]:
    """The last ones of the network, which the producer leaves alone."""
    from deltalake import DeltaTable

    rows = DeltaTable(paths.table("silver", "sensors")).to_pyarrow_table().to_pylist()
    known = [row for row in rows if row["is_current"] and row["is_active"]]
    return sorted(known, key=lambda row: row["sensor_id"])[-DRIVEN:]


def _drive(driven: list[dict[str, Any]], settings: "Settings") -> None:
    """One more sensor each second, with a reading a second of the wall's time each: ten seconds of its own."""
    from kafka import KafkaProducer

    producer = KafkaProducer(bootstrap_servers=settings.kafka_bootstrap, linger_ms=5)
    began = time.monotonic()
    for second in range(len(driven) + BEYOND + AFTER):
        time.sleep(max(0.0, began + second - time.monotonic()))
        for sensor, reading in _readings(driven, second):
            producer.send(TABLE, key=sensor["sensor_id"].encode(), value=json.dumps(reading).encode())
    producer.close()


def _readings(driven: list[dict[str, Any]], second: int) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    for place, sensor in enumerate(driven):
        number = second - place
        if not 0 <= number < BEYOND + AFTER:
            continue
        low, high = sensor["warning_low"], sensor["warning_high"]
        value = high + 0.02 * (high - low) if number < BEYOND else (low + high) / 2
        at = datetime(2024, 1, 3) + place * timedelta(seconds=1) + number * EVERY
        yield (
            sensor,
            {
                "reading_id": f"D{sensor['sensor_id'][5:]}-{number}",
                **{name: sensor[name] for name in ("sensor_id", "unit_id", "refinery_id")},
                "reading_timestamp": f"{at:%Y-%m-%dT%H:%M:%S}",
                "reading_value": round(value + number * 0.01, 2),
                "reading_quality": "GOOD",
                "is_interpolated": False,
                "event_time": f"{at:%Y-%m-%dT%H:%M:%S}",
                "processing_time": f"{at + timedelta(seconds=1):%Y-%m-%dT%H:%M:%S}",
            },
        )
