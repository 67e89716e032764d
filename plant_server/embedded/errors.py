"""What can go wrong with a server that Lineside starts itself. Every message says what to do.

EmbeddedServerError
├── ProgramNotFound     no fitting server program on this machine
├── DataFolderRefused   the data folder belongs to another version or another account
├── AlreadyRunning      another process holds the folder
└── StartFailed         the program ended or did not answer in time; its last log lines are in the message
"""


class EmbeddedServerError(Exception):
    """A server of the trial plant cannot run. Not worth a retry without doing what the message says."""


class ProgramNotFound(EmbeddedServerError):
    pass


class DataFolderRefused(EmbeddedServerError):
    pass


class AlreadyRunning(EmbeddedServerError):
    pass


class StartFailed(EmbeddedServerError):
    pass
