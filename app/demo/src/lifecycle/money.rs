//! Chapter: a limit on what may be minted in one epoch's length of time.

use solana_instruction::Instruction;
use solana_signer::Signer as _;
use stipend_client::instruction::{self, Destination};
use stipend_client::program::error::StipendError;
use stipend_client::program::state::PolicyParams;

use super::epochs::good_day;
use super::governance::strict_policy;
use super::world::{key, World, TOKEN_PROGRAM};
use crate::failure::Failure;
use crate::token::tokens;

/// What claims slots of shard 0 of the first network, by anybody.
pub fn claim(world: &World, owner: &str, slots: &[u16]) -> Instruction {
    let shard = stipend_client::address::shard(&world.first, 0);
    let owner = key(owner).pubkey();
    instruction::claim(
        &world.first,
        &shard,
        &owner,
        &world.mint,
        &TOKEN_PROGRAM,
        Destination::Associated,
        slots.to_vec(),
    )
}

pub fn tell(world: &mut World) -> Result<(), Failure> {
    world.begin("A mint limit of 1,000 tokens an epoch");
    let first = world.first;
    let (operator, heir) = (key("operator"), key("heir"));
    let owed = world.slot(first, 0, 0)?.accrued_atoms + world.slot(first, 0, 1)?.accrued_atoms;
    let claim_ann = claim(world, "ann", &[0, 1]);
    let effect = format!("ann is owed {} tokens of three epochs, and gets as much as there is room for", tokens(owed));
    let before = world.atoms(&key("ann").pubkey())?;
    world.send(effect, &operator, &[claim_ann], &[])?;
    let minted = world.atoms(&key("ann").pubkey())? - before;
    let left = world.slot(first, 0, 0)?.accrued_atoms + world.slot(first, 0, 1)?.accrued_atoms;
    world.note("balance", format!("{} tokens were minted to ann, {} wait in the slots", tokens(minted), tokens(left)));
    let claim_bob = claim(world, "bob", &[2, 3]);
    world.refused(
        StipendError::MintLimitReached,
        "bob claims in the same epoch",
        &operator,
        std::slice::from_ref(&claim_bob),
        &[],
    )?;
    let unlimited = PolicyParams { mint_limit_atoms: 0, ..strict_policy() };
    let update = instruction::update_policy(&heir.pubkey(), &first, 6, unlimited, None);
    world.send("from epoch 6 on there is no limit", &heir, &[update], &[])?;

    world.warp_behind(4, 0);
    world.report(first, &["oracle 1", "oracle 2", "oracle 3"], 4, "all oracles report epoch 4", &good_day)?;
    world.finish(first, 4)?;
    let before = world.atoms(&key("bob").pubkey())?;
    world.send("", &operator, &[claim_bob], &[])?;
    let minted = world.atoms(&key("bob").pubkey())? - before;
    world.tell_last(format!("an epoch later bob repeats it: {} tokens, nothing is lost", tokens(minted)));
    Ok(())
}
