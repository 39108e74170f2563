"""The sheet 汇总: how many are listed by segment, product, grade and division, and what limits they add up to."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import polars as pl

from pipelines.lists.context import ListContext
from pipelines.lists.workbook import Line, Share
from pipelines.names import names_zh


def summary(rows: pl.DataFrame, week: str, context: ListContext) -> list[Line]:
    """The lines of the sheet: a head, then one block each by segment, product, grade and division.

    Shares are of the listed entities, hold-outs left out; limits are yuan. Who has a product and no number is counted
    apart instead of adding zero, and who has no product again.
    """
    listed = handed_out(rows)
    return [
        Line((f"首贷目标名单 {week}", "", "", "", ""), "title"),
        Line((f"数据截止日 {context.as_of:%Y-%m-%d}；金额单位：元；对照组不计入", "", "", "", ""), "note"),
        Line(()),
        *_totals(rows, listed),
        Line(()),
        *_block("客群", listed, "segment", names_zh("segment")),
        Line(()),
        *_block("推荐产品", listed, "product", names_zh("product"), unknown="无适用产品"),
        Line(()),
        *_block("评分等级", listed, "grade", names_zh("grade")),
        Line(()),
        *_block("行政区划", listed, "division_code", named_divisions(context.division_names)),
    ]


def handed_out(rows: pl.DataFrame) -> pl.DataFrame:
    """What leaves the house: the hold-outs stay."""
    return rows.filter(~pl.col("is_holdout"))


def named_divisions(names: Mapping[str, str]) -> dict[str, str]:
    """Division code -> code and name, e.g. `510104 锦江区`."""
    return {code: f"{code} {name}" for code, name in names.items()}


def _totals(rows: pl.DataFrame, listed: pl.DataFrame) -> list[Line]:
    has_product, has_limit = listed["product"].is_not_null(), listed["limit_yuan"].is_not_null()
    return [
        Line(("合计", "数值"), "head"),
        Line(("名单户数", listed.height)),
        Line(("对照组户数（不下发、不营销）", rows.height - listed.height)),
        Line(("测算额度合计（元）", _whole(listed["limit_yuan"].sum()))),
        Line(("以申请核定户数（商贸流通或缺数据）", (has_product & ~has_limit).sum())),
        Line(("无适用产品户数（准入条件不符）", (~has_product).sum())),
    ]


def _block(
    title: str, listed: pl.DataFrame, column: str, names: Mapping[str, str], unknown: str = "未知"
) -> list[Line]:
    groups = (
        listed.group_by(column)
        .agg(
            pl.len().alias("entities"),
            (pl.len() / listed.height).alias("share"),
            pl.col("limit_yuan").sum().alias("limit_yuan"),
            pl.col("score").mean().round(1).alias("score"),
        )
        .sort(column, nulls_last=True)
    )
    head = Line((title, "户数", "占比", "测算额度合计（元）", "平均得分"), "head")
    return [head, *(_group(names, unknown, *group) for group in groups.iter_rows())]


def _group(
    names: Mapping[str, str],
    unknown: str,
    code: str | None,
    entities: int,
    share: float,
    limit: Decimal | None,
    score: float,
) -> Line:
    shown = unknown if code is None else names.get(code, code)
    return Line((shown, entities, Share(share), _whole(limit), score))


def _whole(amount: Decimal | float | None) -> int:
    return int(amount or 0)
