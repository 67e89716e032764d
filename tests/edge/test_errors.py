import re

from edge import errors


def test_the_tree_in_the_docstring_is_the_tree_of_classes():
    drawn = {}
    parents = []
    for line in (errors.__doc__ or "").splitlines():
        found = re.match(r"    ([│├└─ ]*)([A-Z]\w+)", line)
        if found:
            depth = len(found[1]) // 4
            parents[depth:] = [found[2]]
            drawn[found[2]] = parents[depth - 1] if depth else "Exception"
    real = {
        name: kind.__base__.__name__
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, errors.LinesideEdgeError)
    }
    assert drawn == real


def test_a_config_error_says_all_mistakes_with_their_places():
    error = errors.ConfigError(
        [
            errors.Mistake("edge.yaml", 3, "devices[0].url", "is missing"),
            errors.Mistake("environment", None, "LINESIDE_EDGE__NAME", "should not be empty"),
        ]
    )
    assert str(error).splitlines() == [
        "edge.yaml:3: devices[0].url: is missing",
        "environment: LINESIDE_EDGE__NAME: should not be empty",
    ]
