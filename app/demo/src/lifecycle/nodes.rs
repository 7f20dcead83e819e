//! Chapter: nodes change hands, leave, and are thrown out; their slots get other tenants.

use solana_address::Address;
use solana_instruction::Instruction;
use solana_signer::Signer as _;
use stipend_client::instruction;
use stipend_client::program::error::StipendError;

use super::epochs::good_day;
use super::foundation::register;
use super::money::claim;
use super::world::{key, World};
use crate::failure::Failure;

/// Words that an account has room for, filled up with zeros.
pub fn words(text: &str) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (byte, letter) in bytes.iter_mut().zip(text.bytes()) {
        *byte = letter;
    }
    bytes
}

/// What retires a device of the first network.
pub fn retire(by: &str, network: &Address, shard: u32, number: u32, reason: &str) -> Instruction {
    let shard = stipend_client::address::shard(network, shard);
    let device = key(&format!("device {number}")).pubkey();
    instruction::retire_node(&key(by).pubkey(), network, &shard, &device, words(reason))
}

pub fn tell(world: &mut World) -> Result<(), Failure> {
    world.begin("Nodes come and go");
    let first = world.first;
    let (operator, registrar) = (key("operator"), key("registrar"));
    let shard = stipend_client::address::shard(&first, 0);
    let (bob, dora) = (key("bob"), key("dora"));
    let transfer = instruction::transfer_node(&bob.pubkey(), &first, &shard, &key("device 4").pubkey(), &dora.pubkey());
    world.send("device 4: owner from bob to dora", &operator, &[transfer], &[&bob])?;
    let leave = retire("ann", &first, 0, 2, "");
    world.send(
        "device 2 retires, by ann: it does not earn epoch 5, which is under way",
        &operator,
        &[leave],
        &[&key("ann")],
    )?;
    let evict = |reason: &str| retire("registrar", &first, 0, 3, reason);
    world.refused(
        StipendError::ReasonMissing,
        "the registrar evicts device 3 and does not say why",
        &registrar,
        &[evict("")],
        &[],
    )?;
    world.send("device 3 is evicted: forged bandwidth", &registrar, &[evict("forged bandwidth")], &[])?;
    let close =
        instruction::close_node(&first, &shard, &key("device 2").pubkey(), &key("ann").pubkey(), &operator.pubkey());
    world.refused(
        StipendError::NodeOwed,
        "somebody closes device 2 for its deposit, and what it earned is not claimed",
        &operator,
        &[close],
        &[],
    )?;

    world.warp_behind(5, 0);
    world.report(first, &["oracle 1", "oracle 2", "oracle 3"], 5, "oracles still report all slots", &good_day)?;
    world.finish(first, 5)?;
    let (left, thrown) = (world.slot(first, 0, 1)?, world.slot(first, 0, 2)?);
    world.note("slots", format!("epoch 5: device 2 has {} points and device 3 {}: retired", left.score, thrown.score));
    let claim_ann = claim(world, "ann", &[1]);
    world.send("what device 2 earned before is paid all the same", &operator, &[claim_ann], &[])?;
    let device = key("device 2").pubkey();
    world.act(
        first,
        "the deposit of device 2 goes back, its slot is vacant; the slot's rent stays in it",
        |client| client.close_node(&device),
    )?;
    register(world, 6, "dora", "takes slot 1, whose rent it pays back; it counts from epoch 7 on")?;
    register(world, 8, "ann", "has a slot of its own in shard 1")?;

    world.warp_behind(6, 0);
    world.report(first, &["oracle 1", "oracle 2", "oracle 3"], 6, "oracles measure device 6 already", &good_day)?;
    world.finish(first, 6)?;
    let fresh = world.slot(first, 0, 1)?;
    world.note("slots", format!("epoch 6: device 6 has {} points: not active yet", fresh.score));
    Ok(())
}
