use crate::{constants::*, error::StipendError, event::NetworkCreated, mint::check_mint, state::*};
use anchor_lang::prelude::*;
use anchor_spl::{
    token_2022::spl_token_2022::instruction::AuthorityType,
    token_interface::{set_authority, Mint, SetAuthority, TokenInterface},
};

/// What a network chooses once.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Debug, PartialEq, Eq)]
pub struct NetworkParams {
    /// Number among the networks of the mint; 0, the first.
    pub id: u16,
    /// Unix seconds at which epoch 0 begins: from now to 366 days ahead.
    pub genesis: i64,
    /// Length of an epoch: 1 second to 366 days.
    pub epoch_secs: u32,
    /// Slots of each shard: 1..=600.
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
        require_gte!(self.genesis, now, StipendError::GenesisInPast);
        require_gte!(latest_genesis, self.genesis, StipendError::GenesisTooFar);
        require!((1..=MAX_EPOCH_SECS).contains(&self.epoch_secs), StipendError::EpochLengthOutOfRange);
        require!((1..=MAX_SHARD_SLOTS).contains(&self.shard_capacity), StipendError::ShardCapacityOutOfRange);
        require!(is_label(&self.unit), StipendError::UnitInvalid);
        self.policy.validate(self.epoch_secs)?;
        self.emission.validate()?;
        require_gte!(self.cap_atoms, self.emission.per_epoch_atoms, StipendError::CapBelowEmission);
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
    /// The mint of the rewards.
    #[account(mut, mint::token_program = token_program)]
    pub mint: Box<InterfaceAccount<'info, Mint>>,
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
/// those of [`check_mint`]; [`StipendError::NetworkIdNotFirst`],
/// [`StipendError::FirstNetworkMismatch`], [`StipendError::AuthorityMismatch`] and those of [`Network::share`].
pub fn create_network(ctx: Context<CreateNetwork>, params: NetworkParams) -> Result<()> {
    let accounts = ctx.accounts;
    let clock = Clock::get()?;
    params.validate(clock.unix_timestamp)?;

    if params.id == 0 {
        check_mint(&accounts.mint, accounts.authority.key, params.cap_atoms)?;
        let change = SetAuthority {
            account_or_mint: accounts.mint.to_account_info(),
            current_authority: accounts.authority.to_account_info(),
        };
        let call = CpiContext::new(accounts.token_program.key(), change);
        set_authority(call, AuthorityType::MintTokens, Some(accounts.mint_authority.key()))?;
    } else {
        let first = accounts.first_network.as_ref().ok_or(StipendError::NetworkIdNotFirst)?;
        take_share(first, accounts.authority.key, params.cap_atoms, clock.unix_timestamp)?;
    }
    let network_key = accounts.network.key();
    let mut network = accounts.network.load_init()?;
    network.version = ACCOUNT_VERSION;
    network.bump = ctx.bumps.network;
    network.mint_authority_bump = ctx.bumps.mint_authority;
    network.authority = accounts.authority.key();
    network.mint = accounts.mint.key();
    network.token_program = accounts.token_program.key();
    network.mint_authority = accounts.mint_authority.key();
    network.payer = accounts.payer.key();
    network.domain = domain(&clock);
    params.apply(&mut network);
    network.invariant()?;
    emit!(NetworkCreated {
        network: network_key,
        mint: network.mint,
        id: network.id,
        authority: network.authority,
        guardian: network.guardian,
        domain: network.domain,
        unit: network.unit,
        cap_atoms: params.cap_atoms,
    });
    Ok(())
}

/// Slot and time of the creation, the low halves: no two clusters give the same network the same one.
fn domain(clock: &Clock) -> [u8; 8] {
    let [s0, s1, s2, s3, ..] = clock.slot.to_le_bytes();
    let [t0, t1, t2, t3, ..] = clock.unix_timestamp.to_le_bytes();
    [s0, s1, s2, s3, t0, t1, t2, t3]
}

/// Takes a part of what the mint's first network may still emit.
fn take_share(first: &AccountLoader<Network>, authority: &Pubkey, cap_atoms: u64, now: i64) -> Result<()> {
    let mut first = first.load_mut()?;
    require_eq!(first.id, 0, StipendError::FirstNetworkMismatch);
    require_keys_eq!(first.authority, *authority, StipendError::AuthorityMismatch);
    first.share(cap_atoms, now)?;
    first.invariant()
}
