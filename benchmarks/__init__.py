"""One file for each promise of speed; see README.md beside this for the last figures."""
