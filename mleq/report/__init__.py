"""The page of a run and the pictures of the README, drawn from what lies there; nothing is scored here."""
