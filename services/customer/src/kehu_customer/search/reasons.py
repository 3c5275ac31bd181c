"""Why something was found, in both languages (C15)."""

from enum import StrEnum


class Field(StrEnum):
    """What matched: 名称, 编码, 电话, 电子邮件, 网站, 地址."""

    NAME = "name"
    CODE = "code"
    PHONE = "phone"
    EMAIL = "email"
    WEBSITE = "website"
    ADDRESS = "address"


class SearchManner(StrEnum):
    """How it matched."""

    EQUAL = "equal"
    START = "start"
    DOMAIN = "domain"
    END = "end"
    INSIDE = "inside"
    SOUND = "sound"
    SOUND_START = "sound_start"
    INITIALS = "initials"
    SOUND_INSIDE = "sound_inside"
    INITIALS_INSIDE = "initials_inside"
    TYPO = "typo"
    ADDRESS = "address"


FIELDS = {
    Field.NAME: ("name", "名称"),
    Field.CODE: ("code", "编码"),
    Field.PHONE: ("phone number", "电话"),
    Field.EMAIL: ("e-mail", "电子邮件"),
    Field.WEBSITE: ("website", "网站"),
    Field.ADDRESS: ("address", "地址"),
}
MANNERS = {
    SearchManner.EQUAL: ("The {} is the same", "{}相同"),
    SearchManner.START: ("The {} begins so", "{}以此开头"),
    SearchManner.DOMAIN: ("The {} has this domain", "{}属于该域名"),
    SearchManner.END: ("The {} ends so", "{}以此结尾"),
    SearchManner.INSIDE: ("The {} contains this", "{}包含此内容"),
    SearchManner.SOUND: ("The {} sounds the same", "{}拼音相同"),
    SearchManner.SOUND_START: ("The {} sounds so at its beginning", "{}拼音以此开头"),
    SearchManner.INITIALS: ("The {} has these pinyin initials", "{}拼音首字母相符"),
    SearchManner.SOUND_INSIDE: ("The {} sounds so in part", "{}拼音包含此内容"),
    SearchManner.INITIALS_INSIDE: (
        "The {} has these pinyin initials in it",
        "{}包含这些拼音首字母",
    ),
    SearchManner.TYPO: ("The {} is much like it", "{}近似"),
    SearchManner.ADDRESS: ("The {} contains this", "{}包含此内容"),
}


def told(field: Field, manner: SearchManner) -> tuple[str, str]:
    """Return the reason in English and in Chinese."""
    (field_en, field_zh), (manner_en, manner_zh) = FIELDS[field], MANNERS[manner]
    return manner_en.format(field_en), manner_zh.format(field_zh)
