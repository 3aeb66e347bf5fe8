# %% [markdown] lang="en"
# # 5. One update by hand
#
# Training repeats one small step: predict ln X for one pair, compute the error, move the parameters so that the error becomes smaller. This notebook does one step by hand, and then lets glove-rs do the same.

# %% [markdown] lang="zh"
# # 5. 手算一次更新
#
# 训练就是重复一个小步骤：对一个词对预测 ln X，计算误差，移动参数使误差变小。本节先手算一步，再让 glove-rs 做同样的一步。

# %% [markdown] lang="en"
# ## Prediction and error
#
# The word has the vector w = (0.2, −0.5) and the bias b = 0.1. The context word has the vector w̃ = (0.1, 0.3) and the bias b̃ = −0.2. The count is X = 3.
#
# - w·w̃ = 0.2 · 0.1 + (−0.5) · 0.3 = −0.13
# - prediction: −0.13 + 0.1 − 0.2 = −0.23
# - error: diff = −0.23 − ln 3 = −0.23 − 1.0986 = −1.3286

# %% [markdown] lang="zh"
# ## 预测与误差
#
# 词向量 w = (0.2, −0.5)，偏置 b = 0.1；上下文向量 w̃ = (0.1, 0.3)，偏置 b̃ = −0.2；计数 X = 3。
#
# - w·w̃ = 0.2 · 0.1 + (−0.5) · 0.3 = −0.13
# - 预测：−0.13 + 0.1 − 0.2 = −0.23
# - 误差：diff = −0.23 − ln 3 = −0.23 − 1.0986 = −1.3286

# %%
import numpy as np

w, w_tilde, b, b_tilde, x = np.array([0.2, -0.5]), np.array([0.1, 0.3]), 0.1, -0.2, 3
prediction = w @ w_tilde + b + b_tilde
diff = prediction - np.log(x)
print(f"prediction {prediction:.4f}, error {diff:.4f}")
assert round(prediction, 4) == -0.23
assert round(diff, 4) == -1.3286

# %% [markdown] lang="en"
# ## The gradient and the step
#
# The cost of the pair is ½ f(x) diff². Its derivatives are
#
# | parameter | gradient |
# |---|---|
# | w | f(x) · diff · w̃ |
# | w̃ | f(x) · diff · w |
# | b and b̃ | f(x) · diff |
#
# The gradient points to where the cost *grows*. So each step *subtracts* the gradient, times the learning rate η. For now f(x) = 1 and η = 0.1. Both vectors use the values from before the step.

# %% [markdown] lang="zh"
# ## 梯度与更新
#
# 这个词对的代价是 ½ f(x) diff²，它的导数是
#
# | 参数 | 梯度 |
# |---|---|
# | w | f(x) · diff · w̃ |
# | w̃ | f(x) · diff · w |
# | b 和 b̃ | f(x) · diff |
#
# 梯度指向代价**增大**的方向，所以每一步要**减去**学习率 η 乘梯度。这里先取 f(x) = 1，η = 0.1。两个向量都用更新之前的值计算。


# %%
def step(w, w_tilde, b, b_tilde, x, rate, f=1.0, sign=-1):
    """Return the parameters after one step, and the error before it."""
    diff = w @ w_tilde + b + b_tilde - np.log(x)
    move = sign * rate * f * diff
    return w + move * w_tilde, w_tilde + move * w, b + move, b_tilde + move, diff


after = step(w, w_tilde, b, b_tilde, x, rate=0.1)
for name, value in zip(["w", "w̃", "b", "b̃"], after[:4], strict=True):
    print(name, np.round(value, 6))

# %% [markdown] lang="en"
# The error is negative: the prediction is too small. The step adds 0.13286 w̃ to w, adds 0.13286 w to w̃ and raises both biases by 0.13286. The prediction rises, and the error shrinks from −1.3286 to −1.0134.

# %% [markdown] lang="zh"
# 误差是负的：预测值太小。这一步给 w 加上 0.13286 w̃，给 w̃ 加上 0.13286 w，两个偏置各加 0.13286。预测值升高，误差从 −1.3286 缩小到 −1.0134。

# %%
new_diff = step(*after[:4], x, rate=0.1)[4]
print(f"error {diff:.4f} -> {new_diff:.4f}")
assert round(new_diff, 4) == -1.0134

# %% [markdown] lang="en"
# ## The wrong sign
#
# A worked example that has been published *adds* the gradient: w + η · f · diff · w̃. Here are five steps with each sign. With the minus sign the cost falls. With the plus sign it grows at each step. If your loss grows from the first step on, check this sign first.

# %% [markdown] lang="zh"
# ## 符号写反会怎样
#
# 一个已发表的算例把梯度**加**了上去：w + η · f · diff · w̃。下面用两种符号各走五步：用减号，代价下降；用加号，代价每一步都在增大。如果你的损失从第一步起就变大，请先检查这个符号。

# %%
costs = {}
for sign in (-1, +1):
    parameters, costs[sign] = (w, w_tilde, b, b_tilde), []
    for _ in range(6):
        *parameters, error = step(*parameters, x, rate=0.1, sign=sign)
        costs[sign].append(0.5 * error**2)
    print("minus:" if sign < 0 else "plus: ", *(f"{cost:.4f}" for cost in costs[sign]))
assert all(np.diff(costs[-1]) < 0)
assert all(np.diff(costs[+1]) > 0)

# %% [markdown] lang="en"
# ## The same step in glove-rs
#
# The matrix has one count: X = 3 in row 0, column 1. `start` gives the parameters from which training begins. `x_max=1` makes f(3) = 1, and `optimizer="sgd"` is plain stochastic gradient descent.

# %% [markdown] lang="zh"
# ## 用 glove-rs 做同样的一步
#
# 矩阵只有一个计数：第 0 行第 1 列是 3。`start` 给出训练开始时的参数。`x_max=1` 使 f(3) = 1，`optimizer="sgd"` 是普通的随机梯度下降。

# %%
from glove_rs import Glove

counts = [[0, 3], [0, 0]]


def train(epochs, **settings):
    """Train from the parameters above."""
    settings = {"preset": "paper", "x_max": 1, "symmetric": False, "epochs": epochs, **settings}
    start = Glove(2, **{**settings, "optimizer": "sgd"}).fit_cooccurrence(counts)
    start.W[0], start.W_tilde[1], start.b[0], start.b_tilde[1] = w, w_tilde, b, b_tilde
    return Glove(2, **settings).fit_cooccurrence(counts, start=start)


model = train(1, optimizer="sgd", learning_rate=0.1)
print(model.W[0], model.W_tilde[1], model.b[0], model.b_tilde[1])
for ours, by_hand in zip(
    [model.W[0], model.W_tilde[1], model.b[0], model.b_tilde[1]], after, strict=False
):
    assert np.allclose(ours, by_hand, atol=1e-6)
assert np.isclose(model.history[0], 0.5 * diff**2)

# %% [markdown] lang="en"
# Ten steps by hand, and ten epochs of glove-rs:

# %% [markdown] lang="zh"
# 两边各走十步：

# %%
parameters, losses = (w, w_tilde, b, b_tilde), []
for _ in range(10):
    *parameters, error = step(*parameters, x, rate=0.1)
    losses.append(0.5 * error**2)
model = train(10, optimizer="sgd", learning_rate=0.1)
assert np.allclose(model.history, losses, rtol=1e-4)
print(*(f"{loss:.4f}" for loss in model.history))

# %% [markdown] lang="en"
# ## With the weight
#
# With `x_max=10` the weight is f(3) = (3/10)^0.75 = 0.4054. All moves are 0.4054 times as long.

# %% [markdown] lang="zh"
# ## 加上权重
#
# 取 `x_max=10`，权重是 f(3) = (3/10)^0.75 = 0.4054，每一步的移动都乘上 0.4054。

# %%
weight = (3 / 10) ** 0.75
by_hand = step(w, w_tilde, b, b_tilde, x, rate=0.1, f=weight)
model = train(1, optimizer="sgd", learning_rate=0.1, x_max=10)
assert np.allclose(model.W[0], by_hand[0], atol=1e-6)
assert np.isclose(model.b[0], by_hand[2], atol=1e-6)
print(f"f(3) = {weight:.4f}, w = {model.W[0]}, b = {model.b[0]:.4f}")

# %% [markdown] lang="en"
# ## AdaGrad
#
# Stanford's tool and the preset "paper" use AdaGrad (Duchi et al. 2011). Each number has its own *accumulator* G, the sum of its squared gradients so far. The step is divided by √G, so numbers that have moved much take smaller steps. All G start at 1. The biases have their own learning rate; in Stanford's tool it is 1.

# %% [markdown] lang="zh"
# ## AdaGrad
#
# 斯坦福的工具和预设 “paper” 使用 AdaGrad（Duchi 等，2011）。每个参数有一个累加量 G，是它至今所有梯度的平方和。步长除以 √G，所以移动得多的参数以后走得小一些。所有 G 从 1 开始。偏置有自己的学习率，在斯坦福的工具里是 1。

# %%
w1, w2, b1, b2 = w.copy(), w_tilde.copy(), b, b_tilde
G1, G2, G3, G4 = np.ones(2), np.ones(2), 1.0, 1.0
rate, bias_rate, losses = 0.05, 1.0, []
for _ in range(10):
    error = w1 @ w2 + b1 + b2 - np.log(x)
    losses.append(0.5 * error**2)
    g1, g2, g3 = rate * error * w2, rate * error * w1, bias_rate * error
    w1, w2 = w1 - g1 / np.sqrt(G1), w2 - g2 / np.sqrt(G2)
    b1, b2 = b1 - g3 / np.sqrt(G3), b2 - g3 / np.sqrt(G4)
    G1, G2, G3, G4 = G1 + g1**2, G2 + g2**2, G3 + g3**2, G4 + g3**2

model = train(10, optimizer="adagrad", learning_rate=rate, bias_learning_rate=bias_rate)
assert np.allclose(model.W[0], w1, atol=1e-4)
assert np.allclose(model.W_tilde[1], w2, atol=1e-4)
assert np.allclose(model.history, losses, rtol=1e-3, atol=1e-6)
print(*(f"{loss:.4f}" for loss in model.history))

# %% [markdown] lang="en"
# The default preset "best" uses *row-wise* AdaGrad: one accumulator for each vector instead of one for each number. The parameters and accumulators then need half the memory.
#
# Next: [6. Training on a table](06-training-on-a-table.ipynb)

# %% [markdown] lang="zh"
# 默认的预设 “best” 使用**逐行**的 AdaGrad：每个向量一个累加量，而不是每个数一个，内存减少一半。
#
# 下一节：[6. 在一张表上训练](06-training-on-a-table.ipynb)
