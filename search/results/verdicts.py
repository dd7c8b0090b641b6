"""Why a product is, or is not, in the answer to a search: each thing that could keep it out, in the order it would."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from catalog.points import GROUP, point_id
from search.access import EVERYTHING, HIDDEN_TOO
from search.answers import ArmVerdict, ExplainAnswer, Fold, Indexed
from search.filters import Filter, Products, build_filter
from search.parts import Part
from search.ranking import AUTO
from search.results.finding import searched_with
from search.rows import PRODUCT_ID, row_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from search.encoding.query import ArmQuery
    from search.ranking import ArmHits, Candidate
    from search.results.browsing import Browser
    from search.results.finding import Finder, Listed
    from search.retriever import Retriever
    from search.rows import Row
    from search.understood import Understood


@dataclass(frozen=True, slots=True)
class Explainer:
    """Goes the way of a search with one product in mind."""

    finder: Finder
    browser: Browser
    retriever: Retriever
    numbers: Sequence[str]

    async def explain(self, product_id: str, asked: Understood) -> ExplainAnswer:
        """Return the verdict on a product; what the caller's scope hides is as unknown as what never was."""
        indexed = await self._indexed(product_id, asked)
        if indexed.status != "visible":
            return _absent(product_id, indexed)
        if any(term.product == product_id for term in asked.terms):
            reason = "it is a term of this search: what is searched with is left out of the answer"
            return ExplainAnswer(product=product_id, verdict="itself", reason=reason, indexed=indexed)
        failed = await self._failed(product_id, asked)
        if failed:
            reason = f"it does not pass {', '.join(failed)}"
            return ExplainAnswer(
                product=product_id, verdict="filtered_out", reason=reason, indexed=indexed, failed=failed
            )
        if not asked.terms:
            entries, rows = await self.browser.places(asked)
            return await self._placed({"product": product_id, "indexed": indexed}, entries, rows, asked)
        listed = await self.finder.listed(replace(asked, facets=()))
        arms = await self._arms(product_id, listed, asked)
        if point_id(product_id) not in listed.whole.point_ids:
            return _not_near(product_id, indexed, arms, asked)
        known = {"product": product_id, "indexed": indexed, "arms": arms}
        return await self._placed(known, listed.listing.entries, listed.rows, asked)

    async def _indexed(self, product_id: str, asked: Understood) -> Indexed:
        scope = HIDDEN_TOO if asked.scope == EVERYTHING else asked.scope
        stored = await self.retriever.product(product_id, scope)
        if stored is None or stored.state.latest is None:
            return Indexed(status="unknown")
        latest, deleted = stored.state.latest, stored.state.deleted
        if deleted is not None:  # of a patch that came later the time would be another
            at = latest.occurred_at if latest.version == deleted else None
            return Indexed(status="deleted", version=deleted, occurred_at=at)
        status: Literal["visible", "waiting"] = "visible" if stored.state.visible else "waiting"
        return Indexed(status=status, version=latest.version, occurred_at=latest.occurred_at)

    async def _failed(self, product_id: str, asked: Understood) -> list[str]:
        """Return the names of the conditions that the product does not pass, each asked by itself."""
        request = asked.request
        one_by_one = {
            f"filter.{name}": build_filter({name: value}, {}, self.numbers) for name, value in request.filter.items()
        } | {
            f"exclude.{name}": build_filter({}, {name: value}, self.numbers) for name, value in request.exclude.items()
        }
        passed = await self.retriever.passing(product_id, list(one_by_one.values()), asked.scope)
        return [name for name, passes in zip(one_by_one, passed, strict=True) if not passes]

    async def _arms(self, product_id: str, listed: Listed, asked: Understood) -> dict[str, ArmVerdict]:
        itself = Filter(must=(Products((product_id,)),))
        alone = await self.retriever.retrieve(listed.query, itself, asked.scope)
        return {
            arm: await self._arm(arm, listed.query[arm], hits, listed.founds[0].arms[arm], asked)
            for arm, hits in alone.items()
            if len(hits.ids)
        }

    async def _arm(self, arm: str, part: ArmQuery, alone: ArmHits, found: ArmHits, asked: Understood) -> ArmVerdict:
        point, score = alone.ids[0], float(alone.scores[0])
        ranks = {one: place + 1 for place, one in enumerate(found.ids)}
        wanted = asked.wanted & searched_with(asked.terms)
        rank = ranks.get(point) or await self.retriever.rank_of(arm, part, score, wanted, asked.scope)
        scale = alone.scale
        return ArmVerdict(
            score=round(score, 6),
            normalised=round(scale.normalise(score), 6),
            rank=rank,
            returned=point in ranks,
            threshold=round(scale.threshold, 6),
            above_threshold=round(score - scale.threshold, 6),
            near=bool(alone.near[0]),
        )

    async def _placed(
        self, known: dict[str, Any], entries: Sequence[Candidate], rows: Mapping[str, Row], asked: Understood
    ) -> ExplainAnswer:
        """Return the verdict on a product of the candidate set, or of what is browsed; `known` is said of it anyway."""
        point = point_id(known["product"])
        place = next((place for place, one in enumerate(entries) if one.point_id == point), None)
        if place is not None and place < asked.depth:
            page = place // asked.request.limit + 1
            reason = f"it is hit {place + 1}, on page {page}"
            return ExplainAnswer(**known, verdict="shown", reason=reason, place=place + 1, page=page)
        if place is None and asked.request.group_by and (fold := await self._fold(point, entries, asked)):
            reason = f"{fold.shown} stands for its group {fold.group}"
            return ExplainAnswer(**known, verdict="folded", reason=reason, folded_into=fold)
        if place is None and (point in rows or not rows):
            limits = ", ".join(f"{most} of one {name}" for name, most in asked.request.limit_per.limits().items())
            return ExplainAnswer(**known, verdict="limited", reason=f"at most {limits}: others come before it")
        further = "follow the cursor" if asked.order else "order by a field and follow its cursor"
        reason = f"more than {asked.depth} come before it, and pages go no further: narrow with a filter, or {further}"
        return ExplainAnswer(**known, verdict="beyond_depth", reason=reason, place=place and place + 1)

    async def _fold(self, point: str, entries: Sequence[Candidate], asked: Understood) -> Fold | None:
        points = [point, *(one.point_id for one in entries)]
        (found,) = await self.retriever.read([Part(points, (PRODUCT_ID, GROUP))], asked.scope)
        rows = {one: row_of(read) for one, read in found.items()}
        if point not in rows:
            return None
        group = rows[point].group
        shown = (rows[one.point_id] for one in entries if one.point_id in rows)
        return next((Fold(group=group, shown=row.product_id) for row in shown if row.group == group), None)


def _absent(product_id: str, indexed: Indexed) -> ExplainAnswer:
    verdict, reason = {
        "unknown": ("not_indexed", "the index has never heard of it, or it is not for you to see"),
        "deleted": ("deleted", f"it was deleted, by an event of {indexed.occurred_at or f'version {indexed.version}'}"),
        "waiting": (
            "waiting",
            "it has been patched, but no event has brought the product itself, or title and pictures",
        ),
    }[indexed.status]
    return ExplainAnswer(product=product_id, verdict=verdict, reason=reason, indexed=indexed)


def _not_near(product_id: str, indexed: Indexed, arms: Mapping[str, ArmVerdict], asked: Understood) -> ExplainAnswer:
    returned = {arm: verdict for arm, verdict in arms.items() if verdict.returned}
    if asked.request.cut_off == AUTO and (returned or not any(verdict.near for verdict in arms.values())):
        short = ", ".join(f"{arm} by {-verdict.above_threshold:.3g}" for arm, verdict in arms.items())
        verdict, reason = "below_cut_off", f"it is below the threshold of every arm: {short or 'none scores it at all'}"
    else:
        ranks = ", ".join(f"{arm} {one.rank or 'beyond 50,000'}" for arm, one in arms.items())
        verdict = "not_retrieved"
        reason = f"it is in no arm's best {asked.depth}: {ranks or 'none scores it at all'}"
    return ExplainAnswer(product=product_id, verdict=verdict, reason=reason, indexed=indexed, arms=dict(arms))
