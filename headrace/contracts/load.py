"""Reads contracts, and says by file and line what is wrong with one."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import domains
from headrace.errors import ContractError, UnknownName

if TYPE_CHECKING:
    from headrace.contracts.model import Contract


@cache
def load_contracts(domain: str) -> Mapping[str, "Contract"]:
    """All contracts of a domain, by table, with every reference checked."""
    return load_folder(domain_folder(domain) / "contracts")


def domain_folder(domain: str) -> Path:
    for home in map(Path, domains.__path__):
        if (home / domain / "contracts").is_dir():
            return home / domain
    raise UnknownName("domain", domain, domains_found())


def domains_found() -> tuple[str, ...]:
    homes = map(Path, domains.__path__)
    return tuple(sorted(folder.parent.name for home in homes for folder in home.glob("*/contracts")))


def load_folder(folder: Path) -> Mapping[str, "Contract"]:
    files = sorted([*folder.glob("*.yml"), *folder.glob("*.yaml")])
    contracts: dict[str, tuple[Path, Contract]] = {}
    for file in files:
        contract = load_contract(file)
        if contract.table in contracts:
            other = contracts[contract.table][0].name
            raise ContractError(f"{file}:1: the table {contract.table!r} has a contract already, in {other}")
        contracts[contract.table] = (file, contract)
    for file, contract in contracts.values():
        _check_references(file, contract, {name: found for name, (_, found) in contracts.items()})
    return {name: contract for name, (_, contract) in contracts.items()}


def load_contract(file: Path) -> "Contract":
    from headrace.contracts.model import Contract  # here: who only asks for folders does without pydantic
    from headrace.contracts.yaml_file import read_model

    contract = read_model(file, Contract, "a contract is a mapping that begins with `table:`")
    if contract.table != file.stem:
        raise ContractError(f"{file}:1: table is {contract.table!r} but the file is named {file.stem!r}")
    return contract


def _check_references(file: Path, contract: "Contract", known: Mapping[str, "Contract"]) -> None:
    def line(place: list[str]) -> int:
        import yaml

        from headrace.contracts.yaml_file import Loader, line_of

        return line_of(yaml.compose(file.read_text(), Loader), place)

    if contract.arrives.per is not None and contract.arrives.per not in known:
        at = line(["arrives", "per"])
        raise ContractError(
            f"{file}:{at}: arrives.per names no table: {contract.arrives.per!r}; tables: {', '.join(known)}"
        )
    for name, column in contract.columns.items():
        if column.references is None:
            continue
        table, _, wanted = column.references.partition(".")
        if table not in known:
            wrong = f"there is no table {table!r}; tables: {', '.join(known)}"
        elif wanted not in known[table].columns:
            wrong = f"{table} has no column {wanted!r}; columns: {', '.join(known[table].columns)}"
        else:
            continue
        at = line(["columns", name, "references"])
        raise ContractError(f"{file}:{at}: {name} references {column.references!r}, but {wrong}")
