"""`python -m rehearsal.aws.server -H 127.0.0.1 -p 5555`: moto's own server, gaps closed, with a cluster that runs steps
where HEADRACE_REHEARSED_CLUSTER names its folder."""

import os
from pathlib import Path

os.environ.setdefault("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")  # EMR's own policy is one of them

from rehearsal.aws import (  # noqa: F401 - read once moto knows that
    CLUSTER,
    athena,
    budgets,
    ec2,
    ecs,
    emr,
    emr_serverless,
    msk,
    retries,
    s3,
    unsupported,
)


def main() -> None:
    from moto.server import main as serve

    from rehearsal.aws.stand_in import StandIn

    cluster = StandIn(Path(os.environ[CLUSTER])) if CLUSTER in os.environ else None
    if cluster is not None:
        cluster.start()
    try:
        serve()
    finally:
        if cluster is not None:
            cluster.stop()


if __name__ == "__main__":
    main()
