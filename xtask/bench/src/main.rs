//! What the program costs, measured on the sBPF artifact in a VM: `stipend-bench ARTIFACT JSON`.
//!
//! Prints a table and writes the same figures as one flat JSON object. Every figure is the same on every machine.

mod directory;
mod stage;
mod worst;

use anyhow::{bail, Context, Result};
use serde_json::{Map, Value};
use solana_signer::Signer;
use stage::Stage;
use stipend::{
    constants::{MAX_RELAYED_SLOTS, MAX_SHARD_SLOTS},
    state::UptimeMode,
};
use stipend_client::{
    address,
    batch::cut,
    instruction::{self, Contradicted, Destination},
    ledger::Ledger as _,
};

/// Slots of a full shard.
pub const SLOTS: u16 = MAX_SHARD_SLOTS;

/// A figure and the mark that it must reach.
struct Figure {
    name: &'static str,
    value: u64,
    mark: Mark,
}

enum Mark {
    AtMost(u64),
    AtLeast(u64),
}

impl Figure {
    fn is_reached(&self) -> bool {
        match self.mark {
            Mark::AtMost(most) => self.value <= most,
            Mark::AtLeast(least) => self.value >= least,
        }
    }
}

fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let (Some(artifact), Some(json)) = (args.next(), args.next()) else {
        bail!("two paths are needed: the artifact, and the JSON file to write");
    };
    let program = std::fs::read(&artifact).with_context(|| format!("{artifact} can't be read"))?;
    let figures = measure(&program)?;
    let mut object = Map::new();
    println!("{:<27} {:>9}   mark", "figure", "measured");
    for figure in &figures {
        let (relation, mark) = match figure.mark {
            Mark::AtMost(most) => ("≤", most),
            Mark::AtLeast(least) => ("≥", least),
        };
        let verdict = if figure.is_reached() { "" } else { "   NOT REACHED" };
        println!("{:<27} {:>9}   {relation} {mark}{verdict}", figure.name, figure.value);
        object.insert(figure.name.to_owned(), Value::from(figure.value));
    }
    let text = serde_json::to_string_pretty(&Value::Object(object))?;
    if let Some(folder) = std::path::Path::new(&json).parent() {
        std::fs::create_dir_all(folder).with_context(|| format!("{} can't be made", folder.display()))?;
    }
    std::fs::write(&json, text + "\n").with_context(|| format!("{json} can't be written"))?;
    if figures.iter().any(|figure| !figure.is_reached()) {
        bail!("a mark is not reached");
    }
    Ok(())
}

fn measure(program: &[u8]) -> Result<Vec<Figure>> {
    let mut figures = reports(program)?;
    figures.extend(scores(program)?);
    let worst = worst::measure(program)?;
    figures.push(Figure { name: "score_full_worst_cu", value: worst.score, mark: Mark::AtMost(1_100_000) });
    figures.push(Figure { name: "judge_full_worst_cu", value: worst.judge, mark: Mark::AtMost(1_100_000) });
    figures.extend(payments(program)?);
    figures.extend(directory::measure(program)?);
    figures.push(Figure { name: "artifact_bytes", value: program.len() as u64, mark: Mark::AtMost(800_000) });
    Ok(figures)
}

/// Both ways of reporting, in transactions of both sizes: the cost of a full shard, and how many nodes a transaction holds.
fn reports(program: &[u8]) -> Result<Vec<Figure>> {
    let mut stage = Stage::new(program, 4, SLOTS)?;
    stage.end(0);
    let domain = stage.domain;
    let entries: Vec<_> = (0..4).map(|oracle| stage.entries(oracle + 1)).collect();
    let first = |oracle: usize, nodes| cut(domain, 0, &entries[oracle], nodes).swap_remove(0);

    // The values of a slot are the same in each try, so every transaction that is short enough is accepted.
    let most = usize::from(SLOTS);
    let signed = (1..=most).take_while(|nodes| stage.submit_v1(0, &first(0, *nodes)).is_ok()).count();
    let relayed = (1..=most).take_while(|nodes| stage.relay_v1(1, &first(1, *nodes)).is_ok()).count();
    let small_signed = (1..=most).take_while(|nodes| stage.submit(2, &first(2, *nodes)).is_ok()).count();
    let small_relayed = (1..=most).take_while(|nodes| stage.relay(2, &first(2, *nodes)).is_ok()).count();
    let full = stage.submit_v1(3, &first(3, most))?;

    // Two of the longest relayed reports that contradict each other, proven in one transaction.
    let statements = [1, 0].map(|values| (first(values, MAX_RELAYED_SLOTS), 1));
    let [one, other] = statements.map(|(batch, oracle)| (stage.sign(oracle, &batch), batch));
    let proof = instruction::prove_equivocation(
        &stage.payer.pubkey(),
        &stage.network,
        &stage.shard,
        &stage.oracles[1].pubkey(),
        (&one.1, &one.0),
        &Contradicted::Signed(other.1, other.0),
    );
    let proof = stage.ledger.send_v1(&stage.payer, &proof, &[])?;
    Ok(vec![
        Figure { name: "report_full_signed_cu", value: full.compute_units, mark: Mark::AtMost(6_000) },
        Figure { name: "nodes_per_tx_signed", value: signed as u64, mark: Mark::AtLeast(600) },
        Figure { name: "nodes_per_tx_relayed", value: relayed as u64, mark: Mark::AtLeast(280) },
        Figure { name: "nodes_per_small_tx_signed", value: small_signed as u64, mark: Mark::AtLeast(140) },
        Figure { name: "nodes_per_small_tx_relayed", value: small_relayed as u64, mark: Mark::AtLeast(110) },
        Figure { name: "proof_bytes", value: proof.bytes as u64, mark: Mark::AtMost(4_096) },
    ])
}

/// Scoring a full shard of nodes that were there before.
fn scores(program: &[u8]) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for (oracles, name, most) in [(3, "score_slot_3_cu", 80), (5, "score_slot_5_cu", 130)] {
        // The dearer of both modes.
        let mut value = 0;
        for mode in [UptimeMode::Multiply, UptimeMode::Gate] {
            let mut stage = Stage::in_mode(program, oracles, SLOTS, mode)?;
            score(&mut stage, 0)?;
            stage.send(&[instruction::close_epoch(&stage.network)])?;
            stage.send_large(instruction::settle_shard(&stage.network, &stage.shard))?;
            value = value.max(score(&mut stage, 1)?.div_ceil(SLOTS.into()));
        }
        figures.push(Figure { name, value, mark: Mark::AtMost(most) });
    }
    Ok(figures)
}

/// Scores the whole shard for an epoch; returns the compute units.
fn score(stage: &mut Stage, epoch: u32) -> Result<u64> {
    stage.end(epoch);
    stage.report_all(epoch)?;
    let score = instruction::score_shard(&stage.network, &stage.shard, &stage.oracle_keys(), epoch);
    Ok(stage.send_large(score)?.compute_units)
}

/// Settling a full shard, and claiming one slot and a hundred and one.
fn payments(program: &[u8]) -> Result<Vec<Figure>> {
    let mut stage = Stage::new(program, 3, SLOTS)?;
    score(&mut stage, 0)?;
    stage.send(&[instruction::close_epoch(&stage.network)])?;
    let settle = stage.send_large(instruction::settle_shard(&stage.network, &stage.shard))?;
    let mut claim = |slots: std::ops::Range<u16>| -> Result<u64> {
        let claim = instruction::claim(
            &stage.network,
            &stage.shard,
            &stage.owner.pubkey(),
            &stage.mint,
            &spl_token_interface::ID,
            Destination::Associated,
            slots.collect(),
        );
        Ok(stage.send(&[claim])?.compute_units)
    };
    let one = claim(0..1)?;
    let many = claim(1..102)?;
    let marks = [(1, "claim_split_1_cu", 12_000), (3, "claim_split_3_cu", 22_000), (8, "claim_split_8_cu", 50_000)];
    let mut splits = Vec::new();
    for (recipients, name, most) in marks {
        let value = claim_split(&mut stage, recipients)?;
        splits.push(Figure { name, value, mark: Mark::AtMost(most) });
    }
    let mut figures = vec![
        Figure { name: "settle_slot_cu", value: settle.compute_units.div_ceil(SLOTS.into()), mark: Mark::AtMost(45) },
        Figure { name: "claim_one_cu", value: one, mark: Mark::AtMost(8_500) },
        Figure { name: "claim_slot_cu", value: many.saturating_sub(one).div_ceil(100), mark: Mark::AtMost(60) },
    ];
    figures.extend(splits);
    Ok(figures)
}

/// Compute units of a claim of one slot that a split of so many recipients owns, whose token accounts are open.
fn claim_split(stage: &mut Stage, recipients: u16) -> Result<u64> {
    let (payer, number) = (stage.payer.pubkey(), SLOTS - 1 - recipients);
    let wallets: Vec<_> = (0..recipients).map(|place| stage::device(1_000 * recipients + place).pubkey()).collect();
    let rest = 10_000 - 1_000 * (recipients - 1);
    let shares: Vec<_> =
        wallets.iter().enumerate().map(|(place, wallet)| (*wallet, if place == 0 { rest } else { 1_000 })).collect();
    let split = address::split(&payer, recipients);
    stage.send(&[instruction::create_split(&payer, &payer, recipients, None, &shares)])?;
    for wallet in &wallets {
        let open = instruction::open_associated_token(&payer, wallet, &stage.mint, &spl_token_interface::ID);
        stage.send(&[open])?;
    }
    let (owner, device) = (stage.owner.insecure_clone(), stage::device(number).pubkey());
    let transfer = instruction::transfer_node(&owner.pubkey(), &stage.network, &stage.shard, &device, &split);
    stage.ledger.send(&stage.payer, &[transfer], &[&owner])?;
    let claim = instruction::claim_split(
        &stage.network,
        &stage.shard,
        &split,
        &wallets,
        &stage.mint,
        &spl_token_interface::ID,
        vec![number],
    );
    Ok(stage.send(&[claim])?.compute_units)
}
