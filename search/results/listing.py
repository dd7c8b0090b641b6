"""From the candidate set to the list that pages are cut from: order, groups, at most n of a kind. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from catalog.points import GROUP, field_path
from search.results.outcome import End

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from search.ranking import Candidate
    from search.results.ordering import Order
    from search.rows import Row
    from search.schemas import SearchRequest
    from search.understood import Understood

_LIMITED: Final = {"brand": field_path("brand"), "category": field_path("category"), "group_id": GROUP}


@dataclass(frozen=True, slots=True)
class Listing:
    """Candidates in their order, what is left of them as a list, its page that is asked for, and where that ended."""

    ordered: Sequence[Candidate]
    entries: Sequence[Candidate]
    shown: Sequence[Candidate]
    end: End | None


def listing_of(ordered: Sequence[Candidate], rows: Mapping[str, Row], asked: Understood, after: End | None) -> Listing:
    """Return the list of candidates that come best first, and its page of what follows `after` where there is one."""
    entries = arrange(ordered, rows, asked.request, asked.order)
    return Listing(ordered, entries, *page_of(entries, rows, asked, after))


def around_page(
    ordered: Sequence[Candidate], rows: Mapping[str, Row], asked: Understood, after: End | None, more: int
) -> Sequence[Candidate]:
    """Return what may be on the page once so many `more` candidates are put into the list, those apart.

    Each that is put in moves an entry by one place at most: it comes before it, or takes the place of one of its kind.
    With several `narrowings` it may also bring one back that is in no list yet.
    """
    entries = arrange(ordered, rows, asked.request, asked.order)
    place = _place(entries, rows, asked, after)
    return entries[max(0, place.start - more) : place.stop + more]


def paths_to_arrange(request: SearchRequest, order: Order | None) -> tuple[str, ...]:
    """Return what the rows must hold, nothing where the list can be made without any."""
    paths = [*(order.paths if order else ()), *(_LIMITED[name] for name in request.limit_per.limits())]
    return (*paths, GROUP) if request.group_by else tuple(paths)


def narrowings(request: SearchRequest) -> int:
    """Return in how many ways candidates stand for others or give way to them."""
    return bool(request.group_by) + len(request.limit_per.limits())


def arrange(
    candidates: Sequence[Candidate], rows: Mapping[str, Row], request: SearchRequest, order: Order | None
) -> Sequence[Candidate]:
    """Return the list of candidates that come best first; `rows` hold what `paths_to_arrange` says of each."""
    entries = candidates
    if order is not None:
        entries = sorted(candidates, key=lambda one: order.key(rows[one.point_id]))
    if request.group_by:
        entries = _first_of_groups(entries, rows)
    for name, most in request.limit_per.limits().items():
        entries = list(_at_most(most, name, entries, rows))
    return entries


def page_of(
    entries: Sequence[Candidate], rows: Mapping[str, Row], asked: Understood, after: End | None
) -> tuple[Sequence[Candidate], End | None]:
    """Return the page that is asked for, and where it ended if an order by a field goes on after it."""
    order, place = asked.order, _place(entries, rows, asked, after)
    shown = entries[place]
    more = order is not None and shown and place.stop < len(entries)
    return shown, End(order.key(rows[shown[-1].point_id])) if more and order else None


def _place(entries: Sequence[Candidate], rows: Mapping[str, Row], asked: Understood, after: End | None) -> slice:
    return asked.page(_place_after(entries, rows, asked.order, after) if asked.order and after else None)


def _place_after(entries: Sequence[Candidate], rows: Mapping[str, Row], order: Order, end: End) -> int:
    following = (place for place, one in enumerate(entries) if end.comes_before(rows[one.point_id], order))
    return next(following, len(entries))


def _first_of_groups(entries: Sequence[Candidate], rows: Mapping[str, Row]) -> list[Candidate]:
    """Fold each group into its first variant: the one that stands for it in the current order."""
    groups = [rows[one.point_id].group for one in entries]
    variants = Counter(groups)
    firsts: dict[str, Candidate] = {}
    for one, group in zip(entries, groups, strict=True):
        firsts.setdefault(group, one._replace(variants=variants[group]))
    return list(firsts.values())


def _at_most(most: int, name: str, entries: Iterable[Candidate], rows: Mapping[str, Row]) -> Iterable[Candidate]:
    """Yield the entries without those that `most` others of their kind come before; what has no value is no kind."""
    seen: Counter[str] = Counter()
    for one in entries:
        row = rows[one.point_id]
        value = row.group if name == "group_id" else row.product.get(name)
        if value is not None:
            seen[value] += 1
        if value is None or seen[value] <= most:
            yield one
