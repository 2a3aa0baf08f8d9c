//! Divides a subscriber's bandwidth among its tiles. Pure.
//!
//! Audio is taken off the budget by the caller. Then every tile gets its lowest layer before any tile gets
//! a better one, the screen first, then the tallest tiles. The decision is a sequence of steps of which the
//! longest affordable prefix is taken: a step that does not fit ends it, even if a later one would fit, so
//! that more bandwidth never makes any tile worse and an important tile never pays for a lesser one.

use sabha_protocol::{Bitrate, Layer, TileHeight};

/// A step up is taken only if this much more than its cost is free; so an estimate that swings by less
/// does not make a tile change its layer to and fro.
const HYSTERESIS_PERCENT: u64 = 10;

/// A tile that wants bandwidth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tile {
    /// A shared screen comes before any face.
    pub(crate) is_screen: bool,
    /// Height at which it is shown; taller comes first.
    pub(crate) height: TileHeight,
    /// What each layer costs, lowest first; `None` where the publication has no such layer.
    pub(crate) rates: [Option<Bitrate>; 3],
    /// Best layer that the height justifies.
    pub(crate) cap: Layer,
    /// What it has now.
    pub(crate) current: Option<Layer>,
}

impl Tile {
    /// Returns the layers it can have, lowest first: those up to the cap, or the lowest there is.
    fn layers(&self) -> impl Iterator<Item = (Layer, Bitrate)> {
        let all = Layer::ALL.into_iter().zip(self.rates);
        let lowest = all.clone().find(|(_, rate)| rate.is_some()).map(|(layer, _)| layer);
        let cap = lowest.map_or(self.cap, |lowest| self.cap.max(lowest));
        all.filter_map(move |(layer, rate)| rate.filter(|_| layer <= cap).map(|rate| (layer, rate)))
    }
}

/// Returns the layer of each tile, `None` for those that get nothing, in the order of `tiles`.
pub(crate) fn allocate(budget: Bitrate, tiles: &[Tile]) -> Vec<Option<Layer>> {
    let mut order: Vec<usize> = (0..tiles.len()).collect();
    order.sort_by_key(|&index| (!tiles[index].is_screen, std::cmp::Reverse(tiles[index].height)));

    let mut chosen = vec![None; tiles.len()];
    let mut spent = Bitrate::ZERO;
    // Round 0 hands out each tile's lowest layer, later rounds the next better one.
    for round in 0..Layer::ALL.len() {
        for &index in &order {
            let tile = &tiles[index];
            let Some((layer, rate)) = tile.layers().nth(round) else { continue };
            let below = match round {
                0 => Bitrate::ZERO,
                _ => tile.layers().nth(round - 1).map_or(Bitrate::ZERO, |(_, rate)| rate),
            };
            // A measured layer can cost less than the one below it.
            let total = spent.saturating_sub(below).saturating_add(rate.max(below));
            let needed = if tile.current >= Some(layer) { total } else { with_headroom(total) };
            if needed > budget {
                return chosen;
            }
            spent = total;
            chosen[index] = Some(layer);
        }
    }
    chosen
}

/// Returns what all tiles cost at their best layer: the bandwidth worth looking for.
pub(crate) fn desired(tiles: &[Tile]) -> Bitrate {
    let best = |tile: &Tile| tile.layers().map(|(_, rate)| rate).max().unwrap_or_default();
    with_headroom(tiles.iter().fold(Bitrate::ZERO, |sum, tile| sum.saturating_add(best(tile))))
}

fn with_headroom(rate: Bitrate) -> Bitrate {
    Bitrate::bps(rate.as_bps().saturating_add(rate.as_bps() / 100 * HYSTERESIS_PERCENT))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tile() -> impl Strategy<Value = Tile> {
        let rates = [10u64..400, 100..1500, 500..4000].map(prop::option::of);
        let layer = prop::sample::select(Layer::ALL.to_vec());
        (any::<bool>(), 1u16..2160, rates, layer.clone(), prop::option::of(layer)).prop_map(
            |(is_screen, height, rates, cap, current)| Tile {
                is_screen,
                height: height.try_into().unwrap(),
                rates: rates.map(|rate| rate.map(Bitrate::kbps)),
                cap,
                current,
            },
        )
    }

    fn tiles() -> impl Strategy<Value = Vec<Tile>> {
        prop::collection::vec(tile(), 0..12)
    }

    fn cost(tiles: &[Tile], chosen: &[Option<Layer>]) -> u64 {
        let rate = |(tile, layer): (&Tile, &Option<Layer>)| {
            layer.map_or(0, |layer| tile.rates[layer as usize].unwrap().as_bps())
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
                layer.is_none() && tile.layers().next().is_some()
            });
            if starved {
                for (tile, layer) in tiles.iter().zip(&chosen) {
                    let lowest = tile.layers().next().map(|(layer, _)| layer);
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
                    if rank(a) > rank(b) && got_b.is_some() && a.layers().next().is_some() {
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
            for (tile, layer) in tiles.iter().zip(chosen) {
                let lowest = tile.layers().next().map(|(layer, _)| layer);
                prop_assert!(layer <= Some(tile.cap) || layer == lowest);
            }
        }
    }

    #[test]
    fn upgrade_needs_headroom_and_keeping_does_not() {
        let rates = [Some(Bitrate::kbps(100)), Some(Bitrate::kbps(500)), None];
        let height = 400.try_into().unwrap();
        let tile = Tile { is_screen: false, height, rates, cap: Layer::Medium, current: Some(Layer::Low) };
        let at =
            |budget, current| allocate(Bitrate::kbps(budget), &[Tile { current: Some(current), ..tile }])[0];

        assert_eq!(at(540, Layer::Low), Some(Layer::Low));
        assert_eq!(at(550, Layer::Low), Some(Layer::Medium));
        assert_eq!(at(500, Layer::Medium), Some(Layer::Medium));
        assert_eq!(at(499, Layer::Medium), Some(Layer::Low));
    }
}
