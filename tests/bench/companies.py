"""A million customers as a Chinese company has them: made up, always the same ones.

Names are place, stem, trade and legal form, as real ones are; places and trades are drawn as
unevenly as they are in reality: every sixth company is in Shanghai or Shenzhen, every fourth deals
in 科技. A seventh have English names, a tenth are persons.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from kehu_customer.duplicates.sounds import syllables

PLACES = (
    *["上海", "上海市", "深圳市", "深圳", "北京", "广州市"] * 3,
    "苏州", "杭州", "东莞市", "南京", "武汉", "成都", "重庆", "天津市", "宁波", "青岛",
    "佛山市", "无锡", "厦门", "合肥", "西安", "郑州", "长沙", "济南",
    "福州", "沈阳", "大连", "常州", "温州", "",
)  # fmt: skip
FIRST = (
    "华恒中宏远东海天盛鑫永泰博瑞金利信安达联创新嘉德兴隆"
    "万丰祥顺康裕通富强凯立方正大同和力帆明光启航峰"
)
SECOND = (
    "强源达瑞丰泰盛通祥辉宇洋航腾飞翔威健诚信美佳润泽林森海川峰岩石磊晶锐捷迅达科能源创智慧云联拓"
)
TRADES = (
    *["科技", "电子科技", "信息技术", "贸易"] * 4,
    "机械设备", "精密机械", "电子", "网络科技", "物流", "建筑工程", "食品", "医疗器械",
    "服装", "化工", "新材料", "自动化设备", "环保科技", "生物科技", "软件", "系统集成",
    "供应链管理", "文化传媒", "国际贸易", "汽车零部件", "包装材料",
    "智能装备", "商贸", "企业管理咨询", "农业发展", "电力设备",
)  # fmt: skip
FORMS = (*["有限公司"] * 12, "有限责任公司", "股份有限公司", "集团有限公司")
ENGLISH = [
    "Northern",
    "Pacific",
    "Global",
    "United",
    "Advanced",
    "Modern",
    "Oriental",
    "Golden",
    "Silver",
    "Bright",
    "Summit",
    "Harbor",
    "Delta",
    "Vertex",
    "Quantum",
    "Pioneer",
    "Horizon",
    "Sterling",
    "Crystal",
    "Phoenix",
    "Dragon",
    "Atlas",
    "Orion",
    "Falcon",
]
LINES = [
    "Electronics",
    "Logistics",
    "Trading",
    "Machinery",
    "Software",
    "Systems",
    "Chemicals",
    "Foods",
    "Textiles",
    "Pharma",
    "Instruments",
    "Packaging",
    "Energy",
    "Materials",
    "Automation",
    "Robotics",
    "Optics",
    "Plastics",
    "Steel",
    "Motors",
]
LATIN_FORMS = ("Co., Ltd.", "Inc.", "Corporation", "GmbH", "Ltd")
SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许邓冯韩曹"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉萍红建国文志新立海峰晓东婷雪梅"
ROADS = ("人民路", "中山路", "解放路", "深南大道", "科技园路", "建设路", "长江路", "工业园一路")
INDUSTRIES = [f"industry-{n}" for n in range(10)]
STATES = ("former", "trade", "trade", "prospect", "prospect")


@dataclass(frozen=True, slots=True)
class Company:
    """One of them, with a contact, and the numbers of the two."""

    number: int
    id: UUID
    kind: str
    name: str
    code: str
    contact_id: UUID | None
    contact: str
    mobile: str
    email: str
    address: str
    industry: str
    state: str


def companies(begin: int, end: int) -> Iterator[Company]:
    """Return those with these numbers, the same ones every time."""
    return (company(number) for number in range(begin, end))


def company(number: int) -> Company:
    """Return the one with this number."""
    draw = random.Random(number)
    kind, name = _name(draw, number)
    person = draw.choice(SURNAMES) + "".join(draw.choices(GIVEN, k=draw.choice((1, 2, 2))))
    spelled = "".join(syllables(person))
    host = f"c{number % 400_000}.example.cn" if draw.random() < 0.6 else "qq.com"
    return Company(
        number,
        _id(draw, number),
        kind,
        name,
        f"C-{number:07d}",
        _id(draw, number) if number % 2 == 0 else None,
        person,
        f"+861{draw.choice('35789')}{draw.randrange(10**9):09d}",
        f"{spelled}{number}@{host}",
        f"{draw.choice(PLACES)}{draw.choice(ROADS)}{draw.randrange(1, 999)}号" if number % 5 == 0
        else "",
        draw.choice(INDUSTRIES),
        draw.choice(STATES),
    )  # fmt: skip


def _id(draw: random.Random, number: int) -> UUID:
    """Return an id that grows with time, as ours do."""
    return UUID(int=((1_762_000_000_000 + number) << 80) | draw.getrandbits(80), version=4)


def _name(draw: random.Random, number: int) -> tuple[str, str]:
    kind = draw.random()
    if kind < 0.1:
        return "person", draw.choice(SURNAMES) + "".join(draw.choices(GIVEN, k=2))
    if kind < 0.24:
        stem = f"{draw.choice(ENGLISH)} {_invented(draw)}"
        return "organisation", f"{stem} {draw.choice(LINES)} {draw.choice(LATIN_FORMS)}"
    stem = draw.choice(FIRST) + draw.choice(SECOND)
    if number % 3:
        stem += draw.choice(FIRST)
    return (
        "organisation",
        f"{draw.choice(PLACES)}{stem}{draw.choice(TRADES)}{draw.choice(FORMS)}",
    )


def _invented(draw: random.Random) -> str:
    return "".join(
        draw.choice("bcdfghjklmnprstvwz") + draw.choice("aeiou") for _ in range(draw.choice((2, 3)))
    ).capitalize()
