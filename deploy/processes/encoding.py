"""What makes points of changes, put together for whoever writes to a collection: the worker, a refetch, a backfill."""

from __future__ import annotations

from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from deploy.processes.parts import picture_limits
from ingest.encoding import Encoding
from ingest.encoding_cache import DiskEncodingCache, NoEncodingCache

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deploy.settings import Settings
    from encoders.interface import Encoders
    from encoders.pictures.fetch import PictureFetcher
    from ingest.metrics import IngestMetrics


@contextmanager
def encoding_of(
    settings: Settings, encoders: Encoders, fetcher: PictureFetcher, metrics: IngestMetrics
) -> Iterator[Encoding]:
    """Give what makes points, over the encoding cache where the settings name one."""
    path, max_bytes = settings.ingest.encoding_cache, settings.ingest.encoding_cache_max_bytes
    with closing(DiskEncodingCache(path, max_bytes=max_bytes) if path else NoEncodingCache()) as cache:
        encoding = Encoding(encoders, fetcher, metrics, limits=picture_limits(settings), cache=cache)
        with closing(encoding):
            yield encoding
