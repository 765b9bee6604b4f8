"""Reads a YAML file as a pydantic model, and says by file and line what is wrong with it."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from headrace.errors import ContractError

M = TypeVar("M", bound=BaseModel)
Loader: Any = getattr(
    yaml, "CSafeLoader", yaml.SafeLoader
)  # libyaml's, where it is built in: ten times as fast


def read_model(file: Path, model: type[M], expected: str) -> M:
    """expected: what to say of a file that holds no mapping."""
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ContractError(f"{file}:1: not readable as YAML: it is no text in UTF-8") from None
    try:
        loader = Loader(text)
        tree = loader.get_single_node()
        raw = loader.construct_document(tree) if tree is not None else None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        raise ContractError(
            f"{file}:{line}: not readable as YAML: {getattr(error, 'problem', error)}"
        ) from None
    if not isinstance(raw, dict):
        raise ContractError(f"{file}:1: {expected}")
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        raise ContractError("\n".join(_explained(file, tree, model, error))) from None


def line_of(node: yaml.Node | None, place: list[Any]) -> int:
    """Where a key, given by all the keys above it, stands in the file."""
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


def _explained(
    file: Path, tree: yaml.Node | None, model: type[BaseModel], error: ValidationError
) -> Iterable[str]:
    for problem in error.errors():
        place = [part for part in problem["loc"] if isinstance(part, str | int)]
        where = ".".join(str(part) for part in place) or "contract"
        said = problem["msg"].removeprefix("Value error, ")
        if problem["type"] == "extra_forbidden":
            said = f"unknown key; allowed: {', '.join(_allowed_keys(model, place))}"
        elif problem["type"] == "missing":
            said = "is missing"
        yield f"{file}:{line_of(tree, place)}: {where}: {said}"


def _allowed_keys(top: type[BaseModel], place: list[Any]) -> list[str]:
    """The keys of the model that holds the unknown one."""
    model: Any = top
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
