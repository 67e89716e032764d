"""No sabotage: an edge that tidies its spool five times a second, so that `keep_h: 0` shows within a test."""

import lineside
from edge.delivery import spool_writer

if __name__ == "__main__":
    spool_writer.TIDY_EVERY_S = 0.2
    lineside.main()
