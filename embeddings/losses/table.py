"""The losses by the names that configs choose them by."""

from collections.abc import Callable

from embeddings.losses import contrastive
from embeddings.losses import pairs

LossFunction = Callable[[pairs.Pairs], pairs.Loss]

LOSSES = {"in_batch": contrastive.in_batch}
