"""A trained model as a file that lands like that of any source: JSON, with the model itself deflated in it.

The name of a model ends in a digest of its text, so a damaged file is found when it is read and set aside with the
reason, long before anything is predicted by it.
"""

import base64
import hashlib
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import Any

from headrace.errors import UsageError
from headrace.models.predictor import Predictor
from headrace.tables import FileRow

DIGITS = 12


@dataclass(frozen=True)
class TrainedModel:
    """promoted_at: the instant of the data at which it won. in_force_from: the first day that it predicts."""

    model_id: str
    model_name: str
    promoted_at: datetime
    in_force_from: date
    generation: int
    trained_until: datetime
    horizons_hours: str
    machines: int
    failures: int
    metrics: str
    replaces: str | None
    model_text: str


def packed(predictor: Predictor) -> str:
    """The model as letters that no format of files trips over."""
    return base64.b64encode(zlib.compress(predictor.to_text().encode(), 9)).decode()


def id_of(name: str, text: str) -> str:
    return f"{name}-{hashlib.sha256(text.encode()).hexdigest()[:DIGITS]}"


def predictor_in(text: str, model_id: str) -> Predictor:
    """UsageError where the text is not the one that the model was named by, or is none of this version."""
    if id_of(model_id.rpartition("-")[0], text) != model_id:
        raise UsageError(
            f"the text of the model {model_id} is damaged: its digest is another one. Train the model again, or land "
            "its file again"
        )
    try:
        plain = zlib.decompress(base64.b64decode(text, validate=True)).decode()
    except (ValueError, zlib.error) as error:
        raise UsageError(f"the text of the model {model_id} is no deflated JSON in base64: {error}") from None
    return Predictor.from_text(plain)


def readable(text: str, model_id: str) -> Predictor | None:
    """None of a model that this version cannot read: of another format, or damaged."""
    try:
        return predictor_in(text, model_id)
    except (UsageError, KeyError, TypeError, ValueError):
        return None


def as_file(model: TrainedModel) -> bytes:
    return json.dumps(asdict(model), default=_iso).encode()


def model_file(body: bytes) -> Sequence[FileRow]:
    """The reader of a contract whose files are models."""
    model = model_in(body)
    return [FileRow(line=1, text=model.model_id, values=asdict(model))]


def model_in(body: bytes) -> TrainedModel:
    """ValueError where the file is none."""
    try:
        values = json.loads(body)
    except ValueError as error:
        raise ValueError(f"a model is a file of JSON: {error}") from None
    return _checked(values)


def _checked(values: Any) -> TrainedModel:
    fields = TrainedModel.__dataclass_fields__
    if not isinstance(values, Mapping) or set(values) != set(fields):
        found = sorted(values) if isinstance(values, Mapping) else type(values).__name__
        raise ValueError(f"a model has {', '.join(sorted(fields))}; found {found}")
    model = TrainedModel(
        **{
            **values,
            "promoted_at": _instant(values["promoted_at"]),
            "trained_until": _instant(values["trained_until"]),
            "in_force_from": date.fromisoformat(values["in_force_from"]),
        }
    )
    try:
        predictor_in(model.model_text, model.model_id)
    except UsageError as error:
        raise ValueError(str(error)) from None
    return model


def _instant(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def _iso(value: Any) -> str:
    return str(value.isoformat())
