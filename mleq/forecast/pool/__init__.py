"""Many circles that one model learns from together: where they lie, ETAS in each, features, residuals."""
