# %% [markdown] lang="en"
# # 9. Compared with other methods
#
# GloVe is one way from text to vectors. This notebook trains vectors in three other ways on the same text: the decomposition of the PPMI matrix, skip-gram of word2vec, and the loss of GloVe written in PyTorch. A table of measurements on real text is at the end.

# %% [markdown] lang="zh"
# # 9. 与其他方法比较
#
# 从文本到向量，GloVe 只是一条路。本节在同一个文本上训练另外几种方法：PPMI 矩阵的分解、word2vec 的 skip-gram，以及用 PyTorch 写的同一个 GloVe 损失。最后给出一张在真实文本上测得的表。

# %%
import importlib.util
import re
from pydoc_data.topics import topics

import numpy as np
import pandas as pd

from glove_rs import Cooccurrence, Glove, WordVectors

text = [re.findall("[a-z]+", topic.lower()) for topic in topics.values()]  # the help of Python
X = Cooccurrence.from_corpus(text, window=10)
words = X.vocabulary.words
dim, found = 30, {}
settings = {"x_max": 10, "learning_rate": 0.2, "epochs": 8, "subwords": False, "adjacent": False}
settings |= {"negative": 1, "negative_weight": 0.3}  # as in notebook 7
found["GloVe, negative"] = Glove(dim, threads=1, **settings).fit_cooccurrence(X).vectors
paper = Glove(dim, preset="paper", x_max=10, epochs=15, threads=1).fit_cooccurrence(X)
found["GloVe, paper"] = paper.vectors
print(f"{len(words)} words, {X.nnz} records")

# %% [markdown] lang="en"
# ## PPMI and truncated SVD
#
# The pointwise mutual information compares a count with the count that independent words would have:
#
# $$\text{PMI}(i, j) = \ln \frac{X_{ij} \sum X}{X_i X_j}, \qquad \text{PPMI} = \max(\text{PMI}, 0)$$
#
# The PPMI matrix has a row for each word. Its truncated singular value decomposition $U S V^T$ keeps the largest `dim` singular values. The word vectors are $U \sqrt S$ (Levy, Goldberg and Dagan 2015). There is no random start, no learning rate and no epoch.

# %% [markdown] lang="zh"
# ## PPMI 与截断奇异值分解
#
# 点互信息（PMI）把计数与“两个词相互独立时应有的计数”相比：
#
# $$\text{PMI}(i, j) = \ln \frac{X_{ij} \sum X}{X_i X_j}, \qquad \text{PPMI} = \max(\text{PMI}, 0)$$
#
# PPMI 矩阵每个词一行。截断奇异值分解 $U S V^T$ 只保留最大的 `dim` 个奇异值，词向量取 $U \sqrt S$（Levy、Goldberg 和 Dagan，2015）。没有随机初始值，没有学习率，也没有轮次。

# %%
from scipy.sparse.linalg import svds

counts = X.to_scipy().toarray()
sums = counts.sum(axis=1)
with np.errstate(divide="ignore"):
    ppmi = np.maximum(np.log(counts * counts.sum() / np.outer(sums, sums)), 0)
assert np.allclose(ppmi, X.to_pandas(words, kind="ppmi"))
U, S, Vt = svds(ppmi, k=dim, random_state=0)
found["PPMI, SVD"] = WordVectors(words, (U * np.sqrt(S)).astype(np.float32))

# %% [markdown] lang="en"
# ## Skip-gram with negative sampling
#
# Skip-gram (Mikolov et al. 2013) reads the text pair by pair and never builds the table. It learns to tell the pairs of the text from random pairs. Levy and Goldberg (2014) showed that its optimum is a shifted PMI: w·w̃ = PMI − ln k, with k random pairs for each pair. So all methods here fit nearly the same numbers. They differ in the weight of each pair, and in what they do with pairs that never co-occur.

# %% [markdown] lang="zh"
# ## 负采样的 skip-gram
#
# skip-gram（Mikolov 等，2013）逐对读文本，从不建立共现矩阵。它学习把文本里的词对与随机的词对分开。Levy 和 Goldberg（2014）证明，它的最优解是平移后的 PMI：w·w̃ = PMI − ln k，其中每个真实词对配 k 个随机词对。所以这里的几种方法拟合的几乎是同样的数，区别在于每个词对的权重，以及怎样处理从不共现的词对。

# %%
if importlib.util.find_spec("gensim"):
    from gensim.models import Word2Vec

    skip_gram = Word2Vec(text, sg=1, vector_size=dim, window=10, epochs=20, seed=1, workers=1)
    found["skip-gram"] = WordVectors(skip_gram.wv.index_to_key, skip_gram.wv.vectors)
else:
    print("pip install gensim")

# %% [markdown] lang="en"
# ## The loss of GloVe in PyTorch
#
# The formula needs few lines. PyTorch computes the gradients. A step uses a batch of records instead of one.

# %% [markdown] lang="zh"
# ## 用 PyTorch 写 GloVe 的损失
#
# 公式只需要几行，梯度由 PyTorch 计算。每一步使用一批记录，而不是一条。


# %%
def train_in_pytorch(X, epochs=15, batch_size=4096):
    """Minimise the loss of GloVe and return W, W̃ and the loss of the last epoch."""
    import torch

    torch.manual_seed(0)
    torch.set_num_threads(1)  # the batches are small
    i, j, x = (torch.from_numpy(array) for array in X.records())
    f, log_x = (x / 10).clamp(max=1).pow(0.75).float(), x.log().float()
    shapes = [(len(X.vocabulary), dim)] * 2 + [(len(X.vocabulary),)] * 2
    W, W_tilde, b, b_tilde = parameters = [
        torch.empty(shape).uniform_(-0.5 / dim, 0.5 / dim).requires_grad_() for shape in shapes
    ]
    optimizer = torch.optim.Adagrad(parameters, lr=0.05)
    for _ in range(epochs):
        total = 0.0
        for batch in torch.randperm(len(x)).split(batch_size):
            row, column = i[batch], j[batch]
            prediction = (W[row] * W_tilde[column]).sum(1) + b[row] + b_tilde[column]
            loss = (0.5 * f[batch] * (prediction - log_x[batch]) ** 2).sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item()
    return W.detach().numpy(), W_tilde.detach().numpy(), total / len(x)


if importlib.util.find_spec("torch"):
    W, W_tilde, loss = train_in_pytorch(X)
    found["PyTorch"] = WordVectors(words, W + W_tilde)
    print(f"loss of the last epoch: PyTorch {loss:.4f}, glove-rs {paper.history[-1]:.4f}")
else:
    print("pip install torch")

# %% [markdown] lang="en"
# ## Neighbours
#
# The text is small, so all lists are rough. They share many words:

# %% [markdown] lang="zh"
# ## 近邻
#
# 文本很小，所以这些列表都很粗略，但有许多共同的词：

# %%
asked = ["exception", "string", "import"]
pd.set_option("display.max_colwidth", None)
pd.DataFrame(
    {
        word: [
            ", ".join(near for near, _ in wv.most_similar(word, topn=5)) for wv in found.values()
        ]
        for word in asked
    },
    index=list(found),
)

# %%
# How many of the 20 neighbours of "exception" do two methods share?
near = {}
for name, wv in found.items():
    near[name] = {word for word, _ in wv.most_similar("exception", topn=20)}
shared = [[len(ours & theirs) for theirs in near.values()] for ours in near.values()]
assert shared[0][2] >= 3  # GloVe, negative and PPMI, SVD
pd.DataFrame(shared, list(near), list(near))

# %% [markdown] lang="en"
# ## On real text
#
# One million words of English Wikipedia, dim 50. Each method was trained in its own process, from the text to vectors. The time is that of the processor, because other programs used the machine. The column "analogies" is the share of right answers. The other scores are Spearman's correlations with ratings by people (`benches/RESULTS.md`, section "Methods"). The row "negative sampling" has the default settings of an older version, without subwords.
#
# | method | processor time | peak memory | analogies | wordsim353 | MEN | simlex999 |
# |---|---:|---:|---:|---:|---:|---:|
# | glove-rs, negative sampling | 1.9 s | 137 MB | 11.2 % | 0.387 | 0.471 | 0.151 |
# | glove-rs, preset "paper", `x_max=10`, 15 epochs | 2.7 s | 136 MB | 4.7 % | 0.233 | 0.295 | 0.094 |
# | the same loss in PyTorch, AdaGrad, 15 epochs, one thread | 109.2 s | 1,108 MB | 6.4 % | 0.172 | 0.279 | 0.113 |
# | skip-gram (gensim), window 5, 5 epochs | 23.8 s | 138 MB | 3.7 % | 0.287 | 0.270 | 0.196 |
# | truncated SVD of PPMI (scipy) | 10.8 s | 452 MB | 12.7 % | 0.473 | 0.531 | 0.160 |
#
# On a text of this size the decomposition of PPMI is the best of the five in three of four scores. Skip-gram is best in simlex999. The two rows of glove-rs differ about as much as negative sampling and skip-gram do. PyTorch minimises the loss of the paper, in batches of 16,384 records; it takes 40 times the processor time of glove-rs with the preset "paper", and reaches similar scores.
#
# On 17 million words, the preset "best" of an earlier version, which has subwords, and other settings of negative sampling than the first row of the table, took 28.2 s of processor time, answered 45.4 % of the analogies, and had 0.635 on wordsim353. The preset "paper" took 36.0 s, answered 24.5 %, and had 0.432. gensim's skip-gram took 442 s, answered 24.5 %, and had 0.592 (the same section). The order of methods depends on the text, on its size and on the settings. Measure on your own text: `make methods CORPUS=my.txt SETS=folder` prints such a table for it, with the preset "best" in the first row.
#
# Next: [10. Limits](10-limits.ipynb)

# %% [markdown] lang="zh"
# ## 在真实文本上
#
# 英文维基百科的 100 万词，50 维。每种方法在自己的进程里从文本训练到向量。因为机器上还有别的程序，这里给出的是处理器时间。“类比”是答对的比例，其余是与人工评分的 Spearman 相关系数（`benches/RESULTS.md` 的 “Methods” 一节）。“负采样”一行是较早版本的默认设置，不使用 n 元字符。
#
# | 方法 | 处理器时间 | 内存峰值 | 类比 | wordsim353 | MEN | simlex999 |
# |---|---:|---:|---:|---:|---:|---:|
# | glove-rs，负采样 | 1.9 s | 137 MB | 11.2 % | 0.387 | 0.471 | 0.151 |
# | glove-rs，预设 “paper”，`x_max=10`，15 轮 | 2.7 s | 136 MB | 4.7 % | 0.233 | 0.295 | 0.094 |
# | 用 PyTorch 写的同样的损失，AdaGrad，15 轮，单线程 | 109.2 s | 1,108 MB | 6.4 % | 0.172 | 0.279 | 0.113 |
# | skip-gram（gensim），窗口 5，5 轮 | 23.8 s | 138 MB | 3.7 % | 0.287 | 0.270 | 0.196 |
# | PPMI 的截断 SVD（scipy） | 10.8 s | 452 MB | 12.7 % | 0.473 | 0.531 | 0.160 |
#
# 在这样大小的文本上，PPMI 的分解在四项得分里有三项最好，skip-gram 的 simlex999 最好。glove-rs 的两行之间的差别，与负采样和 skip-gram 之间的差别差不多大。PyTorch 最小化的是论文的损失，每批 16,384 条记录；它用的处理器时间是 glove-rs 的 40 倍，得分相近。
#
# 在 1700 万词上，较早版本的预设 “best”（使用 n 元字符，负采样的设置也与表的第一行不同）用了 28.2 秒处理器时间，类比答对 45.4 %，wordsim353 为 0.635；预设 “paper” 用了 36.0 秒，答对 24.5 %，wordsim353 为 0.432；gensim 的 skip-gram 用了 442 秒，答对 24.5 %，wordsim353 为 0.592（见同一节）。方法的排名取决于文本、文本的大小和设置。请在自己的文本上测量：`make methods CORPUS=my.txt SETS=folder` 会为它打印这样的表，第一行是预设 “best”。
#
# 下一节：[10. 局限](10-limits.ipynb)
