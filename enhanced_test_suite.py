#!/usr/bin/env python3
"""Set up what the tests need, run every check and test, and sum up by service.

    python enhanced_test_suite.py            # all that must hold; see --help

Needs nothing but Python: this file is read by old versions too, to say so.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - here is where an older one is told
    sys.exit("NexaFi needs Python 3.11 or later; this is %d.%d." % sys.version_info[:2])  # noqa: UP031

from scripts.suite import main

sys.exit(main(sys.argv[1:]))
