//! What forwarding costs a server whose receivers are elsewhere.
//!
//! On loopback the kernel hands a packet to its receiver within the call that sends it, so the server pays for both ways. Here the
//! client's cores receive, as another machine would; the server pays for an interrupt of theirs where a network card would be rung.

use anyhow::{Result, ensure};

use super::forwarding::judge;
use crate::{
    bench::Bench,
    comparison::rounds,
    load::{Scenario, VIEWERS_OF_A_ROOM},
    namespace::Cores,
    say,
    system::System,
};

pub(super) fn run(bench: &Bench) -> Result<()> {
    ensure!(bench.has_other_cores(), "there is no other core to receive");
    let systems = bench.systems(&[System::Sabha, System::Plain, System::Janus]);
    let load = bench.load(Scenario::Speaker, VIEWERS_OF_A_ROOM);
    let known = bench.turns.borrow().len();
    let steered = bench.namespace.receive_on(Cores::Others)?;
    let comparison = rounds(bench, &systems, &load)?;
    drop(steered);
    // Other parts do not take these turns for theirs.
    bench.turns.borrow_mut().truncate(known);
    say(&comparison.table());
    judge(bench, &comparison, &load);
    Ok(())
}
