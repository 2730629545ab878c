"""The process: what serves requests, does the worker's rounds, and keeps all of them going."""
