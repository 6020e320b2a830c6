"""The families of encoders, by the model_type of config.json."""

from embeddings.encoders.names import albert
from embeddings.encoders.names import bert
from embeddings.encoders.names import distilbert
from embeddings.encoders.names import family
from embeddings.encoders.names import modernbert
from embeddings.encoders.names import mpnet
from embeddings.encoders.names import roberta

FAMILIES: dict[str, family.Family] = {
  one.name: one
  for one in (
    bert.BERT,
    roberta.ROBERTA,
    roberta.XLM_ROBERTA,
    distilbert.DISTILBERT,
    mpnet.MPNET,
    albert.ALBERT,
    modernbert.MODERNBERT,
  )
}
