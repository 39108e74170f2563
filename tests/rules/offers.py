"""Offers to a few entities: what the tests of products are written with."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl

from pipelines.offers.offer import offer
from pipelines.parameters import LprRate, Parameters

from .frames import entity, judged, plan

LPR = LprRate(Decimal("3.10"), Decimal("3.60"), date(2025, 1, 20), is_past_table_end=True)
GREEN: dict[str, Any] = {"green_field": "循环经济服务", "industry_code": "N77", "employees": 5, "status": "存续"}


def offered(*entities: dict[str, Any], p: Parameters | None = None, lpr: LprRate = LPR) -> list[dict[str, Any]]:
    """The offers to these entities, their grade given."""
    p = p or plan()
    grades = pl.Series("grade", [facts.pop("grade", "A") for facts in entities])
    rows = judged([entity(**facts) for facts in entities], p).with_columns(grades)
    return offer(rows, p, lpr).collect(engine="streaming").rows(named=True)


def one(p: Parameters | None = None, **facts: object) -> dict[str, Any]:
    (row,) = offered(facts, p=p)
    return row
