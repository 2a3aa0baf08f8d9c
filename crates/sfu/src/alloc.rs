//! Divides a subscriber's bandwidth among its tiles. Pure.
//!
//! Audio is taken off the budget by the caller. Then every tile gets its lowest share before any tile gets
//! a better one, the screen first, then the tallest tiles. A layer with temporal layers comes in two shares: with
//! fewer pictures a second, and whole. So where a layer does not fit, half of its pictures may. The decision is a sequence of steps of which the
//! longest affordable prefix is taken: a step that does not fit ends it, even if a later one would fit, so
//! that more bandwidth never makes any tile worse and an important tile never pays for a lesser one.

use sabha_protocol::{Bitrate, Layer, TileHeight};

/// A step up is taken only if this much more than its cost is free; so an estimate that swings by less
/// does not make a tile change its layer to and fro.
const HYSTERESIS_PERCENT: u64 = 10;

/// What of a publication a tile gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Share {
    pub(crate) layer: Layer,
    pub(crate) pictures: Pictures,
}

/// How many of a layer's pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Pictures {
    /// Those that are left without its upper temporal layers.
    Fewer,
    All,
}

/// What a layer costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rates {
    pub(crate) all: Bitrate,
    /// Without its upper temporal layers; `None` if it has none.
    pub(crate) fewer: Option<Bitrate>,
    /// The fewer pictures are enough for a small tile, and all are more than that.
    pub(crate) fewer_suffice: bool,
}

impl Rates {
    /// Returns the rates of a layer that is all of one piece.
    pub(crate) const fn whole(all: Bitrate) -> Self {
        Self { all, fewer: None, fewer_suffice: false }
    }
}

/// A tile that wants bandwidth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tile {
    /// A shared screen comes before any face.
    pub(crate) is_screen: bool,
    /// Height at which it is shown; taller comes first.
    pub(crate) height: TileHeight,
    /// It is so small that a few pictures a second will do.
    pub(crate) is_small: bool,
    /// What each layer costs, lowest first; `None` where the publication has no such layer.
    pub(crate) rates: [Option<Rates>; 3],
    /// Best layer that the height justifies.
    pub(crate) cap: Layer,
    /// What it has now.
    pub(crate) current: Option<Share>,
}

impl Tile {
    /// Returns the shares it can have, lowest first: those of layers up to the cap, or of the lowest there is.
    fn shares(&self) -> impl Iterator<Item = (Share, Bitrate)> {
        let all = Layer::ALL.into_iter().zip(self.rates);
        let lowest = all.clone().find(|(_, rates)| rates.is_some()).map(|(layer, _)| layer);
        let cap = lowest.map_or(self.cap, |lowest| self.cap.max(lowest));
        all.take_while(move |(layer, _)| *layer <= cap).flat_map(|(layer, rates)| {
            let fewer = rates.and_then(|rates| rates.fewer);
            let whole = rates.filter(|rates| !(self.is_small && rates.fewer_suffice && fewer.is_some()));
            let fewer = fewer.map(|rate| (Share { layer, pictures: Pictures::Fewer }, rate));
            let all = whole.map(|rates| (Share { layer, pictures: Pictures::All }, rates.all));
            [fewer, all].into_iter().flatten()
        })
    }
}

/// Returns the share of each tile, `None` for those that get nothing, in the order of `tiles`.
pub(crate) fn allocate(budget: Bitrate, tiles: &[Tile]) -> Vec<Option<Share>> {
    let mut order: Vec<usize> = (0..tiles.len()).collect();
    order.sort_by_key(|&index| (!tiles[index].is_screen, std::cmp::Reverse(tiles[index].height)));

    let mut chosen = vec![None; tiles.len()];
    let mut spent = Bitrate::ZERO;
    // Round 0 hands out each tile's lowest share, later rounds the next better one.
    for round in 0..2 * Layer::ALL.len() {
        for &index in &order {
            let tile = &tiles[index];
            let Some((share, rate)) = tile.shares().nth(round) else { continue };
            let below = match round {
                0 => Bitrate::ZERO,
                _ => tile.shares().nth(round - 1).map_or(Bitrate::ZERO, |(_, rate)| rate),
            };
            // A measured layer can cost less than the one below it.
            let total = spent.saturating_sub(below).saturating_add(rate.max(below));
            let needed = if tile.current >= Some(share) { total } else { with_headroom(total) };
            if needed > budget {
                return chosen;
            }
            spent = total;
            chosen[index] = Some(share);
        }
    }
    chosen
}

/// Returns what all tiles cost at their best: the bandwidth worth looking for.
pub(crate) fn desired(tiles: &[Tile]) -> Bitrate {
    let best = |tile: &Tile| tile.shares().map(|(_, rate)| rate).max().unwrap_or_default();
    with_headroom(tiles.iter().fold(Bitrate::ZERO, |sum, tile| sum.saturating_add(best(tile))))
}

fn with_headroom(rate: Bitrate) -> Bitrate {
    Bitrate::bps(rate.as_bps().saturating_add(rate.as_bps() / 100 * HYSTERESIS_PERCENT))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const fn share(layer: Layer, pictures: Pictures) -> Share {
        Share { layer, pictures }
    }

    fn rates(all: impl Strategy<Value = u64>) -> impl Strategy<Value = Rates> {
        (all, prop::option::of(30u64..100), any::<bool>()).prop_map(|(all, percent, fewer_suffice)| {
            let fewer = percent.map(|percent| Bitrate::bps(all * 10 * percent));
            Rates { all: Bitrate::kbps(all), fewer, fewer_suffice }
        })
    }

    fn tile() -> impl Strategy<Value = Tile> {
        let rates = [10u64..400, 100..1500, 500..4000].map(|all| prop::option::of(rates(all)));
        let layer = || prop::sample::select(Layer::ALL.to_vec());
        let pictures = prop::sample::select(vec![Pictures::Fewer, Pictures::All]);
        let current = prop::option::of((layer(), pictures));
        (any::<(bool, bool)>(), 1u16..2160, rates, layer(), current).prop_map(
            |((is_screen, is_small), height, rates, cap, current)| Tile {
                is_screen,
                height: height.try_into().unwrap(),
                is_small,
                rates,
                cap,
                current: current.map(|(layer, pictures)| share(layer, pictures)),
            },
        )
    }

    fn tiles() -> impl Strategy<Value = Vec<Tile>> {
        prop::collection::vec(tile(), 0..12)
    }

    fn cost(tiles: &[Tile], chosen: &[Option<Share>]) -> u64 {
        let rate = |(tile, share): (&Tile, &Option<Share>)| {
            let mut shares = tile.shares();
            share.map_or(0, |share| shares.find(|(other, _)| *other == share).unwrap().1.as_bps())
        };
        tiles.iter().zip(chosen).map(rate).sum()
    }

    proptest! {
        #[test]
        fn sum_stays_within_the_budget(tiles in tiles(), budget in 0u64..20_000) {
            let chosen = allocate(Bitrate::kbps(budget), &tiles);
            prop_assert!(cost(&tiles, &chosen) <= Bitrate::kbps(budget).as_bps());
        }

        #[test]
        fn more_bandwidth_makes_no_tile_worse(tiles in tiles(), budget in 0u64..20_000, more in 0u64..5_000) {
            let less = allocate(Bitrate::kbps(budget), &tiles);
            let more = allocate(Bitrate::kbps(budget + more), &tiles);
            for (less, more) in less.iter().zip(&more) {
                prop_assert!(more >= less);
            }
        }

        #[test]
        fn nobody_gets_more_while_somebody_has_nothing(tiles in tiles(), budget in 0u64..20_000) {
            let chosen = allocate(Bitrate::kbps(budget), &tiles);
            let starved = tiles.iter().zip(&chosen).any(|(tile, layer)| {
                layer.is_none() && tile.shares().next().is_some()
            });
            if starved {
                for (tile, layer) in tiles.iter().zip(&chosen) {
                    let lowest = tile.shares().next().map(|(layer, _)| layer);
                    prop_assert!(layer.is_none() || *layer == lowest);
                }
            }
        }

        #[test]
        fn lesser_tile_is_not_served_before_a_more_important_one(tiles in tiles(), budget in 0u64..20_000) {
            let chosen = allocate(Bitrate::kbps(budget), &tiles);
            let rank = |tile: &Tile| (tile.is_screen, tile.height);
            for (a, got_a) in tiles.iter().zip(&chosen) {
                for (b, got_b) in tiles.iter().zip(&chosen) {
                    if rank(a) > rank(b) && got_b.is_some() && a.shares().next().is_some() {
                        prop_assert!(got_a.is_some());
                    }
                }
            }
        }

        #[test]
        fn a_little_less_bandwidth_keeps_what_was_allocated(tiles in tiles(), budget in 0u64..20_000) {
            let first = allocate(Bitrate::kbps(budget), &tiles);
            let mut tiles = tiles;
            for (tile, layer) in tiles.iter_mut().zip(&first) {
                tile.current = *layer;
            }
            // Every layer was granted with headroom now, unless the tile had it before.
            let again = allocate(Bitrate::kbps(budget), &tiles);
            prop_assert_eq!(&first, &again);
            prop_assert_eq!(again, allocate(Bitrate::kbps(budget), &tiles));
        }

        #[test]
        fn no_tile_exceeds_its_cap_unless_it_has_nothing_lower(tiles in tiles()) {
            let chosen = allocate(Bitrate::kbps(1_000_000), &tiles);
            for (tile, share) in tiles.iter().zip(chosen) {
                let layer = share.map(|share| share.layer);
                let lowest = tile.shares().next().map(|(share, _)| share.layer);
                prop_assert!(layer <= Some(tile.cap) || layer == lowest);
            }
        }

        #[test]
        fn small_tile_gets_no_more_pictures_than_it_needs(tiles in tiles()) {
            let chosen = allocate(Bitrate::kbps(1_000_000), &tiles);
            for (tile, share) in tiles.iter().zip(chosen) {
                let Some(share) = share.filter(|_| tile.is_small) else { continue };
                let rates = tile.rates[share.layer as usize].unwrap();
                let has_enough = rates.fewer_suffice && rates.fewer.is_some();
                prop_assert!(!has_enough || share.pictures == Pictures::Fewer);
            }
        }
    }

    fn of(budget: u64, tile: Tile) -> Option<Share> {
        allocate(Bitrate::kbps(budget), &[tile])[0]
    }

    #[test]
    fn upgrade_needs_headroom_and_keeping_does_not() {
        let rates = [Some(Rates::whole(Bitrate::kbps(100))), Some(Rates::whole(Bitrate::kbps(500))), None];
        let height = 400.try_into().unwrap();
        let [low, medium] = [Layer::Low, Layer::Medium].map(|layer| share(layer, Pictures::All));
        let tile =
            Tile { is_screen: false, height, is_small: false, rates, cap: Layer::Medium, current: Some(low) };
        let at = |budget, current| of(budget, Tile { current: Some(current), ..tile });

        assert_eq!(at(540, low), Some(low));
        assert_eq!(at(550, low), Some(medium));
        assert_eq!(at(500, medium), Some(medium));
        assert_eq!(at(499, medium), Some(low));
    }

    #[test]
    fn layer_that_does_not_fit_comes_with_fewer_pictures_before_a_lower_one() {
        let of_kbps = |all| Rates {
            all: Bitrate::kbps(all),
            fewer: Some(Bitrate::kbps(all * 6 / 10)),
            fewer_suffice: true,
        };
        let tile = Tile {
            is_screen: false,
            height: 720.try_into().unwrap(),
            is_small: false,
            rates: [150, 500, 1700].map(|all| Some(of_kbps(all))),
            cap: Layer::High,
            current: None,
        };
        for (budget, expected) in [
            (98, None),
            (100, Some((Layer::Low, Pictures::Fewer))),
            (170, Some((Layer::Low, Pictures::All))),
            (340, Some((Layer::Medium, Pictures::Fewer))),
            (560, Some((Layer::Medium, Pictures::All))),
            (1130, Some((Layer::High, Pictures::Fewer))),
            (1880, Some((Layer::High, Pictures::All))),
        ] {
            let expected = expected.map(|(layer, pictures)| share(layer, pictures));
            assert_eq!(of(budget, tile), expected, "{budget} kbit/s");
        }
        let small = Tile { is_small: true, cap: Layer::Low, ..tile };
        assert_eq!(of(5000, small), Some(share(Layer::Low, Pictures::Fewer)));
    }
}
