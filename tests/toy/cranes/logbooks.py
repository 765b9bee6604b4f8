"""A format of its own: a line names a crane, and those below it tell what it carried and when."""

from datetime import datetime

from headrace.tables import FileRow


def logbook(body: bytes) -> list[FileRow]:
    lines = body.decode().splitlines()
    if not lines or lines[0] != "LOGBOOK":
        raise ValueError("it begins with no LOGBOOK")
    rows, crane = list[FileRow](), ""
    for number, line in enumerate(lines[1:], start=2):
        if line.startswith("crane "):
            crane = line.removeprefix("crane ")
            continue
        try:
            rows.append(FileRow(number, line, _watch(crane, line)))
        except ValueError as error:
            rows.append(FileRow(number, line, wrong=str(error)))
    return rows


def _watch(crane: str, line: str) -> dict[str, object]:
    at, load, *note = line.split(" ", 2)
    return {
        "watch_id": f"{crane}@{at}",
        "crane": crane,
        "seen_at": datetime.fromisoformat(at),
        "load_t": float(load),
        "note": note[0] if note else None,
    }
