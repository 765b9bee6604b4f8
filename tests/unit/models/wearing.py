"""Machines that wear out: two signals that drift with wear, and one that says nothing."""

import numpy as np
import pandas as pd

from headrace.models.histories import Windows, history_features
from headrace.models.labels import Labels, labels

SIGNALS = ["heat", "shake", "noise"]
WINDOWS = Windows(lengths=(10.0,), half_lives=(5.0,), baseline=10.0)
CAP = 40.0


def machines(count: int, seed: int, end: float = 150.0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Readings sorted by machine and time, each until its failure or the end; and the failures until then."""
    random = np.random.default_rng(seed)
    lives = random.uniform(50, 190, count)
    rows, failures = [], []
    for machine, life in enumerate(lives):
        time = np.arange(1, min(life, end))
        wear = np.exp((time - life) / 25)
        noise = random.normal(0, 1, (3, len(time)))
        signals = {
            "heat": 60 + random.normal(0, 3) + 10 * wear + noise[0],
            "shake": 2 + 3 * wear + 0.5 * noise[1],
        }
        rows.append(pd.DataFrame({"machine": machine, "time": time, **signals, "noise": noise[2]}))
        if life <= end:
            failures.append({"entity": machine, "time": time[-1]})
    return pd.concat(rows, ignore_index=True), pd.DataFrame(failures)


def learnable(count: int, seed: int, end: float = 150.0) -> tuple[pd.DataFrame, Labels, np.ndarray]:
    """Features, labels and the machine of each row."""
    rows, failures = machines(count, seed, end)
    features = history_features(rows, "machine", "time", SIGNALS, WINDOWS)
    life = labels(rows["machine"].to_numpy(), rows["time"].to_numpy(), failures, end=None)
    return features, life, rows["machine"].to_numpy()
