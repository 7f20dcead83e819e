use crate::{deposit, error::StipendError, event::ShardShrunk, state::*};
use anchor_lang::prelude::*;

/// Accounts of [`shrink_shard`]; the remaining accounts are who paid for the shard's last slots, from the last one backwards.
#[derive(Accounts)]
pub struct ShrinkShard<'info> {
    /// The network.
    pub network: AccountLoader<'info, Network>,
    /// The shard.
    #[account(mut, has_one = network @ StipendError::ShardNetworkMismatch)]
    pub shard: AccountLoader<'info, Shard>,
}

/// Takes vacant slots off a shard's end, as many as accounts are passed, and pays back what was paid for them.
///
/// Who: anybody. What must hold: each of the slots is vacant, the epoch in which it became so is closed (reports that
/// were signed before may name it), and each account is the one that paid for it.
/// Errors: [`StipendError::ShardNetworkMismatch`], [`StipendError::SlotNotVacant`], [`StipendError::SlotVacatedLately`],
/// [`StipendError::PayerMismatch`], and those of [`deposit::pay_back`].
pub fn shrink_shard<'info>(ctx: Context<'info, ShrinkShard<'info>>) -> Result<()> {
    let (account, payers) = (ctx.accounts.shard.as_ref(), ctx.remaining_accounts);
    let (old_slots, owed_lamports) = {
        let network = ctx.accounts.network.load()?;
        network.invariant()?;
        let data = account.try_borrow_data()?;
        let (_, slots) = Shard::split(&data)?;
        let mut owed_lamports = Vec::with_capacity(payers.len());
        for (slot, payer) in slots.iter().rev().zip(payers) {
            require!(slot.is_vacant(), StipendError::SlotNotVacant);
            require_gt!(network.open_epoch, slot.until, StipendError::SlotVacatedLately);
            require_keys_eq!(payer.key(), slot.owner, StipendError::PayerMismatch);
            require!(payer.is_writable, ErrorCode::ConstraintMut);
            owed_lamports.push(u64::from(slot.from_epoch));
        }
        (slots.len(), owed_lamports)
    };
    let new_slots = old_slots.checked_sub(payers.len()).ok_or(StipendError::SlotNotVacant)?;
    account.resize(Shard::checked_space(new_slots).ok_or(StipendError::ArithmeticOverflow)?)?;
    for (payer, lamports) in payers.iter().zip(owed_lamports) {
        deposit::pay_back(account, payer, lamports)?;
    }
    let count = |slots: usize| u16::try_from(slots).ok().ok_or(StipendError::ArithmeticOverflow);
    emit!(ShardShrunk { shard: account.key(), old_slots: count(old_slots)?, new_slots: count(new_slots)? });
    Ok(())
}
