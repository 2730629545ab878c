"""The books in the notations of others, so that anyone can check them without us."""
