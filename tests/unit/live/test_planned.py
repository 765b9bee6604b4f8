"""How many offsets a batch covers, as Spark's checkpoint notes it."""

from pathlib import Path

from headrace.live.planned import ended, offsets_planned


def test_a_batch_covers_what_lies_between_its_ends_and_those_of_the_one_before(tmp_path: Path) -> None:
    noted(tmp_path / "sources/0/0", 'v1\n{"t":{"0":5,"1":0}}')
    noted(tmp_path / "offsets/0", 'v1\n{"batchWatermarkMs":0}\n{"t":{"0":9,"1":10}}')
    noted(tmp_path / "offsets/1", 'v1\n{"batchWatermarkMs":0}\n{"t":{"0":9,"1":12,"2":3}}')
    assert [offsets_planned(str(tmp_path), batch, "t") for batch in (0, 1)] == [14, 5]
    assert ended(str(tmp_path), "t") == {0: 5, 1: 0}
    noted(tmp_path / "commits/0", "v1\n{}")
    assert ended(str(tmp_path), "t") == {0: 9, 1: 10}


def test_what_is_noted_of_another_topic_is_none_of_ours(tmp_path: Path) -> None:
    noted(tmp_path / "offsets/0", 'v1\n{"other":{"0":9}}')
    assert offsets_planned(str(tmp_path), 0, "t") == 0


def noted(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
