//! A validator's bank in this process, with the sBPF artifact in it.

use crate::{caller, Refusal};
use anchor_lang::{AnchorDeserialize, Discriminator};
use solana_account::{Account, AccountSharedData};
use solana_address::Address;
use solana_clock::Clock;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_message::{v0, AddressLookupTableAccount, VersionedMessage};
use solana_program_test::{
    tokio::runtime::{Builder, Runtime},
    BuiltinFunctionDefinition, ProgramTest, ProgramTestContext,
};
use solana_rent::{Rent, DEFAULT_LAMPORTS_PER_BYTE};
use solana_signer::Signer;
use solana_transaction::{versioned::VersionedTransaction, Transaction};
use solana_transaction_error::TransactionError;
use std::{path::PathBuf, sync::OnceLock};

/// Unix seconds at which every stage's clock begins.
pub const START: i64 = 1_800_000_000;

/// Lamports a byte that rent costs at first, and that the bank's own check of accounts stays with.
pub const BANK_RENT: u64 = DEFAULT_LAMPORTS_PER_BYTE;

const LOADER: Address = Address::from_str_const("BPFLoader2111111111111111111111111111111111");
const COMPUTE_BUDGET: Address = Address::from_str_const("ComputeBudget111111111111111111111111111111");

/// What a transaction that was executed left behind.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// Compute units of all its instructions.
    pub compute_units: u64,
    /// What the programs logged.
    pub logs: Vec<String>,
}

impl Receipt {
    /// The events of one type, in order.
    pub fn events<E: AnchorDeserialize + Discriminator>(&self) -> Vec<E> {
        let said = self.logs.iter().filter_map(|line| line.strip_prefix("Program data: "));
        said.filter_map(|text| {
            let bytes = decode_base64(text);
            let mut body = bytes.strip_prefix(E::DISCRIMINATOR)?;
            let event = E::deserialize(&mut body).expect("event has its layout");
            assert!(body.is_empty(), "event has {} bytes too many", body.len());
            Some(event)
        })
        .collect()
    }

    /// The only event of its type.
    #[track_caller]
    pub fn event<E: AnchorDeserialize + Discriminator>(&self) -> E {
        let mut events = self.events();
        assert_eq!(events.len(), 1, "one event was expected");
        events.remove(0)
    }
}

/// The bank.
pub struct Stage {
    runtime: Runtime,
    context: ProgramTestContext,
    /// Pays every fee and rent.
    pub payer: Keypair,
    sent: u32,
}

impl Default for Stage {
    fn default() -> Self {
        Self::new()
    }
}

impl Stage {
    /// A new bank whose clock shows [`START`].
    pub fn new() -> Self {
        if std::env::var_os("RUST_LOG").is_none() {
            std::env::set_var("RUST_LOG", "off");
        }
        let mut test = ProgramTest::default();
        let program = Account {
            lamports: 10_000_000_000,
            data: artifact().to_vec(),
            owner: LOADER,
            executable: true,
            rent_epoch: u64::MAX,
        };
        test.add_account(stipend::ID, program);
        test.add_builtin_program("caller", caller::ID, caller::Caller::register);
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime starts");
        let context = runtime.block_on(test.start_with_context());
        let payer = context.payer.insecure_clone();
        let mut stage = Self { runtime, context, payer, sent: 0 };
        // The bank's own clock begins at the present, whenever that is.
        let clock = stage.clock();
        stage.context.set_sysvar(&Clock { unix_timestamp: START, ..clock });
        stage
    }

    /// Unix seconds of the clock.
    pub fn now(&mut self) -> i64 {
        self.clock().unix_timestamp
    }

    /// The clock.
    pub fn clock(&mut self) -> Clock {
        self.runtime.block_on(self.context.banks_client.get_sysvar()).expect("the clock is there")
    }

    /// Sets the clock, which never goes back.
    #[track_caller]
    pub fn warp_to(&mut self, now: i64) {
        let slot = self.clock().slot;
        self.set_clock(slot, now);
    }

    /// Sets the slot that the clock shows, too; neither goes back.
    #[track_caller]
    pub fn set_clock(&mut self, slot: u64, now: i64) {
        let clock = self.clock();
        assert!(now >= clock.unix_timestamp, "clock would go back from {} to {now}", clock.unix_timestamp);
        assert!(slot >= clock.slot, "clock would go back from slot {} to {slot}", clock.slot);
        self.context.set_sysvar(&Clock { slot, unix_timestamp: now, ..clock });
    }

    /// Sets what rent costs, in lamports a byte; the bank itself holds accounts to [`BANK_RENT`] throughout.
    #[track_caller]
    pub fn set_rent(&mut self, lamports_per_byte: u64) {
        assert!(lamports_per_byte >= BANK_RENT, "the bank refuses accounts that hold less than {BANK_RENT} a byte");
        self.context.set_sysvar(&Rent { lamports_per_byte, ..Rent::default() });
    }

    /// Lamports that an account of `space` bytes must hold.
    pub fn rent_lamports(&mut self, space: usize) -> u64 {
        self.runtime.block_on(self.context.banks_client.get_rent()).expect("the rent is there").minimum_balance(space)
    }

    /// An account, if there is one.
    pub fn account(&mut self, address: &Address) -> Option<Account> {
        self.runtime.block_on(self.context.banks_client.get_account(*address)).expect("the bank answers")
    }

    /// Bytes of an account that is there.
    #[track_caller]
    pub fn data(&mut self, address: &Address) -> Vec<u8> {
        self.account(address).expect("the account is there").data
    }

    /// Puts an account there, past every rule.
    pub fn put(&mut self, address: &Address, account: Account) {
        self.context.set_account(address, &AccountSharedData::from(account));
    }

    /// Changes an account's bytes, past every rule.
    pub fn forge(&mut self, address: &Address, change: impl FnOnce(&mut Vec<u8>)) {
        let mut account = self.account(address).expect("the account is there");
        change(&mut account.data);
        self.put(address, account);
    }

    /// A copy of an account at another address, with another owner.
    pub fn copy(&mut self, from: &Address, to: &Address, owner: &Address) {
        let account = self.account(from).expect("the account is there");
        self.put(to, Account { owner: *owner, ..account });
    }

    /// Executes a transaction; keys that it does not ask for are left out.
    pub fn send(&mut self, instructions: &[Instruction], keys: &[&Keypair]) -> Result<Receipt, TransactionError> {
        self.sent += 1;
        let mut all = instructions.to_vec();
        // Behind the rest, so that no index moves: a limit that is another each time makes each transaction another.
        all.push(compute_unit_limit(1_400_000 - self.sent));
        let mut transaction = Transaction::new_with_payer(&all, Some(&self.payer.pubkey()));
        let asked = usize::from(transaction.message.header.num_required_signatures);
        let asked = &transaction.message.account_keys[..asked];
        let mut signers: Vec<&Keypair> = vec![&self.payer];
        signers.extend(keys.iter().filter(|key| asked.contains(&key.pubkey()) && key.pubkey() != self.payer.pubkey()));
        let client = &self.context.banks_client;
        let blockhash = self.runtime.block_on(client.get_latest_blockhash()).expect("the bank has a hash");
        transaction.try_sign(&signers, blockhash).expect("every key is there");
        self.execute(transaction.into())
    }

    /// Executes a transaction of the payer's whose addresses are in a lookup table. Returns how many bytes it has, too.
    pub fn send_with_table(
        &mut self,
        instructions: &[Instruction],
        table: AddressLookupTableAccount,
    ) -> Result<(usize, Receipt), TransactionError> {
        let client = &self.context.banks_client;
        let blockhash = self.runtime.block_on(client.get_latest_blockhash()).expect("the bank has a hash");
        let message = v0::Message::try_compile(&self.payer.pubkey(), instructions, &[table], blockhash)
            .expect("every address is found");
        let transaction = VersionedTransaction::try_new(VersionedMessage::V0(message), &[&self.payer])
            .expect("the payer is the only signer");
        // A count, and a signature of 64 bytes.
        let bytes = 1 + 64 + transaction.message.serialize().len();
        Ok((bytes, self.execute(transaction)?))
    }

    fn execute(&mut self, transaction: VersionedTransaction) -> Result<Receipt, TransactionError> {
        let client = &self.context.banks_client;
        let answer =
            self.runtime.block_on(client.process_transaction_with_metadata(transaction)).expect("the bank answers");
        let receipt = answer
            .metadata
            .map(|metadata| Receipt { compute_units: metadata.compute_units_consumed, logs: metadata.log_messages });
        if let (Err(error), Some(receipt)) = (&answer.result, &receipt) {
            // Shown only if the test fails.
            println!("refused: {error:?}\n  {}", receipt.logs.join("\n  "));
        }
        answer.result.map(|()| receipt.expect("an executed transaction has metadata"))
    }

    /// Executes a transaction that must succeed.
    #[track_caller]
    pub fn accepts(&mut self, instructions: &[Instruction], keys: &[&Keypair]) -> Receipt {
        match self.send(instructions, keys) {
            Ok(receipt) => receipt,
            Err(error) => panic!("transaction was refused: {error:?}"),
        }
    }

    /// Asserts that the last of the instructions is refused so, and that no account changed.
    #[track_caller]
    pub fn refuses(&mut self, instructions: &[Instruction], keys: &[&Keypair], refusal: impl Into<Refusal>) {
        self.refuses_at(instructions.len() - 1, instructions, keys, refusal);
    }

    /// As [`Self::refuses`], for the instruction in a place.
    #[track_caller]
    pub fn refuses_at(
        &mut self,
        place: usize,
        instructions: &[Instruction],
        keys: &[&Keypair],
        refusal: impl Into<Refusal>,
    ) {
        let refusal = refusal.into();
        let touched: Vec<Address> = instructions
            .iter()
            .flat_map(|instruction| &instruction.accounts)
            .map(|meta| meta.pubkey)
            .filter(|address| *address != self.payer.pubkey())
            .collect();
        let before: Vec<_> = touched.iter().map(|address| self.account(address)).collect();

        let result = self.send(instructions, keys).map(|receipt| receipt.compute_units);

        let place = u8::try_from(place).expect("few instructions");
        let expected = TransactionError::InstructionError(place, refusal.to_instruction_error());
        assert_eq!(result, Err(expected), "{refusal:?} was expected");
        for (address, before) in touched.iter().zip(before) {
            assert_eq!(self.account(address), before, "{address} changed though the transaction was refused");
        }
    }
}

fn compute_unit_limit(units: u32) -> Instruction {
    let mut data = vec![2];
    data.extend_from_slice(&units.to_le_bytes());
    Instruction { program_id: COMPUTE_BUDGET, accounts: Vec::new(), data }
}

/// Bytes of the artifact: the committed one, or the one that STIPEND_PROGRAM names.
pub fn artifact() -> &'static [u8] {
    static BYTES: OnceLock<Vec<u8>> = OnceLock::new();
    BYTES.get_or_init(|| {
        let committed =
            || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../programs/stipend/artifact/stipend.so"));
        let path = std::env::var_os("STIPEND_PROGRAM").map_or_else(committed, PathBuf::from);
        std::fs::read(&path).unwrap_or_else(|error| panic!("{} can't be read: {error}", path.display()))
    })
}

/// The standard alphabet; padding ends the text.
fn decode_base64(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let (mut bits, mut held) = (0u32, 0u32);
    for letter in text.bytes().take_while(|letter| *letter != b'=') {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => panic!("{text} is no base64"),
        };
        bits = bits << 6 | u32::from(value);
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held & 0xff) as u8);
        }
    }
    bytes
}
