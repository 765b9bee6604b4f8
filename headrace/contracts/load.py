"""Reads contracts, and says by file and line what is wrong with one."""

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

import domains
from headrace.contracts.model import Contract
from headrace.errors import ContractError, UnknownName


@cache
def load_contracts(domain: str) -> Mapping[str, Contract]:
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


def load_folder(folder: Path) -> Mapping[str, Contract]:
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


def load_contract(file: Path) -> Contract:
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ContractError(f"{file}:1: not readable as YAML: it is no text in UTF-8") from None
    try:
        raw = yaml.safe_load(text)
        tree = yaml.compose(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        raise ContractError(
            f"{file}:{line}: not readable as YAML: {getattr(error, 'problem', error)}"
        ) from None
    if not isinstance(raw, dict):
        raise ContractError(f"{file}:1: a contract is a mapping that begins with `table:`")
    try:
        contract = Contract.model_validate(raw)
    except ValidationError as error:
        raise ContractError("\n".join(_explained(file, tree, error))) from None
    if contract.table != file.stem:
        raise ContractError(f"{file}:1: table is {contract.table!r} but the file is named {file.stem!r}")
    return contract


def _explained(file: Path, tree: yaml.Node | None, error: ValidationError) -> Iterable[str]:
    for problem in error.errors():
        place = [part for part in problem["loc"] if isinstance(part, str | int)]
        where = ".".join(str(part) for part in place) or "contract"
        said = problem["msg"].removeprefix("Value error, ")
        if problem["type"] == "extra_forbidden":
            said = f"unknown key; allowed: {', '.join(_allowed_keys(place))}"
        elif problem["type"] == "missing":
            said = "is missing"
        yield f"{file}:{_line_of(tree, place)}: {where}: {said}"


def _allowed_keys(place: list[Any]) -> list[str]:
    """The keys of the model that holds the unknown one."""
    model: Any = Contract
    for part in place[:-1]:
        field = getattr(model, "model_fields", {}).get(part) if isinstance(part, str) else None
        model = _model_in(field.annotation) if field is not None else model
    return sorted(model.model_fields) if hasattr(model, "model_fields") else []


def _model_in(annotation: Any) -> Any:
    """The first model named in a type such as `dict[str, Column]` or `Arrives | None`."""
    if hasattr(annotation, "model_fields"):
        return annotation
    for inner in getattr(annotation, "__args__", ()):
        found = _model_in(inner)
        if found is not None:
            return found
    return None


def _line_of(node: yaml.Node | None, place: list[Any]) -> int:
    line = 1
    for part in place:
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == str(part):
                    line, node = key.start_mark.line + 1, value
                    break
            else:
                return line
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
        else:
            return line
    return line


def _check_references(file: Path, contract: Contract, known: Mapping[str, Contract]) -> None:
    tree = yaml.compose(file.read_text())
    if contract.arrives.per is not None and contract.arrives.per not in known:
        line = _line_of(tree, ["arrives", "per"])
        raise ContractError(
            f"{file}:{line}: arrives.per names no table: {contract.arrives.per!r}; tables: {', '.join(known)}"
        )
    for name, column in contract.columns.items():
        for kind in ("references", "values_from"):
            target = getattr(column, kind)
            if target is None:
                continue
            table, _, wanted = target.partition(".")
            line = _line_of(tree, ["columns", name, kind])
            if table not in known:
                raise ContractError(
                    f"{file}:{line}: {name} {kind} {target!r}, but there is no table {table!r}; "
                    f"tables: {', '.join(known)}"
                )
            if wanted not in known[table].columns:
                raise ContractError(
                    f"{file}:{line}: {name} {kind} {target!r}, but {table} has no column {wanted!r}; "
                    f"columns: {', '.join(known[table].columns)}"
                )
