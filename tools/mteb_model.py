"""A model as the mteb library wants one.

    import mteb
    engine = engines.load("runs/quickstart/model")
    model = mteb_model.Model(engine.encode, engine.similarity, name="me/mine")
    mteb.evaluate(model, mteb.get_task("STSBenchmark"))

It meets `mteb.models.EncoderProtocol` of mteb 2. Queries are encoded as our
side "query", documents as "document", all other texts as neither.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from embeddings.evals import task as task_lib


class Model:
  """Texts to vectors behind mteb's protocol.

  Args:
    encode: texts and their side to vectors [N, E].
    similarity: "cosine" or "dot", by which vectors are compared.
    name: under which mteb files results, ORG/NAME.
  """

  def __init__(
    self,
    encode: task_lib.EncodeFunction,
    similarity: str,
    *,
    name: str = "gigapair/model",
  ):
    self._encode, self._similarity, self._name = encode, similarity, name

  def encode(
    self,
    inputs: Iterable[Mapping[str, Any]],
    *,
    task_metadata: Any = None,
    hf_split: str = "",
    hf_subset: str = "",
    prompt_type: Any = None,
    **kwargs: Any,
  ) -> np.ndarray:  # float32 [N, E]
    """The vectors of texts.

    Args:
      inputs: batches with the column "text", as mteb's data loaders give them.
      task_metadata: of the task; unused, as are split and subset.
      hf_split: of the task.
      hf_subset: of the task.
      prompt_type: mteb's PromptType query or document, or None for neither.
      **kwargs: what mteb says of batch sizes and progress, which is our own.
    """
    del task_metadata, hf_split, hf_subset, kwargs
    texts = [text for each in inputs for text in each["text"]]
    side = getattr(prompt_type, "value", prompt_type) or ""
    return np.asarray(self._encode(texts, side), np.float32)

  def similarity(self, embeddings1: Any, embeddings2: Any) -> Any:
    """The similarities of all vectors of one with all of the other."""
    from mteb import similarity_functions

    if self._similarity == "dot":
      return similarity_functions.dot_score(embeddings1, embeddings2)
    return similarity_functions.cos_sim(embeddings1, embeddings2)

  def similarity_pairwise(self, embeddings1: Any, embeddings2: Any) -> Any:
    """The similarities of vectors in pairs."""
    from mteb import similarity_functions

    if self._similarity == "dot":
      return similarity_functions.pairwise_dot_score(embeddings1, embeddings2)
    return similarity_functions.pairwise_cos_sim(embeddings1, embeddings2)

  @property
  def mteb_model_meta(self) -> Any:
    """What mteb writes beside results."""
    from mteb.models import model_meta

    meta = model_meta.ModelMeta.create_empty()
    return meta.model_copy(
      update={
        "name": self._name,
        "similarity_fn_name": model_meta.ScoringFunction(self._similarity),
        "modalities": ["text"],
      }
    )
