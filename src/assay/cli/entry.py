"""Where the command starts; Ctrl-C ends it with its code from its first import on."""

import os
import sys
from contextlib import suppress
from signal import SIGINT, pthread_kill
from threading import Timer, active_count, main_thread
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

STOPPED = 130
STOPPED_WORDS = "stopped"
AGAIN_S = 0.02  # by then whoever could not pass the interrupt on has returned


def main() -> None:
    """Run the command that `sys.argv` asks for, and exit with its code."""
    # Matrices here are small and JAX brings threads of its own: BLAS threads that wait for work
    # take the cores away from both. Set before NumPy is imported, or it has no effect.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    sys.unraisablehook = interrupt_again
    try:
        from assay.cli.app import app

        app(prog_name="assay")
    except KeyboardInterrupt:
        print(STOPPED_WORDS, file=sys.stderr)
        leave()
    except SystemExit as end:
        if end.code == STOPPED:
            leave()
        raise


def leave() -> NoReturn:
    """End as stopped, without waiting for threads that compute what nobody asks for any more."""
    if active_count() == 1:
        sys.exit(STOPPED)
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # whoever read them has gone
            stream.flush()
    os._exit(STOPPED)


def interrupt_again(swallowed: "UnraisableHookArgs") -> None:
    """Interrupt anew where Ctrl-C fell into a callback, which can raise nothing to its caller."""
    if not issubclass(swallowed.exc_type, KeyboardInterrupt):
        sys.__unraisablehook__(swallowed)
        return
    again = Timer(AGAIN_S, pthread_kill, (main_thread().ident, SIGINT))
    again.daemon = True
    again.start()
