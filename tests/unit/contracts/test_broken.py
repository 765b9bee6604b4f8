"""A contract that does not hold together is refused with its file, its line and what would be allowed."""

from pathlib import Path

import pytest

from headrace.contracts.load import load_folder
from headrace.errors import ContractError

TANKS = """\
table: tanks
type: dimension
columns:
  tank_id: {type: string, required: true}
"""
LEVELS = """\
table: levels
type: fact
arrives: {files: json, per: tanks}
columns:
  level_id: {type: string, required: true}
  tank_id: {type: string, references: tanks.tank_id}
  notch: {type: int, format: 1|2|3}
"""
BROKEN = {
    "an unknown key": ("type: fact", "type: fact\ncolour: red", 3, "colour: unknown key; allowed: .*arrives"),
    "an unknown key of a column": (
        "required: true}",
        "requird: true}",
        5,
        "columns.level_id.requird: unknown key; allowed: .*required",
    ),
    "an unknown key of a part": ("per: tanks", "par: tanks", 3, "arrives.par: unknown key; allowed: .*per"),
    "a rate of the topic, which nothing keeps": ("per: tanks", "rate: 5", 3, "arrives.rate: unknown key"),
    "values of elsewhere, which nothing takes": (
        "references: tanks.tank_id",
        "values_from: tanks.tank_id",
        6,
        "columns.tank_id.values_from: unknown key",
    ),
    "a key of another type": (
        "1|2|3}",
        "1|2|3, items: int}",
        7,
        "columns.notch: items has no effect on a column of type int, only of array",
    ),
    "a cadence of no sender": ("per: tanks", "cadence: pace", 3, "arrives: cadence .* needs `per`"),
    "partitions of no topic": ("per: tanks", "partitions: 3", 3, "arrives: partitions has no effect without"),
    "a retention of no topic": ("per: tanks", "retention: 3 days", 3, "arrives: retention has no effect"),
    "a topic of no partitions": ("per: tanks", "topic: levels, partitions: 0", 3, "arrives.partitions: "),
    "changes of what is no feed": (
        "type: fact",
        "type: fact\nchanges: {operation: notch, order: level_id}",
        3,
        "changes has no effect on a fact, only on a change_feed",
    ),
    "changes by a column that is not there": (
        "type: fact",
        "type: change_feed\nchanges: {operation: op, order: level_id}",
        3,
        "changes names op, not among the columns: level_id",
    ),
    "an operation with two meanings": (
        "type: fact",
        "type: change_feed\nchanges: {operation: notch, order: level_id, update: INSERT}",
        3,
        "changes gives INSERT more than one meaning",
    ),
    "strict without CSV": ("per: tanks", "strict: true", 3, "arrives: strict has no effect"),
    "a missing key": ("type: fact\n", "", 1, "type: is missing"),
    "a bad type": ("{type: int,", "{type: integer,", 7, "columns.notch.type: .*'int', 'long'"),
    "a bad span": ("per: tanks", "every: soon", 3, "arrives.every: 'soon' is no span of time"),
    "an unknown fault": ("columns:", "faults: {rust: 0.1}\ncolumns:", 4, "faults.rust.*'duplicate'"),
    "a rate above one": (
        "columns:",
        "faults: {late: 2}\ncolumns:",
        4,
        "faults.late: .*less than or equal to 1",
    ),
    "limits of a text": (
        "references: tanks.tank_id}",
        "possible: [0, 1]}",
        6,
        "columns.tank_id: possible has no effect on a column of type string, only of int, long, float",
    ),
    "limits the wrong way round": (
        "format: 1|2|3}",
        "possible: [5, 1]}",
        7,
        "columns.notch: possible goes from 5 to 1: the smaller one comes first",
    ),
    "another unit of a text": ("references: tanks.tank_id}", "mistaken: x}", 6, "mistaken has no effect on"),
    "values that a float may hold": (
        "type: int, format: 1|2|3}",
        "type: float, format: 1|2}",
        7,
        "columns.notch: format lists values, which .* float cannot have, only int, long, string",
    ),
    "values as a list": (
        "references: tanks.tank_id}",
        "values: [OK, WORN]}",
        6,
        r"columns.tank_id.values: .* allowed values are `format: OK\|WORN`",
    ),
    "a step of nothing": (
        "format: 1|2|3}",
        "step: 2}",
        7,
        "columns.notch: step has no effect without `range`",
    ),
    "a shape of nothing": (
        "format: 1|2|3}",
        "distribution: normal}",
        7,
        "distribution has no effect without",
    ),
    "a reference to a table": (
        "tanks.tank_id",
        "tanks",
        6,
        "'tanks' names no column: write it as table.column",
    ),
    "a column of the engine": ("notch:", "_source:", 7, "'_source' begins with an underscore"),
    "late after nothing": (
        "type: fact",
        "type: fact\nlate: 2 days",
        3,
        "late has no effect without `event_time`",
    ),
    "no way to arrive": (
        "files: json",
        "files: null",
        3,
        "arrives: files is null and there is no topic; allowed",
    ),
    "again without files": (
        "files: json",
        "files: null, topic: levels, again: add",
        3,
        "arrives: again has no effect without files; allowed with files: parquet, csv, json or other",
    ),
    "an instant in a name without files": (
        "files: json",
        "files: null, topic: levels, sent_at: file name",
        3,
        "arrives: sent_at has no effect without files",
    ),
    "two columns of one sent name": (
        "notch: {type: int, format: 1|2|3}",
        "notch: {type: int, sent_as: $n}\n  turn: {type: int, sent_as: $n}",
        8,
        r"columns.turn.sent_as says '\$n', as that of notch does",
    ),
    "a sent name that is another column's": (
        "type: int, format",
        "type: int, sent_as: level_id, format",
        7,
        "columns.notch.sent_as says 'level_id', which is the name of another column",
    ),
    "a sent name with a quote": (
        "type: int, format",
        "type: int, sent_as: it's, format",
        7,
        'columns.notch.sent_as: "it\'s" is no name that is read',
    ),
    "fields kept of what has none": (
        "files: json",
        "files: parquet, extra: keep",
        3,
        "arrives: extra has no effect on files of parquet",
    ),
    "a Delta table whose changes come as JSON": (
        "files: json",
        "files: json, delta: levels",
        3,
        "arrives: delta leaves changes as files of Parquet; allowed with it: files: parquet",
    ),
    "a Delta table without the order of its changes": (
        "files: json",
        "delta: levels",
        3,
        "arrives.delta needs `type: change_feed` and `changes` whose operation is .* `sent_as: _change_type`",
    ),
    "letters among whole numbers": ("1|2|3", "1|2|three", 7, "columns.notch: format lists three"),
    "weights that do not fit": ("1|2|3}", "1|2|3, weights: [1]}", 7, "columns.notch: 1 weights for 3"),
    "a key that is no column": (
        "type: fact",
        "type: fact\nkey: id",
        3,
        "key names 'id', .*: level_id, tank_id",
    ),
    "a table that is not there": (
        "tanks.tank_id",
        "tank.tank_id",
        6,
        "no table 'tank'; tables: levels, tanks",
    ),
    "a column that is not there": (
        "tanks.tank_id",
        "tanks.id",
        6,
        "tanks has no column 'id'; columns: tank_id",
    ),
    "a sender that is not there": ("per: tanks", "per: tank", 3, "arrives.per names no table: 'tank'"),
    "a line that is no YAML": ("{files: json,", "{files: [json,", 3, "not readable as YAML"),
    "another name than its file": (
        "table: levels",
        "table: level",
        1,
        "table is 'level' but the file is named",
    ),
    "a list": (LEVELS, "- levels\n", 1, "a contract is a mapping that begins with `table:`"),
    "nothing at all": (LEVELS, "", 1, "a contract is a mapping that begins with `table:`"),
}


def written(folder: Path, levels: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tanks.yml").write_text(TANKS)
    (folder / "levels.yml").write_text(levels)
    return folder


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_contract_is_refused_by_file_and_line(broken: str, tmp_path: Path) -> None:
    sound, spoiled, line, said = BROKEN[broken]
    assert LEVELS.count(sound) >= 1
    folder = written(tmp_path, LEVELS.replace(sound, spoiled, 1))
    with pytest.raises(ContractError, match=rf"^.*/levels\.yml:{line}: (?s:.*){said}"):
        load_folder(folder)


def test_a_sound_contract_is_not_refused(tmp_path: Path) -> None:
    assert set(load_folder(written(tmp_path, LEVELS))) == {"levels", "tanks"}


def test_a_second_contract_for_a_table_is_refused(tmp_path: Path) -> None:
    folder = written(tmp_path, LEVELS)
    (folder / "tanks.yaml").write_text(TANKS)
    with pytest.raises(ContractError, match=r"tanks' has a contract already, in tanks\.yaml"):
        load_folder(folder)


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    folder = written(tmp_path, LEVELS)
    (folder / "levels.yml").write_bytes(b"table: \xff\xfe")
    with pytest.raises(ContractError, match=r"levels\.yml:1: not readable as YAML"):
        load_folder(folder)
