//! What every command that writes does: say what it will do and what it costs, ask, do it.

use std::io::{self, BufRead, IsTerminal, Write};

use serde::Serialize;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use stipend_client::instruction::instruction_name;
use stipend_client::ledger::{named, Ledger, LedgerError};

use crate::failure::Failure;
use crate::figure::{counted, grouped, sol};

/// Whether it is asked before anything is sent.
#[derive(Debug, Clone, clap::Args)]
pub struct ConsentArgs {
    /// Do it without asking
    #[arg(short, long)]
    yes: bool,
    /// Show what it would do and cost, and send nothing
    #[arg(long, conflicts_with = "yes")]
    dry_run: bool,
}

impl ConsentArgs {
    /// Refuses what nobody can be asked about. Called before anything else, so that a script learns it at once.
    pub fn check(&self, doing: &str) -> Result<(), Failure> {
        if self.yes || self.dry_run || io::stdin().is_terminal() {
            return Ok(());
        }
        Err(Failure::usage(doing, "nobody is at a terminal to be asked; pass --yes, or --dry-run to look only"))
    }

    /// Whether to go on, once it was shown what will be done: asks, unless that was said beforehand.
    pub fn is_given(&self, doing: &str) -> Result<bool, Failure> {
        if !self.dry_run && !self.yes {
            ask(doing)?;
        }
        Ok(!self.dry_run)
    }
}

/// One transaction, and what it does in words.
#[derive(Clone, Debug)]
pub struct Step {
    /// Reads well behind "will": "add oracle ABC".
    pub effect: String,
    pub instructions: Vec<Instruction>,
    /// Whether it may land before or behind its neighbours that may, too.
    is_free: bool,
}

impl Step {
    pub fn new(effect: impl Into<String>, instructions: Vec<Instruction>) -> Self {
        Self { effect: effect.into(), instructions, is_free: false }
    }

    /// The same, in any order with its neighbours of this kind.
    pub fn in_any_order(self) -> Self {
        Self { is_free: true, ..self }
    }
}

/// What was done. Part of the JSON object of each command that writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Done {
    /// False: it was only shown.
    pub sent: bool,
    pub transactions: usize,
    pub compute_units: u64,
    pub fee_lamports: u64,
}

/// Shows the steps and what they cost, asks, and takes them in their order; those that may come in any order at once.
///
/// The first step is simulated before the question, the others when the ones before have landed: they may build on them. What was
/// done when a step fails stands, and is said.
///
/// - `doing`: what reads well after "failed to"; `signers`: at least those that the steps name.
pub fn carry_out(
    ledger: &mut impl Ledger,
    payer: &Keypair,
    doing: &str,
    steps: &[Step],
    signers: &[&Keypair],
    consent: &ConsentArgs,
) -> Result<Done, Failure> {
    consent.check(doing)?;
    let mut done = Done::default();
    let failed = |error: LedgerError| Failure::settling(doing, error);
    let Some(first) = steps.first() else {
        return Ok(done);
    };
    let first_signers = named(&first.instructions, signers);
    let simulation = ledger.simulate(payer, &first.instructions, &first_signers).map_err(failed)?;
    show(steps, &simulation).map_err(|error| Failure::usage(doing, error))?;
    if !consent.is_given(doing)? {
        let (compute_units, fee_lamports) = (simulation.compute_units, simulation.fee_lamports);
        return Ok(Done { sent: false, transactions: 0, compute_units, fee_lamports });
    }
    for some in steps.chunk_by(|one, next| one.is_free && next.is_free) {
        let transactions: Vec<_> = some.iter().map(|step| step.instructions.clone()).collect();
        let mut failure = None;
        for (step, result) in some.iter().zip(ledger.send_all(payer, &transactions, signers)) {
            match result {
                Ok(receipt) => {
                    tracing::info!(effect = step.effect, units = receipt.compute_units, "landed");
                    done.sent = true;
                    done.transactions += 1;
                    done.compute_units += receipt.compute_units;
                    done.fee_lamports += receipt.fee_lamports;
                }
                Err(error) => {
                    failure.get_or_insert((step, error));
                }
            }
        }
        if let Some((step, error)) = failure {
            if done.transactions > 0 {
                eprintln!("{} of {} steps are done; the rest is not", done.transactions, steps.len());
            }
            return Err(Failure::settling(format!("{doing} ({})", step.effect), error));
        }
    }
    Ok(done)
}

/// On stderr: results only go to stdout.
fn show(steps: &[Step], first: &stipend_client::ledger::Simulation) -> io::Result<()> {
    let mut out = io::stderr().lock();
    writeln!(out, "This will, in {}:", counted(steps.len() as u64, "transaction"))?;
    for step in steps {
        let names: Vec<_> = step.instructions.iter().map(instruction_name).collect();
        writeln!(out, "  {} ({})", step.effect, names.join(" + "))?;
    }
    let which = if steps.len() == 1 { "" } else { "first one: " };
    writeln!(out, "{which}{} compute units, fee {}", grouped(first.compute_units), sol(first.fee_lamports))?;
    for (address, change_lamports) in &first.changes_lamports {
        writeln!(out, "  {address}  {change_lamports:+} lamports")?;
    }
    Ok(())
}

/// Asks at a terminal.
fn ask(doing: &str) -> Result<(), Failure> {
    eprint!("Do it? [y/N] ");
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).map_err(|error| Failure::usage(doing, error))?;
    if matches!(answer.trim(), "y" | "Y" | "yes") {
        return Ok(());
    }
    Err(Failure::usage(doing, "not confirmed; nothing was sent"))
}

#[cfg(all(test, feature = "demo"))]
mod tests {
    use super::*;
    use crate::failure::ExitKind;
    use solana_address::Address;
    use solana_signer::Signer as _;
    use stipend_client::embedded::EmbeddedLedger;
    use stipend_client::ledger::Accounts as _;
    use stipend_demo::embedded_ledger;

    const YES: ConsentArgs = ConsentArgs { yes: true, dry_run: false };
    const LOOK: ConsentArgs = ConsentArgs { yes: false, dry_run: true };
    const FRIENDS: [Address; 2] = [Address::new_from_array([1; 32]), Address::new_from_array([2; 32])];

    fn given() -> (EmbeddedLedger, Keypair) {
        let mut ledger = embedded_ledger(0).expect("a VM");
        let payer = Keypair::new_from_array([7; 32]);
        ledger.airdrop(&payer.pubkey(), 10_000_000_000).expect("lamports");
        (ledger, payer)
    }

    fn transfer(payer: &Keypair, to: &Address, lamports: u64) -> Step {
        let transfer = solana_system_interface::instruction::transfer(&payer.pubkey(), to, lamports);
        Step::new("transfer", vec![transfer])
    }

    fn lamports(ledger: &mut EmbeddedLedger) -> [u64; 2] {
        FRIENDS.map(|friend| ledger.account(&friend).expect("read").map_or(0, |account| account.lamports))
    }

    #[test]
    fn steps_are_taken_in_their_order_and_counted() {
        let (mut ledger, payer) = given();
        let steps = FRIENDS.map(|friend| transfer(&payer, &friend, 1_000_000_000));

        let done = carry_out(&mut ledger, &payer, "transfer", &steps, &[], &YES).expect("done");

        assert_eq!(lamports(&mut ledger), [1_000_000_000; 2]);
        // A transfer takes 150 compute units, a signature costs 5,000 lamports.
        assert_eq!(done, Done { sent: true, transactions: 2, compute_units: 300, fee_lamports: 10_000 });
    }

    #[test]
    fn what_is_only_looked_at_changes_nothing() {
        let (mut ledger, payer) = given();
        let steps = FRIENDS.map(|friend| transfer(&payer, &friend, 1_000_000_000));

        let done = carry_out(&mut ledger, &payer, "transfer", &steps, &[], &LOOK).expect("shown");

        assert_eq!(lamports(&mut ledger), [0; 2]);
        assert_eq!(done, Done { sent: false, transactions: 0, compute_units: 150, fee_lamports: 5_000 });
    }

    #[test]
    fn what_is_refused_is_refused_before_anything_is_sent_and_later_steps_leave_the_first() {
        let (mut ledger, payer) = given();
        let [first, second] = FRIENDS;
        let (small, large) = (1_000_000_000, 20_000_000_000);

        let at_once = [transfer(&payer, &first, large), transfer(&payer, &second, small)];
        let refused = carry_out(&mut ledger, &payer, "transfer", &at_once, &[], &YES).expect_err("too much");
        assert_ne!(refused.exit_kind(), ExitKind::Bug);
        assert_eq!(lamports(&mut ledger), [0; 2]);

        let later = [transfer(&payer, &first, small), transfer(&payer, &second, large)];
        carry_out(&mut ledger, &payer, "transfer", &later, &[], &YES).expect_err("too much");
        assert_eq!(lamports(&mut ledger), [small, 0]);
    }
}
