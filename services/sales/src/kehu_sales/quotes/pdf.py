"""A quote on paper, in Chinese or English (ADR 0020)."""

from collections.abc import Sequence
from decimal import Decimal
from io import BytesIO
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table

from kehu_contracts.money import Money
from kehu_sales.lines import total
from kehu_sales.quotes.lines import QuoteLine
from kehu_sales.quotes.models import Quote, QuoteState

FONT = "STSong-Light"
WIDTHS = [12 * mm, 48 * mm, 24 * mm, 30 * mm, 14 * mm, 26 * mm, 32 * mm]
WORDS = {
    "zh": {
        "title": "报价单", "number": "编号", "on": "报价日期", "until": "有效期至", "for": "客户",
        "open": "长期有效", "draft": "草稿 · 未经批准，不构成要约",
        "head": ("序号", "产品", "数量", "单价", "税率", "每日费用", "金额"),
        "sum": "合计", "off": "整单折扣", "total": "总计", "tax": "以上价格均含税。",
    },
    "en": {
        "title": "Quotation", "number": "Number", "on": "Date", "until": "Valid until",
        "for": "Customer", "open": "until further notice",
        "draft": "DRAFT - not approved, no offer",
        "head": ("No.", "Product", "Quantity", "Unit price", "Tax", "Per day", "Amount"),
        "sum": "Sum", "off": "Discount", "total": "Total", "tax": "All prices include tax.",
    },
}  # fmt: skip
UNAPPROVED = (QuoteState.DRAFT, QuoteState.IN_APPROVAL)

pdfmetrics.registerFont(UnicodeCIDFont(FONT))
TITLE = ParagraphStyle("title", fontName=FONT, fontSize=20, leading=26, alignment=1)
TEXT = ParagraphStyle("text", fontName=FONT, fontSize=10, leading=14, wordWrap="CJK")
RIGHT = ParagraphStyle("right", parent=TEXT, alignment=2)
NOTE = ParagraphStyle("note", parent=TEXT, alignment=1, textColor=colors.red)


def write_pdf(quote: Quote, customer_name: str | None, language: str) -> bytes:
    """Return the quote as a PDF of A4 pages, in `zh` or `en`; an unapproved one says that it is.

    What is given off a line is in its price; what is given off the whole is shown below the sum,
    and counts in what a day costs.
    The same quote gives the same bytes.
    """
    words: dict[str, Any] = WORDS[language]
    until = str(quote.expires_on) if quote.expires_on else words["open"]
    facts = [
        (words["number"], quote.number),
        (words["for"], customer_name or "-"),
        (words["on"], str(quote.quoted_on)),
        (words["until"], until),
    ]
    story: list[Any] = [Paragraph(words["title"], TITLE), Spacer(1, 6 * mm)]
    if quote.state in UNAPPROVED:
        story.append(Paragraph(words["draft"], NOTE))
    story += [Paragraph(escape(f"{name}: {value}"), TEXT) for name, value in facts]
    story += [Spacer(1, 6 * mm), _table(quote, words)]
    if all(line.tax_included for line in quote.lines):
        story.append(Paragraph(words["tax"], TEXT))
    out = BytesIO()
    SimpleDocTemplate(
        out, pagesize=A4, title=f"{words['title']} {quote.number}", invariant=True
    ).build(story)
    return out.getvalue()


def _table(quote: Quote, words: dict[str, Any]) -> Table:
    rows = [_row(words["head"])]
    rows += [_row(_cells(place, line, quote)) for place, line in enumerate(quote.lines, start=1)]
    if quote.discount_percent:
        rows.append(_end(words["sum"], _money(total(quote.lines), quote.currency)))
        rows.append(_end(words["off"], f"-{quote.discount_percent} %"))
    rows.append(_end(words["total"], _money(quote.total, quote.currency)))
    return Table(
        rows,
        colWidths=WIDTHS,
        repeatRows=1,
        style=[
            ("GRID", (0, 0), (-1, -1), 0.5, colors.grey),
            ("BACKGROUND", (0, 0), (-1, 0), colors.whitesmoke),
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ],
    )


def _cells(place: int, line: QuoteLine, quote: Quote) -> Sequence[str]:
    currency, daily = quote.currency, line.per_day(quote.discount_percent)
    return (
        str(place),
        line.product_name,
        f"{line.quantity.normalize():f} {line.unit or ''}".rstrip(),
        _money(line.unit_price, currency),
        "" if line.tax_rate is None else f"{line.tax_rate.normalize():f} %",
        "" if daily is None else _money(daily, currency),
        _money(line.amount, currency),
    )


def _row(cells: Sequence[str]) -> list[Paragraph]:
    styles = (TEXT, TEXT, RIGHT, RIGHT, RIGHT, RIGHT, RIGHT)
    return [Paragraph(escape(cell), style) for cell, style in zip(cells, styles, strict=True)]


def _end(name: str, value: str) -> list[Paragraph]:
    return _row(("", name, "", "", "", "", value))


def _money(amount: Decimal, currency: str) -> str:
    money = Money(amount=amount, currency=currency)
    return f"{money.currency} {money.amount:,.2f}"
