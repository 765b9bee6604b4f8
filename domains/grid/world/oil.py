"""Which gases are in the oil of a transformer. All that burn are together what its device shows; what they are tells of
wear, of spells in which its cooling failed, and of the fault that a failure begins with.
"""

import numpy as np

from domains.grid.world.transformers import gases_of, hours_hot
from domains.grid.world.upkeep import MODES, nearest_failure
from simulation.arrays import Array
from simulation.random_draws import World

GASES = ("hydrogen", "methane", "ethane", "ethylene", "acetylene", "carbon_monoxide")
USUAL = np.array([0.10, 0.07, 0.09, 0.02, 0.0, 0.72])
"""Parts of the gases in oil that ages and in paper that does."""
KINDS = ("PD", "D1", "D2", "T1", "T2", "T3")
MIXTURES = np.array(
    [
        [0.930, 0.045, 0.015, 0.001, 0.000, 0.009],
        [0.560, 0.110, 0.020, 0.060, 0.210, 0.040],
        [0.380, 0.140, 0.020, 0.180, 0.220, 0.060],
        [0.110, 0.290, 0.420, 0.050, 0.000, 0.130],
        [0.120, 0.380, 0.170, 0.250, 0.000, 0.080],
        [0.110, 0.270, 0.070, 0.460, 0.010, 0.080],
    ]
)
"""The same of each kind of fault, near the middle of cases that were looked into (IEC TC 10)."""
KIND_OF = {
    "OIL_LEAK": ("T2", "T1"),
    "INSULATION_BREAKDOWN": ("D1", "PD"),
    "WINDING_FAILURE": ("D2", "T3"),
    "BUSHING_CRACK": ("PD", "D1"),
    "COOLING_FAN_FAIL": ("T1", "T2"),
    "TAP_CHANGER_FAULT": ("T3", "D2"),
    "MOISTURE_INGRESS": ("PD", "D1"),
    "LIGHTNING_DAMAGE": ("D2", "D2"),
}
"""What a failure of each mode mostly begins with, and else."""
OFTEN = 0.7
KIND_OF_MODE = np.array([[KINDS.index(kind) for kind in KIND_OF[mode]] for mode in MODES])
UNLIKE = 0.2  # how far mixtures differ, as the deviation of their logarithms
HOTTEST, WARM_HOURS = 0.8, 110.0  # what of the usual gas is of hot oil at most, and how fast that comes
CARBON_DIOXIDE, OF_AIR = (5.0, 11.0), 320.0  # over carbon monoxide; ppm


def kind_of(world: World, transformer: Array, number: Array, mode: Array) -> Array:
    """The place in KINDS of the fault that a failure begins with."""
    is_other = ~world.happens("kind of fault", transformer, number, rate=OFTEN)
    return np.asarray(KIND_OF_MODE[mode, is_other.astype(np.int64)])


def oil_of(world: World, transformer: Array, second: Array) -> dict[str, Array]:
    """ppm of each gas, `second` since the anchor."""
    if not len(transformer):
        return dict.fromkeys((*GASES, "carbon_dioxide"), np.zeros(0))
    usual, failing = gases_of(world, transformer, second)
    minute = second / 60
    hot = HOTTEST * (1.0 - np.exp(-hours_hot(world, transformer, minute) / WARM_HOURS))[:, None]
    failure = nearest_failure(world, transformer, minute)
    kind = kind_of(world, transformer, failure.number, failure.mode)
    own, heat = (
        _varied(world, mixture, *who)
        for mixture, who in (
            (np.broadcast_to(USUAL, (len(usual), len(GASES))), (transformer, 0)),
            (MIXTURES[np.where(world.happens("hotter", transformer, rate=0.3), 4, 3)], (transformer, 1)),
        )
    )
    of_fault = _varied(world, MIXTURES[kind], transformer, failure.number)
    parts = usual[:, None] * (own * (1.0 - hot) + heat * hot) + failing[:, None] * of_fault
    gases = {name: parts[:, place] for place, name in enumerate(GASES)}
    times = world.uniform("carbon dioxide", transformer, low=CARBON_DIOXIDE[0], high=CARBON_DIOXIDE[1])
    return gases | {"carbon_dioxide": OF_AIR + times * gases["carbon_monoxide"]}


def _varied(world: World, mixtures: Array, *who: Array | int) -> Array:
    """[row, gas], each row adding up to 1."""
    keys = [np.asarray(key)[..., None] for key in who]
    noise = world.normal("mixture", *keys, np.arange(len(GASES)), sd=UNLIKE)
    varied = mixtures * np.exp(noise)
    return np.asarray(varied / varied.sum(axis=1, keepdims=True))
