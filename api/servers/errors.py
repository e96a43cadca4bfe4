"""What an embedded server that cannot be found, fetched or started is reported as."""

from graph.errors import Unavailable


class ServerError(Unavailable):
    """An embedded server does not run; the message says why and what to do about it."""

    code = "SERVER_UNAVAILABLE"
