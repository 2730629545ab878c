"""Watch: what a running installation says of itself. Lowest in the house; knows nobody."""
