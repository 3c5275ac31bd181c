"""What can be refused about a saved view, in business words."""

from http import HTTPStatus

from kehu_kernel.errors import DomainError


class ViewFilterInvalid(DomainError):
    """The list of customers has no such filter, or the value does not fit."""

    code = "view-filter-invalid"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The list of customers cannot be filtered by {fields} like this."
    zh = "客户列表不支持按 {fields} 这样筛选。"


class ViewColumnUnknown(DomainError):
    """A customer has no such field."""

    code = "view-column-unknown"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "A customer has no field {columns}."
    zh = "客户没有字段 {columns}。"


class ViewOfOthers(DomainError):
    """Only whoever made a view changes or deletes it."""

    code = "view-of-others"
    status = HTTPStatus.FORBIDDEN
    en = "Only whoever made {name} may change it. Save it under a name of your own."
    zh = "只有创建者可以修改“{name}”，您可以另存为自己的视图。"


class SharingNotAllowed(DomainError):
    """Sharing needs a right of its own, and with a department the caller needs one."""

    code = "sharing-not-allowed"
    status = HTTPStatus.FORBIDDEN
    en = (
        "Sharing a view needs the right customer:views:share; with a department also an employee's "
        "login."
    )
    zh = "共享视图需要相应权限（customer:views:share）；共享给部门还需要员工登录。"


class ViewNameTaken(DomainError):
    """The caller has a view of this name already."""

    code = "view-name-taken"
    status = HTTPStatus.CONFLICT
    en = "You have a view of this name already."
    zh = "您已有同名视图。"


class ViewDeleted(DomainError):
    """The view was deleted by whoever made it."""

    code = "view-deleted"
    status = HTTPStatus.CONFLICT
    en = "{name} was deleted already."
    zh = "“{name}”已被删除。"
