"""The tax office: filings and payments, credit grades, invoices."""

from __future__ import annotations

from datetime import date
from functools import reduce

import numpy as np
import polars as pl

from pipelines.simulate import turnover
from pipelines.simulate.chance import Booleans, Integers, days
from pipelines.simulate.county import County
from pipelines.simulate.delivery import Shipment, Style
from pipelines.simulate.months import Period
from pipelines.simulate.planted import rows as planted

FEED = "tax__payments"
HISTORY_ENDS, NOVEMBER_ENDS, SUPPLEMENT_ENDS = date(2026, 10, 20), date(2026, 11, 17), date(2026, 11, 21)
"""A file has what was declared before its day and since the day of the file before."""

_COLUMNS = (
    "uscc",
    "name",
    "tax_item",
    "period_start",
    "period_end",
    "due_on",
    "declared_on",
    "paid_on",
    "tax_due",
    "tax_paid",
    "withheld",
    "voucher_no",
)
_EXEMPT_BELOW = 100_000_00
"""Small taxpayers pay no value-added tax below 100,000 yuan a month."""


def payments(county: County) -> pl.DataFrame:
    """All tax lines of the bulk, one row per voucher and tax item, in order of declaration."""
    own = _disciplined(county, _own_filings(county))
    lines = pl.concat([own, _income_tax_of_firms(county), *_on_behalf_and_fees(county)])
    return _vouchers(county, lines).select(_COLUMNS)


def _obligations(county: County, cycle: pl.Expr, who: pl.Expr, topic: str) -> pl.DataFrame:
    """Entity x tax period of its cycle in which it existed to the end, with turnover, filing and paying day."""
    rng = county.chance(topic)
    grid = (
        county.people.filter(who)
        .select("entity", "uscc", "name", "kind", "discipline", "headcount", "turnover", cycle=cycle)
        .rename({"turnover": "usual"})
        .join(_periods(county), on="cycle", maintain_order="left_right")
    )
    entity, first, last = (grid[name].to_numpy() for name in ("entity", "first_place", "last_place"))
    lag = rng.integers(0, 10, grid.height)
    return grid.with_columns(
        pl.Series("turned_over", turnover.over(county.turnover, entity, first, last)),
        (pl.col("due_on") - days(lag)).alias("declared_on"),
        pl.Series("pay_lag", np.minimum(lag, rng.integers(0, 3, grid.height))),
    ).filter(pl.Series(county.alive[entity, last]))


def _line(item: str, tax: pl.Expr, *, withheld: bool = False, voucher: str) -> list[pl.Expr]:
    """Columns of one tax on an obligation; `voucher` groups the lines that share a voucher."""
    paid = pl.col("declared_on") + pl.duration(days=pl.col("pay_lag"))
    return [
        pl.col(
            "entity",
            "period",
            "cycle",
            "discipline",
            "uscc",
            "name",
            "period_start",
            "period_end",
            "due_on",
            "declared_on",
        ),
        pl.when(tax != 0).then(paid).alias("paid_on"),
        tax.alias("tax_due"),
        tax.alias("tax_paid"),
        pl.lit(item).alias("tax_item"),
        pl.lit(withheld).alias("withheld"),
        pl.lit(voucher).alias("group"),
    ]


def _own_filings(county: County) -> pl.DataFrame:
    """Value-added tax with its surtax, and the owners' income tax, in the entity's own cycle."""
    grid = _obligations(county, pl.col("cycle"), pl.col("cycle") > 0, "own taxes")
    is_exempt = pl.col("turned_over") < _EXEMPT_BELOW * pl.col("cycle")
    rate = pl.when((pl.col("kind") == "91") & (pl.col("cycle") == 1)).then(23).otherwise(10)
    added = pl.when(is_exempt).then(0).otherwise(pl.col("turned_over") * rate // 1000)
    income_rate = pl.when(pl.col("usual") < 90_000).then(4).otherwise(13 + pl.col("entity") % 11)
    income = pl.when(pl.col("usual") < 20_000).then(0).otherwise(pl.col("turned_over") * income_rate // 1000)
    surtax = added * 25 // 1000
    return pl.concat(
        [
            grid.select(_line("增值税", added, voucher="a")),
            grid.filter(surtax > 0).select(_line("城市维护建设税", surtax, voucher="a")),
            grid.filter(pl.col("kind") != "91").select(_line("个人所得税", income, voucher="b")),
        ]
    )


def _income_tax_of_firms(county: County) -> pl.DataFrame:
    grid = _obligations(
        county, pl.lit(3, pl.Int64), (pl.col("kind") == "91") & (pl.col("cycle") > 0), "firms' income tax"
    )
    return grid.select(_line("企业所得税", pl.col("turned_over") * (pl.col("entity") % 9) // 1000, voucher="c"))


def _on_behalf_and_fees(county: County) -> list[pl.DataFrame]:
    """Monthly lines that no rule may count: income tax withheld for staff, and social-insurance fees."""
    employs = (pl.col("kind") == "91") & (pl.col("cycle") > 0) & (pl.col("headcount") >= 6)
    grid = _obligations(county, pl.lit(1, pl.Int64), employs, "withheld")
    pays_fees = pl.col("entity") % 2 == 0
    return [
        grid.select(_line("个人所得税", pl.col("headcount") * 36_50, withheld=True, voucher="d")),
        grid.filter(pays_fees).select(_line("企业职工基本养老保险费", pl.col("headcount") * 832_00, voucher="e")),
    ]


def _disciplined(county: County, lines: pl.DataFrame) -> pl.DataFrame:
    """What goes wrong: one period late, missing or paid short, or a refund, by the entity's discipline."""
    rng = county.chance("discipline")
    size = county.people.height
    draws = pl.DataFrame(
        {"entity": np.arange(size), "luck": rng.integers(0, 10_000, size), "days_late": rng.integers(1, 75, size)}
    )
    hit = pl.col("period") == _hit_period(county)
    is_short = hit & (pl.col("discipline") == "short") & (pl.col("tax_due") > 0)
    marked = lines.join(draws, on="entity", maintain_order="left").with_columns(
        hit.alias("is_hit"), pl.when(is_short).then(pl.col("tax_paid") * 3 // 5).otherwise("tax_paid").alias("tax_paid")
    )
    late = pl.col("is_hit") & (pl.col("discipline") == "late")
    late_on = pl.col("due_on") + pl.duration(days="days_late")
    kept = marked.filter(~(pl.col("is_hit") & (pl.col("discipline") == "missing"))).with_columns(
        pl.when(late).then(late_on).otherwise("declared_on").alias("declared_on"),
        pl.when(late & pl.col("paid_on").is_not_null()).then(late_on).otherwise("paid_on").alias("paid_on"),
    )
    return pl.concat([kept, _refunds(marked)]).drop("luck", "days_late", "is_hit")


def _periods(county: County) -> pl.DataFrame:
    """The tax periods of the calendar: cycle, period, first and last place, start, end, due_on."""
    columns = [name.replace("number", "period") for name in Period._fields]
    return pl.DataFrame(list(county.calendar.tax_periods), schema=columns, orient="row")


def _hit_period(county: County) -> pl.Expr:
    """The period of the last year that is hit, by cycle."""
    last_year = {
        cycle: max(0, sum(each.cycle == cycle for each in county.calendar.tax_periods) - 12 // cycle)
        for cycle in (1, 3, 6)
    }
    monthly, quarterly, half = (last_year[cycle] + pl.col("luck") % (12 // cycle) for cycle in (1, 3, 6))
    return (
        pl.when(pl.col("cycle") == 1)
        .then(monthly)
        .when(pl.col("cycle") == 3)
        .then(quarterly)
        .when(pl.col("cycle") == 6)
        .then(half)
        .otherwise(0)
    )


def _refunds(lines: pl.DataFrame) -> pl.DataFrame:
    """Negative lines of their own, 34 days after the deadline, for a third of what was paid."""
    on = pl.col("due_on") + pl.duration(days=34)
    back = -(pl.col("tax_paid") // 3)
    is_refunded = pl.col("is_hit") & (pl.col("discipline") == "refund") & (pl.col("tax_paid") > 300)
    return lines.filter(is_refunded).with_columns(
        on.alias("declared_on"),
        on.alias("paid_on"),
        back.alias("tax_due"),
        back.alias("tax_paid"),
        pl.lit("r").alias("group"),
    )


def _vouchers(county: County, lines: pl.DataFrame) -> pl.DataFrame:
    """Voucher numbers in order of declaration; lines of one filing share theirs."""
    ordered = lines.with_columns(_filing(county).alias("filing"), _place("tax_item", lines).alias("item"))
    ordered = ordered.with_columns(line=pl.col("filing") * 100 + pl.col("item")).sort("line", maintain_order=True)
    month = pl.col("declared_on").dt.year() % 100 * 100 + pl.col("declared_on").dt.month()
    number = (351062_0000 + month.cast(pl.Int64)) * 10**8 + pl.col("filing").rle_id()
    return ordered.with_columns(number.cast(pl.String).alias("voucher_no"))


def _filing(county: County) -> pl.Expr:
    """A number per filing, ascending by day of declaration, code, cycle, period and group: one number sorts faster than all."""
    place_of_code = county.people["uscc"].rank("ordinal").cast(pl.Int64)
    parts = [
        ((pl.col("declared_on") - county.calendar.first_day(0)).dt.total_days(), 0),
        (pl.lit(place_of_code).gather(pl.col("entity")), 10**6),
        (pl.col("cycle"), 100),
        (pl.col("period"), 100),
        (pl.col("group").str.to_integer(base=36), 100),
    ]
    return reduce(lambda number, part: number * part[1] + part[0], parts, pl.lit(0, pl.Int64))


def _place(name: str, lines: pl.DataFrame) -> pl.Expr:
    """The place of each text of a column among its different texts in order."""
    texts = lines[name].unique().sort()
    return pl.col(name).replace_strict(texts, pl.int_range(texts.len(), eager=True))


def shipments(county: County) -> list[Shipment]:
    """All files of the tax office."""
    return [*_payment_files(county), _grade_file(county), *_invoice_files(county)]


def _payment_files(county: County) -> list[Shipment]:
    hand_made = planted.payments()
    lines = pl.concat([payments(county), hand_made.drop("is_repeated")])
    on = pl.col("declared_on").fill_null(pl.date(2026, 10, 1))
    history = lines.filter(on < HISTORY_ENDS)
    november = lines.filter((on >= HISTORY_ENDS) & (on < NOVEMBER_ENDS))
    again = pl.concat(
        [hand_made.filter("is_repeated").select(_COLUMNS), history.gather_every(max(history.height // 12, 1))]
    )
    inside = november.head(4)
    files = pl.concat([november, again, inside])
    return [
        Shipment(
            FEED,
            "sbjk_2025q3_2026q3_20261020.zip",
            history,
            "the history in one delivery: zip, GB18030, yuan; monthly, quarterly, half-yearly and yearly filers",
            Style("gb18030", pack="zip"),
        ),
        Shipment(
            FEED,
            "sbjk_202610_20261120.csv.gz",
            files,
            "the month after, in 万元 with the unit in the headings, gz, control file (JSON, sha256); late filings and "
            f"refunds of older periods; {again.height} rows of the history and {inside.height} of its own once more",
            Style(pack="gz", separator="\t", day="%Y%m%d", ten_thousands=("tax_due", "tax_paid"), control="json"),
            duplicates=again.height + inside.height,
        ),
        Shipment(
            FEED,
            "sbjk_bc_20261121.csv",
            _supplement(lines),
            "a supplement: refunds and corrections as negative rows of their own",
            Style("utf-8-sig"),
        ),
        Shipment(
            FEED,
            "sbjk_bc_gbk_20261122.csv",
            _supplement(lines),
            "the supplement once more in other bytes (GB18030, CRLF): every row is known",
            Style("gb18030", newline="\r\n"),
            duplicates=_supplement(lines).height,
        ),
    ]


def _supplement(lines: pl.DataFrame) -> pl.DataFrame:
    on = pl.col("declared_on")
    return lines.filter((on >= NOVEMBER_ENDS) & (on < SUPPLEMENT_ENDS))


def grades(county: County) -> pl.DataFrame:
    """Grades of two years for firms, and for a fifth of the individual businesses; new firms are M."""
    rng = county.chance("grades")
    graded = county.people.filter((pl.col("kind") != "92") | (pl.col("entity") % 5 == 0)).select(
        "uscc", "established_on"
    )
    both = graded.join(
        pl.DataFrame(
            {"year": [county.calendar.as_of.year - 2, county.calendar.as_of.year - 1]}, schema={"year": pl.Int64}
        ),
        how="cross",
    ).filter(pl.col("established_on").dt.year() <= pl.col("year"))
    drawn = rng.choice(np.array(["A", "B", "M", "C", "D"]), both.height, p=[0.2, 0.5, 0.18, 0.08, 0.04])
    is_new = pl.col("established_on").dt.year() == pl.col("year")
    return both.select("uscc", "year", pl.when(is_new).then(pl.lit("M")).otherwise(pl.Series(drawn)).alias("grade"))


def _grade_file(county: County) -> Shipment:
    return Shipment(
        "tax__credit_grades",
        "nsxydj_20260420.csv",
        pl.concat([grades(county), planted.grades()]),
        "grades of two years as published in April, GB18030; new firms are M, most individual businesses have none",
        Style("gb18030", newline="\r\n"),
    )


def invoices(county: County) -> pl.DataFrame:
    """Invoices per month of three quarters of those who file; red-letter amounts with and without a minus sign."""
    rng = county.chance("invoices")
    issuers = county.people.filter((pl.col("cycle") > 0) & (pl.col("entity") % 4 != 3))["entity"].to_numpy()
    panel = county.panel(issuers).filter(pl.col("turnover") > 0)
    amount = panel["turnover"].to_numpy() * rng.integers(70, 99, panel.height) // 100
    return _invoices(panel, amount, rng.random(panel.height) < 0.05)


def _invoice_files(county: County) -> list[Shipment]:
    rows = pl.concat([invoices(county), planted.invoices()])
    is_october = pl.col("month") == pl.date(2026, 10, 1)
    return [
        Shipment(
            "tax__invoices",
            "kpje_202509_202609_20261020.csv.gz",
            rows.filter(~is_october),
            "thirteen months of invoices in one file; red-letter amounts with and without a minus sign",
            Style(pack="gz", month="%Y年%-m月"),
        ),
        Shipment(
            "tax__invoices",
            "kpje_202610_20261116.csv",
            rows.filter(is_october),
            "the month after in 万元, GB18030, with control file (key=value, md5)",
            Style("gb18030", month="%Y%m", ten_thousands=("amount", "red_amount"), control="pairs", digest="md5"),
        ),
    ]


def _invoices(panel: pl.DataFrame, amount: Integers, has_red: Booleans) -> pl.DataFrame:
    red = np.where(has_red, amount // 9, 0) * np.where(np.arange(len(amount)) % 2 == 0, 1, -1)
    return panel.select("uscc", "month", pl.Series("amount", amount), pl.Series("red_amount", red))
