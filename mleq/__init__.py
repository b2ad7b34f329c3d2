"""mleq: forecasts earthquakes from recipes and says what the forecast is worth."""

__version__ = "0.1.0"
