"""The batch gate: Great Expectations judges the rows of one file before any of them becomes visible.

GX runs on the landing connection itself and sees its uncommitted rows. Out of the box every GX query on DuckDB fails: it
closes the connection before it fetches. Hence a borrowed connection that stays open, and no rollback (see RECIPES).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from string import Template
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from pipelines.declarations import read_declaration
from pipelines.errors import DeclarationError
from pipelines.feeds.codes import personal_numbers_masked
from pipelines.settings import HOUSE

if TYPE_CHECKING:
    from pipelines.warehouse.connect import Connection

EXPECTATIONS = HOUSE / "expectations"
_QUANTILES = "expect_column_quantile_values_to_be_between"
_USUAL = "expect_column_distinct_values_to_be_in_set"
MOST_HELD = 2_000_000
"""Rows of which a quantile is taken: the engine holds every value of one in memory, whatever its limit says."""


@dataclass(frozen=True)
class Check:
    """One expectation on one batch.

    Attributes:
        success: None when the expectation raised: an error of the gate, neither bad data nor a pass.
    """

    expectation: str
    column_name: str | None
    severity: str
    success: bool | None
    observed: str
    expected: str
    error: str | None

    @property
    def closes_gate(self) -> bool:
        """Whether this check keeps the batch out: a critical failure, or an expectation that raised."""
        return self.success is None or (not self.success and self.severity == "critical")

    def in_words(self) -> str:
        """The check for a person."""
        where = f" of {self.column_name}" if self.column_name else ""
        if self.success is None:
            return f"{self.expectation}{where} raised: {self.error}"
        return f"{self.expectation}{where}: found {self.observed}, expected {self.expected}"


def suite_of(name: str) -> Mapping[str, Any]:
    """The suite of a feed or table as declared in `expectations/<name>.yml`.

    Raises:
        DeclarationError: there is none.
    """
    path = EXPECTATIONS / f"{name}.yml"
    if not path.is_file():
        raise DeclarationError(f"no expectations for {name}: expected {path.relative_to(HOUSE)}")
    return _read(path)


def usual_values(name: str, column: str) -> tuple[str, ...]:
    """The values that a suite expects of a column, in their order; others are landed and warned about.

    Raises:
        DeclarationError: it names none.
    """
    for each in suite_of(name)["expectations"]:
        if each["type"] == _USUAL and each["kwargs"]["column"] == column:
            return tuple(map(str, each["kwargs"]["value_set"]))
    raise DeclarationError(f"expectations/{name}.yml: expected an {_USUAL} of {column}")


def filled(name: str, values: Mapping[str, object]) -> list[dict[str, Any]]:
    """The expectations of a suite with each `$name` replaced: alone it is the value itself, within a text its words.

    Raises:
        DeclarationError: a `$name` has no value.
    """
    try:
        return [
            {**each, "kwargs": {key: _filled(value, values) for key, value in each["kwargs"].items()}}
            for each in suite_of(name)["expectations"]
        ]
    except KeyError as error:
        known = ", ".join(f"${each}" for each in sorted(values))
        raise DeclarationError(f"expectations/{name}.yml: ${error.args[0]} has no value; expected {known}") from error


def _filled(value: object, values: Mapping[str, object]) -> object:
    if not isinstance(value, str):
        return value
    if value.startswith("$") and value[1:].isidentifier():
        return values[value[1:]]
    return Template(value).substitute(values)


class Gate:
    """Great Expectations on one connection; the library (seconds to import) is loaded at the first batch."""

    def __init__(self, con: Connection) -> None:
        """Borrow a connection; it is not closed."""
        self._con = con
        self._source: Any = None
        self._wholes: dict[str, Any] = {}

    def judge(
        self, name: str, relation: str, delivery: str | None = None, values: Mapping[str, object] | None = None
    ) -> list[Check]:
        """Every expectation of `expectations/<name>.yml` on a table or view of the connection.

        Args:
            name: of the suite.
            relation: the rows to judge.
            delivery: table with the one row of facts about them (see `history.py`), for the suite's `delivery` part; what is
                expected of a fact that is not known (no history yet) is left out.
            values: what stands for the `$name`s of the suite; a suite without any has none.

        Raises:
            DeclarationError: GX does not know an expectation of the suite (it would drop it silently), or a `$name` has
                no value.
        """
        suite = suite_of(name)
        declared = filled(name, values) if values else suite["expectations"]
        held = [each for each in declared if each["type"] == _QUANTILES]
        sample = self._sample(relation) if held and delivery else relation
        if sample == relation:
            results = list(self._validate(name, relation, declared))
        else:
            results = list(self._validate(name, relation, [each for each in declared if each not in held]))
            results += self._validate(name, sample, held)
        if delivery:
            unknown = self._unknown_facts(delivery)
            expected = [each for each in suite.get("delivery", ()) if each["kwargs"]["column"] not in unknown]
            results += self._validate(name, delivery, expected) if expected else []
        return [_check(result) for result in results]

    def _sample(self, relation: str) -> str:
        """The relation itself, or of a very large batch a view of rows spread over it by their places: the same every time."""
        found = self._con.execute(f"SELECT count(*) FROM {relation}").fetchone()
        every = -(-found[0] // MOST_HELD) if found else 1
        if every <= 1:
            return relation
        spread = "row_id * 2654435761 % 4294967296"  # Knuth's; plain every n-th row would follow the order of the file
        self._con.execute(f"CREATE OR REPLACE TEMP VIEW sampled AS FROM {relation} WHERE {spread} % {every} = 0")
        return "sampled"

    def _unknown_facts(self, delivery: str) -> set[str]:
        found = self._con.execute(f"FROM {delivery}")
        names = [column[0] for column in found.description or ()]
        return {name for name, value in zip(names, found.fetchone() or (), strict=True) if value is None}

    def _validate(self, name: str, relation: str, declared: Sequence[Mapping[str, Any]]) -> Any:
        import great_expectations as gx

        suite = gx.ExpectationSuite(name=name, expectations=[dict(each) for each in declared])
        if len(suite.expectations) != len(declared):
            known = [each.expectation_type for each in suite.expectations]
            unknown = [each["type"] for each in declared if each["type"] not in known]
            raise DeclarationError(f"expectations/{name}.yml: not known to Great Expectations, or misspelt: {unknown}")
        return self._batch(relation).validate(suite, result_format="BASIC").results

    def _batch(self, relation: str) -> Any:
        """The rows of a relation as they are now; each relation is made known to GX once, which writes its whole context."""
        if self._source is None:
            self._source = _borrowed_source(self._con)
        if relation not in self._wholes:
            asset = self._source.add_table_asset(name=relation, table_name=relation)
            self._wholes[relation] = asset.add_batch_definition_whole_table("whole")
        return self._wholes[relation].get_batch()


def _borrowed_source(con: Connection) -> Any:
    import duckdb_sqlalchemy
    import great_expectations as gx
    from sqlalchemy.engine.reflection import ReflectionDefaults
    from sqlalchemy.pool import StaticPool

    class Borrowed(duckdb_sqlalchemy.ConnectionWrapper):
        def close(self) -> None:
            """Stay open: the connection is the landing's."""

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}  # type: ignore[assignment]
    source: Any = context.data_sources.add_sql(
        "warehouse",
        connection_string="duckdb:///:memory:",
        create_temp_table=False,
        kwargs={  # type: ignore[call-arg]
            "creator": lambda: Borrowed(con),
            "poolclass": StaticPool,
            "isolation_level": "AUTOCOMMIT",
            "skip_autocommit_rollback": True,
        },
    )
    engine = source.get_execution_engine()
    engine.dialect_module = SimpleNamespace(DremioDialect=True)
    # Nothing judged has a primary key; asking for one lists every relation of every attached database, at each validation.
    dialect = engine.engine.dialect
    dialect.get_pk_constraint = lambda *_, **__: ReflectionDefaults.pk_constraint()
    dialect._duckdb_column_rows = _column_rows
    return source


def _column_rows(connection: Any, schema: str | None = None, filter_names: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Columns of relations as the dialect's own statement has them, which lists those of every attached database, each time."""
    return [
        {
            "table_name": name, "column_name": column, "data_type": kind, "data_type_id": None, "is_nullable": nullable == "YES",
            "column_default": None, "comment": None,
        }
        for name in filter_names
        for column, kind, nullable, *_ in connection.exec_driver_sql(f'DESCRIBE "{name}"')
    ]  # fmt: skip


def _check(result: Any) -> Check:
    config = result.expectation_config
    error = _raised(result.exception_info)
    found = result.result or {}
    return Check(
        expectation=config.type,
        column_name=config.kwargs.get("column") or config.kwargs.get("column_A"),
        severity=str(getattr(config.severity, "value", config.severity)),
        success=None if error else bool(result.success) or _is_of_nothing(found),
        observed=_observed(found),
        expected=expected_of(config.kwargs),
        error=error,
    )


def expected_of(kwargs: Mapping[str, Any]) -> str:
    """What an expectation asks for, in the words of `Check.expected`."""
    left_out = ("batch_id", "column", "severity", "unexpected_rows_query")
    shown = {key: value for key, value in kwargs.items() if key not in left_out}
    if "unexpected_rows_query" in kwargs:
        shown["no row of"] = " ".join(str(kwargs["unexpected_rows_query"]).split())
    return ", ".join(f"{key} {value}" for key, value in sorted(shown.items()))


def _is_of_nothing(result: Mapping[str, Any]) -> bool:
    """Whether a mean, quantile or extreme was asked of no value at all: emptiness has expectations of its own."""
    if result.get("partial_unexpected_list") or result.get("partial_missing_list"):
        return False
    found = result.get("observed_value", "")
    return found is None or (isinstance(found, dict) and not any(value is not None for value in found["values"]))


def _raised(info: Mapping[str, Any] | None) -> str | None:
    """The message of an expectation that raised; GX reports it flat or per metric."""
    if not info:
        return None
    flat = [info] if "raised_exception" in info else [each for each in info.values() if isinstance(each, dict)]
    messages = [str(each.get("exception_message")) for each in flat if each.get("raised_exception")]
    return "; ".join(messages) or None


def _observed(result: Mapping[str, Any]) -> str:
    for found, words in (("partial_unexpected_list", "also"), ("partial_missing_list", "without")):
        if result.get("observed_value", "") is None and result.get(found):
            return f"{words} {', '.join(map(_short, result[found]))}"
    if "observed_value" in result:
        return "no values" if _is_of_nothing(result) else _short(result["observed_value"])
    if "unexpected_count" in result:
        percent = result.get("unexpected_percent") or 0
        return f"{result['unexpected_count']} rows against it ({percent:.3g} %)"
    return ""


def _short(value: Any) -> str:
    """A value as `ops.checks` and the quality page show it: text without the numbers of persons."""
    if isinstance(value, dict):  # quantiles
        return ", ".join(f"{at}: {_short(each)}" for at, each in zip(value["quantiles"], value["values"], strict=True))
    if isinstance(value, int | float | Decimal):
        return f"{value:.6g}" if isinstance(value, float) and not value.is_integer() else str(value)
    return personal_numbers_masked(str(value))


@cache
def _read(path: Path) -> Mapping[str, Any]:
    made: Mapping[str, Any] = read_declaration(path)
    return made
