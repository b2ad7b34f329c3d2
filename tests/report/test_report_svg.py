import re

from mleq.report.svg import MODEL, figure


def draw(plot, wide):
    axes = plot.subplots()
    axes.plot([0, 1 / 3, 2 / 3], [1 / 7, 2 / 7, 3 / 7], "o", color=MODEL, label="a < b & $c$")
    axes.set_xticks([1 / 3], ["0.333333"])
    axes.legend()


def drawn(name="test"):
    return figure(name, draw, height=2, alternative='says "this" & that', caption="Read <so>.")


def test_a_plot_stands_in_both_widths_with_its_text_alternative():
    made = drawn()
    assert made.count("<svg ") == 2
    assert made.count('role="img" aria-label="says &quot;this&quot; &amp; that"') == 2
    assert "<figcaption>Read &lt;so&gt;.</figcaption>" in made


def test_ticks_of_logarithmic_axes_are_plain_numbers():
    def narrow(plot, wide):
        axes = plot.subplots()
        axes.plot([0, 1], [0.003, 0.007])
        axes.set_yscale("log")
        axes.twinx().plot([0, 1], [0.05473, 0.05474])

    made = figure("narrow", narrow, height=2, alternative="a", caption="b")
    assert "mathdefault" not in made
    assert ">0.005</text>" in made
    assert re.search(r">0.05473\d+<", made), "no number is split into an offset and a rest"


def test_colours_are_the_pages_and_text_is_text():
    made = drawn()
    assert "var(--model)" in made
    assert MODEL not in made
    assert "a &lt; b &amp; $c$" in made, "no formula is read into a name"


def test_coordinates_are_short_but_words_are_whole():
    made = drawn()
    assert "0.333333" in made
    paths = re.findall(r'\bd="([^"]+)"', made)
    assert paths
    assert not re.search(r"\.\d{3}", "".join(paths))


def test_ids_are_unique_and_every_reference_has_its_target():
    made = drawn("one") + drawn("two")
    ids = re.findall(r'\bid="([^"]+)"', made)
    assert len(ids) == len(set(ids))
    references = re.findall(r'(?:href="#|url\(#)([^")]+)', made)
    assert references
    assert set(references) <= set(ids)


def test_nothing_of_the_document_around_it_is_left():
    made = drawn()
    for word in ("<?xml", "<!DOCTYPE", "metadata", "http", "xmlns", "xlink"):
        assert word not in made


def test_the_same_plot_is_the_same_text():
    assert drawn() == drawn()
