"""`sql/features/tax__payments.sql` on literal rows: each says what it proves (S07, S08). As-of is 23 November 2026."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from .tables import Row, Warehouse

LINES = "uscc, tax_item, period_start, period_end, due_on, declared_on, paid_on, tax_due, tax_paid, withheld"
SHORT = "uscc, tax_item, period_start, period_end, declared_on, paid_on, tax_due, tax_paid"


def monthly(uscc: str, start: str, months: int, amount: str = "1000") -> str:
    """A SELECT of `months` monthly filings from `start`, each declared and paid on the 10th of the month after."""
    return (
        f"SELECT '{uscc}', '增值税', m, last_day(m), last_day(m) + 10, last_day(m) + 10, {amount}, {amount}"
        f" FROM (SELECT CAST(DATE '{start}' + to_months(CAST(i AS INTEGER)) AS DATE) AS m FROM range({months}) AS t (i))"
    )


def filed(warehouse: Warehouse, *parts: str) -> None:
    for part in parts:
        warehouse.con.execute(f"INSERT INTO feed.tax__payments ({SHORT}) {part}")


def tax(warehouse: Warehouse, **numbers: object) -> dict[str, Row]:
    return warehouse.entities("tax__payments", **numbers)


def test_four_quarterly_rows_cover_twelve_months_up_to_september(warehouse: Warehouse) -> None:
    warehouse.fill(
        "feed.tax__payments",
        SHORT,
        """
        ('Q', '增值税', '2025-10-01', '2025-12-31', '2026-01-15', '2026-01-15', 12500, 12500), -- on the last day: on time
        ('Q', '增值税', '2026-01-01', '2026-03-31', '2026-04-01', '2026-04-15', 12500, 12500), -- paid on the last day
        ('Q', '增值税', '2026-04-01', '2026-06-30', '2026-07-10', '2026-07-10', 12500, 12500),
        ('Q', '增值税', '2026-07-01', '2026-09-30', '2026-10-12', '2026-10-12', 12500, 12600), -- overpaid is paid in full
        ('Q', '增值税', '2025-07-01', '2025-09-30', '2026-06-01', '2026-06-01', 99999, 99999) -- late, before the window
        """,
    )
    assert tax(warehouse) == {
        "Q": {
            "tax_filings": 5,
            "tax_cycle_months": 3,
            "tax_window_end_on": date(2026, 9, 30),
            "tax_months_covered": 12,
            "tax_months_normal": 12,
            "tax_months_to_go": 0,
            "tax_twelfth_due_on": None,
            "tax_zero_return_months": 0,
            "tax_paid_12m_yuan": Decimal("50100.00"),
        }
    }


def test_a_monthly_filers_window_ends_in_october(warehouse: Warehouse) -> None:
    filed(warehouse, monthly("M", "2025-09-01", 14))
    found = tax(warehouse)["M"]
    assert found["tax_window_end_on"] == date(2026, 10, 31)
    assert (found["tax_months_normal"], found["tax_paid_12m_yuan"]) == (12, 12000)


def test_the_window_moves_on_only_when_the_deadline_is_before_as_of(warehouse: Warehouse) -> None:
    filed(warehouse, monthly("M", "2024-01-01", 36))
    ends = {day: tax(warehouse, as_of=date(2026, 11, day))["M"]["tax_window_end_on"] for day in (1, 15, 16, 30)}
    assert ends == {
        1: date(2026, 9, 30),
        15: date(2026, 9, 30),  # due on the 15th: on that day it may still be filed
        16: date(2026, 10, 31),
        30: date(2026, 10, 31),
    }


def test_a_period_nobody_filed_is_due_on_the_15th_all_the_same(warehouse: Warehouse) -> None:
    filed(warehouse, monthly("M", "2025-09-01", 13))  # up to September
    found = {day: tax(warehouse, as_of=date(2026, 11, day))["M"] for day in (15, 16)}
    assert [row["tax_window_end_on"] for row in found.values()] == [date(2026, 9, 30), date(2026, 10, 31)]
    assert [row["tax_months_covered"] for row in found.values()] == [12, 11]


def test_the_rows_own_due_date_moves_its_period_either_way(warehouse: Warehouse) -> None:
    filed(warehouse, *(monthly(uscc, "2025-01-01", 21) for uscc in ("later", "earlier", "two", "other")))
    warehouse.fill(
        "feed.tax__payments",
        LINES,
        """
        ('later', '增值税', '2026-10-01', '2026-10-31', '2026-11-25', '2026-11-20', '2026-11-20', 7, 7, FALSE), -- not due
        ('earlier', '增值税', '2026-10-01', '2026-10-31', '2026-11-05', '2026-11-05', '2026-11-05', 7, 7, FALSE),
        ('two', '增值税', '2026-10-01', '2026-10-31', '2026-11-05', '2026-11-05', '2026-11-05', 7, 7, FALSE),
        ('two', '消费税', '2026-10-01', '2026-10-31', '2026-11-30', '2026-11-05', '2026-11-05', 7, 7, FALSE), -- the latest
        ('other', '所得税', '2025-11-01', '2026-10-31', '2026-11-30', '2026-11-05', '2026-11-05', 7, 7, FALSE) -- no month's
        """,
    )
    ends = {uscc: found["tax_window_end_on"] for uscc, found in tax(warehouse).items()}
    assert ends == {
        "later": date(2026, 9, 30),
        "earlier": date(2026, 10, 31),
        "two": date(2026, 9, 30),
        "other": date(2026, 10, 31),
    }
    early = tax(warehouse, as_of=date(2026, 11, 10))
    assert {uscc: found["tax_window_end_on"] for uscc, found in early.items()} == {
        "later": date(2026, 9, 30),
        "earlier": date(2026, 10, 31),  # before the 15th, but its own deadline has passed
        "two": date(2026, 9, 30),
        "other": date(2026, 9, 30),
    }
    assert [early[uscc]["tax_paid_12m_yuan"] for uscc in ("earlier", "other")] == [11007, 12000]


def test_with_a_deadline_far_off_months_and_sum_are_exact(warehouse: Warehouse) -> None:
    filed(warehouse, monthly("M", "2025-01-01", 19))
    warehouse.fill(
        "feed.tax__payments",
        LINES,
        """
        ('M', '增值税', '2026-08-01', '2026-08-31', '2027-08-15', '2026-09-05', '2026-09-05', 7, 7, FALSE), -- a typing error
        ('M', '增值税', '2026-09-01', '2026-09-30', '2027-10-15', '2026-10-05', '2026-10-05', 7, 7, FALSE),
        ('M', '增值税', '2026-10-01', '2026-10-31', '2027-11-15', '2026-11-05', '2026-11-05', 7, 7, FALSE)
        """,
    )
    found = tax(warehouse)["M"]
    assert found["tax_window_end_on"] == date(2026, 7, 31)
    assert found["tax_months_normal"] == 12
    assert found["tax_paid_12m_yuan"] == 12_000  # August 2025 to July 2026
    warehouse.con.execute("UPDATE feed.tax__payments SET uscc = 'N' WHERE due_on IS NOT NULL")
    assert tax(warehouse)["N"]["tax_paid_12m_yuan"] == 0  # has filed, and nothing for these months


def test_a_sum_is_exact_however_large_and_whatever_is_refunded(warehouse: Warehouse) -> None:
    filed(warehouse, *(monthly(uscc, "2026-09-01", 1, "90071992547409.93") for uscc in ("M", "R")))  # 2^53 + 1 fen
    filed(warehouse, monthly("R", "2026-10-01", 1, "-90071992547409.92"))
    paid = {uscc: found["tax_paid_12m_yuan"] for uscc, found in tax(warehouse).items()}
    assert paid == {"M": Decimal("90071992547409.93"), "R": Decimal("0.01")}


def test_half_yearly_and_yearly_filers_have_their_own_windows(warehouse: Warehouse) -> None:
    warehouse.fill(
        "feed.tax__payments",
        LINES,
        """
        ('H', '增值税', '2025-07-01', '2025-12-31', '2026-01-15', '2026-01-10', '2026-01-10', 30000, 30000, FALSE),
        ('H', '增值税', '2026-01-01', '2026-06-30', '2026-07-15', '2026-07-10', '2026-07-10', 20000, 20000, FALSE),
        ('Y', '个人所得税', '2025-01-01', '2025-12-31', '2026-03-31', '2026-03-31', '2026-03-31', 60000, 60000, FALSE),
        ('Y', '个人所得税', '2024-01-01', '2024-12-31', '2025-03-31', '2025-03-31', '2025-03-31', 11111, 11111, FALSE)
        """,
    )
    now, spring = tax(warehouse), tax(warehouse, as_of=date(2026, 3, 31))
    assert [now[uscc]["tax_window_end_on"] for uscc in ("H", "Y")] == [date(2026, 6, 30), date(2025, 12, 31)]
    assert [now[uscc]["tax_months_normal"] for uscc in ("H", "Y")] == [12, 12]
    assert [now[uscc]["tax_paid_12m_yuan"] for uscc in ("H", "Y")] == [50000, 60000]
    assert spring["Y"]["tax_window_end_on"] == date(2024, 12, 31)  # 2025 is due that very day
    assert spring["Y"]["tax_paid_12m_yuan"] == 11111


def test_one_filing_that_is_not_normal_spoils_the_months_it_covers(warehouse: Warehouse) -> None:
    filed(
        warehouse,
        *(
            monthly(uscc, "2025-11-01", 12)
            for uscc in ("late", "unpaid", "short", "slow", "open", "unstated", "year", "part")
        ),
    )
    warehouse.fill(
        "feed.tax__payments",
        SHORT,
        """
        ('late', '城市维护建设税', '2026-05-01', '2026-05-31', '2026-06-16', '2026-06-10', 5, 5), -- declared a day late
        ('slow', '城市维护建设税', '2026-05-01', '2026-05-31', '2026-06-10', '2026-06-16', 5, 5), -- paid a day late
        ('short', '城市维护建设税', '2026-05-01', '2026-05-31', '2026-06-10', '2026-06-10', 5, 4.99), -- a fen short
        ('unpaid', '城市维护建设税', '2026-05-01', '2026-05-31', '2026-06-10', NULL, 5, NULL), -- never paid
        ('open', '城市维护建设税', '2026-05-01', '2026-05-31', NULL, NULL, 0, 0), -- a period not filed
        ('unstated', '城市维护建设税', '2026-05-01', '2026-05-31', '2026-06-10', NULL, NULL, NULL), -- no amount: a zero return
        ('part', '印花税', '2026-04-01', '2026-05-15', '2026-06-15', '2026-06-15', 5, 5), -- due on the 15th of the month after
        ('year', '企业所得税', '2026-01-01', '2026-06-30', '2026-07-16', '2026-07-10', 5, 5) -- late: six months at once
        """,
    )
    normal = {uscc: found["tax_months_normal"] for uscc, found in tax(warehouse).items()}
    assert normal == dict.fromkeys(["late", "slow", "short", "unpaid", "open"], 11) | {
        "unstated": 12,
        "year": 6,
        "part": 12,
    }
    assert {found["tax_months_covered"] for found in tax(warehouse).values()} == {12}
    graced = tax(warehouse, grace_days=1)
    assert {uscc: graced[uscc]["tax_months_normal"] for uscc in ("late", "slow", "year", "short")} == {
        "late": 12,
        "slow": 12,
        "year": 12,
        "short": 11,
    }


def test_grace_days_shift_the_window_too(warehouse: Warehouse) -> None:
    filed(warehouse, monthly("M", "2024-01-01", 34))
    assert tax(warehouse, grace_days=7)["M"]["tax_window_end_on"] == date(2026, 10, 31)
    assert tax(warehouse, grace_days=8)["M"]["tax_window_end_on"] == date(2026, 9, 30)  # 15th + 8 = as-of itself
    assert tax(warehouse, grace_days=8)["M"]["tax_paid_12m_yuan"] == 12000
    filed(warehouse, monthly("N", "2024-01-01", 33))  # October is not filed: it may still be
    assert [tax(warehouse, grace_days=days)["N"]["tax_months_covered"] for days in (7, 8)] == [11, 12]


def test_zero_returns_are_normal_and_flagged(warehouse: Warehouse) -> None:
    filed(warehouse, monthly("Z", "2025-11-01", 10), monthly("Z", "2026-09-01", 2, "0"))
    warehouse.fill(
        "feed.tax__payments",
        SHORT,
        """
        ('Z', '印花税', '2026-09-01', '2026-09-30', '2026-10-10', '2026-10-10', 5, 5), -- not the month's only filing
        ('E', '增值税', '2026-10-01', '2026-10-31', '2026-11-10', NULL, 0, NULL), -- a zero return has no payment
        ('E', '增值税', '2026-09-01', '2026-09-30', '2026-10-10', '2026-10-10', 0, 8) -- nothing due and yet paid: no zero return
        """,
    )
    found = tax(warehouse)
    assert (found["Z"]["tax_months_normal"], found["Z"]["tax_zero_return_months"]) == (12, 1)
    assert (found["E"]["tax_months_normal"], found["E"]["tax_zero_return_months"]) == (2, 1)
    assert found["E"]["tax_paid_12m_yuan"] == 8


def test_adjustments_count_in_the_sum_and_nowhere_else(warehouse: Warehouse) -> None:
    filed(warehouse, monthly("A", "2025-11-01", 11))
    warehouse.fill(
        "feed.tax__payments",
        SHORT,
        """
        ('A', '增值税', '2026-05-01', '2026-05-31', '2026-12-01', '2026-12-01', -300, -300), -- a refund: neither late nor a filing
        ('A', '增值税', '2026-06-01', '2026-06-30', '2026-12-01', '2026-12-01', NULL, -200), -- a correction without a due amount
        ('A', '增值税', '2026-10-01', '2026-10-31', '2026-11-10', '2026-11-10', -50, 0), -- does not cover October
        ('A', '增值税', '2025-10-01', '2025-10-31', '2025-11-10', '2025-11-10', -900, -900), -- before the window
        ('R', '增值税', '2026-10-01', '2026-10-31', '2026-11-10', '2026-11-10', -50, -50) -- nothing but a refund: no filing
        """,
    )
    found = tax(warehouse)
    assert found["A"]["tax_filings"] == 11
    assert (found["A"]["tax_months_covered"], found["A"]["tax_months_normal"]) == (11, 11)
    assert found["A"]["tax_paid_12m_yuan"] == 11000 - 500
    assert "R" not in found


def test_withheld_taxes_and_social_insurance_fees_are_nobodys_own_tax(warehouse: Warehouse) -> None:
    filed(warehouse, monthly("W", "2025-11-01", 12))
    warehouse.fill(
        "feed.tax__payments",
        LINES,
        """
        ('W', '个人所得税', '2026-05-01', '2026-05-31', NULL, '2026-08-01', '2026-08-01', 9, 9, TRUE), -- late, but not its own
        ('W', '个人所得税', '2026-05-01', '2026-05-31', NULL, '2026-06-01', '2026-06-01', 9, 9, NULL), -- an empty flag is own
        ('W', '企业职工基本养老保险费', '2026-05-01', '2026-05-31', NULL, '2026-08-01', NULL, 9, 9, FALSE), -- a fee
        ('W', '失业保险费', '2026-05-01', '2026-05-31', NULL, '2026-08-01', NULL, 9, 9, FALSE),
        ('W', '社会保险基金收入', '2026-05-01', '2026-05-31', NULL, '2026-08-01', NULL, 9, 9, FALSE),
        ('W', '单位社保费', '2026-05-01', '2026-05-31', NULL, '2026-08-01', NULL, 9, 9, FALSE),
        ('S', '基本医疗保险费', '2026-05-01', '2026-05-31', NULL, '2026-06-01', NULL, 9, 9, FALSE) -- only fees: no filing
        """,
    )
    found = tax(warehouse)
    assert found["W"]["tax_filings"] == 13
    assert found["W"]["tax_months_normal"] == 12
    assert found["W"]["tax_paid_12m_yuan"] == 12009
    assert "S" not in found


def test_what_sets_the_cycle(warehouse: Warehouse) -> None:
    warehouse.fill(
        "feed.tax__payments",
        SHORT,
        """
        ('次', '增值税', '2026-08-03', '2026-08-05', '2026-08-06', '2026-08-06', 100, 100), -- a few days: no month, no cycle
        ('stub', '增值税', '2026-05-01', '2026-06-30', '2026-07-06', '2026-07-06', 1, 1), -- a first quarter of two months
        ('stub', '增值税', '2026-07-01', '2026-09-30', '2026-10-06', '2026-10-06', 1, 1),
        ('mid', '增值税', '2026-05-20', '2026-06-30', '2026-07-06', '2026-07-06', 1, 1), -- from the 20th: covers June
        ('mid', '增值税', '2026-07-01', '2026-09-30', '2026-10-06', '2026-10-06', 1, 1),
        ('mixed', '企业所得税', '2025-01-01', '2025-12-31', '2026-01-06', '2026-01-06', 1, 1), -- the shortest decides
        ('mixed', '增值税', '2026-07-01', '2026-09-30', '2026-10-06', '2026-10-06', 1, 1),
        ('switch', '增值税', '2025-07-01', '2025-07-31', '2025-08-06', '2025-08-06', 1, 1), -- 16 months back: too old
        ('switch', '增值税', '2026-07-01', '2026-09-30', '2026-10-06', '2026-10-06', 1, 1),
        ('running', '增值税', '2026-11-01', '2026-11-30', '2026-11-06', '2026-11-06', 1, 1), -- the running month: sets nothing
        ('part', '增值税', '2026-09-01', '2026-10-15', '2026-10-16', '2026-10-16', 1, 1), -- up to the 15th: covers September
        ('refund', '增值税', '2026-08-01', '2026-08-31', '2026-09-06', '2026-09-06', -1, -1), -- an adjustment sets no cycle
        ('refund', '增值税', '2026-07-01', '2026-09-30', '2026-10-06', '2026-10-06', 1, 1),
        ('kept', '增值税', '2025-08-01', '2025-08-31', '2025-09-06', '2025-09-06', 1, 1), -- 15 months back: counts
        ('kept', '增值税', '2026-07-01', '2026-09-30', '2026-10-06', '2026-10-06', 1, 1),
        ('half', '增值税', '2026-02-01', '2026-06-30', '2026-07-06', '2026-07-06', 1, 1), -- a first half-year of five months
        ('year', '企业所得税', '2025-06-01', '2025-12-31', '2026-01-06', '2026-01-06', 1, 1), -- seven months are no half-year
        ('ahead', '房产税', '2026-01-01', '2026-12-31', '2026-06-06', '2026-06-06', 1, 1) -- not over yet: covers, sets nothing
        """,
    )
    found = tax(warehouse)
    cycles = {uscc: (row["tax_cycle_months"], row["tax_months_covered"]) for uscc, row in found.items()}
    assert cycles == {
        "次": (None, 0),
        "stub": (3, 5),
        "mid": (3, 4),
        "mixed": (3, 6),
        "switch": (3, 3),
        "running": (None, 0),
        "part": (None, 1),
        "refund": (3, 3),
        "kept": (1, 3),
        "half": (6, 5),
        "year": (12, 7),
        "ahead": (None, 10),
    }
    assert found["次"]["tax_window_end_on"] == date(2026, 10, 31)  # no cycle: the monthly window
    assert found["次"]["tax_paid_12m_yuan"] == 100


def test_the_months_to_go_and_the_deadline_they_wait_for(warehouse: Warehouse) -> None:
    eleven = ("next", "put off", "of a quarter", "spoilt")
    filed(
        warehouse,
        *(monthly(uscc, "2025-11-01", 11) for uscc in eleven),
        monthly("last", "2025-12-01", 11),
        monthly("two to go", "2025-12-01", 10),
        monthly("two open", "2025-11-01", 10),
        *(monthly("gap", start, months) for start, months in (("2025-11-01", 9), ("2026-10-01", 1))),
    )
    warehouse.fill(
        "feed.tax__payments",
        LINES,
        """
        ('put off', '增值税', '2026-10-01', '2026-10-31', '2026-11-30', '2026-11-10', '2026-11-10', 5, 5, FALSE), -- still open
        ('put off', '消费税', '2026-10-01', '2026-10-31', '2026-11-25', '2026-11-10', '2026-11-10', 5, 5, FALSE), -- so is this
        ('put off', '印花税', '2026-09-01', '2026-10-31', '2026-12-31', '2026-11-10', '2026-11-10', 5, 5, FALSE), -- no period
        ('of a quarter', '增值税', '2026-10-01', '2026-10-31', '2026-11-30', '2026-11-10', '2026-11-10', 5, 5, FALSE),
        ('of a quarter', '印花税', '2026-07-01', '2026-09-30', '2026-12-31', '2026-10-10', '2026-10-10', 5, 5, FALSE), -- open, too
        ('two to go', '增值税', '2026-10-01', '2026-10-31', '2026-11-30', '2026-11-10', '2026-11-10', 5, 5, FALSE), -- November is
        ('two open', '增值税', '2026-09-01', '2026-09-30', '2026-11-30', '2026-11-10', '2026-11-10', 5, 5, FALSE),
        ('two open', '增值税', '2026-10-01', '2026-10-31', '2026-12-01', '2026-11-10', '2026-11-10', 5, 5, FALSE),
        ('spoilt', '增值税', '2026-10-01', '2026-10-31', '2026-11-30', '2026-11-10', '2026-11-10', 5, 5, FALSE),
        ('spoilt', '印花税', '2026-10-01', '2026-10-31', '2026-11-05', '2026-11-10', '2026-11-10', 5, 5, FALSE), -- late already
        ('quarters', '增值税', '2026-04-01', '2026-06-30', NULL, '2026-07-10', '2026-07-10', 5, 5, FALSE),
        ('quarters', '增值税', '2026-07-01', '2026-09-30', NULL, '2026-10-10', '2026-10-10', 5, 5, FALSE)
        """,
    )
    found = {uscc: (row["tax_months_to_go"], row["tax_twelfth_due_on"]) for uscc, row in tax(warehouse).items()}
    assert found == {
        "next": (None, None),  # October, the window's last month, is not filed
        "last": (1, None),
        "gap": (11, None),  # until August and September have left the window
        "put off": (1, date(2026, 11, 30)),
        "of a quarter": (1, None),
        "two to go": (2, None),
        "two open": (None, None),
        "spoilt": (None, None),
        "quarters": (6, None),
    }


def test_only_a_filing_for_exactly_the_period_moves_its_deadline(warehouse: Warehouse) -> None:
    warehouse.fill(
        "feed.tax__payments",
        LINES,
        """
        ('Q', '增值税', '2026-07-01', '2026-09-30', NULL, '2026-10-05', '2026-10-05', 5, 5, FALSE),
        ('Q', '印花税', '2026-08-01', '2026-09-30', '2026-12-31', '2026-10-05', '2026-10-05', 5, 5, FALSE), -- two months of it
        ('Q', '印花税', '2026-08-01', '2026-10-31', '2026-12-31', '2026-11-05', '2026-11-05', 5, 5, FALSE), -- no quarter
        ('Q', '企业所得税', '2026-01-01', '2026-12-31', '2027-05-31', '2026-11-05', '2026-11-05', 5, 5, FALSE), -- a year
        ('Q', '增值税', '2026-07-01', '2026-09-30', '2026-12-31', '2026-11-05', '2026-11-05', -2, -2, FALSE) -- no filing
        """,
    )
    assert tax(warehouse)["Q"]["tax_window_end_on"] == date(2026, 9, 30)


def test_who_filed_only_before_the_windows_has_covered_no_month_and_paid_nothing(warehouse: Warehouse) -> None:
    warehouse.fill(
        "feed.tax__payments",
        SHORT,
        """
        ('old', '增值税', '2023-10-01', '2023-10-31', '2023-11-10', '2023-11-10', 5, 5), -- 37 months back
        ('long ago', '增值税', '2021-10-01', '2021-10-31', '2021-11-10', '2021-11-10', 5, 5),
        ('refunded', '增值税', '2021-10-01', '2021-10-31', '2021-11-10', '2021-11-10', -5, -5), -- no filing
        ('edge', '增值税', '2021-10-01', '2021-10-31', '2021-11-10', '2021-11-10', 5, 5),
        ('edge', '增值税', '2023-11-01', '2023-11-30', '2023-12-10', '2023-12-10', 5, 5) -- 36 months back
        """,
    )
    for day in (23, 10):  # the monthly window, before and after it moves on
        found = tax(warehouse, as_of=date(2026, 11, day))
        assert found.keys() == {"edge", "old", "long ago"}
        assert found["edge"] | {"tax_cycle_months": None, "tax_months_to_go": None} == found["old"] == found["long ago"]
    assert (found["old"]["tax_filings"], found["old"]["tax_months_covered"]) == (1, 0)
    assert found["old"]["tax_paid_12m_yuan"] == 0


def test_half_year_with_an_extended_deadline_falls_back_one_half_year(warehouse: Warehouse) -> None:
    warehouse.fill(
        "feed.tax__payments",
        LINES,
        """
        ('H', '增值税', '2024-07-01', '2024-12-31', NULL, '2025-01-10', '2025-01-10', 100, 100, FALSE),
        ('H', '增值税', '2025-01-01', '2025-06-30', NULL, '2025-07-10', '2025-07-10', 200, 200, FALSE),
        ('H', '增值税', '2025-07-01', '2025-12-31', NULL, '2026-01-10', '2026-01-10', 400, 400, FALSE),
        ('H', '增值税', '2026-01-01', '2026-06-30', '2026-11-30', '2026-07-10', '2026-07-10', 800, 800, FALSE) -- extended
        """,
    )
    found = tax(warehouse)["H"]
    assert found["tax_window_end_on"] == date(2025, 12, 31)
    assert found["tax_paid_12m_yuan"] == 600
