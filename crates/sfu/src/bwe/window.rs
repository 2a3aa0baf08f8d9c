//! The least value of the last seconds.

/// Keeps the least value seen in the last window, to within half a window. Times and values in microseconds.
#[derive(Debug)]
pub(super) struct LeastOver {
    half: i64,
    began: Option<i64>,
    current: Option<i64>,
    previous: Option<i64>,
}

impl LeastOver {
    pub(super) const fn new(window: i64) -> Self {
        Self { half: window / 2, began: None, current: None, previous: None }
    }

    pub(super) fn add(&mut self, at: i64, value: i64) {
        let began = *self.began.get_or_insert(at);
        let age = at.saturating_sub(began);
        if age >= 2 * self.half {
            (self.began, self.previous, self.current) = (Some(at), None, None);
        } else if age >= self.half {
            (self.began, self.previous, self.current) = (Some(at), self.current, None);
        }
        self.current = Some(self.current.map_or(value, |least| least.min(value)));
    }

    pub(super) fn least(&self) -> Option<i64> {
        self.current.into_iter().chain(self.previous).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn least_is_forgotten_after_the_window_and_not_before_half_of_it() {
        let mut window = LeastOver::new(10);
        window.add(0, 1);
        for at in 1..=9 {
            window.add(at, 5);
            assert_eq!(window.least(), Some(1), "{at}");
        }
        window.add(10, 5);
        assert_eq!(window.least(), Some(5));
        window.add(100, 9);
        assert_eq!(window.least(), Some(9));
    }
}
