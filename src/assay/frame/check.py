"""Everything about a table is checked once, here."""

from assay.errors import DataError
from assay.frame.censoring import check_censoring
from assay.frame.keys import check_keys
from assay.frame.roles import Roles
from assay.frame.table import Frame
from assay.frame.target import check_target


def check(frame: Frame, roles: Roles) -> Frame:
    """Check a table against the roles of its columns, and bring it into canonical order.

    Args:
        frame: a table as it was read.
        roles: which column plays which part.

    Returns:
        The table sorted by series and time (as it came where no `time` is named), with an integer
        column `row_id`, 0 upwards in that order unless the table brings its own. Text times are
        days or moments, local midnights are days; missing limits are infinite. A target of text
        is known by the numbers of its classes.

    Raises:
        ConfigError: roles that do not go together.
        DataError: the first thing wrong with the table; rows are counted from 1, as they came.
    """
    for _, name in roles.named:
        frame.column(name)
    frame = check_target(frame, roles.target)
    if roles.target in frame.classes:
        _refuse_hidden_classes(frame, roles)
        return check_keys(frame, roles)
    return check_keys(check_censoring(frame, roles), roles)


def _refuse_hidden_classes(frame: Frame, roles: Roles) -> None:
    name = roles.censored_above or roles.censored_below
    if name is not None:
        raise DataError(
            f"{frame.source}: column `{name}` is to hide the target `{roles.target}` beyond a "
            "limit, but its values are classes, which have no order. Leave the censoring out."
        )
