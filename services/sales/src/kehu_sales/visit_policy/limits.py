"""The limits that advice about visits measures by: defaults of the texts (4 §2.4)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Thresholds of the advice; none of them refuses anything. `L` names the line of the text.

    `plan_ahead_days`: how many days ahead visits that recur are planned.
    """

    first_visit_min_minutes: int = 15  # L2524
    first_visit_max_minutes: int = 60  # L2524
    introduction_max_minutes: int = 2  # L2510, L2632
    visits_per_day_and_city: int = 4  # "at most 3 or 4", L2644
    listen_minutes: int = 15  # of an ordinary visit of 30 minutes, L2632
    ask_minutes: int = 5  # L2632
    present_minutes: int = 10  # L2632
    unannounced_after_opening_minutes: int = 30  # L2518
    unannounced_before_closing_minutes: int = 60  # L2518
    unannounced_window_minutes: int = 30  # ours: the text names the beginning of a window only
    work_starts: str = "09:00"  # ours: the text says "when work starts"
    work_ends: str = "18:00"  # ours
    arrive_early_minutes: int = 2  # in the office before the appointment, L2518
    proposal_from_stage: int = 3  # at stage 2 an agreement is refused by instinct, L2592
    daily_contact_on_trips: bool = True  # at least once a day, L2622
    plan_ahead_days: int = 60  # ours: how far ahead visits that recur are planned
    follow_up_days: int = 7  # ours: "another day", L2522
