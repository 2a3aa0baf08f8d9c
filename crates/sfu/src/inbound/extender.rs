//! Extends 16-bit sequence numbers, so that nobody else has to think of their wrapping.

/// Where the numbers begin, so that packets from before the first one have room below it.
const START: u64 = 1 << 16;

/// Extends the sequence numbers of one stream, or of one connection.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Extender {
    newest: Option<u64>,
}

impl Extender {
    /// Returns the number meant by `seq`: of those with these lower 16 bits the one nearest to the newest so far.
    /// The first one is 65536 + `seq`, and none is below 32768. A number half the range away is an old one.
    pub(crate) fn extend(&mut self, seq: u16) -> u64 {
        let Some(newest) = self.newest else {
            let first = START + u64::from(seq);
            self.newest = Some(first);
            return first;
        };
        let ahead = seq.wrapping_sub(newest as u16) as i16;
        let extended = newest.saturating_add_signed(i64::from(ahead));
        self.newest = Some(newest.max(extended));
        extended
    }

    #[cfg(test)]
    /// Returns the highest number so far.
    pub(crate) fn newest(&self) -> Option<u64> {
        self.newest
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn numbers_are_followed_through_loss_and_reordering(
            first: u16, steps in prop::collection::vec((0u64..20_000, 0u64..12_000), 1..200),
        ) {
            let mut extender = Extender::default();
            let mut newest = START + u64::from(first);
            prop_assert_eq!(extender.extend(first), newest);
            for (ahead, behind) in steps {
                newest += ahead;
                let seq = newest.saturating_sub(behind);
                prop_assert_eq!(extender.extend(newest as u16), newest);
                prop_assert_eq!(extender.extend(seq as u16), seq);
                prop_assert_eq!(extender.newest(), Some(newest));
            }
        }

        #[test]
        fn any_numbers_keep_their_lower_bits(seqs: Vec<u16>) {
            let mut extender = Extender::default();
            for seq in seqs {
                let extended = extender.extend(seq);
                prop_assert_eq!(extended as u16, seq);
                prop_assert!(extended >= START / 2);
                prop_assert!(extender.newest().unwrap() - extended <= START / 2);
            }
        }
    }

    #[test]
    fn packet_from_before_the_first_one_has_a_number() {
        let mut extender = Extender::default();
        assert_eq!(extender.extend(0), 65536);
        assert_eq!(extender.extend(65535), 65535);
        assert_eq!(extender.extend(1), 65537);
    }
}
