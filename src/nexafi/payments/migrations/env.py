"""The migrations of payments."""

from nexafi.kernel.data.migrations import run
from nexafi.payments.tables import Base

run(Base)
