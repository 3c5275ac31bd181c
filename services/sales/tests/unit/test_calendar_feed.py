"""The iCalendar document: escaping, time zone, stable names (RFC 5545)."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from icalendar import Calendar

from kehu_sales.calendar.entries import Entry
from kehu_sales.calendar_feeds.feed import calendar_of

ID = UUID("019364c2-7d5e-7000-8000-000000000001")
NINE = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


def entry(**fields: Any) -> Entry:
    values: dict[str, Any] = {
        "kind": "visit", "id": ID, "title": "拜访", "status": "approved", "customer_id": None,
        "customer_name": None, "employee_id": None, "starts_at": NINE,
        "ends_at": NINE.replace(hour=2), "on": None, "place": None, "version": 3,
        "updated_at": NINE, "expected": False,
    }  # fmt: skip
    return Entry(**values | fields)


def read(*entries: Entry) -> list[Any]:
    document = calendar_of("我的", list(entries), "Asia/Shanghai")
    return list(Calendar.from_ical(document).walk("VEVENT"))


def test_times_are_those_of_the_tenants_clock() -> None:
    raw = calendar_of("我的", [entry()], "Asia/Shanghai").decode()
    assert "DTSTART;TZID=Asia/Shanghai:20260302T090000" in raw
    assert "BEGIN:VTIMEZONE" in raw
    assert raw.endswith("END:VCALENDAR\r\n")
    assert all(len(line.encode()) <= 75 for line in raw.split("\r\n"))


def test_what_could_break_the_document_is_escaped() -> None:
    title = "a;b,c\\d\nEND:VEVENT\r\nX\x0b: 很长的标题" + "长" * 60
    (event,) = read(entry(title=title, customer_name="甲;乙", place="苏州,园区"))
    told = str(event["summary"])
    assert told.startswith("a;b,c\\d\nEND:VEVENT")
    assert told.endswith("长 · 甲;乙")
    assert "\x0b" not in told
    assert str(event["location"]) == "苏州,园区"


def test_an_entry_keeps_its_name_and_counts_its_changes() -> None:
    (event,) = read(entry())
    assert (event["uid"], event["sequence"]) == (f"visit-{ID}@kehu", 2)


def test_a_day_is_a_day_and_leaves_its_owner_free() -> None:
    day = date(2026, 3, 5)
    due = entry(kind="task", starts_at=None, ends_at=None, on=day)
    first, second = read(due, due._replace(on=day.replace(day=12), expected=True))
    assert (first["dtstart"].dt, first["dtend"].dt) == (day, day.replace(day=6))
    assert first["transp"] == "TRANSPARENT"
    assert [first["uid"], second["uid"]] == [f"task-{ID}@kehu", f"task-{ID}-2026-03-12@kehu"]


def test_what_is_not_consented_to_is_tentative() -> None:
    planned, approved = read(entry(status="planned"), entry())
    assert [planned["status"], approved["status"]] == ["TENTATIVE", "CONFIRMED"]
