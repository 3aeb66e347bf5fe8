"""Words that tell two sets of counts apart: log-odds with an informative Dirichlet prior.

Monroe, Colaresi and Quinn (2008), "Fightin' Words", section 3.5, equations 15, 16, 20 and 22.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["log_odds"]

_F64: TypeAlias = NDArray[np.float64]


def log_odds(
    first: _F64,
    first_total: float | _F64,
    second: _F64,
    second_total: float | _F64,
    pseudo: _F64,
    pseudo_total: float,
) -> tuple[_F64, _F64]:
    """Compare the odds of each word in two sets of counts.

    Parameters
    ----------
    first, second : ndarray of float64, shape (n,)
        The counts of each word, >= 0.
    first_total, second_total : float or ndarray
        The sum of all counts of each set, also of words that are not among the n.
    pseudo : ndarray of float64, shape (n,)
        The pseudo-counts of the prior, >= 0. They are added to the counts of both sets.
    pseudo_total : float
        The sum of all pseudo-counts, also of words that are not among the n.

    Returns
    -------
    log_odds : ndarray of float64, shape (n,)
        The log-odds of the word in the first set minus those in the second, with natural
        logarithms. NaN for a word without counts and pseudo-counts.
    z : ndarray of float64, shape (n,)
        `log_odds` divided by its standard deviation. It is 0 if `log_odds` is rounded to
        0, because the pseudo-counts are much larger than the counts.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        ours, theirs = first + pseudo, second + pseudo
        # Rounding can make the sum of the other words negative.
        our_rest = np.maximum(first_total + pseudo_total - ours, 0.0)
        their_rest = np.maximum(second_total + pseudo_total - theirs, 0.0)
        delta = (np.log(ours) - np.log(our_rest)) - (np.log(theirs) - np.log(their_rest))
        z = delta / np.sqrt(1 / ours + 1 / theirs)
    return np.asarray(delta), np.asarray(z)
