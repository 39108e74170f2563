"""What the departments of one county of a province deliver, month by month: typed rows, file names, styles.

The rows come from the same writers as those of the sample county; here they are parted into the files of each month.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import polars as pl

from pipelines.simulate.county import County
from pipelines.simulate.delivery import Style
from pipelines.simulate.facts import COUNTY
from pipelines.simulate.headings import HEADINGS
from pipelines.simulate.planted import rows as planted
from pipelines.simulate.writers import bank, credit, crm, lists, registry, social, tax, utilities

STYLES: dict[str, Style] = {
    "registry__entities": Style("gb18030", ten_thousands=("annual_revenue", "total_assets")),
    "registry__certifications": Style("utf-8-sig"),
    "tax__payments": Style("gb18030", separator="\t", day="%Y%m%d", control="json"),
    "tax__credit_grades": Style("gb18030"),
    "tax__invoices": Style(ten_thousands=("amount", "red_amount"), control="pairs", digest="md5"),
    "social__insurance": Style(pack="gz", month="%Y-%m"),
    "green__enterprises": Style("utf-8-sig", ten_thousands=("retrofit_investment",)),
    "agriculture__operators": Style("gb18030", separator="|"),
    "bank__flows": Style(month="%Y-%m-%d", is_english=True, control="pairs"),
    "credit__loans": Style("gb18030", ten_thousands=("amount", "balance")),
    "platform__sales": Style(pack="gz", month="%Y-%m"),
    "crm__suppressions": Style("gb18030", day="%Y%m%d"),
}
"""How each department writes; plain UTF-8 with commas when it is not named."""

_BILLS = {"电": Style(separator="|", pack="zip"), "水": Style("gb18030")}
_EXTENSIONS = {"": ".csv", "gz": ".csv.gz", "zip": ".zip"}
_COUNTED = ("loan_no", "voucher_no", "account_no", "operator_id", "event_id", "application_no", "site_id")
"""Numbers that are given county by county; the county's own number keeps them apart."""

_HAPPENED = {
    "registry__certifications": "granted_on", "green__enterprises": "listed_on", "credit__owners": "authorised_on",
    "credit__loans": "granted_on", "online__intents": "at", "crm__contacts": "contacted_at",
    "crm__applications": "applied_on", "crm__disbursements": "disbursed_on", "crm__suppressions": "from_on",
}  # fmt: skip
"""Feeds of what happens to entities now and then, and when it did: nothing does before the founding or after the closing."""

_AWARDED = {"registry__certifications": "expires_on", "green__enterprises": "valid_until"}
"""Those of recognitions, and until when one holds."""

_UNCODED_EVERY = 17
"""Every so many-th operator with a code stands in the farm list without it."""


@dataclass(frozen=True)
class Parcel:
    """Rows of one county for one file of a feed.

    Attributes:
        rows: columns and kinds of `HEADINGS` (money in cents).
    """

    feed: str
    name: str
    received_on: date
    style: Style
    rows: pl.DataFrame


def parcels(county: County, recent: int) -> Iterator[Parcel]:
    """All deliveries received by as-of, feed by feed in order of receipt.

    The latest `recent` months have a file each; what lies before them comes in one.
    """
    yield from _register(county, recent)
    yield from _panels(county, recent)
    yield from _tax_payments(county, recent)
    yield from _lists(county)
    yield from _loans(county)


def uncoded_farms(county: County) -> pl.DataFrame:
    """operator_id, uscc of the operators that have a code which the farm list does not state."""
    return _numbered(county, lists.coded_operators(county)).gather_every(_UNCODED_EVERY).select("operator_id", "uscc")


def uncoded_accounts(county: County) -> pl.DataFrame:
    """account_no, uscc of the utility accounts that state no code."""
    owners = county.people.select("entity", pl.col("uscc").alias("owner"))
    found = []
    for kind in _BILLS:
        accounts = utilities.accounts(county, kind).filter(pl.col("uscc").is_null()).join(owners, on="entity")
        found.append(_of_kind(_numbered(county, accounts), kind).select("account_no", uscc="owner"))
    return pl.concat(found).sort("account_no")


def _numbered(county: County, rows: pl.DataFrame) -> pl.DataFrame:
    names = [name for name in _COUNTED if name in rows.columns]
    return rows.with_columns(pl.col(name) + f"{county.number:03d}" for name in names)


def _of_kind(bills: pl.DataFrame, kind: str) -> pl.DataFrame:
    """Accounts of the power company begin with 1, those of the water company with 2."""
    return bills.with_columns(account_no=pl.lit("1" if kind == "电" else "2") + pl.col("account_no"))


def _parcel(county: County, feed: str, stem: str, on: date, rows: pl.DataFrame, style: Style | None = None) -> Parcel:
    made = style or STYLES.get(feed, Style())
    rows = _awarded(county, rows, on, _HAPPENED[feed], _AWARDED[feed]) if feed in _AWARDED else rows
    rows = _in_life(county, rows, _HAPPENED[feed]) if feed in _HAPPENED else rows
    name = f"{stem}_{on:%Y%m%d}{_EXTENSIONS[made.pack]}"
    return Parcel(feed, name, on, made, _numbered(county, rows.select(list(HEADINGS[feed]))))


def _awarded(county: County, rows: pl.DataFrame, on: date, since: str, until: str) -> pl.DataFrame:
    """A recognition of a day before the founding is one as far into the entity's life as that day is into those of all."""
    born = rows.join(county.people.select("uscc", "established_on"), on="uscc", maintain_order="left")["established_on"]
    day, life = pl.col(since), (pl.lit(on) - born).dt.total_days()
    into = (day - day.min()).dt.total_days() * life // (pl.lit(on) - day.min()).dt.total_days()
    moved = pl.duration(days=pl.when(day < born).then((born - day).dt.total_days() + into).otherwise(0))
    return rows.with_columns((pl.col(each) + moved).alias(each) for each in (since, until))


def _in_life(county: County, rows: pl.DataFrame, when: str) -> pl.DataFrame:
    """Without the rows of a day on which their entity did not exist; a row without a day stays."""
    life = county.people.select("uscc", born="established_on", gone=pl.col("closed_on").fill_null(date.max))
    is_lived = pl.col(when).cast(pl.Date).is_between("born", "gone").fill_null(value=True)
    return rows.join(life, on="uscc", maintain_order="left").filter(is_lived)


def _delivery_days(county: County, day: int, recent: int) -> list[tuple[int, date]]:
    """(place of the last month it has, day of receipt) of each file of a monthly panel, oldest first."""
    calendar = county.calendar
    days = [(place, calendar.first_day(place + 1).replace(day=day)) for place in calendar.places]
    return [each for each in days if each[1] <= calendar.as_of][-recent:]


def _panels(county: County, recent: int) -> Iterator[Parcel]:
    """Monthly panels; bills are paid by the 21st of the next month, and delivered when that is known."""
    as_of = county.calendar.as_of
    panels = [
        ("social__insurance", "shebao", 15, social.insurance(county)),
        ("tax__invoices", "kpje", 16, tax.invoices(county)),
        ("bank__flows", "flows", 5, bank.flows(county)),
        ("platform__sales", "meituan", 12, bank.sales(county, "美团", 0.35)),
        ("platform__sales", "douyin", 12, bank.sales(county, "抖音", 0.12)),
        ("utilities__bills", "dian", 22, _of_kind(utilities.bills(county, "电", 0.5, 76, as_of), "电")),
        ("utilities__bills", "shui", 22, _of_kind(utilities.bills(county, "水", 0.2, 345, as_of), "水")),
    ]
    for feed, stem, day, rows in panels:
        yield from _monthly(county, feed, stem, _delivery_days(county, day, recent), rows)


def _monthly(
    county: County, feed: str, stem: str, days: list[tuple[int, date]], rows: pl.DataFrame
) -> Iterator[Parcel]:
    """One file per month, received on a day of the next; the first one has all months before it too."""
    style = _BILLS["电" if stem == "dian" else "水"] if feed == "utilities__bills" else None
    since = date.min
    for place, on in days:
        until = county.calendar.first_day(place)
        month = rows.filter(pl.col("month").is_between(since, until, closed="right"))
        yield _parcel(county, feed, f"{stem}_{until:%Y%m}", on, month, style)
        since = until


def _tax_payments(county: County, recent: int) -> Iterator[Parcel]:
    """What was declared before the 20th; a file has what was declared since the one before."""
    lines, since = tax.payments(county), date.min
    for place, on in _delivery_days(county, 20, recent):
        fresh = lines.filter(pl.col("declared_on").is_between(since, on, closed="left"))
        yield _parcel(county, "tax__payments", f"sbjk_{county.calendar.first_day(place):%Y%m}", on, fresh)
        since = on


def _register(county: County, recent: int) -> Iterator[Parcel]:
    """The full register, then what changed: new registrations, closures, new names."""
    feed, calendar, people = "registry__entities", county.calendar, county.people
    first, *later = [on for _, on in _delivery_days(county, 12, max(recent, 2))]
    then = pl.when(pl.col("closed_on") >= first).then(pl.lit("存续")).otherwise("status")
    full = people.filter(pl.col("established_on") < first).with_columns(then.alias("status"))
    yield _parcel(county, feed, "scjg_qb", first, full)
    since, place = first, county.place.name
    new_name = pl.col("name").str.replace(place, f"{place}新", literal=True)
    for number, on in enumerate([*later, calendar.as_of]):
        is_new = pl.col("established_on").is_between(since, on, closed="left")
        is_closed = pl.col("closed_on").is_between(since, on, closed="left")
        is_renamed = (pl.col("entity") % 500 == 7 + number) & (pl.col("established_on") < since)
        has_new_name = (pl.col("entity") % 500).is_between(7, 7 + number)
        changed = people.filter(is_new | is_closed | is_renamed).with_columns(
            pl.when(has_new_name).then(new_name).otherwise("name").alias("name")
        )
        yield _parcel(county, feed, "scjg_bg", on, changed.filter(pl.col("closed_on").fill_null(since) < on))
        since = on


def _lists(county: County) -> Iterator[Parcel]:
    """Registers and events that come in one file."""
    before = county.calendar.before
    yield _parcel(county, "registry__certifications", "zzrd", before(18), registry.certifications(county))
    yield _parcel(county, "tax__credit_grades", "nsxydj", before(217), tax.grades(county))
    yield _parcel(county, "green__enterprises", "lsqyk", before(24), lists.green(county))
    yield _parcel(county, "agriculture__operators", "nyjyzt", before(29), _operators(county))
    yield _parcel(county, "sites__tenants", "yqsq", before(21), _tenants(county))
    yield _parcel(county, "credit__owners", "qyzzx", before(17), credit.owners(county))
    yield _parcel(county, "online__intents", "xssj", before(3), crm.intents(county))
    yield _parcel(county, "crm__contacts", "cdjl", before(3), crm.early_contacts(county))
    yield _parcel(county, "crm__applications", "sqjl", before(3), crm.early_applications(county))
    yield _parcel(county, "crm__disbursements", "fkjl", before(3), _own_loans(county))
    yield _parcel(county, "crm__suppressions", "yzmd", before(3), crm.suppressions(county))


def _tenants(county: County) -> pl.DataFrame:
    """Parks and districts are called after their own county."""
    own = county.place.name.removesuffix("县")
    return lists.tenants(county).with_columns(pl.col("site_name").str.replace(COUNTY.removesuffix("县"), own))


def _operators(county: County) -> pl.DataFrame:
    coded = lists.coded_operators(county).with_row_index("nth")
    left_out = pl.when(pl.col("nth") % _UNCODED_EVERY > 0).then("uscc")
    return pl.concat([coded.with_columns(left_out.alias("uscc")).drop("nth"), lists.farms_without_code(county)])


def _own_loans(county: County) -> pl.DataFrame:
    """Loans this bank paid out that the loan feed does not have yet."""
    people = county.people.filter(pl.col("entity") % 97 == 5)
    day = pl.lit(county.calendar.before(40)) + pl.duration(days=pl.col("entity") % 30)
    made = people.select(
        (pl.lit("BH") + pl.col("entity").cast(pl.String).str.zfill(8)).alias("loan_no"),
        pl.lit(None, pl.String).alias("application_no"),
        "uscc",
        day.alias("disbursed_on"),
        (pl.col("entity") % 20 * 1_000_000 + 5_000_000).alias("amount"),
        pl.lit(350).alias("annual_rate"),
        pl.lit(36).alias("term_months"),
    )
    return made.cast(planted.frame("crm__disbursements", []).schema)


def _loans(county: County) -> Iterator[Parcel]:
    """All loans, then new ones and settlements."""
    full_on, changes_on = county.calendar.before(42), county.calendar.before(10)
    loans = credit.loans(county)
    is_new, is_settled_later = pl.col("granted_on") >= full_on, (pl.col("settled_on") >= full_on).fill_null(value=False)
    open_then = loans.filter(~is_new).with_columns(
        pl.when(is_settled_later).then("amount").otherwise("balance").alias("balance"),
        pl.when(~is_settled_later).then("settled_on").alias("settled_on"),
    )
    yield _parcel(county, "credit__loans", "dkjl", full_on, open_then)
    yield _parcel(county, "credit__loans", "dkjl_bg", changes_on, loans.filter(is_new | is_settled_later))
