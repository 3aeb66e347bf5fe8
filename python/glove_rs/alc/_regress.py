"""Regression of embeddings on covariates."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._checks import choice, instance, integer, real
from .._optional import optional
from .._progress import Progress, reporter
from .._results import ResultTable
from .._warnings import warn
from .._workers import Workers
from ._design import design
from ._embed import Embeddings
from ._ols import Decomposition, Fit
from ._permutation import permuted_norms
from ._space import Float64
from ._units import Units

__all__ = ["Regression", "regress"]

#: With fewer clusters than this, the intervals are too narrow, and a warning says so.
_FEW = 20
#: A coefficient has no standard error if more than this fraction of the draws of a bootstrap do not
#: determine it.
_UNDETERMINED = 0.05
#: The standard deviation of a covariate must be between these bounds, so that a float can hold its
#: square.
_LEAST, _MOST = 1e-100, 1e100
#: These columns have the unit of a squared coefficient.
_SQUARED = ("norm_squared", "bias", "debiased", "std_error", "low", "high")


class Regression(ResultTable):
    """The result of :func:`regress`: a row for each covariate.

    ``print`` shows the table; ``result["debiased"]`` is a column.

    - ``coefficient``: the name of the covariate.
    - ``norm_squared``: ‖β‖², where the vector β is the coefficient of the covariate. It is biased
      upwards, because noise makes β longer.
    - ``bias``: the estimate of this upward bias, Σ_d se(β_d)², where se(β_d) is the standard error
      of component d of β.
    - ``debiased``: ``norm_squared`` − ``bias``. It is negative if ‖β‖² is smaller than the bias.
    - ``std_error``, ``low``, ``high``: the standard error and the interval of ``debiased``, unless
      `errors` was None.
    - ``p_value``: the p-value of the permutation test, unless `permutations` was 0.

    Attributes
    ----------
    names : list of str
        The names of the rows of `beta`; the first is "(Intercept)".
    beta : ndarray of float64, shape (covariates + 1, dim)
        The coefficients.
    observations, clusters : int
        The number of embeddings and of clusters. Without `cluster`, each embedding is a cluster.
    """

    _plotted = ("coefficient", "debiased", "low", "high")

    def __init__(
        self,
        columns: Mapping[str, Any],
        title: str,
        notes: Sequence[str],
        names: list[str],
        beta: Float64,
        fit: Fit,
    ) -> None:
        super().__init__(columns, title, notes)
        self.names = names
        self.beta = beta
        self.observations = len(fit.Z)
        self.clusters = len(fit.sizes)

    def coefficient(self, name: str) -> Float64:
        """Return the coefficient of a covariate, or of "(Intercept)": shape (dim,)."""
        found: Float64 = self.beta[self.names.index(choice("name", name, self.names))]
        return found

    def predict(self, values: Mapping[str, float] | None = None) -> Float64:
        """Return the embedding that the regression expects for values of the covariates.

        Parameters
        ----------
        values : mapping of str to float, optional
            The values of covariates, by name. All other covariates are 0, so the result without
            `values` is the intercept.

        Returns
        -------
        ndarray of float64, shape (dim,)
            This vector can be compared with word vectors:
            ``wv.similar_by_vector(regression.predict())``.
        """
        found: Float64 = self.beta[0].copy()
        for name, value in (values or {}).items():
            found += real("values", value, -np.inf, above=True) * self.coefficient(name)
        return found


def regress(
    embeddings: Embeddings,
    covariates: Any,
    *,
    cluster: str | Sequence[Any] | None = None,
    errors: str | None = "jackknife",
    bootstraps: int = 1000,
    permutations: int = 1000,
    level: float = 0.95,
    seed: int = 1,
    threads: int | None = None,
    memory: int | str | None = None,
    progress: Progress = None,
) -> Regression:
    """Regress the embeddings of a word on covariates, as conText does.

    The model is y = βᵀ z + e, where y is the embedding of a context and z has 1 and the covariates.
    The effect of a covariate is measured by the squared length of its coefficient, which is a
    vector. The squared length is debiased (Green et al. 2025): Σ_d (β_d² − se(β_d)²) over the
    components d, with the standard errors HC1 or, with clusters, CR1.

    Parameters
    ----------
    embeddings : Embeddings
        From :func:`embed`.
    covariates : str, sequence of str, mapping, data frame or ndarray
        A formula over the columns of the metadata, such as ``"party + year"``, which needs the
        library formulaic; a sequence of names of these columns; or columns with a value for each
        vector or each context.
        A column of text is replaced by columns of 0 and 1: one for each value except the first in
        alphabetical order, named ``column_value``. The columns of an ndarray are named x1, x2, ….
        The intercept is added.
    cluster : str or sequence, optional
        The cluster of each context, for example its speaker: a column of the metadata, or a value
        for each vector or each context. Contexts of one cluster are not treated as independent.
        Each context is weighted by 1 / (number of contexts of its cluster), so all clusters have
        the same weight.
    errors : {"jackknife", "bootstrap"} or None, default "jackknife"
        How the standard error of the debiased norm is estimated: by leaving out each context (or
        cluster) in turn, or by drawing contexts (or clusters) with replacement. The interval is
        the estimate ± t times the standard error, with n − 1 degrees of freedom. n is the number of
        contexts; for "bootstrap" with clusters, it is the number of clusters. For "jackknife" with
        clusters, n is the number of contexts, as in conText. With fewer than 20 clusters, the
        intervals are too narrow, and the function warns.
    bootstraps : int, default 1000
        The number of draws of the bootstrap.
    permutations : int, default 1000
        The number of permutations of the residuals, for a p-value of each covariate: the fraction
        of permutations in which ‖β‖² is at least as large as observed. The observed order is
        counted as one more permutation. With 0 there is no test.
    level : float, default 0.95
        The confidence level of the intervals.
    seed : int, default 1
        The seed of draws and permutations.
    threads : int, optional
        The number of threads; by default all processors. The result has the same bits for any
        number.
    memory : int or str, optional
        A limit for the arrays of permutations, draws and the jackknife, in bytes or as "512MB". It
        decides how many of them are computed together, and does not change the result. It includes
        neither the embeddings and their residuals nor the result. By default, the arrays of a
        thread take at most 64 MB, or those of one permutation, draw or context if they are larger.
    progress : bool or callable, optional
        As for :class:`glove_rs.Glove`.

    Returns
    -------
    Regression

    Warns
    -----
    UserWarning
        If `cluster` is given and there are fewer than 20 clusters, or if a standard error is
        undefined, for example because a group has only one context or cluster (for "bootstrap": so
        few that more than 5 % of the draws have none of them). With ``errors=None``, there is no
        warning.

    Raises
    ------
    ValueError
        If covariates or `cluster` are not columns of the metadata, have the wrong length or have
        missing values, if covariates are infinite, constant or collinear, if two covariates have
        the same name or one is named "(Intercept)", if their standard deviation is below 1e-100 or
        above 1e100, if formulaic refuses the formula, if the formula has a left side, several parts
        (``"a | b"``) or no intercept, if there are too few contexts or clusters, if `memory` is too
        small for one permutation, draw or context, or if a parameter is out of its range.
    TypeError
        If `embeddings`, `covariates` or `cluster` is of another type.
    ImportError
        If `covariates` is a formula and formulaic or pandas is not installed, or `errors` is not
        None and scipy is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> from glove_rs import WordVectors, alc
    >>> wv = WordVectors(["a", "b", "c"], np.array([[1.0, 0], [0, 1], [1, 1]]))
    >>> found = alc.embed(["a c", "a", "b", "b c", "b b a"], wv, transform=np.eye(2))
    >>> result = alc.regress(found, {"late": [0, 0, 1, 1, 1]}, errors=None, permutations=0)
    >>> print(result)
    regression of 5 embeddings on 1 covariate
    coefficient  norm squared    bias  debiased
    -------------------------------------------
    late               0.9298  0.0898    0.8400
    """
    instance("embeddings", embeddings, Embeddings)
    if errors is not None:
        choice("errors", errors, ("jackknife", "bootstrap"))
    bootstraps = integer("bootstraps", bootstraps, 2)
    permutations, seed = integer("permutations", permutations, 0), integer("seed", seed, 0)
    level = real("level", level, above=True, below=1.0)
    workers = Workers(threads, memory)
    names, X = design(embeddings, covariates)
    n = len(embeddings)
    clusters = np.arange(n)
    if cluster is not None:
        clusters = embeddings._groups("cluster", cluster)[1]
    _check_size(X, clusters, is_clustered=cluster is not None)
    units, standardised = Units.of(X, 1.0 / np.bincount(clusters)[clusters])
    Z = np.column_stack([np.ones(n), standardised])
    # Everything from here on is about the standardised covariates, until `units` converts it.
    decomposition = Decomposition(Z, clusters)
    _check_covariates(X, standardised, units, names, decomposition.remainders()[1:])
    fit = decomposition.fit(embeddings.vectors)
    raw, bias = fit.norms()
    columns: dict[str, Any] = {
        "coefficient": names,
        "norm_squared": raw,
        "bias": bias,
        "debiased": raw - bias,
    }
    notes = []
    with reporter(progress) as report:

        def steps(total: int) -> Callable[[int], None]:
            done = 0

            def step_done(n: int) -> None:
                nonlocal done
                done += n
                if report is not None:
                    report("resampling", done, total, {})

            return step_done

        if errors is not None:
            if errors == "jackknife":
                resampled = fit.jackknife(workers, steps(len(fit.sizes)))
            else:
                resampled = _bootstrapped(fit, bootstraps, seed, workers, steps(bootstraps))
            columns |= _interval(raw - bias, resampled, fit, errors, level)
            of = f"{bootstraps:,} draws" if errors == "bootstrap" else "leaving out each"
            unit = "contexts" if cluster is None else "clusters"
            notes.append(f"{level:.0%} intervals: {errors} of {unit} ({of})")
            _warn_of_errors(columns, names, fit, errors, is_clustered=cluster is not None)
        if permutations:
            norms = permuted_norms(fit, permutations, seed, workers, steps(permutations))
            # The observed order is counted as one more permutation, so no p-value is 0. The factor
            # 1 - 1e-12 makes norms that differ only by rounding errors count as equal.
            beyond = (norms >= raw * (1 - 1e-12)).sum(axis=0)
            columns["p_value"] = (beyond + 1) / (permutations + 1)
            notes.append(f"p-values: {permutations:,} permutations of the residuals, seed {seed}")
    columns |= {name: units.squares(columns[name]) for name in _SQUARED if name in columns}
    title = f"regression of {n:,} embeddings on {len(names)} covariate{'s' * (len(names) > 1)}"
    if cluster is not None:
        title += f", in {len(fit.sizes):,} clusters"
    beta = units.coefficients(fit.beta)
    return Regression(columns, title, notes, ["(Intercept)", *names], beta, fit)


def _check_size(X: Float64, clusters: NDArray[np.int64], *, is_clustered: bool) -> None:
    """Raise a ValueError if there are too few observations or clusters."""
    n, p = len(X), X.shape[1] + 1
    if n <= p:
        raise ValueError(
            f"there must be more embeddings than coefficients, got {n} embeddings for {p} "
            "coefficients with the intercept"
        )
    if is_clustered and (groups := int(clusters.max()) + 1) <= p:
        raise ValueError(
            f"cluster must have more clusters than coefficients, got {groups} clusters for {p} "
            "coefficients with the intercept"
        )


def _check_covariates(
    X: Float64, standardised: Float64, units: Units, names: list[str], remainders: Float64
) -> None:
    """Raise a ValueError if the covariates do not determine the coefficients.

    `standardised` has the standardised columns of `X`, and `remainders` is the result of
    :meth:`Decomposition.remainders` for these columns.
    """
    for k, name in enumerate(names):
        if not standardised[:, k].any():
            differ = "" if (X[:, k] == X[0, k]).all() else ", except for rounding errors"
            raise ValueError(
                f"covariates must vary: {name!r} is {X[0, k]:g} for all contexts{differ}"
            )
        if not _LEAST <= units.scale[k] <= _MOST:
            raise ValueError(
                f"covariates must have a standard deviation from {_LEAST:g} to {_MOST:g}: that of "
                f"{name!r} is {units.scale[k]:g}; use another unit"
            )
        # A copy of a covariate with another origin, such as year − 1900 beside year, differs from
        # it by rounding errors of the larger values. So the bound grows with these errors.
        if remainders[k] <= max(1e-9, 8 * float(units.rounding[: k + 1].max())):
            raise ValueError(
                f"covariates must not be collinear: {name!r} follows from the intercept and "
                f"{', '.join(map(repr, names[:k]))}"
            )


def _bootstrapped(
    fit: Fit, n: int, seed: int, workers: Workers, done: Callable[[int], object]
) -> Float64:
    """Return the debiased norms of `n` draws of clusters with replacement: shape (n, p − 1)."""
    rng = np.random.default_rng(seed)
    groups = len(fit.sizes)

    def draw(block: slice) -> Float64:
        counts = np.empty((block.stop - block.start, groups))
        for own in counts:
            own[:] = np.bincount(rng.integers(groups, size=groups), minlength=groups)
        return counts

    return fit.estimates(n, draw, workers, done)


def _interval(
    estimate: Float64, resampled: Float64, fit: Fit, errors: str, level: float
) -> dict[str, Float64]:
    """Return the standard error and the bounds of each estimate."""
    special = optional("scipy.special", "a standard error of regress")
    n = len(fit.Z) if errors == "jackknife" else len(fit.sizes)
    if errors == "jackknife":
        spread = ((resampled - resampled.mean(axis=0)) ** 2).sum(axis=0)
        error = np.sqrt(spread * ((n - 1) / n))
    else:
        defined = ~np.isnan(resampled)
        error = np.full(len(estimate), np.nan)
        # A draw has NaN if it does not determine the coefficient, for example because no context
        # of a small group was drawn.
        for k in range(len(estimate)):
            if (~defined[:, k]).mean() <= _UNDETERMINED:
                error[k] = resampled[defined[:, k], k].std(ddof=1)
    half = special.stdtrit(n - 1, 0.5 + level / 2) * error
    return {"std_error": error, "low": estimate - half, "high": estimate + half}


def _warn_of_errors(
    columns: Mapping[str, Any], names: list[str], fit: Fit, errors: str, *, is_clustered: bool
) -> None:
    undefined = [name for name, e in zip(names, columns["std_error"], strict=True) if np.isnan(e)]
    if undefined:
        unit = "cluster" if is_clustered else "context"
        reason = (
            f"without one {unit} the coefficient is not determined, for example because a group "
            "has only one"
            if errors == "jackknife"
            else f"more than {_UNDETERMINED:.0%} of the draws do not determine the coefficient, "
            f"for example because a group has few {unit}s"
        )
        warn(f"the standard error of {', '.join(map(repr, undefined))} is undefined: {reason}")
    if is_clustered and len(fit.sizes) < _FEW:
        warn(f"there are only {len(fit.sizes)} clusters: the intervals are too narrow")
