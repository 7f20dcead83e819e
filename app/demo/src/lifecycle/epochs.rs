//! Chapter: an epoch as it should be.

use solana_signer::Signer as _;
use stipend_client::instruction;
use stipend_client::program::error::StipendError;
use stipend_client::program::state::Entry;

use super::world::{key, World};
use crate::failure::Failure;
use crate::figure::grouped;
use crate::token::tokens;

/// What oracles measure on a good day: they differ by a few kbit/s, and oracle 3 sees device 2 far too fast.
pub fn good_day(oracle: &str, shard: u32, slot: u16) -> Entry {
    let (uptime_bps, bandwidth) = match (shard, slot) {
        (0, 0) => (10_000, 900),
        (0, 1) => (9_800, 700),
        (0, 2) => (9_900, 500),
        (0, 3) => (8_000, 800),
        _ => (9_500, 400),
    };
    let bandwidth = match oracle {
        "oracle 2" => bandwidth + 3,
        "oracle 3" if (shard, slot) == (0, 1) => 990,
        "oracle 3" => bandwidth + 5,
        _ => bandwidth,
    };
    Entry::new(Some(uptime_bps), Some(bandwidth))
}

pub fn tell(world: &mut World) -> Result<(), Failure> {
    world.begin("An epoch as it should be");
    let (first, second) = (world.first, world.second);
    world.warp_behind(0, 0);
    world.note("clock", "epoch 0 is over, its reports are taken for half an hour");
    world.report(
        first,
        &["oracle 1", "oracle 2"],
        0,
        "oracles 1 and 2 report both shards, and pay for it",
        &good_day,
    )?;
    tell_relay(world)?;

    let shard = stipend_client::address::shard(&first, 0);
    let other = |oracle: &str, shard: u32, slot: u16| {
        if slot == 0 {
            Entry::new(Some(9_999), Some(1))
        } else {
            good_day(oracle, shard, slot)
        }
    };
    let batch = world.batch(first, "oracle 1", 0, 0, &other)?;
    let changed = instruction::submit_report(&key("oracle 1").pubkey(), &first, &shard, &batch);
    world.refused(
        StipendError::MeasurementContradicts,
        "oracle 1 wants to change what it said of slot 0",
        &key("oracle 1"),
        &[changed],
        &[],
    )?;
    world.act(first, "oracle 1 binds itself to its raw data of shard 0 by a hash", |client| {
        client.commit_evidence(&key("oracle 1"), &shard, 0, [7; 32])
    })?;

    world.act(first, "medians, scores and reasons of 5 nodes", |client| client.score(0))?;
    world.act(first, "the oracles' records have what they reported", |client| client.judge(0))?;
    tell_records(world)?;
    world.act(first, "epoch 0 has a rate", |client| client.close())?;
    let rate = world.network(first)?.ring.first().map_or(0, |closed| closed.total_score);
    world.act(first, format!("1,000 tokens are shared among {} points", grouped(rate)), |client| client.settle())?;

    world.report(second, &["oracle 1"], 0, "oracle 1 reports network 1", &|_, _, _| {
        Entry::new(Some(10_000), Some(24))
    })?;
    world.finish(second, 0)?;
    for network in [first, second] {
        let which = if network == first { 0 } else { 1 };
        world.act(network, format!("everybody is paid by network {which}; nobody's key was needed"), |client| {
            for shard in client.shards()? {
                client.claim_shard(&shard)?;
            }
            Ok(())
        })?;
    }
    let (ann, cem) = (world.atoms(&key("ann").pubkey())?, world.atoms(&key("cem").pubkey())?);
    world.note("balance", format!("ann has {} tokens, from both services; cem {}", tokens(ann), tokens(cem)));
    Ok(())
}

fn tell_relay(world: &mut World) -> Result<(), Failure> {
    let first = world.first;
    let mut signed = Vec::new();
    for shard in 0..2 {
        let batch = world.batch(first, "oracle 3", shard, 0, &good_day)?;
        signed.push(world.sign(first, "oracle 3", shard, &batch));
    }
    world.act(first, "oracle 3 signs at home, and the operator relays it", |client| {
        signed.iter().try_for_each(|batch| client.relay(batch))
    })
}

fn tell_records(world: &mut World) -> Result<(), Failure> {
    let network = world.network(world.first)?;
    let records: Vec<_> = (1..)
        .zip(network.oracles.active(0))
        .map(|(number, oracle)| {
            format!("oracle {number}: {} of {} values outside", oracle.values_outside, oracle.values_judged)
        })
        .collect();
    world.note("records", format!("more than 5 % from the median: {}", records.join(", ")));
    Ok(())
}
