use crate::{error::StipendError, state::*};
use anchor_lang::prelude::*;

/// Accounts of what somebody with a role does to a node: the handler checks the role.
#[derive(Accounts)]
pub struct ActOnNode<'info> {
    /// Who has the role.
    pub authority: Signer<'info>,
    /// The network.
    #[account(mut)]
    pub network: AccountLoader<'info, Network>,
    /// The directory that has the device.
    #[account(has_one = network @ StipendError::DirectoryNetworkMismatch)]
    pub directory: AccountLoader<'info, Directory>,
    /// The shard that holds the node's slot.
    #[account(mut, has_one = network @ StipendError::ShardNetworkMismatch)]
    pub shard: AccountLoader<'info, Shard>,
    /// The node's owner, where that is a split: its authority acts for it.
    #[account(mut)]
    pub split: Option<AccountLoader<'info, Split>>,
}

impl ActOnNode<'_> {
    /// Whose nodes the signer acts for as an owner: the signer's own, or those of a split, whose authority signs.
    ///
    /// Errors: [`StipendError::SplitAuthorityMismatch`].
    pub fn owner(&self) -> Result<Pubkey> {
        let Some(split) = &self.split else {
            return Ok(self.authority.key());
        };
        require_keys_eq!(split.load()?.authority, self.authority.key(), StipendError::SplitAuthorityMismatch);
        Ok(split.key())
    }

    /// Does something to the slot of `device`.
    ///
    /// - `act`: gets who signs, the network and the slot.
    ///
    /// Errors: [`StipendError::DeviceUnknown`], [`StipendError::NodeShardMismatch`], and those of `act`.
    pub fn act<T>(&self, device: &Pubkey, act: impl FnOnce(&Pubkey, &Network, &mut Slot) -> Result<T>) -> Result<T> {
        let network = self.network.load()?;
        network.invariant()?;
        let directory = self.directory.as_ref().try_borrow_data()?;
        let (_, entries) = Directory::split(&directory)?;
        let entry = find(entries, device)?;
        let mut data = self.shard.as_ref().try_borrow_mut_data()?;
        let (shard, slots) = Shard::split_mut(&mut data)?;
        let slot = shard.slot_of(slots, entry)?;
        let done = act(self.authority.key, &network, slot)?;
        slot.invariant()?;
        Ok(done)
    }
}
