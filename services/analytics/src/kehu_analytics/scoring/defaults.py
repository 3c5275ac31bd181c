"""The scheme a tenant can start with: the ABC method, to be adapted.

Grades follow the textbook's ABC exercise and its classes by profit (6.1): key, potential, general.
The interval ends are ours: the texts give shares of customers, no amounts.
"""

from typing import Any

from kehu_analytics.scoring.models import Dimension

OPTIONS: dict[Dimension, list[dict[str, Any]]] = {
    Dimension.WON_AMOUNT: [
        {"from": None, "to": "10000", "points": "0"},
        {"from": "10000", "to": "50000", "points": "40"},
        {"from": "50000", "to": "200000", "points": "70"},
        {"from": "200000", "to": None, "points": "100"},
    ],
    Dimension.WON_COUNT: [
        {"from": None, "to": "1", "points": "0"},
        {"from": "1", "to": "5", "points": "40"},
        {"from": "5", "to": "20", "points": "70"},
        {"from": "20", "to": None, "points": "100"},
    ],
    Dimension.WIN_RATE: [
        {"from": None, "to": "25", "points": "0"},
        {"from": "25", "to": "50", "points": "40"},
        {"from": "50", "to": "75", "points": "70"},
        {"from": "75", "to": None, "points": "100"},
    ],
    Dimension.OPEN_AMOUNT: [
        {"from": None, "to": "10000", "points": "0"},
        {"from": "10000", "to": "100000", "points": "50"},
        {"from": "100000", "to": None, "points": "100"},
    ],
}
GRADES: list[dict[str, Any]] = [
    {"code": "C", "name_zh": "一般客户", "name_en": "General", "from": None, "to": "40"},
    {"code": "B", "name_zh": "潜力客户", "name_en": "Potential", "from": "40", "to": "70"},
    {"code": "A", "name_zh": "关键客户", "name_en": "Key", "from": "70", "to": None},
]
MODEL_NAME = "ABC"
WEIGHTS: dict[str, str] = {
    "open_amount": "10",
    "win_rate": "20",
    "won_amount": "50",
    "won_count": "20",
}
