"""The engine inside the process: the part of qdrant-client's API that this project uses, on Qdrant Edge.

The rest of the house speaks qdrant-client's models and calls and never learns which engine answers:
`QdrantClient | EmbeddedClient`, and `AsyncQdrantClient | AsyncEmbeddedClient`, are called with the same keywords.
"""

from __future__ import annotations

from catalog.embedded.answers import Scores, scores_of
from catalog.embedded.asynchronous import AsyncEmbeddedClient
from catalog.embedded.client import EmbeddedClient

__all__ = ["AsyncEmbeddedClient", "EmbeddedClient", "Scores", "scores_of"]
