"""What can go wrong by a user's hand, as one tree.

HeadraceError
├── UsageError          what was asked for makes no sense; exit code 2
│   ├── ContractError   a contract file does not hold together
│   ├── UnknownName     a domain, table or query that does not exist
│   └── NotReady        a table, topic or cluster that this needs does not exist yet; a scheduled run waits for it
├── Busy                somebody else holds what this needs; exit code 1
├── Transient             may be gone at the next try: a machine lost, a service out of breath; exit code 1
├── NotEnoughRoom       the disk would not do; exit code 1
├── OverBudget          it costs more than it may; exit code 1
├── GateClosed          a check failed between two layers; exit code 1
└── ReceiptError        rows in and rows out do not balance; exit code 1
"""

from collections.abc import Iterable


class HeadraceError(Exception):
    """Something a person can act on; shown without a traceback."""

    exit_code = 1


class UsageError(HeadraceError):
    exit_code = 2


class ContractError(UsageError):
    pass


class UnknownName(UsageError):
    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        listed = ", ".join(sorted(known)) or "none"
        super().__init__(f"there is no {kind} named {name!r}; known: {listed}")


class NotReady(UsageError):
    """waits_for: what is missing, as the end of the sentence "waits for ..."."""

    def __init__(self, message: str, waits_for: str = "") -> None:  # the default is for pickle
        super().__init__(message)
        self.waits_for = waits_for


class Busy(HeadraceError):
    pass


class Transient(HeadraceError):
    pass


class NotEnoughRoom(HeadraceError):
    pass


class OverBudget(HeadraceError):
    pass


class GateClosed(HeadraceError):
    pass


class ReceiptError(HeadraceError):
    pass
