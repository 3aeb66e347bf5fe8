# %% [markdown] lang="en"
# # 2. Probabilities and ratios
#
# This notebook divides the rows of the table by their sums. The results are probabilities. It then shows why GloVe looks at *ratios* of probabilities.

# %% [markdown] lang="zh"
# # 2. 概率与比值
#
# 本节把共现矩阵的每一行除以这一行的和，得到概率；然后说明 GloVe 为什么看概率的**比值**，而不是概率本身。

# %% [markdown] lang="en"
# ## P(j | i)
#
# X_i is the sum of row i: how many context words word i has in all its windows. P(j | i) = X_ij / X_i is the probability that a context word of i is j.

# %% [markdown] lang="zh"
# ## 条件概率 P(j | i)
#
# X_i 是第 i 行的和，即词 i 的所有窗口里一共有多少个上下文词。P(j | i) = X_ij / X_i 是 i 的一个上下文词恰好是 j 的概率。

# %% lang="en"
sentence = "I like deep learning"

# %% lang="zh"
sentence = "我 喜欢 深度 学习"

# %%
import numpy as np

from glove_rs import Cooccurrence

X = Cooccurrence.from_corpus([sentence], window=1, min_count=1)
first, second, third, fourth = words = sentence.split()
X.to_pandas(words, kind="probability")

# %%
counts = X.to_pandas(words).to_numpy()
P = counts / counts.sum(axis=1, keepdims=True)
assert (X.to_pandas(words, kind="probability") == P).all(axis=None)
assert X.probability(first, given=second) == P[1, 0] == 0.5
assert X.probability(third, given=second) == P[1, 2] == 0.5
assert X.probability(second, given=first) == P[0, 1] == 1.0
assert X.probability(fourth, given=first) == P[0, 3] == 0.0

# %% [markdown] lang="en"
# Each row of P adds to 1. P is not symmetric: P(like | I) = 1, but P(I | like) = ½. The counts are symmetric, the sums of the rows are not equal.

# %% [markdown] lang="zh"
# P 的每一行之和为 1。P 不对称：P(喜欢 | 我) = 1，而 P(我 | 喜欢) = 1/2。计数是对称的，但各行的和不相等。

# %% [markdown] lang="en"
# ## log X
#
# GloVe fits the logarithm of the counts. The logarithm turns ratios into differences: ln 20 − ln 10 = ln 200 − ln 100. An empty cell has no logarithm (ln 0 = −∞), so GloVe uses only the cells above 0.

# %% [markdown] lang="zh"
# ## log X
#
# GloVe 拟合的是计数的对数。对数把比值变成差：ln 20 − ln 10 = ln 200 − ln 100。空格子没有对数（ln 0 = −∞），所以 GloVe 只使用大于 0 的格子。

# %%
X.to_pandas(words, kind="log")

# %% [markdown] lang="en"
# ## Ice and steam
#
# This text is written for this notebook. In it, ice is often a solid and seldom a gas. Steam is often a gas and seldom a solid. Both are related to water, and neither is much related to fashion.

# %% [markdown] lang="zh"
# ## 冰与蒸汽
#
# 下面的小文本是为本节编写的：冰常常是固体，很少是气体；蒸汽常常是气体，很少是固体；两者都与水有关，都与时尚没有多少关系。

# %% lang="en"
text = (
    ["ice is a solid"] * 8
    + ["ice becomes a gas"] * 1
    + ["ice comes from water"] * 7
    + ["ice follows no fashion"] * 1
    + ["steam becomes a solid"] * 1
    + ["steam is a gas"] * 9
    + ["steam comes from water"] * 6
    + ["steam follows no fashion"] * 1
)
ice, steam, probes = "ice", "steam", ["solid", "gas", "water", "fashion"]

# %% lang="zh"
text = (
    ["冰 是 一种 固体"] * 8
    + ["冰 变成 一种 气体"] * 1
    + ["冰 由 水 变成"] * 7
    + ["冰 与 时尚 无关"] * 1
    + ["蒸汽 变成 一种 固体"] * 1
    + ["蒸汽 是 一种 气体"] * 9
    + ["蒸汽 由 水 变成"] * 6
    + ["蒸汽 与 时尚 无关"] * 1
)
ice, steam, probes = "冰", "蒸汽", ["固体", "气体", "水", "时尚"]

# %%
X = Cooccurrence.from_corpus(text, window=3, min_count=1, distance_weighting=False)
X.contrast(ice, steam, probes)

# %% [markdown] lang="en"
# Each row is a word k. The table has the counts, the probabilities and the ratio P(k | ice) / P(k | steam). "log-odds" and "z" take into account how many counts there are; they are described in the documentation of `contrast`. The same ratios, computed with pandas:

# %% [markdown] lang="zh"
# 每一行是一个词 k，各列是计数、概率和比值 P(k | 冰) / P(k | 蒸汽)。“log-odds” 和 “z” 还考虑了计数的多少，说明见 `contrast` 的文档。用 pandas 计算同样的比值：

# %%
counts = X.to_pandas()
P = counts.div(counts.sum(axis=1), axis=0)
ratios = P.loc[ice, probes] / P.loc[steam, probes]
assert np.allclose(ratios, [X.ratio(k, ice, steam) for k in probes])
assert np.allclose(ratios, [8, 1 / 9, 7 / 6, 1])  # both rows have the sum 51
ratios

# %% [markdown] lang="en"
# ## Why ratios
#
# Look at P(k | ice) alone: "water" (0.137) is almost as probable as "solid" (0.157). The probability does not show which word tells ice from steam. It mostly shows which words are frequent.
#
# The ratio shows it. It is large for words that belong to ice (solid: 8), small for words that belong to steam (gas: 1/9), and near 1 for words that belong to both (water: 7/6) or to neither (fashion: 1). What both words have in common cancels.

# %% [markdown] lang="zh"
# ## 为什么用比值
#
# 只看 P(k | 冰)：“水”（0.137）几乎和“固体”（0.157）一样大。概率本身并不能说明哪个词能区分冰和蒸汽，它主要反映哪些词出现得多。
#
# 比值可以：属于冰的词比值大（固体：8），属于蒸汽的词比值小（气体：1/9），与两者都有关（水：7/6）或都无关（时尚：1）的词比值接近 1。两个词共有的部分被约掉了。

# %% [markdown] lang="en"
# ## A real text
#
# The table below was counted in 17 million words of English Wikipedia with the default window of 15 words. The command is in `benches/RESULTS.md`, section "Figures of the notebooks".
#
# | word k | P(k given ice) | P(k given steam) | ratio |
# |---|---:|---:|---:|
# | solid | 1.38e-04 | 4.25e-05 | 3.25 |
# | gas | 5.02e-05 | 7.15e-04 | 0.0703 |
# | water | 2.46e-03 | 2.59e-03 | 0.949 |
# | fashion | 7.57e-05 | 0 | ∞ |
# | cold | 1.10e-03 | 8.10e-05 | 13.5 |
# | engine | 1.35e-04 | 9.58e-03 | 0.0141 |
# | the | 7.90e-02 | 7.31e-02 | 1.08 |
#
# The probability of "the" is the largest of all, for both words. Its ratio is near 1, so it says nothing about ice or steam. "fashion" never stands near "steam" in this text: the ratio is infinite, because the denominator is 0. `ratio` then returns infinity and warns. Ratios of rare words are not reliable; notebook 4 returns to this.

# %% [markdown] lang="zh"
# ## 真实文本
#
# 下表来自英文维基百科的 1700 万词，使用默认的窗口（15 个词）。计算它的命令写在 `benches/RESULTS.md` 的 “Figures of the notebooks” 一节。
#
# | 词 k | P(k 给定 ice) | P(k 给定 steam) | 比值 |
# |---|---:|---:|---:|
# | solid | 1.38e-04 | 4.25e-05 | 3.25 |
# | gas | 5.02e-05 | 7.15e-04 | 0.0703 |
# | water | 2.46e-03 | 2.59e-03 | 0.949 |
# | fashion | 7.57e-05 | 0 | ∞ |
# | cold | 1.10e-03 | 8.10e-05 | 13.5 |
# | engine | 1.35e-04 | 9.58e-03 | 0.0141 |
# | the | 7.90e-02 | 7.31e-02 | 1.08 |
#
# 对两个词来说，概率最大的都是 “the”，但它的比值接近 1，所以它不说明冰或蒸汽的任何性质。“fashion” 在这个文本里从未出现在 “steam” 附近：分母是 0，比值是无穷大，`ratio` 返回无穷大并给出警告。罕见词的比值不可靠，第 4 节再谈这一点。

# %%
import warnings

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    assert X.ratio(probes[0], ice, probes[3]) == float("inf")
print(caught[0].message)

# %% [markdown] lang="en"
# Next: [3. From ratios to the model](03-from-ratios-to-the-model.ipynb)

# %% [markdown] lang="zh"
# 下一节：[3. 从比值到模型](03-from-ratios-to-the-model.ipynb)
