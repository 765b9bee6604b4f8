"""An environment from nothing to a worker with its flows, and back to nothing."""

import json
import os
import platform
import shutil
from collections.abc import Callable

import boto3

from headrace.errors import HeadraceError
from rehearsal import terraform
from rehearsal.aws.server_process import aws
from rehearsal.cloud import checkout
from rehearsal.cloud.prefect_processes import prefect_server, worker_of
from rehearsal.cloud.programs import done
from rehearsal.cloud.remains import left_in_account
from rehearsal.cloud.site import INSTEAD, Site
from rehearsal.cloud.timing import Part
from rehearsal.kafka import Broker, free_port
from rehearsal.terraform import Terraform

Doing = Callable[[Part, Site], None]
ARCHITECTURES = {"x86_64": "x86_64", "aarch64": "arm64"}
"""Of the machines on which steps run here, which are this one."""


def comes_up(part: Part, site: Site) -> None:
    """Everything that Terraform cannot make here."""
    terraform.program()  # else its want would show minutes later
    shutil.rmtree(site.home, ignore_errors=True)
    site.home.mkdir(parents=True)
    site.checkout = checkout.made_in(site.home / "checkout")
    site.broker = Broker(site.home / "kafka", free_port())
    site.stack.callback(site.broker.down)
    site.broker.up()
    on_aws = aws(site.logs / "aws.log", broker=site.broker.address, steps=site.steps_home)
    site.aws = site.stack.enter_context(on_aws)
    os.environ.update(site.aws.environment)  # from here on, AWS is here for us and all we start
    site.environment = checkout.environment_of(site.checkout)
    site.prefect = site.stack.enter_context(prefect_server(site.home, site.environment))
    part.found_out(f"AWS at {site.aws.url}, Kafka at {site.broker.address}, Prefect at {site.prefect.url}")


def applied(part: Part, site: Site, domains: tuple[str, ...], *, serverless: bool) -> None:
    kind = "serverless"
    given = {
        **({"compute_kind": kind, "stream_kind": kind} if serverless else {"batch_kind": "cluster"}),
        "emails": '["operations@example.com"]',
        "prefect_api_url": site.prefect.url,
        "has_prefect_api_key": "false",
        "domains": json.dumps(domains),
    }
    os.environ.update({f"TF_VAR_{name}": value for name, value in given.items()})
    site.bootstrap = Terraform(site.checkout / "infra/bootstrap", site.home / "terraform/bootstrap")
    site.bootstrap.init()
    site.bootstrap.run("apply", "-auto-approve", "-input=false")
    roots = [_root(site, name) for name in ("data", "compute")]
    site.data, site.compute = roots
    for root in roots:
        root.init(f"-backend-config=bucket={site.bootstrap.outputs()['state_bucket']}")
        root.run("apply", "-auto-approve", "-input=false")
    counts = [len(root.run("state", "list").split()) for root in roots]
    part.found_out(f"{counts[0]} resources that hold data, {counts[1]} that work on it")


def _root(site: Site, name: str) -> Terraform:
    return Terraform(site.checkout / "infra/envs/dev" / name, site.home / "terraform" / name)


def has_worker(part: Part, site: Site) -> None:
    task = site.compute.outputs()["worker_task"]
    site.stack.enter_context(worker_of(task, site.prefect, site.home, site.environment, INSTEAD))
    part.found_out("without Spark, in a work pool that it made itself")


def deployed(part: Part, site: Site) -> None:
    """By the two commands of docs/cloud.md."""
    told = {**site.environment, "TF_DATA_DIR": str(site.compute.data), "PREFECT_API_URL": site.prefect.url}
    told["PREFECT_HOME"] = str(site.home / "deploys")
    told["HEADRACE_ARCHITECTURE"] = ARCHITECTURES[platform.machine()]
    log, prefect = site.logs / "deploy.log", site.checkout / ".venv/bin/prefect"
    configure = [site.headrace, "configure", "--from-terraform", "infra/envs/dev"]
    done(configure, log, folder=site.checkout, environment=told)
    deploy = [prefect, "--no-prompt", "deploy", "--all"]
    done(deploy, log, folder=site.checkout, environment=told)
    part.found_out(f"{len(site.prefect.deployments())} deployments; dev leaves their schedules paused")


def unchanged(part: Part, site: Site) -> None:
    for root in (site.data, site.compute):
        root.run("plan", "-detailed-exitcode", "-input=false")
    part.found_out("no changes")


def destroyed(part: Part, site: Site) -> None:
    if site.there.emr_kind == "serverless":  # one that is not idle for long enough cannot be deleted
        boto3.client("emr-serverless").stop_application(applicationId=site.there.emr_id)
    # Without a refresh: the plan before it has just looked.
    roots = (site.compute, site.data)
    for root in roots:
        root.run("destroy", "-auto-approve", "-input=false", "-refresh=false")
    left = [
        *(name for root in roots for name in root.run("state", "list").split()),
        *left_in_account(site.bootstrap.outputs()["state_bucket"]),
    ]
    if left:
        raise HeadraceError(f"destroy left {', '.join(left)}")
    part.found_out("nothing is left but the bucket for Terraform's state")
