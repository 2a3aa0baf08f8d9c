//! A straight line through points, by least squares.

/// `y = a + b x`, and how well it fits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Line {
    /// What there is without any.
    pub(crate) a: f64,
    /// What each adds.
    pub(crate) b: f64,
    /// The coefficient of determination: 1 if every point is on the line.
    pub(crate) r2: f64,
}

/// Returns the line through at least two points that differ; nothing for fewer.
pub(crate) fn line(points: &[(f64, f64)]) -> Option<Line> {
    let count = points.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let sum = |of: &dyn Fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>();
    let (xx, xy) = (sum(&|point| (point.0 - x).powi(2)), sum(&|point| (point.0 - x) * (point.1 - y)));
    if points.len() < 2 || xx == 0.0 {
        return None;
    }
    let b = xy / xx;
    let a = y - b * x;
    let (left, all) =
        (sum(&|point| (point.1 - a - b * point.0).powi(2)), sum(&|point| (point.1 - y).powi(2)));
    Some(Line { a, b, r2: if all == 0.0 { 1.0 } else { 1.0 - left / all } })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_on_a_line_fit_it_and_others_less() {
        let exact = line(&[(10.0, 7.0), (20.0, 12.0), (40.0, 22.0)]).unwrap();
        assert!(
            (exact.a - 2.0).abs() < 1e-9 && (exact.b - 0.5).abs() < 1e-9 && exact.r2 > 0.999_999,
            "{exact:?}"
        );
        // By hand: means 2 and 8/3, b = 1.5, residuals 1/6, -1/3, 1/6 of a total of 14/3.
        let rough = line(&[(1.0, 1.0), (2.0, 3.0), (3.0, 4.0)]).unwrap();
        assert!((rough.b - 1.5).abs() < 1e-9 && (rough.r2 - 27.0 / 28.0).abs() < 1e-9, "{rough:?}");
    }

    #[test]
    fn one_point_is_no_line() {
        assert_eq!((line(&[]), line(&[(1.0, 1.0)]), line(&[(1.0, 1.0), (1.0, 2.0)])), (None, None, None));
    }
}
