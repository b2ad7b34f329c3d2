"""What is the same for every family: split, calibration, networks, training, the run folder."""
