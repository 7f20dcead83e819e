use crate::{
    check::OrRefuse, constants::*, ensure, ensure_that, error::StipendError, event::NetworkCreated, math::BPS, state::*,
};
use anchor_lang::prelude::*;
use anchor_spl::{
    token_2022::spl_token_2022::{
        extension::{BaseStateWithExtensions, ExtensionType, StateWithExtensions},
        instruction::AuthorityType,
        state::Mint,
    },
    token_interface::{set_authority, SetAuthority, TokenInterface},
};

/// Token-2022 extensions of a mint that can't hold back, take or dilute a reward: they describe the token and no more.
const HARMLESS_EXTENSIONS: [ExtensionType; 6] = [
    ExtensionType::MetadataPointer,
    ExtensionType::TokenMetadata,
    ExtensionType::GroupPointer,
    ExtensionType::TokenGroup,
    ExtensionType::GroupMemberPointer,
    ExtensionType::TokenGroupMember,
];

/// What a network chooses.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Debug, PartialEq, Eq)]
pub struct NetworkParams {
    /// Number among the networks of the mint; 0, the first.
    pub id: u16,
    /// Unix seconds at which epoch 0 begins: from now to 366 days ahead.
    pub genesis: i64,
    /// Length of an epoch: 1 second to 366 days.
    pub epoch_secs: u32,
    /// From an epoch's end, how long its reports are taken: at least 1 second.
    pub report_secs: u32,
    /// From an epoch's end, how long its shards may be scored: at least `report_secs` + `epoch_secs`.
    pub score_secs: u32,
    /// Weight of being up: 0..=10,000; the rest is the weight of bandwidth.
    pub uptime_weight_bps: u16,
    /// Uptime below this scores nothing: 0..=10,000.
    pub min_uptime_bps: u16,
    /// Bandwidth past this earns nothing more: 1..=4,294,967,294, in the network's unit.
    pub bandwidth_cap: u32,
    /// Atoms that an epoch emits before any decay: at least 1.
    pub per_epoch_atoms: u64,
    /// Atoms that may ever be emitted: at least `per_epoch_atoms`, and with the mint's supply at most 2^64 - 1.
    pub cap_atoms: u64,
    /// What a decay step takes away: 0..=10,000.
    pub decay_bps: u16,
    /// Epochs between two decay steps; 0 is never, and then `decay_bps` is 0 too.
    pub decay_every_epochs: u32,
    /// Empty epochs in a row whose emission is carried: 0..=1,000.
    pub carry_epochs: u16,
    /// Oracles that must have measured a value for it to count: 1..=16.
    pub quorum: u8,
    /// Slots of each shard: 1..=1,024.
    pub shard_capacity: u16,
    /// Who co-signs registrations, if anybody.
    pub registrar: Option<Pubkey>,
    /// Lamports that each registration leaves as a bond.
    pub bond_lamports: u64,
}

impl NetworkParams {
    /// Every bound, one error each.
    fn validate(&self, now: i64, supply_atoms: u64) -> Result<()> {
        let latest_genesis = now.saturating_add(MAX_GENESIS_AHEAD_SECS);
        let least_score_secs = u64::from(self.report_secs).saturating_add(u64::from(self.epoch_secs));
        ensure_that!((self.id) == 0, StipendError::NetworkIdNotFirst);
        ensure_that!((self.genesis) >= now, StipendError::GenesisInPast);
        ensure_that!(latest_genesis >= self.genesis, StipendError::GenesisTooFar);
        ensure!((1..=MAX_EPOCH_SECS).contains(&self.epoch_secs), StipendError::EpochLengthOutOfRange);
        ensure_that!((self.report_secs) > 0, StipendError::ReportWindowEmpty);
        ensure_that!((u64::from(self.score_secs)) >= least_score_secs, StipendError::ScoringWindowTooShort);
        ensure_that!(BPS >= self.uptime_weight_bps, StipendError::UptimeWeightOutOfRange);
        ensure_that!(BPS >= self.min_uptime_bps, StipendError::MinUptimeOutOfRange);
        ensure!((1..Entry::NO_BANDWIDTH).contains(&self.bandwidth_cap), StipendError::BandwidthCapOutOfRange);
        ensure_that!((self.per_epoch_atoms) > 0, StipendError::EmissionZero);
        ensure_that!((self.cap_atoms) >= self.per_epoch_atoms, StipendError::CapBelowEmission);
        ensure!(self.cap_atoms.checked_add(supply_atoms).is_some(), StipendError::CapExceedsSupplyRoom);
        ensure_that!(BPS >= self.decay_bps, StipendError::DecayOutOfRange);
        ensure!((self.decay_bps == 0) == (self.decay_every_epochs == 0), StipendError::DecayIncomplete);
        ensure_that!(MAX_CARRY_EPOCHS >= self.carry_epochs, StipendError::CarryOutOfRange);
        ensure!((1..=MAX_ORACLES).contains(&usize::from(self.quorum)), StipendError::QuorumOutOfRange);
        ensure!((1..=MAX_SHARD_SLOTS).contains(&self.shard_capacity), StipendError::ShardCapacityOutOfRange);
        Ok(())
    }
}

/// Accounts of [`create_network`].
#[derive(Accounts)]
#[instruction(params: NetworkParams)]
pub struct CreateNetwork<'info> {
    /// Pays the network's rent.
    #[account(mut)]
    pub payer: Signer<'info>,
    /// The mint's present authority, who becomes the network's.
    pub authority: Signer<'info>,
    /// CHECK: the mint of the rewards: an account of the token program, unpacked with its extensions.
    #[account(mut)]
    pub mint: UncheckedAccount<'info>,
    /// The network.
    #[account(
        init,
        payer = payer,
        space = Network::SPACE,
        seeds = [NETWORK_SEED, mint.key().as_ref(), &params.id.to_le_bytes()],
        bump
    )]
    pub network: AccountLoader<'info, Network>,
    /// CHECK: the program's own address, which holds no data; it becomes the mint's authority.
    #[account(seeds = [MINT_AUTHORITY_SEED, mint.key().as_ref()], bump)]
    pub mint_authority: UncheckedAccount<'info>,
    /// SPL Token or Token-2022, whichever owns the mint.
    pub token_program: Interface<'info, TokenInterface>,
    /// The system program.
    pub system_program: Program<'info, System>,
}

/// Creates a network: its rules are set, and the mint's authority moves to the program.
///
/// Who: the mint's authority. What must hold: nobody can freeze the mint's accounts, no extension can hold back, take or
/// dilute a reward, every parameter is in its range. What changes: the network exists, and from now on only claims mint.
/// Errors: one for each parameter, see [`NetworkParams`]; [`StipendError::MintAuthorityMismatch`],
/// [`StipendError::MintHasFreezeAuthority`], [`StipendError::MintExtensionRefused`], [`StipendError::MintInvalid`],
/// [`StipendError::TokenProgramMismatch`].
pub fn create_network(ctx: Context<CreateNetwork>, params: NetworkParams) -> Result<()> {
    let clock = Clock::get()?;
    ctx.accounts.validate(&params, clock.unix_timestamp)?;
    let domain = domain(&clock);
    ctx.accounts.apply(&params, domain, &ctx.bumps)?;
    emit!(NetworkCreated {
        network: ctx.accounts.network.key(),
        mint: ctx.accounts.mint.key(),
        authority: ctx.accounts.authority.key(),
        domain,
    });
    Ok(())
}

/// Slot and time of the creation, the low halves: no two clusters give the same network the same one.
fn domain(clock: &Clock) -> [u8; 8] {
    let [s0, s1, s2, s3, ..] = clock.slot.to_le_bytes();
    let [t0, t1, t2, t3, ..] = clock.unix_timestamp.to_le_bytes();
    [s0, s1, s2, s3, t0, t1, t2, t3]
}

impl CreateNetwork<'_> {
    fn validate(&self, params: &NetworkParams, now: i64) -> Result<()> {
        ensure!(self.mint.owner == self.token_program.key, StipendError::TokenProgramMismatch);
        let data = self.mint.try_borrow_data()?;
        let mint = StateWithExtensions::<Mint>::unpack(&data).ok().or_refuse(StipendError::MintInvalid)?;
        let mint_authority = Option::<Pubkey>::from(mint.base.mint_authority);
        ensure!(mint_authority == Some(self.authority.key()), StipendError::MintAuthorityMismatch);
        ensure!(mint.base.freeze_authority.is_none(), StipendError::MintHasFreezeAuthority);
        let extensions = mint.get_extension_types().ok().or_refuse(StipendError::MintInvalid)?;
        let is_harmless = extensions.iter().all(|extension| HARMLESS_EXTENSIONS.contains(extension));
        ensure!(is_harmless, StipendError::MintExtensionRefused);
        params.validate(now, mint.base.supply)
    }

    fn apply(&self, params: &NetworkParams, domain: [u8; 8], bumps: &CreateNetworkBumps) -> Result<()> {
        let mut network = self.network.load_init()?;
        network.version = ACCOUNT_VERSION;
        network.bump = bumps.network;
        network.mint_authority_bump = bumps.mint_authority;
        network.quorum = params.quorum;
        network.id = params.id;
        network.shard_capacity = params.shard_capacity;
        network.authority = self.authority.key();
        network.registrar = params.registrar.unwrap_or_default();
        network.mint = self.mint.key();
        network.token_program = self.token_program.key();
        network.domain = domain;
        network.genesis = params.genesis;
        network.epoch_secs = params.epoch_secs;
        network.report_secs = params.report_secs;
        network.score_secs = params.score_secs;
        network.bond_lamports = params.bond_lamports;
        network.policy = Policy {
            bandwidth_cap: params.bandwidth_cap,
            uptime_weight_bps: params.uptime_weight_bps,
            min_uptime_bps: params.min_uptime_bps,
        };
        network.emission = Emission {
            first_per_epoch_atoms: params.per_epoch_atoms,
            per_epoch_atoms: params.per_epoch_atoms,
            cap_atoms: params.cap_atoms,
            decay_bps: params.decay_bps,
            decay_every_epochs: params.decay_every_epochs,
            carry_epochs: params.carry_epochs,
            ..Emission::default()
        };
        for closed in &mut network.ring {
            closed.epoch = NO_EPOCH;
        }
        network.invariant()?;
        drop(network);

        let accounts = SetAuthority {
            current_authority: self.authority.to_account_info(),
            account_or_mint: self.mint.to_account_info(),
        };
        set_authority(
            CpiContext::new(self.token_program.key(), accounts),
            AuthorityType::MintTokens,
            Some(self.mint_authority.key()),
        )
    }
}
