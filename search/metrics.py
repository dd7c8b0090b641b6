"""What the API counts: the closed list of its Prometheus metrics, each with when to worry."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager

_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_CONTENTS: Final = (1, 2, 4, 8, 16, 32, 64, 96)
_PRODUCTS: Final = (0, 1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000)


class SearchMetrics:
    """The API's metrics in a registry of its own."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        counter, gauge = partial(Counter, registry=self.registry), partial(Gauge, registry=self.registry)
        histogram = partial(Histogram, registry=self.registry)
        self._requests = counter(
            "vitrine_search_requests",
            "Answers by route and status. Worry about 5xx; 429 asks for more replicas; 499 went away unanswered.",
            ["route", "status"],
        )
        self._request_seconds = histogram(
            "vitrine_search_request_seconds",
            "Time from request to answer, by route.",
            ["route"],
            buckets=_SECONDS,
        )
        self._stage_seconds = histogram(
            "vitrine_search_stage_seconds",
            "Time of one stage of a search: encode, retrieve, rank. Worry about the one that grows.",
            ["stage"],
            buckets=_SECONDS,
        )
        self._loop_late_seconds = histogram(
            "vitrine_search_loop_late_seconds",
            "How late the event loop is, looked at four times a second: what is ready waits for as long at each step, "
            "in no stage. Worry if a quarter is over 10 ms: the process has nearly all that it can use; add another.",
            buckets=_SECONDS,
        )
        self._encoded_contents = histogram(
            "vitrine_search_encoded_contents",
            "How much one call of the query encoder took at once: words (a text for each arm that reads it, at most "
            "96), pictures (at most 8). It grows with the load; at its most all the time, queries wait: more replicas.",
            ["kind"],
            buckets=_CONTENTS,
        )
        self._in_flight = gauge(
            "vitrine_search_in_flight",
            "Requests being answered. Worry if it stays near VITRINE_API__MAX_CONCURRENT: beyond it is 429.",
        )
        self._candidates = histogram(
            "vitrine_search_candidates",
            "Products in the candidate set of a search. Worry if many are 0: customers find nothing.",
            buckets=_PRODUCTS,
        )
        self._events = counter(
            "vitrine_search_events",
            "Events sent to POST /v1/events by outcome: accepted, or the reason for which a line was refused.",
            ["outcome"],
        )

        self._refused = counter(
            "vitrine_search_refused_callers",
            "Callers turned away at the door: no_key, wrong_key (unknown or expired), ambiguous_key, guessing (too "
            "many wrong keys from one address), rate (a key's own limit). Worry about guessing.",
            ["reason"],
        )
        self._keys_file_broken = gauge(
            "vitrine_search_keys_file_broken",
            "1 while the file of API keys cannot be used and those of before are valid. Worry at once: whom you "
            "revoked is still let in.",
        )

    def refused(self, reason: str) -> None:
        """Count a caller who was turned away."""
        self._refused.labels(reason).inc()

    def keys_file(self, *, broken: int) -> None:
        """Note whether the file of keys can be used (0) or not (1)."""
        self._keys_file_broken.set(broken)

    def events(self, outcomes: Mapping[str, int]) -> None:
        """Count the lines of a request for events by outcome."""
        for outcome, count in outcomes.items():
            self._events.labels(outcome).inc(count)

    def answered(self, route: str, status: int, seconds: float) -> None:
        """Count an answer."""
        self._requests.labels(route, str(status)).inc()
        self._request_seconds.labels(route).observe(seconds)

    def in_flight(self) -> AbstractContextManager[object]:
        """Count a request while it is being answered."""
        return self._in_flight.track_inprogress()

    def searched(self, stages: Mapping[str, float], candidates: int) -> None:
        """Note how long each stage of a search took, in seconds, and of how many products the answer was made."""
        self._candidates.observe(candidates)
        for stage, seconds in stages.items():
            self._stage_seconds.labels(stage).observe(seconds)

    def late(self, seconds: float) -> None:
        """Note by how much the event loop is late."""
        self._loop_late_seconds.observe(seconds)

    def encoded(self, kind: str, contents: int) -> None:
        """Note a batch of words or pictures for the query encoder."""
        self._encoded_contents.labels(kind).observe(contents)

    def exposition(self) -> bytes:
        """Return everything in Prometheus' text format."""
        return generate_latest(self.registry)
