"""Files of the industry, against values counted by hand and against another parser on real files."""

import io
import re
import warnings
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from domains.grid.industry_files import BadFile, IntervalRead, green_button, interval_file, nem12
from tests.real_files import real_files


def quarters(value: str = "0.25") -> str:
    return ",".join([value] * 48)


def file_of(*lines: str) -> bytes:
    return "\n".join(["100,NEM12,200502281154,FROM,TO", *lines, "900"]).encode()


def read(data: bytes) -> list[IntervalRead]:
    parsed = nem12(data)
    assert parsed.wrong == []
    return parsed.reads


METER = "200,NMI0000001,E1,1,E1,N1,METER1,WH,30,"


def test_a_day_begins_at_midnight_of_market_time_and_is_in_kwh():
    reads = read(file_of(METER, f"300,20050301,{quarters('250')},A,,,20050302000000,"))
    assert len(reads) == 48
    assert (reads[0].begin, reads[-1].begin) == (
        datetime(2005, 2, 28, 14, tzinfo=UTC),
        datetime(2005, 3, 1, 13, 30, tzinfo=UTC),
    )
    first = reads[0]
    assert (first.meter, first.channel, first.minutes) == ("NMI0000001", "E1", 30)
    assert (first.value, first.unit, first.kwh, first.quality) == (250.0, "WH", 0.25, "MEASURED")


def test_events_say_quality_method_and_reason_of_some_intervals_anew():
    day = f"300,20050301,{quarters()},V,,,20050302000000,"
    reads = read(file_of(METER, day, "400,1,20,A,,", "400,21,24,S14,76,", "400,25,48,E52,,Estimate"))
    said = [(each.quality, each.method, each.reason) for each in reads]
    assert said[19] == ("MEASURED", None, None)
    assert said[20] == said[23] == ("SUBSTITUTED", "like_day", "76")
    assert said[24] == said[47] == ("ESTIMATED", "previous read", "Estimate")


def test_reactive_energy_has_no_kwh_and_an_empty_value_is_none():
    values = "," + ",".join(["1.5"] * 47)
    reads = read(file_of(METER.replace("WH", "KVARH"), f"300,20050301,{values},N,,,,"))
    assert (reads[0].value, reads[1].value, reads[1].kwh) == (None, 1.5, None)


@pytest.mark.parametrize(
    ("data", "line", "message"),
    [
        (b"200,NMI,E1\n900", 1, "it begins with no header"),
        (file_of(f"300,20050301,{quarters()},A,,,,"), 2, "an interval record .* before its meter"),
        (file_of(METER, "300,20050301,1,2,A"), 3, "3 values, and 48 of 30 minutes make a day"),
        (file_of(METER, f"300,20050301,{quarters()},X,,,,"), 3, "'X' is no quality"),
        (
            file_of(METER, f"300,20050301,{quarters()},V,,,,", "400,40,49,A,,"),
            4,
            "40 to 49 of a day that has 48",
        ),
        (file_of(METER, f"300,20050301,{quarters('x')},A,,,,"), 3, "could not convert"),
        (file_of(METER.replace("30", "7")), 2, "7 minutes does not divide a day"),
        (file_of(METER, "750,1"), 3, "record '750' is none of NEM12"),
        (file_of(METER)[:-4], 2, "the end .* is missing"),
    ],
)
def test_a_line_that_is_wrong_is_set_aside_with_its_number(data, line, message):
    ((number, said),) = nem12(data).wrong
    assert number == line
    assert re.search(message, said)


def test_the_other_days_of_a_file_with_a_broken_one_are_read_and_its_events_change_no_other_day():
    """As a distributor sent it: a record that is broken over three lines."""
    days = [f"300,2005030{day},{quarters()},A,,,," for day in (1, 3)]
    parsed = nem12(file_of(METER, days[0], "300,20050302,", "11,33,21", "400,1,24,E52,,", days[1]))
    assert [number for number, _ in parsed.wrong] == [4, 5, 6]
    assert len(parsed.reads) == 96
    assert {each.quality for each in parsed.reads} == {"MEASURED"}


def test_a_zip_is_opened():
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as files:
        files.writestr("a.csv", file_of(METER, f"300,20050301,{quarters()},A,,,,"))
    assert len(read(packed.getvalue())) == 48


def both_readings(file: Path) -> tuple[list[tuple], list[tuple]]:
    """What our parser and another one read: times, values, qualities and reasons."""
    nemreader = pytest.importorskip("nemreader", reason="nemreader is not installed: make setup")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # it leaves the file open
        readings = nemreader.read_nem_file(str(file)).readings
    theirs = [
        (
            meter,
            channel,
            each.t_start,
            each.read_value,
            QUALITY[each.quality_method[0]],
            each.event_code or "",
        )
        for meter, channels in readings.items()
        for channel, reads in channels.items()
        for each in reads
    ]
    ours = [
        (
            each.meter,
            each.channel,
            market_time(each),
            each.value,
            each.quality,
            (each.reason or "").split(" ")[0],
        )
        for each in read(file.read_bytes())
    ]
    return sorted(ours, key=repr), sorted(theirs, key=repr)


def test_an_example_is_read_as_another_parser_reads_it(tmp_path):
    day = ",".join(str(place / 100) for place in range(48))
    other = METER.replace("E1,N1", "B1,N1").replace("WH,30", "KWH,15")
    file = tmp_path / "NEM12#1#A#B.csv"
    file.write_bytes(
        file_of(
            METER,
            f"300,20050301,{day},V,,,20050302000000,",
            *("400,1,20,A,,", "400,21,24,S14,76,", "400,25,48,E52,77,"),
            f"300,20050302,{day},F16,51,,20050303000000,",
            other,
            f"300,20050301,{day},{day},A,,,20050302000000,",
        )
    )
    ours, theirs = both_readings(file)
    assert len(ours) == 2 * 48 + 96
    assert ours == theirs


def test_real_files_are_read_as_another_parser_reads_them():
    """One file has a record that is broken over three lines."""
    files = sorted(real_files("nem12").glob("*.[zZ][iI][pP]"))
    assert len(files) > 50
    compared, wrong = 0, {}
    for file in files:
        parsed = nem12(file.read_bytes())
        if parsed.wrong:
            wrong[file.name] = [number for number, _ in parsed.wrong]
            continue
        ours, theirs = both_readings(file)
        assert ours == theirs, file.name
        compared += len(ours)
    assert wrong == {"NEM12#Scenario10#ETSAMDP#NEMMCO.zip": [27, 28, 29, 30, 31]}
    assert compared > 30_000


QUALITY = {
    "A": "MEASURED",
    "E": "ESTIMATED",
    "F": "SUBSTITUTED",
    "S": "SUBSTITUTED",
    "N": "MISSING",
    "V": "MISSING",
}


def market_time(each: IntervalRead) -> datetime:
    return each.begin.replace(tzinfo=None) + timedelta(hours=10)


FEED = """<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom">
<entry><link rel="self" href="R/1/UsagePoint/7/MeterReading/1"/>
  <link rel="related" href="R/1/UsagePoint/7/MeterReading/1/IntervalBlock"/><link rel="related" href="ReadingType/5"/>
  <content><MeterReading xmlns="http://naesb.org/espi"/></content></entry>
<entry><link rel="self" href="ReadingType/5"/><content><ReadingType xmlns="http://naesb.org/espi">
  <flowDirection>1</flowDirection><intervalLength>900</intervalLength>
  <powerOfTenMultiplier>{power}</powerOfTenMultiplier><uom>{uom}</uom></ReadingType></content></entry>
<entry><link rel="self" href="R/1/UsagePoint/7/MeterReading/1/IntervalBlock/1"/>
  <link rel="up" href="R/1/UsagePoint/7/MeterReading/1/IntervalBlock"/>
  <content><IntervalBlock xmlns="http://naesb.org/espi">
  <interval><duration>1800</duration><start>1330578000</start></interval>
  <IntervalReading><timePeriod><duration>900</duration><start>1330578000</start></timePeriod><value>282</value></IntervalReading>
  <IntervalReading><ReadingQuality><quality>{quality}</quality></ReadingQuality>
    <timePeriod><duration>900</duration><start>1330578900</start></timePeriod><value>323</value></IntervalReading>
  </IntervalBlock></content></entry></feed>"""


def feed(power: int = 0, uom: int = 72, quality: int = 9) -> bytes:
    return FEED.format(power=power, uom=uom, quality=quality).encode()


def feed_reads(data: bytes) -> list[IntervalRead]:
    parsed = green_button(data)
    assert parsed.wrong == []
    return parsed.reads


def test_a_green_button_feed_is_read_by_its_links():
    first, second = feed_reads(feed())
    assert (first.meter, first.channel, first.minutes) == ("7", "import", 15)
    assert first.begin == datetime(2012, 3, 1, 5, tzinfo=UTC)
    assert (first.value, first.unit, first.kwh, first.quality, first.method) == (
        282.0,
        "Wh",
        0.282,
        "MEASURED",
        None,
    )
    assert (second.kwh, second.quality, second.method, second.reason) == (
        0.323,
        "ESTIMATED",
        "interpolation",
        "quality 9",
    )


def test_a_power_of_ten_scales_the_values_and_other_units_have_no_kwh():
    assert feed_reads(feed(power=3))[0].kwh == 282.0
    assert feed_reads(feed(power=-3))[0].kwh == pytest.approx(0.000282)
    other = feed_reads(feed(uom=42))[0]
    assert (other.value, other.unit, other.kwh) == (282.0, "uom 42", None)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"<feed", "no XML"),
        (b'<!DOCTYPE feed [<!ENTITY a "b">]><feed/>', "declares entities"),
    ],
)
def test_a_file_that_is_no_feed_is_refused(data, message):
    with pytest.raises(BadFile, match=message):
        green_button(data)


@pytest.mark.parametrize(
    ("data", "line", "message", "left"),
    [
        (feed(quality=99), 13, "'99' is no quality", 1),
        (feed().replace(b"<duration>900", b"<duration>90", 1), 12, "a reading of 90 seconds", 1),
        (feed().replace(b"<start>1330578900</start>", b""), 13, "a reading without its time", 1),
        (feed().replace(b"<value>282", b"<value>many"), 12, "invalid literal", 1),
        (
            feed().replace(b"<ReadingType ", b"<ReadingKind ").replace(b"</ReadingType>", b"</ReadingKind>"),
            8,
            "no ReadingType says what it measures",
            0,
        ),
    ],
)
def test_a_reading_that_is_wrong_is_set_aside_with_its_line(data, line, message, left):
    parsed = green_button(data)
    ((number, said),) = parsed.wrong
    assert number == line
    assert re.search(message, said)
    assert len(parsed.reads) == left


def test_the_reader_takes_either_kind_and_tells_lines_texts_and_what_is_wrong():
    day = f"300,20050301,{quarters('250')},A,,,20050302000000,"
    first, *_, wrong = rows = interval_file(file_of(METER, day, "300,20050302,1,A"))
    assert len(rows) == 49
    assert (first.line, first.text) == (3, day)
    assert first.values == {
        "read_id": "NMI0000001:E1:20050228T1400",
        "meter_id": "NMI0000001",
        "channel": "E1",
        "interval_begin": datetime(2005, 2, 28, 14, tzinfo=UTC),
        "minutes": 30,
        "sent_value": 250.0,
        "sent_unit": "WH",
        "kwh": 0.25,
        "quality": "MEASURED",
        "method": None,
        "reason": None,
        "stated_at": datetime(2005, 3, 1, 14, tzinfo=UTC),
    }
    assert (wrong.line, wrong.text, wrong.values) == (4, "300,20050302,1,A", {})
    assert wrong.wrong.startswith("2 values, and 48 of 30 minutes make a day")
    assert [(row.line, row.values["kwh"]) for row in interval_file(feed())] == [(12, 0.282), (13, 0.323)]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"reading_id,kwh\n1,2\n", "begins neither as NEM12"),
        (b"PK\x03\x04 and no more", "no whole zip"),
    ],
)
def test_the_reader_refuses_what_is_neither(data, message):
    with pytest.raises(BadFile, match=message):
        interval_file(data)


def test_a_read_was_stated_when_its_record_says_else_when_its_file_was_written():
    values = quarters()
    days = [f"300,20050301,{values},A,,,20050302103000,", f"300,20050302,{values},A,,,,"]
    reads = read(file_of(METER, *days))
    assert {each.stated for each in reads[:48]} == {datetime(2005, 3, 2, 0, 30, tzinfo=UTC)}
    assert {each.stated for each in reads[48:]} == {datetime(2005, 2, 28, 1, 54, tzinfo=UTC)}


def test_a_quote_in_a_reason_is_a_letter_and_swallows_no_other_day():
    reasons = {3: '"Door', 7: '"Door'}
    days = [
        f"300,200503{day:02d},{quarters()},A,,{reasons.get(day, '')},20050320000000," for day in range(1, 11)
    ]
    assert len(read(file_of(METER, *days))) == 10 * 48


@pytest.mark.parametrize("ends", ["\r", "\r\n"])
def test_lines_may_end_as_they_do_elsewhere(ends):
    data = file_of(METER, f"300,20050301,{quarters()},A,,,20050302000000,").replace(b"\n", ends.encode())
    assert len(read(data)) == 48


def test_a_register_that_goes_on_counting_is_no_interval():
    said = {}
    for behaviour in (3, 4):
        tag = f"<accumulationBehaviour>{behaviour}</accumulationBehaviour><intervalLength>".encode()
        said[behaviour] = green_button(feed().replace(b"<intervalLength>", tag))
    assert len(said[4].reads) == 2
    assert not said[3].reads
    assert all("accumulation 3" in words for _, words in said[3].wrong)


def test_letters_that_other_rules_take_for_line_ends_are_in_a_reason():
    days = [f"300,20050301,{quarters()},A,76,one\u0085two\u2028three,20050302000000,"]
    assert {each.reason for each in read(file_of(METER, *days))} == {"76 one\u0085two\u2028three"}


def test_cells_in_quotes_are_read_without_them():
    row = ",".join(f'"{cell}"' for cell in f"300,20050301,{quarters()},A,,,20050302000000,".split(","))
    assert len(read(file_of(",".join(f'"{cell}"' for cell in METER.split(",")), row))) == 48
