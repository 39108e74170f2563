"""The answer in a sentence: listed, held out, suppressed, not picked, or what stands against the nearest segment."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipelines.eligibility.evidence import FARM
from pipelines.names import name_zh

if TYPE_CHECKING:
    from pipelines.eligibility.explain import SegmentLine


@dataclass(frozen=True)
class Verdict:
    """The answer in a sentence, for marketing and for engineers.

    Attributes:
        kind: `listed`, `held_out`, `suppressed`, `not_picked`, `no_code`, `unknown` or `not_eligible`.
    """

    kind: str
    zh: str
    en: str


def verdict(
    uscc: str,
    listed: dict[str, Any] | None,
    segments: Sequence[SegmentLine],
    suppressions: Sequence[dict[str, Any]],
    can_be_met: Set[str],
) -> Verdict:
    """What a release decided of an entity; `listed` is its row of the list, `can_be_met` the rules it may yet meet."""
    true = [segment for segment in segments if segment.outcome]
    titles, names = "、".join(segment.title_zh for segment in true), ", ".join(segment.name for segment in true)
    if listed is not None:
        return _listed(listed)
    if suppressions:
        reasons = "、".join(row["reason"] for row in suppressions)
        return Verdict("suppressed", f"不在名单：营销抑制（{reasons}）", f"not listed: suppressed ({reasons})")
    if true:
        return Verdict(
            "not_picked", f"符合客群（{titles}），但未被选入本批次", f"in {names}, but not picked into this list"
        )
    if uscc.startswith(FARM):
        en = "not listed: a farm operator without a unified social credit code; see the watchlist"
        return Verdict("no_code", "不在名单：农业主体尚无统一社会信用代码，列入培育库", en)
    return _ineligible(segments, can_be_met)


def _listed(listed: dict[str, Any]) -> Verdict:
    segment = name_zh("segment", listed["segment"])
    if listed["is_holdout"]:
        en = f"held out: in the control group as {listed['segment']}; must not be contacted"
        return Verdict("held_out", f"对照组：符合条件（{segment}），本批次不下发、不联系", en)
    rank = listed["rank"]
    zh = f"在名单：第{rank}名，主客群{segment}，得分{listed['score']}（{name_zh('grade', listed['grade'])}）"
    return Verdict(
        "listed", zh, f"listed: rank {rank}, {listed['segment']}, score {listed['score']}, grade {listed['grade']}"
    )


def _ineligible(segments: Sequence[SegmentLine], can_be_met: Set[str]) -> Verdict:
    """No segment holds: what stands against the nearest of those whose defining feed was delivered."""
    known = [segment for segment in segments if segment.feed_state != "missing"] or segments
    nearest = min(known, key=lambda segment: _distance(segment, can_be_met))
    open_zh, open_en = _rule_names(nearest.failed or nearest.unknown)
    if nearest.failed:
        zh = f"不在名单：不符合任何客群；最接近的{nearest.title_zh}不满足：{open_zh}"
        return Verdict(
            "not_eligible", zh, f"not listed: in no segment; nearest is {nearest.name}, which fails {open_en}"
        )
    zh = f"不在名单：没有客群得到确认；最接近的{nearest.title_zh}尚缺数据：{open_zh}"
    return Verdict("unknown", zh, f"not listed: no segment is confirmed; {nearest.name} still needs data on {open_en}")


def _distance(segment: SegmentLine, can_be_met: Set[str]) -> tuple[int, int, int]:
    """First what nothing can mend, then what fails, then what is not known."""
    beyond = sum(name not in can_be_met for name in segment.failed)
    return beyond, len(segment.failed), len(segment.unknown)


def _rule_names(names: Sequence[str]) -> tuple[str, str]:
    return "、".join(name_zh("rule", name) for name in names), ", ".join(names)
