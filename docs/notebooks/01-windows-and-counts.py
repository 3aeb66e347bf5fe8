# %% [markdown] lang="en"
# # 1. Windows and counts
#
# GloVe learns word vectors from one table: how often two words stand near each other. This notebook builds the table. Each step has a call of glove-rs and a few lines of numpy that give the same numbers.

# %% [markdown] lang="zh"
# # 1. 窗口与共现矩阵
#
# GloVe 只从一张表学习词向量：这张表记录两个词有多少次出现在彼此附近，叫做**共现矩阵**。本节从一个句子开始，建立这张表。每一步都用两种方法计算：一种调用 glove-rs，另一种用几行 numpy；两种方法得到相同的数。

# %% [markdown] lang="en"
# ## A window of one word
#
# The *window* of a word holds the words that stand at most `window` places to its left or to its right. The word itself is the *centre word*. The words in its window are its *context words*.
#
# The sentence "I like deep learning" has four words. With `window=1`, the window of "like" holds "I" and "deep".

# %% [markdown] lang="zh"
# ## 大小为 1 的窗口
#
# 一个词的**窗口**包含它左边和右边最多 `window` 个位置以内的词。这个词本身叫**中心词**，窗口里的词叫**上下文词**。
#
# 句子“我 喜欢 深度 学习”有四个词。取 `window=1`，则“喜欢”的窗口包含“我”和“深度”。这里的句子已经用空格分好了词；第 6 节以后会用到自动分词。

# %% lang="en"
sentence = "I like deep learning"

# %% lang="zh"
sentence = "我 喜欢 深度 学习"

# %%
import numpy as np

from glove_rs import Cooccurrence

X = Cooccurrence.from_corpus([sentence], window=1, min_count=1)
words = sentence.split()
X.to_pandas(words)

# %% [markdown] lang="en"
# The number in row i and column j is X_ij: how often word j stands in the window of word i. `min_count=1` keeps every word; the default drops words that occur fewer than five times.
#
# The same table in numpy:

# %% [markdown] lang="zh"
# 第 i 行第 j 列的数是 X_ij：词 j 在词 i 的窗口里出现的次数。`min_count=1` 保留所有的词；默认值 5 会去掉出现次数少于 5 的词。
#
# 用 numpy 计算同一张表：


# %%
def count(tokens, words, window, weight=lambda distance: 1):
    """Count the pairs of words that are at most `window` places apart."""
    table = np.zeros((len(words), len(words)))
    for i, centre in enumerate(tokens):
        for j, context in enumerate(tokens):
            if 1 <= abs(i - j) <= window:
                table[words.index(centre), words.index(context)] += weight(abs(i - j))
    return table


by_hand = count(words, words, window=1)
assert (X.to_pandas(words) == by_hand).all(axis=None)
by_hand

# %% [markdown] lang="en"
# ## The table is symmetric
#
# If b stands in the window of a, then a stands in the window of b: the distance is the same. So X_ab = X_ba, and the table equals its transpose.
#
# The next sentence is in many lecture notes: "an apple a day keeps an apple a day", with `window=2`. Here every pair in the window counts 1 (`distance_weighting=False`).

# %% [markdown] lang="zh"
# ## 共现矩阵是对称的
#
# 如果 b 在 a 的窗口里，那么 a 也在 b 的窗口里，因为距离相同。所以 X_ab = X_ba，共现矩阵等于它的转置。
#
# 下面这个句子出现在很多讲义里：“an apple a day keeps an apple a day”，`window=2`。这里窗口内的每一对词都计 1（`distance_weighting=False`）。

# %%
text = "an apple a day keeps an apple a day"
apple = Cooccurrence.from_corpus([text], window=2, min_count=1, distance_weighting=False)
words = ["an", "apple", "a", "day", "keeps"]
apple.to_pandas(words)

# %%
assert (apple.to_pandas(words) == count(text.split(), words, window=2)).all(axis=None)
assert apple["an", "day"] == apple["day", "an"] == 1
assert (apple.to_pandas(words) == apple.to_pandas(words).T).all(axis=None)

# %% [markdown] lang="en"
# A table for this sentence that has been published has 1 in row "an", column "day", but 0 in row "day", column "an". One of these two numbers is wrong. The words "day" and "an" are two places apart here:
#
#     an apple a [day] keeps [an] apple a day
#
# The distance from "day" to "an" is 2, and the distance from "an" to "day" is 2. Both cells are 1. If you count by hand, compare the table with its transpose at the end. A difference is an error.

# %% [markdown] lang="zh"
# 一张已经发表的表格，在 an 行 day 列写的是 1，在 day 行 an 列却写成 0。两者必有一个是错的。这两个词在这里相距两个位置：
#
#     an apple a [day] keeps [an] apple a day
#
# 从 day 到 an 的距离是 2，从 an 到 day 的距离也是 2，所以两格都是 1。手工计数以后，请把表格和它的转置比较一遍：凡是不同的格子，一定有错。

# %% [markdown] lang="en"
# ## Closer words count more
#
# GloVe does not count 1 for each pair: it counts 1/d for a pair at distance d. The adjacent word counts 1, the word after it ½, the one after that ⅓. This is the default.

# %% [markdown] lang="zh"
# ## 距离越近，计数越大
#
# GloVe 并不是每一对词都计 1：距离为 d 的一对词计 1/d。相邻的词计 1，隔一个词计 1/2，再远一个计 1/3。这是默认设置。

# %%
weighted = Cooccurrence.from_corpus([text], window=2, min_count=1)
by_hand = count(text.split(), words, window=2, weight=lambda distance: 1 / distance)
assert np.allclose(weighted.to_pandas(words), by_hand)
weighted.to_pandas(words)

# %% [markdown] lang="en"
# Windows never cross the end of a document. Two documents give another table than one long document:

# %% [markdown] lang="zh"
# 窗口不会跨越文档的边界。两个文档与连成一个的长文档，得到的表不同：

# %%
two = Cooccurrence.from_corpus(["an apple a day", "keeps an apple a day"], window=2, min_count=1)
print(
    weighted["day", "keeps"],
    two["day", "keeps"],
)
assert (
    weighted["day", "keeps"],
    two["day", "keeps"],
) == (1.0, 0.0)

# %% [markdown] lang="en"
# ## A word next to itself
#
# The same word can occur twice in a window. Then the cell on the diagonal is not 0. This cell counts each direction once: "very very good" gives 2 for (very, very).

# %% [markdown] lang="zh"
# ## 一个词与自己相邻
#
# 同一个词可能在窗口里出现两次，这时对角线上的数不是 0。两个方向各计一次：“很 很 好”里（很，很）计 2。

# %% lang="en"
very = Cooccurrence.from_corpus(["very very good"], window=1, min_count=1)
very.to_pandas(["very", "good"])

# %% lang="zh"
very = Cooccurrence.from_corpus(["很 很 好"], window=1, min_count=1)
very.to_pandas(["很", "好"])

# %%
first, second = very.vocabulary.words  # ordered by frequency
assert (
    very[first, first],
    very[first, second],
) == (2.0, 1.0)

# %% [markdown] lang="en"
# ## Chinese has no spaces
#
# A Chinese text must be split into words before the words can be counted. `tokenizer="zh"` splits the text, and leaves punctuation out.

# %% [markdown] lang="zh"
# ## 中文没有空格
#
# 中文文本在计数之前必须先分词。`tokenizer="zh"` 用内置的结巴分词把文本切成词，并去掉标点：

# %%
chinese = ["我喜欢深度学习。", "我喜欢苹果，每天吃一个苹果。"]
fruit = Cooccurrence.from_corpus(chinese, window=2, min_count=1, tokenizer="zh")
fruit.to_pandas()

# %% [markdown] lang="en"
# ## What a large table looks like
#
# Real texts give tables with most cells empty. `Cooccurrence` stores only the cells above 0, the *records*. 17 million words of English Wikipedia, with `window=15`, give 89,082 words and 68,984,037 records: less than one cell in a hundred is a record. `to_scipy()` returns the whole matrix as a sparse matrix, and `records()` returns its cells.
#
# Next: [2. Probabilities and ratios](02-probabilities-and-ratios.ipynb)

# %% [markdown] lang="zh"
# ## 大的共现矩阵
#
# 真实文本的共现矩阵里，绝大多数格子是空的。`Cooccurrence` 只保存大于 0 的格子，每个格子叫一条**记录**。英文维基百科的 1700 万词，取 `window=15`，得到 89,082 个词和 68,984,037 条记录：不到全部格子的百分之一。`to_scipy()` 返回整个稀疏矩阵，`records()` 返回所有记录。
#
# 下一节：[2. 概率与比值](02-probabilities-and-ratios.ipynb)

# %%
rows, columns, counts = apple.records()
print(len(rows), "/", len(words) ** 2)
