"""The command line: starts things, and asks a platform for things. Knows all services."""
