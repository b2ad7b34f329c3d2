"""Losses beside closed forms, and networks that learn, are saved, and are read back."""

import math

import numpy as np
import pytest

from mleq.azimuth import learning
from mleq.azimuth import samples as azimuth_samples
from mleq.errors import RecipeError
from mleq.scores.circular import circular_error, von_mises_nats

pytestmark = pytest.mark.tensorflow


def unit(degrees):
    return learning._unit(np.asarray(degrees, float))


@pytest.fixture
def own():
    from mleq.azimuth import losses

    return losses


class TestLosses:
    def test_von_mises_is_the_log_score(self, own):
        predicted, kappa, observed = np.array([350.0, 90.0]), np.array([5.0, 0.3]), np.array([10.0, 200.0])
        answer = kappa[:, None].astype(np.float32) * unit(predicted)
        given = own.VonMises().call(unit(observed), answer).numpy()
        np.testing.assert_allclose(given, von_mises_nats(observed, predicted, kappa), rtol=1e-5)

    def test_no_seam_at_north(self, own):
        for loss in (own.VonMises(), own.Cosine()):
            across = loss.call(unit([359.0]), unit([1.0])).numpy()
            elsewhere = loss.call(unit([119.0]), unit([121.0])).numpy()
            np.testing.assert_allclose(across, elsewhere, rtol=1e-4)
        # The loss that knows no circle pays for the seam, at 180.
        degrees = own.DegreesError()
        assert degrees.call(unit([179.0]), np.float32([[-179 / 180]])).numpy()[0] > 3.9

    def test_divergence_of_known_normals(self, own):
        # KL(N(1, 1) || N(0, 1)) = 1/2; KL(N(0, e) || N(0, 1)) = (e - 2) / 2.
        answer = np.float32([[1.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 1.0]])
        given = own.Divergence().call(None, answer).numpy()
        np.testing.assert_allclose(given, [0.5, (math.e - 2) / 2], rtol=1e-5)

    def test_metric_terms_of_a_perfect_circle(self, own):
        directions = np.arange(0.0, 360.0, 10.0)
        perfect, mixed = unit(directions), unit(np.random.default_rng(0).permutation(directions))
        triplets = own.CircularMetric(triplet=1.0, margin=0.2)
        # On the circle a negative at least 45 degrees off is farther than a positive within 15, beyond the margin.
        assert float(triplets.call(unit(directions), perfect)) == 0.0
        assert float(triplets.call(unit(directions), mixed)) > 0.05
        contrastive = own.CircularMetric(contrastive=1.0)
        # On the circle every pair lies at its chord, so only the pull of the alike remains: the mean of y c^2.
        turn = np.radians(directions[:, None] - directions[None, :])
        pull = ((1 + np.cos(turn)) / 2 * (2 - 2 * np.cos(turn)))[~np.eye(36, dtype=bool)].mean()
        assert float(contrastive.call(unit(directions), perfect)) == pytest.approx(pull, rel=1e-4)
        assert float(contrastive.call(unit(directions), mixed)) > 1.5 * pull

    def test_the_chosen_negative_is_semi_hard(self, own):
        # Anchor and positive at 0 and 5 degrees; three negatives, one nearer than the positive, one just farther.
        directions = np.array([0.0, 5.0, 90.0, 180.0, 270.0])
        embedding = np.radians([0.0, 40.0, 20.0, 50.0, 170.0])
        places = np.stack([np.cos(embedding), np.sin(embedding)], axis=1).astype(np.float32)
        loss = float(own.CircularMetric(triplet=1.0, margin=0.3).call(unit(directions), places))

        def squared(i, j):
            return 2 - 2 * math.cos(embedding[i] - embedding[j])

        def term(anchor, positive, negative):
            margin = 0.3 * (1 - math.cos(math.radians(directions[anchor] - directions[negative])))
            return max(0.0, squared(anchor, positive) - squared(anchor, negative) + margin)

        # For the anchor at 5 degrees every other negative is nearer than its positive, the last one alone is farther.
        assert loss == pytest.approx((term(0, 1, 3) + term(1, 0, 4)) / 2, rel=1e-4)

    def test_batches_without_pairs_are_no_division_by_zero(self, own):
        loss = own.CircularMetric(triplet=1.0, contrastive=1.0)
        assert float(loss.call(unit([10.0]), unit([10.0]))) == 0.0


MODELS = {
    "residual": {"name": "azimuth_residual", "windows_s": [0.5, 1.0], "learning_rate": 0.003, "epochs": 3},
    "cnn": {"name": "azimuth_cnn", "filters": 4, "learning_rate": 0.003, "epochs": 2, "augment": {"rotate": True}},
    "vae": {"name": "azimuth_vae", "filters": 4, "latent": 8, "learning_rate": 0.003, "epochs": 2},
    "vae_angle_off": {
        "name": "azimuth_vae", "filters": 4, "latent": 8, "learning_rate": 0.003, "epochs": 1,
        "losses": {"angle": 0.0, "reconstruction": 0.0, "kl": 0.0},
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def samples(traces):
    from mleq.azimuth.recipe import EventSplit

    return azimuth_samples.make_samples(EventSplit(validation=0.2, test=0.3), traces)


@pytest.mark.parametrize("name", ["residual", "vae", pytest.param("cnn", marks=pytest.mark.slow)])
def test_a_network_learns_and_is_read_back(name, make_recipe, samples, tmp_path):
    import keras

    recipe = make_recipe(model=MODELS[name])
    learned = learning.learn(recipe, samples, work=tmp_path / "work", key="k")
    history = learned.history
    assert np.isfinite(history["train_loss"]).all()
    test = samples.part("test")
    direction, kappa = learned.answers(test)
    assert ((direction >= 0) & (direction < 360)).all()
    assert (kappa > 0).all()
    assert learned.latent(test).shape == (len(test), 2)
    learned.save(tmp_path)
    network = keras.saving.load_model(tmp_path / "model.keras", compile=False, safe_mode=True)
    again = learning.Learned(recipe, network, learned.features, learned.coefficients)
    for ours, theirs in zip(again.answers(test), (direction, kappa), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-3)


def test_without_training_the_residual_network_corrects_nothing(make_recipe, samples):
    from mleq.azimuth.features import Features
    from mleq.azimuth.references import classical

    train, test = samples.part("train"), samples.part("test")
    features = Features.fitted(train, (0.5, 1.0), 0.5, True)
    untrained = learning.Learned(make_recipe(), learning.build(make_recipe(), len(features.stations)), features)
    direction, _, _ = untrained.ask(test)
    assert circular_error(classical(test, 0.5, True)[0], direction).max() < 1e-6


@pytest.mark.parametrize(("loss", "units"), [("von_mises", 2), ("cosine", 2), ("degrees", 1)])
def test_the_losses_of_the_cnn_have_answers_of_their_shape(loss, units, make_recipe, traces):
    recipe = make_recipe(model={**MODELS["cnn"], "loss": loss})
    untrained = learning.Learned(recipe, learning.build(recipe, 0), None)
    assert untrained.network.output.shape[1:] == (units,)
    direction, kappa = untrained.answers(traces.subset(np.arange(8)))
    assert ((direction >= 0) & (direction < 360) & (kappa > 0)).all()


def test_switched_off_losses_leave_no_output_and_no_gradient(make_recipe):
    recipe = make_recipe(model=MODELS["vae_angle_off"])
    network = learning.build(recipe, 0)
    assert set(network.output) == {"angle", "embedding"}
    assert set(learning.losses(recipe.model)) == {"angle", "embedding"}
    import tensorflow as tf

    signal = tf.constant(np.random.default_rng(0).standard_normal((4, 128, 3)), tf.float32)
    encoder = network.layers[1]
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(network(signal)["angle"])
    assert all(gradient is None for gradient in tape.gradient(loss, encoder.trainable_variables))


@pytest.mark.slow
def test_training_that_was_stopped_goes_on_with_the_same_result(make_recipe, samples, tmp_path):
    short = {**MODELS["vae"], "epochs": 1}
    learning.learn(make_recipe(model=short), samples, work=tmp_path / "stopped", key="k")
    resumed = learning.learn(make_recipe(model=MODELS["vae"]), samples, work=tmp_path / "stopped", key="k")
    whole = learning.learn(make_recipe(model=MODELS["vae"]), samples, work=tmp_path / "whole", key="k")
    np.testing.assert_allclose(resumed.history["train_loss"], whole.history["train_loss"], rtol=1e-5)


def test_a_wrong_layer_is_named_with_its_place(make_recipe):
    recipe = make_recipe(model={**MODELS["vae"], "head": [{"name": "Dense", "units": 3}]})
    with pytest.raises(RecipeError, match=r"model.head.0.*expected \(2,\)"):
        learning.build(recipe, 0)


@pytest.mark.parametrize("kind", ["residual", *(pytest.param(one, marks=pytest.mark.slow) for one in ("cnn", "vae"))])
def test_errors_at_north_are_no_larger_than_elsewhere(kind, make_recipe, tmp_path):
    """Directions within 22.5 degrees of 0/360 are answered as well as all others, by every kind of network."""
    from mleq.azimuth import simulator, windows

    signals = {"source": "simulated", "events": 3000, "stations": 4, "seed": 8, "snr_db": [10, 25]}
    recipe = make_recipe(signals=signals, split={"validation": 0.15, "test": 0.4})
    samples = azimuth_samples.make_samples(recipe.split, windows.cut(simulator.simulate(recipe.signals), recipe.window))
    test = samples.part("test")
    truth = test.table["back_azimuth_deg"].to_numpy()
    north = np.minimum(truth, 360 - truth) < 22.5
    model = {**MODELS[kind], "epochs": 8}
    learned = learning.learn(make_recipe(model=model), samples, work=tmp_path / kind, key="k")
    error = circular_error(truth, learned.answers(test)[0])
    spread = math.sqrt(error[north].var() / north.sum() + error[~north].var() / (~north).sum())
    assert error[north].mean() < error[~north].mean() + 3 * spread
