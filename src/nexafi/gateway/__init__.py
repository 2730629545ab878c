"""The one door: identify, limit, route, forward, describe.

An RSGI application of its own, without Flask and without a database. It trusts nobody: what only
the platform may say is taken off each request, and every service checks the token again.
"""
