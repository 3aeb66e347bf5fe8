# %% [markdown] lang="en"
# # 10. Limits
#
# This notebook shows what GloVe cannot do. It shows what this package can do although people often say that GloVe cannot. And it says when another kind of model is the right choice.

# %% [markdown] lang="zh"
# # 10. 局限
#
# 本节说明 GloVe 不能做什么；哪些事人们说它不能做，而这个软件包能做；以及什么时候应当选择另一类模型。

# %% [markdown] lang="en"
# ## One vector for all senses
#
# "bank" is the edge of a river or a place for money. GloVe gives it one vector for both. In this text, half of the sentences with "bank" are about rivers and half about money:

# %% [markdown] lang="zh"
# ## 所有义项共用一个向量
#
# “苹果”可以是水果，也可以是一家公司。GloVe 只给它一个向量。在这个文本里，含“苹果”的句子一半谈水果，一半谈手机和电脑：

# %% lang="en"
senses = {
    "bank": (
        ["river", "water", "boat", "fish", "shore", "flood"],
        ["money", "loan", "credit", "cash", "account", "interest"],
    )
}
word, new_word = "bank", "creek"

# %% lang="zh"
senses = {
    "苹果": (
        ["水果", "香蕉", "果树", "甜", "果汁", "梨"],
        ["手机", "电脑", "公司", "屏幕", "软件", "芯片"],
    )
}
word, new_word = "苹果", "葡萄"

# %%
import numpy as np

from glove_rs import Glove

first_sense, second_sense = senses[word]
rng = np.random.default_rng(0)


def sentence(topic, middle):
    """Return six words around `middle`; about one in seven is from the other topic."""
    other = second_sense if topic is first_sense else first_sense
    tokens = [str(rng.choice(other if rng.random() < 0.15 else topic)) for _ in range(6)]
    return [*tokens[:3], *middle, *tokens[3:]]


text = [
    sentence([first_sense, second_sense][n % 2], [word] if n % 3 == 0 else []) for n in range(2000)
]
model = Glove(10, preset="paper", x_max=10, epochs=40, window=6, threads=1).fit(text)
vectors = model.vectors


def mean_cosine(some, others):
    """Return the mean cosine of different words."""
    return np.mean([vectors.similarity(a, b) for a in some for b in others if a != b])


print(f"{word} and the first topic:  {mean_cosine([word], first_sense):5.2f}")
print(f"{word} and the second topic: {mean_cosine([word], second_sense):5.2f}")
print(f"within the first topic:  {mean_cosine(first_sense, first_sense):5.2f}")
print(f"between both topics:     {mean_cosine(first_sense, second_sense):5.2f}")
assert mean_cosine(first_sense, first_sense) > 0.9
assert mean_cosine(first_sense, second_sense) < -0.5
assert abs(mean_cosine([word], first_sense)) < 0.5
assert abs(mean_cosine([word], second_sense)) < 0.5

# %% [markdown] lang="en"
# The vectors of the two topics point in opposite directions. The vector of "bank" lies between them and is near neither. It is the same in every sentence:
#
# - "the boat lies at the **bank**"
# - "the **bank** gives a loan"
#
# A word with one frequent and one rare sense gets a vector near the frequent sense.

# %% [markdown] lang="zh"
# 两个主题的词向量方向相反，“苹果”的向量位于两者之间，离哪一个都不近。而且它在每个句子里都一样：
#
# - “我每天吃一个**苹果**”
# - “**苹果**发布了新手机”
#
# 如果一个义项常见、另一个罕见，向量就靠近常见的义项。

# %% [markdown] lang="en"
# ## No order, no sentence
#
# The window ignores the order of words: "dog bites man" and "man bites dog" give the same counts. GloVe has no vector for a sentence. The mean of the vectors of its words is a common substitute, and it ignores the order too.

# %% [markdown] lang="zh"
# ## 没有词序，没有句子
#
# 窗口不区分词序：“狗 咬 人”和“人 咬 狗”得到同样的计数。GloVe 没有句子的向量。常见的替代是取词向量的平均，它同样不区分词序。

# %% lang="en"
one, two = "dog bites man", "man bites dog"

# %% lang="zh"
one, two = "狗 咬 人", "人 咬 狗"

# %%
from glove_rs import Cooccurrence

tables = [
    Cooccurrence.from_corpus([text], min_count=1).to_pandas(one.split()) for text in (one, two)
]
assert (tables[0] == tables[1]).all(axis=None)
tables[0]

# %% [markdown] lang="en"
# ## "GloVe cannot handle new words"
#
# This is often written. It holds for the training of the paper. In glove-rs there are three ways. First, `infer_vector` computes the vector of an unknown word from a few examples of its use. All other vectors stay as they are:

# %% [markdown] lang="zh"
# ## “GloVe 不能处理新词”
#
# 很多文章这样写。对论文里的训练来说，这是对的。glove-rs 有三种办法。第一，`infer_vector` 根据几个例句计算未知词的向量，其他的向量不变：

# %%
examples = [sentence(first_sense, [new_word]) for _ in range(10)]
assert new_word not in vectors
inferred = model.infer_vector(examples, word=new_word)
near = [other for other, cosine in vectors.similar_by_vector(inferred, topn=4)]
print(near)
assert set(near) <= {*first_sense, word}

# %% [markdown] lang="en"
# The same call makes one vector for each *sense*, if you sort the examples by sense yourself:

# %% [markdown] lang="zh"
# 如果你自己把例句按义项分开，用同一个函数可以给每个**义项**各算一个向量：

# %%
for topic in (first_sense, second_sense):
    examples = [sentence(topic, [word]) for _ in range(50)]
    sense = model.infer_vector(examples, word=word)
    near = [other for other, cosine in vectors.similar_by_vector(sense, topn=4) if other != word]
    print(near)
    assert set(near) <= set(topic)

# %% [markdown] lang="en"
# Second, with `subwords=True` the spelling of a word predicts its vector ([vectors for new words](../new-words.md)).
#
# ## "GloVe cannot learn from more text"
#
# Third, `update` counts new text, adds its counts to the old ones, and continues the training. New words get a row:

# %% [markdown] lang="zh"
# 第二，设 `subwords=True`，可以由词的拼写预测它的向量（见[新词的向量](../new-words.md)，英文）。
#
# ## “GloVe 不能从更多的文本学习”
#
# 第三，`update` 统计新文本，把新计数加到旧计数上，然后继续训练。新词得到自己的一行：

# %%
before = len(model.vocabulary)
model.update([sentence(first_sense, [new_word]) for _ in range(100)])
print(before, "->", len(model.vocabulary))
assert new_word in model.vectors

# %% [markdown] lang="en"
# On 17 million words of English Wikipedia, training on one half and then `update` with the other half answers 49.2 % of the analogies; training on all of the text at once answers 48.1 % (`benches/RESULTS.md`, section "More text").
#
# ## When to choose a contextual model
#
# Contextual models such as BERT compute a new vector for each occurrence of a word, from the whole sentence. Choose one if
#
# - the sense of a word in its sentence matters: disambiguation, translation, question answering, extraction of names and relations;
# - order and negation matter: classification of sentences, sentiment, search by sentences;
# - a pretrained model for your language and domain exists, and you have the computing time for it.
#
# Choose GloVe if
#
# - you want to study *your own* text: which words belong together in a corpus, a period, or a group of speakers;
# - each number must be explained: the vectors come from counts that you can look at;
# - text or machine are small: a model of 17 million words is trained in less than a minute on two cores;
# - you need a fixed vector for each word: features for a simple classifier, a thesaurus, a map of words.
#
# This is the end of the series. The [list of pages](../../README.md) leads on.

# %% [markdown] lang="zh"
# 在英文维基百科的 1700 万词上，先用一半训练、再用另一半 `update`，类比答对 49.2 %；一次用全部文本训练，答对 48.1 %（`benches/RESULTS.md` 的 “More text” 一节）。
#
# ## 什么时候选择上下文模型
#
# BERT 这样的上下文模型，根据整个句子为词的每一次出现计算一个新的向量。以下情况请选择上下文模型：
#
# - 词在句子里的义项很重要：词义消歧、翻译、问答、抽取名称和关系；
# - 词序和否定很重要：句子分类、情感分析、按句子检索；
# - 你的语言和领域有预训练模型，而且有足够的计算时间。
#
# 以下情况请选择 GloVe：
#
# - 你要研究**自己的**文本：在一个语料库、一个时期或一个人群里，哪些词在一起；
# - 每个数都要能解释：向量来自看得见的计数；
# - 文本或机器很小：1700 万词的模型，在两个核上不到一分钟就能训练完；
# - 需要每个词有一个固定的向量：简单分类器的特征、同义词表、词的地图。
#
# 本系列到此结束。更多内容见[页面列表](../../README.md)（英文）。
