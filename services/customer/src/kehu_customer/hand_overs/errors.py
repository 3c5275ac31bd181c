"""What can be refused about handing over what a leaver looks after."""

from http import HTTPStatus

from kehu_kernel.errors import DomainError


class UnknownLeaver(DomainError):
    """Nobody with this id is, or was, an employee."""

    code = "unknown-leaver"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "There is no such employee."
    zh = "该员工不存在。"


class SuccessorUnfit(DomainError):
    """A successor must be another employee, who works here."""

    code = "successor-unfit"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "A successor must be another employee, who works here."
    zh = "接收人必须是另一名在职员工。"


class HandOverRunning(DomainError):
    """What this employee looks after is being handed over already."""

    code = "hand-over-running"
    status = HTTPStatus.CONFLICT
    en = "What this employee looks after is being handed over already."
    zh = "该员工名下的数据正在移交中。"


class HandOversCross(DomainError):
    """Two running hand-overs that feed each other would move the same customers for ever."""

    code = "hand-overs-cross"
    status = HTTPStatus.CONFLICT
    en = (
        "A successor is being handed over, or the leaver is getting what somebody else hands over: "
        "wait until that hand-over is completed."
    )
    zh = "接收人名下的数据正在移交，或该员工正在接收他人移交的数据，请待该移交完成后再试。"
