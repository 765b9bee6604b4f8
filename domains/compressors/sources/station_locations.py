"""The stations of the source document, at their real places."""

from typing import Any

import numpy as np

from domains.compressors.world.fleet import STATIONS
from simulation.arrays import Columns


def station_locations(rows: Columns) -> dict[str, Any]:
    stations = [STATIONS[place] for place in rows["_index"].tolist()]
    return {
        "station_id": np.array([each[0] for each in stations], object),
        "station_name": np.array([f"{each[1]} Station" for each in stations], object),
        "city": np.array([each[1] for each in stations], object),
        "state": np.array(["TX"] * len(stations), object),
        "latitude": np.array([each[2] for each in stations]),
        "longitude": np.array([each[3] for each in stations]),
    }
