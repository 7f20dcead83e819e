use crate::{
    account::{check, check_address, check_writable, open_mut, read, take_first},
    check::OrRefuse,
    ensure, ensure_that,
    error::StipendError,
    event::{self, ShardShrunk},
    rent,
    state::*,
};
use anchor_lang::prelude::*;

/// Accounts of [`shrink_shard`]; the remaining accounts are who paid for the shard's last slots, from the last one backwards.
#[derive(Accounts)]
pub struct ShrinkShard<'info> {
    /// The network.
    pub network: AccountLoader<'info, Network>,
    /// A [`Shard`] of the network.
    #[account(mut)]
    pub shard: AccountLoader<'info, Shard>,
}

/// Takes vacant slots off a shard's end, as many as accounts are passed, and pays their rent back.
///
/// Who: anybody. What must hold: each of the slots is vacant, the epoch in which it became so is closed (reports that
/// were signed before may name it), and each account is the one that paid for it.
/// Errors: [`StipendError::ShardNetworkMismatch`], [`StipendError::SlotNotVacant`], [`StipendError::SlotVacatedLately`],
/// [`StipendError::PayerMismatch`].
pub fn shrink_shard(accounts: &[AccountInfo]) -> Result<()> {
    let ([network_info, shard_info], payers) = take_first(accounts)?;
    check::<Network>(network_info)?;
    check::<Shard>(shard_info)?;
    for payer in payers {
        check_writable(payer)?;
    }
    let (old_slots, new_slots) = take_off(network_info, shard_info, payers)?;
    shard_info.resize(Shard::checked_space(new_slots).or_refuse(StipendError::ArithmeticOverflow)?)?;
    let slot_lamports = rent::item_lamports::<Shard>()?;
    for payer in payers {
        rent::refund(payer, slot_lamports, |lamports| rent::pay_out(shard_info, payer, lamports))?;
    }
    let count = |slots: usize| u16::try_from(slots).ok().or_refuse(StipendError::ArithmeticOverflow);
    event::log(&ShardShrunk { shard: *shard_info.key, old_slots: count(old_slots)?, new_slots: count(new_slots)? })
}

/// Checks the slots and counts them off; returns how many slots there were and how many are left.
fn take_off(network_info: &AccountInfo, shard_info: &AccountInfo, payers: &[AccountInfo]) -> Result<(usize, usize)> {
    let network = read::<Network>(network_info)?;
    network.invariant()?;
    let mut data = open_mut(shard_info)?;
    let (shard, slots) = Shard::split_mut(&mut data)?;
    ensure!(shard.network == *network_info.key, StipendError::ShardNetworkMismatch);
    let old_slots = slots.len();
    let new_slots = old_slots.checked_sub(payers.len()).or_refuse(StipendError::SlotNotVacant)?;
    for (slot, payer) in slots.iter().rev().zip(payers) {
        ensure!(slot.state == SlotState::Vacant as u8, StipendError::SlotNotVacant);
        ensure_that!((network.open_epoch) > slot.change_epoch, StipendError::SlotVacatedLately);
        check_address(payer, &slot.owner, StipendError::PayerMismatch)?;
    }
    let taken = u16::try_from(payers.len()).ok().or_refuse(StipendError::ArithmeticOverflow)?;
    shard.vacant_slots = shard.vacant_slots.checked_sub(taken).or_refuse(StipendError::InvariantBroken)?;
    Ok((old_slots, new_slots))
}
