//! The program's sBPF artifact in LiteSVM, and each step as a transaction.

use crate::{
    cast,
    model::{FIRST_SUPPLY, WALLET_LAMPORTS},
    step::{Founding, Gifted, Place, Plan, Rules, Sent, Step, Witness},
};
use anchor_lang::{system_program, InstructionData, ToAccountMetas};
use litesvm::LiteSVM;
use solana_account::Account;
use solana_address::Address;
use solana_clock::Clock;
use solana_instruction::{AccountMeta, Instruction};
use solana_instruction_error::InstructionError;
use solana_message::{
    v1::{Message, TransactionConfig},
    VersionedMessage,
};
use solana_rent::Rent;
use solana_signature::Signature;
use solana_transaction::versioned::VersionedTransaction;
use solana_transaction_error::TransactionError;
use std::path::PathBuf;
use stipend::{
    accounts, constants,
    instruction::{self as data},
    signature::{ED25519_HEADER, ED25519_PROGRAM_ID, INSTRUCTIONS_SYSVAR_ID, STATEMENT_HEADER},
    state::{EmissionParams, PolicyParams, UptimeMode},
};

/// Compute units that a transaction may use.
pub const COMPUTE_UNITS: u32 = 1_400_000;
/// Bytes that a transaction of version 1 may have.
const TRANSACTION_BYTES: usize = 4_096;

/// How a transaction ended.
#[derive(Debug)]
pub enum Ended {
    /// It was executed, for so many compute units.
    Ok(u64),
    /// It was rejected by the program or the runtime.
    Rejected(String),
    /// It failed as no input may make it fail.
    Broken(String),
}

/// The VM.
#[derive(Clone)]
pub struct Vm {
    svm: LiteSVM,
}

impl Vm {
    /// A cluster with the program, funded wallets with token accounts, and a mint of wallet 0.
    pub fn new(program: &[u8], now: i64, slot: u64, rent_per_byte: u64) -> Self {
        let svm = LiteSVM::new()
            .with_mainnet_features()
            .with_precompiles()
            .with_sigverify(false)
            .with_blockhash_check(false)
            .with_transaction_history(0)
            .with_log_bytes_limit(Some(10_000));
        let mut vm = Self { svm };
        vm.svm.add_program(stipend::ID, program).expect("the program loads");
        let clock: Clock = vm.svm.get_sysvar();
        vm.svm.set_sysvar(&Clock { unix_timestamp: now, slot, ..clock });
        vm.set_rent(rent_per_byte);
        vm.put(cast::FEE_PAYER, u64::MAX / 4, Vec::new(), system_program::ID);
        vm.put(cast::MINT, 1_000_000_000, mint_bytes(), spl_token_interface::ID);
        for wallet in 0..cast::WALLETS {
            vm.put(cast::wallet(wallet), WALLET_LAMPORTS, Vec::new(), system_program::ID);
            vm.put(cast::tokens(wallet), 1_000_000_000, token_bytes(wallet), spl_token_interface::ID);
        }
        vm
    }

    fn put(&mut self, address: Address, lamports: u64, data: Vec<u8>, owner: Address) {
        let account = Account { lamports, data, owner, executable: false, rent_epoch: u64::MAX };
        self.svm.set_account(address, account).expect("the account is put there");
    }

    fn set_rent(&mut self, per_byte: u64) {
        self.svm.set_sysvar(&Rent { lamports_per_byte: per_byte, ..Rent::default() });
    }

    /// An account, if there is one.
    pub fn account(&self, address: &Address) -> Option<Account> {
        self.svm.get_account(address).filter(|account| account.lamports > 0)
    }

    /// Number of the program's accounts.
    pub fn program_accounts(&self) -> usize {
        self.svm.get_program_accounts(&stipend::ID).iter().filter(|(_, account)| account.lamports > 0).count()
    }

    /// Takes a step. `domain`: of the network that is reported.
    pub fn take(&mut self, step: &Step, domain: [u8; 8]) -> Ended {
        match step {
            Step::Warp { secs } => {
                let clock: Clock = self.svm.get_sysvar();
                let unix_timestamp = clock.unix_timestamp + i64::from(*secs);
                self.svm.set_sysvar(&Clock { unix_timestamp, slot: clock.slot + 1, ..clock });
            }
            Step::Rent { per_byte } => self.set_rent(*per_byte),
            Step::Gift { to, lamports } => {
                let address = match to {
                    Gifted::Network(id) => cast::network(*id),
                    Gifted::Shard(place) => cast::shard(place.net, place.index),
                    Gifted::Directory(id, byte) => cast::directory(*id, *byte),
                    Gifted::Report(place, oracle) => cast::report(place.net, place.index, *oracle),
                };
                match self.account(&address) {
                    None => self.put(address, *lamports, Vec::new(), system_program::ID),
                    Some(mut account) => {
                        account.lamports += lamports;
                        self.svm.set_account(address, account).expect("the account is put there");
                    }
                }
            }
            Step::Balance { wallet, lamports } => {
                self.put(cast::wallet(*wallet), *lamports, Vec::new(), system_program::ID);
            }
            _ => return self.send(&instructions(step, domain)),
        }
        Ended::Ok(0)
    }

    fn send(&mut self, instructions: &[Instruction]) -> Ended {
        let config = TransactionConfig {
            priority_fee: None,
            compute_unit_limit: Some(COMPUTE_UNITS),
            loaded_accounts_data_size_limit: Some(64 << 20),
            heap_size: None,
        };
        let message =
            Message::try_compile_with_config(&cast::FEE_PAYER, instructions, self.svm.latest_blockhash(), config);
        let message = message.expect("the message compiles");
        let signatures = usize::from(message.header.num_required_signatures);
        let bytes = message.size() + 64 * signatures;
        if bytes > TRANSACTION_BYTES {
            return Ended::Broken(format!("transaction has {bytes} bytes"));
        }
        let message = VersionedMessage::V1(message);
        let transaction = VersionedTransaction { signatures: vec![Signature::default(); signatures], message };
        match self.svm.send_transaction(transaction) {
            Ok(meta) => Ended::Ok(meta.compute_units_consumed),
            Err(failed) => {
                let log = failed.meta.logs.iter().rfind(|line| line.contains("Error"));
                let said = format!("{:?} {}", failed.err, log.map_or("", String::as_str));
                if is_orderly(&failed.err) {
                    Ended::Rejected(said)
                } else {
                    Ended::Broken(format!("{said}, {} units", failed.meta.compute_units_consumed))
                }
            }
        }
    }
}

/// Whether an instruction may be rejected so: with an error that has a name, or for want of lamports.
fn is_orderly(error: &TransactionError) -> bool {
    match error {
        TransactionError::InsufficientFundsForRent { .. } => true,
        TransactionError::InstructionError(_, error) => {
            matches!(
                error,
                InstructionError::Custom(_)
                    | InstructionError::MissingRequiredSignature
                    | InstructionError::InsufficientFunds
                    | InstructionError::ProgramFailedToComplete
            ) && *error != InstructionError::ProgramFailedToComplete
        }
        _ => false,
    }
}

/// The artifact that STIPEND_PROGRAM names, or the committed one.
pub fn artifact() -> Vec<u8> {
    let committed =
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../programs/stipend/artifact/stipend.so"));
    let path = std::env::var_os("STIPEND_PROGRAM").map_or_else(committed, PathBuf::from);
    std::fs::read(&path).unwrap_or_else(|error| panic!("failed to read {}: {error}", path.display()))
}

/// An SPL mint of wallet 0.
fn mint_bytes() -> Vec<u8> {
    let mut bytes = vec![0; 82];
    bytes[0] = 1;
    bytes[4..36].copy_from_slice(cast::wallet(0).as_ref());
    bytes[36..44].copy_from_slice(&FIRST_SUPPLY.to_le_bytes());
    (bytes[44], bytes[45]) = (9, 1);
    bytes
}

fn token_bytes(wallet: u8) -> Vec<u8> {
    let mut bytes = vec![0; 165];
    bytes[..32].copy_from_slice(cast::MINT.as_ref());
    bytes[32..64].copy_from_slice(cast::wallet(wallet).as_ref());
    bytes[108] = 1;
    bytes
}

fn build(accounts: impl ToAccountMetas, data: impl InstructionData) -> Instruction {
    Instruction { program_id: stipend::ID, accounts: accounts.to_account_metas(None), data: data.data() }
}

fn rules(rules: &Rules) -> PolicyParams {
    PolicyParams {
        report_secs: rules.report_secs,
        score_secs: rules.score_secs,
        uptime_weight_bps: rules.uptime_weight,
        min_uptime_bps: rules.min_uptime,
        bandwidth_cap: rules.bandwidth_cap,
        min_boost_bps: rules.min_boost,
        max_boost_bps: rules.max_boost,
        tolerance_bps: rules.tolerance,
        quorum: rules.quorum,
        registrar: rules.registrar.map(cast::wallet),
        bond_lamports: rules.bond,
        oracle_bond_lamports: rules.oracle_bond,
        mint_limit_atoms: rules.mint_limit,
        uptime_mode: if rules.is_gate { UptimeMode::Gate } else { UptimeMode::Multiply },
        max_reward_atoms: rules.max_reward,
        dispute_secs: rules.dispute_secs,
        arbiter: rules.arbiter.map(cast::wallet),
    }
}

fn plan(plan: &Plan) -> EmissionParams {
    EmissionParams {
        per_epoch_atoms: plan.per_epoch,
        decay_bps: plan.decay,
        decay_every_epochs: plan.decay_every,
        carry_epochs: plan.carry,
    }
}

fn params(id: u16, founding: &Founding) -> stipend::instructions::NetworkParams {
    let mut unit = [0; 16];
    unit[..6].copy_from_slice(b"kbit/s");
    stipend::instructions::NetworkParams {
        id,
        genesis: founding.genesis,
        epoch_secs: founding.epoch_secs,
        shard_capacity: founding.capacity,
        unit,
        guardian: founding.guardian.map(cast::wallet),
        cap_atoms: founding.cap,
        policy: rules(&founding.rules),
        emission: plan(&founding.plan),
    }
}

fn wallet_or_nobody(wallet: Option<u8>) -> Address {
    wallet.map(cast::wallet).unwrap_or_default()
}

fn shard(place: Place) -> Address {
    cast::shard(place.net, place.index)
}

fn report(place: Place, oracle: u8) -> Address {
    cast::report(place.net, place.index, oracle)
}

fn reports(mut instruction: Instruction, place: Place, oracles: &[u8]) -> Instruction {
    let reports = oracles.iter().map(|oracle| AccountMeta::new_readonly(report(place, *oracle), false));
    instruction.accounts.extend(reports);
    instruction
}

/// Puts the witness in the last account's place, with what it needs before the instruction.
fn witnessed(mut instruction: Instruction, oracle: u8, witness: Witness) -> Vec<Instruction> {
    let last = instruction.accounts.last_mut().expect("an instruction with a witness has accounts");
    if matches!(witness, Witness::Signs | Witness::Named) {
        last.pubkey = cast::oracle(oracle);
        last.is_signer = witness == Witness::Signs;
        return vec![instruction];
    }
    last.pubkey = INSTRUCTIONS_SYSVAR_ID;
    if witness == Witness::Padded {
        instruction.data.push(0);
    }
    let signer = if witness == Witness::Forged { (oracle + 1) % cast::ORACLES } else { oracle };
    let signature = cast::sign(signer, &instruction.data);
    let mut check = ED25519_HEADER.to_vec();
    check.extend_from_slice(&(instruction.data.len() as u16).to_le_bytes());
    check.extend_from_slice(&1u16.to_le_bytes());
    check.extend_from_slice(cast::oracle(signer).as_ref());
    check.extend_from_slice(&signature);
    vec![Instruction { program_id: ED25519_PROGRAM_ID, accounts: Vec::new(), data: check }, instruction]
}

fn report_data(place: Place, oracle: u8, epoch: u32, sent: &Sent, domain: [u8; 8]) -> data::SubmitReport {
    data::SubmitReport {
        domain,
        report: report(place, oracle),
        epoch,
        total: sent.total,
        first_slot: sent.first,
        measurements: stipend::state::EntryBytes(sent.bytes(place, epoch)),
    }
}

fn statement(oracle: u8, message: &[u8]) -> Instruction {
    let mut check = STATEMENT_HEADER.to_vec();
    check.extend_from_slice(&(message.len() as u16).to_le_bytes());
    check.extend_from_slice(&[0xff, 0xff]);
    check.extend_from_slice(cast::oracle(oracle).as_ref());
    check.extend_from_slice(&cast::sign(oracle, message));
    check.extend_from_slice(message);
    Instruction { program_id: ED25519_PROGRAM_ID, accounts: Vec::new(), data: check }
}

/// The domain as the witness's signature has it.
fn signed_domain(domain: [u8; 8], witness: Witness) -> [u8; 8] {
    match witness {
        Witness::OtherDomain => domain.map(|byte| byte ^ 1),
        _ => domain,
    }
}

/// The step's transaction.
fn instructions(step: &Step, domain: [u8; 8]) -> Vec<Instruction> {
    let system_program = system_program::ID;
    let by_authority =
        |by: u8, net: u16| accounts::GovernByAuthority { authority: cast::wallet(by), network: cast::network(net) };
    let govern = |by: u8, net: u16| accounts::Govern { authority: cast::wallet(by), network: cast::network(net) };
    let act = |by: u8, net: u16, place: Place, device: u16| accounts::ActOnNode {
        authority: cast::wallet(by),
        network: cast::network(net),
        directory: cast::directory(net, cast::byte_of(device)),
        shard: shard(place),
        split: None,
    };
    let one = match step {
        Step::Warp { .. }
        | Step::Rent { .. }
        | Step::Gift { .. }
        | Step::Balance { .. }
        | Step::Live { .. }
        | Step::Unwind { .. } => return Vec::new(),
        Step::Unsigned(step) => {
            let mut all = instructions(step, domain);
            for instruction in &mut all {
                instruction.accounts.iter_mut().for_each(|meta| meta.is_signer = false);
            }
            return all;
        }
        Step::CreateNetwork { by, payer, id, founding } => build(
            accounts::CreateNetwork {
                payer: cast::wallet(*payer),
                authority: cast::wallet(*by),
                mint: cast::MINT,
                network: cast::network(*id),
                first_network: (*id > 0).then(|| cast::network(0)),
                mint_authority: cast::mint_authority(),
                token_program: spl_token_interface::ID,
                system_program,
            },
            data::CreateNetwork { params: params(*id, founding) },
        ),
        Step::CloseNetwork { by, net, payer } => build(
            accounts::CloseNetwork {
                authority: cast::wallet(*by),
                network: cast::network(*net),
                first_network: (*net > 0).then(|| cast::network(0)),
                mint: cast::MINT,
                mint_authority: cast::mint_authority(),
                payer: cast::wallet(*payer),
                token_program: spl_token_interface::ID,
            },
            data::CloseNetwork {},
        ),
        Step::ProposeAuthority { by, net, new } => {
            build(by_authority(*by, *net), data::ProposeAuthority { new_pending: wallet_or_nobody(*new) })
        }
        Step::AcceptAuthority { by, net } => build(govern(*by, *net), data::AcceptAuthority {}),
        Step::SetGuardian { by, net, new } => {
            build(by_authority(*by, *net), data::SetGuardian { new_guardian: wallet_or_nobody(*new) })
        }
        Step::Pause { by, net } => build(govern(*by, *net), data::Pause {}),
        Step::Resume { by, net } => build(by_authority(*by, *net), data::Resume {}),
        Step::UpdatePolicy { by, net, from, rules: new, plan: emission } => build(
            by_authority(*by, *net),
            data::UpdatePolicy { from_epoch: *from, params: rules(new), emission: emission.as_ref().map(plan) },
        ),
        Step::AddOracle { by, payer, net, oracle } => build(
            accounts::AddOracle {
                payer: cast::wallet(*payer),
                authority: cast::wallet(*by),
                network: cast::network(*net),
                system_program,
            },
            data::AddOracle { oracle: cast::oracle(*oracle) },
        ),
        Step::RemoveOracle { by, net, oracle, at_once } => {
            build(by_authority(*by, *net), data::RemoveOracle { oracle: cast::oracle(*oracle), at_once: *at_once })
        }
        Step::ProveEquivocation { net, place, oracle, prover, epoch, one, other } => {
            let said = |sent: &Sent| {
                let mut data = report_data(*place, *oracle, *epoch, sent, domain).data();
                // A byte behind the arguments saves nobody.
                data.extend(sent.salt.is_multiple_of(4).then_some(0));
                statement(*oracle, &data)
            };
            let mut all: Vec<Instruction> = other.iter().map(said).collect();
            all.push(said(one));
            let accounts = accounts::ProveEquivocation {
                prover: cast::wallet(*prover),
                network: cast::network(*net),
                report: report(*place, *oracle),
                incinerator: constants::INCINERATOR_ID,
                instructions: INSTRUCTIONS_SYSVAR_ID,
            };
            all.push(build(accounts, data::ProveEquivocation { is_recorded: other.is_none() }));
            return all;
        }
        Step::WithdrawBond { net, payer, oracle } => build(
            accounts::WithdrawBond { network: cast::network(*net), payer: cast::wallet(*payer) },
            data::WithdrawBond { oracle: cast::oracle(*oracle) },
        ),
        Step::OpenShard { payer, net, index, last } => build(
            accounts::OpenShard {
                payer: cast::wallet(*payer),
                network: cast::network(*net),
                last_shard: last.map(|last| cast::shard(*net, last)),
                shard: cast::shard(*net, *index),
                system_program,
            },
            data::OpenShard { index: *index },
        ),
        Step::ShrinkShard { net, place, payers } => {
            let accounts = accounts::ShrinkShard { network: cast::network(*net), shard: shard(*place) };
            let mut instruction = build(accounts, data::ShrinkShard {});
            instruction.accounts.extend(payers.iter().map(|payer| AccountMeta::new(cast::wallet(*payer), false)));
            instruction
        }
        Step::CloseShard { net, place, payer } => build(
            accounts::CloseShard { network: cast::network(*net), shard: shard(*place), payer: cast::wallet(*payer) },
            data::CloseShard {},
        ),
        Step::OpenReport { payer, net, place, oracle } => build(
            accounts::OpenReport {
                payer: cast::wallet(*payer),
                network: cast::network(*net),
                shard: shard(*place),
                report: report(*place, *oracle),
                system_program,
            },
            data::OpenReport { oracle: cast::oracle(*oracle) },
        ),
        Step::CloseReport { net, place, oracle, payer } => build(
            accounts::CloseReport {
                network: cast::network(*net),
                shard: shard(*place),
                report: report(*place, *oracle),
                payer: cast::wallet(*payer),
            },
            data::CloseReport {},
        ),
        Step::OpenDirectory { payer, net, byte } => build(
            accounts::OpenDirectory {
                payer: cast::wallet(*payer),
                network: cast::network(*net),
                directory: cast::directory(*net, *byte),
                system_program,
            },
            data::OpenDirectory { first_byte: *byte },
        ),
        Step::CloseDirectory { net, byte, payer } => build(
            accounts::CloseDirectory {
                network: cast::network(*net),
                directory: cast::directory(*net, *byte),
                payer: cast::wallet(*payer),
            },
            data::CloseDirectory {},
        ),
        Step::RegisterNode { payer, net, device, byte, owner, registrar, place, vacant } => build(
            accounts::RegisterNode {
                payer: cast::wallet(*payer),
                device: cast::device(*device),
                registrar: registrar.map(cast::wallet),
                owner: cast::wallet(*owner),
                network: cast::network(*net),
                directory: cast::directory(*net, *byte),
                shard: shard(*place),
                slot_payer: vacant.map(|(_, payer)| cast::wallet(payer)),
                system_program,
            },
            data::RegisterNode { vacant: vacant.map(|(slot, _)| slot) },
        ),
        Step::TransferNode { by, net, place, device, to } => build(
            accounts::TransferNode { node: act(*by, *net, *place, *device), new_owner: cast::wallet(*to) },
            data::TransferNode { device: cast::device(*device) },
        ),
        Step::SetBoost { by, net, place, device, boost } => {
            build(act(*by, *net, *place, *device), data::SetBoost { device: cast::device(*device), boost_bps: *boost })
        }
        Step::RetireNode { by, net, place, device, has_reason } => build(
            act(*by, *net, *place, *device),
            data::RetireNode { device: cast::device(*device), reason: [u8::from(*has_reason) * b'!'; 32] },
        ),
        Step::CloseNode { net, place, device, owner, payer } => build(
            accounts::CloseNode {
                network: cast::network(*net),
                directory: cast::directory(*net, cast::byte_of(*device)),
                shard: shard(*place),
                owner: cast::wallet(*owner),
                payer: cast::wallet(*payer),
            },
            data::CloseNode { device: cast::device(*device) },
        ),
        Step::SubmitReport { net, place, oracle, epoch, sent, witness } => {
            let accounts = accounts::SubmitReport {
                network: cast::network(*net),
                shard: shard(*place),
                report: report(*place, *oracle),
                witness: Address::default(),
            };
            let domain = signed_domain(domain, *witness);
            let instruction = build(accounts, report_data(*place, *oracle, *epoch, sent, domain));
            return witnessed(instruction, *oracle, *witness);
        }
        Step::CommitEvidence { net, place, oracle, epoch, evidence, witness } => {
            let accounts = accounts::CommitEvidence {
                network: cast::network(*net),
                report: report(*place, *oracle),
                witness: Address::default(),
            };
            let data = data::CommitEvidence {
                domain: signed_domain(domain, *witness),
                report: report(*place, *oracle),
                epoch: *epoch,
                evidence: [*evidence; 32],
            };
            return witnessed(build(accounts, data), *oracle, *witness);
        }
        Step::ScoreShard { net, place, epoch, oracles } => {
            let accounts = accounts::ScoreShard { network: cast::network(*net), shard: shard(*place) };
            reports(build(accounts, data::ScoreShard { epoch: *epoch }), *place, oracles)
        }
        Step::JudgeShard { net, place, epoch, oracles } => {
            let accounts = accounts::JudgeShard { network: cast::network(*net), shard: shard(*place) };
            reports(build(accounts, data::JudgeShard { epoch: *epoch }), *place, oracles)
        }
        Step::CloseEpoch { net } => build(accounts::CloseEpoch { network: cast::network(*net) }, data::CloseEpoch {}),
        Step::SettleShard { net, place } => {
            build(accounts::SettleShard { network: cast::network(*net), shard: shard(*place) }, data::SettleShard {})
        }
        Step::VoidScore { by, net, place, slot, has_reason } => build(
            accounts::VoidScore { arbiter: cast::wallet(*by), network: cast::network(*net), shard: shard(*place) },
            data::VoidScore { slot: *slot, reason: [u8::from(*has_reason) * b'!'; 32] },
        ),
        Step::Claim { net, place, owner, slots, to, signs } => {
            let accounts = accounts::Claim {
                network: cast::network(*net),
                shard: shard(*place),
                owner: cast::wallet(*owner),
                mint: cast::MINT,
                mint_authority: cast::mint_authority(),
                destination: cast::tokens(*to),
                token_program: spl_token_interface::ID,
            };
            let mut instruction = build(accounts, data::Claim { slots: slots.clone() });
            let owner = cast::wallet(*owner);
            for meta in instruction.accounts.iter_mut().filter(|meta| meta.pubkey == owner) {
                meta.is_signer = *signs;
            }
            instruction
        }
    };
    vec![one]
}
