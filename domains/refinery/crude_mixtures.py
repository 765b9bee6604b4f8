"""What lies in a crude tank: what was delivered into it, mixed day by day.

Nobody measures the grades in a tank. Each day's parcels mix with what was in the tank the evening before, and
whatever is drawn takes all grades alike. What the tank held before the first known day thins out in the same way.
"""

import numpy as np

Array = np.ndarray


def parcels_left(opening: float, closings: Array, arrived: Array, barrels: Array) -> Array:
    """What is left of each parcel in the evening of the last day.

    closings: the level of each evening. arrived: for each parcel the place of its day among them.
    """
    left, unknown = np.zeros(len(barrels)), float(opening)
    for day, closing in enumerate(closings):
        comes = arrived == day
        left[comes] = barrels[comes]
        mixed = left.sum() + unknown
        keeps = closing / mixed if mixed > 0 else 0.0
        left, unknown = left * keeps, unknown * keeps
    return left
