"""The parameters of counting and training.

`table` declares each parameter once, with a type of `value_types`. `presets` supplies the values
that were not given, `checking` checks all values, and `core_arguments` converts them to the types
that the core takes. `contents` reads the words and phrases that a parameter may give as a file.
`saving` converts the parameters of saved models. `keywords` is for functions that take parameters
as keyword arguments.
"""

from .checking import check_text, checked, text_parameters, used, without_adjacent
from .contents import content_paths, with_content
from .core_arguments import core_counting, core_encoding, core_running, core_training
from .keywords import (
    CooccurrenceSettings,
    EstimateSettings,
    KeywordSettings,
    PhraseSettings,
    VocabularySettings,
    accepts,
)
from .presets import (
    ForRecords,
    default,
    following,
    for_records,
    given_together,
    numbers,
    passed_on,
    resolve,
    with_defaults,
)
from .saving import CONVERTED, OLDER, of_older_version, pinned, restored, saved
from .table import (
    CONSTRUCTOR,
    EVERY_WORD,
    PRESETS,
    SETTINGS,
    VARIANTS,
    Default,
    Known,
    Setting,
    names,
)
from .value_types import FolderPath

__all__ = [
    "CONSTRUCTOR",
    "CONVERTED",
    "EVERY_WORD",
    "OLDER",
    "PRESETS",
    "SETTINGS",
    "VARIANTS",
    "CooccurrenceSettings",
    "Default",
    "EstimateSettings",
    "FolderPath",
    "ForRecords",
    "KeywordSettings",
    "Known",
    "PhraseSettings",
    "Setting",
    "VocabularySettings",
    "accepts",
    "check_text",
    "checked",
    "content_paths",
    "core_counting",
    "core_encoding",
    "core_running",
    "core_training",
    "default",
    "following",
    "for_records",
    "given_together",
    "names",
    "numbers",
    "of_older_version",
    "passed_on",
    "pinned",
    "resolve",
    "restored",
    "saved",
    "text_parameters",
    "used",
    "with_content",
    "with_defaults",
    "without_adjacent",
]
