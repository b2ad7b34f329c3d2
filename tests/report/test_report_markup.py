from hypothesis import given
from hypothesis import strategies as st

from mleq.report.markup import Html, facts, html, join, table, tag


@given(st.text())
def test_text_never_becomes_markup(text):
    made = tag("p", text, title=text)
    inside = made.removeprefix("<p ").removesuffix("</p>")
    assert "<" not in inside
    assert inside.count(">") == 1, "the one that closes the opening tag"
    assert inside.count('"') == 2, "the two around the attribute"


@given(st.text(st.characters()))
def test_whatever_text_there_is_can_be_written(text):
    html(text).encode("utf-8")
    html("\ud800" + text).encode("utf-8")


def test_markup_is_not_escaped_twice():
    assert tag("p", tag("b", "a & b")) == "<p><b>a &amp; b</b></p>"
    assert isinstance(join(["<", Html("<br>")]), Html)
    assert join(["<", Html("<br>")], " ") == "&lt; <br>"


def test_attributes_are_spelled_as_html_spells_them():
    assert tag("br", class_="x", hidden=True, title=None, open=False) == '<br class="x" hidden>'
    assert tag("svg", viewBox="0 0 1 1", aria_label="a") == '<svg viewBox="0 0 1 1" aria-label="a"></svg>'


def test_facts_leave_out_what_is_not_known_but_keep_zero():
    made = facts([("seed", 0), ("memory", None), ("source", "")])
    assert "<dd>0</dd>" in made
    assert "memory" not in made
    assert "source" not in made


def test_table_names_rows_and_columns_for_those_who_listen():
    made = table(["part", "days"], [["train", 3]], label="Days of each part")
    assert '<th scope="col">days</th>' in made
    assert '<th scope="row">train</th><td>3</td>' in made
    assert 'aria-label="Days of each part"' in made
