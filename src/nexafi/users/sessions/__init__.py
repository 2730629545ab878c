"""Sessions: from signing in to signing out."""
