"""The importers by name."""

from data.sources.importers import beir
from data.sources.importers import captions
from data.sources.importers import clusters
from data.sources.importers import codesearchnet
from data.sources.importers import dpr
from data.sources.importers import embedding_training_data
from data.sources.importers import importer
from data.sources.importers import msmarco
from data.sources.importers import nli
from data.sources.importers import parallel
from data.sources.importers import squad
from data.sources.importers import sts

IMPORTERS: dict[str, importer.Importer] = {
  "embedding_training_data": embedding_training_data.IMPORTER,
  "squad": squad.IMPORTER,
  "dpr": dpr.IMPORTER,
  "beir": beir.IMPORTER,
  "msmarco": msmarco.IMPORTER,
  "nli": nli.IMPORTER,
  "sts": sts.IMPORTER,
  "captions": captions.IMPORTER,
  "clusters": clusters.IMPORTER,
  "parallel": parallel.IMPORTER,
  "codesearchnet": codesearchnet.IMPORTER,
}
