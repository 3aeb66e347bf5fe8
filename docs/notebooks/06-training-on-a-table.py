# %% [markdown] lang="en"
# # 6. Training on a table
#
# This notebook trains a complete model on a table of three words, small enough to see every number. It then watches a second model: its loss falls, and its vectors move.

# %% [markdown] lang="zh"
# # 6. 在一张表上训练
#
# 本节在一张只有三个词的表上训练一个完整的模型，每个数都看得见；然后观察另一个模型：损失怎样下降，向量怎样移动。

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

from glove_rs import Cooccurrence, Glove

counts = pd.DataFrame([[2, 3, 5], [3, 1, 4], [5, 4, 2]], index=words, columns=words)
counts

# %% [markdown] lang="en"
# Counts from other programs often come as a list of pairs. `Cooccurrence.from_pairs` reads it from a data frame, an Arrow table or a Parquet file:

# %% [markdown] lang="zh"
# 别的程序给出的计数常常是一列词对。`Cooccurrence.from_pairs` 可以从数据框、Arrow 表或 Parquet 文件读入：

# %%
pairs = counts.stack().rename_axis(["word", "context"]).reset_index(name="count")
X = Cooccurrence.from_pairs(pairs, row="word", column="context", value="count")
order = [X.vocabulary[word] for word in words]
assert (X.to_scipy().toarray()[np.ix_(order, order)] == counts).all(axis=None)
pairs

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
rotation = np.array([[0.6, -0.8], [0.8, 0.6]])
assert np.allclose(
    (model.W @ rotation) @ (model.W_tilde @ rotation).T, model.W @ model.W_tilde.T, atol=1e-6
)

# %% [markdown] lang="en"
# ## The loss falls
#
# Now a text of our own: each document has five months that follow one another. The functions in `callbacks` are called after each epoch. Our function keeps the vectors.

# %% [markdown] lang="zh"
# ## 损失下降
#
# 现在用一个自己生成的文本：每个文档是连续的五个月份。`callbacks` 里的函数在每一轮之后被调用，这里用它保存向量。

# %% lang="en"
year = "January February March April May June July August September October November December"
EPOCH, LOSS = "epoch", "loss"

# %% lang="zh"
year = "一月 二月 三月 四月 五月 六月 七月 八月 九月 十月 十一月 十二月"
EPOCH, LOSS = "轮次", "损失"

# %%
import matplotlib.pyplot as plt

from glove_rs._vectors.fonts import families_for

months = year.split()
plt.rcParams["font.family"] = families_for([year, EPOCH, LOSS])[0]  # fonts with these characters
rng = np.random.default_rng(0)
text = [[months[(first + n) % 12] for n in range(5)] for first in rng.integers(12, size=600)]
print(*text[:3], sep="\n")

# %%
frames = []
settings = {"preset": "paper", "epochs": 60, "learning_rate": 0.1, "bias_learning_rate": 0.1}
watched = Glove(2, **settings, threads=1)
watched.fit(text, callbacks=[lambda epoch: frames.append(epoch.vectors[months])])
assert watched.history[-1] < 0.01 * watched.history[0]

fig, ax = plt.subplots(figsize=(5, 3))
ax.plot(range(1, 61), watched.history, marker=".")
ax.set(xlabel=EPOCH, ylabel=LOSS, yscale="log")
plt.show()

# %% [markdown] lang="en"
# `watched.plot_loss()` draws a similar picture.
#
# ## The vectors move
#
# Move the slider: it shows w + w̃ of each month after some epochs. All words start near the origin, because the initial numbers are small and random. Then the months find their places. At the end they form a circle, in the order of the year. Nothing in the training knows this order, only the counts do.

# %% [markdown] lang="zh"
# `watched.plot_loss()` 画出类似的图。
#
# ## 向量移动
#
# 拖动滑块，可以看到若干轮之后每个月份的 w + w̃。初始值是很小的随机数，所以所有的词都从原点附近出发，然后各自移动到自己的位置，最后按一年的顺序围成一圈。训练过程并不知道这个顺序，它只来自共现计数。

# %%
import base64
import io

from IPython.display import HTML


def picture(epoch):
    """Draw each word at its vector, and return the picture as a PNG image in HTML."""
    fig, ax = plt.subplots(figsize=(4.8, 4.4), dpi=64)
    ax.plot(*frames[epoch][[*range(12), 0]].T, color="0.85")
    for month, (x, y) in zip(months, frames[epoch], strict=True):
        ax.text(x, y, month, ha="center", va="center")
    ax.set(xlim=(-4, 4), ylim=(-4, 4), title=f"{EPOCH} {epoch + 1}")
    out = io.BytesIO()
    fig.savefig(out, format="png")
    plt.close(fig)
    png = base64.b64encode(out.getvalue()).decode()
    return f'<img hidden alt="{EPOCH} {epoch + 1}" src="data:image/png;base64,{png}">'


shown = [0, 2, 4, 6, 8, 11, 14, 18, 25, 59]
last = len(shown) - 1
pictures = [picture(epoch) for epoch in shown]
pictures[last] = pictures[last].replace(" hidden", "")
choose = "this.parentNode.querySelectorAll('img').forEach((p, i) => p.hidden = i != this.value)"
slider = f'<input type="range" max="{last}" value="{last}" style="width: 340px" oninput="{choose}">'
HTML(f"<div>{slider}<br>{''.join(pictures)}</div>")

# %%
# The angle from each month to the next one: together they are one turn.
angles = np.degrees(np.arctan2(frames[-1][:, 1], frames[-1][:, 0]))
steps = (np.diff([*angles, angles[0]]) + 180) % 360 - 180
assert abs(abs(steps.sum()) - 360) < 1
assert abs(steps).max() < 60
steps.round(1)

# %% [markdown] lang="en"
# Next: [7. Looking at the vectors](07-looking-at-the-vectors.ipynb)

# %% [markdown] lang="zh"
# 下一节：[7. 观察词向量](07-looking-at-the-vectors.ipynb)
