import json

from mleq.recipe.write import add_recipe


class TestAddRecipe:
    def test_what_a_person_wrote_stays_as_it_was(self, minimal, tmp_path, load):
        path = tmp_path / "recipe.json"
        before = '{ "format":1,\n\n  "recipes" : [\n    ' + json.dumps(minimal) + "\n ]  }\n"
        path.write_text(before)
        add_recipe(path, {"id": "mine", "extends": "tokyo", "title": {"ja": "私"}})
        after = path.read_text()
        assert after.startswith(before[: before.rindex("}")].rstrip().rstrip("]").rstrip())
        assert load("mine", path).title == {"ja": "私"}
        assert load("here", path).id == "here"

    def test_a_missing_file_is_made(self, tmp_path, load):
        add_recipe(tmp_path / "recipe.json", {"id": "mine", "extends": "tokyo"})
        assert load("mine", tmp_path / "recipe.json").target.magnitude == 4.5

    def test_a_byte_order_mark_stays(self, minimal, write, load):
        path = write(minimal)
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
        add_recipe(path, {"id": "mine", "extends": "tokyo"})
        assert path.read_bytes().startswith(b"\xef\xbb\xbf{")
        assert load("mine", path).id == "mine"
        assert load("here", path).id == "here"
