//! The most that scoring and judging a full shard can cost: every number of oracles and of reports, with gaps everywhere.

use crate::stage::Stage;
use anyhow::Result;
use bytemuck::{bytes_of, pod_read_unaligned};
use solana_account::Account;
use solana_address::Address;
use solana_signer::Signer;
use stipend::{
    constants::MAX_ORACLES,
    state::{Entry, Network, Report, Tail as _},
};
use stipend_client::{address, instruction, ledger::Accounts as _};

/// Compute units of the dearest full shard.
pub struct Worst {
    /// To score it, when all its slots are new.
    pub score: u64,
    /// To judge it.
    pub judge: u64,
}

/// Scores and judges a full shard of new slots for every number of oracles, of them every number that the quorum allows
/// reporting, and of these every number leaving gaps.
pub fn measure(program: &[u8]) -> Result<Worst> {
    let mut stage = Stage::new(program, u8::try_from(MAX_ORACLES)?, crate::SLOTS)?;
    stage.end(0);
    stage.report_all(0)?;
    stage.end(1);
    let network = stage.ledger.account(&stage.network)?.unwrap_or_default();
    let shard = stage.ledger.account(&stage.shard)?.unwrap_or_default();
    let mut worst = Worst { score: 0, judge: 0 };
    for oracles in 1..=MAX_ORACLES {
        let quorum = oracles / 2 + 1;
        stage.ledger.set_account(stage.network, with_oracles(&network, oracles, quorum))?;
        for reported in quorum..=oracles {
            for gapped in 0..=reported {
                for number in 0..oracles {
                    let entries = gaps(stage.entries(number as u64), number < gapped, number);
                    set_report(&mut stage, number, number < reported, &entries)?;
                }
                let cost = cost(&mut stage, oracles)?;
                worst = Worst { score: worst.score.max(cost.score), judge: worst.judge.max(cost.judge) };
                stage.ledger.set_account(stage.network, with_oracles(&network, oracles, quorum))?;
                stage.ledger.set_account(stage.shard, shard.clone())?;
            }
        }
    }
    Ok(worst)
}

fn cost(stage: &mut Stage, oracles: usize) -> Result<Worst> {
    let keys = &stage.oracle_keys()[..oracles];
    let score = stage.send_large(instruction::score_shard(&stage.network, &stage.shard, keys, 0))?.compute_units;
    let judge = stage.send_large(instruction::judge_shard(&stage.network, &stage.shard, keys, 0))?.compute_units;
    Ok(Worst { score, judge })
}

/// The network with its first oracles alone.
fn with_oracles(account: &Account, oracles: usize, quorum: usize) -> Account {
    let mut account = account.clone();
    let at = account.data.len() - size_of::<Network>();
    let mut network: Network = pod_read_unaligned(&account.data[at..]);
    for oracle in &mut network.oracles.entries[oracles..] {
        oracle.active_until = 0;
    }
    network.policy.quorum = u8::try_from(quorum).unwrap_or(u8::MAX);
    account.data[at..].copy_from_slice(bytes_of(&network));
    account
}

/// The entries, of which a gapped report leaves every second out: uptime, bandwidth or both in turn.
fn gaps(mut entries: Vec<Entry>, is_gapped: bool, number: usize) -> Vec<Entry> {
    for (place, entry) in entries.iter_mut().enumerate().filter(|_| is_gapped) {
        match (place + number) % 4 {
            0 => *entry = Entry::new(None, Some(entry.bandwidth())),
            1 => *entry = Entry::new(Some(entry.uptime_bps()), None),
            2 => *entry = Entry::BLANK,
            _ => {}
        }
    }
    entries
}

fn set_report(stage: &mut Stage, number: usize, is_made: bool, entries: &[Entry]) -> Result<()> {
    let address: Address = address::report(&stage.shard, &stage.oracles[number].pubkey());
    let mut account = stage.ledger.account(&address)?.unwrap_or_default();
    let (header, known) = Report::split_mut(&mut account.data)?;
    header.epoch = if is_made { 0 } else { u32::MAX };
    known.copy_from_slice(entries);
    stage.ledger.set_account(address, account)?;
    Ok(())
}
