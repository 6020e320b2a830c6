"""Our losses are sentence-transformers' own, in value and gradient.

Of vectors that are given, for all; through to the weights of the real MiniLM
where a test is marked long.
"""

import jax
import numpy as np
import pytest
import sentence_transformers
import torch
import transformers

from data import identity
from data import layout as layout_lib
from data import tokens
from embeddings import objective
from embeddings import pretrained
from embeddings import towers
from embeddings import weights
from embeddings.losses import pairs as pairs_lib
from tests.embeddings import tiny
from tests.embeddings.losses import cases
from tests.embeddings.losses import twins


class Given(torch.nn.Module):
  """A model whose vectors are its features."""

  max_seq_length = 8
  device = torch.device("cpu")

  def __init__(self, tokenizer):
    super().__init__()
    self.tokenizer = tokenizer

  def __getitem__(self, index):
    return self

  def forward(self, features):
    return {"sentence_embedding": features["vectors"]}

  def get_embedding_dimension(self):
    return cases.E


class Guide(Given):
  """A guide whose vectors come with the features as well."""

  def forward(self, features):
    return {"sentence_embedding": features["guide"]}


@pytest.fixture(scope="module")
def tokenizer(tokenizer_folder):
  return transformers.AutoTokenizer.from_pretrained(tokenizer_folder)


# Of these the test through to the weights says as much.
LONG = (
  "ranking",
  "ranking by dot products",
  "both ways in one",
  "cached",
  "cached, all ways",
  "GIST with a negative",
  "Matryoshka",
)


@pytest.mark.parametrize(
  "name",
  [
    pytest.param(name, marks=[pytest.mark.long] * (name in LONG))
    for name in twins.TWINS
  ],
)
def test_of_vectors(name, tokenizer):
  twin = twins.TWINS[name]
  pairs = cases.pairs_of(cases.plain_world(twin.negatives))
  columns = [
    torch.tensor(np.asarray(column), requires_grad=True)
    for column in pairs.vectors
  ]
  features = [
    {"vectors": column, "guide": torch.tensor(np.asarray(target))}
    for column, target in zip(columns, pairs.target, strict=True)
  ]
  value = twin.value(Given(tokenizer), Guide(tokenizer), features, pairs)
  value.backward()
  ours, gradient = twin.ours(pairs)
  assert ours == pytest.approx(value.item(), rel=1e-5)
  theirs = np.stack([column.grad for column in columns])
  np.testing.assert_allclose(gradient, theirs, rtol=1e-4, atol=2e-6)
  assert np.abs(gradient).max() > 1e-3


# A question, its answer, and two that answer something else.
TEXTS = [
  [
    "How do I undo the last commit in git?",
    "Run git reset --soft HEAD~1; your changes stay in the index.",
    "Use git push --force to overwrite the remote branch.",
    "A commit is a snapshot of all files.",
  ],
  [
    "what is the boiling point of water at high altitude",
    "It falls by about one degree for every 300 metres above the sea.",
    "Water freezes at zero degrees Celsius.",
    "Add salt to the water before you cook the pasta.",
  ],
  [
    "Who wrote Pride and Prejudice?",
    "The novel was published by Jane Austen in 1813.",
    "Wuthering Heights is the only novel of Emily Bronte.",
    "The film came out in 2005.",
  ],
  [
    "Can I deduct my home office from tax?",
    "Yes, if a room is used for work alone and regularly.",
    "The deadline for the return is in April.",
    "An office chair costs about 200 dollars.",
  ],
  [
    "python list of lists flatten",
    "[x for row in rows for x in row] makes one list out of many.",
    "A tuple cannot be changed once it is made.",
    "Lists are sorted in place by their method sort.",
  ],
  [
    "Why is the sky blue?",
    "Air scatters short waves more than long ones.",
    "At sunset it is red.",
    "The sea is blue because it absorbs red light.",
  ],
  [
    "symptoms of iron deficiency",
    "Tiredness, pale skin and brittle nails are common signs.",
    "Spinach holds less iron than was once thought.",
    "Take the tablets before breakfast.",
  ],
  [
    "How far is the moon?",
    "384,400 km on average from the centre of the Earth.",
    "The Sun is 150 million km away.",
    "It takes 27 days to go round the Earth.",
  ],
]


class Real:
  """The real MiniLM, ours and theirs, and the batch of TEXTS."""

  def __init__(self, folder):
    found = pretrained.load(str(folder))
    self.config = found.description.config
    model, params = towers.Model(self.config), found.params
    layout = layout_lib.Layout(
      size=len(TEXTS), max_length=32, negatives=2, packing="padded"
    )
    words = tokens.Tokenizer(found.description.tokenizer, max_length=32)
    batch = tiny.batch(TEXTS, words, layout)
    # Pairs of a batch have an order of their own.
    queries = identity.words(identity.hash_texts([some[0] for some in TEXTS]))
    same = (batch.identity[0, : len(TEXTS), None] == queries).all(-1)
    texts = [TEXTS[index] for index in same.argmax(1)]
    assert sorted(texts) == sorted(TEXTS)
    random = np.random.default_rng(0)
    score = random.normal(size=batch.score.shape).astype("f")
    self.theirs, self.guide = (
      sentence_transformers.SentenceTransformer(str(folder), device="cpu")
      for _ in range(2)
    )
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():  # so that the guide sees things its own way
      for value in self.guide.parameters():
        noise = torch.randn(value.shape, generator=generator)
        value += 0.2 * value.std(correction=0) * noise
    self.features = [
      self.theirs.preprocess([some[column] for some in texts])
      for column in range(4)
    ]
    target = [
      self.guide.encode([some[column] for some in texts]) for column in range(4)
    ]

    def embed(params):
      return objective.vectors_of(model, params, batch, None)

    vectors = jax.jit(embed)(params)
    self._pull = jax.jit(lambda cotangent: jax.vjp(embed, params)[1](cotangent))
    self.pairs = pairs_lib.pairs_of(
      vectors,
      batch._replace(score=score, target=np.concatenate(target)[None]),
    )

  def gradient(self, by_vectors):
    """Our gradient by the weights, under Hugging Face's names."""
    columns, count, width = self.pairs.vectors.shape
    cotangent = np.zeros((columns, count, width), np.float32)
    cotangent[: len(by_vectors)] = by_vectors
    (by_params,) = self._pull(cotangent.reshape(1, -1, width))
    return weights.tensors_of(by_params, self.config.encoder)


@pytest.fixture(scope="module")
def real(minilm):
  return Real(minilm)


@pytest.mark.long
@pytest.mark.parametrize("name", twins.TWINS)
def test_through_to_the_weights_of_the_real_minilm(name, real):
  twin = twins.TWINS[name]
  real.theirs.zero_grad()
  real.theirs.eval()  # no dropout
  value = twin.value(real.theirs, real.guide, real.features, real.pairs)
  value.backward()
  ours, by_vectors = twin.ours(real.pairs)
  assert ours == pytest.approx(value.item(), rel=1e-5)
  gradient = real.gradient(by_vectors)
  theirs = {
    key.removeprefix("0.").split(".", 1)[1]: parameter.grad.numpy()
    for key, parameter in real.theirs.named_parameters()
    if parameter.grad is not None
  }
  assert theirs.keys() == gradient.keys()
  whole = np.sqrt(sum(np.square(x).sum() for x in theirs.values()))
  assert whole > 1e-3
  for key, wanted in theirs.items():
    apart = np.linalg.norm(gradient[key] - wanted)
    # The gradient of a key's bias is 0 but for rounding.
    least = 1e-3 * whole if key.endswith("key.bias") else 0
    assert apart <= 1e-4 * max(np.linalg.norm(wanted), least), key
