//! The training kernel: dot product and update of a record in one function, for each instruction set.
//!
//! The kernel has the only unsafe code of the crate. Hogwild threads update shared rows without locks (Niu et al.
//! 2011), so the rows of W and W̃ are reached by raw pointers, and no `&mut` to a shared row exists.
//!
//! All updates go through [`SharedRows::update`]: it checks bounds and instructions, then calls the loops
//! compiled for one instruction set. To add an instruction set, implement the traits of `vector.rs` in a file
//! of its own, add it to [`SimdLevel`], and call its loops in `dispatch.rs`; the tests below then
//! compare it with a naive update. A [`Record`] holds 16-bit indices, so one call reaches at most the first
//! 65,536 rows of each side.

#[cfg(target_arch = "aarch64")]
mod aarch64;
mod call;
mod componentwise;
mod cost;
mod dispatch;
mod minibatch;
mod portable;
mod record;
mod records;
mod rowwise;
mod shared_rows;
mod simd_level;
mod step_rule;
mod vector;
#[cfg(target_arch = "x86_64")]
mod x86;

pub use record::Record;
pub use shared_rows::SharedRows;
pub use simd_level::SimdLevel;
pub use step_rule::StepRule;
pub(super) use vector::RECORDS_AT_ONCE;

#[cfg(test)]
mod tests {
    use super::step_rule::weights;
    use super::*;
    use crate::training::line::Line;
    use crate::training::optimizer::Optimizer;
    use crate::training::{Exported, Parameters, RowLayout, TrainingOptions, train_in_order};
    use proptest::prelude::*;

    fn exported(words: usize, dim: usize, numbers: &mut impl Iterator<Item = f32>) -> Exported {
        let mut take = |n: usize| -> Vec<f32> { numbers.take(n).collect() };
        Exported {
            w: take(words * dim),
            w_tilde: take(words * dim),
            b: take(words),
            b_tilde: take(words),
        }
    }

    fn assert_close(a: &Exported, b: &Exported, what: &str) {
        for (a, b) in [
            (&a.w, &b.w),
            (&a.w_tilde, &b.w_tilde),
            (&a.b, &b.b),
            (&a.b_tilde, &b.b_tilde),
        ] {
            for (a, b) in a.iter().zip(b) {
                assert!(
                    (a - b).abs() <= 1e-3 * (1.0 + b.abs()),
                    "{what}: {a} and {b}"
                );
            }
        }
    }

    /// Numbers from -0.5 to 0.5.
    fn random_numbers(seed: u32) -> impl Iterator<Item = f32> {
        let mut state = u64::from(seed);
        std::iter::repeat_with(move || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 40) as f32 / (1 << 24) as f32 - 0.5
        })
    }

    /// Updates by one record after the other, in f64, with the formulas of docs/architecture.md, "The model". Returns
    /// the new values, the new accumulators and the loss.
    fn naive(
        [values, sums]: [&Exported; 2],
        dim: usize,
        records: &[(u32, u32, f64)],
        options: &TrainingOptions,
        negative_weight: Option<f32>,
    ) -> ([Exported; 2], f64) {
        let wide = |x: &Vec<f32>| x.iter().map(|&x| f64::from(x)).collect::<Vec<_>>();
        let all = |e: &Exported| [&e.w, &e.w_tilde, &e.b, &e.b_tilde].map(wide);
        let [mut w, mut c, mut b, mut b_tilde] = all(values);
        let [mut g_w, mut g_c, mut g_b, mut g_b_tilde] = all(sums);
        let adagrad = options.optimizer != Optimizer::Sgd;
        let rowwise = options.optimizer == Optimizer::RowwiseAdaGrad;
        let step = |x: &mut f64, sum: &mut f64, g: f64| {
            if adagrad {
                *x -= g / sum.sqrt();
                *sum += g * g;
            } else {
                *x -= g;
            }
        };
        let (eta, clip) = (options.learning_rate, options.grad_clip);
        let bias_eta = if adagrad {
            options.bias_learning_rate
        } else {
            eta
        };
        let mut cost = 0.0;
        for &(i, j, x) in records {
            let (i, j) = (i as usize, j as usize);
            let product: f64 = (0..dim).map(|k| w[i * dim + k] * c[j * dim + k]).sum();
            let diff = product + b[i] + b_tilde[j] - x.ln();
            let f = match negative_weight {
                Some(_) if diff < 0.0 => continue,
                Some(weight) => f64::from(weight),
                None => (x / options.x_max).powf(options.alpha).min(1.0),
            };
            cost += 0.5 * f * diff * diff;
            if rowwise {
                let [w, c] = [&mut w[i * dim..][..dim], &mut c[j * dim..][..dim]];
                let mean = |x: &[f64]| x.iter().map(|x| x * x).sum::<f64>() / dim as f64;
                // η times the gradient, with the root of its mean square limited.
                let gradient = |other: &[f64]| {
                    let rms = (f * diff).abs() * mean(other).sqrt();
                    let limited = eta * (clip / rms).min(1.0);
                    other.iter().map(|x| limited * f * diff * x).collect()
                };
                let [step_w, step_c]: [Vec<f64>; 2] = [gradient(c), gradient(w)];
                for (x, sum, g) in [(w, &mut g_w[i], step_w), (c, &mut g_c[j], step_c)] {
                    x.iter_mut().zip(&g).for_each(|(x, g)| *x -= g / sum.sqrt());
                    *sum += mean(&g);
                }
            } else {
                for (i, j) in (i * dim..(i + 1) * dim).zip(j * dim..) {
                    let (old_w, old_c) = (w[i], c[j]);
                    let g = |other: f64| eta * (f * diff * other).clamp(-clip, clip);
                    step(&mut w[i], &mut g_w[i], g(old_c));
                    step(&mut c[j], &mut g_c[j], g(old_w));
                }
            }
            step(&mut b[i], &mut g_b[i], bias_eta * f * diff);
            step(&mut b_tilde[j], &mut g_b_tilde[j], bias_eta * f * diff);
        }
        let narrow = |[w, w_tilde, b, b_tilde]: [Vec<f64>; 4]| {
            let [w, w_tilde, b, b_tilde] =
                [w, w_tilde, b, b_tilde].map(|x| x.into_iter().map(|x| x as f32).collect());
            Exported {
                w,
                w_tilde,
                b,
                b_tilde,
            }
        };
        let results = [
            narrow([w, c, b, b_tilde]),
            narrow([g_w, g_c, g_b, g_b_tilde]),
        ];
        (results, cost / records.len() as f64)
    }

    proptest! {
        #[test]
        fn every_instruction_set_does_what_the_naive_update_does(
            dim in prop_oneof![1usize..130, 290usize..305],
            records in proptest::collection::vec((0u32..5, 0u32..5, 0.01f64..300.0), 1..40),
            optimizer in prop_oneof![Just(Optimizer::AdaGrad), Just(Optimizer::RowwiseAdaGrad), Just(Optimizer::Sgd)],
            negative_weight in proptest::option::of(0.05f32..1.0),
            grad_clip in prop_oneof![Just(100.0), Just(0.2)],
            seed in any::<u32>(),
        ) {
            let mut numbers = random_numbers(seed);
            let layout = RowLayout::new(dim, optimizer);
            let values = exported(5, dim, &mut numbers);
            let sums = exported(5, layout.accumulators_per_vector(), &mut numbers.map(|x| 1.5 + x));
            let options = TrainingOptions {
                epochs: 1,
                optimizer,
                learning_rate: 0.01,
                grad_clip,
                ..Default::default()
            };
            let ([expected_values, expected_sums], expected_loss) =
                naive([&values, &sums], dim, &records, &options, negative_weight);
            prop_assert!(SimdLevel::usable().contains(&SimdLevel::Portable));
            for level in SimdLevel::usable() {
                let mut parameters = Parameters::from_exported(5, layout, &values, &sums).unwrap();
                let loss =
                    train_in_order(&mut parameters, &records, &options, negative_weight, level)
                        .unwrap()[0];
                assert_close(&parameters.values(), &expected_values, level.name());
                assert_close(&parameters.accumulators(), &expected_sums, level.name());
                prop_assert!((loss - expected_loss).abs() <= 1e-3 * expected_loss + 1e-6);
            }
        }

        /// A mini-batch changes every parameter and accumulator by the sum of four changes: those that each of its four
        /// records would make alone, from the values before the mini-batch.
        #[test]
        fn a_minibatch_is_the_sum_of_the_steps_of_its_records(
            dim in prop_oneof![1usize..130, 290usize..305],
            ln_x in proptest::array::uniform4(-3.0f32..5.0),
            negative_weight in proptest::option::of(0.05f32..1.0),
            grad_clip in prop_oneof![Just(100.0), Just(0.2)],
            seed in any::<u32>(),
        ) {
            let optimizer = Optimizer::RowwiseAdaGrad;
            let layout = RowLayout::new(dim, optimizer);
            let mut numbers = random_numbers(seed);
            let values = exported(5, dim, &mut numbers);
            let sums = exported(5, 1, &mut numbers.map(|x| 1.5 + x));
            let options = TrainingOptions { epochs: 1, optimizer, grad_clip, ..Default::default() };
            let rule = StepRule { negative_weight, minibatches: true, ..options.rule(0) };
            let contexts = [4, 0, 2, 1];
            let mut expected = [&values, &sums].map(|e| [&e.w, &e.w_tilde, &e.b, &e.b_tilde].map(Clone::clone));
            for (j, ln_x) in contexts.into_iter().zip(ln_x) {
                let record = (3, j, f64::from(ln_x).exp());
                let (after, _) = naive([&values, &sums], dim, &[record], &options, negative_weight);
                for ((to, after), before) in expected.iter_mut().zip(&after).zip([&values, &sums]) {
                    let after = [&after.w, &after.w_tilde, &after.b, &after.b_tilde];
                    let before = [&before.w, &before.w_tilde, &before.b, &before.b_tilde];
                    for ((to, after), before) in to.iter_mut().zip(after).zip(before) {
                        for ((to, after), before) in to.iter_mut().zip(after).zip(before) {
                            *to += after - before;
                        }
                    }
                }
            }
            let [expected_values, expected_sums] =
                expected.map(|[w, w_tilde, b, b_tilde]| Exported { w, w_tilde, b, b_tilde });
            let records: Vec<Record> = contexts
                .into_iter()
                .zip(ln_x)
                .map(|(j, ln_x)| Record { i: 3, j: j as u16, ln_x })
                .collect();
            for level in SimdLevel::usable() {
                let mut parameters = Parameters::from_exported(5, layout, &values, &sums).unwrap();
                parameters.rows().update(&records, &rule, level);
                assert_close(&parameters.values(), &expected_values, level.name());
                assert_close(&parameters.accumulators(), &expected_sums, level.name());
            }
        }

        #[test]
        fn frozen_contexts_keep_their_bits_and_words_move_as_if_contexts_were_restored_after_each_record(
            dim in prop_oneof![1usize..130, 290usize..305],
            records in proptest::collection::vec((0u16..5, 0u16..5, -3.0f32..5.0), 1..60),
            optimizer in prop_oneof![Just(Optimizer::AdaGrad), Just(Optimizer::RowwiseAdaGrad), Just(Optimizer::Sgd)],
            negative_weight in proptest::option::of(0.05f32..1.0),
            (minibatches, mirrored) in any::<(bool, bool)>(),
            seed in any::<u32>(),
        ) {
            let layout = RowLayout::new(dim, optimizer);
            let mut numbers = random_numbers(seed);
            let values = exported(5, dim, &mut numbers);
            let sums = exported(5, layout.accumulators_per_vector(), &mut numbers.map(|x| 1.5 + x));
            let options = TrainingOptions {
                optimizer,
                learning_rate: 0.01,
                frozen_contexts: true,
                ..Default::default()
            };
            let rule = StepRule { negative_weight, minibatches, ..options.rule(0) };
            let mut records: Vec<Record> =
                records.into_iter().map(|(i, j, ln_x)| Record { i, j, ln_x }).collect();
            // The kernel looks for mini-batches only at multiples of four records. These four records at the start
            // are a mini-batch.
            for j in 0..4 {
                records.insert(j, Record { i: 2, j: j as u16, ln_x: 1.0 });
            }
            // The naive update, with the contexts restored after each record.
            let mut expected = (values.clone(), sums.clone());
            for record in &records {
                let (i, j) = if mirrored { (record.j, record.i) } else { (record.i, record.j) };
                let record = (u32::from(i), u32::from(j), f64::from(record.ln_x).exp());
                let ([new, new_sums], _) =
                    naive([&expected.0, &expected.1], dim, &[record], &options, negative_weight);
                expected.0 = Exported { w: new.w, b: new.b, ..values.clone() };
                expected.1 = Exported { w: new_sums.w, b: new_sums.b, ..sums.clone() };
            }
            for level in SimdLevel::usable() {
                let mut parameters = Parameters::from_exported(5, layout, &values, &sums).unwrap();
                let rows = parameters.rows();
                let rows = if mirrored { rows.mirrored() } else { rows };
                rows.update(&records, &rule, level);
                let (new, new_sums) = (parameters.values(), parameters.accumulators());
                prop_assert_eq!((&new.w_tilde, &new.b_tilde), (&values.w_tilde, &values.b_tilde));
                if optimizer != Optimizer::Sgd {
                    prop_assert_eq!((&new_sums.w_tilde, &new_sums.b_tilde), (&sums.w_tilde, &sums.b_tilde));
                }
                if minibatches && optimizer == Optimizer::RowwiseAdaGrad {
                    prop_assert!(new.w != values.w || negative_weight.is_some());
                } else {
                    assert_close(&new, &expected.0, level.name());
                }
            }
        }

        #[test]
        fn the_stored_squares_are_those_of_the_vectors(
            dim in prop_oneof![1usize..130, 290usize..305],
            records in proptest::collection::vec((0u16..5, 0u16..5, -3.0f32..5.0), 1..200),
            seed in any::<u32>(),
        ) {
            let optimizer = Optimizer::RowwiseAdaGrad;
            let layout = RowLayout::new(dim, optimizer);
            let mut records: Vec<Record> =
                records.into_iter().map(|(i, j, ln_x)| Record { i, j, ln_x }).collect();
            records.extend((0..4).map(|j| Record { i: 2, j, ln_x: 1.0 }));
            // The kernel looks for mini-batches only at multiples of four records. So the four records of word 2
            // move to the start.
            records.rotate_right(4);
            let rule = StepRule { minibatches: true, ..TrainingOptions { optimizer, ..Default::default() }.rule(0) };
            for level in SimdLevel::usable() {
                let mut parameters = Parameters::random(5, layout, u64::from(seed), &crate::Monitor::new()).unwrap();
                parameters.rows().update(&records, &rule, level);
                for contexts in [false, true] {
                    let rows: Vec<Line> = bytemuck::cast_slice(parameters.rows_of(contexts)).to_vec();
                    for row in rows.chunks(layout.lines()) {
                        let mut fresh = row.to_vec();
                        layout.set_square(&mut fresh);
                        let (line, lane) = layout.square();
                        let [stored, exact] = [row, &fresh].map(|row| row[line].0[lane]);
                        prop_assert!(exact > 0.0);
                        prop_assert!((stored - exact).abs() <= 1e-4 * (1.0 + exact), "{stored} {exact}");
                    }
                }
            }
        }

        #[test]
        fn weights_are_those_of_the_paper(
            ln_x in proptest::array::uniform16(-700.0f32..700.0), alpha in 0.0f32..3.0, x_max in 0.01f64..1e4,
        ) {
            let rule = StepRule {
                optimizer: Optimizer::AdaGrad,
                learning_rate: 0.05,
                bias_learning_rate: 1.0,
                grad_clip: 100.0,
                ln_x_max: x_max.ln() as f32,
                alpha,
                negative_weight: None,
                minibatches: false,
                frozen_contexts: false,
            };
            for (f, ln_x) in weights(&ln_x, &rule).into_iter().zip(ln_x) {
                let exponent = f64::from(alpha) * (f64::from(ln_x) - f64::from(rule.ln_x_max));
                let exact = exponent.min(0.0).exp();
                // The kernel computes the exponent in 32 bits, so its rounding error grows with its size.
                let bound = 1e-6 + 2e-7 * exponent.abs();
                prop_assert!((f64::from(f) - exact).abs() <= bound * exact + 2e-38, "{f} {exact}");
            }
        }
    }

    #[test]
    fn a_mirrored_record_changes_the_same_rows_in_the_same_way() {
        let monitor = crate::Monitor::new();
        let records: Vec<Record> = (0..40)
            .map(|k| Record {
                i: k % 7,
                j: k % 5,
                ln_x: f32::from(k) / 9.0 - 1.0,
            })
            .collect();
        let swapped: Vec<Record> = records
            .iter()
            .map(|&Record { i, j, ln_x }| Record { i: j, j: i, ln_x })
            .collect();
        for optimizer in [
            Optimizer::AdaGrad,
            Optimizer::RowwiseAdaGrad,
            Optimizer::Sgd,
        ] {
            let layout = RowLayout::new(20, optimizer);
            let rule = StepRule {
                optimizer,
                learning_rate: 0.05,
                bias_learning_rate: 0.3,
                grad_clip: 0.1,
                ln_x_max: 2.0,
                alpha: 0.75,
                negative_weight: None,
                minibatches: false,
                frozen_contexts: false,
            };
            for level in SimdLevel::usable() {
                let mut direct = Parameters::random(9, layout, 0, &monitor).unwrap();
                let mut mirrored = Parameters::random(9, layout, 0, &monitor).unwrap();
                let cost = direct
                    .rows()
                    .starting_at([2, 1])
                    .update(&records, &rule, level);
                let rows = mirrored.rows().starting_at([2, 1]).mirrored();
                assert_eq!(rows.update(&swapped, &rule, level), cost);
                assert_eq!(mirrored, direct, "{}", level.name());
            }
        }
    }

    fn constant(width: usize, x: f32) -> Exported {
        Exported {
            w: vec![x; 2 * width],
            w_tilde: vec![x; 2 * width],
            b: vec![x; 2],
            b_tilde: vec![x; 2],
        }
    }

    #[test]
    fn a_record_whose_residual_is_not_finite_is_left_out_and_counted() {
        for optimizer in [Optimizer::AdaGrad, Optimizer::RowwiseAdaGrad] {
            let layout = RowLayout::new(3, optimizer);
            let mut values = constant(3, 0.5);
            values.w[0] = f32::INFINITY;
            let ones = constant(layout.accumulators_per_vector(), 1.0);
            let mut parameters = Parameters::from_exported(2, layout, &values, &ones).unwrap();
            let rule = StepRule {
                optimizer,
                learning_rate: 0.05,
                bias_learning_rate: 1.0,
                grad_clip: 100.0,
                ln_x_max: 0.0,
                alpha: 0.75,
                negative_weight: None,
                minibatches: false,
                frozen_contexts: false,
            };
            let record = Record {
                i: 0,
                j: 1,
                ln_x: 0.0,
            };
            for level in SimdLevel::usable() {
                let cost = parameters.rows().update(&[record], &rule, level);
                assert_eq!((cost.skipped, cost.sum), (1, 0.0));
            }
            assert_eq!(parameters.values(), values);
            assert_eq!(parameters.accumulators(), ones);
        }
    }

    /// With a very large `grad_clip`, accumulators can overflow.
    #[test]
    fn parameters_whose_accumulators_are_infinite_do_not_change() {
        for optimizer in [Optimizer::AdaGrad, Optimizer::RowwiseAdaGrad] {
            let layout = RowLayout::new(30, optimizer);
            let values = constant(30, 0.5);
            let options = TrainingOptions {
                epochs: 1,
                optimizer,
                ..Default::default()
            };
            for level in SimdLevel::usable() {
                for sum in [f32::INFINITY, f32::MAX] {
                    let sums = constant(layout.accumulators_per_vector(), sum);
                    let mut parameters =
                        Parameters::from_exported(2, layout, &values, &sums).unwrap();
                    train_in_order(&mut parameters, &[(0, 1, 5.0)], &options, None, level).unwrap();
                    assert_eq!(parameters.values(), values, "{}", level.name());
                }
            }
        }
    }
}
