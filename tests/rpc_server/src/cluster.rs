//! The state that endpoints answer from: accounts, slots, blockhashes, and what became of transactions.

use crate::large_network::LargeNetwork;
use litesvm::{types::FailedTransactionMetadata, LiteSVM};
use solana_account::{Account, ReadableAccount};
use solana_address::Address;
use solana_clock::Clock;
use solana_hash::Hash;
use solana_message::VersionedMessage;
use solana_signature::Signature;
use solana_transaction::versioned::VersionedTransaction;
use solana_transaction_error::TransactionError;
use std::{collections::HashMap, path::Path, sync::Arc};

/// Slots in which a blockhash may be used.
const BLOCKHASH_SLOTS: u64 = 150;
/// Bytes that a cluster adds to each account's data when it counts what a transaction loads.
const LOADED_ACCOUNT_BYTES: usize = 64;

/// What became of a transaction that is in a block.
#[derive(Clone, Debug)]
pub struct Landed {
    /// The slot of the block.
    pub slot: u64,
    /// Why it had no effect but its fee, if it had none.
    pub error: Option<TransactionError>,
    /// What the programs said.
    pub logs: Vec<String>,
    /// Lamports.
    pub fee_lamports: u64,
    /// What was signed.
    pub message: VersionedMessage,
}

/// What a transaction would do.
#[derive(Debug)]
pub struct Simulated {
    /// Why it would have no effect.
    pub error: Option<TransactionError>,
    /// What the programs said.
    pub logs: Vec<String>,
    /// Compute units.
    pub compute_units: u64,
    /// Bytes of its accounts, as a cluster counts them.
    pub loaded_bytes: usize,
    /// Lamports.
    pub fee_lamports: u64,
    /// Lamports of each account of the message, before and behind it.
    pub balances_lamports: Vec<(u64, u64)>,
}

/// See [the crate](crate).
#[derive(Clone)]
pub struct Cluster {
    vm: LiteSVM,
    large_network: Option<Arc<LargeNetwork>>,
    slot: u64,
    /// Each with the last slot in which it may be used.
    blockhashes: HashMap<Hash, u64>,
    landed: HashMap<Signature, Landed>,
    /// Whether transactions of version 1 are taken.
    takes_version_1: bool,
}

impl Cluster {
    /// A cluster with the committed program, or the one that `STIPEND_PROGRAM` names, whose clock shows `now`.
    pub fn new(now: i64) -> Self {
        // Signatures and blockhashes are checked here: a simulation has neither.
        let vm = LiteSVM::new().with_mainnet_features().with_precompiles().with_sigverify(false);
        let mut vm = vm.with_blockhash_check(false).with_transaction_history(0);
        let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../programs/stipend/artifact/stipend.so");
        let program = std::env::var_os("STIPEND_PROGRAM").map_or(committed, Into::into);
        vm.add_program_from_file(stipend::ID, program).expect("the program's artifact");
        let mut cluster = Self {
            vm,
            large_network: None,
            slot: 0,
            blockhashes: HashMap::new(),
            landed: HashMap::new(),
            takes_version_1: true,
        };
        cluster.warp_to(now);
        // A slot of 0 is what clients take for none.
        cluster.pass_slots(1_000);
        cluster
    }

    /// The same with a network whose accounts are there as soon as somebody asks for them.
    pub fn with_large_network(now: i64, network: Arc<LargeNetwork>) -> Self {
        Self { large_network: Some(network), ..Self::new(now) }
    }

    /// Puts a later state of the large network in place of what its accounts became here.
    pub fn replace_large_network(&mut self, network: Arc<LargeNetwork>) {
        for address in network.addresses() {
            if self.vm.get_account(address).is_some() {
                self.vm.set_account(*address, network.account(address).unwrap_or_default()).expect("an account");
            }
        }
        self.large_network = Some(network);
    }

    /// Takes transactions of 1,232 bytes only, as clusters did before version 1.
    pub fn reject_version_1(&mut self) {
        self.takes_version_1 = false;
    }

    /// Sets the clock, in Unix seconds.
    pub fn warp_to(&mut self, now: i64) {
        let clock = Clock { unix_timestamp: now, ..self.vm.get_sysvar() };
        self.vm.set_sysvar(&clock);
    }

    /// Lets slots pass. The clock stays: see [`Self::warp_to`].
    pub fn pass_slots(&mut self, count: u64) {
        self.slot += count;
        self.vm.warp_to_slot(self.slot);
    }

    /// The newest slot, which is its block's height too.
    pub fn slot(&self) -> u64 {
        self.slot
    }

    /// Gives an account lamports.
    pub fn airdrop(&mut self, address: &Address, lamports: u64) -> Signature {
        let signature = self.vm.airdrop(address, lamports).expect("the faucet has enough").signature;
        self.landed.insert(
            signature,
            Landed {
                slot: self.slot,
                error: None,
                logs: Vec::new(),
                fee_lamports: 0,
                message: VersionedMessage::default(),
            },
        );
        signature
    }

    /// Puts an account in place of what an address holds.
    pub fn set_account(&mut self, address: Address, account: Account) {
        self.vm.set_account(address, account).expect("an account");
    }

    /// An account, if there is one.
    pub fn account(&self, address: &Address) -> Option<Account> {
        let known = self.vm.get_account(address);
        let large = || self.large_network.as_ref()?.account(address);
        known.or_else(large).filter(|account| account.lamports > 0)
    }

    /// The program's accounts that the VM holds; those of a large network are too many to be listed.
    pub fn program_accounts(&self, program: &Address) -> Option<Vec<(Address, Account)>> {
        if self.large_network.is_some() {
            return None;
        }
        let mut found = self.vm.get_program_accounts(program);
        found.retain(|(_, account)| account.lamports > 0);
        found.sort_by_key(|(address, _)| *address);
        Some(found)
    }

    /// Lamports that an account of so many bytes must hold.
    pub fn rent_lamports(&self, bytes: usize) -> u64 {
        self.vm.minimum_balance_for_rent_exemption(bytes)
    }

    /// A new blockhash, and the last slot in which it may be used.
    pub fn new_blockhash(&mut self) -> (Hash, u64) {
        self.vm.expire_blockhash();
        let (hash, last_slot) = (self.vm.latest_blockhash(), self.slot + BLOCKHASH_SLOTS);
        self.blockhashes.insert(hash, last_slot);
        (hash, last_slot)
    }

    /// Whether a transaction's version is taken.
    pub fn takes(&self, transaction: &VersionedTransaction) -> bool {
        self.takes_version_1 || !matches!(transaction.message, VersionedMessage::V1(_))
    }

    /// Executes a transaction in a block of its own. One that is signed wrongly, or with a blockhash that is not good any more,
    /// is dropped without a word, and one that landed is not executed again, as clusters do.
    pub fn send(&mut self, transaction: VersionedTransaction) {
        self.pass_slots(1);
        let signature = transaction.signatures.first().copied().unwrap_or_default();
        let blockhash = transaction.message.recent_blockhash();
        let is_good = self.blockhashes.get(blockhash).is_some_and(|last_slot| self.slot <= *last_slot);
        let is_signed = transaction.verify_with_results().iter().all(|is_signed| *is_signed);
        if !is_good || !is_signed || self.landed.contains_key(&signature) {
            return;
        }
        self.hold_accounts_of(&transaction.message);
        let message = transaction.message.clone();
        let (error, meta) = match self.vm.send_transaction(transaction) {
            Ok(meta) => (None, meta),
            Err(FailedTransactionMetadata { err, meta }) => (Some(err), meta),
        };
        let is_included =
            !matches!(error, Some(TransactionError::AccountNotFound | TransactionError::InsufficientFundsForFee));
        if is_included {
            let landed = Landed { slot: self.slot, error, logs: meta.logs, fee_lamports: meta.fee, message };
            self.landed.insert(signature, landed);
        }
    }

    /// What a transaction would do, whoever signed it.
    pub fn simulate(&mut self, transaction: VersionedTransaction) -> Simulated {
        self.hold_accounts_of(&transaction.message);
        let addresses = transaction.message.static_account_keys().to_vec();
        let accounts: Vec<_> = addresses.iter().map(|address| self.account(address).unwrap_or_default()).collect();
        let before: Vec<_> = accounts.iter().map(|account| account.lamports).collect();
        let loaded_bytes = accounts.iter().map(|account| LOADED_ACCOUNT_BYTES + account.data.len()).sum();
        let (error, meta, after) = match self.vm.simulate_transaction(transaction) {
            Ok(simulated) => (None, simulated.meta, simulated.post_accounts),
            Err(FailedTransactionMetadata { err, meta }) => (Some(err), meta, Vec::new()),
        };
        let balance = |(address, before): (&Address, u64)| {
            let changed = after.iter().find(|(changed, _)| changed == address);
            (before, changed.map_or(before, |(_, account)| account.lamports()))
        };
        Simulated {
            error,
            logs: meta.logs,
            compute_units: meta.compute_units_consumed,
            loaded_bytes,
            fee_lamports: meta.fee,
            balances_lamports: addresses.iter().zip(before).map(balance).collect(),
        }
    }

    /// All transactions that are in a block and had an effect, of which `payer` paid the fee; in no order.
    pub fn paid_by(&self, payer: &Address) -> Vec<&Landed> {
        let all = self.landed.values().filter(|landed| landed.error.is_none());
        all.filter(|landed| landed.message.static_account_keys().first() == Some(payer)).collect()
    }

    /// Transactions that name an account, the newest first.
    pub fn naming(&self, address: &Address) -> Vec<(&Signature, &Landed)> {
        let names = |landed: &Landed| landed.message.static_account_keys().contains(address);
        let mut naming: Vec<_> = self.landed.iter().filter(|(_, landed)| names(landed)).collect();
        naming.sort_by_key(|(_, landed)| std::cmp::Reverse(landed.slot));
        naming
    }

    /// What became of a transaction; none if it is in no block.
    pub fn landed(&self, signature: &Signature) -> Option<&Landed> {
        self.landed.get(signature)
    }

    /// Puts accounts of the large network into the VM, which executes a transaction that names them.
    fn hold_accounts_of(&mut self, message: &VersionedMessage) {
        let Some(network) = self.large_network.clone() else { return };
        for address in message.static_account_keys() {
            if self.vm.get_account(address).is_some() {
                continue;
            }
            if let Some(account) = network.account(address) {
                self.set_account(*address, account);
            }
        }
    }
}
