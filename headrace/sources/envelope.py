"""Changes in Debezium's envelope, as lines of JSON that a feed would send without one.

The envelope may stand in a `payload` beside its schema. Its row is `after`, of a deletion `before`. Debezium spells
days and decimals as numbers and bytes unless it is told otherwise (`time.precision.mode`, `decimal.handling.mode`);
they are unreadable fields here, as from any source.
"""

from collections.abc import Iterator

from pyspark.sql import Column
from pyspark.sql import functions as F

from headrace.contracts.model import WHOLE_NUMBERS, ChangeFeed, Contract

OBJECT, ANY = "map<string, variant>", "variant"


def out_of_envelope(contract: Contract, feed: ChangeFeed) -> Column:
    """`_line` without its envelope; a line that has none as it is."""
    pieces = F.try_parse_json("_line")
    place = F.coalesce(F.try_variant_get(pieces, "$.payload", ANY), pieces)
    before, after = (F.try_variant_get(place, f"$.{name}", OBJECT) for name in ("before", "after"))
    operation = _operation(F.try_variant_get(place, "$.op", "string"), feed, contract)
    is_envelope = operation.isNotNull() & F.try_variant_get(place, "$.source", OBJECT).isNotNull()
    sent = contract.sent_names
    added = {sent[feed.operation]: operation}
    for name in feed.order:
        named = feed.debezium_names.get(name, (sent[name],))
        said = (F.try_variant_get(place, f"$.source['{each}']", ANY) for each in named)
        added[sent[name]] = F.coalesce(*(F.when(~F.is_variant_null(each), each) for each in said))
    if feed.before in contract.columns:
        added[sent[feed.before]] = F.try_variant_get(place, "$.before", ANY)
    others = F.map_filter(F.coalesce(after, before), lambda name, _: ~name.isin(list(added)))
    names = F.array(*(F.lit(name) for name in added))
    line = F.to_json(F.map_concat(others, F.map_from_arrays(names, F.array(*added.values()))))
    return F.when(is_envelope & line.isNotNull(), line).otherwise(F.col("_line"))


def _operation(letter: Column, feed: ChangeFeed, contract: Contract) -> Column:
    """As the feed calls it: by Debezium's own letter, where the feed has that, else by its first name for it."""
    quote = "" if contract.columns[feed.operation].type in WHOLE_NUMBERS else '"'

    def named() -> Iterator[tuple[str, str]]:
        for letters, names in (("cr", feed.insert), ("u", feed.update), ("d", feed.delete)):
            yield from ((each, each if each in names else names[0]) for each in letters)

    found = F.lit(None).cast(ANY)
    for each, name in named():
        found = F.when(letter == each, F.parse_json(F.lit(f"{quote}{name}{quote}"))).otherwise(found)
    return found
