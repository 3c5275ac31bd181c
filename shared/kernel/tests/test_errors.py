"""What a refusal says, in both languages."""

from http import HTTPStatus

from kehu_kernel.errors import DomainError, NotFound


class StillClosed(DomainError):
    """An example of a refusal."""

    code = "still-closed"
    status = HTTPStatus.CONFLICT
    en = "{number} is {status}; missing: {parts}."
    zh = "{number} {status}；缺少：{parts}。"
    zh_words = {"closed": "已关闭", "lid": "盖子"}  # noqa: RUF012 - read only


class SparePart:
    """An example of a model."""

    label_zh = "备件"


def test_states_are_named_in_the_language_of_the_message() -> None:
    error = StillClosed(number="R-1", status="closed", parts=["lid", "R-2"])
    assert error.message("en") == "R-1 is closed; missing: lid, R-2."
    assert error.message("zh") == "R-1 已关闭；缺少：盖子、R-2。"


def test_what_is_not_found_is_named_in_words() -> None:
    error = NotFound.of(SparePart, 17)
    assert error.message("en") == "There is no spare part 17."
    assert error.message("zh") == "不存在备件 17。"


def test_a_code_with_a_label_is_told_by_its_label_in_chinese_only() -> None:
    class Named(str):
        zh = "备件柜"

    error = StillClosed(number="R-1", status=Named("cabinet"), parts=[Named("shelf")])
    assert error.message("en") == "R-1 is cabinet; missing: shelf."
    assert error.message("zh") == "R-1 备件柜；缺少：备件柜。"
