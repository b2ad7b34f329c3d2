# ruff: noqa: D102  (what Keras calls by name is documented there)
"""Losses and layers of our own for Keras, registered so that a saved network is read back in safe mode.

Importing this module imports Keras, so the family imports it late; it must have been imported before a network of this
family is read.
"""

from __future__ import annotations

import math

from mleq.experiment.backend import load_keras

keras = load_keras()
ops = keras.ops
registered = keras.saving.register_keras_serializable(package="mleq.azimuth")


class Weighted(keras.losses.Loss):
    """A loss times a weight."""

    def __init__(self, weight: float = 1.0, name: str | None = None, **kwargs):
        super().__init__(name=name or type(self).__name__.lower(), **kwargs)
        self.weight = weight

    def get_config(self):
        return {"weight": self.weight, "name": self.name}


@registered
class VonMises(Weighted):
    """-ln of the von Mises density of the true direction (cos, sin), shape (batch, 2).

    The network answers with the natural parameters eta = kappa (cos mu, sin mu) of the exponential family, so that
    -ln f = ln 2 pi + ln I0(|eta|) - eta . (cos theta, sin theta), which is convex in eta and knows no seam at
    north (Mardia and Jupp 2000, section 3.5.4).
    """

    def call(self, y_true, y_pred):
        import tensorflow

        kappa = ops.sqrt(ops.sum(ops.square(y_pred), axis=-1) + 1e-12)
        agreement = ops.sum(y_pred * ops.cast(y_true, y_pred.dtype), axis=-1)
        return self.weight * (math.log(2 * math.pi) + ops.log(tensorflow.math.bessel_i0e(kappa)) + kappa - agreement)


@registered
class Cosine(Weighted):
    """One less the cosine between the true direction and the answer."""

    def call(self, y_true, y_pred):
        length = ops.sqrt(ops.sum(ops.square(y_pred), axis=-1) + 1e-12)
        return self.weight * (1 - ops.sum(y_pred * ops.cast(y_true, y_pred.dtype), axis=-1) / length)


@registered
class DegreesError(Weighted):
    """Squared error of the angle in degrees (over 180, from -1 to 1), which does not know that north is north."""

    def call(self, y_true, y_pred):
        y_true = ops.cast(y_true, y_pred.dtype)
        angle = ops.arctan2(y_true[:, 1], y_true[:, 0]) / math.pi
        return self.weight * ops.square(y_pred[:, 0] - angle)


@registered
class Reconstruction(Weighted):
    """Mean squared error of the decoded signal."""

    def call(self, y_true, y_pred):
        return self.weight * ops.mean(ops.square(y_pred - ops.cast(y_true, y_pred.dtype)), axis=(1, 2))


@registered
class Divergence(Weighted):
    """Kullback-Leibler divergence of N(mean, variance) from N(0, 1), the mean over dimensions.

    Kingma, D. P. and Welling, M. (2014), arXiv:1312.6114, appendix B. The answer is mean and log variance, side by
    side; the truth is not looked at.
    """

    def call(self, y_true, y_pred):
        mean, log_variance = ops.split(y_pred, 2, axis=-1)
        terms = ops.square(mean) + ops.exp(log_variance) - 1 - log_variance
        return self.weight * 0.5 * ops.mean(terms, axis=-1)


@registered
class CircularMetric(keras.losses.Loss):
    """Circular semi-hard triplets and a circular contrastive term on embeddings, over the pairs of a batch.

    Embeddings are scaled to length 1, D is their distance, d the circular difference of directions. Triplets
    (Schroff et al. 2015, arXiv:1503.03832): an anchor, a positive with d <= `positive_deg`, and of the negatives
    with d >= `negative_deg` the nearest that is farther than the positive (the farthest of all where there is
    none): max(0, D_ap^2 - D_an^2 + margin (1 - cos d_an)), so that opposite directions are held farther apart than
    near ones. Contrastive term (Hadsell et al. 2006, doi:10.1109/CVPR.2006.100) with a soft likeness
    y = (1 + cos d) / 2 and the chord c = 2 sin(d / 2) as margin: y D^2 + (1 - y) max(0, c - D)^2.
    """

    def __init__(self, triplet=0.0, contrastive=0.0, positive_deg=15.0, negative_deg=45.0, margin=0.2, **kwargs):
        kwargs.setdefault("name", "circular_metric")
        super().__init__(**kwargs)
        self.triplet, self.contrastive = triplet, contrastive
        self.positive_deg, self.negative_deg, self.margin = positive_deg, negative_deg, margin

    def get_config(self):
        own = ("triplet", "contrastive", "positive_deg", "negative_deg", "margin", "name")
        return {key: getattr(self, key) for key in own}

    def call(self, y_true, y_pred):
        length = ops.sqrt(ops.sum(ops.square(y_pred), axis=-1, keepdims=True) + 1e-12)
        embedding = y_pred / length
        y_true = ops.cast(y_true, y_pred.dtype)
        cosine = ops.clip(ops.matmul(y_true, ops.transpose(y_true)), -1.0, 1.0)
        squared = ops.maximum(2 - 2 * ops.matmul(embedding, ops.transpose(embedding)), 0.0)
        others = 1 - ops.eye(ops.shape(y_pred)[0], dtype=y_pred.dtype)
        total = 0.0
        if self.triplet:
            total += self.triplet * self._triplets(cosine, squared, others)
        if self.contrastive:
            total += self.contrastive * self._pairs(cosine, squared, others)
        return total

    def _triplets(self, cosine, squared, others):
        positive = ops.cast(cosine >= math.cos(math.radians(self.positive_deg)), squared.dtype) * others
        negative = ops.cast(cosine <= math.cos(math.radians(self.negative_deg)), squared.dtype)
        # Axes: anchor, positive, negative. What is no semi-hard negative is set beyond the largest distance, 4.
        farther = ops.cast(squared[:, None, :] > squared[:, :, None], squared.dtype) * negative[:, None, :]
        distance = squared[:, None, :] + 10.0 * (1 - farther)
        nearest = ops.argmin(ops.stop_gradient(distance), axis=-1)
        farthest = ops.argmax(ops.stop_gradient(squared * negative), axis=-1)
        found = ops.max(farther, axis=-1)
        chosen = ops.where(found > 0, nearest, farthest[:, None])
        to_negative = ops.take_along_axis(squared, chosen, axis=1)
        margin = self.margin * (1 - ops.take_along_axis(cosine, chosen, axis=1))
        usable = positive * ops.max(negative, axis=-1, keepdims=True)
        each = ops.maximum(squared - to_negative + margin, 0.0) * usable
        return ops.sum(each) / ops.maximum(ops.sum(usable), 1.0)

    def _pairs(self, cosine, squared, others):
        alike = (1 + cosine) / 2
        distance = ops.sqrt(squared + 1e-8)
        chord = ops.sqrt(ops.maximum(2 - 2 * cosine, 0.0))
        each = alike * squared + (1 - alike) * ops.square(ops.maximum(chord - distance, 0.0))
        return ops.sum(each * others) / ops.maximum(ops.sum(others), 1.0)


@registered
class Sampling(keras.layers.Layer):
    """Draws from N(mean, variance) in training, by the reparameterisation trick; gives the mean otherwise."""

    def __init__(self, seed: int = 0, **kwargs):
        super().__init__(**kwargs)
        self.seed = seed
        self.generator = keras.random.SeedGenerator(seed)

    def call(self, inputs, training=False):
        mean, log_variance = ops.split(inputs, 2, axis=-1)
        if not training:
            return mean
        noise = keras.random.normal(ops.shape(mean), seed=self.generator)
        return mean + ops.exp(0.5 * log_variance) * noise

    def compute_output_shape(self, shape):
        return (*shape[:-1], shape[-1] // 2)

    def get_config(self):
        return {**super().get_config(), "seed": self.seed}


@registered
class Detached(keras.layers.Layer):
    """Passes its input on, but nothing back: what follows does not shape what came before."""

    def call(self, inputs):
        return ops.stop_gradient(inputs)

    def compute_output_shape(self, shape):
        return shape


@registered
class MeanOf(keras.layers.Layer):
    """The mean out of mean and log variance side by side."""

    def call(self, inputs):
        return ops.split(inputs, 2, axis=-1)[0]

    def compute_output_shape(self, shape):
        return (*shape[:-1], shape[-1] // 2)
