"""What can be refused about a forecast, in business words."""

from http import HTTPStatus

from kehu_kernel.errors import DomainError


class CutOffsMustFall(DomainError):
    """What is surer needs a higher success rate."""

    code = "cut-offs-must-fall"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The cut-offs must fall: commit_from >= likely_from >= best_from."
    zh = "分界值必须依次递减：承诺 ≥ 可能 ≥ 最佳情况。"


class ForecastRulesTaken(DomainError):
    """Somebody else has just decided on the rules for the first time."""

    code = "forecast-rules-taken"
    status = HTTPStatus.CONFLICT
    en = "The rules were decided a moment ago: read them and try again."
    zh = "预测规则刚刚已被设定，请重新读取后再试。"


class TooManyMonths(DomainError):
    """A forecast is for some months, not for all times."""

    code = "too-many-months"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "Ask for {most} months at most."
    zh = "最多可查询 {most} 个月。"


class ForecastNotKept(DomainError):
    """There is no snapshot of that day."""

    code = "forecast-not-kept"
    status = HTTPStatus.NOT_FOUND
    en = "No forecast was kept when {day} began."
    zh = "{day} 当日没有保存销售预测快照。"
