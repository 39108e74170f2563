"""Releases: a week's list written to the warehouse, to marketing's files and to the published `.duckdb`; and its replay."""

from __future__ import annotations

import hashlib
import json
import shutil
import uuid
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl

from pipelines import __version__
from pipelines.eligibility.rules import FeedStates, rules_on
from pipelines.errors import GateError, UsageError
from pipelines.feeds.contract import feeds
from pipelines.feeds.remote.ledger import failing
from pipelines.freshness import FoundFeeds, found_feeds, frozen_words
from pipelines.lists.checks import CHECKED, LIST, check_rows, judged
from pipelines.lists.context import FeedSource, ListContext
from pipelines.lists.export import export_list
from pipelines.lists.manifest import MANIFEST, sha256, write_manifest
from pipelines.parameters import last_season_ends_on, parameters, rates, targets
from pipelines.registers.divisions import division_names
from pipelines.runs import Run
from pipelines.scoring.card import versions as scorecard_versions
from pipelines.settings import HOUSE, Settings, today_in_china
from pipelines.warehouse.connect import Connection, named, quoted, reader, transaction, writer
from pipelines.warehouse.publish import CURRENT, LATEST, build, building_folder, make_current, point, replace_tables
from pipelines.warehouse.tables import table
from pipelines.warehouse.visible import Newest, inputs_digest, show_feeds

LISTED = {
    "out.target_list": "picked",
    "out.attrition": "attrition",
    "out.watchlist": "watchlist",
    "out.eligibility": "judged",
    "register.links": "links",
    "register.changes": "changes",
    "out.feed_states": "feed_states",
    "ops.score_bands": "score_bands",
}
"""Tables kept by week, and the step that makes them."""

KEPT = {"out.target_list": "week, uscc", "out.attrition": "ALL", "ops.score_bands": "ALL", "register.changes": "ALL"}
"""Tables of which a published file holds all weeks, and the order of their rows: an entity's lists are found by code."""

VERSIONS = ("code_digest", "inputs_digest", "package_version", "parameters_version", "scorecard_version")
"""What a release depends on beside its catalog version, in its manifest."""

FOLLOWED = {"out.conversions": "conversions", "out.funnel": "funnel", "out.plan_progress": "plan_progress"}
"""Tables that are the newest state as of a day."""


@dataclass(frozen=True)
class Release:
    """One published week."""

    week: str
    as_of: date
    folder: Path
    database: Path
    files: tuple[Path, ...]
    list_digest: str
    counts: Mapping[str, int]
    notes: tuple[str, ...] = field(default=())


def run_id() -> str:
    """A new unique run id."""
    return uuid.uuid4().hex


def publish(run: Run) -> Release:
    """Publish what the steps of a run left behind.

    The files are built in a folder aside and judged; the tables go into the warehouse in one transaction; the folder is
    renamed; then the two symlinks move, unless a later release stands: it stays current. Stopped anywhere, the last release
    still stands, and running again gives the same release.

    Raises:
        GateError: the list failed its own expectations; nothing was published.
    """
    started = datetime.now(UTC).replace(tzinfo=None)
    building = building_folder(run.settings, run.week)
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(parents=True)
    database = f"shoudai-{run.week}.duckdb"
    with ThreadPoolExecutor(max_workers=1) as beside:
        may_stand = (run.settings.published / run.week).exists()  # then, most often, nothing is to be built
        copied = None if may_stand else beside.submit(_copy_earlier, run, building / database)
        found = found_feeds(run)
        files = [path.name for path in export(run, building, found)]
        facts = _facts(run, found, _digest_of(building, files))
        notes = _notes(run, found)
        folder = run.settings.published / _revision(run, facts)
        warnings = _judge_list(run)
        ledger = _ledger(run, facts, notes, folder.name, started)
        is_new = not folder.exists()  # else the week stands there already with the same content, and is left untouched
        if is_new:
            (copied or beside.submit(_copy_earlier, run, building / database)).result()
            _build_database(run, building / database, ledger)
            stated = beside.submit(write_manifest, building, facts)  # digests a file of many gigabytes
        _write_lake(run, ledger)
        if is_new:
            stated.result()
            building.rename(folder)
    shutil.rmtree(building, ignore_errors=True)
    standing = _make_current(run, folder, database)
    return Release(
        week=run.week,
        as_of=run.as_of,
        folder=folder,
        database=folder / database,
        files=tuple(folder / name for name in files),
        list_digest=str(facts["list_digest"]),
        counts=_counts(run),
        notes=(*notes, *warnings, *_score_warnings(run), *standing),
    )


def _make_current(run: Run, folder: Path, database: str) -> list[str]:
    """Move the two symlinks to a release; where a later one stands they stay, and a note says so."""
    latest, current = (run.settings.published / link for link in (LATEST, CURRENT))
    standing = latest.resolve()
    manifest = standing / MANIFEST
    if manifest.is_file() and json.loads(manifest.read_text(encoding="utf-8"))["as_of"] > run.as_of.isoformat():
        return [
            f"{standing.name} is later and stays current; this release lies in {folder} (was the later one a mistake? "
            "Move its folder away and run again)"
        ]
    point(latest, folder)
    if current.resolve().parent != folder:  # else it holds this release, perhaps with newer conversions
        make_current(current, folder / database)
    return []


def reached(con: Connection, day: date) -> date:
    """The day up to which conversions were tracked, or this one where it is later.

    A day later than both this one and today was given by mistake, and does not count.
    """
    until = max(day, today_in_china())
    row = con.execute("SELECT max(as_of) FROM lake.out.plan_progress WHERE as_of <= ?", [until]).fetchone()
    return max(day, row[0]) if row and row[0] else day


def is_behind(run: Run, release: Release) -> bool:
    """Whether the current file is the release as made, and conversions have been tracked to a later day than its as-of."""
    with reader(run.settings) as con:
        is_later = reached(con, run.as_of) > run.as_of
    return is_later and (run.settings.published / CURRENT).resolve() == release.database.resolve()


def publish_conversions(run: Run) -> Path:
    """Bring the conversion tables of the warehouse and of the current published file to a day (a new file is swapped in).

    Days after it are no longer known: whoever tracks an earlier one begins anew from there.

    Raises:
        UsageError: nothing was published yet.
    """
    current = run.settings.published / CURRENT
    if not current.exists():
        raise UsageError(f"no published release in {run.settings.published}; run `shoudai run` first")
    with writer(run.settings) as con, transaction(con):
        con.execute("DELETE FROM lake.out.plan_progress WHERE as_of > ?", [run.as_of])
        _replace_followed(con, run)
    base = current.resolve()
    target = base.with_name(f"{base.name.split('+')[0].removesuffix('.duckdb')}+{run.as_of}.duckdb")
    with reader(run.settings) as con:
        replace_tables(con, base, target, {name: f"FROM {_rows(run, step)}" for name, step in FOLLOWED.items()})
    make_current(current, target)
    return target


def export(run: Run, folder: Path, found: FoundFeeds) -> list[Path]:
    """Marketing's files of a run's list, in a folder."""
    sources = tuple(_source(feed, found.newest.get(feed), found.states) for feed in feeds())
    context = ListContext(run.as_of, parameters(run.as_of), rates(run.as_of), sources, division_names())
    return export_list(pl.read_parquet(run.handover("picked")), folder, run.week, context)


def _source(feed: str, newest: Newest | None, states: FeedStates) -> FeedSource:
    return FeedSource.of(
        feed, newest.name if newest else None, newest.received_on if newest else None, states.of(feed), rules_on(feed)
    )


def _digest_of(folder: Path, files: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(f"{name} {sha256(folder / name)}" for name in files).encode()).hexdigest()


def _rows(run: Run, step: str) -> str:
    handed_over = run.handover(step)
    return quoted(str(handed_over / "*.parquet" if handed_over.is_dir() else handed_over))


def select_declared(run: Run, name: str, step: str) -> str:
    """SELECT of a declared table's columns from the hand-over of a step."""
    constant = {"week": quoted(run.week)} if step == "judged" else {}
    columns = ", ".join(
        f'{constant[column]} AS "{column}"' if column in constant else f'"{column}"'
        for column in table(name).table_columns
    )
    return f"SELECT {columns} FROM {_rows(run, step)}"


def _judge_list(run: Run) -> list[str]:
    """The list's own expectations; warnings come back as words."""
    with reader(run.settings, run.version) as con:
        con.execute(f"CREATE TEMP VIEW listed AS FROM {_rows(run, 'picked')}")
        checks = judged(con, "listed", parameters(run.as_of))
    check_rows(checks, run.week).write_parquet(run.handover("list_checks"))
    closing = [check.in_words() for check in checks if check.closes_gate]
    if closing:
        with writer(run.settings) as con, transaction(con):
            _replace_checks(con, run, [LIST])
        raise GateError(f"the list of {run.week} is not published: {'; '.join(closing)}. The last release still stands")
    return [check.in_words() for check in checks if not check.success]


def _checks(run: Run, names: Iterable[str]) -> str:
    """SELECT of what was found about the week's own tables, as rows of `ops.checks`."""
    now = datetime.now(UTC).replace(tzinfo=None)
    found = " UNION ALL BY NAME ".join(f"FROM {_rows(run, CHECKED[name])}" for name in names)
    return f"SELECT TIMESTAMP '{now}' AS checked_at, * FROM ({found})"


def _replace_checks(con: Connection, run: Run, names: Sequence[str]) -> None:
    con.execute("DELETE FROM lake.ops.checks WHERE feed IN (SELECT unnest(?)) AND file_id = ?", [names, run.week])
    con.execute(f"INSERT INTO lake.ops.checks BY NAME FROM ({_checks(run, names)})")


def _score_warnings(run: Run) -> list[str]:
    failed = pl.read_parquet(run.handover("score_checks")).filter(~pl.col("success"))
    return [
        f"{column} {expectation.replace('_', ' ')}: found {observed}, expected {expected}"
        for column, expectation, observed, expected in failed.select(
            "column_name", "expectation", "observed", "expected"
        ).iter_rows()
    ]


def _ledger(run: Run, facts: Mapping[str, object], notes: list[str], release: str, started: datetime) -> pl.DataFrame:
    """The row of `ops.runs`."""
    row = {
        "run_id": run.run_id,
        "week": run.week,
        "as_of": run.as_of,
        "catalog_version": run.version,
        "package_version": __version__,
        "parameters_version": facts["parameters_version"],
        "scorecards_version": facts["scorecard_version"],
        "inputs_digest": facts["inputs_digest"],
        "list_digest": facts["list_digest"],
        "release": release,
        "status": "published",
        "started_at": started,
        "ended_at": datetime.now(UTC).replace(tzinfo=None),
        "settings": run.facts(),
        "notes": notes,
    }
    return pl.DataFrame([row], schema_overrides={"notes": pl.List(pl.String)})


def _write_lake(run: Run, ledger: pl.DataFrame) -> None:
    """The week's rows and the run's ledger row, in one transaction; an earlier run of the week is replaced."""
    with writer(run.settings) as con, transaction(con):
        for name, step in LISTED.items():
            columns = named(table(name).table_columns)
            con.execute(f"DELETE FROM lake.{name} WHERE week = ?", [run.week])
            con.execute(f"INSERT INTO lake.{name} ({columns}) {select_declared(run, name, step)}")
        _replace_followed(con, run)
        _replace_checks(con, run, list(CHECKED))
        con.register("ledger", ledger)
        con.execute("INSERT INTO lake.ops.runs BY NAME FROM ledger")


def _replace_followed(con: Connection, run: Run) -> None:
    """Tables of a day get the rows of this one; those that are the newest state only where none of a later day stands."""
    is_newest = reached(con, run.as_of) == run.as_of
    for name, step in FOLLOWED.items():
        columns = named(table(name).table_columns)
        if '"as_of"' in columns:
            con.execute(f"DELETE FROM lake.{name} WHERE as_of = ?", [run.as_of])
        elif is_newest:
            con.execute(f"DELETE FROM lake.{name}")
        else:
            continue
        con.execute(f"INSERT INTO lake.{name} ({columns}) SELECT {columns} FROM {_rows(run, step)}")


def _build_database(run: Run, target: Path, ledger: pl.DataFrame) -> None:
    """The published file: what the steps made, beside feeds and ledgers as the run saw them."""
    with reader(run.settings, run.version) as con:
        show_feeds(con, run.as_of, run.handover("links"))
        con.register("ledger", ledger)
        received = f"received_on <= DATE '{run.as_of}'"
        visible = f"(feed, file_id) IN (SELECT (feed, file_id) FROM lake.ops.files WHERE {received})"
        earlier = f"(feed IN ({', '.join(map(quoted, CHECKED))}) AND file_id < {quoted(run.week)})"
        sources = {
            **{name: select_declared(run, name, step) for name, step in LISTED.items()},
            **{name: f"FROM {_rows(run, step)}" for name, step in FOLLOWED.items()},
            "register.entities": f"FROM {_rows(run, 'features')} LEFT JOIN {_rows(run, 'identities')} USING (uscc)",
            "register.decisions": f"FROM lake.register.decisions WHERE decided_on <= DATE '{run.as_of}'",
            "mart.features": f"FROM {_rows(run, 'features')}",
            "ops.files": f"FROM lake.ops.files WHERE {received}",
            "mart.scores": f"FROM {_rows(run, 'scores')}",
            "ops.checks": f"FROM lake.ops.checks WHERE {visible} OR {earlier} UNION ALL BY NAME {_checks(run, CHECKED)}",
            "ops.runs": f"FROM lake.ops.runs WHERE as_of <= DATE '{run.as_of}' UNION ALL BY NAME FROM ledger",
            "quarantine.rows": f"FROM lake.quarantine.rows WHERE {visible}",
        }
        earlier_weeks = {}
        for name, order in KEPT.items():
            sources[name] += f" ORDER BY {order}"
            earlier_weeks[name] = f"FROM lake.{name} WHERE week < {quoted(run.week)} ORDER BY {order}"
        build(con, target, sources, earlier_weeks)


def _copy_earlier(run: Run, target: Path) -> None:
    """Begin the published file with a copy of the newest one, where there is one to build on."""
    if earlier := _earlier(run):
        shutil.copyfile(earlier, target)


def _earlier(run: Run) -> Path | None:
    """The newest published file, where this code made it from what the warehouse held up to the same as-of or an earlier one."""
    folder = (run.settings.published / LATEST).resolve()
    if not (folder / MANIFEST).is_file():
        return None
    recorded = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    path = folder / f"shoudai-{recorded['week']}.duckdb"
    is_ours = recorded["code_digest"] == code_digest() and path.is_file()
    is_whole = is_ours and path.stat().st_size == recorded["files"][path.name]["bytes"]
    is_earlier = recorded["as_of"] <= run.as_of.isoformat() and recorded["catalog_version"] <= run.version
    return path if is_whole and is_earlier else None


def _revision(run: Run, facts: Mapping[str, object]) -> str:
    """`2026-W48`, or `2026-W48-r2` … when that week was published with other content before."""
    content = ("list_digest", *VERSIONS)
    number = 1
    while True:
        name = run.week if number == 1 else f"{run.week}-r{number}"
        manifest = run.settings.published / name / MANIFEST
        if not manifest.is_file():
            return name
        recorded = json.loads(manifest.read_text(encoding="utf-8"))
        if all(recorded.get(key) == facts[key] for key in content):
            return name
        number += 1


def code_digest() -> str:
    """SHA-256 over the code, SQL and declarations that decide: it tells changed code from changed data."""
    folders = ("pipelines", "sql", "schemas")
    paths = sorted(
        path for folder in folders for path in (HOUSE / folder).rglob("*") if path.suffix in (".py", ".sql", ".yml")
    )
    lines = [f"{path.relative_to(HOUSE).as_posix()} {sha256(path)}" for path in paths]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def versions(run: Run) -> dict[str, str]:
    """The `VERSIONS` of a run."""
    p = parameters(run.as_of)
    found = (code_digest(), _inputs(run), __version__, p.version, scorecard_versions(p))
    return dict(zip(VERSIONS, found, strict=True))


def _facts(run: Run, found: FoundFeeds, digest: str) -> dict[str, object]:
    lpr, states = rates(run.as_of), found.states
    return {
        "week": run.week,
        "as_of": run.as_of,
        "catalog_version": run.version,
        "list_digest": digest,
        "lpr_effective_on": lpr.effective_on,
        "lpr_is_past_table_end": lpr.is_past_table_end,
        **versions(run),
        "counts": dict(_counts(run)),
        "frozen": {
            feed: {"state": states.of(feed), "rules": rules_on(feed)} for feed in feeds() if not states.is_fresh(feed)
        },
    }


def _inputs(run: Run) -> str:
    with reader(run.settings, run.version) as con:
        return inputs_digest(con, run.as_of)


def _counts(run: Run) -> dict[str, int]:
    judged = pl.scan_parquet(run.handover("judged")).select(pl.len()).collect().item()
    listed = (
        pl.read_parquet(run.handover("picked"), columns=["segment"])
        .group_by("segment")
        .len()
        .sort("len", "segment", descending=True)
    )
    return {
        "entities": int(judged),
        "listed": int(listed["len"].sum()),
        **{str(name): int(rows) for name, rows in listed.iter_rows()},
    }


def _notes(run: Run, found: FoundFeeds) -> list[str]:
    """What a reader of the list must know: sources out of reach, frozen rules, and a rate table or a plan that has ended."""
    states, lpr = found.states, rates(run.as_of)
    with reader(run.settings, run.version) as con:
        unread = failing(con)
    notes = [
        f"{feed} could not be fetched, the list stands on what had arrived before: {why}"
        for feed, why in unread.items()
    ]
    notes += [f"{feed} {frozen_words(feed, states)}" for feed in feeds() if not states.is_fresh(feed)]
    if lpr.is_past_table_end:
        notes.append(
            f"the LPR table ends with {lpr.effective_on}: rates use {lpr.lpr_1y_pct} %; "
            "add newer values to pipelines/parameters/lpr.yml"
        )
    return notes + plan_notes(run.as_of)


def plan_notes(as_of: date) -> list[str]:
    """That the plan year or the last season of trade is over and no other was declared, when that is so."""
    notes, year, season_ended = [], targets(as_of)[0].year, last_season_ends_on()
    if year != as_of.year:
        notes.append(
            f"no targets for {as_of.year}: those of {year} are shown as that year ended; "
            f"add pipelines/parameters/targets_{as_of.year}.yml"
        )
    if as_of > season_ended:
        notes.append(
            f"the seasons of trade end with {season_ended}: none is shown; add the next to pipelines/parameters/seasons.yml"
        )
    return notes


def published(settings: Settings) -> list[dict[str, object]]:
    """Every published week, newest first: week, as_of, listed, published_at, folder (None where its files are not there)."""
    with reader(settings) as con:
        rows = con.execute(
            """
            WITH newest AS (
                SELECT week, arg_max(as_of, started_at) AS as_of, max(ended_at) AS published_at,
                       arg_max(release, started_at) AS folder
                FROM lake.ops.runs WHERE status = 'published' GROUP BY week
            ),
            listed AS (SELECT week, count(*) AS listed FROM lake.out.target_list GROUP BY week)
            SELECT week, as_of, coalesce(listed, 0), published_at, folder
            FROM newest LEFT JOIN listed USING (week) ORDER BY week DESC
            """
        ).fetchall()
    names = ("week", "as_of", "listed", "published_at", "folder")
    return [{**dict(zip(names, row, strict=True)), "folder": _folder_of(settings, row[4])} for row in rows]


def _folder_of(settings: Settings, release: str) -> str | None:
    folder = settings.published / release
    return str(folder) if (folder / MANIFEST).is_file() else None
