"""What became of the lists, handed in as a file: a list filled in by marketing, or an export of the CRM.

There is one way of landing: what is handed in becomes a delivery of its feed, under the same contract, gate and ledgers as
one from the inbox.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import polars as pl

from pipelines.conversion.returned import Feedback, delivery, feedback_in, sheets_of, under
from pipelines.conversion.wordings import Wording, heard, unusual_results
from pipelines.errors import FileRefusedError, UsageError
from pipelines.feeds import pull
from pipelines.feeds.arrive import arrive
from pipelines.feeds.codes import personal_numbers_masked
from pipelines.feeds.contract import contract
from pipelines.feeds.convert import form_of
from pipelines.feeds.decode import check_is_text
from pipelines.feeds.header import fitting_feeds
from pipelines.feeds.land import Landing, landing
from pipelines.feeds.ledger import GATED, LANDED, REPEATED, FileOutcome
from pipelines.feeds.pull import Delivery
from pipelines.feeds.texts import head_of
from pipelines.lists.feedback import FEED, HEADINGS, PLACE, SHEET
from pipelines.settings import Settings, today_in_china
from pipelines.warehouse.connect import Connection, transaction, writer

OUTCOMES = (FEED, "crm__applications", "crm__disbursements", "crm__suppressions")
"""The feeds that say what became of a list."""

_LONGEST_STEM = 40

_NOT_HONOURED = (
    "; REFUSAL NOT IN FORCE: hand the row in again, complete and with the time at which it was told, "
    "or enter it in crm__suppressions"
)


@dataclass(frozen=True)
class Place:
    """A row of the workbook and what is to be said of it; `found` is what was filled in there, personal numbers masked."""

    sheet: str
    row: int
    words: str
    found: str = ""


@dataclass(frozen=True)
class HandedIn:
    """What became of a file that was handed in.

    Attributes:
        file: the delivery, as any other.
        original: SHA-256 of the file as it was handed in; the archive has its bytes.
        listed: rows of a returned list; None for an export of the CRM.
        filled_in: of them with feedback.
        set_aside: the rows that were not accepted (also when the gate closed), by their place in the workbook; of a list that
            had landed before, those that came in no later file.
        weeks: the lists its rows name.
        strangers: filled-in rows whose code is not on the list of their week; landed all the same.
        first_stranger: the first of them.
        wordings: results in other words than the usual among its rows in the feed, and as what refusal each is heard.
    """

    file: FileOutcome
    original: str
    listed: int | None = None
    filled_in: int | None = None
    weeks: tuple[str, ...] = ()
    set_aside: tuple[Place, ...] = ()
    strangers: int = 0
    first_stranger: Place | None = None
    wordings: tuple[Wording, ...] = ()


@dataclass(frozen=True)
class ListProgress:
    """How far the list of a week has come: entities of it, hold-outs left out, since they were first published."""

    week: str
    listed: int
    contacted: int
    applied: int
    disbursed: int


def hand_in(settings: Settings, path: Path, received_on: date | None = None) -> HandedIn:
    """Land a list that came back filled in, or an export of the CRM, recognised by its header.

    The filled-in rows of a list become one delivery to crm__contacts, received on `received_on` (default: today in China);
    an export is delivered as it is, received on `received_on` or the day its name or time says, as from the inbox.

    Raises:
        FileRefusedError: it is neither; nothing was landed. (What the gate refuses is in the answer, and `withdrawn` in the
            ledger: it lies in no inbox and holds nothing up.)
        UsageError: `received_on` lies in the future, or nothing was filled in.
    """
    if received_on and received_on > _today():
        raise UsageError(f"--received-on {received_on} lies in the future; expected a day up to {_today()}")
    scratch = settings.work / "outcomes"
    given = recognised(path, scratch)
    if isinstance(given, Feedback) and given.rows.is_empty():
        raise UsageError(
            f"{path.name}: {given.listed:,} rows, none of them filled in; expected {'、'.join(HEADINGS.values())} of those "
            "contacted: fill them in and hand the workbook in again"
        )
    day = received_on or (_today() if isinstance(given, Feedback) else _day_of(_delivery(given, path)))
    with writer(settings) as con, landing(con, settings) as lands:
        if isinstance(given, Feedback):
            handed_in = _land_feedback(con, lands, settings, path, given, day)
        else:
            with arrive(_delivery(given, path), settings, day) as arrival:
                file = lands.land(arrival)
            handed_in = HandedIn(file, file.file_id)
        if not handed_in.file.is_good:
            lands.give_back(handed_in.file.feed, handed_in.file.name)
        if handed_in.file.feed == FEED:
            handed_in = replace(handed_in, wordings=unusual_results(con, handed_in.file.file_id))
    return handed_in


def recognised(path: Path, scratch: Path) -> Feedback | str:
    """The feedback of a returned list, or the feed of which the file is an export.

    Raises:
        FileRefusedError: it is neither.
    """
    try:
        form = form_of(path)
        if form not in ("workbook", None):
            raise FileRefusedError(
                f"found a file of the form {form}; expected the list as an Excel workbook (.xlsx), or an export of the CRM as an "
                "Excel workbook (.xlsx) or a CSV"
            )
        sheets = sheets_of(path, scratch) if form else []
        found = feedback_in(sheets)
        tables = [sheet.lines for sheet in sheets] if form else [_lines(path)]
        return found or _feed_of(tables, [sheet.name for sheet in sheets])
    except PermissionError as error:
        raise FileRefusedError(
            f"{path.name}: cannot be read: {error.strerror}; give it to whoever runs this"
        ) from error
    except FileRefusedError as refusal:
        raise FileRefusedError(f"{path.name}: {refusal}") from refusal


def progress(con: Connection, weeks: Sequence[str] = ()) -> tuple[ListProgress, ...]:
    """How far the lists of these weeks and the newest list have come, as conversions were last tracked."""
    rows = con.execute(
        """
        SELECT list.week, count(*), count(contacted_on), count(applied_on), count(*) FILTER (entity.outcome = 'disbursed')
        FROM lake.out.target_list AS list LEFT JOIN lake.out.conversions AS entity USING (uscc)
        WHERE NOT coalesce(list.is_holdout, FALSE)
            AND (list.week IN (SELECT unnest(?::VARCHAR[])) OR list.week = (SELECT max(week) FROM lake.out.target_list))
        GROUP BY list.week ORDER BY list.week
        """,
        [list(weeks)],
    ).fetchall()
    return tuple(ListProgress(*row) for row in rows)


def _today() -> date:
    return today_in_china()


def _day_of(export: Delivery) -> date:
    """The day an export was received, as its control file, its name or its time says.

    Raises:
        FileRefusedError: it lies in the future.
    """
    day = pull.received_on(export, pull.control_of(export))
    if day > _today():
        raise FileRefusedError(
            f"{export.name}: its control file, name or time says that it was received on {day}, which lies in the future; "
            f"expected a day up to {_today()}: state it with --received-on"
        )
    return day


def _lines(path: Path) -> Sequence[bytes]:
    lines = head_of(path)
    check_is_text(b"".join(lines))
    return lines


def _feed_of(tables: Sequence[Sequence[bytes]], sheets: Sequence[str]) -> str:
    fitting = [feed for lines in tables for feed in fitting_feeds(lines)]
    for feed in fitting:
        if feed in OUTCOMES:
            return feed
    if fitting:
        raise FileRefusedError(
            f"the header fits the feed {fitting[0]} ({contract(fitting[0]).title_zh}), which says nothing of what became of a "
            f"list: put the file into inbox/{fitting[0]}/ and run `shoudai ingest {fitting[0]}`"
        )
    found = f"the sheets {', '.join(sheets)}, none of them a list" if sheets else "a table with other headings"
    raise FileRefusedError(
        f"found {found}; expected the sheet {SHEET} of a published list with {'、'.join(HEADINGS.values())} filled in, or a "
        f"table with the headings of {', '.join(OUTCOMES)} (schemas/feeds/): hand in the workbook of the list, saved as .xlsx"
    )


def _land_feedback(
    con: Connection, lands: Landing, settings: Settings, path: Path, feedback: Feedback, day: date
) -> HandedIn:
    digest, _ = pull.archive(_delivery(FEED, path), settings.archive, None)
    file = _land(lands, settings, _name(path, digest), delivery(feedback), day)
    if file.status == LANDED:
        _link_earlier(con, feedback.rows, file)
    strangers = _strangers(con, feedback.rows)
    return HandedIn(
        file,
        digest,
        feedback.listed,
        feedback.rows.height,
        tuple(feedback.rows["week"].drop_nulls().unique().sort()),
        _set_aside(con, feedback.rows, file),
        len(strangers),
        strangers[0] if strangers else None,
    )


def _delivery(feed: str, path: Path) -> Delivery:
    stat = path.stat()
    return Delivery(feed, path, stat.st_size, stat.st_mtime_ns)


def _name(path: Path, digest: str) -> str:
    """The name of the delivery: that of the workbook, and the beginning of its digest, by which the archive has it."""
    stem = "".join(each for each in path.stem if each.isprintable())[:_LONGEST_STEM]
    return f"{stem}_{digest[:12]}.csv"


def _land(lands: Landing, settings: Settings, name: str, text: str, day: date) -> FileOutcome:
    path = settings.work / "outcomes" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    try:
        with arrive(_delivery(FEED, path), settings, day, under(day)) as arrival:
            return lands.land(arrival)
    finally:
        path.unlink()


def _link_earlier(con: Connection, rows: pl.DataFrame, file: FileOutcome) -> None:
    """Rows of earlier returns that were refused are taken up by the row of the same entity and list in this one."""
    con.register("filled_in", rows.select("uscc", "week").with_row_index("nth", offset=1))
    with transaction(con):
        con.execute(
            """
            INSERT INTO lake.quarantine.returns (feed, file_id, row_no, returned_file_id, returned_row_no, returned_on)
            SELECT refused.feed, refused.file_id, refused.row_no, $file_id, min(nth), $day
            FROM lake.quarantine.cells AS refused
            JOIN lake.ops.files AS f ON f.feed = refused.feed AND f.file_id = refused.file_id AND f.status = 'landed'
            JOIN filled_in AS again ON again.uscc = refused.cells[list_position(f.headings, $uscc)]
                AND again.week IS NOT DISTINCT FROM nullif(refused.cells[list_position(f.headings, $week)], '')
            ANTI JOIN lake.quarantine.returns AS known
                ON known.feed = refused.feed AND known.file_id = refused.file_id AND known.row_no = refused.row_no
            WHERE refused.feed = $feed AND refused.file_id <> $file_id AND list_contains(f.headings, $place)
            GROUP BY ALL
            """,
            {
                "feed": FEED,
                "file_id": file.file_id,
                "day": file.received_on,
                "uscc": contract(FEED).column("uscc").title_zh,
                "week": contract(FEED).column("week").title_zh,
                "place": PLACE[1],
            },
        )
    con.unregister("filled_in")


def _set_aside(con: Connection, rows: pl.DataFrame, file: FileOutcome) -> tuple[Place, ...]:
    """The rows of the delivery that were not accepted, now or when it landed before, by where they stand in the workbook."""
    if file.status in (LANDED, GATED):
        aside = "SELECT row_no, reasons FROM rejected"
    elif file.status == REPEATED:
        aside = """
            SELECT row_no, reasons FROM lake.quarantine.rows ANTI JOIN lake.quarantine.returns USING (feed, file_id, row_no)
            WHERE feed = $feed AND file_id = $file_id
        """
    else:
        return ()
    bound = {"feed": file.feed, "file_id": file.file_id} if file.status == REPEATED else {}
    found = con.execute(
        f"SELECT row_no, array_to_string(reasons, '; ') FROM ({aside}) ORDER BY row_no", bound
    ).fetchall()
    filled_in = rows.select("sheet", "row", "result", _as_filled_in()).rows()
    refusals = heard(con, [filled_in[row_no - 1][2] for row_no, _ in found])
    return tuple(
        Place(sheet, row, words + (_NOT_HONOURED if result in refusals else ""), personal_numbers_masked(cells))
        for (sheet, row, result, cells), words in ((filled_in[row_no - 1], words) for row_no, words in found)
    )


def _as_filled_in() -> pl.Expr:
    """`触达时间 '11月25日', 触达方式 '电话'`: the cells of a row that hold anything, under their headings."""
    cells = (pl.format("{} '{}'", pl.lit(heading), pl.col(name)) for name, heading in HEADINGS.items())
    return pl.concat_str(*cells, separator=", ", ignore_nulls=True).alias("filled_in")


def _strangers(con: Connection, rows: pl.DataFrame) -> list[Place]:
    """The rows whose code is not on the list of their week, or whose week is not given; hold-outs are not on it either.

    A row without a code, as the total below a list, is set aside and no stranger.
    """
    con.register("filled_in", rows.with_row_index("nth"))
    found = con.execute(
        """
        WITH listed AS (SELECT week, uscc FROM lake.out.target_list WHERE NOT coalesce(is_holdout, FALSE))
        SELECT sheet, row, 'not on the list of ' || coalesce(week, 'any week: 名单批次 is empty')
        FROM (SELECT * REPLACE (upper(uscc) AS uscc) FROM filled_in WHERE uscc IS NOT NULL)
        ANTI JOIN listed USING (week, uscc) ORDER BY nth
        """
    ).fetchall()
    con.unregister("filled_in")
    return [Place(*each) for each in found]
