//! Chapter: nobody sends anything for 42 epochs.

use stipend_client::program::state::Entry;

use super::epochs::good_day;
use super::nodes::retire;
use super::verdict;
use super::world::{key, World};
use crate::failure::Failure;
use crate::token::tokens;

/// The first epoch of the stall.
const FIRST: u32 = 10;
const ORACLES: [&str; 3] = ["oracle 1", "oracle 5", "oracle 6"];

pub fn tell(world: &mut World) -> Result<(), Failure> {
    world.begin("A long stall");
    let first = world.first;
    let ann = key("ann");
    let leave = retire("ann", &first, 1, 8, "moving house");
    world.send("device 8 retires in epoch 10, by ann: moving house", &key("operator"), &[leave], &[&ann])?;
    world.warp_behind(verdict::EPOCH, 0);
    world.note("clock", "42 epochs pass and nobody sends anything: epoch 10 is still open");
    world.act(first, "epoch 10 is scored as it is: its report window passed without a report", |client| {
        client.score(FIRST)?;
        client.close()
    })?;
    let kept = FIRST + 1;
    let effect = "epoch 11 is open now and has its whole report window: the oracles report what they kept of it";
    world.report(first, &ORACLES, kept, effect, &good_day)?;
    world.finish(first, kept)?;
    let shared = world.network(first)?.ring.get(kept as usize).map_or(0, |closed| closed.emission_atoms);
    world.note("network", format!("epoch 11 shares {} tokens, 42 epochs late; nothing is lost", tokens(shared)));

    let rest = kept + 1..verdict::EPOCH;
    let shards = world.shards(first)?;
    world.act(
        first,
        "of the 40 epochs behind it the oracles measured nothing, and say so: each is scored and closed",
        |client| {
            for epoch in rest {
                for oracle in ORACLES {
                    for shard in &shards {
                        client.report(&key(oracle), &shard.address, epoch, &[Entry::BLANK])?;
                    }
                }
                client.score(epoch)?;
                client.close()?;
            }
            Ok(())
        },
    )?;
    let emission = world.network(first)?.emission;
    let (carried, emitted) = (tokens(emission.carried_atoms), tokens(emission.per_epoch_atoms));
    world.note(
        "network",
        format!(
            "after 3 epochs without a score the emission lapses: {carried} tokens are carried; at epoch 48 it fell by 10 %, to \
             {emitted} an epoch"
        ),
    );
    Ok(())
}
