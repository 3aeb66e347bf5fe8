//! Extrapolates the numbers of words and records from a sample to the whole text.

/// A number that is not known exactly.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// The number is rarely lower than this.
    pub low: f64,
    /// The most likely value.
    pub likely: f64,
    /// The number is rarely higher than this.
    pub high: f64,
}

impl Bounds {
    fn exact(value: f64) -> Self {
        Self {
            low: value,
            likely: value,
            high: value,
        }
    }

    /// The bounds, widened: `error` is subtracted from the logarithm of `low` and added to the logarithm of `high`.
    /// `low` does not fall below the smaller one of `least` and `likely`.
    fn widened(self, error: f64, least: f64) -> Self {
        Self {
            low: (self.low * (-error).exp()).max(least.min(self.likely)),
            likely: self.likely,
            high: self.high * error.exp(),
        }
    }
}

/// The slope d ln(records)/d ln(text) falls towards a limit: the slope d ln(words)/d ln(text) plus `BEYOND_WORDS`. The
/// reason is that in a long text new records are mostly those of new words. When the text grows by the factor
/// e^(1/DECAY), the distance from the limit shrinks by the factor e. Both constants were fitted to samples of English,
/// Korean and Chinese Wikipedia (benches/EXPERIMENTS.md, "Prediction of vocabulary and records").
const DECAY: f64 = 0.25;
const BEYOND_WORDS: f64 = 0.07;

/// Words come in clumps. Consider the part of a text that has as many different words as the whole
/// text has words with at least `min_count` occurrences (see [`Spectrum::words`]). The logarithm of the length of this
/// part lies between two values: the value if words come in clumps as in the sample, which is position 0, and the value
/// if words occur independently of each other, which is position 1. This constant is the position that is assumed. 0.4
/// fits samples of English and Korean Wikipedia whose text was 9 to 149 times as long as the sample
/// (benches/EXPERIMENTS.md, "Prediction of vocabulary and records").
const INDEPENDENT: f64 = 0.4;
/// The error of the logarithm of an extrapolated number is a + b ln(f), where \[a, b\] is the constant of this kind of
/// number (tokens, words or records) and f is the factor by which the curve of the sample is extrapolated
/// (benches/EXPERIMENTS.md, "Prediction of vocabulary and records").
const TOKENS_ERROR: [f64; 2] = [0.02, 0.0];
const WORDS_ERROR: [f64; 2] = [0.03, 0.1];
const RECORDS_ERROR: [f64; 2] = [0.03, 0.06];
/// If the sample is the beginning of the text, this constant times ln(length of the text / length of the sample) is
/// added to the error.
const UNREAD_ERROR: f64 = 0.15;

/// For each count, the number of words of a sample that have this count; and the number of different words in parts of
/// the sample.
pub(super) struct Spectrum {
    // (count, number of words with this count)
    counts: Vec<(u64, f64)>,
    // (ln(length), ln(different words)) of parts of the sample, each twice as long as the one before. The last part
    // is the whole sample, whose length is 1.
    curve: Vec<(f64, f64)>,
    tokens: f64,
    is_beginning: bool,
}

impl Spectrum {
    /// The spectrum of a sample whose words have these `counts`. `different` has, for several lengths of parts of the
    /// sample, the mean number of different words in parts of this length. Each length is twice the length before it,
    /// and the last length is that of the whole sample. `is_beginning`: the sample is the beginning of the text.
    pub fn new(counts: &[u64], different: &[f64], is_beginning: bool) -> Self {
        let mut sorted = counts.to_vec();
        sorted.sort_unstable();
        let counts: Vec<(u64, f64)> = sorted
            .chunk_by(|a, b| a == b)
            .map(|same| (same[0], same.len() as f64))
            .collect();
        let curve = different.iter().rev().enumerate();
        let curve = curve.map(|(halvings, n)| (-(halvings as f64) * 2f64.ln(), n.max(1.0).ln()));
        let mut curve: Vec<(f64, f64)> = curve.collect();
        curve.reverse();
        Self {
            tokens: counts.iter().map(|&(count, n)| count as f64 * n).sum(),
            counts,
            curve,
            is_beginning,
        }
    }

    fn at_least(&self, min_count: u64) -> f64 {
        let frequent = self.counts.iter().filter(|(count, _)| *count >= min_count);
        frequent.map(|(_, n)| n).sum()
    }

    /// ln(different words) in a text that is e^`x` times as long as the sample, and the slope d ln(words)/d ln(text)
    /// there (Heaps' law). Beyond the sample the slope goes on falling as it fell within the sample.
    fn heaps(&self, x: f64) -> (f64, f64) {
        let slope_of = |pair: &[(f64, f64)]| {
            ((pair[1].1 - pair[0].1) / (pair[1].0 - pair[0].0)).clamp(0.0, 1.0)
        };
        let pairs: Vec<&[(f64, f64)]> = self.curve.windows(2).collect();
        let (Some(first), Some(last)) = (pairs.first(), pairs.last()) else {
            return (self.curve.last().map_or(0.0, |point| point.1), 0.0);
        };
        if x <= 0.0 {
            let pair = pairs.iter().find(|pair| x <= pair[1].0).unwrap_or(last);
            let pair = if x < first[0].0 { first } else { pair };
            let slope = slope_of(pair);
            return (pair[0].1 + slope * (x - pair[0].0), slope);
        }
        let doubled = 2f64.ln();
        let slope = slope_of(last).max(1e-9);
        let earlier = pairs[pairs.len().saturating_sub(3)];
        let distance = (last[1].0 - earlier[1].0).max(doubled);
        let decay = ((slope_of(earlier) / slope).ln() / distance).max(1e-3);
        // `slope` is the slope of the last doubling of the length within the sample. It belongs to the middle of this
        // doubling, at x = −ln(2)/2.
        let at = |x: f64| slope * (-decay * (x + doubled / 2.0)).exp();
        (last[1].1 + (at(0.0) - at(x)) / decay, at(x))
    }

    /// The x for which a text that is e^x times as long as the sample has e^`words` different words. The result
    /// is at most 0: the text is not longer than the sample.
    fn length_with(&self, words: f64) -> f64 {
        let (mut low, mut high) = (-60.0, 0.0);
        for _ in 0..60 {
            let middle = f64::midpoint(low, high);
            if self.heaps(middle).0 < words {
                low = middle;
            } else {
                high = middle;
            }
        }
        high
    }

    /// The error of the logarithm of an extrapolated number, for a text `scale` times as long as the sample. `errors`
    /// is one of the constants above, such as [`WORDS_ERROR`]. `outside` is the logarithm of the factor by which
    /// the curve that gives the number is extrapolated beyond the sample.
    fn error(&self, scale: f64, outside: f64, errors: [f64; 2]) -> f64 {
        let unread = if self.is_beginning { UNREAD_ERROR } else { 0.0 };
        errors[0] + errors[1] * outside.max(0.0) + unread * scale.ln()
    }

    /// Number of tokens of a text `scale` times as long as the sample.
    pub fn tokens(&self, scale: f64) -> Bounds {
        let tokens = Bounds::exact(self.tokens * scale);
        if is_whole(scale) {
            return tokens;
        }
        tokens.widened(self.error(scale, 0.0, TOKENS_ERROR), self.tokens)
    }

    /// Number of different words in a text `scale` times as long as the sample.
    pub fn different(&self, scale: f64) -> Bounds {
        if is_whole(scale) {
            return Bounds::exact(self.at_least(1));
        }
        let x = scale.ln();
        let words = Bounds::exact(self.heaps(x).0.exp());
        if x < 0.0 {
            return words;
        }
        words.widened(self.error(scale, x, WORDS_ERROR), 0.0)
    }

    /// Number of words that occur at least `min_count` times in a text `scale` times as long as the sample, and the
    /// slope d ln(words)/d ln(text) there.
    ///
    /// Consider the part of a text that has as many different words as the whole text has words with at least
    /// `min_count` occurrences. In a longer text this part is about the same fraction of the text as in the sample. So
    /// the part is often not much longer than the sample, and little has to be extrapolated. If words occurred
    /// independently of each other, the fraction would be larger in a longer text, because the slope is smaller there
    /// (see [`equivalent`]). But words come in clumps: the truth lies between these two cases.
    pub fn words(&self, scale: f64, min_count: u64) -> (Bounds, f64) {
        let now = self.at_least(min_count);
        let part = self.length_with(now.max(1.0).ln());
        if is_whole(scale) {
            return (Bounds::exact(now), self.heaps(part).1);
        }
        let before = equivalent(min_count, self.heaps(part).1);
        let clumped = part + scale.ln();
        let mut independent = clumped;
        for _ in 0..8 {
            let then = equivalent(min_count, self.heaps(independent).1);
            independent = clumped + (then - before).max(0.0);
        }
        let x = clumped + INDEPENDENT * (independent - clumped);
        let [low, likely, high] = [clumped, x, independent].map(|x| self.heaps(x).0.exp());
        let bounds = Bounds { low, likely, high };
        let error = self.error(scale, x, WORDS_ERROR) + 1.0 / now.max(1.0).sqrt();
        (bounds.widened(error, now), self.heaps(x).1)
    }

    /// Number of tokens of the words that occur at least `min_count` times, in a text `scale` times
    /// as long as the sample.
    pub fn kept_tokens(&self, scale: f64, min_count: u64) -> f64 {
        if is_whole(scale) {
            let frequent = self.counts.iter().filter(|(count, _)| *count >= min_count);
            return frequent.map(|&(count, n)| count as f64 * n).sum();
        }
        // Under a power law with slope a, the fraction a Γ(k−a) / (k! Γ(1−a)) of the different words occurs k times.
        let (words, slope) = self.heaps(scale.ln());
        let (mut dropped, mut fraction) = (0.0, slope);
        for k in 1..min_count.min(10_000) {
            dropped += k as f64 * fraction * words.exp();
            fraction *= (k as f64 - slope) / (k as f64 + 1.0);
        }
        (self.tokens * scale - dropped).max(0.0)
    }

    /// Number of records of a text `scale` times as long as the sample. Half of the sample has `before` records, and
    /// the whole sample has `now` records. `words` is the slope d ln(words)/d ln(text) in the long text.
    pub fn records(&self, scale: f64, words: f64, [before, now]: [f64; 2]) -> Bounds {
        if is_whole(scale) {
            return Bounds::exact(now);
        }
        let doubled = 2f64.ln();
        let slope = ((now / before).ln() / doubled).clamp(0.0, 2.0);
        // The slope belongs to the middle of the doubling from half of the sample to the whole sample.
        let (from, to) = (doubled / 2.0, doubled / 2.0 + scale.ln());
        let limit = (words + BEYOND_WORDS).min(slope);
        let area = limit * (to - from)
            + (slope - limit) / DECAY * ((-DECAY * from).exp() - (-DECAY * to).exp());
        let error = self.error(scale, scale.ln(), RECORDS_ERROR);
        Bounds::exact(now * area.exp()).widened(error, now)
    }
}

/// Whether the sample is all of the text.
fn is_whole(scale: f64) -> bool {
    (scale - 1.0).abs() < 1e-9
}

/// The logarithm of the fraction of a text that has as many different words as the whole text has words with at least
/// `min_count` occurrences. It is assumed that words occur independently, and that the number of different words grows
/// as the length of the text to the power a = `slope`. Then the fraction Γ(m−a) / (Γ(m) Γ(1−a)) of the different words
/// occurs m = `min_count` times or more.
fn equivalent(min_count: u64, slope: f64) -> f64 {
    let slope = slope.clamp(0.05, 0.95);
    let mut ln = 0.0;
    for k in 1..min_count.min(100_000) {
        ln += (1.0 - slope / k as f64).ln();
    }
    ln / slope
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};
    use rand_xoshiro::Xoshiro256PlusPlus;

    /// Counts of words with Zipf's probabilities in a text of `tokens` tokens. Words that do not occur are left out.
    fn zipf(tokens: f64, words: usize, exponent: f64) -> Vec<u64> {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
        let weight = |k: usize| (k as f64).powf(-exponent);
        let total: f64 = (1..=words).map(weight).sum();
        let mut poisson = |mean: f64| {
            if mean > 50.0 {
                return mean.round() as u64;
            }
            let (mut count, mut p) = (0, rng.random::<f64>());
            while p > (-mean).exp() {
                p *= rng.random::<f64>();
                count += 1;
            }
            count
        };
        let mut counts: Vec<u64> = (1..=words)
            .map(|k| poisson(tokens * weight(k) / total))
            .collect();
        counts.retain(|&count| count > 0);
        counts
    }

    fn spectrum(counts: &[u64]) -> Spectrum {
        let different = |f: f64| -> f64 {
            let seen = counts
                .iter()
                .map(|&count| 1.0 - (1.0 - f).powf(count as f64));
            seen.sum()
        };
        let parts: Vec<f64> = (0..7).rev().map(|k| different(0.5f64.powi(k))).collect();
        Spectrum::new(counts, &parts, false)
    }

    #[test]
    fn words_are_extrapolated_from_a_twentieth_of_a_zipf_text() {
        for (words, exponent) in [(2_000_000, 1.1), (2_000_000, 1.5)] {
            let sample = spectrum(&zipf(3e5, words, exponent));
            let text = spectrum(&zipf(6e6, words, exponent));
            for min_count in [1, 2, 5, 30] {
                let (found, slope) = sample.words(20.0, min_count);
                let truth = text.at_least(min_count);
                let case = format!("{words} {exponent} {min_count}: {found:?}, truth {truth}");
                // The smaller min_count is, the farther the words are extrapolated.
                let most = if min_count < 5 { 0.4 } else { 0.2 };
                assert!((found.likely / truth).ln().abs() < most, "{case}");
                assert!(found.low < found.likely && found.likely < found.high);
                assert!((0.0..1.0).contains(&slope));
            }
        }
    }

    #[test]
    fn a_sample_that_is_the_text_is_exact() {
        let spectrum = spectrum(&[9, 5, 3, 1, 1]);
        assert_eq!(spectrum.words(1.0, 3).0, Bounds::exact(3.0));
        assert_eq!(spectrum.different(1.0), Bounds::exact(5.0));
        assert_eq!(spectrum.records(1.0, 0.5, [4.0, 7.0]), Bounds::exact(7.0));
        assert!((spectrum.kept_tokens(1.0, 3) - 17.0).abs() < 1e-9);
    }

    #[test]
    fn text_that_was_not_looked_at_widens_the_bounds() {
        let counts = zipf(1e5, 100_000, 1.1);
        let [even, beginning] = [false, true].map(|is_beginning| {
            let spectrum = Spectrum {
                is_beginning,
                ..spectrum(&counts)
            };
            spectrum.words(10.0, 5).0
        });
        assert!(beginning.low < even.low && even.high < beginning.high);
        assert!((beginning.likely - even.likely).abs() < 1e-9);
    }
}
