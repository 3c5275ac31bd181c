"""What can be refused about an import, and about a row of its file."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import ClassVar

from kehu_kernel.errors import DomainError

STATES_ZH: Mapping[str, str] = {
    "draft": "准备中",
    "checking": "检查中",
    "checked": "已检查",
    "running": "导入中",
    "paused": "已暂停",
    "completed": "已完成",
    "failed": "已失败",
    "undoing": "撤销中",
    "undone": "已撤销",
}


class ImportStateForbids(DomainError):
    """The import is in a state in which this cannot be done."""

    code = "import-state-forbids"
    status = HTTPStatus.CONFLICT
    en = "This cannot be done with an import that is {state}."
    zh = "导入任务当前状态为{state}，不能执行此操作。"
    zh_words: ClassVar[Mapping[str, str]] = STATES_ZH


class ImportOfAnother(DomainError):
    """The import works with the rights of whoever set it up, and shows what that person gave."""

    code = "import-of-another"
    status = HTTPStatus.FORBIDDEN
    en = (
        "Somebody else set this import up; only that person works with it and its file. Once that "
        "person has left, whoever sees all customers may pause it, undo it and delete its file."
    )
    zh = (
        "该导入任务由他人创建，仅创建者可以操作任务和查看文件。"
        "创建者离职后，可查看全部客户的人员可以暂停、撤销任务或删除文件。"
    )


class FileIncomplete(DomainError):
    """The file is not there, or a part between others is missing."""

    code = "file-incomplete"
    status = HTTPStatus.CONFLICT
    en = "The file is not complete: upload its parts 1, 2, 3 and so on, without a gap."
    zh = "文件不完整：请从 1 开始依次上传各分片，不得缺少。"


class FileTooLarge(DomainError):
    """The parts together are more than an import takes."""

    code = "file-too-large"
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    en = "A file has at most {limit} bytes; split it into several imports."
    zh = "文件不得超过 {limit} 字节，请拆分为多次导入。"


class FileUnreadable(DomainError):
    """The content is not what the format says, or is packed too densely to be read safely."""

    code = "file-unreadable"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The file cannot be read as {format}: {why_en}."
    zh = "无法按 {format} 格式读取文件：{why_zh}。"


class MappingNeeded(DomainError):
    """Nobody has said yet which columns mean what."""

    code = "mapping-needed"
    status = HTTPStatus.CONFLICT
    en = "Say first which columns mean what; the preview suggests it."
    zh = "请先设置列映射；预览会给出建议。"


class MappingInvalid(DomainError):
    """Columns are mapped to something that does not exist, or two of them to the same."""

    code = "mapping-invalid"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "These cannot be the meanings of columns, or are given twice: {meanings}."
    zh = "以下列含义不存在或重复：{meanings}。"


class HeadersMissing(DomainError):
    """Columns are mapped that the file does not have."""

    code = "headers-missing"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The file has no columns with these headers: {headers}."
    zh = "文件中没有以下列标题：{headers}。"


class RowIdentitiesDiffer(DomainError):
    """Code, external reference and credit code of a row belong to different customers."""

    code = "row-identities-differ"
    status = HTTPStatus.CONFLICT
    en = "Code, external reference and credit code of the row belong to different customers."
    zh = "该行的客户编码、外部引用与统一社会信用代码属于不同客户。"


class RowRepeated(DomainError):
    """An earlier row of the file is the same customer, as far as can be told."""

    code = "row-repeated"
    status = HTTPStatus.CONFLICT
    en = "Row {row} of the file is the same customer already."
    zh = "文件第 {row} 行已是同一客户。"
