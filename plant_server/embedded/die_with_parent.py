"""Start a program that gets a signal when the process that started it dies, however it dies.

    python -I -S die_with_parent.py PARENT_PID SIGNAL UID GID PROGRAM [ARGUMENT…]      (UID, GID: -1 keeps them)

A program of its own, standard library only, because the kernel forgets the wish when a process changes its user, and
because Python code between fork and exec is not safe in a process with threads. Linux only: elsewhere the program is
started without the wish.
"""

import ctypes
import os
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    parent, death_signal, uid, gid = (int(argument) for argument in sys.argv[1:5])
    program = sys.argv[5:]
    if uid >= 0:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, death_signal)
        if os.getppid() != parent:  # It died before the wish was made.
            sys.exit(1)
    os.execv(program[0], program)  # noqa: S606 - the launcher's own argument list


if __name__ == "__main__":
    main()
