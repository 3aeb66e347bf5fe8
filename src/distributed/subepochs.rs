//! The subepochs of an epoch, in order. `strata.rs` trains them.

/// The number of cycles of an epoch, if there are several groups. After an even number of cycles, the rows of contexts
/// are on the machines on which they started. With one cycle, the vectors of a training with 4 groups answer fewer
/// analogies (benches/EXPERIMENTS.md, "Cycles of a distributed epoch").
const CYCLES: usize = 2;

/// A subepoch: which batches of the epoch are trained, and in which blocks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Subepoch {
    /// Number of the cycle in the epoch, from 0.
    pub cycle: usize,
    /// Number of cycles of the epoch.
    pub cycles: usize,
    /// The stratum: with P groups, group of words p is trained with group of contexts (p + `shift`) mod P.
    pub shift: usize,
    /// Whether this subepoch is the last one of the epoch.
    pub last: bool,
}

/// The subepochs of an epoch with this number of groups, in order.
pub fn subepochs(groups: usize) -> impl Iterator<Item = Subepoch> {
    in_cycles(groups, if groups == 1 { 1 } else { CYCLES })
}

/// The subepochs of an epoch of `cycles` cycles. Every second cycle has the strata in reverse order. So the last
/// stratum of a cycle is the first of the next cycle, and no context rows move between the two cycles.
pub(super) fn in_cycles(groups: usize, cycles: usize) -> impl Iterator<Item = Subepoch> {
    (0..cycles * groups).map(move |number| {
        let (cycle, step) = (number / groups, number % groups);
        Subepoch {
            cycle,
            cycles,
            shift: if cycle.is_multiple_of(2) {
                step
            } else {
                groups - 1 - step
            },
            last: number + 1 == cycles * groups,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cycle_has_all_strata_and_begins_with_the_last_one_of_the_cycle_before() {
        let order =
            |groups| -> Vec<_> { subepochs(groups).map(|subepoch| subepoch.shift).collect() };
        assert_eq!(order(1), [0]);
        assert_eq!(order(3), [0, 1, 2, 2, 1, 0]);
        let cycles: Vec<_> = subepochs(2)
            .map(|subepoch| (subepoch.cycle, subepoch.last))
            .collect();
        assert_eq!(cycles, [(0, false), (0, false), (1, false), (1, true)]);
    }
}
