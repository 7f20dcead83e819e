//! Chapter: everybody sleeps for forty epochs.

use super::nodes::retire;
use super::world::{key, World, SCORE_SECS};
use crate::failure::Failure;
use crate::figure::tokens;

/// The last epoch that passes asleep.
const LAST_ASLEEP: u32 = 49;

pub fn tell(world: &mut World) -> Result<(), Failure> {
    world.begin("Forty epochs asleep");
    let first = world.first;
    let ann = key("ann");
    let leave = retire("ann", &first, 1, 8, "moving house");
    world.send("device 8 retires in epoch 10, by ann: moving house", &key("operator"), &[leave], &[&ann])?;
    world.warp_behind(LAST_ASLEEP, SCORE_SECS);
    world.note("clock", "forty epochs pass without a report, and the scoring windows of all of them");
    for _ in 0..2 {
        let before = world.network(first)?.open_epoch;
        world.act(first, "", |settlement| settlement.close())?;
        let network = world.network(first)?;
        let effect = format!(
            "epochs {before} to {} are closed at once; {} tokens are carried, an epoch emits {}",
            network.open_epoch - 1,
            tokens(network.emission.carried_atoms),
            tokens(network.emission.per_epoch_atoms)
        );
        world.tell_last(effect);
    }
    world.note("network", "after 3 epochs without a score the emission lapses; at epoch 48 it fell by 10 %");
    // Their report windows are closed, their scoring windows are not.
    for epoch in [50, 51] {
        world.act(first, format!("epoch {epoch} is scored as it is: nothing was measured"), |settlement| {
            settlement.score(epoch)?;
            settlement.close()
        })?;
    }
    Ok(())
}
