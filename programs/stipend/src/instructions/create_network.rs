use crate::{
    account::{
        borrow_mut, check_address, check_derived, check_payer, check_signer, check_system_program, optional, take,
        write,
    },
    arg_fields,
    check::OrRefuse,
    constants::*,
    ensure, ensure_that,
    error::StipendError,
    event::{self, NetworkCreated},
    mint::{check_mint, set_mint_authority},
    rent,
    state::*,
};
use anchor_lang::prelude::*;
use anchor_spl::token_interface::TokenInterface;

/// What a network chooses once.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Debug, PartialEq, Eq)]
pub struct NetworkParams {
    /// Number among the networks of the mint; 0, the first.
    pub id: u16,
    /// Unix seconds at which epoch 0 begins: from now to 366 days ahead.
    pub genesis: i64,
    /// Length of an epoch: 1 second to 366 days.
    pub epoch_secs: u32,
    /// Slots of each shard: 1..=1,024.
    pub shard_capacity: u16,
    /// What bandwidth is measured in: 1 to 16 printable ASCII characters, filled up with zeros.
    pub unit: [u8; 16],
    /// Who may pause and not resume, if anybody.
    pub guardian: Option<Pubkey>,
    /// Atoms that may ever be emitted: at least those of one epoch. Of the first network: with the mint's supply at most
    /// 2^64 - 1. Of another: at most what the first may still schedule, which loses as much.
    pub cap_atoms: u64,
    /// The rules, which may change for epochs that have not begun.
    pub policy: PolicyParams,
    /// How much is emitted, which may change likewise.
    pub emission: EmissionParams,
}

impl NetworkParams {
    /// Every bound, one error each.
    fn validate(&self, now: i64) -> Result<()> {
        let latest_genesis = now.saturating_add(MAX_GENESIS_AHEAD_SECS);
        ensure_that!((self.genesis) >= now, StipendError::GenesisInPast);
        ensure_that!(latest_genesis >= self.genesis, StipendError::GenesisTooFar);
        ensure!((1..=MAX_EPOCH_SECS).contains(&self.epoch_secs), StipendError::EpochLengthOutOfRange);
        ensure!((1..=MAX_SHARD_SLOTS).contains(&self.shard_capacity), StipendError::ShardCapacityOutOfRange);
        ensure!(is_label(&self.unit), StipendError::UnitInvalid);
        self.policy.validate(self.epoch_secs)?;
        self.emission.validate()?;
        ensure_that!((self.cap_atoms) >= self.emission.per_epoch_atoms, StipendError::CapBelowEmission);
        Policy::new(0, &self.policy, &self.emission).check_mint_limit(self.emission.per_epoch_atoms)
    }

    /// Gives a network that was opened just now what was chosen.
    fn apply(&self, network: &mut Network) {
        network.id = self.id;
        network.shard_capacity = self.shard_capacity;
        network.guardian = self.guardian.unwrap_or_default();
        network.unit = self.unit;
        network.genesis = self.genesis;
        network.epoch_secs = self.epoch_secs;
        network.policy = Policy::new(0, &self.policy, &self.emission);
        network.next_policy.from_epoch = NO_EPOCH;
        network.emission = Emission::new(self.emission.per_epoch_atoms, self.cap_atoms);
        for closed in &mut network.ring {
            closed.epoch = NO_EPOCH;
        }
    }
}

arg_fields!(NetworkParams { id, genesis, epoch_secs, shard_capacity, unit, guardian, cap_atoms, policy, emission });

/// Whether the bytes are printable ASCII, at least one, and behind them nothing but zeros.
fn is_label(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    while let [text @ .., 0] = rest {
        rest = text;
    }
    !rest.is_empty() && rest.iter().all(|byte| (b' '..=b'~').contains(byte))
}

/// Accounts of [`create_network`].
#[derive(Accounts)]
#[instruction(params: NetworkParams)]
pub struct CreateNetwork<'info> {
    /// Pays the network's rent.
    #[account(mut)]
    pub payer: Signer<'info>,
    /// The mint's present authority, who becomes the network's; the first network's authority for any other.
    pub authority: Signer<'info>,
    /// CHECK: the mint of the rewards: an account of the token program, unpacked with its extensions.
    #[account(mut)]
    pub mint: UncheckedAccount<'info>,
    /// The network, by its address.
    #[account(
        init,
        payer = payer,
        space = Network::SPACE,
        seeds = [NETWORK_SEED, mint.key().as_ref(), &params.id.to_le_bytes()],
        bump
    )]
    pub network: AccountLoader<'info, Network>,
    /// The mint's first network, if this is another one.
    #[account(mut, has_one = mint @ StipendError::FirstNetworkMismatch)]
    pub first_network: Option<AccountLoader<'info, Network>>,
    /// CHECK: the program's own address, which holds no data; it becomes the mint's authority.
    #[account(seeds = [MINT_AUTHORITY_SEED, mint.key().as_ref()], bump)]
    pub mint_authority: UncheckedAccount<'info>,
    /// SPL Token or Token-2022, whichever owns the mint.
    pub token_program: Interface<'info, TokenInterface>,
    /// The system program.
    pub system_program: Program<'info, System>,
}

/// Creates a network: its rules are set. With the first one of a mint, the mint's authority moves to the program; another one
/// gets a part of what the first may still emit, so that all together never emit more than the first was created for.
///
/// Who: the mint's authority; the first network's authority for any other. What must hold: nobody can freeze the mint's
/// accounts, no extension can hold back, take or dilute a reward, every parameter is in its range. What changes: the
/// network exists, and from now on only claims mint.
/// Errors: one for each parameter, see [`NetworkParams`], [`PolicyParams`] and [`EmissionParams`];
/// [`StipendError::MintAuthorityMismatch`], [`StipendError::MintHasFreezeAuthority`],
/// [`StipendError::MintExtensionRefused`], [`StipendError::MintInvalid`], [`StipendError::TokenProgramMismatch`];
/// [`StipendError::NetworkIdNotFirst`], [`StipendError::FirstNetworkMismatch`], [`StipendError::AuthorityMismatch`],
/// [`StipendError::CapExceedsShare`].
pub fn create_network(accounts: &[AccountInfo], params: &NetworkParams) -> Result<()> {
    let [payer, authority, mint, network_info, first_network, mint_authority, token_program, system_program] =
        take(accounts)?;
    check_payer(payer)?;
    check_signer(authority)?;
    check_system_program(system_program)?;
    let (id, mint_seed) = (params.id.to_le_bytes(), mint.key.as_ref());
    let bump = check_derived(network_info, &[NETWORK_SEED, mint_seed, &id])?;
    let (minter, minter_bump) = Pubkey::find_program_address(&[MINT_AUTHORITY_SEED, mint_seed], &crate::ID);
    check_address(mint_authority, &minter, StipendError::MintAuthorityAccountMismatch)?;
    let clock = Clock::get()?;
    params.validate(clock.unix_timestamp)?;

    if params.id == 0 {
        check_mint(mint, authority.key, token_program, params.cap_atoms)?;
        set_mint_authority(token_program, [mint, authority], Some(&minter), &[])?;
    } else {
        let first = optional(first_network).or_refuse(StipendError::NetworkIdNotFirst)?;
        take_share(first, authority, mint, token_program, params.cap_atoms)?;
    }
    rent::open::<Network>(network_info, payer, 0, &[NETWORK_SEED, mint_seed, &id, &[bump]])?;
    let mut data = borrow_mut(network_info)?;
    let (network, _) = Network::init(&mut data)?;
    network.bump = bump;
    network.mint_authority_bump = minter_bump;
    network.authority = *authority.key;
    network.mint = *mint.key;
    network.token_program = *token_program.key;
    network.payer = *payer.key;
    network.domain = domain(&clock);
    params.apply(network);
    network.invariant()?;
    event::log(&NetworkCreated {
        network: *network_info.key,
        mint: network.mint,
        id: network.id,
        authority: network.authority,
        guardian: network.guardian,
        domain: network.domain,
        unit: network.unit,
        cap_atoms: params.cap_atoms,
    })
}

/// Slot and time of the creation, the low halves: no two clusters give the same network the same one.
fn domain(clock: &Clock) -> [u8; 8] {
    let [s0, s1, s2, s3, ..] = clock.slot.to_le_bytes();
    let [t0, t1, t2, t3, ..] = clock.unix_timestamp.to_le_bytes();
    [s0, s1, s2, s3, t0, t1, t2, t3]
}

/// Takes a part of what the mint's first network may still emit.
fn take_share(
    first_network: &AccountInfo,
    authority: &AccountInfo,
    mint: &AccountInfo,
    token_program: &AccountInfo,
    cap_atoms: u64,
) -> Result<()> {
    let mut first = write::<Network>(first_network)?;
    ensure!(first.id == 0 && first.mint == *mint.key, StipendError::FirstNetworkMismatch);
    check_address(authority, &first.authority, StipendError::AuthorityMismatch)?;
    check_address(token_program, &first.token_program, StipendError::TokenProgramMismatch)?;
    first.share(cap_atoms)?;
    first.invariant()
}
