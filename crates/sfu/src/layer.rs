//! Chooses the simulcast layer that suits a tile's height.

use sabha_protocol::{Layer, TileHeight};

/// Tallest tile, in device pixels, for which 180 lines look sharp enough.
const LOW_UP_TO: u16 = 200;
/// Tallest tile for which 360 lines do.
const MEDIUM_UP_TO: u16 = 420;
/// Tallest tile for which 15 pictures a second look smooth enough.
const FEWER_PICTURES_UP_TO: u16 = 180;
/// A tile must pass a threshold by this many per cent before the layer changes, so that a window being
/// dragged does not ask for a key frame at each step.
const HYSTERESIS_PERCENT: u16 = 10;

/// Returns the layer for a tile that shows `current` now.
pub(crate) fn layer_for(height: TileHeight, current: Option<Layer>) -> Layer {
    let pixels = height.pixels();
    let plain = if pixels <= LOW_UP_TO {
        Layer::Low
    } else if pixels <= MEDIUM_UP_TO {
        Layer::Medium
    } else {
        Layer::High
    };
    match current {
        Some(current) if current != plain && still_suits(pixels, current) => current,
        _ => plain,
    }
}

/// Returns whether a tile is so small that fewer pictures a second will do. Needs no hysteresis: pictures are left out
/// and taken up again without a key frame.
pub(crate) fn is_small(height: TileHeight) -> bool {
    height.pixels() <= FEWER_PICTURES_UP_TO
}

fn still_suits(pixels: u16, layer: Layer) -> bool {
    let (above, up_to) = match layer {
        Layer::Low => (0, LOW_UP_TO),
        Layer::Medium => (LOW_UP_TO, MEDIUM_UP_TO),
        Layer::High => (MEDIUM_UP_TO, u16::MAX),
    };
    let slack = |threshold: u16| threshold / 100 * HYSTERESIS_PERCENT;
    pixels > above - slack(above) && pixels <= up_to.saturating_add(slack(up_to))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn height(pixels: u16) -> TileHeight {
        pixels.try_into().unwrap()
    }

    #[test]
    fn taller_tile_gets_a_higher_layer() {
        for (pixels, layer) in [
            (90, Layer::Low),
            (180, Layer::Low),
            (200, Layer::Low),
            (201, Layer::Medium),
            (360, Layer::Medium),
            (421, Layer::High),
            (2160, Layer::High),
        ] {
            assert_eq!(layer_for(height(pixels), None), layer, "{pixels} pixels");
        }
    }

    #[test]
    fn small_change_of_height_changes_nothing() {
        assert_eq!(layer_for(height(215), Some(Layer::Low)), Layer::Low);
        assert_eq!(layer_for(height(221), Some(Layer::Low)), Layer::Medium);
        assert_eq!(layer_for(height(190), Some(Layer::Medium)), Layer::Medium);
        assert_eq!(layer_for(height(180), Some(Layer::Medium)), Layer::Low);
        assert_eq!(layer_for(height(400), Some(Layer::High)), Layer::High);
        assert_eq!(layer_for(height(180), Some(Layer::High)), Layer::Low);
    }
}
