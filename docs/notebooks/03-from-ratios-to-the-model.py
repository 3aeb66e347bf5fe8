# %% [markdown] lang="en"
# # 3. From ratios to the model
#
# This notebook derives the equation of GloVe, w·w̃ + b + b̃ ≈ ln X, step by step. Each step says what it assumes. The assumptions are choices, not facts: another choice gives another model.
#
# Words are i and j, with vectors $w_i$ and $w_j$. A context word is k, with a vector $\tilde w_k$ of its own. The data are the ratios $P_{ik}/P_{jk}$ of notebook 2, with $P_{ik} = X_{ik}/X_i$.

# %% [markdown] lang="zh"
# # 3. 从比值到模型
#
# 本节一步一步推导 GloVe 的公式 w·w̃ + b + b̃ ≈ ln X，并说明每一步假设了什么。这些假设是人为的选择，不是事实：换一个选择，就得到另一个模型。
#
# i、j 是两个词，词向量是 $w_i$ 和 $w_j$。k 是上下文词，它有另一个向量 $\tilde w_k$，叫**上下文向量**。数据是上一节的比值 $P_{ik}/P_{jk}$，其中 $P_{ik} = X_{ik}/X_i$。

# %% [markdown] lang="en"
# ## Step 1: the ratio is a function of three vectors
#
# $$F(w_i, w_j, \tilde w_k) = \frac{P_{ik}}{P_{jk}}$$
#
# *Assumed:* vectors of the three words are enough to compute the ratio. F can still be any function.

# %% [markdown] lang="zh"
# ## 第 1 步：比值是三个向量的函数
#
# $$F(w_i, w_j, \tilde w_k) = \frac{P_{ik}}{P_{jk}}$$
#
# **假设**：三个词的向量足以算出这个比值。F 是什么函数还没有规定。

# %% [markdown] lang="en"
# ## Step 2: only the difference of the two words counts
#
# $$F(w_i - w_j, \tilde w_k) = \frac{P_{ik}}{P_{jk}}$$
#
# *Assumed:* the ratio compares i with j, and in a vector space the natural comparison is the difference.

# %% [markdown] lang="zh"
# ## 第 2 步：只依赖两个词向量之差
#
# $$F(w_i - w_j, \tilde w_k) = \frac{P_{ik}}{P_{jk}}$$
#
# **假设**：比值是在比较 i 和 j；在线性空间里，最自然的比较就是相减。

# %% [markdown] lang="en"
# ## Step 3: vectors become a number by a dot product
#
# $$F\big((w_i - w_j) \cdot \tilde w_k\big) = \frac{P_{ik}}{P_{jk}}$$
#
# *Assumed:* the left side has vectors, the right side a number. A neural network could connect them. The dot product is the simplest way, and it does not mix the components of the vectors.

# %% [markdown] lang="zh"
# ## 第 3 步：用点积把向量变成数
#
# $$F\big((w_i - w_j) \cdot \tilde w_k\big) = \frac{P_{ik}}{P_{jk}}$$
#
# **假设**：左边是向量，右边是一个数。可以用神经网络连接两者，而点积是最简单的办法，并且不会混合向量的不同分量。

# %% [markdown] lang="en"
# ## Step 4: differences become ratios
#
# The difference of two numbers stands on the left, the ratio of two numbers on the right. We require that F maps one to the other for every pair of numbers:
#
# $$F\big(w_i \cdot \tilde w_k - w_j \cdot \tilde w_k\big) = \frac{F(w_i \cdot \tilde w_k)}{F(w_j \cdot \tilde w_k)}$$
#
# F is then a homomorphism from the group $(\mathbb R, +)$ to the group $(\mathbb R_{>0}, \times)$. With step 3, this holds if
#
# $$F(w_i \cdot \tilde w_k) = P_{ik} = \frac{X_{ik}}{X_i}.$$
#
# *Assumed:* that F is such a homomorphism, because words and context words should be exchangeable. Also assumed: that $F(w_i \cdot \tilde w_k)$ is equal to $P_{ik}$, not only proportional to it. A factor that depends on k alone would cancel in the ratio. Step 6 makes room for it.

# %% [markdown] lang="zh"
# ## 第 4 步：差对应比值
#
# 左边是两个数的差，右边是两个数的比。我们要求 F 对任意两个数都把差变成比：
#
# $$F\big(w_i \cdot \tilde w_k - w_j \cdot \tilde w_k\big) = \frac{F(w_i \cdot \tilde w_k)}{F(w_j \cdot \tilde w_k)}$$
#
# 也就是说，F 是加法群 $(\mathbb R, +)$ 到乘法群 $(\mathbb R_{>0}, \times)$ 的同态。结合第 3 步，只要
#
# $$F(w_i \cdot \tilde w_k) = P_{ik} = \frac{X_{ik}}{X_i}$$
#
# 就满足要求。
#
# **假设**：F 是这样的同态，理由是词与上下文词的角色应当可以互换。这里还假设 $F(w_i \cdot \tilde w_k)$ 等于 $P_{ik}$，而不只是与它成比例：一个只依赖 k 的因子在比值里会被约掉。第 6 步会给它留出位置。

# %% [markdown] lang="en"
# ## Step 5: F is the exponential function
#
# The only continuous functions with F(a − b) = F(a)/F(b) are $F(x) = e^{cx}$. The factor c only scales the vectors, so let c = 1. Then
#
# $$w_i \cdot \tilde w_k = \ln P_{ik} = \ln X_{ik} - \ln X_i.$$
#
# *Assumed:* that F is continuous.

# %% [markdown] lang="zh"
# ## 第 5 步：F 是指数函数
#
# 满足 F(a − b) = F(a)/F(b) 的连续函数只有 $F(x) = e^{cx}$。常数 c 只是缩放向量，取 c = 1，于是
#
# $$w_i \cdot \tilde w_k = \ln P_{ik} = \ln X_{ik} - \ln X_i.$$
#
# **假设**：F 连续。

# %%
import numpy as np

a, b = 1.7, -0.4
assert np.isclose(np.exp(a - b), np.exp(a) / np.exp(b))
for c in (0.5, 2.0):  # another c is the same function of longer or shorter vectors
    assert np.isclose(np.exp(c * (a - b)), np.exp(c * a) / np.exp(c * b))

# %% [markdown] lang="en"
# ## Step 6: biases make both sides symmetric
#
# X is symmetric: $X_{ik} = X_{ki}$. The last equation is not, because of $\ln X_i$. But $\ln X_i$ does not depend on k, so a bias $b_i$ can take its place. A bias $\tilde b_k$ for the context word restores the symmetry:
#
# $$w_i \cdot \tilde w_k + b_i + \tilde b_k = \ln X_{ik}$$
#
# *Assumed:* that training may find any numbers for the biases. They need not equal $\ln X_i$. The bias $\tilde b_k$ also holds the factor that step 4 left out.

# %% [markdown] lang="zh"
# ## 第 6 步：加入偏置，使两边对称
#
# X 是对称的：$X_{ik} = X_{ki}$。上一个等式却不对称，因为有 $\ln X_i$。但是 $\ln X_i$ 不依赖 k，可以用一个偏置 $b_i$ 代替它。再给上下文词加一个偏置 $\tilde b_k$，就恢复了对称：
#
# $$w_i \cdot \tilde w_k + b_i + \tilde b_k = \ln X_{ik}$$
#
# **假设**：偏置可以由训练任意决定，不必等于 $\ln X_i$。第 4 步略去的那个只依赖 k 的因子，也归入 $\tilde b_k$。

# %% [markdown] lang="en"
# ## Step 7: an equation becomes an approximation
#
# A vocabulary of V words has up to V² counts, but only about 2 V (d + 1) parameters, where d is the number of components. The equation cannot hold for all pairs at once. GloVe minimises the weighted sum of squared errors over the pairs with $X_{ij} > 0$:
#
# $$J = \sum_{i,j:\,X_{ij}>0} f(X_{ij}) \left(w_i \cdot \tilde w_j + b_i + \tilde b_j - \ln X_{ij}\right)^2$$
#
# *Assumed:* that squared errors measure the misfit, and that f says how much each pair counts. Notebook 4 explains both.

# %% [markdown] lang="zh"
# ## 第 7 步：等式变成近似
#
# V 个词最多有 V² 个计数，而参数只有约 2V(d + 1) 个（d 是向量的维数）。等式不可能对所有词对同时成立。GloVe 在 $X_{ij} > 0$ 的词对上，最小化加权的误差平方和：
#
# $$J = \sum_{i,j:\,X_{ij}>0} f(X_{ij}) \left(w_i \cdot \tilde w_j + b_i + \tilde b_j - \ln X_{ij}\right)^2$$
#
# **假设**：用误差的平方衡量偏差，用 f 规定每个词对的权重。第 4 节解释这两点。

# %% [markdown] lang="en"
# ## Check: what the difference of two vectors says
#
# Take any vectors and biases, and let X be exactly $e^{w_i\cdot\tilde w_k + b_i + \tilde b_k}$. The ratio $P_{ik}/P_{jk}$ is then $e^{(w_i - w_j)\cdot\tilde w_k}$ times a factor that is the same for every k. So the ratios for two context words k and l compare as
#
# $$\frac{P_{ik}/P_{jk}}{P_{il}/P_{jl}} = e^{(w_i - w_j)\cdot(\tilde w_k - \tilde w_l)}.$$

# %% [markdown] lang="zh"
# ## 验证：两个词向量之差说明什么
#
# 任取一组向量和偏置，令 X 恰好等于 $e^{w_i\cdot\tilde w_k + b_i + \tilde b_k}$。这时比值 $P_{ik}/P_{jk}$ 等于 $e^{(w_i - w_j)\cdot\tilde w_k}$ 乘一个与 k 无关的因子。因此，两个上下文词 k 和 l 的比值之间有关系
#
# $$\frac{P_{ik}/P_{jk}}{P_{il}/P_{jl}} = e^{(w_i - w_j)\cdot(\tilde w_k - \tilde w_l)}.$$

# %% lang="en"
words = ["ice", "steam", "solid", "gas", "water"]

# %% lang="zh"
words = ["冰", "蒸汽", "固体", "气体", "水"]

# %%
from glove_rs import Cooccurrence

rng = np.random.default_rng(0)
w, w_tilde = rng.normal(size=(2, 5, 2))
b, b_tilde = rng.normal(size=(2, 5))
X = Cooccurrence.from_scipy(np.exp(w @ w_tilde.T + b[:, None] + b_tilde), words)

ice, steam, *probes = words
difference = w[0] - w[1]
for k, word in enumerate(probes, start=2):
    factor = X.ratio(word, ice, steam) / np.exp(difference @ w_tilde[k])
    print(f"{word}: {X.ratio(word, ice, steam):.4f}, factor {factor:.4f}")

left = X.ratio(probes[0], ice, steam) / X.ratio(probes[1], ice, steam)
assert np.isclose(left, np.exp(difference @ (w_tilde[2] - w_tilde[3])))

# %% [markdown] lang="en"
# The factor is the same for all words. This is the meaning of differences of GloVe vectors: the direction from steam to ice points towards the context words whose probability is larger near ice. It is also the reason why analogies such as king − man + woman can work (notebook 8).
#
# Next: [4. The weight and the loss](04-weight-and-loss.ipynb)

# %% [markdown] lang="zh"
# 对所有的词，这个因子都相同。这就是 GloVe 词向量之差的含义：从蒸汽指向冰的方向，指向那些在冰附近概率更大的上下文词。king − man + woman 这样的类比能够成立，也是这个原因（第 8 节）。
#
# 下一节：[4. 权重与损失](04-weight-and-loss.ipynb)
