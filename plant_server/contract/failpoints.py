"""Where a test may kill a process: the list of `edge.contract`, for those who may import no further than this contract."""

from edge.contract.failpoints import NAMES, UnknownFailpoint, arm, failpoint

__all__ = ["NAMES", "UnknownFailpoint", "arm", "failpoint"]
