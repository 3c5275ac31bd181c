"""What is wrong with one field of a request, in a plain sentence in either language.

The codes are the validator's, and stay; its words are for programmers and do not travel.
"""

import re
from collections.abc import Mapping

SENTENCES = {
    "missing": ("This field is required", "缺少必填项"),
    "body_missing": (
        "A JSON body is needed; {{}} if there is nothing to say",
        "需要 JSON 请求正文；没有内容时请发送 {{}}",
    ),
    "extra_forbidden": ("There is no such field here", "不允许的字段"),
    "json_invalid": ("This is not valid JSON", "JSON 格式错误"),
    "string_type": ("Expected is a text", "应为文本"),
    "string_too_short": (
        "The text is too short (at least {min_length})",
        "文本过短，至少 {min_length} 个字符",
    ),
    "string_too_long": (
        "The text is too long (at most {max_length} characters)",
        "文本过长，最多 {max_length} 个字符",
    ),
    "string_pattern_mismatch": ("The text does not have the expected form", "格式不符合要求"),
    "string_unicode": ("The text has characters that do not exist", "文本含有无效字符"),
    "int_type": ("Expected is a whole number", "应为整数"),
    "int_parsing": ("Expected is a whole number", "应为整数"),
    "int_from_float": ("Expected is a whole number", "应为整数"),
    "int_parsing_size": ("The number is too long", "数字位数过多"),
    "float_type": ("Expected is a number", "应为数字"),
    "float_parsing": ("Expected is a number", "应为数字"),
    "finite_number": ("Expected is a finite number", "应为有限的数字"),
    "bool_type": ("Expected is true or false", "应为布尔值"),
    "bool_parsing": ("Expected is true or false", "应为布尔值"),
    "decimal_type": ("Expected is a number", "应为数字"),
    "decimal_parsing": (
        'Expected is a number as text, such as "12.50"',
        '应为文本形式的数字，如 "12.50"',
    ),
    "decimal_max_places": (
        "Too many decimal places: {decimal_places} at most",
        "小数位数过多，最多 {decimal_places} 位",
    ),
    "decimal_max_digits": (
        "Too many digits: {max_digits} at most",
        "数字位数过多，最多 {max_digits} 位",
    ),
    "decimal_whole_digits": (
        "Too many digits before the point: {whole_digits} at most",
        "整数部分过长，最多 {whole_digits} 位",
    ),
    "greater_than": ("It has to be more than {gt}", "数值过小，应大于 {gt}"),
    "greater_than_equal": ("It has to be at least {ge}", "数值过小，不得小于 {ge}"),
    "less_than": ("It has to be less than {lt}", "数值过大，应小于 {lt}"),
    "less_than_equal": ("It has to be at most {le}", "数值过大，不得大于 {le}"),
    "uuid_type": ("Expected is an id, a UUID", "应为 UUID"),
    "uuid_parsing": ("Expected is an id, a UUID", "应为 UUID"),
    "date_type": ("Expected is a day, written YYYY-MM-DD", "应为日期（YYYY-MM-DD）"),
    "date_parsing": ("Expected is a day, written YYYY-MM-DD", "应为日期（YYYY-MM-DD）"),
    "date_from_datetime_parsing": (
        "Expected is a day, written YYYY-MM-DD",
        "应为日期（YYYY-MM-DD）",
    ),
    "datetime_type": ("Expected is a moment with a time zone", "应为带时区的时间"),
    "datetime_parsing": ("Expected is a moment with a time zone", "应为带时区的时间"),
    "datetime_from_date_parsing": ("Expected is a moment with a time zone", "应为带时区的时间"),
    "timezone_aware": ("Expected is a moment with a time zone", "应为带时区的时间"),
    "enum": ("There is no such value; one of: {allowed}", "不在允许的取值范围内：{allowed}"),
    "literal_error": (
        "There is no such value; one of: {allowed}",
        "不在允许的取值范围内：{allowed}",
    ),
    "unknown_fact": (
        "There is no such fact that this test can look at; one of: {allowed}",
        "此条件不能判断该项，可用的有：{allowed}",
    ),
    "list_type": ("Expected is a list", "应为列表"),
    "dict_type": ("Expected is an object", "应为对象"),
    "model_type": ("Expected is an object", "应为对象"),
    "model_attributes_type": ("Expected is an object", "应为对象"),
    "too_short": ("Too few items (at least {min_length})", "条目过少，至少 {min_length} 项"),
    "too_long": ("Too many items (at most {max_length})", "条目过多，最多 {max_length} 项"),
    "union_tag_invalid": ("There is no such kind; one of: {allowed}", "未知的类型标识：{allowed}"),
    "union_tag_not_found": ("The kind is missing", "缺少类型标识"),
    "null_forbidden": ("This cannot be null", "不能为空"),
    "not_unique": ("Named twice", "不能重复"),
    "one_of": ("Name one of the two", "二者必须且只能填写一个"),
}
SENTENCES["literal_error"] = SENTENCES["enum"]
"""English and Chinese, with what the validator says of the limit."""
OTHERS = {"en": "This value is not accepted", "zh": "取值无效"}


def sentence(code: str, context: Mapping[str, object], language: str) -> str:
    """Return what is wrong, with the limit that was passed, or the values that are allowed."""
    told = context.get("expected") or context.get("expected_tags") or ""
    separator = "、" if language == "zh" else ", "
    allowed = separator.join(re.findall(r"'([^']*)'", str(told)))
    try:
        return SENTENCES[code][language == "zh"].format(allowed=allowed, **context)
    except KeyError:
        return OTHERS[language]
