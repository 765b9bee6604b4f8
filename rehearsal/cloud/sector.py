"""One domain in the environment: made, refined with a step killed on the way, compared, and live."""

import subprocess
import time
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from headrace.engines.cluster import steps_of
from headrace.errors import HeadraceError
from headrace.lake.log import row_count
from headrace.lake.paths import Paths
from headrace.live.heartbeat import Heartbeat, last_beat
from headrace.serve.publish import PUBLISHED_LAYERS, database_of
from headrace.settings import as_environment
from rehearsal.aws.spark_submit import applications_of
from rehearsal.cloud.comparison import compared
from rehearsal.cloud.programs import beside, done
from rehearsal.cloud.site import INSTEAD, Site
from rehearsal.cloud.timing import Part
from rehearsal.kafka import free_port
from rehearsal.postgres import Postgres

PROFILE = "fast"
RATE, SECONDS = 200, 20
FLOW_WITHIN, STANDS_WITHIN, TOLD_WITHIN = 900.0, 300.0, 90.0
AMID_WORK = 6.0


@dataclass
class Sector:
    site: Site
    domain: str
    to_kill: str = ""
    """What the step is named after under which the machine is to vanish."""

    def on_this_machine(self) -> AbstractContextManager["subprocess.Popen[bytes]"]:
        """The same plan without a cloud, while Terraform mostly waits."""
        site, log = self.site, self.site.logs / f"here-{self.domain}.log"
        without_aws = {name: value for name, value in site.environment.items() if not name.startswith("AWS_")}
        told = {**without_aws, **as_environment(site.here(self.domain)), "PREFECT_API_URL": site.prefect.url}
        generate = f'"{site.headrace}" generate {self.domain} --profile {PROFILE}'
        refine = f'"{site.headrace}" refine {self.domain} --no-scans'
        return beside(["sh", "-c", f"{generate} && {refine}"], log, folder=site.home, environment=told)

    def generated(self, part: Part) -> None:
        self._run(part, f"generate/{self.domain}", {"profile": PROFILE})

    def refined(self, part: Part) -> None:
        self.to_kill = "'gold'"
        run = self._run(part, f"refine/{self.domain}-all", {})
        states = sorted(each.state for each in self.site.steps() if "'gold'" in each.name)
        if states != ["done", "failed"]:
            raise HeadraceError(f"one step of gold was to fail and another to do its work; they are {states}")
        again = [each["name"] for each in self.site.prefect.task_runs_of(run["id"]) if each["run_count"] > 1]
        part.found_out(f"killed on its way and tried again: {', '.join(again)}")

    def _run(self, part: Part, name: str, parameters: dict[str, Any]) -> dict[str, Any]:
        prefect = self.site.prefect
        found = prefect.run(name, parameters, within=FLOW_WITHIN, meanwhile=self._take_a_machine)
        part.found_out(f"{name} by hand: {found['state_name'].lower()} in {found['total_run_time']:.0f} s")
        return found

    def _take_a_machine(self) -> None:
        """As when a spot machine is taken away under a step."""
        if not self.to_kill:
            return
        for step in self.site.steps():
            if self.to_kill in step.name and step.state == "running" and self._is_amid_work(step.id):
                _kill_driver(step.id)
                self.to_kill = ""
                return

    def _is_amid_work(self, step: str) -> bool:
        """Its executor, the second container of YARN, was begun some seconds ago."""
        (folder,) = self.site.steps_home.glob(f"*/{step}")
        begun = [each for name in applications_of(folder) for each in self.site.yarn.containers(name)[1:]]
        return any(time.time() - each.stat().st_ctime > AMID_WORK for each in begun)

    def fails(self, part: Part) -> None:
        """What cannot be done says why, and people are told of it."""
        prefect, name, teller = self.site.prefect, f"generate/{self.domain}", "tell/headrace"
        run = prefect.begin(name, {"profile": "none-such"})
        found = prefect.ended(run, name, within=FLOW_WITHIN)
        said = str(found["state"]["message"])
        if found["state_type"] != "FAILED" or "none-such" not in said:
            raise HeadraceError(f"{name} was to fail for want of a plan; it is {found['state_type']}: {said}")
        end = time.monotonic() + TOLD_WITHIN
        while not any(each["state_type"] == "COMPLETED" for each in prefect.runs_of(teller)):
            if time.monotonic() > end:
                raise HeadraceError(f"{teller} was not run by an automation in {TOLD_WITHIN:.0f} s")
            time.sleep(1)
        part.found_out(f"{said.splitlines()[0]}")
        part.found_out(f"{prefect.runs_of(teller)[0]['name']}")

    def same(self, part: Part, here: "subprocess.Popen[bytes]") -> None:
        _through(here, self.site.logs / f"here-{self.domain}.log")
        mine = self.site.here(self.domain)
        prefix = self.site.there.database_prefix
        pairs = [(layer, prefix + database_of(self.domain, layer)) for layer in PUBLISHED_LAYERS]
        found = [each for layer, database in pairs for each in compared(self.domain, layer, database, mine)]
        differing = [f"{each.name}: {each.said}" for each in found if not each.is_same]
        if differing or not found:
            raise HeadraceError("what Glue leads to is not what was made here:\n" + "\n".join(differing))
        rows = sum(each.rows for each in found)
        part.found_out(
            f"{len(found)} tables with {rows:,} rows, the same by the hashes of their business columns"
        )

    def served(self, part: Part) -> None:
        """Gold of the bucket in a real PostgreSQL, by the command that fills RDS, and a second time."""
        site = self.site
        server = Postgres(site.home / "postgres", free_port())
        told = {**site.environment, **as_environment(site.there), **INSTEAD}
        words, log = (
            [site.headrace, "serve", self.domain, "--to", server.url],
            site.logs / f"serve-{self.domain}.log",
        )
        server.up()
        try:
            first, again = (done(words, log, folder=site.checkout, environment=told) for _ in range(2))
        finally:
            server.down()
        if not again.strip().endswith(" 0 of them new or changed"):
            raise HeadraceError(f"serving again changed something:\n{again}")
        part.found_out(f"{first.strip().splitlines()[-1]}; a second run changed nothing")

    def sends(self) -> AbstractContextManager["subprocess.Popen[bytes]"]:
        """Live messages, which the standing job wants before it starts: they make its topic."""
        site = self.site
        told = {**site.environment, **as_environment(site.there), **INSTEAD}
        words = [site.headrace, "produce", self.domain, "--rate", str(RATE), "--for", f"{SECONDS}s"]
        log = site.logs / f"produce-{self.domain}.log"
        return beside(words, log, folder=site.checkout, environment=told)

    def live(self, part: Part, sending: "subprocess.Popen[bytes]") -> None:
        """The keeper's schedule is let go, and starts the standing job, as somebody would do in dev."""
        site, keeper = self.site, f"keep-streaming/{self.domain}"
        paths = Paths.of(self.domain, site.there)
        _through(sending, site.logs / f"produce-{self.domain}.log")
        site.prefect.schedule(keeper, "* * * * *")  # nobody waits for five minutes here
        beat = self._all_taken(paths)
        site.prefect.pause(keeper)
        by = [each for each in site.prefect.runs_of(keeper) if each["auto_scheduled"]]
        if not by:
            raise HeadraceError(f"{keeper} was never run by its schedule")
        alarms = row_count(paths.table("silver", "alarms"))
        taken = ", ".join(f"{flow.rows:,} messages of {flow.topic}" for flow in beat.flows)
        part.found_out(
            f"{taken} taken by the job that {keeper} started by schedule; {alarms:,} events of alarms"
        )
        told = {**site.environment, **as_environment(site.there), **INSTEAD}
        log = site.logs / f"receipt-{self.domain}.log"
        receipt = done([site.headrace, "receipt", self.domain], log, folder=site.checkout, environment=told)
        part.found_out(receipt.strip().splitlines()[-1].strip())
        self._stop_standing()

    def _all_taken(self, paths: Paths) -> Heartbeat:
        end, beat = time.monotonic() + STANDS_WITHIN, None
        while time.monotonic() < end:
            beat = last_beat(paths)
            if beat is not None and beat.state == "failed":
                raise HeadraceError(f"the standing job failed: {beat.error}")
            if beat is not None and beat.flows and all(each.lag == 0 and each.rows for each in beat.flows):
                return beat
            time.sleep(1)
        raise HeadraceError(f"the standing job did not take what was sent in {STANDS_WITHIN:.0f} s: {beat}")

    def _stop_standing(self) -> None:
        for step in self.site.steps():
            if step.name == f"stream {self.domain}" and step.state == "running":
                steps_of(self.site.there).cancel(step.id)


def _through(process: "subprocess.Popen[bytes]", log: Path) -> None:
    if process.wait(FLOW_WITHIN) != 0:
        last = "\n".join(log.read_text().splitlines()[-20:])
        raise HeadraceError(f"what ran beside it failed ({log}):\n{last}")


def _kill_driver(step: str) -> None:
    """The machine with the driver is lost; YARN is to end the rest."""
    for process in psutil.process_iter(["cwd", "name"]):
        if Path(process.info["cwd"] or "").name == step and process.info["name"] == "java":
            process.kill()
