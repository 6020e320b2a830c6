"""Every stretch is done once, whoever was killed and started again."""

import pathlib
import tempfile

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from data import stretches


@settings(max_examples=40, deadline=None)
@given(
  rows=st.integers(1, 60),
  length=st.integers(1, 9),
  starts=st.lists(
    st.tuples(st.integers(1, 4), st.integers(0, 6)), min_size=1, max_size=6
  ),
)
def test_each_is_done_once(rows, length, starts):
  marked = []
  with tempfile.TemporaryDirectory() as folder:

    def open_all(hosts):
      return [
        stretches.Stretches(
          pathlib.Path(folder), rows=rows, length=length, host=host, hosts=hosts
        )
        for host in range(hosts)
      ]

    # So many hosts, each of which marks so many and is killed; the last end.
    for hosts, most in [*starts, (2, rows)]:
      for work in open_all(hosts):
        for number in work.left()[:most]:
          work.mark(number, f"{number:016x}")
          marked.append(number)
        with (pathlib.Path(folder) / "0").open("ab") as journal:
          journal.write(b"0 0123")  # A line that a kill cut short.
    [ended] = open_all(1)
  assert sorted(marked) == list(range(len(ended)))
  assert ended.done == {number: f"{number:016x}" for number in marked}
  assert ended.rows_done() == rows and not ended.left()
  spans = [row for number in range(len(ended)) for row in ended.span(number)]
  assert spans == list(range(rows))
