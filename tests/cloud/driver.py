"""A driver that writes one table in S3 as unsafely as Spark does there: it remembers the newest version and puts the
next one, whatever may have come between.

`python -m tests.cloud.driver <name> <commits> <commits in one turn> <lease's seconds>`"""

import sys
import time

from headrace.errors import Busy
from headrace.lake import lease, objects
from headrace.lake.lease import Leases, leased

TABLE = "s3://test-lake/pumps/silver/strokes"
LEASE = "s3://test-lake/_leases/pumps/silver/strokes"


def main(name: str, commits: int, in_a_turn: int, seconds: float) -> None:
    lease.MACHINE = name  # as if on a machine of its own, whose processes nobody else can look for
    left = commits
    while left:
        try:
            with leased([LEASE], job=f"refine by {name}", seconds=seconds) as held:
                say("holds")
                left = write(name, left, in_a_turn, held)
        except Busy as busy:
            say("lost" if "lost" in str(busy) or "in time" in str(busy) else "waits")
            time.sleep(0.3)


def write(name: str, left: int, in_a_turn: int, held: Leases) -> int:
    newest = max((int(url[-25:-5]) for url in objects.list_under(f"{TABLE}/_delta_log")), default=-1)
    turn = range(left, max(0, left - in_a_turn), -1)
    for version, number in enumerate(turn, start=newest + 1):
        time.sleep(0.1)
        held.check()
        objects.put(f"{TABLE}/_delta_log/{version:020d}.json", f"{name} {number}".encode())
        say(f"committed {version} {name} {number}")
    return left - len(turn)


def say(what: str) -> None:
    print(what, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]))
