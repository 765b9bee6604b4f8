"""How right the forecast of tank levels is, beside the level of now and the mean of the tank: generated worlds, from
several days on.

No Spark: what the table calls is called here with the levels and the parcels that a world's sources make.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.lake import DOMAIN
from benchmarks.report import Row
from domains.refinery.crude_arrivals import AS_IF_SEEN, LATEST_DAYS
from domains.refinery.gold.inventory_forecast import DAYS_BACK, forecast_of_kind, guesses_of_tank
from headrace.contracts.load import load_contracts
from simulation.generate.chunks import Chunk
from simulation.generate.plan import Plan, world_of
from simulation.generate.row_index import Piece
from simulation.generate.row_maker import RowMaker
from simulation.generate.sources import load_sources

SEEDS = (21, 22, 23)
START, SCALE, HOUR = datetime(2024, 1, 1), 0.02, timedelta(hours=1)
SPAN_DAYS, ORIGINS = 70, (14, 28, 42, 49, 56)  # days of history at each, six weeks of them at most
KINDS = {True: "crude", False: "product"}
COVERED = (0.75, 0.85)


def measure(home: Path, runs: int) -> list[Row]:  # noqa: ARG001 - the same worlds give the same forecast
    found = pd.concat([backtest(seed) for seed in SEEDS])
    rows = []
    for history, of_history in found.groupby(found["history"].clip(upper=DAYS_BACK)):
        for is_crude, part in of_history.groupby("is_crude"):
            ours, now, mean = (part[name].mean() for name in ("error", "error_of_now", "error_of_mean"))
            said = (
                f"{ours:.4f} of capacity off in the mean; {now:.4f} by the level of now, {mean:.4f} by the mean of the "
                f"tank; {part['within'].mean():.0%} within the band ({len(part):,} tank-days, seeds {SEEDS})"
            )
            what = f"forecast of {KINDS[bool(is_crude)]} tanks by {history:.0f} days"
            rows.append(Row(what, "better than both", said, bool(ours < min(now, mean))))
    return rows


def backtest(seed: int, origins: Sequence[int] = ORIGINS) -> pd.DataFrame:
    """One row for each tank, origin (days of history) and day ahead: errors as parts of the capacity."""
    world = World(seed)
    return pd.concat([world.errors_from(days) for days in origins], ignore_index=True)


class World:
    """Levels and parcels of some weeks of a network, without faults."""

    def __init__(self, seed: int) -> None:
        plan = Plan(scale=SCALE, start=START, end=START + timedelta(days=SPAN_DAYS), seed=seed, stride=HOUR)
        contracts = load_contracts(DOMAIN)
        self._maker = RowMaker(contracts, load_sources(DOMAIN), world_of(plan, contracts))
        tanks = self._maker.argument("storage_tanks")
        capacity = dict(zip(tanks["tank_id"].tolist(), tanks["capacity_barrels"].tolist(), strict=True))
        levels = self._table("tank_inventory", "storage_tanks", ["tank_id", "product_type", "volume_barrels"])
        levels["capacity_barrels"] = levels["tank_id"].map(capacity).astype(float)
        levels["level"] = levels["volume_barrels"] / levels["capacity_barrels"]
        levels["is_crude"] = levels["product_type"] == "Crude Oil"
        levels["hour"] = levels["_at"] / 3_600_000_000 - START.timestamp() / 3600
        self.levels = levels[np.isclose(levels["hour"] % 1, 0)]
        named = ["shipment_id", "destination_tank_id", "volume_barrels", "status"]
        times = ["expected_arrival_date", "arrival_date", "created_at", "updated_at"]
        self.shipments = self._table("crude_shipments", "refineries", [*named, *times])
        for name in times:
            at = self.shipments[name].to_numpy().astype("datetime64[s]") - np.datetime64(START, "s")
            self.shipments[name] = at.astype(np.int64) / 86_400
        self.shipments = self.shipments.sort_values("updated_at")

    def _table(self, name: str, senders: str, columns: list[str]) -> pd.DataFrame:
        world = self._maker.world
        count, times = world.counts[senders], self._maker.contracts[name].arrives.times
        piece = Piece(world.start, world.end, 0, count, times)
        made, _ = self._maker.clean(Chunk(name, piece, True), (np.arange(count), np.zeros(count, np.int64)))
        wanted = [*columns, *(["_at"] if "_at" in made and "updated_at" not in columns else [])]
        return pd.DataFrame({column: np.asarray(made[column]) for column in wanted})

    def errors_from(self, days: int) -> pd.DataFrame:
        """Of a run in the last minutes of so many days of history."""
        now = days * 24 - 1
        known = self.levels[self.levels["hour"].between(now - 24 * min(days, DAYS_BACK), now)]
        known = known.assign(
            at=known["hour"] - (days - 1) * 24, day_of_run=(START + (days - 1) * 24 * HOUR).date()
        )
        parcels = dict(list(self.parcels_at(days).groupby("tank_id")))
        none = self.parcels_at(days).head(0)
        guesses = pd.concat(
            [guesses_of_tank(rows, parcels.get(tank, none)) for tank, rows in known.groupby("tank_id")]
        )
        kinds = guesses.groupby(["is_crude", "days_ahead"])
        found = pd.concat([forecast_of_kind(rows).assign(is_crude=kind[0]) for kind, rows in kinds])
        first = guesses[(guesses["days_ago"] == 0) & (guesses["days_ahead"] == 1)].set_index("tank_id")
        by_hour = self.levels.set_index(["tank_id", "hour"])["level"]
        hours = (days + found["days_ahead"]) * 24.0
        came = by_hour.reindex(pd.MultiIndex.from_arrays([found["tank_id"], hours])).to_numpy()
        told: dict[str, Any] = {
            "history": days,
            "error": np.abs(found["expected"] - came),
            "error_of_now": np.abs(found["tank_id"].map(first["now"]) - came),
            "error_of_mean": np.abs(found["tank_id"].map(first["mean"]) - came),
            "within": (found["low"] <= came) & (came <= found["high"]),
        }
        return found.assign(**told)[np.isfinite(came)]

    def parcels_at(self, days: int) -> pd.DataFrame:
        """As the table takes them: what was known of each shipment then, in days after that of the run."""
        today = days - 1
        known = (
            self.shipments[self.shipments["updated_at"] <= days].groupby("shipment_id", as_index=False).last()
        )
        is_here = known["status"] == "DELIVERED"
        late = (known["arrival_date"] - known["expected_arrival_date"])[is_here].clip(0, LATEST_DAYS)
        counts = np.bincount(late.astype(int), minlength=LATEST_DAYS + 1)
        weights = AS_IF_SEEN * counts / max(1, counts.sum()) + (np.arange(LATEST_DAYS + 1) == 0) * 1e-9
        arrives = np.floor(known["arrival_date"]) - today
        return pd.DataFrame(
            {
                "tank_id": known["destination_tank_id"],
                "shipment_id": known["shipment_id"],
                "barrels": known["volume_barrels"].astype(float),
                "scheduled": np.floor(known["created_at"]) - today,
                "due": np.floor(known["expected_arrival_date"]) - today,
                "estimate": arrives.where(known["status"] == "DELAYED"),
                "arrived": arrives.where(is_here),
                "late_weights": [weights] * len(known),
            }
        )
