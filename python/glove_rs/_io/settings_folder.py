"""A folder of files of glove-rs, which a file of settings identifies.

Each file appears complete or not at all. The files that a folder needs to be loaded are written
before the settings. So a folder that has settings can be loaded.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Mapping
from typing import Any, ClassVar

from .. import _core, _settings
from .._core import FormatError, __version__
from .archives import MOST_JSON
from .files import output_path, replacing

__all__ = ["SettingsFolder", "read_json"]


def read_json(path: str) -> Any:
    """Return the content of a file of settings.

    Raises
    ------
    FormatError
        If the file is too long or is not JSON. The message has the path.
    OSError
        If the file cannot be read.
    """
    with open(path, "rb") as file:
        content = file.read(MOST_JSON + 1)
    if len(content) > MOST_JSON:
        raise FormatError(f"{path}: has more than {MOST_JSON:,} bytes, too many for settings")
    try:
        return json.loads(content.decode())
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{path}: not valid JSON ({error})") from error


class SettingsFolder:
    """The base of the folders of a bootstrap and of slices."""

    #: What the folder holds, for messages: without and with an article.
    _CONTENT: ClassVar[str]
    _CONTENT_OF: ClassVar[str]
    #: The value of the setting ``format``, which identifies the file of settings.
    _FORMAT: ClassVar[str]
    #: The name of the file of settings.
    _SETTINGS: ClassVar[str]
    #: The settings that every version stores.
    _NEEDED: ClassVar[frozenset[str]]
    #: The files in the native format that are written before the settings.
    _FIRST: ClassVar[tuple[str, ...]]

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.path.abspath(output_path("path", path, "folder"))

    def _file(self, name: str) -> str:
        return os.path.join(self.path, name)

    def exists(self) -> bool:
        """Return whether the folder has settings."""
        return os.path.isfile(self._file(self._SETTINGS))

    def check(self) -> None:
        """Raise the OSError that :meth:`create` would raise. Call this before a text is read.

        A folder that has settings is no error here, because a run can continue the work in it.

        Raises
        ------
        FileExistsError
            If the path is a file, or a folder that has no settings but other files.
        NotADirectoryError
            If the folder cannot be made, because a part of its path is a file.
        PermissionError
            If the folder is read-only, or the folder in which it would be made.
        """
        folder = self.path
        if os.path.lexists(folder):
            if not os.path.isdir(folder):
                reason = "exists and is not a folder: choose another name"
                raise FileExistsError(errno.EEXIST, reason, folder)
            if not self.exists():
                self._refuse_others()
        while not os.path.lexists(folder):
            folder = os.path.dirname(folder)
        if not os.path.isdir(folder):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), self.path)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), self.path)

    def create(self) -> None:
        """Make the folder.

        An existing folder is used if it is empty or has only the files that a run leaves if it is
        killed before it writes the settings.

        Raises
        ------
        FileExistsError
            If the folder holds other files.
        """
        os.makedirs(self.path, exist_ok=True)
        self._refuse_others()

    def _refuse_others(self) -> None:
        with os.scandir(self.path) as entries:
            if all(map(self._is_leftover, entries)):
                return
        reason = f"the folder is not empty and holds no {self._CONTENT}: choose another folder"
        raise FileExistsError(errno.EEXIST, reason, self.path)

    def _is_leftover(self, entry: os.DirEntry[str]) -> bool:
        """Return whether a run that was killed before it wrote the settings can have left `entry`.

        Such a run leaves no links and no folders. A file with a name in `_FIRST` must be in the
        native format.
        """
        if not entry.is_file(follow_symlinks=False):
            return False
        if entry.name in self._FIRST:
            return _core.is_native(entry.path)
        names = (*self._FIRST, self._SETTINGS)
        return any(_core.is_temporary_of(entry.name, name) for name in names)

    def _check_settings(self, settings: Mapping[str, Any]) -> None:
        """Raise a ValueError for the first setting that is out of its range."""
        raise NotImplementedError

    def read_settings(self) -> dict[str, Any]:
        """Return the settings.

        Raises
        ------
        FormatError
            If the file has other content, or if a setting is out of its range. The message names
            the file and the setting.
        FileNotFoundError
            If there is no such file.
        """
        path = self._file(self._SETTINGS)
        settings = read_json(path)
        if (
            not isinstance(settings, dict)
            or settings.get("format") != self._FORMAT
            or not settings.keys() >= self._NEEDED
        ):
            raise FormatError(f"{path}: not the settings of {self._CONTENT_OF}")
        try:
            self._check_settings(settings)
        except ValueError as error:
            raise FormatError(f"{path}: {error}") from None
        settings["model"] = {"adjacent": _settings.OLDER["adjacent"], **settings["model"]}
        return settings

    def write_settings(self, settings: Mapping[str, Any]) -> None:
        """Replace the settings."""
        content = {"format": self._FORMAT, "glove_rs": __version__, **settings}
        with replacing(self._file(self._SETTINGS)) as file:
            file.write(json.dumps(content, indent=2).encode())
