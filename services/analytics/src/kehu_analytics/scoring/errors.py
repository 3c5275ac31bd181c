"""What can be refused about scoring, in business words."""

from http import HTTPStatus

from kehu_kernel.errors import DomainError

DIMENSION_ZH = {
    "won_amount": "赢单金额",
    "won_count": "赢单数",
    "lost_count": "输单数",
    "win_rate": "赢单率",
    "average_deal": "平均成交额",
    "open_amount": "在谈金额",
    "service_request_count": "服务请求数",
}
"""The dimensions in Chinese."""


class ScaleNotOpen(DomainError):
    """The first interval must have no lower end, and the last one no upper end."""

    code = "scale-not-open"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The first interval must have no lower end and the last one no upper end (null)."
    zh = "第一个区间不能有下限，最后一个区间不能有上限（null）。"


class ScaleStepEmpty(DomainError):
    """An interval must end above its start."""

    code = "scale-step-empty"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The interval from {low} to {high} holds no number."
    zh = "区间 {low} 至 {high} 为空。"


class ScaleGap(DomainError):
    """The intervals leave out some numbers."""

    code = "scale-gap"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The numbers from {high} up to {low} are in no interval."
    zh = "从 {high} 到 {low} 的数值不属于任何区间。"


class ScaleOverlap(DomainError):
    """Two intervals share numbers, or are not in rising order."""

    code = "scale-overlap"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "An interval ends at {high}, but the next one starts at {low}: list them rising."
    zh = "某区间止于 {high}，下一区间却始于 {low}：请按升序列出且互不重叠。"


class GradeCodeTwice(DomainError):
    """Every grade needs a code of its own."""

    code = "grade-code-twice"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The grade code {grade} is used twice."
    zh = "等级代码 {grade} 重复。"


class CurrencyNotMeant(DomainError):
    """Only a dimension of money has a currency."""

    code = "currency-not-meant"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "{dimension} does not count money: leave the currency out."
    zh = "{dimension} 不是金额维度，请勿提供币种。"
    zh_words = DIMENSION_ZH


class WeightsNotHundred(DomainError):
    """The weights of a model add up to 100 percent."""

    code = "weights-not-hundred"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The weights add up to {total} percent, not 100."
    zh = "权重合计为 {total}%，应为 100%。"


class ValueModelNameTaken(DomainError):
    """Another value model already has this name."""

    code = "value-model-name-taken"
    status = HTTPStatus.CONFLICT
    en = "Another value model already has this name."
    zh = "已存在同名的价值模型。"


class ValueModelNotDraft(DomainError):
    """A model that is or was in force is not changed: make a new one."""

    code = "value-model-not-draft"
    status = HTTPStatus.CONFLICT
    en = "{name} is or was in force and cannot be changed; make a new model."
    zh = "{name} 已启用或曾启用，不能修改；请新建模型。"


class ValueModelActive(DomainError):
    """The value model is active already."""

    code = "value-model-active"
    status = HTTPStatus.CONFLICT
    en = "{name} is the active value model already."
    zh = "{name} 已是启用的价值模型。"


class ScoringOptionsMissing(DomainError):
    """A model can only be activated when each of its dimensions has scoring options."""

    code = "scoring-options-missing"
    status = HTTPStatus.CONFLICT
    en = "Set up scoring options first for: {dimensions}."
    zh = "请先设置以下维度的评分选项：{dimensions}。"
    zh_words = DIMENSION_ZH


class GradesMissing(DomainError):
    """A model can only be activated when there are value grades."""

    code = "grades-missing"
    status = HTTPStatus.CONFLICT
    en = "Set up the value grades first."
    zh = "请先设置价值等级。"
