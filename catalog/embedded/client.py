"""The embedded client itself: collections, payload indexes, aliases and the life of the directory.

One directory belongs to one process, which may use one client from many threads. Queries and points are in
`reading` and `writing`.
"""
# ruff: noqa: ARG002 - sharding, replication and timeouts are the client's API and mean nothing inside one process

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import qdrant_edge as edge
from qdrant_client.http import models

from catalog.embedded.reading import Reading
from catalog.embedded.refusals import as_refusals
from catalog.embedded.registry import Declaration
from catalog.embedded.schema import edge_config, edge_index
from catalog.embedded.shards import Shards, new_directory
from catalog.embedded.writing import Writing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class EmbeddedClient(Reading, Writing):
    """The part of `QdrantClient` that this project uses, on Qdrant Edge below `path`.

    Raises Misconfigured where another process has the directory open or its content cannot be used.
    """

    def __init__(self, path: Path | str) -> None:
        self._shards = Shards(Path(path))

    def create_collection(  # noqa: PLR0913 - the client's API
        self,
        collection_name: str,
        *,
        vectors_config: Mapping[str, models.VectorParams],
        sparse_vectors_config: Mapping[str, models.SparseVectorParams] | None = None,
        shard_number: int | None = None,
        replication_factor: int | None = None,
        write_consistency_factor: int | None = None,
        on_disk_payload: bool | None = None,
        hnsw_config: models.HnswConfigDiff | None = None,
        optimizers_config: models.OptimizersConfigDiff | None = None,
        quantization_config: models.QuantizationConfig | None = None,
        strict_mode_config: models.StrictModeConfig | None = None,
        metadata: models.Payload | None = None,
        timeout: int | None = None,
    ) -> bool:
        """Create an empty collection of named vectors; raise UnexpectedResponse 409 if the name is taken."""
        sparse = sparse_vectors_config or {}
        declaration = Declaration(
            directory=new_directory(),
            vectors=vectors_config,
            sparse_vectors=sparse,
            hnsw=hnsw_config,
            metadata=metadata,
        )
        config = edge_config(
            vectors_config, sparse, hnsw_config, optimizers_config, quantization_config, on_disk_payload
        )
        self._shards.create(collection_name, declaration, config)
        return True

    def update_collection(
        self, collection_name: str, *, metadata: models.Payload | None = None, timeout: int | None = None
    ) -> bool:
        """Merge metadata into the collection's, key by key; a null removes its key. Nothing else can be changed."""
        name = self._shards.find(collection_name).name
        if metadata is not None:
            self._shards.merge_metadata(name, metadata)
        return True

    def delete_collection(self, collection_name: str, *, timeout: int | None = None) -> bool:
        """Delete a collection with its aliases; False, and nothing deleted, for an alias or an unknown name."""
        return self._shards.drop(collection_name)

    def create_payload_index(  # noqa: PLR0913 - the client's API
        self,
        collection_name: str,
        *,
        field_name: str,
        field_schema: models.PayloadSchemaType | models.PayloadSchemaParams,
        wait: bool = True,
        ordering: models.WriteOrdering | None = None,
        timeout: int | None = None,
    ) -> models.UpdateResult:
        """Index a payload field. Best before the data: links for filtered search are built with the graph."""
        found = self._shards.find(collection_name)
        with as_refusals():
            found.shard.update(edge.UpdateOperation.create_field_index(field_name, edge_index(field_schema)))
        if not isinstance(field_schema, models.PayloadSchemaType):  # the shard itself tells a plain type
            self._shards.declare_index(found.name, field_name, field_schema)
        return models.UpdateResult(status=models.UpdateStatus.COMPLETED)

    def update_collection_aliases(
        self, change_aliases_operations: Sequence[models.AliasOperations], *, timeout: int | None = None
    ) -> bool:
        """Apply all changes at once: no reader sees some of them. Creating an existing alias re-points it."""
        changes: dict[str, str | None] = {}
        for each in change_aliases_operations:
            if isinstance(each, models.CreateAliasOperation):
                changes[each.create_alias.alias_name] = each.create_alias.collection_name
            elif isinstance(each, models.DeleteAliasOperation):
                changes[each.delete_alias.alias_name] = None
            else:
                raise NotImplementedError(f"the embedded engine takes no {type(each).__name__}")
        self._shards.point_aliases(changes)
        return True

    def flush(self) -> None:
        """Make every write so far survive a power loss. The client of a server has no such call: wait=True does it."""
        with as_refusals():
            for each in self._shards.all():
                each.durability.flush()

    def copy_collection(self, collection_name: str, folder: Path) -> dict[str, Any]:
        """Copy a collection into a new folder and return what it was declared as; a server makes a snapshot instead.

        Writes wait meanwhile, searches do not. Raise OSError where the folder cannot be written.
        """
        return self._shards.copy(collection_name, folder).model_dump(mode="json", exclude_none=True)

    def adopt_collection(self, collection_name: str, folder: Path, declared: dict[str, Any]) -> None:
        """Make a collection of what `copy_collection` wrote and returned; raise UnexpectedResponse 409 if it exists."""
        self._shards.adopt(collection_name, folder, Declaration.model_validate(declared))

    def optimize(self, collection_name: str) -> bool:
        """Merge segments and build missing graphs; False if there was nothing to do.

        Holds the interpreter lock all the while (about 10 s at 20,000 points of 384 dimensions): not while serving.
        """
        shard = self._shards.find(collection_name).shard
        with as_refusals():
            return shard.optimize()

    def close(self) -> None:
        """Write everything out and free the directory for another process."""
        self._shards.close()
