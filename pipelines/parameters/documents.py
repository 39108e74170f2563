"""Declarations in YAML, read exactly: decimals stay decimal, a repeated key is an error, the JSON Schema is kept."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Hashable, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from pipelines.declarations import Loader
from pipelines.errors import DeclarationError
from pipelines.settings import HOUSE

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

SCHEMAS = HOUSE / "schemas"
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_WHOLE = re.compile(r"[-+]?(0|[1-9]\d*(_\d+)*)", re.ASCII)
_NUMBER = re.compile(rf"({_WHOLE.pattern})(\.\d+)?", re.ASCII)


class _ExactLoader(Loader):
    """YAML in which `0.30` is Decimal("0.30"), `050` is refused, a day is a day also in quotes, and no key stands twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys = [_key_of(node, self.construct_object(key, deep=True)) for key, _ in node.value]
        repeated = {key for key in keys if keys.count(key) > 1}
        if repeated:
            raise DeclarationError(
                f"line {node.start_mark.line + 1}: {sorted(map(str, repeated))} stands twice; keep one"
            )
        return {_key_of(node, key): value for key, value in super().construct_mapping(node, deep).items()}


def _key_of(node: yaml.Node, key: Hashable) -> Hashable:
    """A key of a mapping; one in quotes that states a day is that day, as without them."""
    try:
        return date.fromisoformat(key) if isinstance(key, str) and _DAY.fullmatch(key) else key
    except ValueError as error:
        raise _unread(node, "a day that exists") from error


def _day(loader: Loader, node: yaml.ScalarNode) -> date:
    try:
        return loader.construct_yaml_timestamp(node)
    except ValueError as error:
        raise _unread(node, "a day that exists") from error


def _whole(loader: Loader, node: yaml.ScalarNode) -> int:
    text = str(loader.construct_scalar(node))
    if not _WHOLE.fullmatch(text):  # to YAML 050 is 40, 1:30 is 90, and 1_ is 1
        raise _unread(node, "a whole number such as 50000")
    return int(text)


def _decimal(loader: Loader, node: yaml.ScalarNode) -> Decimal:
    try:
        return number(str(loader.construct_scalar(node)))
    except ValueError as error:
        raise _unread(node, "a number such as 0.30") from error


def _unread(node: yaml.Node, expected: str) -> DeclarationError:
    """Says the line, not the value: it may be a secret."""
    return DeclarationError(f"line {node.start_mark.line + 1}: expected {expected}")


_ExactLoader.add_constructor("tag:yaml.org,2002:float", _decimal)
_ExactLoader.add_constructor("tag:yaml.org,2002:int", _whole)
_ExactLoader.add_constructor("tag:yaml.org,2002:timestamp", _day)


def declared(path: Path, schema: str, *, may_hold_secrets: bool = False) -> dict[str, Any]:
    """The content of a YAML declaration that fits `schemas/<schema>.schema.json`.

    Where it may hold secrets, put there by mistake, a refusal names the place and the rule and repeats no value.

    Raises:
        DeclarationError: it cannot be read, is no YAML, repeats a key, or does not fit its schema; the place is named.
    """
    try:
        found = yaml.load(path.read_text(encoding="utf-8"), Loader=_ExactLoader)  # noqa: S506 - a SafeLoader
    except (OSError, UnicodeDecodeError, yaml.YAMLError, ArithmeticError) as error:
        mark = getattr(error, "problem_mark", None)
        words = f"look at line {mark.line + 1}" if may_hold_secrets and mark else error
        raise DeclarationError(f"{path.name}: expected a readable UTF-8 YAML file; {words}") from (
            None if may_hold_secrets else error
        )
    except DeclarationError as error:
        raise DeclarationError(f"{path.name}: {error}") from error
    _check(path, found, schema, _rule if may_hold_secrets else lambda fault: fault.message)
    return dict(found)


def number(text: str) -> Decimal:
    """A number as it may be written in a declaration, and wherever else a person states one: `50000`, `50_000`, `0.30`.

    Raises:
        ValueError: it is written otherwise, such as `050000`, which to YAML is 20480.
    """
    if not _NUMBER.fullmatch(text):
        raise ValueError(text)
    return Decimal(text)


def digest(paths: Sequence[Path], *more: str) -> str:
    """First 12 hex digits of the SHA-256 over the files' names and bytes, in the order of their names."""
    made = hashlib.sha256()
    for path in sorted(paths, key=lambda path: path.name):
        made.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    for text in more:
        made.update(text.encode() + b"\0")
    return made.hexdigest()[:12]


def _check(path: Path, found: object, schema: str, words: Callable[[ValidationError], str]) -> None:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match

    rules = json.loads((SCHEMAS / f"{schema}.schema.json").read_text(encoding="utf-8"))
    fault = best_match(Draft202012Validator(rules).iter_errors(_with_text_keys(found)))
    if fault is not None:
        place = ".".join(str(part) for part in fault.absolute_path) or "the whole file"
        raise DeclarationError(f"{path.name}: {place}: {words(fault)}; see schemas/{schema}.schema.json")


def _rule(fault: ValidationError) -> str:
    """What a schema asks for, without what it was given."""
    if fault.validator == "required":
        return fault.message  # names what is not there
    schema: Any = fault.schema
    if fault.validator == "additionalProperties":
        return f"expected only {', '.join(schema['properties'])}"
    return f"expected {fault.validator} {fault.validator_value}"


def _with_text_keys(node: object) -> object:
    """The same tree as JSON knows it: dates and keys as text."""
    if isinstance(node, dict):
        return {_key(key): _with_text_keys(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_with_text_keys(value) for value in node]
    return node.isoformat() if isinstance(node, date) else node


def _key(key: object) -> str:
    return str(key).lower() if isinstance(key, bool) else str(key)
