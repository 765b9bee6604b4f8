"""What gases in the oil of a transformer tell, in SQL that Spark and DuckDB both evaluate, over columns in ppm.

Duval's triangle 1 is of IEC 60599 and IEEE C57.104; Rogers' ratios and the limits of conditions are of IEEE
C57.104-2008. Faults have one code in both: PD partial discharge, D1 and D2 discharges of low and of high energy, T1, T2
and T3 heat below 300 °C, below 700 °C and above, DT heat and discharge together.
"""

FAULT_GASES = ("hydrogen_ppm", "methane_ppm", "ethane_ppm", "ethylene_ppm", "acetylene_ppm")
COMBUSTIBLE = (*FAULT_GASES, "carbon_monoxide_ppm")

LIMITS = {
    "hydrogen_ppm": (100, 700, 1800),
    "methane_ppm": (120, 400, 1000),
    "ethane_ppm": (65, 100, 150),
    "ethylene_ppm": (50, 100, 200),
    "acetylene_ppm": (1, 9, 35),
    "carbon_monoxide_ppm": (350, 570, 1400),
    "carbon_dioxide_ppm": (2500, 4000, 10_000),
}
"""Up to the first one a gas is in condition 1, up to the last one in condition 3."""
COMBUSTIBLE_LIMITS = (720, 1920, 4630)

DUVAL = (
    ("PD", "{methane} >= 98"),
    ("T1", "{acetylene} < 4 and {ethylene} < 20"),
    ("T2", "{acetylene} < 4 and {ethylene} < 50"),
    ("T3", "{acetylene} < 15 and {ethylene} >= 50"),
    ("D1", "{acetylene} >= 13 and {ethylene} < 23"),
    ("D2", "{acetylene} >= 13 and {ethylene} < 40"),
    ("D2", "{acetylene} >= 29"),
    ("DT", "true"),
)
"""Zones of the triangle by the shares of its three gases in percent; the first that fits."""

NO_ACETYLENE = "(acetylene_ppm = 0 or acetylene_ppm < 0.1 * ethylene_ppm)"
ACETYLENE = "acetylene_ppm >= 0.1 * ethylene_ppm and acetylene_ppm <= 3 * ethylene_ppm and acetylene_ppm > 0"
MUCH_HYDROGEN = "methane_ppm < 0.1 * hydrogen_ppm"
SOME_HYDROGEN = "methane_ppm >= 0.1 * hydrogen_ppm and methane_ppm <= hydrogen_ppm"
LITTLE_HYDROGEN = "methane_ppm > hydrogen_ppm"
COOL = "(ethylene_ppm = 0 or ethylene_ppm < ethane_ppm)"
WARM = "ethylene_ppm >= ethane_ppm and ethylene_ppm <= 3 * ethane_ppm and ethylene_ppm > 0"
HOT = "ethylene_ppm > 3 * ethane_ppm"
ROGERS = (
    ("NORMAL", (NO_ACETYLENE, SOME_HYDROGEN, COOL)),
    ("PD", (NO_ACETYLENE, MUCH_HYDROGEN, COOL)),
    ("D2", (ACETYLENE, SOME_HYDROGEN, HOT)),
    ("T1", (NO_ACETYLENE, SOME_HYDROGEN, WARM)),
    ("T2", (NO_ACETYLENE, LITTLE_HYDROGEN, WARM)),
    ("T3", (NO_ACETYLENE, LITTLE_HYDROGEN, HOT)),
)
"""The cases of Rogers' three ratios, as products, so that a gas that is not there divides nothing."""


def duval_zone() -> str:
    """The zone of Duval's triangle 1; null where one of its gases is not known, or none is there."""
    gases = ("methane", "ethylene", "acetylene")
    total = " + ".join(f"{gas}_ppm" for gas in gases)
    shares = {gas: f"100 * {gas}_ppm / ({total})" for gas in gases}
    zones = " ".join(f"when {fits.format(**shares)} then '{zone}'" for zone, fits in DUVAL[:-1])
    return f"case when {total} > 0 then case {zones} else '{DUVAL[-1][0]}' end end"


def rogers_case() -> str:
    """The case of Rogers' ratios: NORMAL, a fault, or UNCLEAR where none fits; null where a gas is not known."""
    cases = " ".join(f"when {' and '.join(ratios)} then '{case}'" for case, ratios in ROGERS)
    return f"case when {' + '.join(FAULT_GASES)} is not null then case {cases} else 'UNCLEAR' end end"


def combustible_ppm() -> str:
    """All gases that burn; null where one is not known."""
    return f"({' + '.join(COMBUSTIBLE)})"


def gas_condition() -> str:
    """1 to 4, as the worst of the gases that are known and of all that burn together."""
    each = [_condition(gas, limits) for gas, limits in LIMITS.items()]
    return f"greatest({', '.join([*each, _condition(combustible_ppm(), COMBUSTIBLE_LIMITS)])})"


def is_above_usual() -> str:
    """Whether a gas that faults make is above the limit of condition 1. Below it the kind of fault says nothing."""
    return f"({' or '.join(f'coalesce({gas} > {LIMITS[gas][0]}, false)' for gas in FAULT_GASES)})"


def _condition(gas: str, limits: tuple[int, int, int]) -> str:
    steps = " ".join(f"when {gas} > {limits[place]} then {place + 2}" for place in (2, 1, 0))
    return f"case {steps} else 1 end"
