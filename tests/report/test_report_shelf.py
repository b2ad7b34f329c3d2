import http.client
import json
from urllib.parse import urlsplit

import pytest
from run_by_hand import make_summary, write_run

from mleq.errors import RequestError
from mleq.report import serve, shelf, site

RUN = "runs/20260101T000000Z-0123abcd"


@pytest.fixture
def out(tmp_path):
    write_run(tmp_path / "out" / "somewhere" / RUN, plots=False)
    return tmp_path / "out"


class TestShelf:
    def test_a_recipe_has_its_verdict_its_newest_forecast_and_its_place(self, out):
        entries = [
            {"recipe_id": "somewhere", "target_date": date, "probability": chance, "climatology": 0.065}
            for date, chance in (("2026-02-02", 0.131), ("2026-02-01", 0.02))
        ]
        (out / "predictions.json").write_text(json.dumps({"predictions": entries}))
        text = shelf.draw(out).read_text(encoding="utf-8")
        assert make_summary()["verdict"] in text
        assert "13\u00a0%" in text
        assert "6.5\u00a0%" in text
        assert "2026-02-02" in text
        assert text.count('<a href="somewhere/report.html"') == 2, "the card's and the map's"
        assert "no warning system" in text

    @pytest.mark.parametrize(("run", "marked"), [("20260101T000000Z-0123abcd", False), ("20250101T000000Z-99", True)])
    def test_a_forecast_of_another_run_is_not_taken_for_this_ones(self, out, run, marked):
        entry = {"recipe_id": "somewhere", "target_date": "2026-02-02", "probability": 0.1, "run": run}
        (out / "predictions.json").write_text(json.dumps({"predictions": [entry]}))
        assert ("Made by an earlier run" in shelf.draw(out).read_text(encoding="utf-8")) == marked

    def test_a_simulated_region_is_not_put_on_the_world(self, out):
        catalog = {**make_summary()["catalog"], "source": "simulated, seed 1"}
        write_run(out / "nowhere" / RUN, plots=False, recipe_id="nowhere", catalog=catalog)
        text = shelf.draw(out).read_text(encoding="utf-8")
        assert text.count('<a href="nowhere/report.html"') == 1, "the card's alone"
        assert "catalog, simulated, trained 2026-01-01" in text

    def test_a_damaged_recipe_does_not_hide_the_others(self, out):
        write_run(out / "broken" / RUN, plots=False)
        (out / "broken" / RUN / "summary.json").write_text("{")
        text = shelf.draw(out).read_text(encoding="utf-8")
        assert "cannot be read" in text
        assert make_summary()["verdict"] in text

    def test_an_empty_folder_says_what_to_do(self, tmp_path):
        assert "cmd/train --recipe_id demo" in shelf.draw(tmp_path).read_text(encoding="utf-8")

    def test_titles_that_are_markup_stay_text(self, out):
        attack = "<script>alert(1)</script>\"'>"
        write_run(out / "attack" / RUN, plots=False, title={"en": attack}, verdict=attack)
        text = shelf.draw(out).read_text(encoding="utf-8")
        assert "<script>alert" not in text
        assert "&lt;script&gt;alert(1)" in text

    def test_only_what_is_stale_is_drawn(self, out):
        assert len(site.draw_stale(out)) == 2
        assert site.draw_stale(out) == []
        (out / "predictions.json").write_text('{"predictions": []}')
        assert site.draw_stale(out) == [out / "index.html"]


@pytest.fixture(scope="module")
def ask(tmp_path_factory):
    out = tmp_path_factory.mktemp("served") / "out"
    write_run(out / "somewhere" / RUN, plots=False)
    (out.parent / "secret.html").write_text("secret")
    (out / ".hidden.html").write_text("hidden")
    (out / "link.html").symlink_to(out.parent / "secret.html")
    with serve.serving(out) as address:
        where = urlsplit(address)
        assert where.hostname == "127.0.0.1"

        def call(path, host=None, method="GET"):
            connection = http.client.HTTPConnection(where.hostname, where.port, timeout=10)
            connection.putrequest(method, path, skip_host=True)
            connection.putheader("Host", host or f"127.0.0.1:{where.port}")
            connection.endheaders()
            answer = connection.getresponse()
            body = answer.read()
            connection.close()
            return answer, body

        yield call


class TestServe:
    def test_pages_are_drawn_and_given_with_safe_headers(self, ask):
        answer, body = ask("/")
        assert answer.status == 200
        assert b"<body data-served>" in body
        assert "default-src 'none'" in answer.getheader("Content-Security-Policy")
        assert answer.getheader("X-Content-Type-Options") == "nosniff"
        assert answer.getheader("X-Frame-Options") == "DENY"
        assert answer.getheader("Referrer-Policy") == "no-referrer"
        assert ask("/somewhere/report.html?x=1")[0].status == 200
        assert ask("/assets/mleq.js")[0].getheader("Content-Type").startswith("text/javascript")
        head, nothing = ask("/", method="HEAD")
        assert head.getheader("ETag") == answer.getheader("ETag")
        assert nothing == b""

    @pytest.mark.parametrize(
        "path",
        [
            "/../secret.html", "/%2e%2e/secret.html", "/somewhere/../../secret.html", "/..%2fsecret.html",
            "//secret.html/../../secret.html", "/link.html", "/.hidden.html", "/..\\secret.html", "/%00", "/somewhere",
            "/somewhere/", "/etc/passwd", "//etc/passwd", "/nothing.html",
        ],
    )  # fmt: skip
    def test_no_path_leaves_the_folder(self, ask, path):
        answer, body = ask(path)
        assert answer.status == 404
        assert b"secret" not in body

    def test_only_this_machine_by_its_own_name_is_answered(self, ask):
        assert ask("/", host="evil.example:80")[0].status == 403
        assert ask("/", host="localhost:80")[0].status == 200

    def test_nothing_is_changed_by_asking(self, ask):
        assert ask("/", method="POST")[0].status == 501

    def test_a_folder_that_is_none_and_a_port_that_is_taken_are_said(self, tmp_path, out):
        with pytest.raises(RequestError, match="no folder"), serve.serving(tmp_path / "nowhere"):
            pass
        with serve.serving(out) as address, pytest.raises(RequestError, match="--port"):
            with serve.serving(out, urlsplit(address).port):
                pass
