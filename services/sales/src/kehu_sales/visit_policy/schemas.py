"""The visit policy on the wire."""

from typing import Annotated, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field

from kehu_contracts.base import OrLater
from kehu_kernel.wire import Flag, Input, Patch, Text, Whole, shown
from kehu_sales.lists import unlike
from kehu_sales.methods.stages import Control
from kehu_sales.visit_policy.models import Approval, Item, VisitPolicy, VisitType

Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,49}$")]
"""A code of a type, a group or an item."""
Minutes = Annotated[Whole, Field(ge=1, le=1440)]
TimeOfDay = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
"""A time of day in the tenant's time zone, such as 09:00."""
REQUIRED = "Whether a visit cannot be closed before this is ticked."
AUTOMATIC = "Whether it is ticked by itself: a visit names a customer who is on file."
REPORT_HOURS = "Hours after the end within which the visit is to be reported."
NEXT_STEP = (
    "What closing without a next step does: `none` nothing, `remind` a warning, `strict` refused."
)
ASSESSMENT = "Whether the report should hold a market assessment."
APPROVAL = "Which plans need the superior's consent."


class ItemInput(Input):
    """One item of a checklist."""

    code: Code = Field(description="Code, unique in the type.")
    group: Code = Field(description="Group, such as preparation or three_must_discuss.")
    text_zh: Text = Field(description="What to do, in Chinese.")
    text_en: Text = Field(description="What to do, in English.")
    required: Flag = Field(False, description=REQUIRED)
    automatic: Flag = Field(False, description=AUTOMATIC)


class VisitTypeInput(Input):
    """A type of visit as a whole."""

    code: Code = Field(description="Code; one that is known is replaced.")
    name_zh: Text = Field(description="Name in Chinese.")
    name_en: Text = Field(description="Name in English.")
    approval: Approval = Field(description=APPROVAL)
    report_hours: Whole = Field(ge=1, le=8760, description=REPORT_HOURS)
    next_step: Control = Field(Control.REMIND, description=NEXT_STEP)
    market_assessment: Flag = Field(False, description=ASSESSMENT)
    active: Flag = Field(True, description="False: no new visits of this type.")
    checklist: list[ItemInput] = Field(max_length=100, description="Every item, in order.")

    def visit_type(self) -> VisitType:
        """Return the type."""
        items = tuple(Item(**one.model_dump()) for one in self.checklist)
        values = {name: getattr(self, name) for name in type(self).model_fields}
        return VisitType(**values | {"checklist": items})


class LimitsInput(Patch):
    """Limits of the advice; those left out stay."""

    never_null: ClassVar[frozenset[str]] = frozenset(
        {
            "first_visit_min_minutes", "first_visit_max_minutes", "introduction_max_minutes",
            "visits_per_day_and_city", "listen_minutes", "ask_minutes", "present_minutes",
            "unannounced_after_opening_minutes", "unannounced_before_closing_minutes",
            "unannounced_window_minutes", "work_starts", "work_ends", "arrive_early_minutes",
            "proposal_from_stage",
            "daily_contact_on_trips", "follow_up_days", "plan_ahead_days",
        }
    )  # fmt: skip

    first_visit_min_minutes: Minutes | None = Field(None, description="Shortest first visit.")
    first_visit_max_minutes: Minutes | None = Field(None, description="Longest first visit.")
    introduction_max_minutes: Minutes | None = Field(
        None, description="Longest oral introduction of a product."
    )
    visits_per_day_and_city: Whole | None = Field(
        None, ge=1, le=100, description="Good visits a person can make in a city on a day."
    )
    listen_minutes: Minutes | None = Field(None, description="Minutes listening, of such a visit.")
    ask_minutes: Minutes | None = Field(None, description="Minutes asking, of such a visit.")
    present_minutes: Minutes | None = Field(None, description="Minutes presenting, of such.")
    unannounced_after_opening_minutes: Minutes | None = Field(
        None, description="Minutes after work starts when a visit without appointment suits."
    )
    unannounced_before_closing_minutes: Minutes | None = Field(
        None, description="Minutes before work ends when a visit without appointment suits."
    )
    unannounced_window_minutes: Minutes | None = Field(
        None, description="Minutes for which each of these two windows is open."
    )
    work_starts: TimeOfDay | None = Field(None, description="When customers' work starts.")
    work_ends: TimeOfDay | None = Field(None, description="When customers' work ends.")
    arrive_early_minutes: Whole | None = Field(
        None, ge=0, le=1440, description="Minutes before an appointment when one should be there."
    )
    proposal_from_stage: Whole | None = Field(
        None, ge=1, le=4, description="Behaviour stage from which an agreement is proposed."
    )
    daily_contact_on_trips: Flag | None = Field(
        None, description="Whether a superior should hear of a trip every day."
    )
    follow_up_days: Whole | None = Field(
        None, ge=1, le=366, description="Days until the follow-up of a refusal that is not firm."
    )
    plan_ahead_days: Whole | None = Field(
        None, ge=1, le=366, description="How many days ahead visits that recur are planned."
    )


class VisitPolicyUpdate(Patch):
    """Changes to the visit policy; what is left out stays."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "limits": {"visits_per_day_and_city": 3, "work_ends": "17:30"},
                    "types": [
                        {
                            "code": "after_delivery",
                            "name_zh": "交付后回访",
                            "name_en": "After delivery",
                            "approval": "never",
                            "report_hours": 48,
                            "checklist": [
                                {
                                    "code": "usage",
                                    "group": "outline",
                                    "text_zh": "产品使用情况",
                                    "text_en": "How the product is used",
                                }
                            ],
                        }
                    ],
                }
            ]
        }
    )
    never_null: ClassVar[frozenset[str]] = frozenset({"types", "limits"})

    types: Annotated[list[VisitTypeInput], Field(max_length=50), unlike("code")] | None = Field(
        None, description="These types, each as a whole; others stay."
    )
    limits: LimitsInput | None = Field(None, description="Limits of the advice.")


class ItemRead(BaseModel):
    """One item of a checklist."""

    code: str = Field(description="Code.")
    group: str = Field(description="Group, such as preparation or three_must_discuss.")
    text_zh: str = Field(description="What to do, in Chinese.")
    text_en: str = Field(description="What to do, in English.")
    required: bool = Field(description=REQUIRED)
    automatic: bool = Field(description=AUTOMATIC)


class VisitTypeRead(BaseModel):
    """A type of visit."""

    code: str = Field(description="Code.")
    name_zh: str = Field(description="Name in Chinese.")
    name_en: str = Field(description="Name in English.")
    approval: OrLater[Approval] = Field(description=APPROVAL)
    report_hours: int = Field(description=REPORT_HOURS)
    next_step: OrLater[Control] = Field(description=NEXT_STEP)
    market_assessment: bool = Field(description=ASSESSMENT)
    active: bool = Field(description="Whether new visits may be of this type.")
    checklist: list[ItemRead] = Field(description="Every item, in order.")


class LimitsRead(BaseModel):
    """The limits of the advice."""

    model_config = ConfigDict(from_attributes=True)

    first_visit_min_minutes: int = Field(description="Shortest first visit.")
    first_visit_max_minutes: int = Field(description="Longest first visit.")
    introduction_max_minutes: int = Field(description="Longest oral introduction of a product.")
    visits_per_day_and_city: int = Field(description="Good visits in a city on a day.")
    listen_minutes: int = Field(description="Minutes listening, of an ordinary visit.")
    ask_minutes: int = Field(description="Minutes asking, of an ordinary visit.")
    present_minutes: int = Field(description="Minutes presenting, of an ordinary visit.")
    unannounced_after_opening_minutes: int = Field(
        description="Minutes after work starts when a visit without appointment suits."
    )
    unannounced_before_closing_minutes: int = Field(
        description="Minutes before work ends when a visit without appointment suits."
    )
    unannounced_window_minutes: int = Field(
        description="Minutes for which each of these two windows is open."
    )
    work_starts: str = Field(description="When customers' work starts.")
    work_ends: str = Field(description="When customers' work ends.")
    arrive_early_minutes: int = Field(
        description="Minutes before an appointment when one should be there."
    )
    proposal_from_stage: int = Field(
        description="Behaviour stage from which an agreement is proposed."
    )
    daily_contact_on_trips: bool = Field(
        description="Whether a superior should hear of a trip every day."
    )
    follow_up_days: int = Field(
        description="Days until the follow-up of a refusal that is not firm."
    )
    plan_ahead_days: int = Field(description="How many days ahead visits that recur are planned.")


class VisitPolicyRead(BaseModel):
    """The visit policy as it stands."""

    version: int = Field(description="Counts the changes, from 0 for defaults; also the ETag.")
    types: list[VisitTypeRead] = Field(description="Every type of visit.")
    limits: LimitsRead = Field(description="Limits of the advice.")

    @classmethod
    def of(cls, policy: VisitPolicy) -> Self:
        """Return the policy as the API shows it."""
        return shown(cls, policy, limits=policy.measure())
