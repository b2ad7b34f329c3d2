"""What can go wrong, said so that a person can act on it.

Every message has up to three parts: what was found (and where), what was expected, and what to do. A
`Mistake` is the person's (exit code 2), a `Failure` is the machine's, the network's or ours (exit code 1).
"""


class MleqError(Exception):
    """An error whose message is meant for a person; shown without a traceback.

    Parameters
    ----------
    found : str
        What was found, and where: a file and line, a setting, an address.
    expected : str, optional
        What would have been right.
    remedy : str, optional
        What to do about it, best of all a command.
    """

    exit_code = 1

    def __init__(self, found: str, *, expected: str = "", remedy: str = ""):
        self.found, self.expected, self.remedy = found, expected, remedy
        sentence = f"{found}; expected {expected}" if expected else found
        stop = "" if sentence.endswith(("?", ".", "!")) else "."
        super().__init__(f"{sentence}{stop} {remedy}" if remedy else sentence)


class Mistake(MleqError):
    """The request was wrong: exit code 2."""

    exit_code = 2


class RecipeError(Mistake):
    """A recipe does not say what a recipe must say; `mistakes` holds one line for each place."""

    def __init__(self, mistakes: list[str]):
        self.mistakes = list(mistakes)
        super().__init__("\n".join(self.mistakes))


class DataError(Mistake):
    """A file or table that was given cannot be used as it is."""


class RequestError(Mistake):
    """A date, an option or an order of commands that cannot be answered."""


class MissingData(RequestError):
    """What is asked for is not in the store; the remedy is the command that brings it."""


class Failure(MleqError):
    """Something outside the request went wrong: exit code 1."""


class ServiceError(Failure):
    """A web service did not answer, or answered with something that cannot be trusted."""


class StorageError(Failure):
    """A file could not be written, renamed or read back."""
