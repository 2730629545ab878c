"""The migrations of users."""

from nexafi.kernel.data.migrations import run
from nexafi.users.tables import Base

run(Base)
