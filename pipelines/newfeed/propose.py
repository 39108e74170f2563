"""The contract a sample suggests: types, names, key, delivery, personal data; a person looks it over."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Any

import polars as pl

from pipelines.errors import UsageError
from pipelines.feeds.contract import contract, feeds
from pipelines.feeds.personal import OF_A_PERSON
from pipelines.newfeed.sample import UNIT, Sample, bare

ALMOST_ALL = 0.98
"""Two cells in a hundred may be dirty; such rows go to quarantine, they do not change a type."""

FEW_VALUES = 12
"""So many different texts are a list of words, which the expectations then watch."""

_NAMES = (
    (r"手机|联系电话|电话", "phone"), (r"身份证|证件号", "id_card_no"), (r"法定代表人|法人代表|法人姓名", "legal_representative"),
    (r"联系人|姓名|负责人", "person_name"), (r"统一社会信用代码|纳税人识别号|信用代码", "uscc"), (r"名称|单位|企业", "name"),
    (r"地址|住所", "address"), (r"金额|贷款额|补贴额", "amount"), (r"面积", "area"), (r"数量|户数|人数", "quantity"),
    (r"月份|所属期|年月", "month"), (r"年度|年份", "year"), (r"备注|说明", "remark"), (r"状态", "status"),
    (r"类型|类别|种类", "kind"), (r"等级|级别", "level"), (r"编号|流水号|单号|号码", "number"), (r"日期|时间|日$", "on"),
)  # fmt: skip
_MONEY = re.compile(r"金额|额$|额[（(]|收入|余额|资产|投资|投入|补贴|保费|货款|租金|税款|[（(](元|千元|万元|亿元)[)）]")
_ID_CARD = r"^[1-9]\d{5}(19|20)\d{2}(0[1-9]|1[0-2])([0-2]\d|3[01])\d{3}[\dXx]$"
_MOBILE = r"^1[3-9]\d{9}$"
_SHAPES = (
    ("uscc", r"^[0-9A-HJ-NPQRTUWXY]{2}\d{6}[0-9A-HJ-NPQRTUWXY]{10}$"),
    ("timestamp", r"^(19|20)\d{2}[-/]\d{1,2}[-/]\d{1,2}[ T]\d{1,2}:\d{2}"),
    ("date", r"^(19|20)\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])$"),
    ("date", r"^(19|20)\d{2}[-/.年](0?[1-9]|1[0-2])[-/.月](0?[1-9]|[12]\d|3[01])日?$"),
    ("month", r"^(19|20)\d{2}([-/.年]?(0[1-9]|1[0-2])月?|[-/][1-9]|年[1-9]月)$"),
    ("boolean", r"^(是|否|Y|N|y|n|true|false|有|无)$"),
    ("integer", r"^-?\d{1,9}$"),
    ("decimal", r"^-?(\d+|\d{1,3}(,\d{3})+)(\.\d+)?$"),
)


@dataclass(frozen=True)
class Proposed:
    """One column as proposed; `place` is its column in the sample."""

    place: int
    name: str
    heading: str
    type: str
    unit: str | None
    personal: bool
    filled: float
    values: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class Proposal:
    """A contract in the making."""

    columns: tuple[Proposed, ...]
    delivery: str
    key: tuple[str, ...]
    period: str | None

    def of(self, kind: str) -> list[Proposed]:
        """The columns of a type."""
        return [column for column in self.columns if column.type == kind]


def propose(sample: Sample, key: Sequence[str] = ()) -> Proposal:
    """What the sample suggests.

    - A heading that another contract knows has that contract's column name.
    - A month makes it a `period_snapshot`; a number of its own beside a day an `append`; else it is a register (`upsert`).
    - The key is the fewest columns (at most three) that are filled in every row and differ between all rows; a month that
      is the same in all of them is what the next file differs in, and belongs to it.

    Args:
        sample: header and rows.
        key: headings or column names of the key, when it is known better.

    Raises:
        UsageError: no key is found, or the given one names no column.
    """
    columns = _distinct([_column(sample, place) for place in range(len(sample.header))])
    chosen = _given(columns, key) if key else (*_find_key(sample, columns), *_only_month(sample, columns))
    months = [each.name for each in columns if each.type == "month" and each.name in chosen]
    days = [each.name for each in columns if each.type in ("date", "timestamp") and each.filled == 1]
    own_number = not any(each.name in chosen and each.type == "uscc" for each in columns)
    if months:
        return Proposal(columns, "period_snapshot", chosen, months[0])
    if own_number and days:
        return Proposal(columns, "append", chosen, days[0])
    return Proposal(columns, "upsert", chosen, None)


def _only_month(sample: Sample, columns: Sequence[Proposed]) -> list[str]:
    """The first month column whose month is that of all rows, where there are several."""
    several = sample.rows.height > 1
    cells = {each.name: sample.rows[f"c{each.place}"] for each in columns if each.type == "month" and each.filled == 1}
    return [name for name, months in cells.items() if several and months.n_unique() == 1][:1]


def _column(sample: Sample, place: int) -> Proposed:
    heading, cells = sample.header[place], sample.rows[f"c{place}"]
    given = cells.drop_nulls()
    is_personal = bool(OF_A_PERSON.search(heading)) or _share(given, _ID_CARD) > 0.5 or _share(given, _MOBILE) > 0.5
    kind = "text" if is_personal else _type(heading, given)
    unit = UNIT.search(heading)
    few = (
        given.unique().sort().to_list() if kind == "text" and not is_personal and given.n_unique() <= FEW_VALUES else []
    )
    return Proposed(
        place, _name(heading, kind), heading, kind, (unit.group(1) if unit else "元") if kind == "money" else None,
        is_personal, len(given) / max(len(cells), 1), tuple(few if len(given) >= 3 * len(few) else ()),
    )  # fmt: skip


def _type(heading: str, given: pl.Series) -> str:
    if given.is_empty():
        return "text"
    found = next((kind for kind, shape in _SHAPES if _share(given, shape) >= ALMOST_ALL), "text")
    if found == "date" and re.search("月份|所属期|年月", heading) and _share(given, r"[-/.]0?1$") == 1:
        return "month"  # a spreadsheet keeps a month as its first day
    if found == "integer" and re.search("年度|年份", heading) and _share(given, r"^(19|20)\d{2}$") >= ALMOST_ALL:
        return "year"
    if found in ("integer", "decimal") and _MONEY.search(heading):
        return "money"
    is_number = found == "integer" and re.search("编号|单号|代码|号码|户号|流水号", heading)
    return "text" if is_number else found


def _share(given: pl.Series, shape: str) -> float:
    return float(given.str.contains(shape).mean() or 0) if len(given) else 0.0  # type: ignore[arg-type]


def _name(heading: str, kind: str) -> str:
    words = bare(heading)
    known = {alias: column.name for feed in feeds() for column in contract(feed).columns for alias in column.headings}
    if words in known:
        return known[words]
    if re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", words):
        return words.lower()
    if kind == "uscc":
        return "uscc"
    return next((name for shape, name in _NAMES if re.search(shape, words)), "column")


def _distinct(columns: Sequence[Proposed]) -> tuple[Proposed, ...]:
    """Names that stand twice, or say nothing, carry their place in the file."""
    names = [column.name for column in columns]
    return tuple(
        replace(each, name=f"{each.name}_{each.place + 1}")
        if names.count(each.name) > 1 or each.name in ("column", "on")
        else each
        for each in columns
    )


def _given(columns: Sequence[Proposed], key: Sequence[str]) -> tuple[str, ...]:
    known = {alias: each.name for each in columns for alias in (each.name, each.heading)}
    missing = [name for name in key if name not in known]
    if missing:
        raise UsageError(f"--key names {', '.join(missing)}, which is no column; there are: {', '.join(known)}")
    return tuple(known[name] for name in key)


def _find_key(sample: Sample, columns: Sequence[Proposed]) -> tuple[str, ...]:
    order = {"uscc": 0, "text": 2, "month": 1, "date": 3, "timestamp": 4, "year": 1, "integer": 5}
    usable = sorted(
        (each for each in columns if each.filled == 1 and not each.personal and each.type in order),
        key=lambda each: (not re.search("编号|单号|流水号|户号", each.heading), order[each.type], each.place),
    )
    for size in (1, 2, 3):
        for chosen in combinations(usable, size):
            places = [f"c{each.place}" for each in chosen]
            if not sample.rows.select(places).is_duplicated().any():
                return tuple(each.name for each in chosen)
    raise UsageError(
        "no one to three filled columns tell all rows apart; name the key: --key HEADING,HEADING, or remove repeated rows"
    )


def as_contract(proposal: Proposal, feed: str, title_zh: str, department: str) -> dict[str, Any]:
    """The proposal as the content of `schemas/feeds/<feed>.yml`."""
    made: dict[str, Any] = {
        "feed": feed,
        "title_zh": title_zh,
        "department": department,
        "description": f"{title_zh}, as proposed from a sample; say here what a row is and what to beware of",
        "grain": f"one row per {', '.join(proposal.key)}",
        "delivery": proposal.delivery,
        "key": list(proposal.key),
    }
    if proposal.period:
        made["period"] = proposal.period
    made["columns"] = {column.name: _spec(column, column.name in proposal.key) for column in proposal.columns}
    return made


def _spec(column: Proposed, is_key: bool) -> dict[str, Any]:
    has_chinese = re.search(r"[\u4e00-\u9fff]", column.heading)
    words = bare(column.heading)
    headings = [words] if has_chinese else [f"第{column.place + 1}列", words]
    headings = [text for text in headings if text != column.name]
    spec: dict[str, Any] = {"type": column.type, "headings": headings}
    spec |= {"unit": column.unit} if column.unit and column.unit != "元" else {}
    spec |= {"required": True, "nullable": False} if is_key else {}
    spec |= {"personal": True} if column.personal else {}
    filled = "filled in every row" if column.filled == 1 else f"filled in {column.filled:.0%} of the rows"
    return {**spec, "description": f"{words}; {filled} of the sample"}
