use crate::{constants::*, error::StipendError, event::ShardOpened, state::*};
use anchor_lang::prelude::*;

/// Accounts of [`open_shard`].
#[derive(Accounts)]
#[instruction(index: u32)]
pub struct OpenShard<'info> {
    /// Pays the rent of the shard's header, and gets it back.
    #[account(mut)]
    pub payer: Signer<'info>,
    /// The network.
    #[account(mut)]
    pub network: AccountLoader<'info, Network>,
    /// The network's last shard; none if it has none.
    #[account(has_one = network @ StipendError::ShardNetworkMismatch)]
    pub last_shard: Option<AccountLoader<'info, Shard>>,
    /// The network's next shard, by its address.
    #[account(
        init,
        payer = payer,
        space = Shard::HEADER_SPACE,
        seeds = [SHARD_SEED, network.key().as_ref(), &index.to_le_bytes()],
        bump
    )]
    pub shard: AccountLoader<'info, Shard>,
    /// The system program.
    pub system_program: Program<'info, System>,
}

/// Opens the network's next shard, without a slot: each registration adds its own. Until the first one, no epoch waits for it.
///
/// - `index`: how many shards there are.
///
/// Who: anybody. What must hold: the last shard has as many slots as it may have.
/// Errors: [`StipendError::ShardIndexWrong`], [`StipendError::ShardNetworkMismatch`], [`StipendError::ShardNotLast`],
/// [`StipendError::ShardNotFull`].
pub fn open_shard(ctx: Context<OpenShard>, index: u32) -> Result<()> {
    let accounts = ctx.accounts;
    let (network_key, payer) = (accounts.network.key(), accounts.payer.key());
    let mut network = accounts.network.load_mut()?;
    require_eq!(index, network.shard_count, StipendError::ShardIndexWrong);
    require_gt!(MAX_SHARDS, index, StipendError::ShardIndexWrong);
    if let Some(last) = index.checked_sub(1) {
        let last_shard = accounts.last_shard.as_ref().ok_or(StipendError::ShardNotLast)?;
        let data = last_shard.as_ref().try_borrow_data()?;
        let (header, slots) = Shard::split(&data)?;
        require_eq!(header.index, last, StipendError::ShardNotLast);
        require_eq!(slots.len(), usize::from(header.capacity), StipendError::ShardNotFull);
    }
    network.shard_count = index.checked_add(1).ok_or(StipendError::ArithmeticOverflow)?;
    network.invariant()?;

    let mut shard = accounts.shard.load_init()?;
    shard.version = ACCOUNT_VERSION;
    shard.bump = ctx.bumps.shard;
    shard.capacity = network.shard_capacity;
    shard.index = index;
    shard.network = network_key;
    shard.payer = payer;
    shard.next_epoch = network.open_epoch;
    shard.next_judged_epoch = network.open_epoch;
    shard.scored_epoch = NO_EPOCH;
    shard.dormant = 1;
    emit!(ShardOpened { network: network_key, shard: accounts.shard.key(), index, payer });
    Ok(())
}
