//! What the upgradeable loader has of a program.

use crate::error::MigrationError;
use solana_address::Address;
use solana_loader_v3_interface::state::UpgradeableLoaderState;
use std::{thread::sleep, time::Duration};
use stipend_client::ledger::{Accounts, LedgerError};

/// The upgradeable loader, which owns programs, what they consist of, and buffers.
pub const LOADER_ID: Address = Address::from_str_const("BPFLoaderUpgradeab1e11111111111111111111111");
/// Bytes of a program's account.
pub const PROGRAM_BYTES: usize = UpgradeableLoaderState::size_of_program();
/// Bytes before those of the program, in its program data.
pub const PROGRAM_DATA_HEADER: usize = UpgradeableLoaderState::size_of_programdata_metadata();

const CLOCK_ID: Address = Address::from_str_const("SysvarC1ock11111111111111111111111111111111");

/// A program that is deployed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployment {
    /// The program.
    pub program: Address,
    /// Where its bytes are.
    pub program_data: Address,
    /// Slot in which it was last deployed, upgraded or extended.
    pub slot: u64,
    /// Who may upgrade it, if anybody.
    pub authority: Option<Address>,
    /// All bytes that the program data has room for.
    pub bytes: Vec<u8>,
}

impl Deployment {
    /// What is deployed as `program`; none if the address was never used.
    ///
    /// Errors: [`MigrationError::NotUpgradeable`], [`MigrationError::ProgramClosed`].
    pub fn read<A: Accounts>(accounts: &mut A, program: &Address) -> Result<Option<Self>, MigrationError> {
        let Some(account) = accounts.account(program)? else {
            return Ok(None);
        };
        let foreign = || MigrationError::NotUpgradeable { program: *program, owner: account.owner };
        let state = state_of(&account.data).filter(|_| account.owner == LOADER_ID).ok_or_else(foreign)?;
        let UpgradeableLoaderState::Program { programdata_address: program_data } = state else {
            return Err(foreign());
        };
        let closed = || MigrationError::ProgramClosed { program: *program };
        let account = accounts.account(&program_data)?.ok_or_else(closed)?;
        let Some(UpgradeableLoaderState::ProgramData { slot, upgrade_authority_address: authority }) =
            state_of(&account.data)
        else {
            return Err(closed());
        };
        let bytes = account.data.get(PROGRAM_DATA_HEADER..).unwrap_or_default().to_vec();
        Ok(Some(Self { program: *program, program_data, slot, authority, bytes }))
    }

    /// The program's bytes, if it is as long as `artifact`: what is behind them must be zeros.
    pub fn is(&self, artifact: &[u8]) -> bool {
        self.bytes.strip_prefix(artifact).is_some_and(|rest| rest.iter().all(|byte| *byte == 0))
    }
}

/// What an account of the loader's says of itself.
pub fn state_of(data: &[u8]) -> Option<UpgradeableLoaderState> {
    bincode::deserialize(data).ok()
}

/// Waits until the cluster's slot is past `slot`: a program can't be called, extended or upgraded in the slot in which it
/// was changed. After ten seconds it is let go, and the cluster has the word.
pub fn wait_past<A: Accounts>(accounts: &mut A, slot: u64) -> Result<(), LedgerError> {
    for _ in 0..50 {
        let clock = accounts.account(&CLOCK_ID)?;
        let now = clock.as_ref().and_then(|clock| clock.data.first_chunk()).map(|bytes| u64::from_le_bytes(*bytes));
        if now.is_none_or(|now| now > slot) {
            break;
        }
        sleep(Duration::from_millis(200));
    }
    Ok(())
}
