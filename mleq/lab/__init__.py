"""Family `lab`: laboratory earthquakes, the time to the next failure from acoustic emission."""
