//! Chapter: rewards that are divided, and a score that is taken away.

use solana_signer::Signer as _;
use stipend_client::instruction::{self, Actor};
use stipend_client::program::error::StipendError;
use stipend_client::program::state::PolicyParams;
use stipend_client::{address, reader::ReadError};

use super::epochs::good_day;
use super::nodes::words;
use super::verdict;
use super::world::{key, World, REPORT_SECS, TOKEN_PROGRAM};
use crate::failure::Failure;
use crate::token::tokens;

/// The first epoch whose scores an arbiter may void.
pub const DISPUTED: u32 = verdict::EPOCH + 2;
const ORACLES: [&str; 3] = ["oracle 1", "oracle 5", "oracle 6"];
/// How long the arbiter has.
const DISPUTE_SECS: u32 = 1_800;

pub fn tell(world: &mut World) -> Result<(), Failure> {
    tell_split(world)?;
    tell_dispute(world)?;
    tell_payment(world)
}

fn tell_split(world: &mut World) -> Result<(), Failure> {
    world.begin("A split");
    let first = world.first;
    let (operator, ann, bob) = (key("operator"), key("ann"), key("bob").pubkey());
    let (split, shard) = (address::split(&ann.pubkey(), 0), address::shard(&first, 0));
    let shares = [(ann.pubkey(), 10_000)];
    let create = instruction::create_split(&operator.pubkey(), &ann.pubkey(), 0, Some(ann.pubkey()), &shares);
    world.send("ann's split 0: everything to ann, for the time being", &operator, &[create], &[&ann])?;
    let device = key("device 1").pubkey();
    let transfer = instruction::transfer_node(&ann.pubkey(), &first, &shard, &device, &split);
    world.send("device 1: owner from ann to her split", &operator, &[transfer], &[&ann])?;
    let shares = [(ann.pubkey(), 7_500), (bob, 2_500)];
    let update = instruction::update_split(&ann.pubkey(), &split, Some(ann.pubkey()), &shares);
    world.send("a quarter of it to bob, who hosts the device", &operator, &[update], &[&ann])
}

fn tell_dispute(world: &mut World) -> Result<(), Failure> {
    world.begin("A dispute");
    let (first, heir, watcher, operator) = (world.first, key("heir"), key("watcher"), key("operator"));
    let policy = world.network(first)?.policy.params();
    let disputed = PolicyParams { dispute_secs: DISPUTE_SECS, arbiter: Some(watcher.pubkey()), ..policy };
    let update = instruction::update_policy(&heir.pubkey(), &first, DISPUTED, disputed, None);
    world.send("from epoch 54 on the watcher may void scores for half an hour", &heir, &[update], &[])?;
    world.warp_behind(DISPUTED - 1, 0);
    world.report(first, &ORACLES, DISPUTED - 1, "all oracles report epoch 53", &good_day)?;
    world.finish(first, DISPUTED - 1)?;

    world.warp_behind(DISPUTED, 0);
    world.report(first, &ORACLES, DISPUTED, "all oracles report epoch 54", &good_day)?;
    world.act(first, "epoch 54 is scored, judged and closed", |client| -> Result<(), ReadError> {
        client.score(DISPUTED)?;
        client.judge(DISPUTED)?;
        client.close()
    })?;
    let shard = address::shard(&first, 1);
    let settle = instruction::settle_shard(&first, &shard);
    world.refused(StipendError::DisputeWindowOpen, "somebody settles", &operator, &[settle], &[])?;
    let void = instruction::void_score(&watcher.pubkey(), &first, &shard, 0, words("forged location"));
    world.send(
        "the watcher voids what device 5 scored: forged location",
        &watcher,
        std::slice::from_ref(&void),
        &[],
    )?;
    world.refused(StipendError::ScoreAlreadyVoided, "and voids it again", &watcher, &[void], &[])?;
    world.warp_behind(DISPUTED, REPORT_SECS.max(DISPUTE_SECS));
    world.act(first, "half an hour later the others' scores are atoms", |client| client.settle())?;
    let emission = world.network(first)?.emission;
    world.note(
        "network",
        format!("{} tokens are back in the budget; nobody gains by it", tokens(emission.carried_atoms)),
    );
    Ok(())
}

fn tell_payment(world: &mut World) -> Result<(), Failure> {
    world.begin("The split is paid");
    let first = world.first;
    let (operator, ann, bob) = (key("operator"), key("ann"), key("bob").pubkey());
    let (split, shard) = (address::split(&ann.pubkey(), 0), address::shard(&first, 0));
    let before = [world.atoms(&ann.pubkey())?, world.atoms(&bob)?];
    let claim =
        instruction::claim_split(&first, &shard, &split, &[ann.pubkey(), bob], &world.mint, &TOKEN_PROGRAM, vec![0]);
    world.send("", &operator, &[claim], &[])?;
    let gained = [world.atoms(&ann.pubkey())? - before[0], world.atoms(&bob)? - before[1]];
    world.tell_last(format!("one claim pays ann {} tokens and bob {}", tokens(gained[0]), tokens(gained[1])));
    let actor = Actor { signer: ann.pubkey(), split: Some(split) };
    let device = key("device 1").pubkey();
    let back = instruction::transfer_node(actor, &first, &shard, &device, &ann.pubkey());
    world.send("device 1: owner from the split to ann, by its authority", &operator, &[back], &[&ann])?;
    let close = instruction::close_split(&ann.pubkey(), &split, &operator.pubkey());
    world.send("the split owns nothing, and its rent goes back", &operator, &[close], &[&ann])
}
