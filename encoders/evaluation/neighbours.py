"""What a picture's nearest neighbours say that it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def vote(labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return for each query the commonest of its neighbours' labels (queries, neighbours), nearest first.

    Among labels with equally many votes, that of the nearest neighbour wins.
    """
    votes = (labels[:, :, None] == labels[:, None, :]).sum(axis=2)  # (queries, neighbours): for each one's label
    return np.take_along_axis(labels, votes.argmax(axis=1)[:, None], axis=1)[:, 0]
