"""Why a file becomes no problem."""


class Refused(Exception):
    """What a file has that no problem can hold; the message says what and where."""
