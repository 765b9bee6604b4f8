"""What an operator sees and does.

The table of alarms is read as it is now, not as it last passed its checks: nobody waits for a scan with an alarm.
"""

import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable

from headrace.alarms.actions import Action, Folder
from headrace.alarms.events import TABLE
from headrace.alarms.fold import AlarmFold
from headrace.alarms.register import EXPLAINED, STANDING
from headrace.alarms.rules import PRIORITIES, GoesTo, Rules, load_rules
from headrace.alarms.source_versions import current_rows
from headrace.alarms.store import read_events
from headrace.errors import UsageError
from headrace.lake import log
from headrace.lake.lease import RunContext, leased, living_holder
from headrace.lake.paths import Paths, as_s3
from headrace.settings import Settings

FOLDED_WITHIN = 15.0


class Operator:
    def __init__(self, domain: str, settings: Settings) -> None:
        rules = load_rules(domain)
        if rules is None:
            raise UsageError(f"{domain} has no alarms: its folder holds no alarms.yml")
        self._rules: Rules = rules
        self._paths, self._settings = Paths.of(domain, settings), settings

    def standing(self) -> list[dict[str, Any]]:
        """The newest event of each alarm that is not over, with names of its group and console, the gravest first."""
        events = self._events()
        events = events.filter(pc.is_valid(events["alarm_id"]))
        newest = events.group_by("alarm_id").aggregate([("event_number", "max")])["event_number_max"]
        last = events.filter(pc.is_in(events["event_number"], newest.combine_chunks()))
        last = last.filter(pc.is_in(last["state"], pa.array(STANDING)))
        events = events.filter(pc.is_in(events["alarm_id"], last["alarm_id"].combine_chunks()))
        explained = events.filter(pc.is_in(events["event"], pa.array(EXPLAINED))).sort_by("event_number")
        messages = {each["alarm_id"]: each["message"] for each in explained.to_pylist()}
        groups, consoles = (
            self._names(of) for of in (self._rules.senders.group, self._rules.senders.console)
        )
        alarms = [
            each
            | {
                "message": messages.get(each["alarm_id"], ""),
                "group_name": groups.get(each["group_id"]),
                "console_name": consoles.get(each["console"]),
            }
            for each in last.to_pylist()
        ]
        alarms.sort(key=lambda each: (STANDING.index(each["state"]), each["since"]))
        return sorted(alarms, key=lambda each: PRIORITIES.index(each["priority"]), reverse=True)

    def shown(self) -> list[dict[str, Any]]:
        """The alarms to look at, whoever is to; `others` counts the suppressed ones that have each for their cause."""
        standing = self.standing()
        others = Counter(each["cause_id"] for each in standing if each["state"] == "suppressed")
        shown = (each for each in standing if each["state"] != "suppressed")
        return [each | {"others": others[each["alarm_id"]]} for each in shown]

    def act(self, *actions: Action) -> list[dict[str, Any]]:
        """The events that the actions led to. Where no job follows the alarms, they are brought up to date here."""
        before = int(pc.max(self._events()["event_number"]).as_py() or 0)
        folder, lease = Folder(self._paths), self._paths.lease("silver", TABLE)
        for action in actions:
            folder.put(action)
        if living_holder(lease) is None:
            with leased([lease], job="headrace alarms", seconds=self._settings.lease_seconds) as leases:
                fold = AlarmFold(self._rules, RunContext(self._paths, self._settings, leases, "by hand"))
                fold.catch_up()
                fold.close()
        else:
            end = time.monotonic() + FOLDED_WITHIN
            while folder.receive() and time.monotonic() < end:
                time.sleep(0.1)
        events = self._events()
        names = pa.array([action.alarm_id for action in actions])
        ours = pc.and_(pc.greater(events["event_number"], before), pc.is_in(events["alarm_id"], names))
        by_hand = events.filter(pc.and_(ours, pc.is_valid(events["acted_by"]))).sort_by("event_number")
        return list(by_hand.to_pylist())

    def _names(self, column: str) -> dict[str, str]:
        """The names of the ids in a column of the senders' table, as far as another table tells them."""
        table, _, name = self._rules.names.get(column, "").partition(".")
        path = self._paths.table("silver", table)
        if not table or not log.exists(path):
            return {}
        rows = current_rows(path, (column, name))
        return dict(zip(rows[column].to_pylist(), rows[name].to_pylist(), strict=True))

    def _events(self) -> pa.Table:
        table = self._paths.table("silver", TABLE)
        if not log.exists(table):
            raise UsageError(f"there are no alarms of {self._paths.domain} yet: run headrace refine first")
        return read_events(DeltaTable(as_s3(table)))


def goes_to(event: Mapping[str, Any]) -> GoesTo:
    """Events of before there was a choice were the operator's."""
    return event["goes_to"] or "operator"
