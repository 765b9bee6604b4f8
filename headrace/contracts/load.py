"""Finds domains and reads their contracts."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import domains
from headrace.errors import ContractError, UnknownName

if TYPE_CHECKING:
    from headrace.contracts.model import ColumnSpec, Contract

MEANINGS = "columns.yml"
_WITH_UNIT = re.compile(r"^(.+) \[([^\]]+)\]$", re.DOTALL)
Meanings = Mapping[tuple[str, str], "ColumnSpec"]


@cache
def load_contracts(domain: str) -> Mapping[str, "Contract"]:
    """All contracts of a domain, by table, with every reference checked."""
    return load_folder(domain_folder(domain) / "contracts")


@cache
def load_meanings(domain: str) -> Meanings:
    """What columns mean that no source has, by table and column; by "" and column where it holds for every table."""
    import yaml

    from headrace.contracts.model import ColumnSpec, Loader

    file = domain_folder(domain) / MEANINGS
    raw = yaml.load(file.read_text(encoding="utf-8"), Loader) or {} if file.is_file() else {}
    general = {name: said for name, said in raw.items() if not isinstance(said, dict)}
    by_table = {"": general} | {table: said for table, said in raw.items() if isinstance(said, dict)}
    meanings: dict[tuple[str, str], ColumnSpec] = {}
    for table, columns in by_table.items():
        for column, said in columns.items():
            if not isinstance(said, str) or not said:
                raise ContractError(f"{file}: {column} means {said!r}; write what it means, as text")
            found = _WITH_UNIT.match(said)
            meaning, unit = (found[1], found[2]) if found else (said, "")
            meanings[table, column] = ColumnSpec(meaning=meaning, unit=unit)
    return meanings


def domain_folder(domain: str) -> Path:
    for home in map(Path, domains.__path__):
        if (home / domain / "contracts").is_dir():
            return home / domain
    raise UnknownName("domain", domain, domains_found())


def domains_found() -> tuple[str, ...]:
    homes = map(Path, domains.__path__)
    return tuple(sorted(folder.parent.name for home in homes for folder in home.glob("*/contracts")))


def load_folder(folder: Path) -> Mapping[str, "Contract"]:
    from headrace.contracts.model import (  # here: who only asks for folders needs no pydantic
        Contract,
        read_model,
    )

    files: dict[str, Path] = {}
    contracts: dict[str, Contract] = {}
    for file in sorted([*folder.glob("*.yml"), *folder.glob("*.yaml")]):
        contract = read_model(file, Contract, "a contract is a mapping that begins with `table:`")
        name = contract.table
        if name != file.stem:
            raise ContractError(f"{file}:1: table is {name!r} but the file is named {file.stem!r}")
        if name in contracts:
            raise ContractError(f"{file}:1: the table {name!r} has a contract already, in {files[name].name}")
        files[name], contracts[name] = file, contract
    for name, contract in contracts.items():
        _check_references(files[name], contract, contracts)
    return contracts


def _check_references(file: Path, contract: "Contract", known: Mapping[str, "Contract"]) -> None:
    def place(*keys: str) -> str:
        import yaml

        from headrace.contracts.model import Loader, line_of

        return f"{file}:{line_of(yaml.compose(file.read_text(), Loader), keys)}"

    if contract.arrives.per is not None and contract.arrives.per not in known:
        raise ContractError(
            f"{place('arrives', 'per')}: arrives.per names no table: {contract.arrives.per!r}; "
            f"tables: {', '.join(known)}"
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
        at = place("columns", name, "references")
        raise ContractError(f"{at}: {name} references {column.references!r}, but {wrong}")
