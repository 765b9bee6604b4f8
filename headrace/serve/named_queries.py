"""The named queries of the domains: files in `queries/` whose first comment says what they answer."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile

from headrace.contracts.load import domain_folder, domains_found
from headrace.errors import UnknownName


@dataclass(frozen=True)
class NamedQuery:
    name: str
    question: str
    sql: str


def named_queries() -> Iterator[NamedQuery]:
    for domain in domains_found():
        for file in sorted((domain_folder(domain) / "queries").glob("*.sql")):
            sql = file.read_text()
            comment = takewhile(lambda line: line.startswith("--"), sql.splitlines())
            question = " ".join(line.removeprefix("--").strip() for line in comment)
            yield NamedQuery(f"{domain}/{file.stem}", question, sql)


def list_queries() -> dict[str, str]:
    """The question that each named query answers."""
    return {query.name: query.question for query in named_queries()}


def in_order(domain: str) -> dict[str, str]:
    """The questions of a domain, those first that `queries/first.txt` names."""
    mine = {name: question for name, question in list_queries().items() if name.startswith(f"{domain}/")}
    marks = domain_folder(domain) / "queries" / "first.txt"
    first = [f"{domain}/{name}" for name in marks.read_text().split()] if marks.exists() else []
    unknown = [name for name in first if name not in mine]
    if unknown:
        raise UnknownName("query", unknown[0], mine)
    return {name: mine[name] for name in [*first, *mine]}


def named_query(name: str) -> NamedQuery:
    """By its name; its domain may be left out where no other has one of that name."""
    known = {query.name: query for query in named_queries()}
    meant = [whole for whole in known if whole.split("/")[1] == name]
    name = meant[0] if len(meant) == 1 else name
    if name not in known:
        raise UnknownName("query", name, known)
    return known[name]
