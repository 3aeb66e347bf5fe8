# %% [markdown] lang="en"
# # 6. Training on a table
#
# This notebook trains a complete model on a table of three words, small enough to see every number. It then watches a slightly larger model: its loss falls, and its vectors move.

# %% [markdown] lang="zh"
# # 6. 在一张表上训练
#
# 本节在一张只有三个词的表上训练一个完整的模型，每个数都看得见；然后观察一个稍大的模型：损失怎样下降，向量怎样移动。

# %% [markdown] lang="en"
# ## Cat, dog and pet
#
# The counts are given as a table. The words of the rows are the labels.

# %% [markdown] lang="zh"
# ## 猫、狗与宠物
#
# 计数直接用一张表给出，行的标签就是词。

# %% lang="en"
words = ["cat", "dog", "pet"]

# %% lang="zh"
words = ["猫", "狗", "宠物"]

# %%
import numpy as np
import pandas as pd

from glove_rs import Glove

counts = pd.DataFrame([[2, 3, 5], [3, 1, 4], [5, 4, 2]], index=words, columns=words)
counts

# %% [markdown] lang="en"
# The model has vectors with two components. All counts have the full weight, because they are at least `x_max=1`. `threads=1` and the seed make the run repeatable.

# %% [markdown] lang="zh"
# 模型的向量有两个分量。所有计数都不小于 `x_max=1`，所以权重都是 1。`threads=1` 和固定的种子使结果可以重复。

# %%
model = Glove(2, preset="paper", x_max=1, epochs=2000, threads=1).fit_cooccurrence(counts)
prediction = model.W @ model.W_tilde.T + model.b[:, None] + model.b_tilde
pd.DataFrame(prediction, words, words).round(4)

# %% [markdown] lang="en"
# The prediction w·w̃ + b + b̃ approaches ln X:

# %% [markdown] lang="zh"
# 预测值 w·w̃ + b + b̃ 接近 ln X：

# %%
log_X = np.log(counts)
assert np.allclose(prediction, log_X, atol=5e-3)
log_X.round(4)

# %% [markdown] lang="en"
# ## The same in ten lines of numpy
#
# The loop below is the whole training: AdaGrad of notebook 5, one record after the other in random order.

# %% [markdown] lang="zh"
# ## 十行 numpy 做同样的事
#
# 下面的循环就是训练的全部：上一节的 AdaGrad，按随机的顺序逐条处理记录。

# %%
rng = np.random.default_rng(0)
# Row 0 of each array: vectors and biases of the words. Row 1: those of the context words.
w, b = rng.uniform(-0.25, 0.25, size=(2, 3, 2)), np.zeros((2, 3))
G_w, G_b = np.ones_like(w), np.ones_like(b)
X = counts.to_numpy()
for _ in range(2000):
    for record in rng.permutation(9):
        i, j = divmod(record, 3)
        diff = w[0, i] @ w[1, j] + b[0, i] + b[1, j] - np.log(X[i, j])
        step = 0.05 * diff * np.array([w[1, j], w[0, i]])
        both = ([0, 1], [i, j])  # word i and context word j
        w[both] -= step / np.sqrt(G_w[both])
        b[both] -= diff / np.sqrt(G_b[both])
        G_w[both] += step**2
        G_b[both] += diff**2

by_hand = w[0] @ w[1].T + b[0][:, None] + b[1]
assert np.allclose(by_hand, log_X, atol=5e-3)
assert np.allclose(by_hand, prediction, atol=1e-2)
pd.DataFrame(by_hand, words, words).round(4)

# %% [markdown] lang="en"
# The predictions agree, but the vectors do not:

# %% [markdown] lang="zh"
# 两边的预测一致，但向量并不相同：

# %%
pd.DataFrame({"glove-rs": list(model.W.round(3)), "numpy": list(w[0].round(3))}, index=words)

# %% [markdown] lang="en"
# This is no error. Only the products w·w̃ appear in J. If all w are rotated and all w̃ are rotated in the same way, the products stay the same. So single components of a vector have no meaning. Differences, lengths and angles do.

# %% [markdown] lang="zh"
# 这不是错误。J 里只出现乘积 w·w̃：把所有的 w 和所有的 w̃ 做同样的旋转，乘积不变。所以向量的单个分量没有含义，有含义的是差、长度和夹角。

# %%
turn = np.array([[0.6, -0.8], [0.8, 0.6]])
assert np.allclose(
    (model.W @ turn) @ (model.W_tilde @ turn).T, model.W @ model.W_tilde.T, atol=1e-6
)

# %% [markdown] lang="en"
# ## The loss falls
#
# Now a text of our own: eight words about ice and water, eight about a royal family. `callbacks` are called after each epoch. Ours keeps the vectors.

# %% [markdown] lang="zh"
# ## 损失下降
#
# 现在用一个自己生成的文本：八个词与水有关，八个词与王室有关。`callbacks` 里的函数在每一轮之后被调用，这里用它保存向量。

# %% lang="en"
topics = [
    ["ice", "cold", "snow", "water", "steam", "hot", "rain", "river"],
    ["king", "queen", "crown", "throne", "prince", "palace", "royal", "castle"],
]
EPOCH, LOSS, BOTH = "epoch", "loss", "w + w̃"

# %% lang="zh"
topics = [
    ["冰", "冷", "雪", "水", "蒸汽", "热", "雨", "河"],
    ["国王", "女王", "王冠", "王位", "王子", "宫殿", "王室", "城堡"],
]
EPOCH, LOSS, BOTH = "轮次", "损失", "w + w̃"

# %%
import matplotlib.pyplot as plt

from glove_rs._vectors.fonts import families_for

labels = [*topics[0], *topics[1], EPOCH, LOSS]
plt.rcParams["font.family"] = families_for(labels)[0]  # fonts with these characters
rng = np.random.default_rng(1)
text = []
for _ in range(600):
    topic = topics[rng.integers(2)]
    document = rng.choice(topic, size=6).tolist()
    if rng.random() < 0.3:  # a word of the other topic
        document[0] = str(rng.choice(topics[rng.integers(2)]))
    text.append(document)
print(*text[:3], sep="\n")

# %%
frames = []
watched = Glove(2, epochs=40, preset="paper", x_max=10, learning_rate=0.1, threads=1, seed=3)
watched.fit(text, callbacks=[lambda epoch: frames.append(epoch.W + epoch.W_tilde)])
order = [watched.vocabulary[word] for word in topics[0] + topics[1]]
assert watched.history[-1] < 0.5 * watched.history[0]

fig, ax = plt.subplots(figsize=(5, 3))
ax.plot(range(1, 41), watched.history, marker=".")
ax.set_xlabel(EPOCH)
ax.set_ylabel(LOSS)
plt.show()

# %% [markdown] lang="en"
# `watched.plot_loss()` draws the same picture.
#
# ## The vectors move
#
# Move the slider: it shows w + w̃ of each word after some epochs. All words start near the origin, because the initial numbers are small and random. The two topics then move apart.

# %% [markdown] lang="zh"
# `watched.plot_loss()` 画出同样的图。
#
# ## 向量移动
#
# 拖动滑块，可以看到若干轮之后每个词的 w + w̃。初始值是很小的随机数，所以所有的词都从原点附近出发，然后两个主题逐渐分开。

# %%
import base64
import io

from IPython.display import HTML


def picture(rows, title):
    """Draw the words at their vectors, and return the picture as a PNG image in HTML."""
    fig, ax = plt.subplots(figsize=(5, 4), dpi=72)
    for topic, colour in zip(topics, ["tab:blue", "tab:red"], strict=True):
        for word in topic:
            ax.text(*rows[watched.vocabulary[word]], word, color=colour, ha="center", va="center")
    limit = 1.1 * np.abs(frames[-1]).max()
    ax.set(xlim=(-limit, limit), ylim=(-limit, limit), title=title)
    out = io.BytesIO()
    fig.savefig(out, format="png")
    plt.close(fig)
    return f'<img hidden src="data:image/png;base64,{base64.b64encode(out.getvalue()).decode()}">'


shown = [0, 1, 2, 3, 4, 6, 8, 10, 13, 16, 20, 25, 30, 39]
pictures = [picture(frames[epoch], f"{BOTH}, {EPOCH} {epoch + 1}") for epoch in shown]
pictures[-1] = pictures[-1].replace(" hidden", "")
HTML(
    f'<div><input type="range" min="0" max="{len(shown) - 1}" value="{len(shown) - 1}" style="width: 340px"'
    " oninput=\"this.parentNode.querySelectorAll('img').forEach((p, i) => p.hidden = i != this.value)\"><br>"
    f"{''.join(pictures)}</div>"
)

# %%
# Words of one topic are nearer to each other than to words of the other topic.
points = frames[-1][order]
units = points / np.linalg.norm(points, axis=1, keepdims=True)
cosines = units @ units.T
same, other = cosines[:8, :8].mean(), cosines[:8, 8:].mean()
print(f"cosine within a topic {same:.2f}, between topics {other:.2f}")
assert same > other + 0.5

# %% [markdown] lang="en"
# Next: [7. Looking at the vectors](07-looking-at-the-vectors.ipynb)

# %% [markdown] lang="zh"
# 下一节：[7. 观察词向量](07-looking-at-the-vectors.ipynb)
