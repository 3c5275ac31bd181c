"""What can be refused about the credit policy."""

from http import HTTPStatus

from kehu_kernel.errors import DomainError


class ReportMonthsContradict(DomainError):
    """The usual validity of a report must lie between the shortest and the longest."""

    code = "report-months-contradict"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "{months} months do not lie between {shortest} and {longest}."
    zh = "{months} 个月不在 {shortest} 至 {longest} 个月之间。"


class ReportMonthsOutOfRange(DomainError):
    """The policy does not allow a report to be valid for so long, or so short."""

    code = "report-months-out-of-range"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "A credit report is valid for {shortest} to {longest} months, not {months}."
    zh = "资信报告的有效期应为 {shortest} 至 {longest} 个月，不能为 {months} 个月。"


class ThresholdsContradict(DomainError):
    """A value cannot be good and too low, or good and too high."""

    code = "thresholds-contradict"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The thresholds of {ratio} contradict each other: too low <= good <= too high is needed."
    zh = "比率 {ratio} 的阈值互相矛盾：应满足 过低 <= 良好 <= 过高。"
