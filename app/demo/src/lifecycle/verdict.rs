//! Chapter: an epoch in which most nodes get nothing, rebuilt and explained from accounts alone.

use solana_address::Address;
use solana_signer::Signer as _;
use stipend_client::explain::explain;
use stipend_client::program::state::Entry;
use stipend_client::verify::verify;

use super::foundation::register;
use super::world::{key, World};
use crate::explanation::why;
use crate::failure::{ExitKind, Failure};
use crate::figure::counted;

/// The epoch that is explained.
pub const EPOCH: u32 = 52;

/// A bad day: every slot for another reason.
fn bad_day(oracle: &str, shard: u32, slot: u16) -> Entry {
    match (shard, slot) {
        (0, 0) => Entry::new(Some(10_000), Some(5_000)),
        (0, 1) => Entry::new(Some(9_500), (oracle == "oracle 1").then_some(700)),
        (0, 3) => Entry::new(Some(8_000), Some(800)),
        (1, 0) => Entry::new((oracle == "oracle 6").then_some(9_700), Some(400)),
        _ => Entry::new(Some(9_900), Some(500)),
    }
}

pub fn tell(world: &mut World) -> Result<(), Failure> {
    world.begin("Why zero?");
    let first = world.first;
    register(world, 7, "cem", "counts from epoch 54 on")?;
    world.report(
        first,
        &["oracle 1", "oracle 5", "oracle 6"],
        EPOCH,
        "all oracles report epoch 52, in time again",
        &bad_day,
    )?;
    world.finish(first, EPOCH)?;

    let found = verify(&mut world.ledger, &first, EPOCH);
    let found = found.map_err(|error| Failure::new(ExitKind::Bug, "verify epoch 52", error))?;
    if let Some(mismatch) = found.mismatches.first() {
        return Err(Failure::new(ExitKind::Bug, "verify epoch 52", mismatch.to_string()));
    }
    let slots: usize = found.shards.iter().map(|shard| shard.scores.iter().flatten().count()).sum();
    world.note(
        "verify",
        format!("epoch 52 rebuilt from accounts alone: {} and all totals are the same", counted(slots as u64, "slot")),
    );
    for number in [1, 6, 4, 5, 7, 8, 3] {
        let device: Address = key(&format!("device {number}")).pubkey();
        let explanation = explain(&mut world.ledger, &first, &device);
        let explanation = explanation.map_err(|error| Failure::new(ExitKind::Bug, "explain a node", error))?;
        world.note("explain", format!("device {number}: {}", why(&explanation)));
    }
    Ok(())
}
