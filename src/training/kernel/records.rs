//! The loop over records: written once for every [`Vector`] and every step rule.

use super::call::{KernelCall, RowUpdate, Tally};
use super::componentwise::Componentwise;
use super::cost::Cost;
use super::record::Record;
use super::rowwise::Rowwise;
use super::step_rule::weights;
use super::vector::{RECORDS_AT_ONCE, Vector};
use crate::training::line::LINE;
use crate::training::optimizer::Optimizer::{AdaGrad, RowwiseAdaGrad, Sgd};

/// The parameter `FROZEN` of the loops is the number of the side whose rows are read but never written, 0 or 1. It is
/// `NONE` if there is no such side. Loops for AdaGrad and SGD always have `NONE`, because there the learning rates of a
/// frozen side are 0.
pub(super) const NONE: usize = 2;

/// Update the rows of all records, in order, but not the rows of side `FROZEN`. Only row-wise AdaGrad has loops for a
/// frozen side. With both kinds of AdaGrad, the common dims have loops of their own,
/// which the compiler unrolls.
///
/// # Safety
/// The contract of [`super::call`].
#[inline(always)]
pub(super) unsafe fn update_all<V: Vector, const FROZEN: usize>(call: &KernelCall) -> Cost {
    let half_lines = call.layout.half_lines();
    // SAFETY: the caller keeps the contract. The last register is `V::Half` if and only if the number of half lines is odd.
    unsafe {
        match (
            call.rule.optimizer,
            half_lines,
            half_lines.is_multiple_of(2),
        ) {
            // 7, 13 and 38 half lines are those of dims 47 to 54, 95 to 102 and 295 to 302. For row-wise AdaGrad, each
            // of these bounds is smaller by two.
            (RowwiseAdaGrad, 7, _) => update_rows::<V, Rowwise<V, V::Half, 7, FROZEN>>(call),
            (RowwiseAdaGrad, 13, _) => update_rows::<V, Rowwise<V, V::Half, 13, FROZEN>>(call),
            (RowwiseAdaGrad, 38, _) => update_rows::<V, Rowwise<V, V, 38, FROZEN>>(call),
            (RowwiseAdaGrad, _, true) => update_rows::<V, Rowwise<V, V, 0, FROZEN>>(call),
            (RowwiseAdaGrad, _, false) => update_rows::<V, Rowwise<V, V::Half, 0, FROZEN>>(call),
            _ if FROZEN != NONE => unreachable!("a frozen side without row-wise AdaGrad"),
            (AdaGrad, 7, _) => update_rows::<V, Componentwise<V, V::Half, 7, true>>(call),
            (AdaGrad, 13, _) => update_rows::<V, Componentwise<V, V::Half, 13, true>>(call),
            (AdaGrad, 38, _) => update_rows::<V, Componentwise<V, V, 38, true>>(call),
            (AdaGrad, _, true) => update_rows::<V, Componentwise<V, V, 0, true>>(call),
            (AdaGrad, _, false) => update_rows::<V, Componentwise<V, V::Half, 0, true>>(call),
            (Sgd, _, true) => update_rows::<V, Componentwise<V, V, 0, false>>(call),
            (Sgd, _, false) => update_rows::<V, Componentwise<V, V::Half, 0, false>>(call),
        }
    }
}

/// Bytes of rows to prefetch ahead of their use: enough to hide the latency of the second-level cache,
/// and at most a third of a first-level cache of 32 KiB. Measured on Wikipedia (benches/EXPERIMENTS.md, "Prefetch
/// distance").
const PREFETCH_BYTES: usize = 10 << 10;

/// Whether no two of the records share a word or a context word, so that updating them at once has
/// the result of updating them in order.
///
/// `||`, not `|`: the compiler vectorises `|`, and the vector units are the bottleneck here.
#[inline(always)]
fn are_apart(records: &[Record; RECORDS_AT_ONCE]) -> bool {
    let [a, b, c, d] = records;
    let meet = |a: &Record, b: &Record| a.i == b.i || a.j == b.j;
    !(meet(a, b) || meet(a, c) || meet(a, d) || meet(b, c) || meet(b, d) || meet(c, d))
}

/// Whether the records have one `i` and four different `j`, so that they are a mini-batch.
#[inline(always)]
fn are_of_one_word(records: &[Record; RECORDS_AT_ONCE]) -> bool {
    let [a, b, c, d] = records.map(|record| record.i);
    let [e, f, g, h] = records.map(|record| record.j);
    let same_word = a == b && a == c && a == d;
    same_word && e != f && e != g && e != h && f != g && f != h && g != h
}

/// [`update_all`] for one step rule.
///
/// # Safety
/// As for [`update_all`].
#[inline(always)]
unsafe fn update_rows<'a, V: Vector, U: RowUpdate<'a, V>>(call: &'a KernelCall<'a>) -> Cost {
    let rule = call.rule;
    let updates = U::new(call);
    let mut tally = Tally::default();
    // The number of records to prefetch ahead. A record needs one row of each side.
    let ahead = (PREFETCH_BYTES / (2 * call.layout.bytes())).clamp(2, LINE);
    for (number, sixteen) in call.records.chunks(LINE).enumerate() {
        // An array of sixteen records has a constant length, so that the compiler can separate their fields
        // in registers.
        let ln_x = match sixteen.first_chunk::<LINE>() {
            Some(all) => all.map(|record| record.ln_x),
            None => std::array::from_fn(|k| sixteen.get(k).map_or(0.0, |record| record.ln_x)),
        };
        let f = rule
            .negative_weight
            .map_or_else(|| weights(&ln_x, rule), |weight| [weight; LINE]);
        for (k, records) in sixteen.chunks(RECORDS_AT_ONCE).enumerate() {
            let k = k * RECORDS_AT_ONCE;
            let next = number * LINE + k + ahead;
            let f = &f[k..];
            // SAFETY: the caller keeps the contract.
            unsafe {
                if let (Some(records), Some(f)) = (records.first_chunk(), f.first_chunk()) {
                    if are_apart(records) {
                        updates.update::<RECORDS_AT_ONCE>(records, f, next, &mut tally);
                        continue;
                    }
                    if rule.minibatches
                        && are_of_one_word(records)
                        && updates.try_minibatch(records, f, next, &mut tally)
                    {
                        continue;
                    }
                }
                for (k, (record, f)) in records.iter().zip(f).enumerate() {
                    updates.update::<1>(&[*record], &[*f], next + k, &mut tally);
                }
            }
        }
    }
    Cost {
        sum: 0.5 * tally.sums.iter().sum::<f64>(),
        skipped: tally.skipped,
    }
}
