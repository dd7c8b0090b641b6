"""One query: understand, find or browse, present. Everything in an answer comes from one candidate set."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from catalog.errors import InvalidInput
from catalog.vectors import ARMS
from search.parts import in_order
from search.ranking import Ranking
from search.results.boosts import Boosts
from search.results.browsing import Browser
from search.results.cursor import query_mark, read_cursor, write_cursor
from search.results.explaining import explanations
from search.results.finding import Finder
from search.results.verdicts import Explainer
from search.schemas import default_arms
from search.understood import Stages, Understood, understand
from search.words.understanding import languages_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from catalog.points import Stored
    from search.access import Scope
    from search.answers import ExplainAnswer
    from search.encoding.query import QueryEncoder
    from search.kept_rows import KeptRows
    from search.metrics import SearchMetrics
    from search.ranking import ArmHits, Candidate
    from search.results.outcome import Outcome
    from search.retriever import Retriever
    from search.schemas import SearchRequest
    from search.words.understanding import Understood as Known
    from search.words.words import Words


@dataclass(frozen=True, slots=True)
class ServedIndex:
    """What answers: the physical collection, its encoders by name, the attributes that take ranges."""

    collection: str
    model: str
    numbers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """The JSON of an answer and how long its stages took."""

    body: dict[str, Any]
    stages: Stages


class SearchService:
    """Answers searches over one index, within the scope of each caller."""

    def __init__(  # noqa: PLR0913 - the parts that a service has, by their names
        self,
        *,
        index: ServedIndex,
        encoder: QueryEncoder,
        retriever: Retriever,
        words: Words,
        metrics: SearchMetrics,
        boosts: Boosts | None = None,
        kept: KeptRows | None = None,
    ) -> None:
        self._index = index
        self._retriever = retriever
        self._words = words
        self._metrics = metrics
        self._encoder = encoder
        self._finder = Finder(encoder, retriever, boosts or Boosts(), kept)
        self._browser = Browser(retriever)

    async def search(self, request: SearchRequest, scope: Scope, uploads: Sequence[bytes] = ()) -> Answer:
        """Answer one request; `uploads` are the pictures that its terms name as parts.

        Raises `InvalidInput` that names the field, `EngineUnavailable`, `CollectionMismatch`.
        """
        asked = await self._read(self._understood(request, scope, uploads))
        mark = query_mark(asked, self._index.collection) if asked.order is not None else ""
        after = read_cursor(request.cursor, mark, asked.order) if request.cursor and asked.order else None
        outcome = await (self._finder.find(asked, after) if asked.terms else self._browser.browse(asked, after))
        body = await self._present(outcome, asked)
        body["cursor"] = write_cursor(mark, outcome.end) if outcome.end else None
        self._metrics.searched(asked.stages.seconds, outcome.products)
        return Answer(body, asked.stages)

    async def ask_arms(self, request: SearchRequest, scope: Scope) -> Mapping[str, ArmHits]:
        """Return what each arm finds for a request with terms, whatever their weights: what is fused in a search.

        Words are taken as they stand: what is measured must not depend on how far the catalogue has been read.

        Raises what `search` raises.
        """
        _, founds = await self._finder.ask(self._understood(request, scope, ()), Ranking(dict.fromkeys(ARMS, 1.0)))
        return founds[0].arms

    async def known(self, request: SearchRequest, scope: Scope) -> Understood:
        """Return a request with what the catalogue knows of its words, which stay as they stand.

        The weights of the arms are made of it. Waits until the catalogue has been read.
        """
        asked = self._understood(request, scope, ())
        return self._as_read(asked, await self._words.as_typed(asked.terms, scope))

    async def explain(self, request: SearchRequest, product_id: str, scope: Scope) -> ExplainAnswer:
        """Return where a product is in the answer to a request, or why it is not there; raises what `search` raises."""
        explainer = Explainer(self._finder, self._browser, self._retriever, self._index.numbers)
        try:
            explained = request.model_copy(update={"explain": True})
            return await explainer.explain(product_id, await self._read(self._understood(explained, scope, ())))
        except InvalidInput as error:
            raise InvalidInput(error.message, field=f"request.{error.field}") from error

    async def product(self, product_id: str, scope: Scope) -> Stored | None:
        """Return one product, None where the scope has none of that id."""
        return await self._retriever.product(product_id, scope)

    async def close(self) -> None:
        """Close the connection to the engine, where it has one of its own."""
        await self._retriever.close()

    def _understood(self, request: SearchRequest, scope: Scope, uploads: Sequence[bytes]) -> Understood:
        numbers, depth = self._index.numbers, self._retriever.depth
        return understand(request, scope, uploads, numbers=numbers, depth=depth)

    async def _read(self, asked: Understood) -> Understood:
        """Return the same with its words read: slips put right, synonyms put in."""
        request = asked.request
        read = await self._words.understand(
            asked.terms, asked.scope, correcting=request.spelling == "auto", languages=languages_of(request.filter)
        )
        return self._as_read(asked, read)

    def _as_read(self, asked: Understood, read: Known) -> Understood:
        default = default_arms(read.pictured, self._encoder.pictures)
        return replace(asked, terms=read.terms, corrected=read.corrected, default=default)

    async def _present(self, outcome: Outcome, asked: Understood) -> dict[str, Any]:
        request = asked.request
        point_ids = [one.point_id for one in outcome.shown]
        products = outcome.read
        with asked.stages.timed("retrieve"):
            if products is None:
                products = await self._retriever.fetch(point_ids, request.fields, asked.scope)
        with asked.stages.timed("rank"):
            explained = explanations(outcome, asked) if request.explain else {}
        return {
            "hits": [
                _hit(one, products[one.point_id], explained.get(one.point_id))
                for one in outcome.shown
                if one.point_id in products  # one that was deleted a moment ago
            ],
            "total": {"value": outcome.listed, "exact": outcome.exact, "products": outcome.products},
            "facets": outcome.facets,
            "page": {
                "number": request.page,
                "size": request.limit,
                "pages": -(-min(outcome.listed, self._retriever.depth) // request.limit),
            },
            "cursor": None,
            "corrected": asdict(asked.corrected) if asked.corrected else None,
            "index": {"collection": self._index.collection, "model": self._index.model, "watermark": outcome.watermark},
        }


def _hit(entry: Candidate, product: Mapping[str, Any], explanation: dict[str, Any] | None) -> dict[str, Any]:
    hit: dict[str, Any] = {
        "product": in_order(product),
        "score": None if entry.score is None else round(entry.score, 6),
    }
    if entry.variants is not None:
        hit["variants"] = entry.variants
    if explanation is not None:
        hit["explanation"] = explanation
    return hit
