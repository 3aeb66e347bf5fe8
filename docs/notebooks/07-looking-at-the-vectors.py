# %% [markdown] lang="en"
# # 7. Looking at the vectors
#
# Training gives each word two vectors, w and w̃. This notebook asks three questions. Why does GloVe add them? What does the length of a vector say? What does the angle between two vectors say?

# %% [markdown] lang="zh"
# # 7. 观察词向量
#
# 训练以后，每个词有两个向量：词向量 w 和上下文向量 w̃。本节回答三个问题：GloVe 为什么把两者相加？向量的长度说明什么？两个向量的夹角说明什么？

# %% [markdown] lang="en"
# The text is the help of Python itself, about 65,000 words of English that every Python has.

# %% [markdown] lang="zh"
# 文本是 Python 自带的英文帮助，约 65,000 词，每个安装了 Python 的机器上都有。这样，本节的数与英文版完全相同。

# %%
import re
from pydoc_data.topics import topics

import numpy as np
import pandas as pd

from glove_rs import Glove

text = [re.findall("[a-z]+", topic.lower()) for topic in topics.values()]
model = Glove(30, preset="paper", x_max=10, epochs=15, window=10, threads=1).fit(text)
print(f"{sum(map(len, text)):,} words, {len(model.vocabulary):,} different ones 5 times or more")

# %% [markdown] lang="en"
# ## Cosine and neighbours
#
# The cosine of two vectors is their product after both are scaled to length 1. It is 1 for the same direction and 0 for a right angle. `most_similar` lists the words with the largest cosine. numpy gives the same list:

# %% [markdown] lang="zh"
# ## 余弦与近邻
#
# 把两个向量缩放到长度 1，它们的点积就是余弦：方向相同为 1，垂直为 0。`most_similar` 列出余弦最大的词。numpy 得到同样的列表：

# %%
vectors = model.vectors
words = model.vocabulary.words
units = vectors.vectors / np.linalg.norm(vectors.vectors, axis=1, keepdims=True)
cosines = units @ units[model.vocabulary["exception"]]
nearest = [words[row] for row in np.argsort(-cosines)[1:7]]
print(nearest)
assert nearest == [word for word, cosine in vectors.most_similar("exception", topn=6)]

# %% [markdown] lang="en"
# ## W + W̃ against W alone
#
# X is symmetric, so w and w̃ have equal roles: if all w and w̃ are exchanged, J stays the same. They differ only because they start with different random numbers and are updated at different moments. They are like two models of the same data. Their sum averages a part of the random differences away.

# %% [markdown] lang="zh"
# ## W + W̃ 与单独的 W
#
# X 是对称的，所以 w 和 w̃ 的地位相同：把所有的 w 与 w̃ 互换，J 不变。两者不同，只是因为随机的初始值不同，更新的时刻不同。它们好比同一份数据的两个模型，相加可以平均掉一部分随机的差异。

# %%
assert np.allclose(
    vectors["list"], model.W[model.vocabulary["list"]] + model.W_tilde[model.vocabulary["list"]]
)
neighbours = {
    name: [word for word, cosine in model.word_vectors(combine).most_similar("string", topn=6)]
    for name, combine in [("W + W̃", "sum"), ("W", "word"), ("W̃", "context")]
}
pd.DataFrame(neighbours)

# %% [markdown] lang="en"
# Another seed gives other random numbers. The neighbours by the sum change less than those by W alone:

# %% [markdown] lang="zh"
# 换一个种子，随机数就不同。按 W + W̃ 找的近邻，比按 W 找的近邻变化小：

# %%
other = Glove(**{**model.get_params(), "seed": 1}).fit(text)


def shared_neighbours(combine, frequent=200):
    """Return the mean number of common words among the ten neighbours in both models."""
    lists = [
        wv.most_similar_batch(words[:frequent], topn=10)
        for wv in (model.word_vectors(combine), other.word_vectors(combine))
    ]
    pairs = zip(
        *([{word for word, cosine in near} for near in found] for found in lists), strict=True
    )
    return np.mean([len(first & second) for first, second in pairs])


of_sum, of_words = shared_neighbours("sum"), shared_neighbours("word")
print(f"common neighbours of ten: W + W̃ {of_sum:.1f}, W {of_words:.1f}")
assert of_sum > of_words

# %% [markdown] lang="en"
# The quality on 17 million words of English Wikipedia, dim 100 (commands in `benches/RESULTS.md`, section "Figures of the notebooks"):
#
# | vectors | analogies, "paper" | wordsim353, "paper" | analogies, negative sampling | wordsim353, negative sampling |
# |---|---:|---:|---:|---:|
# | W + W̃ | 34.1 % | 0.455 | 40.9 % | 0.617 |
# | W | 33.8 % | 0.442 | 34.1 % | 0.588 |
# | W̃ | 34.5 % | 0.445 | 33.2 % | 0.594 |
#
# With the preset "paper" (here `x_max=10` and 15 epochs) the sum gains little or nothing. With negative sampling (the settings are below) it gains seven points of analogies.

# %% [markdown] lang="zh"
# 英文维基百科 1700 万词上的质量，100 维（命令见 `benches/RESULTS.md` 的 “Figures of the notebooks” 一节）：
#
# | 向量 | 类比，“paper” | wordsim353，“paper” | 类比，负采样 | wordsim353，负采样 |
# |---|---:|---:|---:|---:|
# | W + W̃ | 34.1 % | 0.455 | 40.9 % | 0.617 |
# | W | 33.8 % | 0.442 | 34.1 % | 0.588 |
# | W̃ | 34.5 % | 0.445 | 33.2 % | 0.594 |
#
# 用预设 “paper”（这里是 `x_max=10`、15 轮），相加几乎没有好处；用负采样（设置见下文），类比提高约七个百分点。

# %% [markdown] lang="en"
# ## Length and frequency
#
# The count of a pair grows with the frequencies of both words. So ln X has a part that depends on i alone. The biases could hold all of it, but the vectors take a part too. With the paper's settings, frequent words tend to have longer vectors in this small text:

# %% [markdown] lang="zh"
# ## 长度与词频
#
# 两个词越常见，它们的共现计数越大，所以 ln X 里有一部分只与 i 有关。偏置本来可以容纳这一部分，但向量也会分担一些。在这个小文本上，用论文的设置，常见词的向量往往更长：

# %% lang="en"
FREQUENCY, LENGTH = "occurrences in the text", "length of w + w̃"

# %% lang="zh"
FREQUENCY, LENGTH = "在文本中出现的次数", "w + w̃ 的长度"

# %%
import matplotlib.pyplot as plt
from scipy.stats import spearmanr

from glove_rs._vectors.fonts import families_for

plt.rcParams["font.family"] = families_for([FREQUENCY, LENGTH])[0]  # fonts with these characters
counts = np.array(model.vocabulary.counts)
lengths = np.linalg.norm(vectors.vectors, axis=1)
fig, ax = plt.subplots(figsize=(5.5, 3.4))
ax.scatter(counts, lengths, s=6, alpha=0.4)
for word in ("the", "python", "exception", "coroutine"):
    if word in vectors:
        row = model.vocabulary[word]
        ax.annotate(word, (counts[row], lengths[row]))
ax.set_xscale("log")
ax.set(xlabel=FREQUENCY, ylabel=LENGTH)
plt.show()
correlation = spearmanr(counts, lengths).statistic
print(f"Spearman {correlation:.2f}")
assert correlation > 0.5

# %% [markdown] lang="en"
# The settings decide whether the vectors or the biases depend more on the frequency. *Negative sampling*, which the default preset uses too, adds pairs of words that never co-occur, and penalises high predictions for them. Rare words must then have low biases. So the biases depend more on the frequency, and the lengths depend less on it:

# %% [markdown] lang="zh"
# 词频由谁承担，取决于设置。**负采样**加入从不共现的词对，并惩罚对它们过高的预测；默认的预设也使用负采样。这时罕见词的偏置必须很低，于是偏置承担更多的词频，向量的长度与词频的关系变弱：

# %%
settings = {"x_max": 10, "learning_rate": 0.2, "epochs": 8, "subwords": False, "adjacent": False}
sampled = Glove(30, window=10, negative=1, negative_weight=0.3, threads=1, **settings).fit(text)
for name, fitted in [("paper", model), ("negative sampling", sampled)]:
    of_lengths = spearmanr(counts, np.linalg.norm(fitted.vectors.vectors, axis=1)).statistic
    of_biases = spearmanr(counts, fitted.b + fitted.b_tilde).statistic
    print(f"{name:<17}  Spearman with the frequency: length {of_lengths:.2f}, bias {of_biases:.2f}")
    if fitted is sampled:
        assert of_lengths < correlation
        assert of_biases > 0.8

# %% [markdown] lang="en"
# The next table has the medians of the length and of b + b̃ for groups of words, from 17 million words of English Wikipedia, dim 100:
#
# | occurrences of the word | length, "paper" | b + b̃, "paper" | length, negative sampling | b + b̃, negative sampling |
# |---|---:|---:|---:|---:|
# | 13,437 to 1,200,624 | 6.27 | 0.49 | 4.07 | 3.59 |
# | 1,938 to 13,417 | 5.24 | −0.55 | 4.39 | 0.61 |
# | 125 to 1,938 | 4.32 | −1.19 | 5.05 | −2.47 |
# | 11 to 125 | 3.06 | −1.37 | 6.12 | −5.32 |
# | 5 to 11 | 2.03 | −1.43 | 5.79 | −6.38 |
# | Spearman of length and frequency | 0.889 | | −0.003 | |
#
# ("paper" here means `x_max=10` and 15 epochs.) With the paper's settings, the order of the words by length is nearly that by frequency. With negative sampling, the length does not follow the frequency: the most frequent words have the shortest vectors, but over all words the rank correlation is 0. So do not take the length for the importance or the frequency of a word without a check. Queries by cosine do not depend on the length.
#
# Next: [8. Analogies](08-analogies.ipynb)

# %% [markdown] lang="zh"
# 在英文维基百科的 1700 万词上（100 维）也是如此：
#
# | 词出现的次数 | 长度，“paper” | b + b̃，“paper” | 长度，负采样 | b + b̃，负采样 |
# |---|---:|---:|---:|---:|
# | 13,437 到 1,200,624 | 6.27 | 0.49 | 4.07 | 3.59 |
# | 1,938 到 13,417 | 5.24 | −0.55 | 4.39 | 0.61 |
# | 125 到 1,938 | 4.32 | −1.19 | 5.05 | −2.47 |
# | 11 到 125 | 3.06 | −1.37 | 6.12 | −5.32 |
# | 5 到 11 | 2.03 | −1.43 | 5.79 | −6.38 |
# | 长度与词频的 Spearman 相关 | 0.889 | | −0.003 | |
#
# （中位数；这里的 “paper” 指 `x_max=10`、15 轮。）用论文的设置，长度几乎就是词频；用负采样，长度不随词频变化：最常见的词的向量最短，但就全部词而言，秩相关是 0。因此，不要不经检验就把长度当作重要程度或词频。用余弦的查询与长度无关。
#
# 下一节：[8. 类比](08-analogies.ipynb)
