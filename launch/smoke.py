"""Trains the smoke variant of a recipe, from raw files to a lower loss.

    python -m launch.smoke --config=dpr_nq --data=../shared/data

takes the first records of the files that launch/recipes.py names, writes data
sets and a tokenizer, and trains launch/configs/dpr_nq.py:smoke; each stage is a
program of its own, printed as it is called and kept in the workdir.
`--config=all` does so for all recipes, one after another. The recipe with a
teacher first trains a small English one, or takes --model=ID_OR_DIR.

Exit code 3 says that a loss did not fall.
"""

import itertools
import json
import pathlib
from typing import Any

from absl import flags

from data import atomic
from data import program
from data.sources import rows
from embeddings.evals import report
from launch import recipes
from launch import stages as stages_lib

_ENDS = 5  # steps at either end whose losses are averaged
TEACHER = "teacher"  # what the config calls the vectors


def define_flags() -> None:
  """Defines the flags, as the program that is run."""
  flags.DEFINE_list("config", [], "Names of recipes, or all.")
  flags.DEFINE_string("data", "", "The folder of the raw files.")
  flags.DEFINE_string("workdir", "runs/smoke", "A folder for each goes here.")
  # So few are seen many times, and even a small model learns them.
  flags.DEFINE_integer("records", 200, "Taken of each file, at most.", 1)
  flags.DEFINE_string(
    "model", "", 'A teacher, by folder or hub id; "" trains a small one.'
  )


def main() -> None:
  """Runs the recipes and prints how their losses fell."""
  given = flags.FLAGS
  program.require(given.config, "config", "dpr_nq")
  program.require(given.data, "data", "../shared/data")
  found = {}
  for name in _names(given.config):
    recipe = Recipe(
      name,
      pathlib.Path(given.data),
      pathlib.Path(given.workdir) / name,
      given.records,
    )
    found[name] = recipe.train(given.model)
  for line in report.lines(found):
    print(line)
  program.print_result(found)


def _names(given: list[str]) -> list[str]:
  """The recipes that are meant."""
  names = list(recipes.SOURCES) if given == ["all"] else given
  for name in names:
    if name not in recipes.SOURCES:
      raise program.BadInput(
        f"--config={name} is no recipe; wanted all, or some of "
        f"{', '.join(recipes.SOURCES)}"
      )
  return names


class Recipe:
  """One recipe's smoke run.

  Args:
    name: of its config.
    data: the folder of the raw files.
    workdir: where everything of it goes.
    records: taken of each file, at most.
  """

  def __init__(
    self, name: str, data: pathlib.Path, workdir: pathlib.Path, records: int
  ):
    self._name, self._data, self._workdir = name, data, workdir
    self._records = records
    self._stages = stages_lib.Stages(workdir / "stages")

  def train(self, model: str = "") -> dict[str, Any]:
    """Prepares and trains.

    Args:
      model: the teacher of a recipe that has one; "" for a small new one.

    Returns:
      The loss of the first and of the last steps, pairs and seconds.

    Raises:
      program.Diverged: if the loss did not fall.
    """
    sources = recipes.SOURCES[self._name]
    folders = [self._data_set(source) for source in sources]
    self._tokenizer(folders)
    settings = []
    if self._name == "multilingual_distill":
      settings = self._taught(model or self._teacher(), folders)
    trained = self._trained("model", self._name, folders, settings)
    first, last = _losses(self._workdir / "model" / "metrics.jsonl")
    if not last < first:  # so written that a nan is caught
      raise program.Diverged(
        f"the loss of {self._name} went from {first:.4f} to {last:.4f} in "
        f"{trained['step']} steps; wanted it to fall: see {self._workdir}"
      )
    return {
      "first_loss": round(first, 4),
      "last_loss": round(last, 4),
      "pairs": trained["pairs"],
      "seconds": round(self._stages.seconds, 1),
    }

  def _data_set(self, source: recipes.Source) -> pathlib.Path:
    """Writes the data set of a file's first records."""
    raw = self._data / source.file
    cut = self._workdir / "raw" / f"{source.name}_{self._records}.jsonl"
    atomic.write_text(cut, _head(raw, source.columns, self._records))
    out = self._workdir / "data" / source.name
    command = [
      "data.sources.tabular",
      f"--in={cut}",
      f"--out={out}",
      f"--columns={','.join(source.columns)}",
      f"--source={raw}",
    ]
    if source.kind:
      command.append(f"--kind={source.kind}")
    self._stages.run(f"write {source.name}", command)
    return out

  def _tokenizer(self, folders: list[pathlib.Path]) -> None:
    """Writes tokenizer/."""
    command = [
      "data.wordpiece",
      f"--data={_joined(folders)}",
      f"--out={self._workdir / 'tokenizer'}",
      "--vocab_size=4000",
    ]
    self._stages.run("train the tokenizer", command)

  def _trained(
    self,
    out: str,
    config: str,
    folders: list[pathlib.Path],
    settings: list[str],
  ) -> dict[str, Any]:
    """Trains the smoke variant of a config; what that said last."""
    command = [
      "launch.train",
      f"--config=launch/configs/{config}.py:smoke",
      f"--config.data.train={_joined(folders)}",
      f"--config.data.tokenizer={self._workdir / 'tokenizer'}",
      f"--workdir={self._workdir / out}",
      *settings,
    ]
    return self._stages.run(f"train the {out}", command)

  def _teacher(self) -> str:
    """Trains a small model of English sentences."""
    folder = self._data_set(recipes.PARAPHRASES)
    one = ["--config.data.datasets_per_batch=1"]
    self._trained(TEACHER, "all_minilm_l6", [folder], one)
    return str(self._workdir / TEACHER)

  def _taught(self, model: str, folders: list[pathlib.Path]) -> list[str]:
    """Writes the teacher's vectors; the settings of its student."""
    command = [
      "tools.teach",
      f"--model={model}",
      f"--data={_joined(folders)}",
      f"--name={TEACHER}",
      "--columns=query",
    ]
    said = self._stages.run("write the teacher's vectors", command)
    return [f"--config.model.encoder.width={said['width']}"]


def _head(path: pathlib.Path, columns: tuple[str, ...], records: int) -> str:
  """The first records of a file, one a line, with these columns alone."""
  if not path.exists():
    raise program.BadInput(
      f"--data has no {path.parent.name}/{path.name} (looked for {path}); give "
      "the folder that holds the raw files of launch/recipes.py"
    )
  lines = []
  for row in itertools.islice(rows.read(path, rows.Layout(columns)), records):
    if row.fault:
      raise program.BadInput(f"{rows.place(path, row.number)} {row.fault}")
    lines.append(json.dumps(row.values, ensure_ascii=False) + "\n")
  return "".join(lines)


def _losses(path: pathlib.Path) -> tuple[float, float]:
  """The mean loss of the first and of the last steps of a run."""
  lines = path.read_text(encoding="utf-8").splitlines()
  found = [json.loads(line)["loss"] for line in lines]
  first, last = found[:_ENDS], found[-_ENDS:]
  return sum(first) / len(first), sum(last) / len(last)


def _joined(folders: list[pathlib.Path]) -> str:
  """Folders as a flag takes them."""
  return ",".join(map(str, folders))


if __name__ == "__main__":
  define_flags()
  program.run(main)
