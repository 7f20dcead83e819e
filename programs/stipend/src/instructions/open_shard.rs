use crate::{check::OrRefuse, constants::*, ensure, error::StipendError, event::ShardOpened, state::*};
use anchor_lang::prelude::*;

/// Accounts of [`open_shard`].
#[derive(Accounts)]
pub struct OpenShard<'info> {
    /// Pays the rent of the shard's header.
    #[account(mut)]
    pub payer: Signer<'info>,
    /// The network.
    #[account(mut)]
    pub network: AccountLoader<'info, Network>,
    /// The network's next shard.
    #[account(
        init,
        payer = payer,
        space = Shard::HEADER_SPACE,
        seeds = [SHARD_SEED, network.key().as_ref(), &network.load()?.shard_count.to_le_bytes()],
        bump
    )]
    pub shard: AccountLoader<'info, Shard>,
    /// The system program.
    pub system_program: Program<'info, System>,
}

/// Opens the network's next shard, without a slot: each registration adds its own.
///
/// Who: anybody. What must hold: all shards are full. What changes: the shard exists and takes part from the open epoch on.
/// Errors: [`StipendError::ShardNotFull`].
pub fn open_shard(ctx: Context<OpenShard>) -> Result<()> {
    let mut network = ctx.accounts.network.load_mut()?;
    ensure!(network.is_full(), StipendError::ShardNotFull);
    let index = network.shard_count;
    network.shard_count = index.checked_add(1).or_refuse(StipendError::ArithmeticOverflow)?;
    network.invariant()?;

    let mut shard = ctx.accounts.shard.load_init()?;
    shard.version = ACCOUNT_VERSION;
    shard.bump = ctx.bumps.shard;
    shard.capacity = network.shard_capacity;
    shard.index = index;
    shard.network = ctx.accounts.network.key();
    shard.payer = ctx.accounts.payer.key();
    shard.next_epoch = network.open_epoch;
    shard.scored_epoch = NO_EPOCH;
    emit!(ShardOpened { network: shard.network, shard: ctx.accounts.shard.key(), index });
    Ok(())
}
