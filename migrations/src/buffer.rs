//! The buffer that carries a program's next bytes to the loader, in chunks.
//!
//! Its address is derived from the upgrade authority and the program, so that no key needs to be kept for it: a run that was
//! stopped finds what it wrote, reads it back and sends only what differs.

use crate::{
    deployment::{state_of, LOADER_ID},
    error::MigrationError,
    migration::{signed, Action},
};
use solana_address::Address;
use solana_instruction::{AccountMeta, Instruction};
use solana_keypair::Keypair;
use solana_loader_v3_interface::{
    instruction::{self as loader, UpgradeableLoaderInstruction},
    state::UpgradeableLoaderState,
};
use solana_message::Message;
use solana_signer::Signer;
use solana_system_interface::instruction as system;
use stipend_client::ledger::{Ledger, LedgerError, MAX_TRANSACTION_BYTES};

/// Bytes before those of the program.
pub const HEADER: usize = UpgradeableLoaderState::size_of_buffer_metadata();

/// Bytes of a transaction left free for what a ledger adds: the limit and the price of its compute units, and their program.
const SPARE_BYTES: usize = 80;
/// Writes that are sent at once.
const WRITES_AT_ONCE: usize = 60;
/// How often writes are sent of which it is not known whether they landed.
const ROUNDS: usize = 3;
/// Longest seed of a derived address.
const MAX_SEED_CHARS: usize = 32;

/// A buffer, and what is to be in it.
pub struct Buffer<'a> {
    address: Address,
    seed: String,
    authority: &'a Keypair,
    payer: &'a Keypair,
    artifact: &'a [u8],
}

/// What there is of a buffer.
enum Found {
    Nothing,
    /// Of another artifact's length.
    Other {
        lamports: u64,
    },
    Ours(Vec<u8>),
}

impl<'a> Buffer<'a> {
    /// - `authority`: the program's upgrade authority, by whom and `program` the buffer is found.
    pub fn new(
        authority: &'a Keypair,
        payer: &'a Keypair,
        program: &Address,
        artifact: &'a [u8],
    ) -> Result<Self, MigrationError> {
        let seed: String = program.to_string().chars().take(MAX_SEED_CHARS).collect();
        let address = Address::create_with_seed(&authority.pubkey(), &seed, &LOADER_ID)
            .map_err(|error| MigrationError::Malformed { what: "buffer's address", why: error.to_string() })?;
        Ok(Self { address, seed, authority, payer, artifact })
    }

    /// Where it is.
    pub fn address(&self) -> Address {
        self.address
    }

    /// Bytes of its account.
    pub fn space(&self) -> usize {
        UpgradeableLoaderState::size_of_buffer(self.artifact.len())
    }

    /// What [`Self::fill`] will do, in order.
    pub fn look<L: Ledger>(&self, ledger: &mut L) -> Result<Vec<Action>, MigrationError> {
        let rent = ledger.rent_lamports(self.space())?;
        let signatures = if self.authority.pubkey() == self.payer.pubkey() { 1 } else { 2 };
        let mut actions = Vec::new();
        let bytes = match self.find(ledger)? {
            Found::Ours(bytes) => bytes,
            found => {
                if let Found::Other { lamports } = found {
                    let what = format!("close buffer {} of another artifact", self.address);
                    actions.push(Action::new(what, 1, signatures, -signed(lamports)));
                }
                let what = format!("open buffer {} of {} bytes", self.address, self.space());
                actions.push(Action::new(what, 1, signatures, signed(rent)));
                Vec::new()
            }
        };
        let total = self.chunks().count();
        let missing = self.missing(&bytes).len();
        if missing > 0 {
            let what = format!("write {missing} of {total} chunks of {} bytes", self.chunk_bytes());
            actions.push(Action::new(what, missing as u64, signatures, 0));
        }
        Ok(actions)
    }

    /// Opens the buffer if it is not there, and writes what it lacks.
    ///
    /// Errors: [`MigrationError::BufferForeign`], [`MigrationError::BufferIncomplete`].
    pub fn fill<L: Ledger>(&self, ledger: &mut L) -> Result<(), MigrationError> {
        let found = self.find(ledger)?;
        if let Found::Other { .. } = found {
            let payer = self.payer.pubkey();
            let close = loader::close(&self.address, &payer, &self.authority.pubkey());
            self.send(ledger, &[close])?;
        }
        if !matches!(found, Found::Ours(_)) {
            let open = self.open(ledger)?;
            self.send(ledger, &open)?;
        }
        let mut missing = self.missing(&self.bytes(ledger)?);
        for _ in 0..ROUNDS {
            if missing.is_empty() {
                return Ok(());
            }
            self.write(ledger, &missing)?;
            missing = self.missing(&self.bytes(ledger)?);
        }
        if missing.is_empty() {
            return Ok(());
        }
        let (missing, total) = (missing.len(), self.chunks().count());
        Err(MigrationError::BufferIncomplete { buffer: self.address, missing, total })
    }

    fn write<L: Ledger>(&self, ledger: &mut L, offsets: &[usize]) -> Result<(), MigrationError> {
        let mut written = 0;
        for offsets in offsets.chunks(WRITES_AT_ONCE) {
            let writes: Vec<_> = offsets.iter().map(|offset| vec![self.write_at(*offset)]).collect();
            for receipt in ledger.send_all(self.payer, &writes, &self.signers()) {
                match receipt {
                    // Whether it landed shows when the buffer is read back.
                    Ok(_) | Err(LedgerError::Unknown { .. }) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            written += offsets.len();
            tracing::info!(written, "wrote chunks of the program");
        }
        Ok(())
    }

    fn find<L: Ledger>(&self, ledger: &mut L) -> Result<Found, MigrationError> {
        let Some(account) = ledger.account(&self.address)? else {
            return Ok(Found::Nothing);
        };
        // Anybody can send lamports to an address: it can be opened all the same.
        if account.owner == Address::default() && account.data.is_empty() {
            return Ok(Found::Nothing);
        }
        let foreign = || MigrationError::BufferForeign { buffer: self.address };
        let state = state_of(&account.data).filter(|_| account.owner == LOADER_ID).ok_or_else(foreign)?;
        if state != (UpgradeableLoaderState::Buffer { authority_address: Some(self.authority.pubkey()) }) {
            return Err(foreign());
        }
        if account.data.len() != self.space() {
            return Ok(Found::Other { lamports: account.lamports });
        }
        Ok(Found::Ours(account.data.get(HEADER..).unwrap_or_default().to_vec()))
    }

    fn bytes<L: Ledger>(&self, ledger: &mut L) -> Result<Vec<u8>, MigrationError> {
        match self.find(ledger)? {
            Found::Ours(bytes) => Ok(bytes),
            _ => Err(MigrationError::BufferForeign { buffer: self.address }),
        }
    }

    /// Not `create_account`, which refuses an address that somebody sent lamports to.
    fn open<L: Ledger>(&self, ledger: &mut L) -> Result<Vec<Instruction>, MigrationError> {
        let (payer, authority) = (self.payer.pubkey(), self.authority.pubkey());
        let has_lamports = ledger.account(&self.address)?.map_or(0, |account| account.lamports);
        let lamports = ledger.rent_lamports(self.space())?.saturating_sub(has_lamports);
        let initialize = Instruction::new_with_bincode(
            LOADER_ID,
            &UpgradeableLoaderInstruction::InitializeBuffer,
            vec![AccountMeta::new(self.address, false), AccountMeta::new_readonly(authority, false)],
        );
        Ok(vec![
            system::transfer(&payer, &self.address, lamports),
            system::allocate_with_seed(&self.address, &authority, &self.seed, self.space() as u64, &LOADER_ID),
            initialize,
        ])
    }

    fn write_at(&self, offset: usize) -> Instruction {
        let end = offset.saturating_add(self.chunk_bytes()).min(self.artifact.len());
        let bytes = self.artifact.get(offset..end).unwrap_or_default().to_vec();
        // An account has 10 MiB at the most.
        let offset = u32::try_from(offset).unwrap_or(u32::MAX);
        loader::write(&self.address, &self.authority.pubkey(), offset, bytes)
    }

    /// Offsets of all chunks.
    fn chunks(&self) -> impl Iterator<Item = usize> {
        (0..self.artifact.len()).step_by(self.chunk_bytes())
    }

    /// Offsets of the chunks that `bytes` lacks.
    fn missing(&self, bytes: &[u8]) -> Vec<usize> {
        let is_there = |offset: &usize| {
            let end = offset.saturating_add(self.chunk_bytes()).min(self.artifact.len());
            bytes.get(*offset..end) == self.artifact.get(*offset..end)
        };
        self.chunks().filter(|offset| !is_there(offset)).collect()
    }

    /// Bytes of the program that fit a transaction, at least 1.
    fn chunk_bytes(&self) -> usize {
        let empty = loader::write(&self.address, &self.authority.pubkey(), 0, Vec::new());
        let message = Message::new(&[empty], Some(&self.payer.pubkey()));
        let signatures = usize::from(message.header.num_required_signatures);
        let bytes = 1 + 64 * signatures + message.serialize().len() + SPARE_BYTES;
        MAX_TRANSACTION_BYTES.saturating_sub(bytes).max(1)
    }

    fn signers(&self) -> Vec<&Keypair> {
        if self.authority.pubkey() == self.payer.pubkey() {
            Vec::new()
        } else {
            vec![self.authority]
        }
    }

    fn send<L: Ledger>(&self, ledger: &mut L, instructions: &[Instruction]) -> Result<(), MigrationError> {
        ledger.send(self.payer, instructions, &self.signers())?;
        Ok(())
    }
}
