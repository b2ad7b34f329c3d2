"""Family `azimuth`: from which direction a wave came, by the three components of one station."""
