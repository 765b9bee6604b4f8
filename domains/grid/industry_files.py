"""Interval reads from the files of the industry: NEM12 of Australia's market, Green Button (ESPI) of North America.

From the bytes of a file to rows, in plain Python. A line that is wrong is set aside and told; nothing is guessed.
`interval_file` is the reader of the source `interval_reads`.
"""

import io
import re
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.parsers import expat

from headrace.tables import FileRow

DAY_MINUTES = 24 * 60
MOST_UNZIPPED = 256 << 20
MARKET_TIME = timedelta(hours=10)  # NEM12 is in Australian Eastern Standard Time all year


class BadFile(ValueError):
    """A file that is not what it says it is; the text says where."""


@dataclass(frozen=True)
class IntervalRead:
    """begin: in UTC. value: in `unit`; kwh: the same in kWh, None where it is no active energy. quality: MEASURED,
    ESTIMATED, SUBSTITUTED or MISSING. method: how it was estimated, as this project or the file names it. reason: the
    file's code and words for it. stated: when its sender wrote it down, if the file says so. line: that of its record.
    """

    meter: str
    channel: str
    begin: datetime
    minutes: int
    value: float | None
    unit: str
    kwh: float | None
    quality: str
    method: str | None = None
    reason: str | None = None
    stated: datetime | None = None
    line: int = 0


MEASURED, ESTIMATED, SUBSTITUTED, MISSING = "MEASURED", "ESTIMATED", "SUBSTITUTED", "MISSING"
NEM12_QUALITIES = {"A": MEASURED, "E": ESTIMATED, "F": SUBSTITUTED, "S": SUBSTITUTED, "N": MISSING}
NEM12_METHODS = {
    "11": "check meter",
    "12": "calculated",
    "13": "scada",
    "14": "like_day",
    "15": "averaging",
    "16": "agreed",
    "17": "interpolation",
    "18": "alternate",
    "19": "zero",
    "51": "previous year",
    "52": "previous read",
    "53": "revision",
    "54": "interpolation",
    "55": "agreed",
    "56": "agreed before the first read",
    "57": "profile",
    "58": "zero",
    "61": "previous year",
    "62": "previous read",
    "63": "profile",
    "64": "agreed",
}
KWH = {"WH": 0.001, "KWH": 1.0, "MWH": 1000.0}


@dataclass(frozen=True)
class Parsed:
    """The reads of a file, and the lines of it that are set aside, each with what is wrong with it."""

    reads: list[IntervalRead] = field(default_factory=list)
    wrong: list[tuple[int, str]] = field(default_factory=list)


def interval_file(body: bytes) -> list[FileRow]:
    """The rows of a file of either kind, zipped or not, in the order of its lines."""
    data = _unzipped(body)
    begins = data.lstrip(b"\xef\xbb\xbf \t\r\n")[:9].upper()
    if not begins.startswith((b"<", b"100,NEM12")):
        raise BadFile("it begins neither as NEM12 (100,NEM12,...) nor as Green Button (XML)")
    parsed = green_button(data) if begins.startswith(b"<") else nem12(data)
    lines = _split(data.decode("utf-8-sig", errors="replace"))
    texts = {number: lines[number - 1] if number <= len(lines) else "" for number in _numbers(parsed)}
    rows = [FileRow(read.line, texts[read.line], _as_columns(read)) for read in parsed.reads]
    rows += [FileRow(number, texts[number], wrong=said) for number, said in parsed.wrong]
    return sorted(rows, key=lambda row: row.line)


def _numbers(parsed: Parsed) -> set[int]:
    return {read.line for read in parsed.reads} | {number for number, _ in parsed.wrong}


def _as_columns(read: IntervalRead) -> dict[str, Any]:
    return {
        "read_id": f"{read.meter}:{read.channel}:{read.begin:%Y%m%dT%H%M}",
        "meter_id": read.meter,
        "channel": read.channel,
        "interval_begin": read.begin,
        "minutes": read.minutes,
        "sent_value": read.value,
        "sent_unit": read.unit,
        "kwh": read.kwh,
        "quality": read.quality,
        "method": read.method,
        "reason": read.reason,
        "stated_at": read.stated or read.begin + timedelta(minutes=read.minutes),
    }


def nem12(data: bytes) -> Parsed:
    """A NEM12 file, zipped or not: its reads day by day (record 300), with the quality that records 400 below a day say
    anew for some of its intervals. Registers (500) have no intervals and are left out."""
    reads: list[IntervalRead] = []
    wrong: list[tuple[int, str]] = []
    stream: _Stream | None = None
    day: list[IntervalRead] = []
    number, kind, is_first, written = 0, "", True, None
    for number, row in _lines(data):
        kind = row[0].strip()
        try:
            if is_first:
                is_first = False
                written = _check_header(row)
            elif kind == "200":
                reads += day
                day, stream = [], None
                stream = _Stream.of(row)
            elif kind == "300":
                reads += day
                day = []
                day = [
                    replace(read, stated=read.stated or written, line=number)
                    for read in _day_of(_known(stream), row)
                ]
            elif kind == "400":
                _say_anew(day, row)
            elif kind not in ("500", "900"):
                raise BadFile(f"record {kind!r} is none of NEM12")
        except (BadFile, ValueError, IndexError) as error:
            wrong.append((number, str(error)))
    if kind != "900":
        wrong.append((number, "the end (900) is missing: the file may be cut off"))
    return Parsed(reads + day, wrong)


def _check_header(row: list[str]) -> datetime | None:
    """When the file was written."""
    if row[0].strip() != "100" or [cell.strip().upper() for cell in row[1:2]] != ["NEM12"]:
        raise BadFile("it begins with no header of NEM12 (100,NEM12,...)")
    return _market_instant(row[2] if len(row) > 2 else "")


def _market_instant(text: str) -> datetime | None:
    """Such as 20050302104500, or without its seconds; None where there is none."""
    text = text.strip()
    if not text:
        return None
    return datetime.strptime(text[:14].ljust(14, "0"), "%Y%m%d%H%M%S").replace(tzinfo=UTC) - MARKET_TIME


@dataclass(frozen=True)
class _Stream:
    """A channel of a meter (record 200)."""

    meter: str
    channel: str
    unit: str
    minutes: int

    @classmethod
    def of(cls, row: list[str]) -> "_Stream":
        minutes = int(row[8])
        if minutes < 1 or DAY_MINUTES % minutes:
            raise BadFile(f"an interval of {minutes} minutes does not divide a day")
        return cls(row[1].strip(), row[4].strip(), row[7].strip(), minutes)


def _known(stream: _Stream | None) -> _Stream:
    if stream is None:
        raise BadFile("an interval record (300) comes before its meter (200)")
    return stream


def _lines(data: bytes) -> Iterator[tuple[int, list[str]]]:
    try:
        text = _unzipped(data).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadFile(f"no text in UTF-8: byte {error.start}") from None
    for number, line in enumerate(_split(text), 1):
        if line.strip(" ,"):
            yield number, [cell.strip('"') for cell in line.split(",")]


def _split(text: str) -> list[str]:
    """Lines, and no more: a reason may hold what other rules take for the end of one. Quotes join no lines here, since
    NEM12 has none: one in a reason would swallow the days up to the next."""
    return re.split(r"\r\n|\n|\r", text)


def _unzipped(data: bytes) -> bytes:
    if data[:2] != b"PK":
        return data
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            if len(packed.namelist()) != 1:
                raise BadFile(f"the zip holds {len(packed.namelist())} files; one is expected")
            if packed.infolist()[0].file_size > MOST_UNZIPPED:
                raise BadFile(
                    f"the zip holds {packed.infolist()[0].file_size:,} bytes, more than are read at once"
                )
            return packed.read(packed.namelist()[0])
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise BadFile(f"no whole zip: {error}") from None


def _day_of(stream: _Stream, row: list[str]) -> list[IntervalRead]:
    count = DAY_MINUTES // stream.minutes
    values, rest = row[2 : 2 + count], [cell.strip() for cell in row[2 + count :]]
    if not rest:
        raise BadFile(f"{len(row) - 2} values, and {count} of {stream.minutes} minutes make a day")
    quality, method = _quality(rest[0])
    midnight = datetime.strptime(row[1].strip(), "%Y%m%d").replace(tzinfo=UTC) - MARKET_TIME
    factor = KWH.get(stream.unit.upper())
    reason = _reason(*rest[1:3])
    stated = _market_instant(rest[3] if len(rest) > 3 else "")
    reads = []
    for place, text in enumerate(values):
        value = float(text) if text.strip() else None
        kwh = None if factor is None or value is None else value * factor
        begin = midnight + timedelta(minutes=place * stream.minutes)
        reads.append(
            IntervalRead(
                stream.meter,
                stream.channel,
                begin,
                stream.minutes,
                value,
                stream.unit,
                kwh,
                quality,
                method,
                reason,
                stated,
            )
        )
    return reads


def _say_anew(day: list[IntervalRead], row: list[str]) -> None:
    first, last = int(row[1]), int(row[2])
    if not day:
        raise BadFile("an event (400) of a day (300) that is set aside or not there")
    if not 1 <= first <= last <= len(day):
        raise BadFile(f"an event of intervals {first} to {last} of a day that has {len(day)}")
    quality, method = _quality(row[3].strip())
    reason = _reason(*(cell.strip() for cell in row[4:6]))
    for place in range(first - 1, last):
        day[place] = replace(day[place], quality=quality, method=method, reason=reason)


def _quality(flag: str) -> tuple[str, str | None]:
    """What a flag such as A or S14 says. V says that records 400 follow, which say it of each interval."""
    if flag == "V":
        return MISSING, None
    if flag[:1] not in NEM12_QUALITIES:
        raise BadFile(f"{flag!r} is no quality of NEM12")
    code = flag[1:]
    return NEM12_QUALITIES[flag[0]], NEM12_METHODS.get(code, code or None)


def _reason(code: str = "", words: str = "") -> str | None:
    return " ".join(part for part in (code, words) if part) or None


ESPI_QUALITIES = {
    "0": (MEASURED, None),
    "7": (SUBSTITUTED, "edited by hand"),
    "8": (ESTIMATED, "like_day"),
    "9": (ESTIMATED, "interpolation"),
    "10": (MEASURED, "questionable"),
    "11": (ESTIMATED, "derived"),
    "12": (ESTIMATED, "forecast"),
    "13": (ESTIMATED, "mixed"),
    "14": (MEASURED, "raw"),
    "15": (MEASURED, "normalized for weather"),
    "16": (MEASURED, "other"),
    "17": (MEASURED, "validated"),
    "18": (MEASURED, "verified"),
    "19": (MEASURED, "revenue quality"),
}
ESPI_WATT_HOURS = "72"
ESPI_DELTA = "4"  # what was used in each interval, where others are registers that go on counting


def green_button(data: bytes) -> Parsed:
    """The reads of a Green Button file: an Atom feed whose entries are tied together by their links. Times are in UTC,
    values are watt-hours times a power of ten."""
    feed, lines = _tree_of(data)
    entries = [_Entry.of(each) for each in feed.iter() if _name(each) == "entry"]
    types = {entry.itself: entry.content for entry in entries if entry.kind == "ReadingType"}
    readings = {entry.itself: entry for entry in entries if entry.kind == "MeterReading"}
    parsed = Parsed()
    for entry in (each for each in entries if each.kind == "IntervalBlock"):
        try:
            reading, kind = _reading_of(entry, readings), _type_of(entry, readings, types)
        except BadFile as error:
            parsed.wrong.append((lines[entry.element], str(error)))
            continue
        for each in (child for block in entry.blocks for child in block if _name(child) == "IntervalReading"):
            try:
                read = _read_of(each, kind, reading.itself if reading else entry.itself)
                parsed.reads.append(replace(read, stated=entry.stated, line=lines[each]))
            except (BadFile, ValueError, OverflowError) as error:
                parsed.wrong.append((lines[each], str(error)))
    return parsed


def _tree_of(data: bytes) -> tuple[ET.Element, dict[ET.Element, int]]:
    """The root, and the line on which each element begins."""
    builder, lines, parser = (
        ET.TreeBuilder(),
        dict[ET.Element, int](),
        expat.ParserCreate(namespace_separator="}"),
    )

    def start(name: str, attributes: dict[str, str]) -> None:
        lines[builder.start(name, attributes)] = parser.CurrentLineNumber

    def declared(*_: object) -> None:
        raise BadFile("it declares entities, which no Green Button file does")

    parser.StartElementHandler, parser.EndElementHandler = start, builder.end
    parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = builder.data, declared
    try:
        parser.Parse(data, True)
        return builder.close(), lines
    except (expat.ExpatError, AssertionError) as error:
        raise BadFile(f"no XML: {error}") from None


@dataclass(frozen=True)
class _Entry:
    element: ET.Element
    kind: str
    content: ET.Element
    blocks: tuple[ET.Element, ...]
    itself: str
    above: tuple[str, ...]
    related: tuple[str, ...]
    stated: datetime | None

    @classmethod
    def of(cls, entry: ET.Element) -> "_Entry":
        content = next((each for each in entry if _name(each) == "content"), None)
        inner = list(content) if content is not None else []
        links: dict[str, list[str]] = {"self": [], "up": [], "related": []}
        for link in (each for each in entry if _name(each) == "link"):
            links.setdefault(link.get("rel", ""), []).append(link.get("href", "").rstrip("/"))
        itself = next(iter(links["self"]), "") or _text(entry, "id") or ""
        first = inner[0] if inner else entry
        above, related = tuple(links["up"]), tuple(links["related"])
        return cls(entry, _name(first), first, tuple(inner), itself, above, related, _stated(entry))


def _stated(entry: ET.Element) -> datetime | None:
    for each in (child for name in ("updated", "published") for child in entry if _name(child) == name):
        try:
            at = datetime.fromisoformat((each.text or "").strip())
        except ValueError:
            continue
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    return None


def _reading_of(entry: _Entry, readings: dict[str, _Entry]) -> _Entry | None:
    linked = next((readings[link] for link in (*entry.above, *entry.related) if link in readings), None)
    below = (each for each in readings.values() if entry.itself.startswith(f"{each.itself}/"))
    return linked or next(below, None)


def _type_of(entry: _Entry, readings: dict[str, _Entry], types: dict[str, ET.Element]) -> ET.Element:
    reading = _reading_of(entry, readings)
    links = (*reading.related, *reading.above) if reading else ()
    found = next((types[link] for link in links if link in types), None)
    if found is None and len(types) == 1:
        found = next(iter(types.values()))
    if found is None:
        raise BadFile(f"{entry.itself}: no ReadingType says what it measures")
    adds_up = _text(found, "accumulationBehaviour") or ESPI_DELTA
    if adds_up != ESPI_DELTA:
        raise BadFile(
            f"{entry.itself}: values of accumulation {adds_up}, not of each interval ({ESPI_DELTA})"
        )
    return found


def _read_of(each: ET.Element, reading_type: ET.Element, reading: str) -> IntervalRead:
    power = int(_text(reading_type, "powerOfTenMultiplier") or 0)
    unit = _text(reading_type, "uom") or ""
    is_energy = unit == ESPI_WATT_HOURS
    channel = "export" if _text(reading_type, "flowDirection") == "19" else "import"
    period = next((child for child in each if _name(child) == "timePeriod"), None)
    if period is None or _text(period, "start") is None:
        raise BadFile(f"{reading}: a reading without its time")
    seconds = int(_text(period, "duration") or _text(reading_type, "intervalLength") or 0)
    if seconds < 60 or seconds % 60:
        raise BadFile(f"{reading}: a reading of {seconds} seconds")
    begin = datetime.fromtimestamp(int(_text(period, "start") or 0), UTC)
    raw = _text(each, "value")
    value = None if raw is None else int(raw) * 10.0**power
    qualities = [_text(child, "quality") or "" for child in each if _name(child) == "ReadingQuality"]
    quality, method = _worst(qualities, value)
    return IntervalRead(
        _meter_of(reading), channel, begin, seconds // 60, value, "Wh" if is_energy else f"uom {unit}",
        value / 1000 if is_energy and value is not None else None, quality, method,
        f"quality {', '.join(qualities)}" if qualities and quality != MEASURED else None,
    )  # fmt: skip


def _worst(codes: list[str], value: float | None) -> tuple[str, str | None]:
    """Of several qualities, the one that is furthest from measured."""
    if value is None:
        return MISSING, None
    strange = next((code for code in codes if code not in ESPI_QUALITIES), None)
    if strange is not None:
        raise BadFile(f"{strange!r} is no quality of ESPI")
    found = [ESPI_QUALITIES[code] for code in codes] or [(MEASURED, None)]
    return max(found, key=lambda each: (MEASURED, SUBSTITUTED, ESTIMATED).index(each[0]))


def _meter_of(reading: str) -> str:
    """The usage point that the link names; the link itself where it names none."""
    parts = reading.split("/")
    return parts[parts.index("UsagePoint") + 1] if "UsagePoint" in parts[:-1] else reading


def _name(element: ET.Element) -> str:
    return element.tag.rsplit("}", 1)[-1]


def _text(element: ET.Element, name: str) -> str | None:
    found = next((each for each in element.iter() if _name(each) == name), None)
    text = found.text if found is not None else None
    return text.strip() if text and text.strip() else None
