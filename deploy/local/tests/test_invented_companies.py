"""The Chinese company set: made by the program that is said to have made it, and real in form."""

from pathlib import Path

from kehu_local.demo import chinese, invent


def test_files_are_what_the_program_writes(tmp_path: Path) -> None:
    invent.write(tmp_path)
    for file in sorted(chinese.DATA.glob("*.csv")):
        assert file.read_text("utf-8") == (tmp_path / file.name).read_text("utf-8"), file.name


def test_check_characters_are_those_of_codes_that_companies_print_on_their_invoices() -> None:
    for code in ("914403001922038216", "9144030071526726XG"):
        assert invent.organisation_check(code[8:16]) == code[16]
        assert invent.credit_check(code[:17]) == code[17]


def test_no_two_companies_have_one_name_or_code_or_sound_alike() -> None:
    rows = chinese.read().companies
    assert len(rows) >= 300
    for field in ("name", "credit_code", "phone"):
        assert len({row[field] for row in rows}) == len(rows)


def test_parents_come_before_their_subsidiaries() -> None:
    seen: set[str] = {""}
    for row in chinese.read().companies:
        assert row["parent"] in seen
        seen.add(row["ref"])
