"""The errors a user may read: what happened, and what to do about it.

Everything that is not an ``AssistantError`` is a bug: it is logged with its traceback and never
stops anyone from typing.
"""


class AssistantError(Exception):
    """The world's fault (a missing file, a full disk, a damaged model), told in one sentence."""


class RecordError(AssistantError):
    """A line or a file that is not what its kind asks for."""


class ModelError(AssistantError):
    """A model that is missing, damaged, foreign or unable to run here."""


class StoreError(AssistantError):
    """A database that cannot be opened, read or written."""


class SettingsError(AssistantError):
    """A settings file or value that cannot be used."""


class PackError(AssistantError):
    """A domain pack that is missing or incomplete."""
