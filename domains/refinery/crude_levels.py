"""The level of a crude tank ahead: what is in it, what is on its way to it, less what is drawn.

What is drawn a day is what its level and its deliveries tell of the last fortnight. A parcel that is under way comes as
late as those of its supplier have (`crude_arrivals`).
"""

from dataclasses import dataclass

import numpy as np

from domains.refinery.crude_arrivals import Parcels, cumulated

Array = np.ndarray

DRAW_DAYS = 14


@dataclass(frozen=True)
class Deliveries:
    """A tank's parcels: days after that of the run on which each was scheduled, due, estimated and arrived; NaN where
    nothing was said, or it has not."""

    barrels: Array
    scheduled: Array
    due: Array
    estimate: Array
    arrived: Array
    late_weights: Array

    def levels_ahead(
        self, hours: Array, levels: Array, ahead: Array, days_ago: int, hours_gone: float
    ) -> Array:
        """hours_gone: of the day of the run."""
        today = -days_ago
        days = min(DRAW_DAYS, max(1.0, float(hours[-1] - hours[0]) / 24))
        begins = int(np.searchsorted(hours, hours[-1] - 24 * days))
        since = today - (hours[-1] - hours[begins]) / 24
        came = self.barrels[(self.arrived > since) & (self.arrived <= today)].sum()
        drawn = (came - (levels[-1] - levels[begins])) / max(float(hours[-1] - hours[begins]), 24.0)
        is_coming = (self.scheduled <= today) & ~(self.arrived <= today)
        if not is_coming.any():
            return levels[-1] - drawn * ahead
        parcels = Parcels(
            barrels=self.barrels[is_coming],
            due=self.due[is_coming] - today,
            estimate=self.estimate[is_coming] if not days_ago else np.full(int(is_coming.sum()), np.nan),
            late_weights=self.late_weights[is_coming],
        )
        come_by = np.nan_to_num(cumulated(parcels.chances(hours_gone)))
        by_day = parcels.barrels @ come_by[:, np.minimum(np.arange(1, len(ahead) + 1), come_by.shape[1] - 1)]
        return levels[-1] + by_day - drawn * ahead
