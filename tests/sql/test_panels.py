"""The other feature SELECTs on literal rows: each says what it proves. As-of is 23 November 2026."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from .tables import AS_OF, Warehouse


def test_staff_is_looked_at_in_the_twelve_closed_months_only(warehouse: Warehouse) -> None:
    warehouse.fill(
        "feed.social__insurance",
        "uscc, month, insured_headcount, paid",
        """
        ('A', '2026-11-01', 99, TRUE), -- the running month is not closed
        ('A', '2026-10-01', 7, TRUE), -- the latest month
        ('A', '2026-01-01', 3, FALSE), -- unpaid contributions are insured people all the same
        ('A', '2025-11-01', 20, TRUE), -- the twelfth month back
        ('A', '2025-10-01', 1, TRUE), -- the thirteenth
        ('B', '2025-10-01', 5, TRUE) -- nothing in the window: nothing known
        """,
    )
    warehouse.con.execute(
        "INSERT INTO feed.social__insurance (uscc, month, insured_headcount)"
        " SELECT 'C', unnest(range(DATE '2025-12-01', DATE '2026-11-01', INTERVAL 1 MONTH)), 5"
    )
    found = warehouse.entities("social__insurance")
    twelve = ("insured_min_12m", "insured_max_12m", "insured_latest", "insured_months_12m")
    assert {uscc: [row[name] for name in twelve] for uscc, row in found.items()} == {
        "A": [3, 20, 7, 3],
        "C": [5, 5, 5, 11],
    }
    assert found["C"]["insured_months_to_go"] == 0  # only the twelfth month back is missing: it holds
    assert found["A"]["insured_months_to_go"] == 10  # September is the one that may be missing: October stays


def test_changes_of_staff_are_known_between_neighbouring_months_of_the_six_latest(warehouse: Warehouse) -> None:
    warehouse.fill(
        "feed.social__insurance",
        "uscc, month, insured_headcount",
        """
        ('A', '2026-10-01', 6), ('A', '2026-09-01', 5), -- one more on five is exactly 20 %
        ('A', '2026-08-01', 5), ('A', '2026-07-01', 5), ('A', '2026-06-01', 5), ('A', '2026-05-01', 5),
        ('A', '2026-04-01', 50), -- the seventh month back says nothing
        ('B', '2026-10-01', 12), ('B', '2026-09-01', 15), -- three fewer of fifteen is exactly 20 % down
        ('B', '2026-07-01', 99), -- no neighbour: August is missing, so nothing is known of the way there
        ('C', '2026-10-01', 3), ('C', '2026-09-01', 0), -- from nobody to three
        ('D', '2026-10-01', 0), ('D', '2026-09-01', 0) -- nobody stays nobody
        """,
    )
    names = ("insured_min_6m", "insured_changes_6m", "insured_max_change_pct_6m")
    assert {
        uscc: tuple(row[name] for name in names) for uscc, row in warehouse.entities("social__insurance").items()
    } == {
        "A": (5, 5, 20.0),
        "B": (12, 1, 20.0),
        "C": (0, 1, 300.0),
        "D": (0, 1, 0.0),
    }


def test_the_contribution_base_a_head_is_weighted_by_the_people_it_is_for(warehouse: Warehouse) -> None:
    warehouse.fill(
        "feed.social__insurance",
        "uscc, month, insured_headcount, contribution_base",
        """
        ('A', '2026-10-01', 2, 10000.00), ('A', '2026-09-01', 4, 22000.00), -- 32,000 for 6 person-months
        ('A', '2026-08-01', 9, NULL), -- a base that is not known does not thin out the mean
        ('A', '2026-07-01', 0, 500), -- a base of nobody does not count
        ('A', '2026-04-01', 1, 90000), -- before the six months
        ('B', '2026-10-01', 3, NULL),
        ('C', '2026-10-01', 3, 20000.00) -- 6,666.666: rounded up
        """,
    )
    found = warehouse.entities("social__insurance")
    assert found["A"]["contribution_base_per_head_yuan"] == Decimal("5333.33")
    assert found["B"]["contribution_base_per_head_yuan"] is None
    assert found["C"]["contribution_base_per_head_yuan"] == Decimal("6666.67")


def test_on_the_first_of_a_month_the_month_before_is_closed(warehouse: Warehouse) -> None:
    warehouse.fill(
        "feed.social__insurance", "uscc, month, insured_headcount", "('A', '2026-10-01', 7), ('A', '2026-11-01', 8)"
    )
    latest = {
        day: warehouse.entities("social__insurance", as_of=day)["A"]["insured_latest"]
        for day in (date(2026, 11, 1), date(2026, 11, 30), date(2026, 12, 1))
    }
    assert list(latest.values()) == [7, 7, 8]


def test_invoices_are_net_of_red_ones_whatever_their_sign(warehouse: Warehouse) -> None:
    warehouse.fill(
        "feed.tax__invoices",
        "uscc, month, amount, red_amount",
        """
        ('A', '2026-10-01', 1000.10, 100), -- a positive red amount is taken off
        ('A', '2026-09-01', 1000, -100), -- and a negative one
        ('A', '2026-08-01', 1000, NULL), -- no red invoices
        ('A', '2026-07-01', NULL, 50), -- an amount that is not known is no month
        ('A', '2025-10-01', 5000, 0), -- before the window
        ('N', '2026-07-01', NULL, NULL) -- listed, and nothing known
        """,
    )
    assert warehouse.entities("tax__invoices") == {
        "A": {"invoiced_12m_yuan": Decimal("2800.10"), "invoice_months_12m": 3},
        "N": {"invoiced_12m_yuan": None, "invoice_months_12m": 0},
    }


def test_a_month_under_the_code_and_under_a_legacy_id_is_one_month_of_both(warehouse: Warehouse) -> None:
    both = "('A', 'plain', '2026-10-01', {}), ('A', 'legacy', '2026-10-01', {}), ('A', 'plain', '2026-09-01', {})"
    warehouse.fill("feed.bank__flows", "uscc, file_id, month, inflow", both.format(1000, 200, 1200))
    warehouse.fill("feed.tax__invoices", "uscc, file_id, month, amount", both.format(1000, 200, 300))
    warehouse.fill(
        "feed.social__insurance",
        "uscc, file_id, month, insured_headcount, contribution_base",
        both.format("5, 20000", "2, 8000", "7, 28000")
        + ", ('B', 'plain', '2026-10-01', 5, 20000), ('B', 'legacy', '2026-10-01', 2, NULL) -- a base of some is of nobody",
    )
    flows, invoices = (warehouse.entities(feed)["A"] for feed in ("bank__flows", "tax__invoices"))
    staff, partial = warehouse.entities("social__insurance").values()
    assert (flows["inflow_mean_12m_yuan"], flows["flow_months_12m"], flows["inflow_cv_12m"]) == (1200, 2, 0)
    assert (invoices["invoiced_12m_yuan"], invoices["invoice_months_12m"]) == (1500, 2)
    assert [staff[name] for name in ("insured_min_12m", "insured_max_12m", "insured_months_12m")] == [7, 7, 2]
    assert (staff["insured_max_change_pct_6m"], staff["contribution_base_per_head_yuan"]) == (0, 4000)
    assert (partial["insured_latest"], partial["contribution_base_per_head_yuan"]) == (7, None)


def test_bills_count_months_not_bills(warehouse: Warehouse) -> None:
    warehouse.fill(
        "feed.utilities__bills",
        "account_no, uscc, kind, month, paid_on",
        """
        ('1', 'A', '电', '2026-10-01', '2026-10-20'), -- paid
        ('2', 'A', '水', '2026-10-01', '2026-10-21'), -- the same month again
        ('1', 'A', '电', '2026-09-01', NULL), -- not paid
        ('2', 'A', '水', '2026-09-01', '2026-09-20'), -- one paid bill is a month with a paid bill
        ('1', 'A', '电', '2026-08-01', NULL),
        ('1', 'A', '电', '2026-07-01', '2026-12-01'), -- paid after as-of: not yet
        ('1', 'A', '电', '2025-10-01', '2025-10-20'), -- before the window
        ('3', NULL, '电', '2026-10-01', '2026-10-20'), -- an account without a code belongs to nobody yet
        ('4', 'B', '电', '2026-09-01', '2026-11-23'), -- paid on as-of itself; one of the two latest months: more will come
        ('5', 'C', '电', '2026-08-01', '2026-08-20') -- none of the two: nobody knows
        """,
    )
    for uscc, months in (("D", range(1, 11)), ("E", [*range(1, 9), 11])):
        for back in months:
            warehouse.con.execute(
                "INSERT INTO feed.utilities__bills (account_no, uscc, month, paid_on)"
                f" VALUES ('6', '{uscc}', DATE '2026-11-01' - INTERVAL {back} MONTH, '2026-11-01')"
            )
    assert warehouse.entities("utilities__bills") == {
        "A": {"bill_months_paid_12m": 2, "bill_months_12m": 4, "bill_months_to_go": 8},
        "B": {"bill_months_paid_12m": 1, "bill_months_12m": 1, "bill_months_to_go": 9},
        "C": {"bill_months_paid_12m": 1, "bill_months_12m": 1, "bill_months_to_go": None},
        "D": {"bill_months_paid_12m": 10, "bill_months_12m": 10, "bill_months_to_go": 0},
        "E": {
            "bill_months_paid_12m": 9,
            "bill_months_12m": 9,
            "bill_months_to_go": 1,
        },  # the oldest stays one more month
    }


def test_flows_are_averaged_over_the_months_known_to_the_fen(warehouse: Warehouse) -> None:
    warehouse.fill(
        "feed.bank__flows",
        "uscc, month, inflow",
        """
        ('A', '2026-10-01', 1.00), ('A', '2026-09-01', 1.01), -- a mean of 1.005 is 1.01, exactly
        ('B', '2026-10-01', 100), ('B', '2026-06-01', 300), -- months absent are not months without inflow
        ('B', '2025-10-01', 900), -- before the window
        ('C', '2026-10-01', 0), ('C', '2026-09-01', 0), -- no inflow has no variation
        ('D', '2026-10-01', 5), -- one month has none either
        ('E', '2026-10-01', NULL), -- a month that is not known
        ('F', '2026-10-01', 9000000000000.01), ('F', '2026-09-01', 9000000000000.01) -- a large account adds up exactly
        """,
    )
    found = warehouse.entities("bank__flows")
    assert {uscc: (row["inflow_mean_12m_yuan"], row["inflow_sum_12m_yuan"]) for uscc, row in found.items()} == {
        "A": (Decimal("1.01"), Decimal("2.01")),
        "B": (Decimal("200.00"), Decimal("400.00")),
        "C": (Decimal("0.00"), Decimal("0.00")),
        "D": (Decimal("5.00"), Decimal("5.00")),
        "E": (None, None),
        "F": (Decimal("9000000000000.01"), Decimal("18000000000000.02")),
    }
    assert {uscc: row["flow_months_12m"] for uscc, row in found.items()} == {
        "A": 2,
        "B": 2,
        "C": 2,
        "D": 1,
        "E": 0,
        "F": 2,
    }
    variation = {uscc: row["inflow_cv_12m"] for uscc, row in found.items()}
    assert variation.pop("B") == pytest.approx(20000**0.5 / 200)
    assert variation.pop("A") == pytest.approx(0.0000500**0.5 / 1.005)
    assert variation == {"C": None, "D": None, "E": None, "F": 0.0}


def test_orders_of_several_platforms_are_added_month_by_month(warehouse: Warehouse) -> None:
    warehouse.fill(
        "feed.platform__sales",
        "uscc, platform, month, orders, rating",
        """
        ('A', '美团', '2026-10-01', 10, 4.4), -- the latest month: the best rating of the two
        ('A', '饿了么', '2026-10-01', 20, 4.6),
        ('A', '美团', '2026-09-01', 10, 5.0), -- an older rating does not count
        ('A', '美团', '2026-08-01', 0, 4.9), -- a month without orders is known, and is none with orders
        ('B', '美团', '2026-10-01', 5, NULL), -- a missing rating is unknown
        ('C', '美团', '2026-10-01', 5, NULL), ('C', '美团', '2026-09-01', 5, 4.1), -- the latest that has one
        ('D', '美团', '2026-10-01', 6, NULL), ('D', '美团', '2026-09-01', NULL, NULL) -- a month that is not known is not zero
        """,
    )
    found = warehouse.entities("platform__sales")
    assert found["A"].pop("orders_cv_12m") == pytest.approx((1400 / 6) ** 0.5 / (40 / 3))
    assert found["A"].pop("orders_mean_12m") == pytest.approx(40 / 3)
    assert found == {
        "A": {"order_months_12m": 2, "platform_rating": Decimal("4.6"), "meituan_rating": Decimal("4.4")},
        "B": {"order_months_12m": 1, "orders_mean_12m": 5.0, "orders_cv_12m": None}
        | {"platform_rating": None, "meituan_rating": None},
        "C": {"order_months_12m": 2, "orders_mean_12m": 5.0, "orders_cv_12m": 0.0}
        | {"platform_rating": Decimal("4.1"), "meituan_rating": Decimal("4.1")},
        "D": {"order_months_12m": 1, "orders_mean_12m": 6.0, "orders_cv_12m": None}
        | {"platform_rating": None, "meituan_rating": None},
    }


def test_certifications_are_those_in_force(warehouse: Warehouse) -> None:
    warehouse.fill(
        "feed.registry__certifications",
        "uscc, certification, granted_on, expires_on",
        """
        ('A', '高新技术企业', '2024-01-01', '2026-11-23'), -- the last day is in force
        ('A', '科技型中小企业', NULL, NULL), -- without dates: in force
        ('A', '专精特新', '2020-01-01', '2026-11-22'), -- expired yesterday
        ('B', '专精特新', '2026-11-24', NULL), -- granted from tomorrow: known to have none today
        ('B', '高新技术企业', '2027-01-01', NULL), -- the first to come counts
        ('C', '绿色工厂', '2026-11-24', NULL), -- no technology certification
        ('C', '专精特新', '2026-12-01', '2026-11-30'), -- over before it begins
        ('D', '专精特新', '2026-11-23', NULL), -- the first day is in force
        ('E', '专精特新', '2026-11-24', '2026-11-24') -- for one day only
        """,
    )
    assert warehouse.entities("registry__certifications") == {
        "A": {"certifications": sorted(["高新技术企业", "科技型中小企业"]), "tech_certified_from": None},
        "B": {"certifications": [], "tech_certified_from": date(2026, 11, 24)},
        "C": {"certifications": [], "tech_certified_from": None},
        "D": {"certifications": ["专精特新"], "tech_certified_from": None},
        "E": {"certifications": [], "tech_certified_from": date(2026, 11, 24)},
    }


def test_the_latest_tax_grade_counts(warehouse: Warehouse) -> None:
    warehouse.fill(
        "feed.tax__credit_grades",
        "uscc, year, grade",
        "('A', 2024, 'A'), ('A', 2025, 'C'), ('B', 2024, 'B'), ('B', 2025, NULL) -- a year without a grade is none",
    )
    assert warehouse.entities("tax__credit_grades") == {
        "A": {"tax_grade": "C", "tax_grade_year": 2025},
        "B": {"tax_grade": "B", "tax_grade_year": 2024},
    }


def test_any_loan_up_to_as_of_is_a_record(warehouse: Warehouse) -> None:
    warehouse.fill(
        "feed.credit__loans",
        "uscc, loan_no, kind, granted_on, settled_on",
        """
        ('A', '1', '贷款', '2011-05-01', '2012-05-01'), -- settled long ago: still a record
        ('A', '2', '贴现', NULL, NULL), -- without a date: still a record
        ('A', '7', '贷款', '2015-05-01', NULL), -- a later one is not the first
        ('A', '3', '个人经营贷款', '2010-01-01', NULL), -- the owner's own, counted apart
        ('A', '4', '贷款', '2026-11-24', NULL), -- after as-of
        ('B', '5', '贷款', '2026-11-23', NULL), -- on as-of
        ('C', '6', '贷款', '2026-11-24', NULL) -- nothing but the future: no record
        """,
    )
    assert warehouse.entities("credit__loans") == {
        "A": {
            "enterprise_loans": 3,
            "personal_business_loans": 1,
            "first_loan_on": date(2010, 1, 1),
            "first_enterprise_loan_on": date(2011, 5, 1),
        },
        "B": {
            "enterprise_loans": 1,
            "personal_business_loans": 0,
            "first_loan_on": date(2026, 11, 23),
            "first_enterprise_loan_on": date(2026, 11, 23),
        },
    }


def test_the_owners_record_is_shown_only_with_authorisation(warehouse: Warehouse) -> None:
    warehouse.fill(
        "feed.credit__owners",
        "uscc, authorised_on, severe_overdue",
        "('A', '2026-11-23', TRUE), ('B', NULL, TRUE), ('C', '2026-11-24', FALSE) -- authorised, never, from tomorrow",
    )
    found = warehouse.entities("credit__owners")
    assert {uscc: row["owner_severe_overdue"] for uscc, row in found.items()} == {"A": True, "B": None, "C": None}


def test_online_events_count_with_consent_only(warehouse: Warehouse) -> None:
    warehouse.fill(
        "feed.online__intents",
        'uscc, event_id, kind, "at", consent',
        """
        ('A', '1', '需求登记', '2026-11-01 09:00', TRUE), -- the latest demand with consent
        ('A', '12', '需求登记', '2026-10-01 09:00', TRUE), -- an earlier one
        ('A', '2', '需求登记', '2026-11-20 09:00', FALSE), -- refused: does not exist here
        ('A', '3', '需求登记', '2026-11-21 09:00', NULL), -- no answer is no consent
        ('A', '4', '浏览', '2026-11-23 23:59', TRUE), -- on as-of itself
        ('A', '5', '浏览', '2026-11-24 00:00', TRUE), -- the day after
        ('A', '6', '咨询', '2026-08-25 00:00', TRUE), -- 90 days back
        ('A', '7', '咨询', '2026-08-24 23:59', TRUE), -- 91
        ('A', '13', '浏览', '2026-08-25 00:00', TRUE), ('A', '14', '浏览', '2026-08-24 23:59', TRUE), -- views alike
        ('A', '10', '咨询', '2025-11-23 00:00', TRUE), -- twelve months back: the last that counts as a consultation
        ('A', '11', '咨询', '2025-11-22 23:59', TRUE),
        ('B', '8', '浏览', '2026-01-01 00:00', TRUE), -- consented, long ago, and registered no demand
        ('C', '9', '需求登记', '2026-11-01 09:00', FALSE)
        """,
    )
    assert warehouse.entities("online__intents") == {
        "A": {"demand_registered_on": date(2026, 11, 1), "intents_90d": 5, "views_90d": 2, "consultations_12m": 3},
        "B": {"demand_registered_on": None, "intents_90d": 0, "views_90d": 0, "consultations_12m": 0},
    }


def test_own_loans_and_confirmations_up_to_as_of(warehouse: Warehouse) -> None:
    warehouse.fill(
        "feed.crm__disbursements",
        "uscc, loan_no, disbursed_on",
        "('A', '1', '2026-11-23'), ('A', '2', '2026-11-24'), ('B', '3', '2026-11-24'), ('A', '4', '2026-11-20')",
    )
    warehouse.fill(
        "feed.crm__contacts",
        "uscc, contacted_at, result",
        """
        ('A', '2026-03-01 10:00', '确认首贷'), ('A', '2026-04-01 10:00', '确认首贷'), -- the latest check
        ('A', '2026-11-24 00:00', '确认首贷'), -- after as-of
        ('B', '2026-04-01 10:00', '有意向'), -- something else
        ('C', '2026-03-01 10:00', '确认首贷'), ('C', '2026-10-01 10:00', '他行已贷'), -- it has borrowed since
        ('D', '2026-01-05 10:00', '他行已贷'), ('D', '2026-03-01 10:00', '确认首贷'), -- heard, then checked: it has not
        ('F', '2026-11-23 23:59', '确认首贷'), -- on as-of itself
        ('E', '2026-03-01 10:00', '确认首贷'), ('E', '2026-10-01 10:00', '无意向') -- no interest changes nothing of that
        """,
    )
    assert warehouse.entities("crm__disbursements") == {  # those on as-of count, those after it do not
        "A": {"own_disbursements": 2, "own_first_disbursed_on": date(2026, 11, 20)}
    }
    confirmed = {uscc: row["first_loan_confirmed_on"] for uscc, row in warehouse.entities("crm__contacts").items()}
    assert confirmed == {"A": date(2026, 4, 1), "D": date(2026, 3, 1), "E": date(2026, 3, 1), "F": AS_OF}


def test_a_tenant_of_several_sites_is_shown_at_one(warehouse: Warehouse) -> None:
    warehouse.fill(
        "feed.sites__tenants",
        "uscc, site_id, site_kind, lease_until",
        """
        ('A', '1', '商圈', '2026-11-22'), -- run out
        ('A', '2', '园区', '2026-11-23'), -- the last day is in force
        ('B', '2', '园区', NULL), ('B', '1', '园区', NULL), -- nothing known: the lower number
        ('C', '1', '商圈', '2027-01-01'), ('C', '3', '园区', '2028-01-01'), -- both in force: the longer
        ('D', '1', '商圈', '2026-01-01'), ('D', '3', '园区', NULL), -- a known end, even past, before an unknown one
        ('E', '1', '园区', '2026-11-22'), ('E', '2', '商圈', '2026-11-23'), -- in force, before the kind of its segment
        ('F', '1', '园区', '2027-01-01'), ('F', '2', '园区', '2028-01-01') -- of one kind: the longer
        """,
    )
    found = {uscc: row["site_id"] for uscc, row in warehouse.entities("sites__tenants").items()}
    assert found == {"A": "2", "B": "1", "C": "3", "D": "1", "E": "2", "F": "2"}


def test_an_entry_of_the_green_register_without_a_day_stood_there_when_it_was_received(warehouse: Warehouse) -> None:
    warehouse.fill(
        "feed.green__enterprises",
        "uscc, listed_on, received_on",
        "('A', NULL, '2026-10-30'), ('B', '2025-03-01', '2026-10-30')",
    )
    found = {uscc: row["green_listed_on"] for uscc, row in warehouse.entities("green__enterprises").items()}
    assert found == {"A": date(2026, 10, 30), "B": date(2025, 3, 1)}


def test_farm_operators_without_a_code_have_a_namespace_of_their_own(warehouse: Warehouse) -> None:
    warehouse.fill(
        "feed.agriculture__operators",
        "operator_id, uscc, name, operator_type, sector, transferred_area_mu, contract_until, purchase_orders,"
        " insured_amount, insurance_year",
        """
        ('F1', NULL, '王家农场', '家庭农场', '粮食种植', 5, '2027-01-01', 10, 20, 2026), -- no code
        ('F3', '93A', '合作社', NULL, '冷链物流', 5, '2027-01-01', 30, 20, 2026), -- one entity under two numbers:
        ('F2', '93A', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL) -- the lower one, with what is missing in it
        """,
    )
    found = warehouse.entities("agriculture__operators")
    assert found.keys() == {"farm:F1", "93A"}
    assert found["93A"].pop("operator_id") == "F2"
    assert set(found["93A"].values()) == {None}, "nothing of the other row"
