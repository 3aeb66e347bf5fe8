# %% [markdown] lang="en"
# # 4. The weight and the loss
#
# $$J = \sum_{i,j:\,X_{ij}>0} f(X_{ij}) \left(w_i \cdot \tilde w_j + b_i + \tilde b_j - \ln X_{ij}\right)^2$$
#
# This notebook explains each part of this formula: the weight f, the square, the logarithm, and the sum that is not divided by the number of pairs.

# %% [markdown] lang="zh"
# # 4. 权重与损失
#
# $$J = \sum_{i,j:\,X_{ij}>0} f(X_{ij}) \left(w_i \cdot \tilde w_j + b_i + \tilde b_j - \ln X_{ij}\right)^2$$
#
# 本节逐项解释这个公式：权重函数 f、平方、对数，以及为什么求和以后不除以词对的个数。

# %% [markdown] lang="en"
# ## The weight f(x)
#
# $$f(x) = \begin{cases} (x/x_{max})^\alpha & \text{if } x < x_{max} \\ 1 & \text{otherwise} \end{cases}$$
#
# The paper uses $x_{max} = 100$ and $\alpha = 3/4$. f has three properties. It is 0 at x = 0, so that pairs without a count add nothing. It never falls, so that rare pairs do not get too much weight. It is at most 1, so that frequent pairs do not get too much weight.

# %% [markdown] lang="zh"
# ## 权重函数 f(x)
#
# $$f(x) = \begin{cases} (x/x_{max})^\alpha & x < x_{max} \\ 1 & x \ge x_{max} \end{cases}$$
#
# 论文取 $x_{max} = 100$，$\alpha = 3/4$。f 有三个性质：x = 0 时 f 为 0，没有共现的词对不起作用；f 不减，罕见词对的权重不会太大；f 不超过 1，高频词对的权重也不会太大。

# %% lang="en"
COUNT, WEIGHT = "count x", "weight f(x)"

# %% lang="zh"
COUNT, WEIGHT = "计数 x", "权重 f(x)"

# %%
import matplotlib.pyplot as plt
import numpy as np

from glove_rs._vectors.fonts import families_for

plt.rcParams["font.family"] = families_for([COUNT, WEIGHT])[0]  # fonts with these characters


def f(x, x_max=100.0, alpha=0.75):
    """Return the weight of a count."""
    return np.minimum(1, (x / x_max) ** alpha)


x = np.linspace(0, 200, 401)
fig, ax = plt.subplots(figsize=(6, 3.2))
for x_max, alpha in [(10, 0.75), (50, 0.75), (100, 0.75), (100, 0.5), (100, 1.0)]:
    style = "-" if alpha == 0.75 else "--"
    ax.plot(x, f(x, x_max, alpha), style, label=f"x_max = {x_max}, α = {alpha}")
ax.set_xlabel(COUNT)
ax.set_ylabel(WEIGHT)
_ = ax.legend()
# %%
print([round(float(f(count)), 4) for count in (1, 50, 100, 1000)])
assert np.allclose(f(np.array([1, 50, 100, 1000])), [0.0316, 0.5946, 1, 1], atol=5e-5)

# %% [markdown] lang="en"
# A formula that has been published has the two cases exchanged: 1 if x < x_max, otherwise $(x/x_{max})^\alpha$. This gives rare pairs the full weight, and frequent pairs a weight without bound:

# %% [markdown] lang="zh"
# 有一个已发表的公式把两种情况写反了：x < x_max 时取 1，否则取 $(x/x_{max})^\alpha$。这样罕见词对得到全部权重，而高频词对的权重没有上限：


# %%
def exchanged(x, x_max=100.0, alpha=0.75):
    """Return the weight that the exchanged formula gives."""
    return np.where(x < x_max, 1, (x / x_max) ** alpha)


counts = np.array([1, 50, 100, 1000, 100_000])
for count, right, wrong in zip(counts, f(counts), exchanged(counts), strict=True):
    print(f"x = {count:>6}   f = {right:.4f}   exchanged = {wrong:.4f}")
assert exchanged(1) == 1
assert exchanged(1000) > 5

# %% [markdown] lang="en"
# ## The weight in glove-rs
#
# The loss that `fit_cooccurrence` reports is ½ f(X) diff² for each record, measured before the step. We take one record with known parameters. From the loss we compute f and compare it with the formula.

# %% [markdown] lang="zh"
# ## glove-rs 里的权重
#
# `fit_cooccurrence` 报告的损失，对每条记录是 ½ f(X) diff²，在更新参数之前测量。取一条记录和已知的参数，就能从损失反推 f，并与公式比较。

# %%
from glove_rs import Glove


def one_step(x, **settings):
    """Train one record with w = (0.2, −0.5), w̃ = (0.1, 0.3), b = 0.1, b̃ = −0.2 for one epoch."""
    given = {"optimizer": "sgd", "preset": "paper", "symmetric": False, "epochs": 1, **settings}
    counts = [[0, x], [0, 0]]  # word 0 is the centre word, word 1 the context word
    start = Glove(2, **given).fit_cooccurrence(counts)
    start.W[0], start.W_tilde[1] = [0.2, -0.5], [0.1, 0.3]
    start.b[0], start.b_tilde[1] = 0.1, -0.2
    return Glove(2, **given).fit_cooccurrence(counts, start=start)


prediction = 0.2 * 0.1 - 0.5 * 0.3 + 0.1 - 0.2
for count in (1, 3, 50, 100, 1000):
    diff = prediction - np.log(count)
    weight = 2 * one_step(count).history[0] / diff**2
    print(f"x = {count:>4}   f = {weight:.4f}")
    assert np.isclose(weight, f(count), rtol=1e-4)

# %% [markdown] lang="en"
# ## Why the logarithm and least squares
#
# A difference of logarithms is a relative error. If the prediction is 10 % too large, the error ln 1.1 = 0.095 is the same for a count of 10 and for a count of 10,000. Squared errors of the counts themselves would differ by a factor of a million, and the most frequent pairs would decide everything:

# %% [markdown] lang="zh"
# ## 为什么取对数，为什么用最小二乘
#
# 对数之差就是相对误差。预测值大 10% 时，不论计数是 10 还是 10000，误差都是 ln 1.1 = 0.095。如果直接对计数取误差平方，两者相差一百万倍，最高频的词对会决定一切：

# %%
for count in (1, 10, 100, 10_000):
    predicted = 1.1 * count
    of_counts, of_logs = (predicted - count) ** 2, (np.log(predicted) - np.log(count)) ** 2
    print(f"x = {count:>6}   of counts {of_counts:>12.2f}   of logarithms {of_logs:.4f}")

# %% [markdown] lang="en"
# The square has three advantages. It penalises errors in both directions. Its gradient is the error itself, so a step costs few operations. With fixed context vectors and biases the problem for one word is weighted linear least squares, which has a closed solution; `infer_vector` uses it for new words. In terms of statistics: J is minimal where the likelihood is maximal if ln X has a normal error with variance proportional to 1/f(X).

# %% [markdown] lang="zh"
# 平方有三个好处：正负两个方向的误差都受惩罚；梯度就是误差本身，每一步的计算量很小；上下文向量和偏置固定时，求一个词的向量是加权线性最小二乘问题，有解析解，`infer_vector` 就用它计算新词的向量。用统计的话说：如果 ln X 的误差服从正态分布，方差与 1/f(X) 成正比，那么最小化 J 就是最大化似然。

# %% [markdown] lang="en"
# ## Why weights
#
# A small count is noisy. Suppose that a pair occurs x times on average in texts of this size. In one text it occurs a random number of times, with Poisson's distribution. The spread of the logarithm of this number is large for small x:

# %% [markdown] lang="zh"
# ## 为什么要加权
#
# 小的计数噪声大。设某个词对在这样大小的文本里平均出现 x 次，那么在一个具体的文本里它的次数是随机的，服从泊松分布。x 越小，计数对数的标准差越大：

# %%
rng = np.random.default_rng(0)
for mean in (2, 10, 100, 1000):
    draws = rng.poisson(mean, 100_000)
    spread = np.log(draws[draws > 0]).std()
    print(f"x = {mean:>4}   standard deviation of ln x = {spread:.3f}   1/√x = {mean**-0.5:.3f}")

# %% [markdown] lang="en"
# The variance of ln x is about 1/x. So the count of a rare pair says less about the logarithm of its mean, and f gives this pair less weight. The cap at x_max has another reason: pairs with "the" or "of" have huge counts but tell little about meaning. Without the cap they would dominate J.

# %% [markdown] lang="zh"
# ln x 的方差约为 1/x。罕见词对关于真实对数的信息少，所以 f 给它较小的权重。在 x_max 处封顶另有原因：与 “the”“of” 或“的”“了”组成的词对计数极大，却很少说明词义；不封顶，它们就会主导 J。

# %% [markdown] lang="en"
# ## Why J is not divided by N
#
# Some notes write J/N, the mean over the N records. A constant factor does not move the minimum. For one step of gradient descent on the whole sum, J/N with learning rate η N does the same as J with learning rate η:

# %% [markdown] lang="zh"
# ## 为什么不除以 N
#
# 有些笔记写的是 J/N，即对 N 条记录取平均。乘一个常数不会移动最小值的位置。对整个和做一步梯度下降时，J/N 配学习率 ηN，与 J 配学习率 η 完全相同：

# %%
diffs, weights = rng.normal(size=50), f(rng.uniform(1, 200, size=50))
partners = rng.normal(size=(50, 2))
gradient = (weights * diffs) @ partners  # of ½ Σ f diff²
rate, N = 0.01, len(diffs)
assert np.allclose(rate * gradient, rate * N * (gradient / N))

# %% [markdown] lang="en"
# GloVe updates after each record, not after the whole sum. The step for one record contains no N at all. So the factor 1/N has no meaning for training.
#
# For *reports* the mean is useful: it makes texts of different sizes comparable. `history.data_loss` holds ½ Σ f diff² / N, as Stanford's tool prints it. The factor ½ cancels the 2 of the derivative: the gradient of ½ f diff² is f diff, without a 2. Some notes keep the 2 in the gradient. With half the learning rate, each step of gradient descent is then the same.
#
# Next: [5. One update by hand](05-one-update.ipynb)

# %% [markdown] lang="zh"
# GloVe 每处理一条记录就更新一次，而不是等整个和算完。一条记录的更新里根本没有 N，所以因子 1/N 对训练没有意义。
#
# **报告**损失时，平均值是有用的：不同大小的文本可以比较。`history.data_loss` 保存的是 ½ Σ f diff² / N，与斯坦福的工具打印的相同。因子 ½ 抵消求导产生的 2：½ f diff² 的梯度是 f diff，没有 2。有些笔记在梯度里保留 2；这时把学习率减半，梯度下降的每一步就完全相同。
#
# 下一节：[5. 手算一次更新](05-one-update.ipynb)
