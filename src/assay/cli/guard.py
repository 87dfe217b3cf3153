"""From what went wrong to one message and an exit code.

0 is done as asked, whatever the verdict; 1 something checked does not hold; 2 bad input; 3 a fault
of Assay; 130 stopped by the keyboard; 141 whoever read the output has gone.
"""

import os
import sys
import traceback
from collections.abc import Callable
from functools import wraps
from typing import NoReturn, ParamSpec

import typer

from assay.cli.entry import STOPPED, STOPPED_WORDS
from assay.errors import AssayError

DOES_NOT_HOLD = 1
BAD_INPUT = 2
FAULT = 3
READER_GONE = 141

Asked = ParamSpec("Asked")


def guarded(command: Callable[Asked, None], *, records: bool) -> Callable[Asked, None]:
    """`command` such that no error leaves it but as one message and an exit code.

    Args:
        command: what is run.
        records: whether it records anything, which then stays where it is stopped.
    """
    stays = "; what was recorded stays, run again to go on" if records else ""

    @wraps(command)
    def call(*args: Asked.args, **options: Asked.kwargs) -> None:
        try:
            command(*args, **options)
        except (typer.Exit, typer.Abort, typer.BadParameter):
            raise  # Typer ends these itself
        except BrokenPipeError:
            _leave_quietly()
        except AssayError as error:
            _end(f"error: {error}", BAD_INPUT)
        except KeyboardInterrupt as stop:
            _end(f"{STOPPED_WORDS}{str(stop) or stays}", STOPPED)
        except Exception as error:
            _end(_report_please(error), FAULT)

    return call


def _end(message: str, code: int) -> NoReturn:
    if os.environ.get("ASSAY_DEBUG", "") not in ("", "0"):
        traceback.print_exc()
    typer.echo(message, err=True)
    raise typer.Exit(code)


def _report_please(error: Exception) -> str:
    words = " ".join(str(error).split())
    return (
        f"fault in Assay: {type(error).__name__}{f': {words}' if words else ''}. Please report "
        "this; ASSAY_DEBUG=1 shows where it happened."
    )


def _leave_quietly() -> NoReturn:
    """`assay ledger ls | head` is no error, but what is still buffered can no longer be written."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    raise typer.Exit(READER_GONE)
