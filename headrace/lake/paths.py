"""Where each thing of the lake lies. Nobody else joins these paths by hand."""

from dataclasses import dataclass

from headrace.lake import objects
from headrace.settings import Settings

LAYERS = ("bronze", "silver", "gold")
_REJECTED, _DELETED = "__rejected", "__deleted"


def rejected_of(name: str) -> str:
    """The table beside one of silver, of rows that were set aside with their reasons."""
    return f"{name}{_REJECTED}"


def deleted_of(name: str) -> str:
    """The table beside one of silver that remembers its deleted keys."""
    return f"{name}{_DELETED}"


def is_rejected(name: str) -> bool:
    return name.endswith(_REJECTED)


def is_beside(name: str) -> bool:
    """Whether a table stands beside another one, which alone is meant to be read."""
    return accepted_of(name) != name


def accepted_of(name: str) -> str:
    """The table that one stands beside; any other is its own."""
    return name.removesuffix(_REJECTED).removesuffix(_DELETED)


def as_s3(url: str) -> str:
    """A place as everyone but Spark's own client of S3 spells it."""
    return url.replace("s3a://", "s3://", 1)


@dataclass(frozen=True)
class Paths:
    """The places of one domain."""

    lake: str
    landing_root: str
    truth_root: str
    dropped_root: str
    domain: str
    outbox_root: str

    @classmethod
    def of(cls, domain: str, settings: Settings) -> "Paths":
        places = settings.landing, settings.truth, settings.dropped
        return cls(settings.lake, *places, domain, settings.outbox)

    def table(self, layer: str, name: str) -> str:
        return f"{self.lake}/{self.domain}/{layer}/{name}"

    def rejected(self, name: str) -> str:
        return self.table("silver", rejected_of(name))

    def checkpoint(self, layer: str, name: str) -> str:
        return f"{self.lake}/_checkpoints/{self.domain}/{layer}/{name}"

    def scratch(self, layer: str, name: str) -> str:
        """Rows of a batch of this table that are too many for one process, for the while that they are looked at."""
        return f"{self.lake}/_scratch/{self.domain}/{layer}/{name}"

    @property
    def actions(self) -> str:
        """What operators did about alarms, until it is folded in."""
        return f"{self.lake}/_actions/{self.domain}"

    @property
    def deliveries(self) -> tuple[str, str]:
        """Where each table has a folder for landed files, and one for live ones."""
        return f"{self.landing_root}/{self.domain}", f"{self.dropped_root}/{self.domain}"

    def landing(self, table: str) -> str:
        return f"{self.landing_root}/{self.domain}/{table}"

    def landing_taking(self, table: str) -> str:
        """Copies of landed files while they are read: nobody else writes there."""
        return f"{self.landing_root}/{self.domain}/_taking/{table}"

    def set_aside(self, table: str) -> str:
        """Files that cannot be read at all wait here, beside the landing folder."""
        return f"{self.landing_root}/{self.domain}/_set_aside/{table}"

    def made(self, into: str, table: str) -> str:
        """What the generator remembers of the chunks it made, beside what it made."""
        if into == "landing":
            return f"{self.landing_root}/{self.domain}/_made/{table}"
        if into == "topic":
            return f"{self.outbox(table)}/_made"
        return f"{self.lake}/_ledger/{self.domain}/made/{table}"

    def making(self, table: str) -> str:
        """Half-made landing files, out of sight of whoever watches the table's own folder."""
        return f"{self.landing_root}/{self.domain}/_making/{table}"

    def outbox(self, table: str) -> str:
        """Messages that are made and wait to be sent, on the machine that sends them."""
        return f"{self.outbox_root}/{self.domain}/_outbox/{table}"

    def dropped(self, table: str) -> str:
        """Live files lie here until the standing job (or a refining run) has taken them."""
        return f"{self.dropped_root}/{self.domain}/{table}"

    def taking(self, table: str) -> str:
        """Live files that are being taken: out of the reach of whoever drops them."""
        return f"{self.dropped_root}/{self.domain}/_taking/{table}"

    def taken(self, table: str) -> str:
        """Live files that were taken, kept for a while."""
        return f"{self.dropped_root}/{self.domain}/_taken/{table}"

    def dropped_aside(self, table: str) -> str:
        """Live files that cannot be read at all."""
        return f"{self.dropped_root}/{self.domain}/_set_aside/{table}"

    @property
    def truth(self) -> str:
        return f"{self.truth_root}/{self.domain}"

    def ledger(self, layer: str, table: str) -> str:
        return f"{self.lake}/_ledger/{self.domain}/{layer}/{table}"

    def files(self, table: str) -> str:
        """The index of files: their lines, or why they were set aside."""
        return f"{self.lake}/_ledger/{self.domain}/files/{table}"

    @property
    def scans(self) -> str:
        return f"{self.lake}/_scans/{self.domain}"

    def lease(self, layer: str, table: str) -> str:
        return f"{self.leases}/{layer}/{table}"

    @property
    def leases(self) -> str:
        return f"{self.lake}/_leases/{self.domain}"

    @property
    def requests(self) -> str:
        """What is asked of the standing job, and its answers."""
        return f"{self.lake}/_requests/{self.domain}"

    @property
    def heartbeat(self) -> str:
        return f"{self.lake}/_heartbeats/{self.domain}.json"

    def published(self, layer: str, table: str) -> str:
        """Which version of a table passed its checks last."""
        return f"{self.lake}/_published/{self.domain}/{layer}/{table}.json"


def tables_in(paths: Paths, layer: str) -> list[str]:
    """The names of all tables of a layer, those beside others among them."""
    return objects.names_in(paths.table(layer, "").rstrip("/"))
