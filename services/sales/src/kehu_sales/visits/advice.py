"""Advice about a visit: what the texts recommend and this visit does otherwise (4 §2.4-2.8).

Nothing here refuses anything. Every number comes from the limits of the visit policy.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from kehu_sales.methods.stages import Control
from kehu_sales.visit_policy.limits import Limits
from kehu_sales.visit_policy.models import VisitType
from kehu_sales.visits.models import Host, Mode, Proposed, Visit, VisitStatus

TEXTS = {
    "first-visit-too-short": (
        "A first visit takes at least {least} minutes; this one {minutes}.",
        "首次拜访不少于 {least} 分钟，本次为 {minutes} 分钟。",
    ),
    "first-visit-too-long": (
        "A first visit takes at most {most} minutes; this one {minutes}.",
        "首次拜访不超过 {most} 分钟，本次为 {minutes} 分钟。",
    ),
    "introduction-too-long": (
        "The oral introduction takes at most {most} minutes; it took {minutes}.",
        "口头介绍不超过 {most} 分钟，本次用了 {minutes} 分钟。",
    ),
    "too-many-visits-that-day": (
        "{visits} visits in {city} on that day; more than {most} are not of good quality.",
        "当天在 {city} 有 {visits} 次拜访；超过 {most} 次难以保证质量。",
    ),
    "listened-too-little": (
        "Listening took {share} % of the talk; {least} % are recommended.",
        "倾听占谈话的 {share}%，建议不低于 {least}%。",
    ),
    "asked-too-little": (
        "Asking took {share} % of the talk; {least} % are recommended.",
        "提问占谈话的 {share}%，建议不低于 {least}%。",
    ),
    "presented-too-much": (
        "Presenting took {share} % of the talk; at most {most} % are recommended.",
        "介绍占谈话的 {share}%，建议不高于 {most}%。",
    ),
    "arrived-late": (
        "The arrival was {minutes} minutes late; be {early} minutes early.",
        "迟到 {minutes} 分钟；应提前 {early} 分钟到达。",
    ),
    "arrived-at-the-last-minute": (
        "The arrival was {minutes} minutes early; {early} are recommended.",
        "提前 {minutes} 分钟到达；建议提前 {early} 分钟。",
    ),
    "unannounced-before-closing": (
        "Without appointment never right before work ends at {ends}.",
        "未预约的拜访不要安排在临近下班（{ends}）时。",
    ),
    "unannounced-outside-windows": (
        "Without appointment it is best at {morning} or {evening}.",
        "未预约的拜访宜安排在 {morning} 或 {evening}。",
    ),
    "appointment-needed": (
        "Managers and owners of large companies are phoned for an appointment.",
        "拜访大公司的经理或老板应先电话预约。",
    ),
    "appointment-not-needed": (
        "Individuals and shops are visited without appointment.",
        "拜访个人或店铺可直接前往，无需预约。",
    ),
    "proposed-too-early": (
        "An agreement was proposed at behaviour stage {stage}; wait for stage {least}.",
        "客户处于行为阶段 {stage} 时即提出协议；应等到阶段 {least}。",
    ),
    "superior-not-told": (
        "On a business trip the superior hears of it at least once a day.",
        "出差拜访期间每天至少与上级沟通一次。",
    ),
    "commitment-outside-policy": (
        "A promise was made that policy does not cover.",
        "作出了超出政策的承诺。",
    ),
    "customer-refused-firmly": (
        "This customer refused firmly: spend no more time on calling.",
        "该客户曾坚决拒绝，不宜再主动拜访。",
    ),
    "next-step-missing": (
        "Every visit ends with a next step.",
        "每次拜访都应约定下一步行动。",
    ),
    "market-assessment-missing": (
        "The report of such a visit holds a market assessment.",
        "此类拜访的报告应包含市场评估。",
    ),
    "report-overdue": (
        "The report was due at {due}.",
        "报告应于 {due} 前提交。",
    ),
}
"""By code, what is said in English and in Chinese."""


class Advice(NamedTuple):
    """One piece of advice: a stable code, and what it says in both languages."""

    code: str
    en: str
    zh: str


@dataclass(frozen=True, slots=True)
class Around:
    """What has to be known besides the visit itself.

    `visits_that_day`: visits of the same person in the same city on the same day, this one too.
    """

    first_visit: bool
    visits_that_day: int
    refused_firmly: bool
    superior_told: bool


def advice(
    visit: Visit, kind: VisitType, limits: Limits, around: Around, *, now: datetime, zone: str
) -> list[Advice]:
    """Return what the texts advise otherwise; none of it for a visit that was called off."""
    if visit.status == VisitStatus.CANCELLED:
        return []
    return [
        *_about_the_plan(visit, limits, around, zone),
        *_about_the_talk(visit, limits, around),
        *_about_the_duties(visit, kind, limits, around, now, zone),
    ]


def _about_the_plan(visit: Visit, limits: Limits, around: Around, zone: str) -> Iterator[Advice]:
    if around.refused_firmly:
        yield _say("customer-refused-firmly")
    if visit.mode == Mode.UNANNOUNCED and visit.host == Host.LARGE_COMPANY:
        yield _say("appointment-needed")
    if visit.mode == Mode.APPOINTMENT and visit.host in (Host.INDIVIDUAL, Host.SHOP):
        yield _say("appointment-not-needed")
    if visit.mode == Mode.UNANNOUNCED:
        yield from _about_the_hour(visit, limits, zone)
    if visit.city and around.visits_that_day > limits.visits_per_day_and_city:
        yield _say(
            "too-many-visits-that-day",
            visits=around.visits_that_day,
            city=visit.city,
            most=limits.visits_per_day_and_city,
        )
    if visit.checked_in_at is not None and visit.mode == Mode.APPOINTMENT:
        yield from _about_the_arrival(visit.starts_at - visit.checked_in_at, limits)


def _about_the_arrival(before: timedelta, limits: Limits) -> Iterator[Advice]:
    """Say if it was not some minutes early, or even late: `before` the appointment (L2518)."""
    minutes, early = int(before.total_seconds() / 60), limits.arrive_early_minutes
    if minutes < 0:
        yield _say("arrived-late", minutes=-minutes, early=early)
    elif minutes < early:
        yield _say("arrived-at-the-last-minute", minutes=minutes, early=early)


def _about_the_hour(visit: Visit, limits: Limits, zone: str) -> Iterator[Advice]:
    """Say when a visit without appointment suits (L2518).

    Half an hour after opening and an hour before closing each open a window; what is left of the
    day after the second is right before closing.
    """
    start = visit.checked_in_at or visit.starts_at
    local = start.astimezone(ZoneInfo(zone))
    minute = local.hour * 60 + local.minute
    opens, closes = _minutes(limits.work_starts), _minutes(limits.work_ends)
    morning = opens + limits.unannounced_after_opening_minutes
    evening = closes - limits.unannounced_before_closing_minutes
    windows = [(one, one + limits.unannounced_window_minutes) for one in (morning, evening)]
    if windows[1][1] < minute <= closes:
        yield _say("unannounced-before-closing", ends=limits.work_ends)
    elif not any(first <= minute <= last for first, last in windows):
        yield _say(
            "unannounced-outside-windows", morning=_written(morning), evening=_written(evening)
        )


def _about_the_talk(visit: Visit, limits: Limits, around: Around) -> Iterator[Advice]:
    planned = round((visit.ends_at - visit.starts_at).total_seconds() / 60)
    minutes = planned if visit.minutes is None else visit.minutes
    if around.first_visit and minutes < limits.first_visit_min_minutes:
        yield _say("first-visit-too-short", least=limits.first_visit_min_minutes, minutes=minutes)
    if around.first_visit and minutes > limits.first_visit_max_minutes:
        yield _say("first-visit-too-long", most=limits.first_visit_max_minutes, minutes=minutes)
    introduction = visit.introduction_minutes or 0
    if introduction > limits.introduction_max_minutes:
        yield _say(
            "introduction-too-long", most=limits.introduction_max_minutes, minutes=introduction
        )
    yield from _about_the_split(visit, limits)
    stage = visit.behaviour_stage
    proposed = visit.proposed not in (None, Proposed.NOTHING)
    if proposed and stage is not None and stage < limits.proposal_from_stage:
        yield _say("proposed-too-early", stage=stage, least=limits.proposal_from_stage)


def _about_the_split(visit: Visit, limits: Limits) -> Iterator[Advice]:
    """Compare the shares of the talk with 15 : 5 : 10 minutes of 30 (L2632)."""
    listened, asked = visit.listened_minutes or 0, visit.asked_minutes or 0
    presented = visit.presented_minutes or 0
    talk = listened + asked + presented
    whole = limits.listen_minutes + limits.ask_minutes + limits.present_minutes
    if talk == 0:
        return
    if listened * whole < limits.listen_minutes * talk:
        yield _say("listened-too-little", **_shares(listened, talk, limits.listen_minutes, whole))
    if asked * whole < limits.ask_minutes * talk:
        yield _say("asked-too-little", **_shares(asked, talk, limits.ask_minutes, whole))
    if presented * whole > limits.present_minutes * talk:
        yield _say("presented-too-much", **_shares(presented, talk, limits.present_minutes, whole))


def _about_the_duties(
    visit: Visit, kind: VisitType, limits: Limits, around: Around, now: datetime, zone: str
) -> Iterator[Advice]:
    begun = visit.checked_in_at is not None
    if visit.business_trip and begun and limits.daily_contact_on_trips and not around.superior_told:
        yield _say("superior-not-told")
    if any(not one["within_policy"] for one in visit.commitments or ()):
        yield _say("commitment-outside-policy")
    if visit.reported_at is None:
        if visit.report_due_at is not None and visit.report_due_at < now:
            due = visit.report_due_at.astimezone(ZoneInfo(zone))
            yield _say("report-overdue", due=due.strftime("%Y-%m-%d %H:%M"))
        return
    if kind.next_step != Control.NONE and visit.lacks_next_step():
        yield _say("next-step-missing")
    if kind.market_assessment and not visit.market_assessment:
        yield _say("market-assessment-missing")


def _say(code: str, **facts: Any) -> Advice:
    english, chinese = TEXTS[code]
    return Advice(code, english.format(**facts), chinese.format(**facts))


def _shares(minutes: int, talk: int, recommended: int, whole: int) -> dict[str, int]:
    bound = round(100 * recommended / whole)
    return {"share": round(100 * minutes / talk), "least": bound, "most": bound}


def _minutes(time_of_day: str) -> int:
    hours, minutes = time_of_day.split(":")
    return int(hours) * 60 + int(minutes)


def _written(minute: int) -> str:
    return f"{minute // 60 % 24:02d}:{minute % 60:02d}"
