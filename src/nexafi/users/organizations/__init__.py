"""Organizations: signing one up, and what is known of it."""
