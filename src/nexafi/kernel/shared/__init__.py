"""What the processes of an installation share through Redis, and what they do without it."""
