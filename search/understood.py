"""A request as it is understood: what it asks for, in our own terms, before anything is encoded or looked up."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from catalog.errors import InvalidInput
from catalog.vectors import ARM_WEIGHTS
from search.encoding.query import check_weights, heard
from search.filters import build_filter
from search.ranking import Ranking
from search.results.facets import read_facets
from search.results.ordering import BROWSING, ORDERS, RELEVANCE
from search.schemas import MAX_TERMS
from search.tracing import stage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from search.access import Scope
    from search.filters import Filter
    from search.results.facets import Facet
    from search.results.ordering import Order
    from search.schemas import SearchRequest, Term
    from search.words.spelling import Correction


@dataclass(slots=True)
class Stages:
    """How long each stage of one search took, in seconds: what `Server-Timing` says."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Add the time of the block to a stage."""
        start = time.perf_counter()
        try:
            with stage(name):
                yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start

    def header(self) -> str:
        """Return the value of a `Server-Timing` header, in milliseconds."""
        return ", ".join(f"{name};dur={1000 * seconds:.2f}" for name, seconds in self.seconds.items())


@dataclass(frozen=True, slots=True)
class FacetAsked:
    """A facet, and the filter that it counts under where a filter on its own field must not narrow it."""

    facet: Facet
    without_own: Filter | None = None


@dataclass(frozen=True, slots=True)
class Understood:
    """One search on its way: what was asked, by whom, and how long it took so far.

    `terms` are those of the request, each in its place; once its words are read, with slips put right, of which
    `corrected` tells, and with synonyms put in. `default` are the weights of the arms where the request has none, those
    of this catalogue from then on. `order` is None for that of relevance. `uploads` are the pictures that terms name as
    parts. `depth` is how far pages by number go.
    """

    request: SearchRequest
    scope: Scope
    uploads: Sequence[bytes]
    terms: Sequence[Term]
    wanted: Filter
    facets: Sequence[FacetAsked]
    order: Order | None
    depth: int
    corrected: Correction | None = None
    default: Mapping[str, float] = field(default_factory=lambda: dict(ARM_WEIGHTS))
    stages: Stages = field(default_factory=Stages)

    @property
    def ranking(self) -> Ranking:
        """How the arms become one score."""
        weights = heard(self.request.weights(self.default), self.terms)
        return Ranking(weights, self.request.fusion, self.request.cut_off)

    @property
    def selected(self) -> list[FacetAsked]:
        """The facets that need a candidate set of their own."""
        return [one for one in self.facets if one.without_own is not None]

    def page(self, start: int | None = None) -> slice:
        """Return the places of the page's hits, counted from 0; `start` is where a cursor left off.

        Pages by number go no further than the depth.
        """
        if start is not None:
            return slice(start, start + self.request.limit)
        first = (self.request.page - 1) * self.request.limit
        return slice(first, min(first + self.request.limit, self.depth))


def understand(
    request: SearchRequest, scope: Scope, uploads: Sequence[bytes], *, numbers: Sequence[str], depth: int
) -> Understood:
    """Return what a request means; `numbers` are the attributes that take ranges, `depth` how far pages go.

    Raises `InvalidInput` that names the field.
    """
    if (request.page - 1) * request.limit >= depth:
        raise InvalidInput(
            f"with {request.limit} a page the last one is {-(-depth // request.limit)}: only the best {depth} are "
            "paged through; narrow the query with a filter, or follow the cursor of an order by a field",
            field="page",
        )
    terms = request.all_terms()
    if len(terms) > MAX_TERMS:
        raise InvalidInput(f"at most {MAX_TERMS} are taken, text and uploaded pictures included", field="terms")
    if terms:
        check_weights(terms)
    order = ORDERS[request.sort] if request.sort != RELEVANCE else None if terms else BROWSING
    if request.cursor is not None and request.page > 1:
        raise InvalidInput("says where to go on, and so does a page: give one of them", field="cursor")
    if request.cursor is not None and order is None:
        raise InvalidInput(
            "goes with browsing and with orders by a field; relevance is paged by `page`", field="cursor"
        )
    facets = read_facets(request.facets, numbers)
    return Understood(
        request=request,
        scope=scope,
        uploads=uploads,
        terms=terms,
        wanted=build_filter(request.filter, request.exclude, numbers),
        facets=[FacetAsked(facet, _without(facet.name, request, numbers)) for facet in facets],
        order=order,
        depth=depth,
    )


def _without(name: str, request: SearchRequest, numbers: Sequence[str]) -> Filter | None:
    """Return the filter without the condition on a facet's own field, None where there is no such condition."""
    if name not in request.filter:
        return None
    others = {field_name: value for field_name, value in request.filter.items() if field_name != name}
    return build_filter(others, request.exclude, numbers)
