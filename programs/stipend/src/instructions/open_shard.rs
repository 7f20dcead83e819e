use crate::{
    account::{borrow_mut, check, check_derived, check_payer, check_system_program, take, write},
    check::OrRefuse,
    constants::*,
    ensure,
    error::StipendError,
    event::{self, ShardOpened},
    rent,
    state::*,
};
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
    /// The network's next shard, by its address.
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
pub fn open_shard(accounts: &[AccountInfo]) -> Result<()> {
    let [payer, network_info, shard_info, system_program] = take(accounts)?;
    check_payer(payer)?;
    check::<Network>(network_info)?;
    check_system_program(system_program)?;
    let mut network = write::<Network>(network_info)?;
    let index = network.shard_count;
    let [network_seed, index_seed] = [network_info.key.as_ref(), &index.to_le_bytes()];
    let bump = check_derived(shard_info, &[SHARD_SEED, network_seed, index_seed])?;
    ensure!(network.is_full(), StipendError::ShardNotFull);
    network.shard_count = index.checked_add(1).or_refuse(StipendError::ArithmeticOverflow)?;
    network.invariant()?;

    rent::open::<Shard>(shard_info, payer, 0, &[SHARD_SEED, network_seed, index_seed, &[bump]])?;
    let mut data = borrow_mut(shard_info)?;
    let (shard, _) = Shard::init(&mut data)?;
    shard.bump = bump;
    shard.capacity = network.shard_capacity;
    shard.index = index;
    shard.network = *network_info.key;
    shard.payer = *payer.key;
    shard.next_epoch = network.open_epoch;
    shard.next_judged_epoch = network.open_epoch;
    shard.scored_epoch = NO_EPOCH;
    event::log(&ShardOpened { network: shard.network, shard: *shard_info.key, index, payer: shard.payer })
}
