"""What several tests of programs work on."""

import pytest


@pytest.fixture(scope="session")
def exported(run_program, trained, tmp_path_factory):
  """The small trained run as a sentence-transformers folder."""
  out = tmp_path_factory.mktemp("exported") / "model"
  ended = run_program(
    "tools.to_sentence_transformers", f"--workdir={trained}", f"--out={out}"
  )
  assert ended.code == 0, ended
  assert ended.result == {
    "out": str(out),
    "step": 12,
    "dtype": "float32",
    "verified": None,
    "pushed": None,
  }
  return out
