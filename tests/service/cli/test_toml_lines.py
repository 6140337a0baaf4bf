"""Lines of TOML: in this text the last number of each value is the line where it has to be told."""

import re
import tomllib

import pytest

from service.cli.toml_lines import toml_lines

NUMBERED = '''\
# [not.a.table]
a = 2
b.c = 3
b."d.e" = 4   # b.x = 1
'f' = "[no] = 'no' # 5"
g = """
[h]
i = 9
a = 6"""
j = """two " quotes "" at the end 10"""
k = \'\'\'\\ " # 11\'\'\'
l = [12, 12, [12,
  13], # 0
  "]14",
]
m = { n = 16, o.p = [16, { q = 16 }], r = "}16" }
s = "\\" # 17"
t = 1979-05-27 07:32:00.18
u = -1.5e19

[v]
w = 22
[v.x]
y = 24
[[z]]
a = 26
[z.b]
c = 28
[[z.d]]
e = 30
[[z.d]]
e = 32

  [[ z ]]
  a = 35
[z.b]
c = 37
[[z.d]]
e = 39
["q\\u0041".'b b']
1 = 41
'''


def leaves(content, place=()):
    if isinstance(content, dict | list):
        for key, value in content.items() if isinstance(content, dict) else enumerate(content):
            yield from leaves(value, (*place, key))
    else:
        yield place, content


LEAVES = dict(leaves(tomllib.loads(NUMBERED)))


@pytest.mark.parametrize("place", LEAVES, ids=lambda place: ".".join(map(str, place)))
def test_every_value_has_the_line_that_it_says(place):
    value = LEAVES[place]
    told = str(getattr(value, "microsecond", value)).rstrip("0") if place == ("t",) else str(value)
    expected = 6 if place == ("g",) else int(re.findall(r"[0-9]+", told)[-1])
    assert toml_lines(NUMBERED)[place] == expected


def test_tables_have_the_lines_of_their_heads():
    lines = toml_lines(NUMBERED)
    heads = {("v",): 21, ("v", "x"): 23, ("z", 0): 25, ("z", 1): 34, ("z", 0, "d", 1): 31}
    heads |= {("z",): 25, ("z", 1, "b"): 36, ("qA", "b b"): 40, ("m", "o"): 16, ("l", 2): 12}
    assert {place: lines[place] for place in heads} == heads


@pytest.mark.parametrize("text", ["a = ", "= 1", "[a", "a = [1", "a 1", 'a = "', "a = {b = 1"])
def test_what_it_does_not_know_has_no_lines(text):
    assert toml_lines(text) == {}
