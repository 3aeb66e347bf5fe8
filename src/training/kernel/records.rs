//! The loop over records: written once for every [`Vector`] and every step rule.

use super::call::{KernelCall, RowUpdate, Tally};
use super::componentwise::Componentwise;
use super::rowwise::{NONE, Rowwise};
use super::step_rule::weights;
use super::vector::{TOGETHER, Vector};
use super::{Cost, Record};
use crate::training::line::LINE;
use crate::training::optimizer::Optimizer;

/// Update the rows of all records, in order. The common dims have loops of their own, which the
/// compiler unrolls.
///
/// # Safety
/// The contract of [`super::call`].
#[inline(always)]
pub(super) unsafe fn update_all<V: Vector>(call: &KernelCall) -> Cost {
    // SAFETY: the caller keeps the contract.
    unsafe {
        match (call.rule.optimizer, call.layout.value_lines()) {
            // Dims 47 to 62, 95 to 110 and 287 to 302; row-wise, two less.
            (Optimizer::AdaGrad, 4) => update_rows::<V, Componentwise<V, 4, true>>(call),
            (Optimizer::AdaGrad, 7) => update_rows::<V, Componentwise<V, 7, true>>(call),
            (Optimizer::AdaGrad, 19) => update_rows::<V, Componentwise<V, 19, true>>(call),
            (Optimizer::AdaGrad, _) => update_rows::<V, Componentwise<V, 0, true>>(call),
            (Optimizer::RowwiseAdaGrad, 4) => update_rowwise::<V, 4>(call),
            (Optimizer::RowwiseAdaGrad, 7) => update_rowwise::<V, 7>(call),
            (Optimizer::RowwiseAdaGrad, 19) => update_rowwise::<V, 19>(call),
            (Optimizer::RowwiseAdaGrad, _) => update_rowwise::<V, 0>(call),
            (Optimizer::Sgd, _) => update_rows::<V, Componentwise<V, 0, false>>(call),
        }
    }
}

/// [`update_all`] for row-wise AdaGrad. Each frozen side has a loop of its own, which never writes
/// its rows.
///
/// # Safety
/// As for [`update_all`].
#[inline(always)]
unsafe fn update_rowwise<V: Vector, const N: usize>(call: &KernelCall) -> Cost {
    // SAFETY: the caller keeps the contract.
    unsafe {
        match call.frozen_side {
            Some(0) => update_rows::<V, Rowwise<V, N, 0>>(call),
            Some(_) => update_rows::<V, Rowwise<V, N, 1>>(call),
            None => update_rows::<V, Rowwise<V, N, NONE>>(call),
        }
    }
}

/// Bytes of rows to prefetch ahead of their use: enough to hide the latency of the second-level cache,
/// and a small part of the first-level cache. Measured on Wikipedia (benches/EXPERIMENTS.md, "Prefetch distance").
const PREFETCH_BYTES: usize = 10 << 10;

/// Whether no two of the records share a word or a context word, so that updating them at once has
/// the result of updating them in order.
///
/// `||`, not `|`: the compiler vectorises `|`, and the vector units are the bottleneck here.
#[inline(always)]
fn are_apart(records: &[Record; TOGETHER]) -> bool {
    let [a, b, c, d] = records;
    let meet = |a: &Record, b: &Record| a.i == b.i || a.j == b.j;
    !(meet(a, b) || meet(a, c) || meet(a, d) || meet(b, c) || meet(b, d) || meet(c, d))
}

/// Whether the records are of one word and of four context words, so that they are a mini-batch.
#[inline(always)]
fn are_of_one_word(records: &[Record; TOGETHER]) -> bool {
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
    // A record needs one row of each side.
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
        for (k, records) in sixteen.chunks(TOGETHER).enumerate() {
            let k = k * TOGETHER;
            let next = number * LINE + k + ahead;
            let f = &f[k..];
            // SAFETY: the caller keeps the contract.
            unsafe {
                if let (Some(records), Some(f)) = (records.first_chunk(), f.first_chunk()) {
                    if are_apart(records) {
                        updates.update::<TOGETHER>(records, f, next, &mut tally);
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
