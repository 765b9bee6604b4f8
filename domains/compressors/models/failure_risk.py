"""Failures of compressors, as the crews' books tell them.

A repair after a failure ends a life; so does what the crew repaired before it failed, and then nobody knows how long
the machine would have run. A planned service of the whole machine and a changed instrument end none.
"""

import pandas as pd

from domains.compressors.signals import STATUSES
from domains.compressors.wear import FEATURES
from headrace.models.declared import FailureModel

MODEL = FailureModel(
    features="wear_features",
    entity="compressor_id",
    time="timestamp",
    columns=FEATURES,
    lands_in="trained_models",
    takes={
        "maintenance_logs": ("compressor_id", "maintenance_type", "started_at", "component"),
        "alert_history": ("compressor_id", "raised_at", "severity"),
    },
)
SERVICE = "Service"


def ends(maintenance_logs: pd.DataFrame) -> pd.DataFrame:
    kind = maintenance_logs["maintenance_type"]
    is_repair = (kind == "CORRECTIVE") | ((kind == "PREVENTIVE") & (maintenance_logs["component"] != SERVICE))
    repairs = maintenance_logs[is_repair]
    return pd.DataFrame(
        {
            "entity": repairs["compressor_id"],
            "at": repairs["started_at"],
            "failed": repairs["maintenance_type"] == "CORRECTIVE",
            "kind": repairs["component"],
        }
    )


def alarms(alert_history: pd.DataFrame) -> pd.DataFrame:
    """Signals beyond a limit, as an operator is told of them; what instruments do has no severity."""
    told = alert_history[alert_history["severity"].notna()]
    return pd.DataFrame(
        {
            "entity": told["compressor_id"],
            "at": told["raised_at"],
            "severity": told["severity"].map(STATUSES.index),
        }
    )
