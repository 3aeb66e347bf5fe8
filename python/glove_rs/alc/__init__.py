"""À la carte embeddings: a vector for each use of a word, and regression of these vectors.

The context of an occurrence of a word is the words around it. The vector of a context is A u, where
u is the mean of the vectors of these words, and A is a matrix that maps such means to word vectors
(Khodak et al. 2018). A is computed from the counts of the model:
:meth:`glove_rs.Glove.transform_matrix`. With one vector for each occurrence of a word, a regression
shows how the use of the word depends on covariates (Rodriguez, Spirling and Stewart 2023):
:func:`regress`. The formulas are those of the R package conText 3.

References
----------
M. Khodak et al. 2018. A La Carte Embedding: Cheap but Effective Induction of Semantic Feature
Vectors. ACL.

P. L. Rodriguez, A. Spirling and B. M. Stewart 2023. Embedding Regression: Models for
Context-Specific Description and Inference. American Political Science Review 117 (4).

B. Green et al. 2025. Measuring Distances in High Dimensional Spaces. Political Analysis.
"""

from ._embed import Embeddings, embed
from ._features import FeatureEmbeddings, feature_embeddings, feature_similarity
from ._neighbours import nearest, nearest_contexts, ratio, similarity
from ._regress import Regression, regress
from ._transform import transform_matrix

__all__ = [
    "Embeddings",
    "FeatureEmbeddings",
    "Regression",
    "embed",
    "feature_embeddings",
    "feature_similarity",
    "nearest",
    "nearest_contexts",
    "ratio",
    "regress",
    "similarity",
    "transform_matrix",
]
