"""Methods to begin with: that of the reference system, and the text's P1-P5 (4 §5.4).

The texts give names, buyer stages, kinds and periods; days and success rates are ours, to be
changed. The gates of P1-P4 are those of 5.3: confirmed; need confirmed, feasible, and visited more
than once (L2908); solution accepted; contract signed (L2834), which winning asks for. Neither text
lets a stage be skipped.
"""

from typing import Any

from kehu_sales.methods.schemas import SAMPLE_STAGES, PresetList, StageInput

SAMPLE_ENGLISH = {
    "understand": "Understand",
    "pre-study": "Pre-study",
    "prepare-solution": "Prepare solution",
    "bid": "Bid",
    "sign": "Sign",
}
SAMPLE = [
    stage | {"name_en": SAMPLE_ENGLISH[str(stage["code"])]}
    for stage in SAMPLE_STAGES
    if isinstance(stage, dict)
]
FIVE: tuple[dict[str, Any], ...] = (
    {
        "code": "P1", "name": "商机获取", "name_en": "Acquisition", "planned_days": 14,
        "success_rate": 10, "buyer_stage": "C1", "kind": "potential", "period": "identification",
        "conditions": {"control": "strict", "required_fields": ["confirmed"]},
    },
    {
        "code": "P2", "name": "需求确定", "name_en": "Need determination", "planned_days": 21,
        "success_rate": 30, "buyer_stage": "C2", "kind": "effective", "period": "development",
        "conditions": {
            "control": "strict", "visits": 2,
            "required_fields": ["need", "need_confirmed", "feasibility_passed"],
        },
    },
    {
        "code": "P3", "name": "方案制订", "name_en": "Solution", "planned_days": 30,
        "success_rate": 50, "buyer_stage": "C3", "kind": "feasible", "period": "maturity",
        "conditions": {"control": "strict", "required_fields": ["solution_accepted"]},
    },
    {
        "code": "P4", "name": "合同签订", "name_en": "Contract", "planned_days": 30,
        "success_rate": 80, "buyer_stage": "C4", "kind": "target", "period": "harvest",
        "conditions": {"control": "strict", "approved_documents": ["contract"]},
    },
    {
        "code": "P5", "name": "商机结束", "name_en": "Closure", "planned_days": 60,
        "success_rate": 100, "buyer_stage": "C5", "kind": "successful", "period": "harvest",
    },
)  # fmt: skip


def _preset(code: str, zh: str, en: str, stages: list[dict[str, Any]]) -> dict[str, Any]:
    unskipped = [StageInput.model_validate(stage | {"skippable": False}) for stage in stages]
    whole = [stage.model_dump() for stage in unskipped]
    method = {"code": code, "name": zh, "winning_asks": True, "stages": whole}
    return {"code": code, "name_zh": zh, "name_en": en, "method": method}


PRESETS = PresetList.model_validate(
    {
        "items": [
            _preset(
                "P1-P5",
                "大客户商机五阶段法",
                "Five stages of key-account opportunities",
                list(FIVE),
            ),
            _preset(
                "SAMPLE",
                "示例销售方法",
                "The reference system's sample method",
                SAMPLE,
            ),
        ]
    }
)
"""What `GET /v1/method-presets` answers."""
