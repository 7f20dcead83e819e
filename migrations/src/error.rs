//! Why a step was not taken.

use crate::plan::PlanError;
use solana_address::Address;
use stipend_client::{ledger::LedgerError, reader::ReadError};

/// Why a step was not taken; what was sent before it stands, and the next run goes on from there.
#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    /// The plan is at fault.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// A transaction had no effect, or the cluster can't be reached.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// An account of the program's can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Something must be signed by a key whose secret is elsewhere.
    #[error("{role} {address} must sign, and the plan names its address only; name its key file there")]
    KeyMissing {
        /// What the key is for.
        role: &'static str,
        /// Whose secret is missing.
        address: Address,
    },
    /// The payer can't pay for all of it.
    #[error(
        "payer {payer} has {has_lamports} lamports, and the steps need {needs_lamports}; send it {} more",
        needs_lamports.saturating_sub(*has_lamports)
    )]
    NotEnough {
        /// Who pays.
        payer: Address,
        /// What it has.
        has_lamports: u64,
        /// What it must have at some moment, without priority fees.
        needs_lamports: u64,
    },
    /// The plan's program is not the one that this was built for.
    #[error(
        "the plan's program is {planned}, and the sources are built for {compiled}, so that it would refuse every account; run \
         `cargo xtask program-id {planned}`, then `cargo xtask artifact` and `cargo xtask idl`, and build this again"
    )]
    ProgramIdDiffers {
        /// The plan's.
        planned: Address,
        /// The one in the sources.
        compiled: Address,
    },
    /// At the program's address is something else.
    #[error("account {program} belongs to {owner} and is no upgradeable program; use another program ID")]
    NotUpgradeable {
        /// The program's address.
        program: Address,
        /// Who owns the account.
        owner: Address,
    },
    /// The program was closed, which is for ever.
    #[error("program {program} was closed, and its address can't be used again; use another program ID")]
    ProgramClosed {
        /// The program's address.
        program: Address,
    },
    /// Nobody can upgrade the program, and it is not the artifact.
    #[error(
        "program {program} has other bytes than the artifact, and its upgrade authority was given up; name the artifact that \
         it was deployed from, or deploy under another program ID"
    )]
    ProgramFrozen {
        /// The program's address.
        program: Address,
    },
    /// The program's upgrade authority is somebody whom the plan does not name.
    #[error(
        "upgrade authority of program {program} is {}, and the plan's is {planned}; name the former in the plan, or have it \
         handed over", name(.there)
    )]
    UpgradeAuthorityDiffers {
        /// The program's address.
        program: Address,
        /// The cluster's.
        there: Option<Address>,
        /// The plan's.
        planned: Address,
    },
    /// At the buffer's address is something else.
    #[error("account {buffer} is no buffer of the upgrade authority's; close it with `solana program close {buffer}`")]
    BufferForeign {
        /// The buffer's address.
        buffer: Address,
    },
    /// Writes of the buffer did not arrive.
    #[error("buffer {buffer} lacks {missing} of {total} chunks though all were sent; run this again")]
    BufferIncomplete {
        /// The buffer's address.
        buffer: Address,
        /// Chunks that are not there.
        missing: usize,
        /// All of them.
        total: usize,
    },
    /// There is no mint to adopt.
    #[error("there is no mint at {mint}; name the key file of a new one, or the address of one of this cluster")]
    MintMissing {
        /// Where it should be.
        mint: Address,
    },
    /// The account is no mint of the token program.
    #[error(
        "account {mint} belongs to {owner} and is no mint of {planned}; name a mint, and the token program that it has"
    )]
    NotAMint {
        /// The account.
        mint: Address,
        /// Who owns it.
        owner: Address,
        /// The plan's token program.
        planned: Address,
    },
    /// The mint has other decimals.
    #[error("mint {mint} has {there} decimals, and the plan says {planned}; change the plan, or name another mint")]
    MintDecimalsDiffer {
        /// The mint.
        mint: Address,
        /// What it has.
        there: u8,
        /// The plan's.
        planned: u8,
    },
    /// Somebody could freeze rewards.
    #[error(
        "mint {mint} has the freeze authority {authority}, who could hold rewards back; have it given up with \
         `spl-token authorize {mint} freeze --disable`, or name another mint"
    )]
    MintFreezable {
        /// The mint.
        mint: Address,
        /// Who may freeze.
        authority: Address,
    },
    /// The network's authority-to-be does not mint.
    #[error(
        "mint {mint} has the authority {}, and the network's authority is to be {planned}; hand the mint over to it with \
         `spl-token authorize`, or change the plan", name(.there)
    )]
    MintAuthorityDiffers {
        /// The mint.
        mint: Address,
        /// Who mints.
        there: Option<Address>,
        /// The plan's.
        planned: Address,
    },
    /// The mint belongs to Stipend already, and its first network is not there.
    #[error("mint {mint} has no network 0, and the plan's is {id}; create network 0 of that mint first")]
    FirstNetworkMissing {
        /// The mint.
        mint: Address,
        /// The plan's network.
        id: u16,
    },
    /// The network's first epoch was to begin already.
    #[error("genesis {genesis} is past by the cluster's clock, {now}; name one that is to come")]
    GenesisPast {
        /// Unix seconds, the plan's.
        genesis: i64,
        /// Unix seconds.
        now: i64,
    },
    /// The network is another one than the plan says.
    #[error(
        "network {network} differs from the plan: {}; change the plan, or the network with the `stipend network` commands where \
         it may change",
        differences.join(", ")
    )]
    NetworkDiffers {
        /// The network's address.
        network: Address,
        /// One for each field.
        differences: Vec<String>,
    },
    /// An oracle measures that the plan does not name.
    #[error(
        "oracle {oracle} measures, and the plan does not name it; add it to the plan, or remove it from the network"
    )]
    OracleUnplanned {
        /// Its key.
        oracle: Address,
    },
    /// An oracle of the plan was removed.
    #[error("oracle {oracle} was removed from epoch {from_epoch} on; take it out of the plan, or add it to the network by hand")]
    OracleRemoved {
        /// Its key.
        oracle: Address,
        /// First epoch that it no longer measures.
        from_epoch: u32,
    },
    /// An oracle of the plan was proven to have signed two values.
    #[error("oracle {oracle} was suspended for signing two values for one slot; name another key in the plan")]
    OracleSuspended {
        /// Its key.
        oracle: Address,
    },
    /// The next shard can't be opened yet.
    #[error("the plan wants {planned} shards, and the next opens when all are full: {possible} at the most by now; plan so many")]
    ShardsNotFull {
        /// The plan's.
        planned: u32,
        /// Those that may be open by now.
        possible: u32,
    },
    /// A step was taken and is not done.
    #[error("step {step} was taken, and this is left: {left}; run this again, and report it if it stays")]
    Unfinished {
        /// The step's name.
        step: &'static str,
        /// What it would still do.
        left: String,
    },
    /// A transaction can't be put together.
    #[error("{what} can't be put together: {why}")]
    Malformed {
        /// What.
        what: &'static str,
        /// Why.
        why: String,
    },
}

fn name(authority: &Option<Address>) -> String {
    authority.map_or_else(|| "nobody".to_owned(), |address| address.to_string())
}
