"""Text files that are read as a whole, such as lists of words."""

from __future__ import annotations

import codecs

from .._core import FormatError

__all__ = ["read_text"]


def read_text(path: str, encoding: str = "utf-8", advice: str = "") -> str:
    """Return the text of a file without its byte order mark. Ends of lines are not converted.

    Parameters
    ----------
    path : str
    encoding : str, default "utf-8"
    advice : str, default ""
        The end of the message for a file in another encoding.

    Raises
    ------
    FormatError
        If the file is in another encoding. The message has the offset of the first bad byte. (An
        open text file does not know this offset: it decodes a block at a time.)
    LookupError
        If the encoding is unknown.
    OSError
        If the file cannot be read.
    """
    name = codecs.lookup(encoding).name
    with open(path, "rb") as file:
        content = file.read()
    try:
        # "utf-8-sig" would not count the byte order mark in the offset.
        return content.decode("utf-8" if name == "utf-8-sig" else name).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        encoding = error.encoding.upper()
        raise FormatError(f"{path}: byte {error.start} is not {encoding}{advice}") from None
