"""Invents the Chinese company set of the demo, the same for the same seed.

    python -m kehu_local.demo.invent        # writes deploy/local/data/chinese-companies/*.csv

Nothing is taken from a register: names are put together from the lists of `words.py`, people are
nobody, and every code has the form and the check characters of a real one. A company of the same
name would be chance.
"""

import csv
from pathlib import Path
from random import Random
from typing import NamedTuple

from kehu_local.demo import words

FOLDER = Path(__file__).parents[3] / "data" / "chinese-companies"
SEED = 20261122
GROUPS, BRANCHES, SINGLES = 36, (3, 8), 80
"""Groups, how many subsidiaries each has, and companies that belong to no group: 300 or so."""
BELOW_A_BRANCH = 0.3
"""How often a subsidiary belongs to the first one and not to the head: a third level."""
KNOWN_DAYS = (20, 1100)
NEW_BELOW_DAYS = 100
"""A company known for less is a prospect still."""
WITHOUT_OWNER = 0.3
"""Share of the prospects that nobody looks after: the public pool."""
TURNED_SIGNS = 3
"""So many characters must look different for a name in traditional characters."""
LEAVER_CITY = "上海"
"""Where there are two sales people: one will leave."""

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
BODY_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)


class Company(NamedTuple):
    """A row of companies.csv; `known_days` is how many days before the load it was entered."""

    ref: str
    name: str
    parent: str
    credit_code: str
    industry: str
    city: str
    roles: str
    founded_year: int
    employees: int
    revenue: int
    website: str
    phone: str
    owner: str
    known_days: int
    state: str
    export_share: int


class Person(NamedTuple):
    """A row of staff.csv: one of us."""

    code: str
    name: str
    department: str
    manager: str


class Contact(NamedTuple):
    """A row of contacts.csv."""

    ref: str
    company: str
    name: str
    title: str
    buying_role: str
    mobile: str
    email: str


class Duplicate(NamedTuple):
    """A row of duplicates.csv: a second record of a company, and what makes it look different."""

    ref: str
    of: str
    form: str
    name: str
    phone: str


def credit_code(division: str, number: int) -> str:
    """Return a unified social credit code: GB 32100, around an organisation code of GB 11714."""
    body, rest = "", number
    for _ in range(6):
        rest, digit = divmod(rest, len(ALPHABET))
        body = ALPHABET[digit] + body
    organisation = f"MA{body}"
    first = f"91{division}{organisation}{organisation_check(organisation)}"
    return first + credit_check(first)


def organisation_check(body: str) -> str:
    """Return the check character of an organisation code's first eight (GB 11714)."""
    # A letter counts 10 (A) to 35 (Z), also where GB 32100 leaves letters out.
    total = sum(int(one, 36) * weight for one, weight in zip(body, BODY_WEIGHTS, strict=True))
    return "0123456789X"[-total % 11]


def credit_check(first: str) -> str:
    """Return the check character of a credit code's first seventeen (GB 32100)."""
    total = sum(ALPHABET.index(one) * pow(3, place, 31) for place, one in enumerate(first))
    return ALPHABET[-total % 31]


def staff(chance: Random) -> list[Person]:
    """Return our own people: a head per region, sales people per city."""
    people = [Person("cn.head", "郑国强", "中国区", "")]
    for number, (region, cities) in enumerate(words.REGIONS.items(), 1):
        head = f"cn.r{number}"
        people.append(Person(head, _person(chance), region, "cn.head"))
        for city in cities:
            name = words.CITIES[city][0].lower()
            people += [
                Person(f"cn.{name}.{one}", _person(chance), f"{city}办事处", head)
                for one in range(1, 3 if city == LEAVER_CITY else 2)
            ]
    return people


def companies(chance: Random, people: list[Person]) -> list[Company]:
    """Return the groups with their subsidiaries, then companies that stand alone."""
    brands = [one + two for one in words.BRAND_FIRST for two in words.BRAND_SECOND]
    chance.shuffle(brands)
    made: list[Company] = []
    for number in range(GROUPS):
        industry = list(words.TRADES)[number % len(words.TRADES)]
        made += _group(chance, brands[number], industry, len(made), people)
    for number in range(SINGLES):
        brand, industry = brands[GROUPS + number], chance.choice(list(words.TRADES))
        made.append(_company(chance, brand, industry, len(made), people, staff_from=12))
    return made


def _group(
    chance: Random, brand: str, industry: str, first: int, people: list[Person]
) -> list[Company]:
    city = chance.choice(list(words.CITIES))
    head = _company(chance, brand, industry, first, people, city=city, staff_from=600)
    head = head._replace(name=f"{words.CITIES[city][1]}{brand}集团有限公司")
    trades = [(one, line) for one in words.TRADES for line in words.TRADES[one]]
    lines = [(industry, line) for line in words.TRADES[industry]]
    lines += chance.sample([one for one in trades if one[0] != industry], BRANCHES[1])
    family = [head]
    for number, (trade, line) in enumerate(lines[: chance.randint(*BRANCHES)], 1):
        one = _company(chance, brand, trade, first + number, people, line=line, staff_from=60)
        parent = family[1] if number > 1 and chance.random() < BELOW_A_BRANCH else head
        family.append(one._replace(parent=parent.ref, website=head.website))
    return family


def _company(
    chance: Random,
    brand: str,
    industry: str,
    number: int,
    people: list[Person],
    *,
    staff_from: int,
    city: str = "",
    line: str = "",
) -> Company:
    city = city or chance.choice(list(words.CITIES))
    line = line or chance.choice(list(words.TRADES[industry]))
    form = chance.choices(("有限公司", "股份有限公司", "有限责任公司"), (8, 2, 1))[0]
    employees = round(staff_from * chance.lognormvariate(0.9, 0.8))
    in_city = [one.code for one in people if one.department == f"{city}办事处"]
    known_days = chance.randint(*KNOWN_DAYS)
    state = "prospect" if known_days < NEW_BELOW_DAYS else chance.choices(
        ("trade", "prospect", "former"), (60, 33, 7)
    )[0]  # fmt: skip
    return Company(
        ref=f"CN-{number + 1:04}",
        name=f"{city}{brand}{line}{form}",
        parent="",
        credit_code=credit_code(words.CITIES[city][2], 40_000_000 + 7919 * number),
        industry=industry,
        city=city,
        roles=chance.choices(("consumer", "distributor", "merchant", "supplier"), (6, 2, 3, 1))[0],
        founded_year=chance.randint(1988, 2022),
        employees=employees,
        revenue=round(employees * chance.uniform(0.3, 1.6)) * 1_000_000,
        website=f"https://{_sound(brand)}.example",
        phone=f"{words.CITIES[city][3]} {8800_0000 + 13 * number}",
        owner=""
        if chance.random() < WITHOUT_OWNER and state == "prospect"
        else chance.choice(in_city),
        known_days=known_days,
        state=state,
        export_share=chance.choice((0, 0, 0, 10, 20, 35, 60)),
    )


def contacts(chance: Random, of: list[Company]) -> list[Contact]:
    """Return one or two people to talk to per company."""
    made: list[Contact] = []
    for company in of:
        for title, role in chance.sample(words.TITLES, chance.choices((1, 2), (3, 2))[0]):
            number = len(made) + 1
            made.append(
                Contact(
                    ref=f"CC-{number:04}",
                    company=company.ref,
                    name=_person(chance),
                    title=title,
                    buying_role=role,
                    mobile=f"199 0000 {number:04}",
                    email=f"c{number}@{company.website.removeprefix('https://')}",
                )
            )
    return made


def duplicates(of: list[Company]) -> list[Duplicate]:
    """Return second records of companies, two or three of each form in which they come."""
    alone = [one for one in of if one.state != "former" and not one.name.endswith("集团有限公司")]
    turned = [
        one for one in alone if sum(sign in words.TRADITIONAL for sign in one.name) >= TURNED_SIGNS
    ]
    made: list[Duplicate] = []

    def plant(company: Company, form: str, name: str, phone: str = "") -> None:
        made.append(Duplicate(f"CN-D{len(made) + 1:02}", company.ref, form, name, phone))

    for company in alone[2:23:10]:
        form = "股份有限公司" if company.name.endswith("有限责任公司") else "有限责任公司"
        plant(company, "legal_form", _bare(company.name) + form)
    for company in turned[1:30:12]:
        name = _bare(company.name) + "股份有限公司"
        plant(company, "traditional", "".join(words.TRADITIONAL.get(one, one) for one in name))
    for company in alone[5:36:14]:
        sign = next(one for one in company.name[2:] if one in words.HOMOPHONES)
        plant(company, "sound", company.name.replace(sign, words.HOMOPHONES[sign], 1))
    for company in alone[8:39:14]:
        plant(company, "pinyin", _in_pinyin(company))
    for company in alone[11:42:14]:
        plant(company, "without_place", company.name.removeprefix(company.city))
    for company, name in zip(alone[60:90:14], ("城东五金经营部", "老街电器行", "江边副食品批发部"),
                             strict=True):  # fmt: skip
        plant(company, "phone", name, company.phone)
    return made


def _bare(name: str) -> str:
    for form in ("股份有限公司", "有限责任公司", "有限公司"):
        name = name.removesuffix(form)
    return name


def _in_pinyin(company: Company) -> str:
    rest = _bare(company.name).removeprefix(company.city)
    line = words.TRADES[company.industry][rest[2:]]
    place = words.CITIES[company.city][0]
    return f"{place} {_sound(rest[:2]).capitalize()} {line} Co., Ltd."


def _sound(brand: str) -> str:
    return words.BRAND_FIRST[brand[0]] + words.BRAND_SECOND[brand[1]]


def _person(chance: Random) -> str:
    return chance.choice(words.SURNAMES) + chance.choice(words.GIVEN)


def invent() -> dict[str, list[NamedTuple]]:
    """Return the rows of all files by name, always the same."""
    chance = Random(SEED)  # noqa: S311 - the same names every time is the purpose
    people = staff(chance)
    made = companies(chance, people)
    return {
        "staff": [*people],
        "companies": [*made],
        "contacts": [*contacts(chance, made)],
        "duplicates": [*duplicates(made)],
    }


def write(folder: Path) -> None:
    """Write the files. Raises `OSError`."""
    for name, rows in invent().items():
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(rows[0]._fields)
            writer.writerows(rows)


if __name__ == "__main__":
    write(FOLDER)
