"""What the API takes: the wire format of INTERFACE.md, validated before anything else happens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    FiniteFloat,
    PrivateAttr,
    StrictBool,
    StrictInt,
    StrictStr,
    model_validator,
)

from catalog.product import FIELDS, MAX_ID_CHARS
from catalog.vectors import ARM_WEIGHTS, IMAGE, TEXT
from search.filter_values import FieldName, Filters

if TYPE_CHECKING:
    from collections.abc import Mapping

    from catalog.calibration import Pictures

MAX_TERMS: Final = 16
MAX_LIMIT: Final = 100
MAX_TEXT_CHARS: Final = 1_000
MAX_URL_CHARS: Final = 2_000
MAX_FACETS: Final = 16
MAX_PER: Final = 1_000
MAX_CURSOR_CHARS: Final = 4_000
DEFAULT_LIMIT: Final = 20


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _has_words(text: str) -> str:
    if not text.strip():
        raise ValueError("is empty; leave it out to browse")
    return text


def _from_the_web(url: str) -> str:
    if not url.lower().startswith(("http://", "https://")):
        raise ValueError("is not an http or https URL; send a picture itself as data")
    return url


def _no_bool(value: object) -> object:
    if isinstance(value, bool | str):
        raise ValueError("takes a number")  # noqa: TRY004 - pydantic turns a ValueError into a field error
    return value


QueryText = Annotated[
    StrictStr,
    Field(max_length=MAX_TEXT_CHARS, json_schema_extra={"minLength": 1, "pattern": r"\S"}),
    AfterValidator(_has_words),
]
# The limits stand inside: those outside a validator are lost to the schema that clients are made from.
_Number = BeforeValidator(_no_bool)
Weight = Annotated[FiniteFloat, Field(ge=-1_000, le=1_000), _Number]
ArmWeight = Annotated[FiniteFloat, Field(ge=0, le=1_000), _Number]
Fraction = Annotated[FiniteFloat, Field(ge=0, le=1), _Number]
PictureUrl = Annotated[
    StrictStr,
    Field(max_length=MAX_URL_CHARS, json_schema_extra={"format": "uri", "pattern": "^[Hh][Tt][Tt][Pp][Ss]?://"}),
    AfterValidator(_from_the_web),
]
ProductId = Annotated[StrictStr, Field(min_length=1, max_length=MAX_ID_CHARS)]


class ImageSource(_Strict):
    """A picture: its bytes as base64, its http(s) URL, or the number of a multipart part named `image`, from 0."""

    data: StrictStr | None = None
    url: PictureUrl | None = None
    part: Annotated[StrictInt, Field(ge=0)] | None = None

    @model_validator(mode="after")
    def _one_source(self) -> ImageSource:
        if sum(value is not None for value in (self.data, self.url, self.part)) != 1:
            raise ValueError("give one of data (base64), url (http or https), part (the number of an uploaded file)")
        return self


class Term(_Strict):
    """One thing to look for, or with a negative weight to avoid: exactly one of text, image, product."""

    text: QueryText | None = None
    image: ImageSource | None = None
    product: ProductId | None = None
    crop: Annotated[list[Fraction], Field(min_length=4, max_length=4)] | None = None
    weight: Weight = 1.0
    _readings: tuple[str, ...] = PrivateAttr(default=())
    _known: float = PrivateAttr(default=1.0)

    @property
    def readings(self) -> tuple[str, ...]:
        """Each way to say its text: the text alone, unless synonyms were put into it."""
        return self._readings or (self.text or "",)

    @property
    def known(self) -> float:
        """The share of its words that the catalogue has, by how rare they are; 1 while nobody looked."""
        return self._known

    def knowing(self, share: float) -> Term:
        """Return the same term, of whose words the catalogue has this share."""
        other = self.model_copy()
        other._known = share  # noqa: SLF001 - of its own kind
        return other

    def saying(self, text: str, readings: tuple[str, ...] = ()) -> Term:
        """Return the same term with another text, and with each way to say it."""
        other = self.model_copy(update={"text": text})
        other._readings = readings  # noqa: SLF001 - of its own kind
        return other

    @model_validator(mode="after")
    def _one_kind(self) -> Term:
        if sum(value is not None for value in (self.text, self.image, self.product)) != 1:
            raise ValueError("a term is exactly one of text, image, product")
        if self.crop is not None:
            if self.image is None:
                raise ValueError("crop belongs to an image")
            left, top, right, bottom = self.crop
            if left >= right or top >= bottom:
                raise ValueError("crop is [left, top, right, bottom] with left < right and top < bottom")
        return self


class Arms(_Strict):
    """The weight of each arm; one that is not named has weight 0."""

    text: ArmWeight = 0.0
    image: ArmWeight = 0.0
    lexical: ArmWeight = 0.0


DEFAULT_ARMS: Final = Arms(**ARM_WEIGHTS)


def default_arms(pictured: float, pictures: Pictures | None = None) -> dict[str, float]:
    """Return what each arm counts for in words alone, where this share of the products has pictures.

    Of those without, and of pictures that were measured not to show what words say, the text arm says what the image
    arm cannot. Where products say nothing of their looks the image arm counts once more: no other one knows them.
    """
    known = 1.0 if pictures is None else pictures.known
    seen = 1.0 if pictures is None else known * (pictured + pictures.alone)
    return {
        **ARM_WEIGHTS,
        TEXT: ARM_WEIGHTS[TEXT] + ARM_WEIGHTS[IMAGE] * (1 - pictured * known),
        IMAGE: ARM_WEIGHTS[IMAGE] * seen,
    }


Sort: TypeAlias = Literal["relevance", "price", "-price", "-created_at", "-popularity"]
PerKind = Annotated[StrictInt, Field(ge=1, le=MAX_PER)]


class LimitPer(_Strict):
    """At most so many of one brand, category or group; what has none is not limited."""

    brand: PerKind | None = None
    category: PerKind | None = None
    group_id: PerKind | None = None

    def limits(self) -> dict[str, int]:
        """Return those that are given, by field."""
        return {name: most for name, most in self if most is not None}


NO_LIMIT: Final = LimitPer()


def _distinct(names: list[str]) -> list[str]:
    if len(set(names)) < len(names):
        raise ValueError("names a field twice")
    return names


def _known(fields: list[str]) -> list[str]:
    unknown = sorted(set(fields) - {"id", *FIELDS})
    if unknown:
        raise ValueError(f"{', '.join(unknown)[:200]} is no product field; known are id, {', '.join(FIELDS)}")
    return fields


class SearchRequest(_Strict):
    """A filtered hybrid query; without text and terms it browses everything that passes the filter."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    text: QueryText | None = None
    """Short for one more term, of weight 1."""
    terms: Annotated[list[Term], Field(max_length=MAX_TERMS)] = []
    filter: Filters = {}
    """By field a value, a list (any will do) or a range; all fields must hold. A category finds what is below it."""
    exclude: Filters = {}
    """The same; what passes one of these is left out."""
    arms: Arms = DEFAULT_ARMS
    """Weights; an arm that is not named has weight 0. Left out: by what the pictures of the catalogue tell."""
    fusion: Literal["convex", "rrf"] = "convex"
    cut_off: Literal["auto", "off"] = "auto"
    """`off` keeps what is only nearest, not near."""
    spelling: Literal["auto", "off"] = "auto"
    """`off` searches for the words as they were typed."""
    facets: Annotated[list[FieldName], Field(max_length=MAX_FACETS), AfterValidator(_distinct)] = []
    """Fields to count by: a filter on a field does not narrow its own facet."""
    group_by: Literal["group_id"] | None = None
    sort: Sort = "relevance"
    """What lacks the value comes last, either way."""
    diversity: Fraction = 0.0
    """0: by relevance alone; towards 1 the first hits are ever less alike."""
    limit_per: LimitPer = NO_LIMIT
    limit: Annotated[StrictInt, Field(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT
    page: Annotated[StrictInt, Field(ge=1, le=1_000_000)] = 1
    """From 1; as deep as the candidate set goes, for more there is `cursor`."""
    cursor: Annotated[StrictStr, Field(min_length=1, max_length=MAX_CURSOR_CHARS)] | None = None
    """From the answer before; for browsing and orders by a field."""
    fields: Annotated[list[FieldName], Field(max_length=len(FIELDS) + 1), AfterValidator(_known)] | None = None
    """Fields of each product to answer with, beside its id; absent: all."""
    explain: StrictBool = False
    """Say of each hit why it stands where it does."""

    def all_terms(self) -> list[Term]:
        """Return the terms in their order, and after them `text` as the term it is short for."""
        return list(self.terms) + ([Term(text=self.text)] if self.text is not None else [])

    def weights(self, default: Mapping[str, float]) -> dict[str, float]:
        """Return the weights that were sent, or where words alone are asked with those of the catalogue, `default`.

        What a picture that is asked with shows the text arm cannot say. What an arm hears of the terms is not in the
        weights.
        """
        words_alone = all(term.text is not None for term in self.all_terms())
        return dict(default) if words_alone and "arms" not in self.model_fields_set else self.arms.model_dump()


class ExplainRequest(_Strict):
    """A search, and the product whose place in its answer is to be explained."""

    request: SearchRequest
    product: ProductId
