"""Chinese texts are Chinese: no codes and no English words where there is a word for it.

What a program has to send is named in brackets behind its Chinese name: 阶段（to_stage）.
"""

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from kehu_contracts.topics import SERVICES
from kehu_customer.merges.errors import SourceNotMember
from kehu_kernel.errors import DomainError
from kehu_marketing.outbound import ServiceRefused
from kehu_sales.visit_policy.defaults import default_types
from kehu_sales.visit_policy.errors import ChecklistCodesRepeat
from kehu_service_desk.product_files.errors import ProductDataFrozen

ROOT = Path(__file__).parents[2]
ALLOWED = re.compile(
    r"(?<![A-Za-z_])(API|CSV|AHP|PDF|XLSX|JSON|UUID|ID|CN|ETag|ASCII|UTF-8|YYYY-MM-DD|%XX"
    r"|encodeURIComponent|If-Match|Idempotency-Key|Kehu-[A-Z][A-Za-z-]+)(?![A-Za-z_])"
)
"""Formats and headers, which have no other name in Chinese; abbreviations that everybody uses."""
ELSEWHERE = {"schemas.py", "names.py", "undoing.py"}
"""Examples and English descriptions; patterns of company names; a text in two languages."""
WORDS = {"status", "state", "kind", "needed", "service", "fields", "open", "outcome", "audience"}
"""Placeholders that are filled with words of ours: the error has to have their Chinese."""
SAID = {
    ("StageWorkOpen", "open"), ("StageWorkReminder", "open"),  # names of tasks and milestones
    ("ContractNotCollected", "open"), ("OverDelivery", "open"), ("InstalmentOverpaid", "open"),
    ("ViewFilterInvalid", "fields"),  # as they were sent
}  # fmt: skip
CHINESE = re.compile("[\u4e00-\u9fff]")


def foreign(text: str) -> list[str]:
    """Return the Latin words of a Chinese text, besides placeholders, brackets and allowed ones."""
    for passed_over in (r"\{[^}]*\}", r"（[^）]*）", ALLOWED):
        text = re.sub(passed_over, " ", text)
    return re.findall(r"[A-Za-z][A-Za-z_:-]+", text)


def said_in(source: str) -> Iterator[tuple[int, str]]:
    """Return every text of a module that holds Chinese, but for documentation, with its line."""
    tree = ast.parse(source)
    documentation = {id(one.value) for one in ast.walk(tree) if isinstance(one, ast.Expr)}
    for one in ast.walk(tree):
        if isinstance(one, ast.Constant) and id(one) not in documentation:
            text = one.value if isinstance(one.value, str) else ""
            if CHINESE.search(text):
                yield one.lineno, text


def sources() -> list[Path]:
    found = [*ROOT.glob("services/*/src/**/*.py"), *ROOT.glob("shared/*/src/**/*.py")]
    return sorted(one for one in found if one.name not in ELSEWHERE)


@pytest.mark.parametrize("package", ["kernel", *SERVICES])
def test_no_chinese_text_has_english_words_in_it(package: str) -> None:
    of = [one for one in sources() if f"/kehu_{package.replace('-', '_')}/" in str(one)]
    assert of
    wrong = [
        f"{path.relative_to(ROOT)}:{line}: {' '.join(foreign(text))}: {text}"
        for path in of
        for line, text in said_in(path.read_text())
        if foreign(text)
    ]
    assert not wrong, "\n".join(wrong)


def errors(package: str) -> list[type[DomainError]]:
    """Return every error that a package defines."""
    name = f"kehu_{package.replace('-', '_')}"
    module = importlib.import_module(name)
    for one in pkgutil.walk_packages(module.__path__, f"{name}."):
        if not one.name.endswith("__main__"):
            importlib.import_module(one.name)

    def below(kind: type[DomainError]) -> Iterator[type[DomainError]]:
        for one in kind.__subclasses__():
            yield one
            yield from below(one)

    return [one for one in below(DomainError) if one.__module__.startswith(f"{name}.")]


@pytest.mark.parametrize("package", ["kernel", *SERVICES])
def test_every_error_says_its_words_in_chinese(package: str) -> None:
    found = errors(package)
    assert found
    for one in found:
        assert CHINESE.search(one.zh), one
        for word, chinese in one.zh_words.items():
            assert CHINESE.search(chinese), (one, word)
            assert not foreign(chinese), (one, word)
        placeholders = set(re.findall(r"\{(\w+)", one.zh))
        untold = {name for name in placeholders & WORDS if (one.__name__, name) not in SAID}
        assert one.zh_words or not untold, (one, untold)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ProductDataFrozen(number="1", fields=["quantity"]), "数量"),
        (SourceNotMember(field="annual_revenue"), "年收入"),
        (ServiceRefused(service="sales", answer=409, problem_code="x", detail="。"), "销售系统"),
        (ChecklistCodesRepeat(item="a", type=default_types()[0]), "新客户"),
    ],
    ids=["field of a product file", "field of a customer", "service", "type of visit"],
)
def test_fields_services_and_types_go_by_their_chinese_names(error: DomainError, told: str) -> None:
    assert told in error.message("zh")
    assert foreign(error.message("zh")) == []


def test_a_code_or_an_english_word_is_found() -> None:
    assert foreign("请查看 candidates") == ["candidates"]
    assert foreign("需要权限 customer:views:share。") == ["customer:views:share"]
    assert foreign("请确认提醒（confirm_reminders）后，以 If-Match 发送 {etag}") == []
