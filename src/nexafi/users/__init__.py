"""People, organizations, roles and sessions: who may do what, and how they prove who they are."""
