"""What can be refused about a project, in business words."""

from http import HTTPStatus

from kehu_kernel.errors import DomainError

STATES_ZH = {
    "draft": "草稿", "in_approval": "审批中", "approved": "已审核", "executing": "执行中",
    "closed": "已结案", "cancelled": "已取消",
}  # fmt: skip
UNMET_ZH = {
    "summary": "总结未填写", "line": "产品明细未交付", "stage": "阶段未完成",
    "milestone": "必需的里程碑未达成",
}  # fmt: skip
FIELDS_ZH = {
    "topic": "主题",
    "goal": "目标",
    "content": "内容",
    "planned_start_on": "计划开始日期",
    "stages": "阶段",
}
NOTHING = "nothing more (null)"
NOTHING_ZH = {NOTHING: "无（null）"}


class ProjectNotReady(DomainError):
    """The step does not follow from the state the project is in."""

    code = "project-not-ready"
    status = HTTPStatus.CONFLICT
    en = "The project {number} is {state}; this needs one that is {needed}."
    zh = "项目 {number} 处于{state}状态；此操作要求{needed}。"
    zh_words = STATES_ZH


class ProjectIsFixed(DomainError):
    """What was approved is done as it was approved."""

    code = "project-is-fixed"
    status = HTTPStatus.CONFLICT
    en = "The project {number} is no draft any more; these fields are fixed: {fields}."
    zh = "项目 {number} 已不是草稿，以下内容不能再修改：{fields}。"
    zh_words = FIELDS_ZH


class ProjectIsUnderWay(DomainError):
    """What is being carried out cannot be un-approved: cancel it."""

    code = "project-is-under-way"
    status = HTTPStatus.CONFLICT
    en = "The project {number} is under way: cancel it instead."
    zh = "项目 {number} 已开始执行，不能反审核，请取消该项目。"


class ProjectCustomerMissing(DomainError):
    """A project is for a customer."""

    code = "project-customer-missing"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "Name the customer, or an opportunity or a contract that has one."
    zh = "请指定客户，或指定有客户的商机或合同。"


class StageNotInMethod(DomainError):
    """A project's stages are ticked from its method."""

    code = "stage-not-in-method"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The method {method} has no stage {stage}, or it is ticked twice."
    zh = "销售方法 {method} 没有阶段 {stage}，或该阶段被重复勾选。"


class UnknownProjectStage(DomainError):
    """A milestone or a task names a stage the project does not have."""

    code = "unknown-project-stage"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The project has no stage {stage}."
    zh = "项目没有阶段 {stage}。"


class NoStageLeft(DomainError):
    """Every stage is over."""

    code = "no-stage-left"
    status = HTTPStatus.CONFLICT
    en = "Every stage of the project {number} is over."
    zh = "项目 {number} 的所有阶段均已完成。"


class NotTheNextStage(DomainError):
    """The stage that was confirmed is not the one that follows."""

    code = "not-the-next-stage"
    status = HTTPStatus.CONFLICT
    en = "After {current} comes {following}: confirm that one as next_stage."
    zh = "{current} 之后的阶段是 {following}，请确认该阶段。"
    zh_words = NOTHING_ZH


class StageWorkOpen(DomainError):
    """The stage is controlled strictly: what is mandatory in it must be done first."""

    code = "stage-work-open"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The stage {stage} cannot be left before these are done: {open}."
    zh = "阶段 {stage} 尚有未完成的必需事项：{open}。"


class StageWorkReminder(DomainError):
    """The stage reminds: something mandatory in it is open; confirm to go on."""

    code = "stage-work-reminder"
    status = HTTPStatus.CONFLICT
    en = "These are not done in the stage {stage}: {open}. Confirm to go on."
    zh = "阶段 {stage} 尚有未完成的必需事项：{open}。请确认后继续。"


class ProjectNotFinished(DomainError):
    """A project is closed when everything is done; `unmet` lists what is not."""

    code = "project-not-finished"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The project {number} cannot be closed yet: {unmet}."
    zh = "项目 {number} 还不能结案：{unmet}。"
    zh_words = UNMET_ZH


class UnknownMilestone(DomainError):
    """The project has no such milestone."""

    code = "unknown-milestone"
    status = HTTPStatus.NOT_FOUND
    en = "The project has no milestone {id}."
    zh = "项目没有里程碑 {id}。"


class MilestoneReached(DomainError):
    """A milestone is reached once."""

    code = "milestone-reached"
    status = HTTPStatus.CONFLICT
    en = "The milestone {name} is reached already."
    zh = "里程碑 {name} 已达成。"


class TeamMemberTaken(DomainError):
    """The employee is in the team already."""

    code = "team-member-taken"
    status = HTTPStatus.CONFLICT
    en = "This employee is in the team already."
    zh = "该员工已在项目团队中。"


class NotInTeam(DomainError):
    """Only who is in the team leaves it."""

    code = "not-in-team"
    status = HTTPStatus.CONFLICT
    en = "This employee is not in the team."
    zh = "该员工不在项目团队中。"


class TooManyParts(DomainError):
    """More than a project can hold."""

    code = "too-many-parts"
    status = HTTPStatus.CONFLICT
    en = "A project has at most {limit} milestones, and as many entries of its team."
    zh = "一个项目最多有 {limit} 个里程碑和 {limit} 条团队记录。"


class UnknownProjectLine(DomainError):
    """The project has no line with this number, or it is named twice."""

    code = "unknown-project-line"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The project has no line {line}, or it is named twice."
    zh = "项目没有第 {line} 行明细，或该行被重复填写。"


class OverDelivery(DomainError):
    """More than is open cannot be delivered, nor given up."""

    code = "over-delivery"
    status = HTTPStatus.CONFLICT
    en = "Of line {line} ({product}) only {open} are open; {quantity} is more."
    zh = "第 {line} 行（{product}）未交付数量仅为 {open}，{quantity} 超出。"


class NothingOpenOfLine(DomainError):
    """What was delivered, or given up before, cannot be given up."""

    code = "nothing-open-of-line"
    status = HTTPStatus.CONFLICT
    en = "Nothing of line {line} ({product}) is open: {delivered} delivered, {given_up} given up."
    zh = "第 {line} 行（{product}）没有未交付数量：已交付 {delivered}，已放弃 {given_up}。"


class UnknownProject(DomainError):
    """A task names a project that does not exist."""

    code = "unknown-project"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "There is no project {id}."
    zh = "不存在项目 {id}。"


class ContractNotEffective(DomainError):
    """Only what binds both sides is delivered."""

    code = "contract-not-effective"
    status = HTTPStatus.CONFLICT
    en = "The contract {number} is not in force: nothing is delivered for it."
    zh = "合同 {number} 未生效，不能为其交付。"


class MoreThanContract(DomainError):
    """All projects of a contract together never plan or deliver more than was agreed."""

    code = "more-than-contract"
    status = HTTPStatus.CONFLICT
    en = "The contract has {left} left of product {product}; {quantity} is more."
    zh = "合同中产品 {product} 的剩余数量为 {left}，{quantity} 超出。"


class NothingLeftOfContract(DomainError):
    """Everything the contract is about is planned in projects already."""

    code = "nothing-left-of-contract"
    status = HTTPStatus.CONFLICT
    en = "Everything in the contract {number} is planned in projects already."
    zh = "合同 {number} 的全部明细均已列入项目。"


class ProjectSourceUnclear(DomainError):
    """A project comes from a contract, which has its opportunity, or from an opportunity."""

    code = "project-source-unclear"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "Name a contract or an opportunity, not both; and no customer but that of the contract."
    zh = "合同与商机只能指定其一；指定合同时，客户必须是合同的客户。"
