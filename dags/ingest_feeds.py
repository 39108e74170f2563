"""One DAG per feed contract: pull what has arrived, land it, tell the feed's asset."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime

from airflow.sdk import DAG, Asset, BaseHook, CronTriggerTimetable, Metadata, dag, get_current_context, task
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from pipelines.due import TASKS
from pipelines.errors import SourceError
from pipelines.settings import HOUSE, Settings

log = logging.getLogger(__name__)

FEEDS = sorted(contract.stem for contract in (HOUSE / "schemas" / "feeds").glob("*.yml"))
ABOUT = """
Fetches what is new at the source of **{feed}** (`<home>/sources.yml`, `SHOUDAI_SOURCE_…`; credentials from the environment
or an Airflow connection) into the inbox, and lands every new file (`schemas/feeds/{feed}.yml`): contract, split into
accepted and quarantined rows, batch expectations, ledger.

- `land` is *skipped* when nothing new has landed; otherwise the asset `shoudai://feed/{feed}` gets an event that
  carries the names of the landed files and their rows.
- `none_refused` is *failed* when a file was refused (unreadable, of another feed, gate closed), with the reason of
  each. Refused files stay where they are, nothing of them is visible, and the good files beside them land all the same.
  A file whose control file does not agree yet only waits; the log of `land` says so.
- A source that cannot be read fails `land`, which is then retried; what had arrived in the inbox lands before that.

Running it again changes nothing: the same bytes land once. All writers share the pool `warehouse` (one slot).
"""


def ingest(feed: str) -> DAG:
    """The DAG `ingest__<feed>`."""
    asset = Asset(f"shoudai://feed/{feed}")

    @dag(
        dag_id=f"ingest__{feed}",
        schedule=CronTriggerTimetable("0 5 * * *", timezone="Asia/Shanghai"),
        start_date=datetime(2026, 1, 1),  # noqa: DTZ001 - the timetable has the zone
        catchup=False,
        max_active_runs=1,
        default_args=TASKS,
        tags=["shoudai", "ingest", feed.partition("__")[0]],
        doc_md=ABOUT.format(feed=feed),
    )
    def ingest_feed() -> None:
        @task(outlets=[asset], priority_weight=10)
        def land() -> Iterator[Metadata]:
            from pipelines import flow

            report = flow.ingest(Settings.from_env(), [feed], connections=BaseHook.get_connection)
            for source in report.sources:
                log.info("%s: %s, %d files. %s", source.uri, source.status, source.files, source.reason or "")
            for file in report.files:
                log.info("%s: %s, %d rows accepted. %s", file.name, file.status, file.accepted, file.reason or "")
            for ignored in report.ignored:
                log.warning("ignored %s", ignored.in_words())
            refused = [f"{file.name}: {file.reason}" for file in report.refused if file.status != "waiting"]
            unread = [f"{source.uri}: {source.reason}" for source in report.failed_sources]
            get_current_context()["ti"].xcom_push(key="refused", value=refused + unread)
            landed = [file for file in report.files if file.status == "landed"]
            if unread and not landed:
                raise SourceError("\n".join(unread))
            if not landed:
                raise AirflowSkipException(f"nothing new of {feed} has arrived")
            files, rows = [file.name for file in landed], sum(file.accepted for file in landed)
            yield Metadata(asset, {"files": files, "rows": rows})

        @task(trigger_rule="none_failed", retries=0, pool="default_pool")
        def none_refused() -> None:
            refused = get_current_context()["ti"].xcom_pull(task_ids="land", key="refused")
            if refused:
                raise AirflowFailException("\n".join(refused))

        land() >> none_refused()

    return ingest_feed()


for feed in FEEDS:
    ingest(feed)
