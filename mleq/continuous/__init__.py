"""Family `continuous`: what is in a continuous record, without labels, and a catalogue of what it finds there."""
