//! The first block of the cluster: its validator, its faucet and its programs.

use agave_feature_set::{alpenglow, FeatureSet};
use agave_votor_messages::consensus_message::BLS_KEYPAIR_DERIVE_SEED;
use anyhow::{anyhow, ensure, Context, Result};
use solana_account::{Account, AccountSharedData};
use solana_bls_signatures::keypair::Keypair as BlsKeypair;
use solana_cluster_type::ClusterType;
use solana_epoch_schedule::EpochSchedule;
use solana_fee_calculator::FeeRateGovernor;
use solana_genesis_utils::MAX_GENESIS_ARCHIVE_UNPACKED_SIZE;
use solana_keypair::{read_keypair_file, write_keypair_file, Keypair};
use solana_ledger::{blockstore::create_new_ledger, blockstore_options::LedgerColumnOptions};
use solana_loader_v3_interface::state::UpgradeableLoaderState;
use solana_program_binaries::{bpf_loader_upgradeable_program_accounts, core_bpf_programs, spl_programs};
use solana_pubkey::Pubkey;
use solana_rent::Rent;
use solana_runtime::genesis_utils::create_genesis_config_with_leader_ex;
use solana_signer::Signer;
use std::{
    fs,
    path::{Path, PathBuf},
};

const LAMPORTS_PER_SOL: u64 = 1_000_000_000;
const FAUCET_LAMPORTS: u64 = 500_000_000 * LAMPORTS_PER_SOL;
const STAKE_LAMPORTS: u64 = 1_000_000 * LAMPORTS_PER_SOL;
const VALIDATOR_LAMPORTS: u64 = 500 * LAMPORTS_PER_SOL;

const VALIDATOR_KEY: &str = "validator-keypair.json";
const FAUCET_KEY: &str = "faucet-keypair.json";
/// Written last: a ledger without it is not finished.
const VOTE_KEY: &str = "vote-account-keypair.json";

/// What a ledger's folder says of who runs it.
pub struct Keys {
    /// The validator's identity.
    pub validator: Keypair,
    /// The account that it votes with.
    pub vote: Keypair,
    /// Holds what `requestAirdrop` gives away.
    pub faucet: Keypair,
}

/// A program that is there from the first block on.
pub struct Program {
    pub address: Pubkey,
    /// The ELF file.
    pub file: PathBuf,
    /// Who may replace it; nobody if there is none.
    pub upgrade_authority: Option<Pubkey>,
}

/// Whether the folder holds a finished ledger.
pub fn exists(ledger: &Path) -> bool {
    ledger.join(VOTE_KEY).exists()
}

/// The keys that a ledger was made with.
///
/// Errors: a key file is missing or damaged.
pub fn keys(ledger: &Path) -> Result<Keys> {
    let read = |name: &str| {
        let path = ledger.join(name);
        read_keypair_file(&path).map_err(|error| {
            anyhow!("failed to read {}: {error}; start with --reset to make another ledger", path.display())
        })
    };
    Ok(Keys { validator: read(VALIDATOR_KEY)?, vote: read(VOTE_KEY)?, faucet: read(FAUCET_KEY)? })
}

/// Makes a new ledger; what an interrupted attempt left there goes.
///
/// Errors: a program's file can't be read, or the folder can't be written.
pub fn create(ledger: &Path, programs: &[Program]) -> Result<Keys> {
    let keys = Keys { validator: Keypair::new(), vote: Keypair::new(), faucet: Keypair::new() };
    let rent = Rent::default();
    // As on the public clusters: the consensus that votes on the chain.
    let mut features = FeatureSet::all_enabled();
    features.deactivate(&alpenglow::id());

    let mut accounts = spl_programs(&rent);
    accounts.extend(core_bpf_programs(&rent, |feature| features.is_active(feature)));
    for program in programs {
        accounts.extend(program_accounts(program, &rent)?);
    }

    let bls = BlsKeypair::derive_from_signer(&keys.vote, BLS_KEYPAIR_DERIVE_SEED)
        .map_err(|error| anyhow!("failed to derive the validator's BLS key: {error}"))?;
    let mut genesis = create_genesis_config_with_leader_ex(
        FAUCET_LAMPORTS,
        &keys.faucet.pubkey(),
        &keys.validator.pubkey(),
        &keys.vote.pubkey(),
        &Keypair::new().pubkey(),
        Some(bls.public.to_bytes_compressed()),
        STAKE_LAMPORTS,
        VALIDATOR_LAMPORTS,
        FeeRateGovernor::default(),
        rent,
        ClusterType::Development,
        &features,
        accounts,
    );
    genesis.epoch_schedule = EpochSchedule::without_warmup();
    create_new_ledger(ledger, &genesis, MAX_GENESIS_ARCHIVE_UNPACKED_SIZE, LedgerColumnOptions::default())
        .with_context(|| format!("failed to make a ledger in {}", ledger.display()))?;
    for (key, name) in [(&keys.validator, VALIDATOR_KEY), (&keys.faucet, FAUCET_KEY), (&keys.vote, VOTE_KEY)] {
        let path = ledger.join(name);
        write_keypair_file(key, &path).map_err(|error| anyhow!("failed to write {}: {error}", path.display()))?;
    }
    Ok(keys)
}

/// The program's account and that of its code, as a deployment through the upgradeable loader leaves them.
fn program_accounts(program: &Program, rent: &Rent) -> Result<Vec<(Pubkey, AccountSharedData)>> {
    let file = program.file.display();
    let code = fs::read(&program.file).with_context(|| format!("failed to read the program {file}"))?;
    ensure!(code.starts_with(b"\x7fELF"), "{file} is not a program: it is no ELF file; name the .so file");
    let [account, (address, mut data)] = bpf_loader_upgradeable_program_accounts(&program.address, &code, rent);
    set_authority(&mut data, program.upgrade_authority).with_context(|| format!("failed to load {file}"))?;
    Ok([account, (address, data)].map(|(address, account)| (address, account.into())).into())
}

fn set_authority(account: &mut Account, upgrade_authority_address: Option<Pubkey>) -> Result<()> {
    let head = UpgradeableLoaderState::ProgramData { slot: 0, upgrade_authority_address };
    let head = bincode::serialize(&head).context("the loader's state can't be written")?;
    let room = account.data.get_mut(..head.len()).context("the program's account is too short")?;
    room.copy_from_slice(&head);
    Ok(())
}
