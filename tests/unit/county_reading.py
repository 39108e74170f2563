"""The county's files read again in plain Python, row by row, with the work plan's rules typed a second time.

Shares no code with `pipelines`: csv, decimal and WORK_PLAN.md ("Precisely"). It reads the county's own deliveries; the
ugly files speak of spare entities only.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
import zipfile
from collections import defaultdict
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

AS_OF = date(2026, 11, 23)
OPEN, CLOSED = {"存续", "在业", "开业", "在营"}, {"注销", "吊销", "撤销", "清算", "停业", "迁出"}
Row = dict[str, str]
Known = bool | None


class Line(NamedTuple):
    """One line of the tax feed; months are year x 12 + month - 1."""

    uscc: str
    item: str
    first: int
    last: int
    due: date
    declared: date | None
    paid: date | None
    tax_due: Decimal
    tax_paid: Decimal
    withheld: bool


def unpacked(content: bytes, name: str) -> bytes:
    """The bytes of a plain, gzipped or zipped file."""
    if name.endswith(".gz"):
        return gzip.decompress(content)
    if name.endswith(".zip"):
        with zipfile.ZipFile(io.BytesIO(content)) as bundle:
            return bundle.read(bundle.namelist()[0])
    return content


def rows(folder: Path, feed: str) -> list[Row]:
    """All rows of a feed's own deliveries, in order of delivery."""
    paths = [path for path in (folder / feed).iterdir() if path.suffix != ".ok" and not path.name.startswith("ugly_")]
    paths.sort(key=lambda path: (re.findall(r"20\d{6}", path.name) or ["20261116"])[-1])
    return [row for path in paths for row in table(path)]


def table(path: Path) -> list[Row]:
    """The rows of one file by its headings."""
    content = unpacked(path.read_bytes(), path.name)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("gb18030")
    header = text.split("\n", 1)[0]
    return list(csv.DictReader(io.StringIO(text), delimiter=max(",\t|", key=header.count)))


def day(text: str) -> date | None:
    """A date in the shapes the county's departments use; a month is its first day."""
    numbers = [int(number) for number in re.findall(r"\d+", text)]
    if len(numbers) == 1:
        digits = text.strip()
        numbers = [int(digits[:4]), int(digits[4:6]), int(digits[6:8] or 1)]
    return date(*(*numbers, 1)[:3]) if numbers else None


def month(on: date | None) -> int:
    """The number of a date's month."""
    assert on is not None
    return on.year * 12 + on.month - 1


def yuan(row: Row, heading: str) -> Decimal | None:
    """An amount in yuan; the unit stands in the heading."""
    if row.get(f"{heading}(万元)"):
        return Decimal(row[f"{heading}(万元)"]) * 10_000
    return Decimal(row[heading]) if row.get(heading) else None


def every(*values: Known) -> Known:
    """Kleene's and."""
    if False in values:
        return False
    return None if None in values else True


class County:
    """What the delivered files say."""

    def __init__(self, folder: Path) -> None:
        """Read everything once."""
        self.register = {row["统一社会信用代码"]: row for row in rows(folder, "registry__entities")}
        loans = {row["借据号"]: row for row in rows(folder, "credit__loans")}
        self.loan_kinds = defaultdict(set)
        for loan in loans.values():
            self.loan_kinds[loan["统一社会信用代码"]].add(loan["业务类型"])
        self.own_borrowers = {row["统一社会信用代码"] for row in rows(folder, "crm__disbursements")}
        self.green = {row["统一社会信用代码"]: row for row in rows(folder, "green__enterprises")}
        operators = {row["主体编号"]: row["统一社会信用代码"] for row in rows(folder, "agriculture__operators")}
        self.farmers = set(operators.values()) - {""}
        self.suppressed = {row["统一社会信用代码"] for row in rows(folder, "crm__suppressions")}
        self.tax = self._tax(folder)
        self.staff = self._staff(folder)

    def _tax(self, folder: Path) -> dict[str, list[Line]]:
        lines = {(row["税票号码"], row["征收项目"]): _line(row) for row in rows(folder, "tax__payments")}
        by_entity = defaultdict(list)
        for line in lines.values():
            if not line.withheld and "保险费" not in line.item:
                by_entity[line.uscc].append(line)
        return by_entity

    def _staff(self, folder: Path) -> dict[str, dict[int, int]]:
        """Entity -> month -> people; the latest file that has a month replaces it whole."""
        names = ["shebao_202509_202609_20261015.csv.gz", "shebao_202608_cd_20261028.csv", "shebao_202610.csv"]
        months: dict[int, dict[str, int]] = {}
        for name in names:
            fresh: dict[int, dict[str, int]] = defaultdict(dict)
            for row in table(folder / "social__insurance" / name):
                fresh[month(day(row["费款所属期"]))][row["统一社会信用代码"]] = int(row["参保人数"])
            months |= fresh
        by_entity: dict[str, dict[int, int]] = defaultdict(dict)
        for number, people in months.items():
            for uscc, count in people.items():
                by_entity[uscc][number] = count
        return by_entity

    def rules(self, uscc: str) -> dict[str, Known]:
        """The rules this reading knows."""
        founded = day(self.register[uscc]["注册日期"])
        normal, enough = self._tax_rules(uscc)
        return {
            "in_business": self._in_business(uscc),
            "never_borrowed": self._never_borrowed(uscc),
            "paid_tax_12_months": normal,
            "annual_tax_at_least": enough,
            "insured_staff_3_to_20": self._insured(uscc),
            "operating_2_years": None if founded is None else founded <= date(2024, 11, 23),
            "newly_established": None if founded is None else date(2025, 11, 23) < founded <= AS_OF,
            "small_or_micro": small_or_micro(self.register[uscc]),
            "is_enterprise": uscc.startswith("91"),
            "is_individual_business": uscc.startswith("92"),
            "on_green_list": uscc in self.green and (day(self.green[uscc]["有效期至"]) or AS_OF) >= AS_OF,
            "is_rural_operator": uscc in self.farmers,
        }

    def segments(self, uscc: str) -> dict[str, Known]:
        """The five segments of the first release."""
        rule = self.rules(uscc)
        needed = {
            "individual_taxpayer": ("is_individual_business", "paid_tax_12_months", "annual_tax_at_least"),
            "small_employer": ("insured_staff_3_to_20", "operating_2_years", "small_or_micro"),
            "new_enterprise": ("is_enterprise", "newly_established"),
            "green": ("on_green_list", "small_or_micro"),
            "rural": ("is_rural_operator",),
        }
        return {
            name: every(rule["in_business"], rule["never_borrowed"], *(rule[each] for each in names))
            for name, names in needed.items()
        }

    def _in_business(self, uscc: str) -> Known:
        state = re.split("[，（]", self.register[uscc]["登记状态"])[0]
        return True if state in OPEN else False if state in CLOSED else None

    def _never_borrowed(self, uscc: str) -> bool:
        counted = {"贷款", "贴现"} | ({"个人经营贷款"} if uscc.startswith("92") else set())
        return uscc not in self.own_borrowers and not self.loan_kinds[uscc] & counted

    def _insured(self, uscc: str) -> Known:
        window = [self.staff.get(uscc, {}).get(number) for number in range(month(AS_OF) - 12, month(AS_OF))]
        if any(count is not None and not 3 <= count <= 20 for count in window):
            return False
        return True if window.count(None) <= 1 else None

    def _tax_rules(self, uscc: str) -> tuple[Known, Known]:
        lines = self.tax.get(uscc, [])
        filings = [line for line in lines if line.tax_due >= 0 and line.tax_paid >= 0]
        if not filings:
            return None, None
        window = _window(filings)
        covering = [[line for line in filings if line.first <= number <= line.last] for number in window]
        is_normal = all(found and all(_is_normal(line) for line in found) for found in covering)
        return is_normal, sum(line.tax_paid for line in lines if line.last in window) >= 50_000


def _line(row: Row) -> Line:
    first, last = day(row["税款所属期起"]), day(row["税款所属期止"])
    following = month(last) + 1
    return Line(
        row["纳税人识别号"],
        row["征收项目"],
        month(first),
        month(last),
        day(row["申报期限"]) or date(following // 12, following % 12 + 1, 15),
        day(row["申报日期"]),
        day(row["入库日期"]),
        yuan(row, "应补退税额") or Decimal(0),
        yuan(row, "实缴税额") or Decimal(0),
        row["代扣代缴标志"] == "是",
    )


def _window(filings: list[Line]) -> range:
    """The 12 months up to the last period of the entity's cycle whose deadline has passed."""
    cycle = min(line.last - line.first + 1 for line in filings if line.last >= month(AS_OF) - 15)
    for last in range(month(AS_OF) - 1, month(AS_OF) - 30, -1):
        own = [line.due for line in filings if line.last == last and line.last - line.first + 1 == cycle]
        deadline = max(own, default=date((last + 1) // 12, (last + 1) % 12 + 1, 15))
        if (last + 1) % cycle == 0 and deadline < AS_OF:
            return range(last - 11, last + 1)
    raise AssertionError("no closed period within thirty months")


def _is_normal(line: Line) -> bool:
    if line.declared is None or line.declared > line.due:
        return False
    is_paid = line.tax_paid >= line.tax_due and line.paid is not None and line.paid <= line.due
    return line.tax_due == 0 or is_paid


def small_or_micro(row: Row) -> Known:
    """Below medium (工信部联企业〔2011〕300号), for the trades the county has."""
    code = row["行业代码"]
    people = Decimal(row["从业人数"]) if row["从业人数"] else None
    revenue, assets = yuan(row, "营业收入"), yuan(row, "资产总额")
    bounds = {
        "A": [(revenue, 5_000_000)],
        "C": [(people, 300), (revenue, 20_000_000)],
        "D": [(people, 300), (revenue, 20_000_000)],
        "E": [(revenue, 60_000_000), (assets, 50_000_000)],
        "F51": [(people, 20), (revenue, 50_000_000)],
        "F52": [(people, 50), (revenue, 5_000_000)],
        "G54": [(people, 300), (revenue, 30_000_000)],
        "G59": [(people, 100), (revenue, 10_000_000)],
        "H": [(people, 100), (revenue, 20_000_000)],
        "I65": [(people, 100), (revenue, 100_000_000)],
        "K7020": [(people, 300), (revenue, 10_000_000)],
        "L": [(people, 100), (assets, 80_000_000)],
        "N": [(people, 100)],
        "O": [(people, 100)],
    }
    found = next((limits for prefix, limits in bounds.items() if code and code.startswith(prefix)), None)
    if found is None:
        return None
    reached = [None if value is None else value >= bound for value, bound in found]
    if False in reached:
        return True
    return None if None in reached else False
