"""What is known of a delivery beside its rows: how it compares with the earlier ones, with the register, with the calendar.

One row of facts, made in one pass over the accepted rows, for the `delivery` part of a suite. A fact that cannot be
known (no history yet, no register yet, too few codes) is NULL, and what a suite expects of it is left out.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from pipelines.feeds.contract import Column, Contract
from pipelines.warehouse.connect import quoted

if TYPE_CHECKING:
    from pipelines.feeds.split import Counts
    from pipelines.warehouse.connect import Connection

REGISTER = "registry__entities"

USUAL_OF = 6
"""Half a year of a monthly feed: long enough for a median, short enough to follow growth."""

FEWEST_FOR_USUAL = 3
"""The first deliveries are often a backfill or a trial; the median of three survives one odd one."""

FEWEST = 100
"""A share of fewer rows or codes moves by more than a percent with each of them and says nothing."""

CODES_LOOKED_UP = 50_000
"""So many distinct codes give the known share to half a percent."""

STRAGGLERS = 10
"""A month with less than one in so many rows of the fullest is told of in passing: a late filing, a payment made up for."""

_SERIES = "regexp_replace(split_part({name}, '.', 1), '[0-9]+', '#', 'g')"


def totalled(made: Contract) -> tuple[Column, ...]:
    """The money columns whose totals are compared; a register's accepted rows are only its changes, so it has none."""
    return () if made.delivery == "upsert" else tuple(each for each in made.columns if each.type == "money")


def fact_columns(made: Contract) -> dict[str, str]:
    """Name -> SQL type of the facts about a delivery of a feed.

    - `clean_share`: share of its rows that meet the contract (NULL for fewer than a hundred rows).
    - `rows_vs_last`, `rows_vs_usual`: its rows per month covered (a month of stragglers is not), as a multiple of the delivery
      before and of the median of the last six (NULL before there are three). Only deliveries of one series compare: same
      name apart from digits, so that a backfill, a correction and the monthly file, or power and water, stand apart. NULL
      for events that only add to what their series has told before: corrections are rows of their own, and may be few or
      negative.
    - `known_share`: share of its codes that the register knows (NULL for fewer than a hundred, or without a register).
    - `days_behind`: days from the end of its newest period to its receipt; negative when it speaks of the future.
    - `<money>_vs_usual`: as `rows_vs_usual`, for the total of each money column.
    """
    names = ["clean_share", "rows_vs_last", "rows_vs_usual", "known_share"]
    totals = {f"{column.name}_vs_usual": "DOUBLE" for column in totalled(made)}
    return dict.fromkeys(names, "DOUBLE") | {"days_behind": "INTEGER"} | totals


def describe(con: Connection, made: Contract, name: str, counts: Counts, received_on: date) -> None:
    """The temporary table `delivery`: one row with the columns of `fact_columns`, about the rows in `batch`.

    `measured` holds the months covered and the total of each money column (`total_<name>`).
    """
    _measure(con, made)
    _compare_with_earlier(con, made, name)
    totals = "".join(
        f', m."total_{each.name}" / m.months / {_usual(made, each.name)} AS "{each.name}_vs_usual"'
        for each in totalled(made)
    )
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE delivery AS
        SELECT if($rows_in < {FEWEST}, NULL, 1 - $quarantined / $rows_in) AS clean_share,
               $rows_in / m.months / {_usual(made, "last_rows")} AS rows_vs_last,
               $rows_in / m.months / {_usual(made, "rows")} AS rows_vs_usual,
               {_known_share(con, made, counts.accepted)} AS known_share,
               date_diff('day', m.newest_on, $received_on::DATE)::INTEGER AS days_behind{totals}
        FROM measured AS m, usual AS u
        """,
        {"quarantined": float(counts.quarantined), "rows_in": float(counts.rows_in), "received_on": received_on},
    )


def _usual(made: Contract, name: str) -> str:
    """SQL of what the series usually has; NULL where the events of the file only add to what it has told before."""
    only_adds = "date_trunc('month', m.newest_on) <= u.told_month AND m.newest_on <= u.told_on"
    return f'if({only_adds}, NULL, u."{name}")' if made.delivery == "append" and made.period else f'u."{name}"'


def _measure(con: Connection, made: Contract) -> None:
    """Months covered, newest day spoken of, totals."""
    months, newest = "1", "NULL::DATE"
    if made.period:
        last = f'max("{made.period}")'
        months = (
            f"(SELECT nullif(count(*), 0) FROM by_month WHERE {STRAGGLERS} * rows >= (SELECT max(rows) FROM by_month))"
        )
        newest = f"last_day({last})" if made.column(made.period).type == "month" else f"{last}::DATE"
        con.execute(
            f"""
            CREATE OR REPLACE TEMP TABLE by_month AS
            SELECT date_trunc('month', "{made.period}") AS month, count(*) AS rows
            FROM batch WHERE "{made.period}" IS NOT NULL GROUP BY month
            """
        )
    sums = "".join(f', sum("{each.name}") AS "total_{each.name}"' for each in totalled(made))
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE measured AS SELECT {months} AS months, {newest} AS newest_on{sums} FROM batch"
    )


def _compare_with_earlier(con: Connection, made: Contract, name: str) -> None:
    """`usual`: rows and totals per month of the earlier deliveries of the series, newest first; what they told of, and when."""
    enough = f"FILTER (nth <= {USUAL_OF})"
    earlier_totals = "".join(
        f', (SELECT total FROM totals WHERE column_name = {quoted(each.name)}) AS "{each.name}"'
        for each in totalled(made)
    )
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE usual AS
        WITH landed AS (
            SELECT file_id, rows_in, received_on, landed_at, strptime(split_part(period, '/', -1), '%Y-%m') AS newest_month,
                   coalesce(months, 1 + date_diff('month', strptime(split_part(period, '/', 1), '%Y-%m'),
                                                  strptime(split_part(period, '/', -1), '%Y-%m')), 1) AS months
            FROM delivered
            LEFT JOIN (SELECT feed, file_id, any_value(months) AS months FROM totalled GROUP BY ALL) USING (feed, file_id)
            WHERE feed = $feed AND status = 'landed' AND rows_in > 0
                AND {_SERIES.format(name="name")} = {_SERIES.format(name="$name")}
        ),
        earlier AS MATERIALIZED (
            SELECT file_id, newest_month, received_on, rows_in / months AS rows,
                   row_number() OVER (ORDER BY received_on DESC, landed_at DESC) AS nth
            FROM landed
        ),
        totals AS MATERIALIZED (
            SELECT t.column_name,
                   if(count(*) < {FEWEST_FOR_USUAL}, NULL, nullif(median(t.total_yuan::DOUBLE / t.months), 0)) AS total
            FROM totalled AS t JOIN earlier AS e USING (file_id)
            WHERE t.feed = $feed AND e.nth <= {USUAL_OF} GROUP BY t.column_name
        )
        SELECT max(newest_month) AS told_month, max(received_on) AS told_on, max(rows) FILTER (nth = 1) AS last_rows,
               if(count(*) < {FEWEST_FOR_USUAL}, NULL, median(rows) {enough}) AS rows{earlier_totals}
        FROM earlier
        """,
        {"feed": made.feed, "name": name},
    )


def _known_share(con: Connection, made: Contract, accepted: int) -> str:
    """SQL of the share of codes that the register knows; of a fixed part of all codes when there are many."""
    if made.feed == REGISTER or not any(column.name == "uscc" for column in made.columns):
        return "NULL::DOUBLE"
    part = max(1, accepted // CODES_LOOKED_UP)  # not bound: the engine would divide as if by a number of 128 bits
    known = con.execute(
        f"""
        SELECT count(*), count(r.code), (SELECT count(*) FROM registered)
        FROM (SELECT DISTINCT hash(uscc) AS code FROM batch WHERE uscc IS NOT NULL AND hash(uscc) % {part} = 0)
        LEFT JOIN registered AS r USING (code)
        """
    ).fetchone()
    codes, found, registered = known or (0, 0, 0)
    return f"{found / codes:.6f}" if registered and codes >= FEWEST else "NULL::DOUBLE"


def know_register(con: Connection) -> None:
    """`registered`: digests of the codes that the register holds, kept from one file to the next."""
    current = f"SELECT hash(uscc) AS code FROM lake.feed.{REGISTER} WHERE superseded_on IS NULL"  # one row a code
    con.execute(f"CREATE OR REPLACE TEMP TABLE registered AS {current}")


def extend_register(con: Connection) -> None:
    """After the rows of `batch` have landed in the register."""
    con.execute(
        "INSERT INTO registered SELECT DISTINCT hash(uscc) AS code FROM batch ANTI JOIN registered ON code = hash(uscc)"
    )
