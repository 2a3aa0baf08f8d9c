//! How cost grows with those who watch one sender's kind of stream.
//!
//! A room holds 99 viewers, so more of them are several rooms, each with a sender of its own: what those cost to receive is
//! taken off, a packet in as a packet out.

use anyhow::{Context as _, Result};

use crate::{bench::Bench, figures::Figures, fit::line, load::Scenario, say, system::System};

/// Viewers: one room up to 99, then two, then four.
const LONG: [u16; 6] = [10, 20, 50, 99, 198, 396];
const SHORT: [u16; 4] = [20, 50, 99, 396];

/// Where the cost for each is compared: the goal's 50 and 400.
const FEW: u16 = 50;
const MANY: u16 = 396;

pub(super) fn run(bench: &Bench) -> Result<()> {
    let counts: &[u16] = if bench.pace.is_short { &SHORT } else { &LONG };
    for system in bench.systems(&[System::Sabha]) {
        let mut points = Vec::new();
        let mut table = vec![
            "\n         viewers  rooms  cores  less what comes in  us of CPU a second for each  lost %  client"
                .to_owned(),
        ];
        for viewers in counts {
            let load = bench.load(Scenario::Speaker, *viewers);
            let figures = bench.turn_or_known(system, &load)?;
            let cores = sending(&figures);
            table.push(format!(
                "{:<8} {viewers:>7} {:>6} {:>6.3} {cores:>19.3} {:>28.0} {:>7.3} {:>7.2}",
                system.to_string(),
                load.rooms().0,
                figures.server_cores(),
                cores / f64::from(*viewers) * 1e6,
                100.0 * figures.lost_share,
                figures.client_cores,
            ));
            points.push((*viewers, cores));
        }
        table.iter().for_each(|row| say(row));
        judge(bench, &points)?;
    }
    Ok(())
}

/// Returns the cores that sending took.
fn sending(figures: &Figures) -> f64 {
    let (out, packets_in) = (figures.packets_per_second, figures.sent_per_second);
    figures.server_cores() * out / (out + packets_in).max(1.0)
}

fn judge(bench: &Bench, points: &[(u16, f64)]) -> Result<()> {
    let between = |from: u16, to: u16| {
        let here = points.iter().filter(|(viewers, _)| (from..=to).contains(viewers));
        line(&here.map(|(viewers, cores)| (f64::from(*viewers), *cores)).collect::<Vec<_>>())
    };
    let all = between(0, u16::MAX).context("points of a line")?;
    say(&format!("cores = {:.4} + {:.6} for each, R2 = {:.4}", all.a, all.b, all.r2));
    let found = format!("R2 = {:.4}", all.r2);
    bench.judge("cores over viewers", "a line, R2 at least 0.99", found, all.r2 >= 0.99);
    let each = |count: u16| {
        let point = points.iter().find(|(viewers, _)| *viewers == count);
        point.map(|(viewers, cores)| cores / f64::from(*viewers))
    };
    if let (Some(few), Some(many)) = (each(FEW), each(MANY)) {
        let mut found = format!("{:.2} times", many / few);
        if let (Some(low), Some(high)) = (between(0, FEW), between(FEW, MANY)) {
            found += &format!("; what one more costs: {:.2} times", high.b / low.b);
        }
        bench.judge("cost for each at 396", "at most 1.1 times that at 50", found, many <= 1.1 * few);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::tests::report;

    #[test]
    fn what_comes_in_is_taken_off_by_its_packets() {
        let figures = Figures::read(&report(1.0)).unwrap();
        // 1,000 packets out and 50 in, for 0.3 cores.
        assert!((sending(&figures) - 0.3 * 1_000.0 / 1_050.0).abs() < 1e-9);
    }
}
