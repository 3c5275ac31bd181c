"""Batches of opportunity commands on the wire."""

from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from kehu_kernel.wire import Input, Text
from kehu_sales.opportunities.schemas import (
    ID,
    OpportunityCreate,
    OpportunityEvaluation,
    OpportunityLoss,
    OpportunityPromotion,
    OpportunitySubmission,
    OpportunityWin,
)

NO_EXAMPLE: dict[str, Any] = {}  # not the single command's, which has no `op`

_ID, _REF, _NOTHING = "opportunity_id", "ref", {"type": "null"}
EITHER: dict[str, Any] = {
    "oneOf": [
        {"required": [one], "properties": {one: {"type": "string"}, other: _NOTHING}}
        for one, other in ((_ID, _REF), (_REF, _ID))
    ]
}


class CreateCommand(OpportunityCreate):
    """Open an opportunity; later commands of the batch may name it by its `ref`."""

    model_config = ConfigDict(json_schema_extra=NO_EXAMPLE)

    op: Literal["create"] = Field(description="What to do.")
    ref: Text | None = Field(None, description="Your label for it, within this batch only.")


class Command(Input):
    """A step of one opportunity: an existing one, or one that this batch creates."""

    opportunity_id: UUID | None = Field(None, description="The opportunity; or else `ref`.")
    ref: Text | None = Field(None, description="The label of an earlier `create` in this batch.")

    @model_validator(mode="after")
    def _name_one(self) -> Self:
        if (self.opportunity_id is None) == (self.ref is None):
            raise PydanticCustomError("one_of", "Name either opportunity_id or ref")
        return self


class SubmitCommand(Command, OpportunitySubmission):
    """Submit an opportunity to an evaluator."""

    model_config = ConfigDict(json_schema_extra=EITHER)

    op: Literal["submit"] = Field(description="What to do.")


class EvaluateCommand(Command, OpportunityEvaluation):
    """Decide on an opportunity."""

    model_config = ConfigDict(json_schema_extra=EITHER)

    op: Literal["evaluate"] = Field(description="What to do.")


class PromoteCommand(Command, OpportunityPromotion):
    """Promote an opportunity to a later stage."""

    model_config = ConfigDict(json_schema_extra=EITHER)

    op: Literal["promote"] = Field(description="What to do.")


class WinCommand(Command, OpportunityWin):
    """Win an opportunity."""

    model_config = ConfigDict(json_schema_extra=EITHER)

    op: Literal["win"] = Field(description="What to do.")


class LoseCommand(Command, OpportunityLoss):
    """Lose an opportunity."""

    model_config = ConfigDict(json_schema_extra=EITHER)

    op: Literal["lose"] = Field(description="What to do.")


StepCommand = SubmitCommand | EvaluateCommand | PromoteCommand | WinCommand | LoseCommand
AnyCommand = Annotated[CreateCommand | StepCommand, Field(discriminator="op")]


class OpportunityBatch(Input):
    """Up to 500 commands, carried out in one transaction."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "commands": [
                        {
                            "op": "create",
                            "ref": "a",
                            "topic": "工作站更新",
                            "customer_id": f"{ID}1",
                        },
                        {"op": "submit", "ref": "a", "evaluator_id": f"{ID}4"},
                        {"op": "evaluate", "ref": "a", "result": "pass"},
                        {
                            "op": "lose",
                            "opportunity_id": f"{ID}5",
                            "closed_on": "2026-11-20",
                            "reason": "价格过高",
                        },
                    ]
                }
            ]
        }
    )

    commands: list[AnyCommand] = Field(
        min_length=1, max_length=500, description="The commands, each opportunity's in order."
    )


class ItemProblem(BaseModel):
    """Why a command of a batch was refused: what it would have answered alone."""

    code: str = Field(description="Stable code of the failure.")
    status: int = Field(description="The HTTP status it would have had.")
    detail: str = Field(description="What went wrong, in the request's language.")
    extra: dict[str, Any] = Field(description="More facts, such as unmet `conditions`.")


class BatchItem(BaseModel):
    """What became of one command."""

    index: int = Field(description="Place of the command in the batch, from 0.")
    status: Literal["ok", "failed"] = Field(description="Whether it was carried out.")
    opportunity_id: UUID | None = Field(description="The opportunity; null if none was created.")
    version: int | None = Field(description="Its version after the command; null if it failed.")
    problem: ItemProblem | None = Field(description="Why it failed.")


class BatchResult(BaseModel):
    """What became of every command."""

    items: list[BatchItem] = Field(description="One item per command, in the same order.")
