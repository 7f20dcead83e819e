//! Chapter: oracles rotate, and two are caught lying.

use solana_signer::Signer as _;
use stipend_client::instruction::{self, Contradicted};
use stipend_client::program::error::StipendError;
use stipend_client::program::state::Entry;

use super::epochs::good_day;
use super::foundation::add_oracle;
use super::world::{key, World};
use crate::failure::Failure;
use crate::figure::sol;
use crate::token::tokens;

/// Another day than the good one.
fn lie(oracle: &str, shard: u32, slot: u16) -> Entry {
    if slot == 0 {
        return Entry::new(Some(10_000), Some(1_000));
    }
    good_day(oracle, shard, slot)
}

pub fn tell(world: &mut World) -> Result<(), Failure> {
    tell_rotation(world)?;
    tell_two_statements(world)?;
    tell_record(world)
}

fn tell_rotation(world: &mut World) -> Result<(), Failure> {
    world.begin("Oracles rotate");
    let (first, heir) = (world.first, key("heir"));
    let second = key("oracle 2").pubkey();
    let remove = instruction::remove_oracle(&heir.pubkey(), &first, &second, false);
    world.send("oracle 2 measures epoch 7, which is under way, and then no more", &heir, &[remove], &[])?;
    world.send(
        "oracle 4 takes its place from epoch 8 on, with a bond of 1 SOL",
        &key("oracle 4"),
        &[add_oracle(&first, "heir", "oracle 4")],
        &[&heir],
    )?;
    world.act(first, "oracle 4 has reports", |client| client.open_reports(8))?;
    let withdraw = instruction::withdraw_bond(&first, &second, &second);
    world.refused(StipendError::BondHeld, "oracle 2 wants its bond back at once", &key("oracle 2"), &[withdraw], &[])
}

fn tell_two_statements(world: &mut World) -> Result<(), Failure> {
    world.begin("An oracle signs two values for one slot");
    let (first, heir, watcher) = (world.first, key("heir"), key("watcher"));
    let shard = stipend_client::address::shard(&first, 0);
    let liar = key("oracle 3").pubkey();
    world.warp_behind(7, 0);
    world.report(first, &["oracle 1", "oracle 2", "oracle 3"], 7, "three oracles report epoch 7", &good_day)?;
    let (said, denied) =
        (world.batch(first, "oracle 3", 0, 7, &good_day)?, world.batch(first, "oracle 3", 0, 7, &lie)?);
    let (one, other) = (world.sign(first, "oracle 3", 0, &said), world.sign(first, "oracle 3", 0, &denied));
    let before = world.lamports(&watcher.pubkey())?;
    world.act(first, "oracle 3 signed 900 and 1,000 kbit/s for slot 0: suspended, its report void", |client| {
        let contradicted = Contradicted::Signed(denied, other.signature);
        client.prove_equivocation(&watcher, &shard, &liar, (&said, &one.signature), &contradicted)
    })?;
    tell_split(world, before)?;
    world.refused(
        StipendError::OracleSuspended,
        "the heir adds oracle 3 again",
        &key("oracle 3"),
        &[add_oracle(&first, "heir", "oracle 3")],
        &[&heir],
    )?;
    world.finish(first, 7)?;
    world.send(
        "oracle 5 takes its place from epoch 9 on",
        &key("oracle 5"),
        &[add_oracle(&first, "heir", "oracle 5")],
        &[&heir],
    )
}

/// What became of a bond.
fn tell_split(world: &mut World, before_lamports: u64) -> Result<(), Failure> {
    let watcher = world.lamports(&key("watcher").pubkey())?;
    // The fee is part of the difference: two or three signatures of 5,000 lamports.
    let gained = watcher.saturating_sub(before_lamports);
    world.note(
        "balance",
        format!("of the bond of 1 SOL half is burnt, half goes to who proved it: {} after the fee", sol(gained)),
    );
    Ok(())
}

fn tell_record(world: &mut World) -> Result<(), Failure> {
    world.begin("An oracle contradicts its own report");
    let (first, heir, watcher) = (world.first, key("heir"), key("watcher"));
    let shard = stipend_client::address::shard(&first, 0);
    let liar = key("oracle 4").pubkey();
    world.warp_behind(8, 0);
    world.report(first, &["oracle 1", "oracle 4"], 8, "the two oracles that are left report epoch 8", &good_day)?;
    let denied = world.batch(first, "oracle 4", 0, 8, &lie)?;
    let signed = world.sign(first, "oracle 4", 0, &denied);
    let before = world.lamports(&watcher.pubkey())?;
    world.act(first, "oracle 4 signed something else than its report holds: suspended too", |client| {
        let statement = (&denied, &signed.signature);
        client.prove_equivocation(&watcher, &shard, &liar, statement, &Contradicted::Recorded)
    })?;
    tell_split(world, before)?;
    world.finish(first, 8)?;
    let carried = world.network(first)?.emission.carried_atoms;
    world.note(
        "network",
        format!("one oracle is no quorum: epoch 8 scores nothing, {} tokens are carried to the next", tokens(carried)),
    );
    world.send(
        "oracle 6 takes its place from epoch 10 on",
        &key("oracle 6"),
        &[add_oracle(&first, "heir", "oracle 6")],
        &[&heir],
    )?;
    world.act(first, "oracles 5 and 6 have reports", |client| client.open_reports(10))?;
    world.act(first, "an epoch is closed that oracle 2 did not measure: its bond goes back", |client| {
        client.withdraw_bonds()
    })?;
    world.warp_behind(9, 0);
    world.report(first, &["oracle 1", "oracle 5"], 9, "oracles 1 and 5 report epoch 9", &good_day)?;
    world.finish(first, 9)?;
    let shared = world.network(first)?.ring.get(9).map_or(0, |closed| closed.emission_atoms);
    world.note("network", format!("epoch 9 shares {} tokens, those of epoch 8 too", tokens(shared)));
    Ok(())
}
