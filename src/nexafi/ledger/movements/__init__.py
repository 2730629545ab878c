"""Money that moved, as payments tells of it, becomes entries here."""
