"""Sales methods on the wire."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, ClassVar, Literal, Self, get_args
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from kehu_contracts.base import OrLater
from kehu_kernel.pagination import PageParams
from kehu_kernel.wire import Flag, Input, Patch, Text, Whole, shown
from kehu_sales.approvals.models import DocumentKind
from kehu_sales.lists import Once
from kehu_sales.methods.models import Method
from kehu_sales.methods.stages import (
    BuyerStage,
    BuyingRole,
    Conditions,
    Control,
    Fact,
    Kind,
    Period,
    Stage,
)

Count = Annotated[Whole, Field(ge=0, le=1000)]
GateDocument = Literal["contract", "contract_amendment", "quote", "sample", "project"]
"""Kinds of documents that belong to an opportunity."""
GATE_DOCUMENTS = get_args(GateDocument)


def _example_stage(
    code: str, name: str, days: int, rate: int, conditions: dict[str, JsonValue] | None = None
) -> dict[str, JsonValue]:
    stage: dict[str, JsonValue] = {
        "code": code,
        "name": name,
        "planned_days": days,
        "success_rate": rate,
    }
    return stage | ({"conditions": conditions} if conditions else {})


SAMPLE_STAGES: list[JsonValue] = [
    _example_stage("understand", "了解情况", 7, 10),
    _example_stage("pre-study", "预研", 14, 30, {"control": "remind", "activities": 1}),
    _example_stage("prepare-solution", "制作方案", 14, 50, {"control": "remind", "tasks": 1}),
    _example_stage("bid", "投标", 21, 70, {"control": "strict", "quotes": 1}),
    _example_stage("sign", "签约", 10, 90),
]
"""The sample method of the textbook (1.3)."""


class StageConditions(Input):
    """What must be recorded in the stage before it is left."""

    control: Control = Field(
        Control.NONE,
        description="`none`: free; `remind`: unmet conditions must be confirmed; "
        "`strict`: they must be met.",
    )
    activities: Count = Field(0, description="Activities recorded in the stage, at least.")
    tasks: Count = Field(0, description="Completed tasks of the stage, at least.")
    quotes: Count = Field(0, description="Quotes made in the stage, at least.")
    visits: Count = Field(0, description="Visits among the activities of the stage, at least.")
    samples: Count = Field(0, description="Samples delivered in the stage, at least.")
    approvals: Count = Field(
        0,
        description="Documents of the opportunity that were approved in the stage, at least: "
        "quotes, contracts and their amendments, samples, projects.",
    )
    approved_documents: Annotated[
        list[GateDocument], Field(max_length=len(GATE_DOCUMENTS)), Once
    ] = Field(
        default_factory=list,
        description="Kinds of documents; one of each must have been approved in the stage.",
    )
    required_fields: Annotated[list[Fact], Field(max_length=len(Fact)), Once] = Field(
        default_factory=list,
        description="What the opportunity must say, such as `need` or `expected_close_on`.",
    )
    roles: Annotated[list[BuyingRole], Field(max_length=len(BuyingRole)), Once] = Field(
        default_factory=list,
        description="Parts that contacts of the buying committee must play.",
    )

    def conditions(self) -> Conditions:
        """Return the conditions that were described."""
        named = {
            "required_fields": tuple(self.required_fields),
            "roles": tuple(self.roles),
            "approved_documents": tuple(map(DocumentKind, self.approved_documents)),
        }
        return Conditions(**self.model_dump() | named)


class StageInput(Input):
    """One stage of a method."""

    code: Text = Field(description="Code, unique in the method.")
    name: Text = Field(description="Name.")
    planned_days: Whole = Field(
        ge=0, le=3650, description="Days an opportunity should stay in the stage."
    )
    success_rate: Whole = Field(
        ge=0, le=100, description="Chance of winning in this stage, in percent; rises."
    )
    conditions: StageConditions = Field(
        default_factory=lambda: StageConditions.model_validate({}),
        description="What must be recorded before the stage is left.",
    )
    name_en: Text | None = Field(None, description="Name in English.")
    buyer_stage: BuyerStage | None = Field(
        None, description="Where the buyer stands meanwhile: C1 finds a need, C5 uses and judges."
    )
    period: Period | None = Field(None, description="Period of the opportunity's life.")
    kind: Kind | None = Field(
        None,
        description="What an opportunity in the stage is; never falls from stage to stage. "
        "A last stage that stands for `successful` is entered by winning.",
    )
    skippable: Flag = Field(
        False, description="Whether a promotion may skip the stage; not unless you say so."
    )
    may_return_to: Annotated[list[Text], Field(max_length=30), Once] = Field(
        default_factory=list,
        description="Codes of earlier stages that an opportunity may be returned to from here.",
    )

    def stage(self) -> Stage:
        """Return the stage that was described."""
        return Stage(
            code=self.code,
            name=self.name,
            planned_days=self.planned_days,
            success_rate=self.success_rate,
            conditions=self.conditions.conditions(),
            name_en=self.name_en,
            buyer_stage=self.buyer_stage,
            period=self.period,
            kind=self.kind,
            skippable=self.skippable,
            may_return_to=tuple(self.may_return_to),
        )


Stages = Annotated[list[StageInput], Field(min_length=1, max_length=30)]


class MethodCreate(Input):
    """A new sales method. The first one of all becomes the default by itself."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "code": "SAMPLE",
                    "name": "示例销售方法",
                    "is_default": True,
                    "stages": SAMPLE_STAGES,
                }
            ]
        },
    )

    code: Text = Field(description="Your own code of the method, unique.")
    name: Text = Field(description="Name.")
    is_default: Flag = Field(False, description="Whether new opportunities take it from now on.")
    winning_asks: Flag = Field(
        True,
        description="Whether the stage that is left by winning must meet its conditions, too.",
    )
    stages: Stages = Field(description="Every stage, in order; their success rates rise.")


class MethodUpdate(Patch):
    """Changes to a method; fields left out stay. `stages` replaces all stages."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "大客户销售方法"}]})
    never_null: ClassVar[frozenset[str]] = frozenset(
        {"code", "name", "active", "winning_asks", "stages"}
    )

    code: Text | None = Field(None, description="Your own code of the method.")
    name: Text | None = Field(None, description="Name.")
    active: Flag | None = Field(None, description="False withdraws it from the choice.")
    winning_asks: Flag | None = Field(
        None,
        description="Whether winning asks for the conditions of the stage that is left; holds at "
        "once, whichever version is followed.",
    )
    stages: Stages | None = Field(
        None,
        description="Every stage: a new version. What is in progress goes on with the one it has.",
    )


class StageRead(BaseModel):
    """One stage of a method."""

    code: str = Field(description="Code.")
    name: str = Field(description="Name.")
    position: int = Field(description="Place in the method, from 1.")
    planned_days: int = Field(description="Days an opportunity should stay in the stage.")
    success_rate: int = Field(description="Chance of winning in this stage, in percent.")
    conditions: "StageConditionsRead" = Field(description="What must be recorded in it.")
    name_en: str | None = Field(description="Name in English.")
    buyer_stage: OrLater[BuyerStage] | None = Field(description="Where the buyer stands meanwhile.")
    period: OrLater[Period] | None = Field(description="Period of the opportunity's life.")
    kind: OrLater[Kind] | None = Field(description="What an opportunity in the stage is.")
    skippable: bool = Field(description="Whether a promotion may skip it.")
    may_return_to: list[str] = Field(description="Earlier stages one may return to from here.")


class StageConditionsRead(BaseModel):
    """What must be recorded in a stage before it is left."""

    control: OrLater[Control] = Field(
        description="How strictly the stage insists: none, remind, strict."
    )
    activities: int = Field(description="Activities recorded in the stage, at least.")
    tasks: int = Field(description="Completed tasks of the stage, at least.")
    quotes: int = Field(description="Quotes made in the stage, at least.")
    visits: int = Field(description="Visits among the activities, at least.")
    samples: int = Field(description="Samples delivered in the stage, at least.")
    approvals: int = Field(description="Documents approved in the stage, at least.")
    approved_documents: list[OrLater[DocumentKind]] = Field(
        description="Kinds of documents; one of each must have been approved in the stage."
    )
    required_fields: list[OrLater[Fact]] = Field(description="What the opportunity must say.")
    roles: list[OrLater[BuyingRole]] = Field(description="Parts the buying committee must have.")


class MethodRead(BaseModel):
    """A sales method as it stands."""

    id: UUID = Field(description="The method's id.")
    version: int = Field(description="Counts the changes; also the ETag.")
    code: str = Field(description="The tenant's own code of the method.")
    name: str = Field(description="Name.")
    is_default: bool = Field(description="Whether new opportunities take it.")
    active: bool = Field(description="Whether it may still be chosen.")
    winning_asks: bool = Field(
        description="Whether winning asks for the conditions of the stage that is left."
    )
    stages_version: int = Field(description="Counts the versions of the stages, from 1.")
    stages: list[StageRead] = Field(description="Every stage of the newest version, in order.")
    created_at: datetime = Field(description="When the record was made.")
    updated_at: datetime = Field(description="When the record changed last.")

    @classmethod
    def of(cls, method: Method) -> Self:
        """Return the method as the API shows it."""
        return shown(cls, method, stages=stages_read(method.stages))


def stages_read(stages: Iterable[Stage]) -> list[StageRead]:
    """Return stages with their positions."""
    return [
        StageRead.model_validate(
            {name: getattr(stage, name) for name in Stage.__slots__}
            | {"position": position, "conditions": asdict(stage.conditions)}
        )
        for position, stage in enumerate(stages, start=1)
    ]


class VersionRead(BaseModel):
    """One version of a method's stages."""

    number: int = Field(description="Counts the versions, from 1.")
    valid_from: datetime = Field(description="Since when opportunities begin with it.")
    valid_until: datetime | None = Field(description="Until when they did; null for the newest.")
    superseded_by: str | None = Field(description="Token subject of who made the next version.")
    in_progress: int = Field(description="Opportunities in progress that follow it.")
    stages: list[StageRead] = Field(description="Every stage, in order.")


class VersionList(BaseModel):
    """The versions of a method's stages."""

    items: list[VersionRead] = Field(description="Every version, the newest first.")


class PresetRead(BaseModel):
    """A prepared method. `method` can be sent to `POST /v1/methods` as it is, or changed."""

    code: str = Field(description="Code of the preset.")
    name_zh: str = Field(description="Name in Chinese.")
    name_en: str = Field(description="Name in English.")
    method: "PresetMethod" = Field(description="The body of a new method.")


class PresetMethod(BaseModel):
    """The body of a new method."""

    code: str = Field(description="Code of the method; your own, if you like.")
    name: str = Field(description="Name.")
    winning_asks: bool = Field(
        description="Whether winning asks for the conditions of the stage that is left."
    )
    stages: list["PresetStage"] = Field(description="Every stage, in order.")


class PresetStage(BaseModel):
    """One stage of a prepared method, as a new method takes it."""

    code: str = Field(description="Code.")
    name: str = Field(description="Name.")
    name_en: str | None = Field(description="Name in English.")
    planned_days: int = Field(description="Days an opportunity should stay in the stage.")
    success_rate: int = Field(description="Chance of winning in this stage, in percent.")
    buyer_stage: OrLater[BuyerStage] | None = Field(description="Where the buyer stands meanwhile.")
    period: OrLater[Period] | None = Field(description="Period of the opportunity's life.")
    kind: OrLater[Kind] | None = Field(description="What an opportunity in the stage is.")
    skippable: bool = Field(description="Whether a promotion may skip it.")
    may_return_to: list[str] = Field(description="Earlier stages one may return to from here.")
    conditions: StageConditionsRead = Field(description="What must be recorded in it.")


class PresetList(BaseModel):
    """The prepared methods."""

    items: list[PresetRead] = Field(description="Every prepared method.")


class MethodFilters(PageParams):
    """Filters of the method list; all must match."""

    code: str | None = Field(None, description="With exactly this code.")
    active: bool | None = Field(None, description="May be chosen, or withdrawn.")
    is_default: bool | None = Field(None, description="The default method, or the others.")
    sort: Literal["name", "-name", "code", "-code", "created_at", "-created_at"] = Field(
        "name", description="Order; a leading minus reverses it."
    )
