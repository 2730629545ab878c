"""Files of banks: what they bring that was not here before, proven, and undone as a whole."""
