"""Where leads come from: the thirteen ways of the textbook (L1798-1824), and any other."""

from enum import StrEnum


class LeadSource(StrEnum):
    """The way a prospect was found."""

    ACQUAINTANCE = "acquaintance"
    RELATIONSHIP_CHAIN = "relationship_chain"
    INFLUENTIAL_PERSON = "influential_person"
    OTHER_SALESPEOPLE = "other_salespeople"
    DOOR_TO_DOOR = "door_to_door"
    OBSERVATION = "observation"
    DIRECTORY = "directory"
    DIRECT_MAIL = "direct_mail"
    ADVERTISING = "advertising"
    SEMINAR = "seminar"
    TELEPHONE = "telephone"
    DORMANT_CUSTOMER = "dormant_customer"
    PRINT_MEDIA = "print_media"
    OTHER = "other"

    def label(self, language: str) -> str:
        """Return the name people know it by, in `zh` or `en`."""
        en, zh = LABELS[self]
        return zh if language == "zh" else en


LABELS = {
    LeadSource.ACQUAINTANCE: ("Friends and acquaintances", "朋友和熟人"),
    LeadSource.RELATIONSHIP_CHAIN: ("Relationship chain", "关系链"),
    LeadSource.INFLUENTIAL_PERSON: ("Influential persons", "有影响的人物"),
    LeadSource.OTHER_SALESPEOPLE: (
        "Salespeople of firms we do not compete with",
        "无竞争关系的其他销售人员",
    ),
    LeadSource.DOOR_TO_DOOR: ("Door-to-door", "上门推销"),
    LeadSource.OBSERVATION: ("Observation", "观察"),
    LeadSource.DIRECTORY: ("Lists and phone books", "名单和客户电话簿"),
    LeadSource.DIRECT_MAIL: ("Direct mail", "直接邮寄信件"),
    LeadSource.ADVERTISING: ("Advertising", "广告"),
    LeadSource.SEMINAR: ("Seminars", "讨论会"),
    LeadSource.TELEPHONE: ("Telephone", "电话推销"),
    LeadSource.DORMANT_CUSTOMER: ("Dormant customers", "休眠的客户"),
    LeadSource.PRINT_MEDIA: ("Newspapers and print", "报刊及其他纸质媒介"),
    LeadSource.OTHER: ("Other", "其他"),
}
"""English and Chinese names."""
