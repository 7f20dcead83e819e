//! `create_network`: what it writes, and every account that could stand in another's place.

mod extensions;
mod params;
mod second;

use anchor_lang::error::ErrorCode;
use solana_account::Account;
use solana_address::Address;
use solana_instruction::Instruction;
use solana_instruction_error::InstructionError;
use solana_keypair::Keypair;
use solana_signer::Signer;
use stipend::{
    error::StipendError,
    event::NetworkCreated,
    instructions::NetworkParams,
    state::{ClosedEpoch, Emission, EmissionParams, OracleSet, Policy, PolicyParams, UptimeMode},
};
use stipend_client::{account, address as place, instruction};
use stipend_tests::{
    address, key,
    mint::{self, token_account, MintState, TOKEN_2022_ID},
    params, read_only,
    scene::UNIT,
    stage::START,
    swapped, unsigned, Refusal, Stage,
};

const TOKEN_ID: Address = spl_token_interface::ID;

/// A bank, and a new mint for each network that is tried.
struct Foundry {
    stage: Stage,
    authority: Keypair,
    mints: u32,
}

impl Foundry {
    fn new() -> Self {
        Self { stage: Stage::new(), authority: key("authority"), mints: 0 }
    }

    fn mint(&mut self, token_program: &Address, alter: impl FnOnce(&mut MintState)) -> Address {
        self.mints += 1;
        let mint = address(&format!("mint {}", self.mints));
        let mut state = MintState { authority: Some(self.authority.pubkey()), ..MintState::default() };
        alter(&mut state);
        self.stage.put(&mint, state.to_account(token_program));
        mint
    }

    fn create(&self, mint: &Address, token_program: &Address, params: NetworkParams) -> Instruction {
        let payer = self.stage.payer.pubkey();
        instruction::create_network(&payer, &self.authority.pubkey(), mint, token_program, params)
    }

    /// Tries a network on a plain mint with altered parameters.
    #[track_caller]
    fn refuses(&mut self, alter: impl FnOnce(&mut NetworkParams), refusal: impl Into<Refusal>) {
        let mint = self.mint(&TOKEN_ID, |_| ());
        let mut params = params();
        alter(&mut params);
        let create = self.create(&mint, &TOKEN_ID, params);
        self.stage.refuses(&[create], &[&self.authority], refusal);
    }

    #[track_caller]
    fn accepts(&mut self, alter: impl FnOnce(&mut NetworkParams)) {
        let mint = self.mint(&TOKEN_ID, |_| ());
        let mut params = params();
        alter(&mut params);
        let create = self.create(&mint, &TOKEN_ID, params);
        self.stage.accepts(&[create], &[&self.authority]);
    }

    /// A plain mint, and what creates its network.
    fn plain(&mut self) -> (Address, Instruction) {
        let mint = self.mint(&TOKEN_ID, |_| ());
        (mint, self.create(&mint, &TOKEN_ID, params()))
    }
}

#[test]
fn create_network_writes_every_parameter_and_takes_the_mint() {
    let mut foundry = Foundry::new();
    let mint = foundry.mint(&TOKEN_ID, |mint| mint.supply_atoms = 77);
    let registrar = key("registrar").pubkey();
    let guardian = key("guardian").pubkey();
    let arbiter = key("arbiter").pubkey();
    let policy = PolicyParams {
        report_secs: 41,
        score_secs: 301,
        uptime_weight_bps: 6_001,
        min_uptime_bps: 5_001,
        bandwidth_cap: 1_001,
        min_boost_bps: 9_999,
        max_boost_bps: 10_001,
        tolerance_bps: 501,
        quorum: 3,
        registrar: Some(registrar),
        bond_lamports: 7_001,
        oracle_bond_lamports: 8_001,
        mint_limit_atoms: 1_000_001,
        uptime_mode: UptimeMode::Gate,
        max_reward_atoms: 1_000_002,
        dispute_secs: 58,
        arbiter: Some(arbiter),
    };
    let emission =
        EmissionParams { per_epoch_atoms: 1_000_001, decay_bps: 1_500, decay_every_epochs: 12, carry_epochs: 3 };
    let chosen = NetworkParams { shard_capacity: 9, guardian: Some(guardian), policy, emission, ..params() };
    foundry.stage.set_clock(0x1122_3344_5566_7788, START);

    let create = foundry.create(&mint, &TOKEN_ID, chosen);
    let receipt = foundry.stage.accepts(&[create], &[&foundry.authority]);

    let address = place::network(&mint, 0);
    let network = account::network(&foundry.stage.data(&address)).unwrap();
    let authority = foundry.authority.pubkey();
    // The low halves of the slot and of 1,800,000,000 = 0x6b49d200, little-endian.
    let domain = [0x88, 0x77, 0x66, 0x55, 0x00, 0xd2, 0x49, 0x6b];
    let (_, bump) = Address::find_program_address(&[b"network", mint.as_ref(), &[0, 0]], &stipend::ID);
    let (minter, minter_bump) = Address::find_program_address(&[b"mint_authority", mint.as_ref()], &stipend::ID);
    assert_eq!((network.version, network.bump, network.mint_authority_bump), (1, bump, minter_bump));
    assert_eq!((network.id, network.shard_capacity, network.mint_authority), (0, 9, minter));
    assert_eq!((network.authority, network.pending_authority), (authority, Address::default()));
    assert_eq!((network.guardian, network.payer), (guardian, foundry.stage.payer.pubkey()));
    assert_eq!((network.mint, network.token_program), (mint, TOKEN_ID));
    assert_eq!((network.domain, network.genesis), (domain, START + 1_000));
    assert_eq!((network.epoch_secs, network.unit), (100, UNIT));
    assert_eq!((network.opened_at, network.pause_ends_at, network.guardian_ready_at), (0, 0, 0));
    let policy = Policy {
        from_epoch: 0,
        emission_from_epoch: 0,
        report_secs: 41,
        score_secs: 301,
        bandwidth_cap: 1_001,
        decay_every_epochs: 12,
        uptime_weight_bps: 6_001,
        min_uptime_bps: 5_001,
        min_boost_bps: 9_999,
        max_boost_bps: 10_001,
        tolerance_bps: 501,
        decay_bps: 1_500,
        carry_epochs: 3,
        quorum: 3,
        uptime_mode: 1,
        per_epoch_atoms: 1_000_001,
        mint_limit_atoms: 1_000_001,
        bond_lamports: 7_001,
        oracle_bond_lamports: 8_001,
        registrar,
        arbiter,
        max_reward_atoms: 1_000_002,
        dispute_secs: 58,
        reserved: [0; 4],
        reserved_words: [0; 2],
    };
    assert_eq!(network.policy, policy);
    assert_eq!(network.next_policy, Policy { from_epoch: u32::MAX, ..Policy::default() });
    assert_eq!((network.open_epoch, network.shard_count, network.scored_shards), (0, 0, 0));
    assert_eq!((network.awake_shards, network.unsettled_shards, network.directory_count), (0, 0, 0));
    assert_eq!((network.other_networks, network.has_shared, network.total_score), (0, 0, 0));
    assert_eq!((network.owner_changes, network.reserved), (0, [0; 8]));
    let emission = Emission { per_epoch_atoms: 1_000_001, cap_atoms: 1_000_000_000, ..Emission::default() };
    assert_eq!(network.emission, emission);
    assert_eq!(network.oracles, OracleSet::default());
    assert_eq!(network.ring, [ClosedEpoch { epoch: u32::MAX, ..ClosedEpoch::default() }; 32]);

    let event: NetworkCreated = receipt.event();
    assert_eq!((event.network, event.mint, event.authority, event.domain), (address, mint, authority, domain));
    assert_eq!((event.id, event.guardian, event.unit, event.cap_atoms), (0, guardian, UNIT, 1_000_000_000));
    let taken = foundry.stage.account(&mint).unwrap();
    assert_eq!(mint::authority(&taken), Some(minter));
    assert_eq!(mint::supply_atoms(&taken), 77);
    let stored = foundry.stage.account(&address).unwrap();
    assert_eq!((stored.owner, stored.lamports), (stipend::ID, foundry.stage.rent_lamports(7_744)));
}

#[test]
fn create_network_leaves_registrar_and_guardian_empty_where_there_is_none() {
    let mut foundry = Foundry::new();
    let (mint, create) = foundry.plain();

    foundry.stage.accepts(&[create], &[&foundry.authority]);

    let network = account::network(&foundry.stage.data(&place::network(&mint, 0))).unwrap();
    assert_eq!((network.policy.registrar, network.guardian), (Address::default(), Address::default()));
}

#[test]
fn create_network_works_at_an_address_that_somebody_sent_lamports_to() {
    let mut foundry = Foundry::new();
    let (mint, create) = foundry.plain();
    let network = place::network(&mint, 0);
    foundry.stage.put(&network, Account { lamports: 1, ..Account::default() });

    foundry.stage.accepts(&[create], &[&foundry.authority]);

    let stored = foundry.stage.account(&network).unwrap();
    assert_eq!((stored.owner, stored.lamports), (stipend::ID, foundry.stage.rent_lamports(7_744)));
}

#[test]
fn create_network_refuses_a_network_that_is_there() {
    let mut foundry = Foundry::new();
    let (mint, create) = foundry.plain();
    foundry.stage.accepts(std::slice::from_ref(&create), &[&foundry.authority]);

    // The system program's own: the account is in use.
    foundry.stage.refuses(std::slice::from_ref(&create), &[&foundry.authority], Refusal::Program(0));
    // Even where the mint has been given back to its authority.
    let plain = MintState { authority: Some(foundry.authority.pubkey()), ..MintState::default() };
    foundry.stage.put(&mint, plain.to_account(&TOKEN_ID));
    foundry.stage.refuses(&[create], &[&foundry.authority], Refusal::Program(0));
}

#[test]
fn create_network_refuses_who_is_not_the_mints_authority() {
    let mut foundry = Foundry::new();
    let (_, create) = foundry.plain();
    let stranger = key("stranger");
    let orphan = foundry.mint(&TOKEN_ID, |mint| mint.authority = None);
    let on_orphan = foundry.create(&orphan, &TOKEN_ID, params());

    let by_stranger = swapped(&create, 1, &stranger.pubkey());
    foundry.stage.refuses(&[by_stranger], &[&stranger], StipendError::MintAuthorityMismatch);
    foundry.stage.refuses(&[on_orphan], &[&foundry.authority], StipendError::MintAuthorityMismatch);
    foundry.stage.refuses(&[unsigned(&create, 1)], &[], ErrorCode::AccountNotSigner);
}

#[test]
fn create_network_refuses_a_mint_that_somebody_can_freeze() {
    let mut foundry = Foundry::new();
    let authority = foundry.authority.pubkey();
    for freezer in [authority, address("freezer")] {
        let mint = foundry.mint(&TOKEN_ID, |mint| mint.freeze_authority = Some(freezer));
        let create = foundry.create(&mint, &TOKEN_ID, params());

        foundry.stage.refuses(&[create], &[&foundry.authority], StipendError::MintHasFreezeAuthority);
    }
}

#[test]
fn create_network_refuses_an_impostor_of_the_mint() {
    let mut foundry = Foundry::new();
    let authority = foundry.authority.pubkey();
    let state = MintState { authority: Some(authority), ..MintState::default() };
    let [foreign, token, blank, missing] = ["foreign", "token", "blank", "missing"].map(address);
    foundry.stage.put(&foreign, state.to_account(&stipend::ID));
    foundry.stage.put(&token, token_account(&foreign, &authority, &TOKEN_ID));
    foundry.stage.put(&blank, Account { data: vec![0; 82], ..state.to_account(&TOKEN_ID) });

    let cases: [(Address, Refusal); 4] = [
        (foreign, ErrorCode::AccountOwnedByWrongProgram.into()),
        // SPL Token's own: the account is no mint, or none yet.
        (token, InstructionError::InvalidAccountData.into()),
        (blank, InstructionError::UninitializedAccount.into()),
        (missing, ErrorCode::AccountNotInitialized.into()),
    ];
    for (impostor, refusal) in cases {
        println!("{impostor}");
        let create = foundry.create(&impostor, &TOKEN_ID, params());
        foundry.stage.refuses(&[create], &[&foundry.authority], refusal);
    }
}

#[test]
fn create_network_refuses_an_impostor_of_each_other_account() {
    let mut foundry = Foundry::new();
    let (other, _) = foundry.plain();
    let (mint, create) = foundry.plain();
    let cases = [
        (3, place::network(&mint, 1), Refusal::from(ErrorCode::ConstraintSeeds)),
        (3, place::network(&other, 0), Refusal::from(ErrorCode::ConstraintSeeds)),
        (5, place::mint_authority(&other), Refusal::from(ErrorCode::ConstraintSeeds)),
        (5, foundry.authority.pubkey(), Refusal::from(ErrorCode::ConstraintSeeds)),
        (6, TOKEN_2022_ID, Refusal::from(ErrorCode::ConstraintMintTokenProgram)),
        (6, stipend::ID, Refusal::from(ErrorCode::InvalidProgramId)),
        (7, TOKEN_ID, Refusal::from(ErrorCode::InvalidProgramId)),
    ];

    for (place, impostor, refusal) in cases {
        println!("{place} {impostor}");
        foundry.stage.refuses(&[swapped(&create, place, &impostor)], &[&foundry.authority], refusal);
    }
    foundry.stage.refuses(&[read_only(&create, 2)], &[&foundry.authority], ErrorCode::ConstraintMut);
    // The runtime's own: the system program is not given more than the caller has.
    let on_read_only = read_only(&create, 3);
    foundry.stage.refuses(&[on_read_only], &[&foundry.authority], InstructionError::PrivilegeEscalation);
}

#[test]
fn create_network_needs_the_payers_signature_and_lamports() {
    let mut foundry = Foundry::new();
    let (_, create) = foundry.plain();
    let poor = key("poor");
    let by_poor = swapped(&create, 0, &poor.pubkey());

    foundry.stage.refuses(&[unsigned(&by_poor, 0)], &[&foundry.authority], ErrorCode::AccountNotSigner);
    // The system program's own: lamports are missing.
    foundry.stage.refuses(&[by_poor], &[&foundry.authority, &poor], Refusal::Program(1));
}
