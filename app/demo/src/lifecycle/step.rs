//! What is written down of the story, and how it is shown.

use std::io::{self, Write};

use comfy_table::{ColumnConstraint, Width};
use serde::Serialize;

use super::Story;
use crate::figure::{grouped, sol};
use crate::table::table;
use crate::token::tokens;

/// Widths past which a table would leave most terminals; longer texts go on in the next line.
const INSTRUCTION_WIDTH: u16 = 25;
const EFFECT_WIDTH: u16 = 80;

/// Something that happened.
#[derive(Clone, Debug, Serialize)]
pub struct Step {
    /// Counted from 1.
    pub step: usize,
    pub chapter: &'static str,
    /// What was sent, or what else was done.
    pub instruction: String,
    /// How many transactions took effect.
    pub transactions: u64,
    /// Of all of them; none of what was refused.
    pub compute_units: u64,
    pub fee_lamports: u64,
    /// What went from wallets into accounts, rents and bonds, or came back from there; the fees are not in it.
    pub deposit_lamports: i64,
    pub effect: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<Refusal>,
}

/// The error of the program that stopped an instruction.
#[derive(Clone, Debug, Serialize)]
pub struct Refusal {
    pub number: u32,
    pub name: String,
    pub message: String,
}

/// What must come out even in the end.
#[derive(Clone, Debug, Serialize)]
pub struct Conservation {
    /// What the wallets were given at the beginning.
    pub given_lamports: u64,
    /// What they have at the end.
    pub left_lamports: u64,
    pub fees_lamports: u64,
    /// Of forfeited bonds.
    pub burnt_lamports: u64,
    /// In the mint and in the owners' token accounts, which are not the network's to close.
    pub token_rents_lamports: u64,
    /// The mint's supply.
    pub supply_atoms: u64,
    /// In the owners' token accounts.
    pub held_atoms: u64,
    /// What both networks together minted, as they said before they were closed.
    pub minted_atoms: u64,
    /// What they could have minted at most.
    pub cap_atoms: u64,
}

impl Conservation {
    /// Whether nothing was lost, and nothing made.
    pub fn is_even(&self) -> bool {
        let spent = self.left_lamports + self.fees_lamports + self.burnt_lamports + self.token_rents_lamports;
        let is_minted = self.supply_atoms == self.held_atoms && self.supply_atoms == self.minted_atoms;
        spent == self.given_lamports && is_minted && self.minted_atoms <= self.cap_atoms
    }
}

/// Writes the story for people, a table a chapter.
pub fn write_story(story: &Story, out: &mut dyn Write) -> io::Result<()> {
    for steps in story.steps.chunk_by(|one, next| one.chapter == next.chapter) {
        let header = ["step", "instruction", "sent", "CU", "fee", "deposit", "what happened"];
        let mut chapter = table(&header, &[0, 2, 3, 4, 5]);
        for (column, most) in [(1, INSTRUCTION_WIDTH), (6, EFFECT_WIDTH)] {
            if let Some(column) = chapter.column_mut(column) {
                column.set_constraint(ColumnConstraint::UpperBoundary(Width::Fixed(most)));
            }
        }
        for step in steps {
            chapter.add_row([
                step.step.to_string(),
                step.instruction.clone(),
                shown(step.transactions),
                shown(step.compute_units),
                shown(step.fee_lamports),
                signed(step.deposit_lamports),
                told(step),
            ]);
        }
        writeln!(out, "{}\n{chapter}\n", steps.first().map_or("", |step| step.chapter))?;
    }
    let sums = &story.conservation;
    writeln!(out, "Lamports  given {}", sol(sums.given_lamports))?;
    writeln!(
        out,
        "          = left {} + fees {} + burnt {} + rent of the mint and the owners' token accounts {}",
        sol(sums.left_lamports),
        sol(sums.fees_lamports),
        sol(sums.burnt_lamports),
        sol(sums.token_rents_lamports)
    )?;
    writeln!(
        out,
        "Atoms     minted by both networks {} = supply {} = held by the owners {}, of at most {}",
        tokens(sums.minted_atoms),
        tokens(sums.supply_atoms),
        tokens(sums.held_atoms),
        tokens(sums.cap_atoms)
    )
}

fn told(step: &Step) -> String {
    match &step.refused {
        None => step.effect.clone(),
        Some(refusal) => format!("{}\nrefused: {} {}, {}", step.effect, refusal.number, refusal.name, refusal.message),
    }
}

fn shown(number: u64) -> String {
    if number == 0 {
        return String::new();
    }
    grouped(number)
}

fn signed(lamports: i64) -> String {
    let sign = if lamports < 0 { "-" } else { "" };
    match lamports.unsigned_abs() {
        0 => String::new(),
        number => format!("{sign}{}", grouped(number)),
    }
}
