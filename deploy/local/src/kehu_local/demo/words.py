"""The words that the invented Chinese companies and people are named with, and how they sound."""

BRAND_FIRST = {
    "恒": "heng", "瑞": "rui", "华": "hua", "泰": "tai", "嘉": "jia", "博": "bo", "凯": "kai",
    "德": "de", "科": "ke", "龙": "long", "天": "tian", "海": "hai", "中": "zhong", "东": "dong",
    "金": "jin", "安": "an", "立": "li", "新": "xin",
}  # fmt: skip
BRAND_SECOND = {
    "远": "yuan", "丰": "feng", "盛": "sheng", "达": "da", "通": "tong", "茂": "mao", "宇": "yu",
    "辉": "hui", "业": "ye", "康": "kang", "和": "he", "邦": "bang",
}  # fmt: skip
"""A brand is one character of each. None sounds like another, so no two brands do."""

HOMOPHONES = dict(zip("远丰盛达通茂宇辉业康和邦", "源峰胜大同贸雨晖叶慷合帮", strict=True))
"""Another character of the same sound: what is written after a telephone call."""

TRADITIONAL = dict(
    zip("华东龙远丰达业辉械机电气纺织饰软术链医疗药贸货资风岛庆宁连锁广汉",
        "華東龍遠豐達業輝械機電氣紡織飾軟術鏈醫療藥貿貨資風島慶寧連鎖廣漢", strict=True)
)  # fmt: skip

TRADES: dict[str, dict[str, str]] = {
    "机械制造": {"精密机械": "Jingmi Jixie", "重工机械": "Zhonggong Jixie", "模具": "Muju"},
    "纺织服装": {"纺织": "Fangzhi", "服饰": "Fushi", "印染": "Yinran"},
    "电子": {"电子": "Dianzi", "半导体": "Bandaoti", "光电技术": "Guangdian Jishu"},
    "软件": {"软件": "Ruanjian", "信息技术": "Xinxi Jishu", "数据服务": "Shuju Fuwu"},
    "物流": {"物流": "Wuliu", "供应链管理": "Gongyinglian Guanli", "冷链仓储": "Lenglian Cangchu"},
    "食品": {"食品": "Shipin", "粮油": "Liangyou", "饮料": "Yinliao"},
    "医药": {"医疗器械": "Yiliao Qixie", "生物医药": "Shengwu Yiyao", "医药连锁": "Yiyao Liansuo"},
    "新能源": {"新能源": "Xinnengyuan", "电力设备": "Dianli Shebei", "风电": "Fengdian"},
}
"""Industry to lines of business: as a company is called by them, and in pinyin."""

CITIES: dict[str, tuple[str, str, str, str]] = {
    "苏州": ("Suzhou", "江苏", "320500", "0512"),
    "无锡": ("Wuxi", "江苏", "320200", "0510"),
    "上海": ("Shanghai", "上海", "310000", "021"),
    "杭州": ("Hangzhou", "浙江", "330100", "0571"),
    "宁波": ("Ningbo", "浙江", "330200", "0574"),
    "深圳": ("Shenzhen", "广东", "440300", "0755"),
    "广州": ("Guangzhou", "广东", "440100", "020"),
    "佛山": ("Foshan", "广东", "440600", "0757"),
    "东莞": ("Dongguan", "广东", "441900", "0769"),
    "成都": ("Chengdu", "四川", "510100", "028"),
    "重庆": ("Chongqing", "重庆", "500000", "023"),
    "武汉": ("Wuhan", "湖北", "420100", "027"),
    "青岛": ("Qingdao", "山东", "370200", "0532"),
    "天津": ("Tianjin", "天津", "120000", "022"),
}
"""City to pinyin, province, code of the administrative division, and area code."""

REGIONS: dict[str, tuple[str, ...]] = {
    "华东大区": ("苏州", "无锡", "上海", "杭州", "宁波"),
    "华南大区": ("深圳", "广州", "佛山", "东莞"),
    "华北与中西大区": ("成都", "重庆", "武汉", "青岛", "天津"),
}

SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
GIVEN = (
    "伟", "敏", "静", "强", "磊", "洋", "艳", "勇", "军", "杰", "娟", "涛", "明", "超", "霞", "平",
    "志远", "晓燕", "建华", "海燕", "文博", "雅琴", "国栋", "丽萍", "子涵", "俊杰", "雪梅", "永康",
    "思源", "佳怡", "振宇", "春华", "立新", "秋实", "慧敏",
)  # fmt: skip
TITLES = (
    ("采购经理", "decision_maker"), ("采购员", "handler"), ("设备部经理", "business_contact"),
    ("总经理", "decision_maker"), ("财务主管", "business_contact"), ("厂长", "decision_maker"),
    ("行政主管", "handler"), ("技术总监", "business_contact"),
)  # fmt: skip
"""Title of a contact, and the part it plays in buying."""
