"""What the API gives: the wire format of INTERFACE.md, and the one form of an error."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field


class ArmShare(BaseModel):
    """What one arm says of a hit: its raw score and place, and the same in deviations above the unrelated."""

    score: float
    rank: int
    normalised: float
    weight: float


class TermShare(BaseModel):
    """What one term (by its place in the request, `text` last) scores for a hit in one arm by itself."""

    term: int
    arm: str
    score: float


class Explanation(BaseModel):
    """Why a hit stands where it does: the arms that found it, what each term adds, and what lifted it."""

    arms: dict[str, ArmShare]
    terms: list[TermShare] = []
    boosts: dict[str, float]


class Hit(BaseModel):
    """A product and its score: the higher, the nearer; null when browsing.

    `variants` is there with `group_by`: how many of the set are of its group. `explanation` is there with `explain`.
    """

    product: dict[str, Any]
    score: float | None
    variants: int | None = None
    explanation: Explanation | None = None


class Total(BaseModel):
    """How many hits there are, exact or at least so many, and how many products behind them before any folding."""

    value: int
    exact: bool
    products: int


class PageInfo(BaseModel):
    """Which part of the candidate set this is."""

    number: int
    size: int
    pages: int


class IndexInfo(BaseModel):
    """What answered: the physical collection, its encoders, the time of the newest event in it."""

    collection: str
    model: str
    watermark: str | None


class FacetValue(BaseModel):
    """One value and how many products of the set have it: a filter on it finds as many."""

    value: str | bool
    count: int


class ValuesFacet(BaseModel):
    """The values of a field, the most frequent first; `missing` products have none."""

    values: list[FacetValue]
    missing: int


class Bucket(BaseModel):
    """A range of numbers and how many products of the set lie in it."""

    gte: float
    lt: float
    count: int


class NumbersFacet(BaseModel):
    """The span of a number and its buckets that are not empty; `missing` products have none."""

    min: float | None
    max: float | None
    buckets: list[Bucket]
    missing: int


class Corrected(BaseModel):
    """What was searched for instead of what was typed; `"spelling": "off"` searches for the original."""

    text: str
    original: str


class SearchAnswer(BaseModel):
    """The answer to a search. `cursor` asks for what follows, where the order allows one; it is null at the end."""

    hits: list[Hit]
    total: Total
    facets: dict[str, ValuesFacet | NumbersFacet]
    page: PageInfo
    cursor: str | None
    corrected: Corrected | None
    index: IndexInfo


class ArmVerdict(BaseModel):
    """What one arm says of a product: its score, its rank within the filter, and by how much it is near.

    `rank` is null beyond the first 50,000. `returned` says that it is among the best N; `above_threshold` is negative
    for one that is below, in the units of the score.
    """

    score: float
    normalised: float
    rank: int | None
    returned: bool
    threshold: float
    above_threshold: float
    near: bool


class Indexed(BaseModel):
    """What the index knows of a product: `visible`, `deleted` or `waiting` for its upsert, or `unknown`."""

    status: Literal["visible", "deleted", "waiting", "unknown"]
    version: int | None = None
    occurred_at: str | None = None


class Fold(BaseModel):
    """The group that a product is folded into, and the variant that stands for it."""

    group: str
    shown: str


class ExplainAnswer(BaseModel):
    """Where a product is in the answer to a search, or why it is not there.

    `verdict` is the first of these that holds: `not_indexed`, `deleted`, `waiting`, `itself` (a term of the search),
    `filtered_out`, `not_retrieved` (in no arm's best N), `below_cut_off`, `folded`, `limited`, `beyond_depth`, `shown`.
    `reason` says it in a sentence. `failed` names the conditions that it does not pass.
    """

    product: str
    verdict: str
    reason: str
    indexed: Indexed
    failed: list[str] = []
    arms: dict[str, ArmVerdict] = {}
    folded_into: Fold | None = None
    place: int | None = None
    page: int | None = None


class Suggestion(BaseModel):
    """A text to search for, what it is in the catalogue, and how many products have it."""

    text: str
    kind: Literal["title", "brand", "category"]
    count: int


class SuggestAnswer(BaseModel):
    """Completions of what was typed, the best first; none for an empty text."""

    suggestions: list[Suggestion]


class PictureInfo(BaseModel):
    """What became of one picture of a product; `due_at` is when one that failed is to be asked for again."""

    status: Literal["ok", "failed", "refused", "gone"]
    error: str | None = None
    due_at: str | None = None


class ProductAnswer(BaseModel):
    """One product as the index has it."""

    product: dict[str, Any]
    version: int
    occurred_at: str
    indexed_at: str | None
    pictures: list[PictureInfo]


class FieldProblem(BaseModel):
    """One culprit in a request: the path to it and what is wrong."""

    field: str
    message: str


class Problem(BaseModel):
    """An error, as RFC 9457 has it."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    errors: list[FieldProblem] = []
    trace_id: str | None = Field(None, description="where there is one: what to look for in traces and logs")
