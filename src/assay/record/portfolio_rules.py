"""Rules that tie the projects of one portfolio together."""

from collections.abc import Mapping, Sequence

from assay.errors import nearest
from assay.record.project import Project


def first_clash(projects: Sequence[Project], teams: Sequence[str]) -> str | None:
    """What is wrong between projects and teams, or `None`.

    Args:
        projects: of one portfolio.
        teams: whose effort is limited; none for no limits.
    """
    keys = [project.key for project in projects]
    for project in projects:
        for other in project.needs:
            if other not in keys:
                return f'project "{project.key}" needs "{other}". {nearest(other, keys)}'
        if teams and project.team is not None and project.team not in teams:
            hint = nearest(project.team, teams)
            return f'project "{project.key}" has the team "{project.team}". {hint}'
    circle = circle_of({project.key: tuple(project.needs) for project in projects})
    if circle is None:
        return None
    return (
        f"needs go round in a circle: {' needs '.join(circle)}. None of them could ever begin; "
        "leave one of these needs out."
    )


def circle_of(needs: Mapping[str, Sequence[str]]) -> tuple[str, ...] | None:
    """A chain of needs that ends where it began, or `None`.

    Args:
        needs: for each key the keys that come first.
    """
    done: set[str] = set()

    def follow(key: str, path: tuple[str, ...]) -> tuple[str, ...] | None:
        if key in path:
            return (*path[path.index(key) :], key)
        if key in done:
            return None
        found = (follow(other, (*path, key)) for other in needs.get(key, ()))
        circle = next((each for each in found if each is not None), None)
        done.add(key)
        return circle

    found = (follow(key, ()) for key in needs)
    return next((each for each in found if each is not None), None)
