//! What the program costs, measured on the sBPF artifact in a VM: `stipend-bench ARTIFACT JSON`.
//!
//! Prints a table and writes the same figures as one flat JSON object. Every figure is the same on every machine.

mod stage;

use anyhow::{bail, Context, Result};
use serde_json::{Map, Value};
use solana_signer::Signer;
use stage::Stage;
use stipend::constants::MAX_ORACLES;
use stipend_client::{
    batch::cut,
    instruction::{self, Destination},
};

const SLOTS: u64 = 1_024;

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
    println!("{:<24} {:>10}   mark", "figure", "measured");
    for figure in &figures {
        let (relation, mark) = match figure.mark {
            Mark::AtMost(most) => ("≤", most),
            Mark::AtLeast(least) => ("≥", least),
        };
        let verdict = if figure.is_reached() { "" } else { "   NOT REACHED" };
        println!("{:<24} {:>10}   {relation} {mark}{verdict}", figure.name, figure.value);
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
    let figure = |name, value, mark| Figure { name, value, mark };
    let mut figures = reports(program)?;
    figures.extend(scores(program)?);
    figures.extend(payments(program)?);
    figures.push(figure("artifact_bytes", program.len() as u64, Mark::AtMost(300_000)));
    Ok(figures)
}

/// Both ways of reporting: the cost of 100 nodes, and how many nodes a transaction holds.
fn reports(program: &[u8]) -> Result<Vec<Figure>> {
    let mut stage = Stage::new(program, 3, 300)?;
    stage.end(0);
    let entries = stage.entries(1);
    let first = |domain, nodes| cut(domain, 0, &entries, nodes).swap_remove(0);
    let relayed = stage.relay(0, &first(stage.domain, 100))?;

    // The values of a slot are the same in each try, so every transaction that is short enough is taken.
    let signed_nodes = (1..300).take_while(|nodes| stage.submit(1, &first(stage.domain, *nodes)).is_ok()).count();
    let relayed_nodes = (1..300).take_while(|nodes| stage.relay(2, &first(stage.domain, *nodes)).is_ok()).count();
    Ok(vec![
        Figure { name: "report_100_relayed_cu", value: relayed.compute_units, mark: Mark::AtMost(1_900) },
        Figure { name: "nodes_per_tx_signed", value: signed_nodes as u64, mark: Mark::AtLeast(140) },
        Figure { name: "nodes_per_tx_relayed", value: relayed_nodes as u64, mark: Mark::AtLeast(110) },
    ])
}

/// Scoring a full shard: of nodes that were there before, and of ones whose first epoch it is, which costs a little more.
fn scores(program: &[u8]) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for (oracles, name, most) in [(3, "score_slot_3_cu", 80), (5, "score_slot_5_cu", 130)] {
        let mut stage = Stage::new(program, oracles, 1_024)?;
        let first = score(&mut stage, 0)?;
        if oracles == 3 {
            figures.push(Figure { name: "score_new_slot_3_cu", value: first.div_ceil(SLOTS), mark: Mark::AtMost(130) });
        }
        stage.send(&[instruction::close_epoch(&stage.network)])?;
        stage.send_large(instruction::settle_shard(&stage.network, &stage.shard))?;
        let value = score(&mut stage, 1)?.div_ceil(SLOTS);
        figures.push(Figure { name, value, mark: Mark::AtMost(most) });
    }
    let mut stage = Stage::new(program, u8::try_from(MAX_ORACLES)?, 1_024)?;
    let value = score(&mut stage, 0)?;
    figures.push(Figure { name: "score_full_16_cu", value, mark: Mark::AtMost(1_400_000) });
    let judge = instruction::judge_shard(&stage.network, &stage.shard, &stage.oracle_keys(), 0);
    let value = stage.send_large(judge)?.compute_units;
    figures.push(Figure { name: "judge_full_16_cu", value, mark: Mark::AtMost(1_400_000) });
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
    let mut stage = Stage::new(program, 3, 1_024)?;
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
    Ok(vec![
        Figure { name: "settle_slot_cu", value: settle.compute_units.div_ceil(SLOTS), mark: Mark::AtMost(45) },
        Figure { name: "claim_one_cu", value: one, mark: Mark::AtMost(8_500) },
        Figure { name: "claim_slot_cu", value: many.saturating_sub(one).div_ceil(100), mark: Mark::AtMost(60) },
    ])
}
