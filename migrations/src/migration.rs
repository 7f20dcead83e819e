//! What a step is, and how all of them are taken.

use crate::{
    error::MigrationError, m0001_program::DeployProgram, m0002_mint::CreateMint, m0003_network::CreateNetwork,
    m0004_oracles::AddOracles, m0005_shards::OpenShards, plan::Plan,
};
use std::fmt;
use stipend_client::{ledger::Ledger, program};

/// Lamports that a cluster takes for each signature; what its load adds is not in it.
pub const SIGNATURE_LAMPORTS: u64 = 5_000;

/// Something that a step will do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    /// What, in a few words.
    pub what: String,
    /// Transactions that it takes.
    pub transactions: u64,
    /// Their fees, without priority fees.
    pub fee_lamports: u64,
    /// Lamports that go from the payer into accounts, as rent or bond; below 0 if they come back.
    pub deposit_lamports: i64,
}

impl Action {
    /// An action of so many transactions, each with so many signatures.
    pub fn new(what: impl Into<String>, transactions: u64, signatures: u64, deposit_lamports: i64) -> Self {
        let fee_lamports = transactions.saturating_mul(signatures).saturating_mul(SIGNATURE_LAMPORTS);
        Self { what: what.into(), transactions, fee_lamports, deposit_lamports }
    }
}

/// One numbered step.
pub trait Migration<L: Ledger> {
    /// Its number and what it is about, as its file is named.
    fn name(&self) -> &'static str;

    /// What is left to do, in order; nothing if the cluster is as the plan says. Reads only.
    ///
    /// Errors: what is there is different.
    fn look(&self, ledger: &mut L, plan: &Plan) -> Result<Vec<Action>, MigrationError>;

    /// Does what is left to do.
    fn apply(&self, ledger: &mut L, plan: &Plan) -> Result<(), MigrationError>;
}

/// All steps, in order.
pub fn steps<L: Ledger + 'static>() -> [&'static dyn Migration<L>; 5] {
    [&DeployProgram, &CreateMint, &CreateNetwork, &AddOracles, &OpenShards]
}

/// What all steps will do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Review {
    /// Each step's name and actions; none where everything is there.
    pub steps: Vec<(&'static str, Vec<Action>)>,
}

impl Review {
    /// Whether nothing is left to do.
    pub fn is_done(&self) -> bool {
        self.steps.iter().all(|(_, actions)| actions.is_empty())
    }

    /// Every action, in order.
    pub fn actions(&self) -> impl Iterator<Item = &Action> {
        self.steps.iter().flat_map(|(_, actions)| actions)
    }

    /// Lamports that are gone when everything is done: fees, rents and bonds, without priority fees.
    pub fn cost_lamports(&self) -> i64 {
        self.actions().fold(0, spend)
    }

    /// Lamports that the payer must have at the beginning: some come back on the way.
    pub fn peak_lamports(&self) -> u64 {
        let spent = self.actions().scan(0, |spent, action| {
            *spent = spend(*spent, action);
            Some(*spent)
        });
        spent.max().and_then(|peak| u64::try_from(peak).ok()).unwrap_or(0)
    }
}

impl fmt::Display for Review {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, actions) in &self.steps {
            let state = if actions.is_empty() { ": as the plan says" } else { "" };
            writeln!(formatter, "{name}{state}")?;
            for action in actions {
                writeln!(formatter, "{action}")?;
            }
        }
        if self.is_done() {
            return writeln!(formatter, "Nothing is left to do.");
        }
        let transactions: u64 = self.actions().map(|action| action.transactions).sum();
        let (cost, peak) = (sol(self.cost_lamports()), sol(signed(self.peak_lamports())));
        writeln!(
            formatter,
            "All together: {transactions} transactions, {cost} SOL; the payer needs {peak} SOL at the most."
        )?;
        writeln!(formatter, "Priority fees, where they are paid, come on top.")
    }
}

impl fmt::Display for Action {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.transactions == 1 { "" } else { "s" };
        writeln!(formatter, "  {}", self.what)?;
        write!(
            formatter,
            "    {} transaction{plural}, {} SOL fees",
            self.transactions,
            sol(signed(self.fee_lamports))
        )?;
        match self.deposit_lamports {
            0 => Ok(()),
            back if back < 0 => write!(formatter, ", {} SOL come back", sol(back.saturating_neg())),
            deposit => write!(formatter, ", {} SOL rent or bond", sol(deposit)),
        }
    }
}

/// Lamports in SOL, nine digits behind the point.
fn sol(lamports: i64) -> String {
    let (sign, lamports) = (if lamports < 0 { "-" } else { "" }, lamports.unsigned_abs());
    format!("{sign}{}.{:09}", lamports / 1_000_000_000, lamports % 1_000_000_000)
}

/// Lamports with a sign; there are not as many as would not fit.
pub(crate) fn signed(lamports: u64) -> i64 {
    i64::try_from(lamports).unwrap_or(i64::MAX)
}

fn spend(spent: i64, action: &Action) -> i64 {
    spent.saturating_add(signed(action.fee_lamports)).saturating_add(action.deposit_lamports)
}

/// Says what all steps will do. Reads only.
///
/// Errors: what is there is different, the program ID is another than the sources', or the payer has too little.
pub fn review<L: Ledger + 'static>(ledger: &mut L, plan: &Plan) -> Result<Review, MigrationError> {
    let planned = plan.program.id.address();
    if planned != program::ID {
        return Err(MigrationError::ProgramIdDiffers { planned, compiled: program::ID });
    }
    let mut review = Review::default();
    for step in steps::<L>() {
        review.steps.push((step.name(), step.look(ledger, plan)?));
    }
    let payer = plan.payer.address();
    let has_lamports = ledger.account(&payer)?.map_or(0, |account| account.lamports);
    let needs_lamports = review.peak_lamports();
    if has_lamports < needs_lamports {
        return Err(MigrationError::NotEnough { payer, has_lamports, needs_lamports });
    }
    Ok(review)
}

/// Takes one step, if anything of it is left to do, and looks that nothing is left then. Returns whether it was taken.
pub fn take<L: Ledger>(step: &dyn Migration<L>, ledger: &mut L, plan: &Plan) -> Result<bool, MigrationError> {
    if step.look(ledger, plan)?.is_empty() {
        return Ok(false);
    }
    step.apply(ledger, plan)?;
    match step.look(ledger, plan)?.as_slice() {
        [] => Ok(true),
        left => {
            let left: Vec<_> = left.iter().map(|action| action.what.as_str()).collect();
            Err(MigrationError::Unfinished { step: step.name(), left: left.join(", ") })
        }
    }
}

/// Takes all steps. Returns the names of those that had something to do.
pub fn run<L: Ledger + 'static>(ledger: &mut L, plan: &Plan) -> Result<Vec<&'static str>, MigrationError> {
    review(ledger, plan)?;
    let mut taken = Vec::new();
    for step in steps::<L>() {
        if take(step, ledger, plan)? {
            taken.push(step.name());
        }
    }
    Ok(taken)
}
