"""Who has the database open: the window, a command, or both.

Creating, migrating and recovering a database replace files that another process may be writing to,
and its writes would be lost. Whoever opens the database alone may do that; everybody else joins.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

if sys.platform != "win32":
    import fcntl


class Presence:
    """An advisory lock on a file of its own, given back by the system however the process ends.

    ``is_alone`` is whether nobody else had the database open. It stays true for others until
    ``join``, which lets them in.
    """

    def __init__(self, path: Path) -> None:
        """Wait while another process is busy opening.

        Raises: OSError if the file cannot be made.
        """
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        self.is_alone = True
        if sys.platform != "win32":
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self.is_alone = False
                fcntl.flock(self._file, fcntl.LOCK_SH)
        # On Windows files that are open cannot be renamed, which protects the others as well.

    def join(self) -> None:
        """Let others open the database too."""
        if sys.platform != "win32":
            fcntl.flock(self._file, fcntl.LOCK_SH)

    def close(self) -> None:
        os.close(self._file)
