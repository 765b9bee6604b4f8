"""Where an operator sits: what stands, and what can be done about it.

The table of alarms is read as it is now, not as it last passed its checks: nobody waits for a scan with an alarm.
"""

import time
from collections import Counter
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable

from headrace.alarms.actions import Action, Folder
from headrace.alarms.alarm import EXPLAINED, STANDING
from headrace.alarms.events import SCHEMA, TABLE
from headrace.alarms.fold import AlarmFold
from headrace.alarms.rules import PRIORITIES, Rules, load_rules
from headrace.errors import UsageError
from headrace.lake import log
from headrace.lake.lease import leased, living_holder
from headrace.lake.paths import Paths, as_s3
from headrace.lake.run_context import RunContext
from headrace.settings import Settings

FOLDED_WITHIN = 15.0


class Operator:
    def __init__(self, domain: str, settings: Settings) -> None:
        rules = load_rules(domain)
        if rules is None:
            raise UsageError(f"{domain} has no alarms: its folder holds no alarms.yml")
        self._rules: Rules = rules
        self._paths, self._settings = Paths.of(domain, settings), settings
        self._table = self._paths.table("silver", TABLE)

    def standing(self) -> list[dict[str, Any]]:
        """The newest event of each alarm that is not over, the gravest first."""
        events = self._events()
        events = events.filter(pc.is_valid(events["alarm_id"]))
        newest = events.group_by("alarm_id").aggregate([("event_number", "max")])["event_number_max"]
        last = events.filter(pc.is_in(events["event_number"], newest.combine_chunks()))
        last = last.filter(pc.is_in(last["state"], pa.array(STANDING)))
        said = events.filter(pc.is_in(events["alarm_id"], last["alarm_id"].combine_chunks()))
        told = said.filter(pc.is_in(said["event"], pa.array(EXPLAINED))).sort_by("event_number")
        words = {each["alarm_id"]: each["message"] for each in told.to_pylist()}
        found = [each | {"message": words.get(each["alarm_id"], "")} for each in last.to_pylist()]
        return sorted(found, key=_gravest_first)

    def told(self) -> list[dict[str, Any]]:
        """Those an operator is to look at; `others` counts the suppressed ones that are laid to each."""
        standing = self.standing()
        others = Counter(each["cause_id"] for each in standing if each["state"] == "suppressed")
        shown = (each for each in standing if each["state"] != "suppressed")
        return [each | {"others": others[each["alarm_id"]]} for each in shown]

    def act(self, *actions: Action) -> list[dict[str, Any]]:
        """What became of each: the events they led to. Where no job keeps the alarms, they are brought up to date."""
        before = self._newest_number()
        folder = Folder(self._paths)
        for action in actions:
            folder.put(action)
        if living_holder(self._paths.lease("silver", TABLE)) is None:
            self._bring_up_to_date()
        else:
            self._wait_until_taken()
        events = self._events()
        names = pa.array([action.alarm_id for action in actions])
        ours = pc.and_(pc.greater(events["event_number"], before), pc.is_in(events["alarm_id"], names))
        by_hand = pc.and_(ours, pc.is_valid(events["acted_by"]))
        found: list[dict[str, Any]] = events.filter(by_hand).sort_by("event_number").to_pylist()
        return found

    def _bring_up_to_date(self) -> None:
        lease = self._paths.lease("silver", TABLE)
        with leased([lease], job="headrace alarms", seconds=self._settings.lease_seconds) as leases:
            edge = AlarmFold(self._rules, RunContext(self._paths, self._settings, leases, "by hand"))
            edge.catch_up()
            edge.close()

    def _wait_until_taken(self) -> None:
        end = time.monotonic() + FOLDED_WITHIN
        while Folder(self._paths).receive({})[0] and time.monotonic() < end:
            time.sleep(0.1)

    def _events(self) -> pa.Table:
        if not log.exists(self._table):
            raise UsageError(f"there are no alarms of {self._paths.domain} yet: run headrace refine first")
        return DeltaTable(as_s3(self._table)).to_pyarrow_table(columns=SCHEMA.names)

    def _newest_number(self) -> int:
        return int(pc.max(self._events()["event_number"]).as_py() or 0)


def _gravest_first(event: dict[str, Any]) -> tuple[int, int, Any]:
    return (-PRIORITIES.index(event["priority"]), STANDING.index(event["state"]), event["since"])
