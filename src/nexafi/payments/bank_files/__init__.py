"""Bank files: what a bank is told to collect and to send, and what it answers."""
