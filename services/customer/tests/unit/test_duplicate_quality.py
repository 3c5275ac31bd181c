"""How well duplicates are told, by the default rules, on a fixed set of pairs (C5).

Each line is a pair and what a person says of it. A pair counts as found if the two share a key (or
nobody would compare them) and the score is at least a warning. The figures are in the service's
README; a change of the rules that makes them worse fails here.
"""

import pytest

from kehu_customer.duplicates.keys import KeyKind, Subject, keys_of
from kehu_customer.duplicates.rules import DuplicateVerdict as Verdict
from kehu_customer.duplicates.rules import matching_of

SAME = """
深圳市华强集团有限公司 | 深圳華强（集團）股份有限公司
深圳华强系统集成有限公司 | 深圳华强系统集成
深圳华强系统集成有限公司 | 华强系统集成有限公司
广东省深圳市恒远精密机械有限责任公司 | 深圳恒远精密机械有限公司
苏州恒远精密机械有限公司 | 苏州恒源精密机械有限公司
苏州恒远精密机械有限公司 | 苏州恒远精密机械公司
华为技术有限公司 | 華為技術有限公司
华为技术（深圳）有限公司 | 深圳华为技术有限公司
上海Ａｃｍｅ商贸有限公司 | 上海acme商贸有限公司
杭州海康威视数字技术股份有限公司 | 杭州海康威视数字技术有限公司
杭州海康威视数字技术股份有限公司 | 海康威视数字技术公司
青岛海尔智家股份有限公司 | 青岛海尔智家
深圳华强有限公司 | Shenzhen Huaqiang Co., Ltd.
北京百度网讯科技有限公司 | 北京百度网迅科技有限公司
宁波舟山港集团有限公司 | 宁波舟山港股份有限公司
佛山市顺德区美的电热电器制造有限公司 | 佛山顺德美的电热电器制造有限公司
Acme Inc. | ACME, Incorporated
Contoso Logistics Ltd | Contoso Logistic Ltd.
Northwind Traders LLC | Northwind-Traders
The Fabrikam Company | Fabrikam
Müller & Söhne GmbH | Mueller und Söhne GmbH
Siemens Energy AG | Energy Siemens
Wide World Importers plc | Wide World Importers
Adventure Works Cycles | Adventure Works Cycle
"""
DIFFERENT = """
深圳华强有限公司 | 北京华强有限公司
第一机床厂有限公司 | 第二机床厂有限公司
苏州恒远精密机械有限公司 | 苏州恒达精密机械有限公司
苏州恒远精密机械有限公司 | 苏州恒远纺织品有限公司
中国银行股份有限公司 | 上海银行股份有限公司
深圳华强有限公司 | 深圳华星有限公司
杭州永辉超市有限公司 | 杭州华润超市有限公司
北京同仁堂科技有限公司 | 南京同仁堂药业有限公司
深圳华强有限公司 | 深圳华强有限公司北京分公司
上海东方贸易有限公司 | 上海东风贸易有限公司
青岛海尔智家股份有限公司 | 青岛海信电器股份有限公司
广州友谊商店有限公司 | 友谊集团有限公司
成都天府软件有限公司 | 成都天府大药房有限公司
Acme Inc. | Acorn Inc.
Contoso Logistics Ltd | Contoso Pharma Ltd
Northwind Traders LLC | Southwind Traders LLC
Store 12 Ltd | Store 21 Ltd
United Airlines | United Parcel Service
Delta Air Lines | Delta Electronics
Fabrikam Holding BV | Fabricom NV
"""
MATCHING = matching_of(None)


def verdict_on(pair: str) -> Verdict:
    one, other = (Subject("organisation", name.strip()) for name in pair.split("|"))
    if not set(keys_of(one)) & set(keys_of(other)):
        return Verdict.NONE
    return MATCHING.verdict(MATCHING.compare(one, other, frozenset[KeyKind]())[0])


def pairs(text: str) -> list[str]:
    return text.strip().splitlines()


def figures(found: set[Verdict]) -> tuple[float, float]:
    """Return precision and recall of what leads to one of these verdicts."""
    right = sum(verdict_on(pair) in found for pair in pairs(SAME))
    wrong = sum(verdict_on(pair) in found for pair in pairs(DIFFERENT))
    return right / (right + wrong), right / len(pairs(SAME))


@pytest.mark.parametrize(
    ("found", "precision", "recall"),
    [({Verdict.REFUSE}, 1.0, 0.5), ({Verdict.REFUSE, Verdict.WARN}, 0.95, 0.9)],
    ids=["refused", "refused or warned of"],
)
def test_precision_and_recall(found: set[Verdict], precision: float, recall: float) -> None:
    seen = figures(found)
    missed = [pair for pair in pairs(SAME) if verdict_on(pair) not in found]
    wrong = [pair for pair in pairs(DIFFERENT) if verdict_on(pair) in found]
    assert seen[0] >= precision, wrong
    assert seen[1] >= recall, missed
