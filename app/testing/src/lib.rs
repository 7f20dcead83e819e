//! What tests of the client and of oracles begin with: a network on the embedded ledger, by the committed artifact.

mod ahead;

pub use ahead::Ahead;

use solana_address::Address;
use solana_keypair::Keypair;
use solana_signer::Signer;
use stipend_client::{
    address,
    embedded::EmbeddedLedger,
    instruction,
    ledger::Ledger,
    program::{
        instructions::NetworkParams,
        state::{EmissionParams, PolicyParams},
    },
};

/// When epoch 0 begins.
pub const GENESIS: i64 = 1_700_000_000;
/// SPL Token.
pub const TOKEN_PROGRAM: Address = spl_token_interface::ID;
/// What everybody is given who pays for something.
const GIVEN_LAMPORTS: u64 = 1_000_000_000_000;

/// Somebody's key.
pub fn key(seed: u8) -> Keypair {
    Keypair::new_from_array([seed; 32])
}

/// A device's key.
pub fn device(node: u16) -> Keypair {
    let mut seed = [9; 32];
    seed[..2].copy_from_slice(&node.to_le_bytes());
    Keypair::new_from_array(seed)
}

/// A ledger with the program, a second before the genesis. The program is the committed artifact, or the one that the environment
/// names.
pub fn embedded_ledger() -> EmbeddedLedger {
    let committed = concat!(env!("CARGO_MANIFEST_DIR"), "/../../programs/stipend/artifact/stipend.so");
    let path = std::env::var_os("STIPEND_PROGRAM").unwrap_or_else(|| committed.into());
    let program = std::fs::read(path).expect("the artifact is there");
    EmbeddedLedger::new(&program, GENESIS - 1).expect("a ledger")
}

/// Gives lamports to each of these.
pub fn make_rich(ledger: &mut EmbeddedLedger, addresses: &[Address]) {
    for address in addresses {
        ledger.airdrop(address, GIVEN_LAMPORTS).expect("lamports");
    }
}

/// Rules of a network that pays for uptime alone, and shares 1,000 atoms an epoch.
pub fn params(epoch_secs: u32, report_secs: u32, shard_capacity: u16, quorum: u8) -> NetworkParams {
    NetworkParams {
        id: 0,
        genesis: GENESIS,
        epoch_secs,
        shard_capacity,
        unit: *b"kbit/s\0\0\0\0\0\0\0\0\0\0",
        guardian: None,
        cap_atoms: u64::MAX,
        policy: PolicyParams {
            report_secs,
            score_secs: 2 * epoch_secs,
            uptime_weight_bps: 10_000,
            min_uptime_bps: 0,
            bandwidth_cap: 1,
            max_boost_bps: 10_000,
            quorum,
            ..PolicyParams::default()
        },
        emission: EmissionParams { per_epoch_atoms: 1_000, ..EmissionParams::default() },
    }
}

/// Creates a mint without decimals and a network on it, and adds oracles, all by `payer`. Returns the mint and the network.
pub fn create_network(
    ledger: &mut impl Ledger,
    payer: &Keypair,
    token_program: &Address,
    params: NetworkParams,
    oracles: &[Address],
) -> (Address, Address) {
    let (authority, mint_key) = (payer.pubkey(), key(2));
    let mint = mint_key.pubkey();
    let lamports = ledger.rent_lamports(instruction::MINT_BYTES).expect("a rent");
    let create = instruction::create_mint(&authority, &mint, &authority, token_program, 0, lamports);
    ledger.send(payer, &create, &[&mint_key]).expect("a mint");
    let network = address::network(&mint, params.id);
    let create = instruction::create_network(&authority, &authority, &mint, token_program, params);
    ledger.send(payer, &[create], &[]).expect("a network");
    for oracle in oracles {
        let add = instruction::add_oracle(&authority, &authority, &network, oracle);
        ledger.send(payer, &[add], &[]).expect("an oracle");
    }
    (mint, network)
}
