//! Draws items with given weights in constant time: the alias method (Walker 1977; Vose 1991). Each
//! draw takes one random number.

use rand::Rng;

/// Items 0, 1, … with given weights.
#[derive(Debug)]
pub(super) struct WeightedChoice {
    slots: Vec<Slot>,
}

/// There is a slot for each item. All slots are equally likely. A drawn slot gives either its own
/// item or one other item.
#[derive(Debug, Clone, Copy)]
struct Slot {
    // The probability that the slot gives its own item, times 2^32.
    own: u32,
    other: u32,
}

impl WeightedChoice {
    /// A choice of items with these weights, which are not negative. `None` if the sum of the weights
    /// is 0 or NaN.
    pub fn new(weights: &[f64]) -> Option<Self> {
        let sum: f64 = weights.iter().sum();
        if sum.is_nan() || sum <= 0.0 {
            return None;
        }
        let mut scaled: Vec<f64> = weights
            .iter()
            .map(|weight| weight / sum * weights.len() as f64)
            .collect();
        let mut slots: Vec<Slot> = (0..weights.len() as u32)
            .map(|item| Slot {
                own: u32::MAX,
                other: item,
            })
            .collect();
        let (mut small, mut large): (Vec<usize>, Vec<usize>) =
            (0..scaled.len()).partition(|&item| scaled[item] < 1.0);
        // A slot has room for the mean weight. An item of less weight fills only a part of its slot; an item of more
        // weight gets the other part.
        while let (Some(item), Some(&other)) = (small.pop(), large.last()) {
            slots[item] = Slot {
                own: (scaled[item] * 2.0_f64.powi(32)) as u32,
                other: other as u32,
            };
            scaled[other] -= 1.0 - scaled[item];
            if scaled[other] < 1.0 {
                large.pop();
                small.push(other);
            }
        }
        Some(Self { slots })
    }

    /// Draw an item.
    #[inline(always)]
    pub fn draw(&self, rng: &mut impl Rng) -> usize {
        let random = rng.next_u64();
        let item = (((random >> 32) * self.slots.len() as u64) >> 32) as usize;
        let slot = self.slots[item];
        // No branch: the processor could not predict it.
        [slot.other as usize, item][usize::from((random as u32) < slot.own)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_xoshiro::Xoshiro256PlusPlus;

    #[test]
    fn items_are_drawn_as_often_as_their_weights_say() {
        let weights: Vec<f64> = (0..50)
            .map(|k| f64::from(k % 7) * 1.7_f64.powi(k % 5))
            .collect();
        let choice = WeightedChoice::new(&weights).unwrap();
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(3);
        let mut drawn = vec![0_u32; weights.len()];
        let draws = 400_000;
        for _ in 0..draws {
            drawn[choice.draw(&mut rng)] += 1;
        }
        let sum: f64 = weights.iter().sum();
        for (&weight, &drawn) in weights.iter().zip(&drawn) {
            let expected = weight / sum * f64::from(draws);
            // Six standard deviations.
            assert!((f64::from(drawn) - expected).abs() <= 6.0 * expected.sqrt());
        }
    }

    #[test]
    fn without_a_weight_there_is_nothing_to_draw() {
        assert!(WeightedChoice::new(&[]).is_none());
        assert!(WeightedChoice::new(&[0.0; 3]).is_none());
        let only = WeightedChoice::new(&[0.0, 2.0, 0.0]).unwrap();
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(3);
        assert!((0..99).all(|_| only.draw(&mut rng) == 1));
    }
}
