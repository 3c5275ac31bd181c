"""Business failures as types: a stable code, an HTTP status, a message in English and Chinese."""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, ClassVar, Self

NO_WORDS: Mapping[str, str] = {}


class DomainError(Exception):
    """Base of every failure the API documents.

    Subclasses set `code` (stable, kebab-case), `status`, and the message templates `en` and `zh`,
    whose placeholders are filled from the keyword arguments. `extra` members are added to the
    problem document as they are. Consumers dead-letter an event at once unless `retryable`.
    """

    code: ClassVar[str]
    status: ClassVar[HTTPStatus]
    en: ClassVar[str]
    zh: ClassVar[str]
    retryable: ClassVar[bool] = False
    zh_words: ClassVar[Mapping[str, str]] = NO_WORDS
    """Chinese for facts that are words of ours, e.g. the names of states."""

    def __init__(self, *, extra: dict[str, Any] | None = None, **facts: object) -> None:
        self.facts = facts
        self.extra = extra or {}
        super().__init__(self.message("en"))

    def message(self, language: str) -> str:
        """Return the message in `zh` or `en` (anything else counts as English)."""
        template, comma = self.en, ", "
        words: Mapping[str, str] | None = None  # codes are English
        if language == "zh":
            template, comma, words = self.zh, "、", self.zh_words
        told = {name: _told(fact, comma, words) for name, fact in self.facts.items()}
        return template.format(**told)


def _told(fact: object, comma: str, words: Mapping[str, str] | None) -> object:
    """Return a fact as it is told: a list enumerated, a word of ours translated, a label used."""
    if isinstance(fact, list):
        return comma.join(str(_told(one, comma, words)) for one in fact)
    return fact if words is None else words.get(str(fact), getattr(fact, "zh", fact))


class NotFound(DomainError):
    """Nothing with this id exists for this tenant; nor does another tenant's object."""

    code = "not-found"
    status = HTTPStatus.NOT_FOUND
    en = "There is no {what_en} {id}."
    zh = "不存在{what_zh} {id}。"

    @classmethod
    def of(cls, model: type, row_id: object) -> Self:
        """Say it of a model: its class in words, or in Chinese its `label_zh`."""
        words = re.sub(r"(?<!^)(?=[A-Z])", " ", model.__name__).lower()
        return cls(what_en=words, what_zh=getattr(model, "label_zh", words), id=row_id)


class OutsideRowScope(DomainError):
    """The command would concern rows that the caller may not see."""

    code = "outside-row-scope"
    status = HTTPStatus.FORBIDDEN
    en = "This concerns somebody whose records you may not see."
    zh = "该操作涉及您无权查看其数据的人员。"


class VersionConflict(DomainError):
    """If-Match names a version that is no longer the current one."""

    code = "version-conflict"
    status = HTTPStatus.PRECONDITION_FAILED
    en = "The object is at version {current}, you sent version {expected}. Read it again and retry."
    zh = "对象当前版本为 {current}，您提交的是版本 {expected}。请重新读取后再试。"


class ConcurrentChange(DomainError):
    """Two commands changed the same object at the same moment; this one did nothing."""

    code = "concurrent-change"
    status = HTTPStatus.CONFLICT
    en = "Somebody changed the same object at the same moment. Nothing was done; try again."
    zh = "有人同时修改了同一对象。本次操作未生效，请重试。"
    retryable = True


class IfMatchRequired(DomainError):
    """A change needs the version it is based on."""

    code = "if-match-required"
    status = HTTPStatus.PRECONDITION_REQUIRED
    en = "Send the object's ETag in the If-Match header."
    zh = "请在 If-Match 请求头中提供对象的 ETag。"


class InvalidHeader(DomainError):
    """A request header has a value that cannot be understood."""

    code = "invalid-header"
    status = HTTPStatus.BAD_REQUEST
    en = "The header {header} is not valid: {why_en}."
    zh = "请求头 {header} 无效：{why_zh}。"


class IdempotencyKeyInUse(DomainError):
    """The first request with this key is still being worked on."""

    code = "idempotency-key-in-use"
    status = HTTPStatus.CONFLICT
    en = "A request with this Idempotency-Key is still in progress. Try again in a moment."
    zh = "使用该 Idempotency-Key 的请求仍在处理中，请稍后重试。"
    retryable = True


class IdempotencyKeyReused(DomainError):
    """The key was used for another request."""

    code = "idempotency-key-reused"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "This Idempotency-Key was already used for a different request."
    zh = "该 Idempotency-Key 已用于另一个不同的请求。"


class InvalidCursor(DomainError):
    """The cursor does not belong to this list or sort order."""

    code = "invalid-cursor"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The cursor is not valid for this list and sort order."
    zh = "该游标不适用于此列表或排序方式。"


class InvalidText(DomainError):
    """A text has a character that cannot be stored (U+0000), or is too long to be found again."""

    code = "invalid-text"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "A text has a character that cannot be stored, or is too long."
    zh = "文本中含有无法存储的字符，或文本过长。"


class Unauthenticated(DomainError):
    """No bearer token, or one that cannot be trusted."""

    code = "unauthenticated"
    status = HTTPStatus.UNAUTHORIZED
    en = "A valid bearer token is needed: {why_en}."
    zh = "需要有效的访问令牌：{why_zh}。"


class ScopeMissing(DomainError):
    """The token is good, but does not allow this operation."""

    code = "scope-missing"
    status = HTTPStatus.FORBIDDEN
    en = "This operation needs the scope {scope}."
    zh = "此操作需要权限 {scope}。"


class BodyTooLarge(DomainError):
    """The request body exceeds the configured limit."""

    code = "body-too-large"
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    en = "The request body is larger than {limit} bytes."
    zh = "请求正文超过 {limit} 字节。"


class Unavailable(DomainError):
    """A part this service cannot work without does not answer; nothing was done."""

    code = "unavailable"
    status = HTTPStatus.SERVICE_UNAVAILABLE
    en = "The service's database cannot serve right now. Nothing was done; try again shortly."
    zh = "服务的数据库暂时无法提供服务。本次操作未生效，请稍后重试。"
    retryable = True


class TookTooLong(DomainError):
    """The request needs more time than a statement may take; nothing was done."""

    code = "took-too-long"
    status = HTTPStatus.SERVICE_UNAVAILABLE
    en = "The request took longer than is allowed. Nothing was done; ask for less at a time."
    zh = "请求耗时超过限制。本次操作未生效，请缩小请求范围。"


class Overloaded(DomainError):
    """Too many requests are being worked on; this one was not begun."""

    code = "overloaded"
    status = HTTPStatus.SERVICE_UNAVAILABLE
    en = "The service is at its limit. Nothing was done; try again shortly."
    zh = "服务已达到负载上限。本次操作未生效，请稍后重试。"
    retryable = True


class DeadlinePassed(DomainError):
    """The time that the whole request may take was over before it was done; nothing was done."""

    code = "deadline-passed"
    status = HTTPStatus.SERVICE_UNAVAILABLE
    en = "The request was not done within {seconds:g} s. Nothing was done; try again shortly."
    zh = "请求未能在 {seconds:g} 秒内完成。本次操作未生效，请稍后重试。"
    retryable = True


class OutcomeUnknown(DomainError):
    """The database gave no answer while the change was being committed: done or not, nobody knows.

    A repetition with the same Idempotency-Key has one effect, whatever became of the first.
    """

    code = "outcome-unknown"
    status = HTTPStatus.SERVICE_UNAVAILABLE
    en = (
        "The database did not confirm the change. It may have been made or not. Repeat the request "
        "with the same Idempotency-Key, or read the object before you try again."
    )
    zh = (
        "数据库未能确认此次变更，变更可能已生效，也可能未生效。"
        "请使用相同的 Idempotency-Key 重试，或先读取该对象再决定。"
    )
    retryable = True


class IssuerUnavailable(DomainError):
    """The keys that tokens are signed with cannot be fetched; whether this one is good is open."""

    code = "issuer-unavailable"
    status = HTTPStatus.SERVICE_UNAVAILABLE
    en = "The token cannot be checked right now, because its issuer does not answer. Try again."
    zh = "令牌签发方暂无响应，无法校验令牌，请稍后重试。"
    retryable = True


class EventTooLarge(DomainError):
    """The event that this change would publish is larger than the broker accepts."""

    code = "event-too-large"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The change is too large to be published ({size} bytes, at most {limit})."
    zh = "该变更过大，无法发布（{size} 字节，上限 {limit}）。"


class PersonErased(DomainError):
    """The person was erased: no personal value is recorded any more."""

    code = "person-erased"
    status = HTTPStatus.CONFLICT
    en = "This person was erased: personal data is not recorded again."
    zh = "该人员的个人信息已被删除，不能再次录入。"
