"""Sales methods on the wire."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from kehu_kernel.pagination import PageParams
from kehu_kernel.wire import Flag, Input, Patch, Text, Whole, shown
from kehu_sales.methods.models import Conditions, Control, Method, Stage

Count = Annotated[Whole, Field(ge=0, le=1000)]


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

    def stage(self) -> Stage:
        """Return the stage that was described."""
        return Stage(
            code=self.code,
            name=self.name,
            planned_days=self.planned_days,
            success_rate=self.success_rate,
            conditions=Conditions(**self.conditions.model_dump()),
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
    stages: Stages = Field(description="Every stage, in order; their success rates rise.")


class MethodUpdate(Patch):
    """Changes to a method; fields left out stay. `stages` replaces all stages."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "大客户销售方法"}]})
    never_null: ClassVar[frozenset[str]] = frozenset({"code", "name", "active", "stages"})

    code: Text | None = Field(None, description="Your own code of the method.")
    name: Text | None = Field(None, description="Name.")
    active: Flag | None = Field(None, description="False withdraws it from the choice.")
    stages: Stages | None = Field(
        None, description="Every stage; refused while an opportunity in progress follows them."
    )


class StageRead(BaseModel):
    """One stage of a method."""

    code: str = Field(description="Code.")
    name: str = Field(description="Name.")
    position: int = Field(description="Place in the method, from 1.")
    planned_days: int = Field(description="Days an opportunity should stay in the stage.")
    success_rate: int = Field(description="Chance of winning in this stage, in percent.")
    conditions: "StageConditionsRead" = Field(description="What must be recorded in it.")


class StageConditionsRead(BaseModel):
    """What must be recorded in a stage before it is left."""

    control: Control = Field(description="How strictly the stage insists: none, remind, strict.")
    activities: int = Field(description="Activities recorded in the stage, at least.")
    tasks: int = Field(description="Completed tasks of the stage, at least.")
    quotes: int = Field(description="Quotes made in the stage, at least.")


class MethodRead(BaseModel):
    """A sales method as it stands."""

    id: UUID = Field(description="The method's id.")
    version: int = Field(description="Counts the changes; also the ETag.")
    code: str = Field(description="The tenant's own code of the method.")
    name: str = Field(description="Name.")
    is_default: bool = Field(description="Whether new opportunities take it.")
    active: bool = Field(description="Whether it may still be chosen.")
    stages: list[StageRead] = Field(description="Every stage, in order.")
    created_at: datetime = Field(description="When the record was made.")
    updated_at: datetime = Field(description="When the record changed last.")

    @classmethod
    def of(cls, method: Method) -> Self:
        """Return the method as the API shows it."""
        return shown(cls, method, stages=stages_of(method))


def stages_of(method: Method) -> list[StageRead]:
    """Return the stages of a method with their positions."""
    return [
        StageRead(
            code=stage.code,
            name=stage.name,
            position=position,
            planned_days=stage.planned_days,
            success_rate=stage.success_rate,
            conditions=StageConditionsRead(
                control=stage.conditions.control,
                activities=stage.conditions.activities,
                tasks=stage.conditions.tasks,
                quotes=stage.conditions.quotes,
            ),
        )
        for position, stage in enumerate(method.stages, start=1)
    ]


class MethodFilters(PageParams):
    """Filters of the method list; all must match."""

    code: str | None = Field(None, description="With exactly this code.")
    active: bool | None = Field(None, description="May be chosen, or withdrawn.")
    is_default: bool | None = Field(None, description="The default method, or the others.")
    sort: Literal["name", "-name", "code", "-code", "created_at", "-created_at"] = Field(
        "name", description="Order; a leading minus reverses it."
    )
