use crate::{deposit, error::StipendError, event::NodeRegistered, state::*};
use anchor_lang::prelude::*;

/// Accounts of [`register_node`].
#[derive(Accounts)]
pub struct RegisterNode<'info> {
    /// Pays the node's deposit, and gets it back.
    #[account(mut)]
    pub payer: Signer<'info>,
    /// The device's own key: nobody registers a device that they don't hold.
    pub device: Signer<'info>,
    /// The network's registrar, if it has one.
    pub registrar: Option<Signer<'info>>,
    /// CHECK: who is paid for the node: a wallet, or a split, which counts the nodes that it owns.
    #[account(mut)]
    pub owner: UncheckedAccount<'info>,
    /// The network.
    #[account(mut)]
    pub network: AccountLoader<'info, Network>,
    /// The directory of the devices whose keys have this one's first byte.
    #[account(mut, has_one = network @ StipendError::DirectoryNetworkMismatch)]
    pub directory: AccountLoader<'info, Directory>,
    /// A shard of the network.
    #[account(mut, has_one = network @ StipendError::ShardNetworkMismatch)]
    pub shard: AccountLoader<'info, Shard>,
    /// CHECK: who paid for the vacant slot that is taken, as the slot says; none if a slot is added.
    #[account(mut)]
    pub slot_payer: Option<UncheckedAccount<'info>>,
    /// The system program.
    pub system_program: Program<'info, System>,
}

/// Registers a device: it gets a slot, which counts from the next epoch on (from epoch 0 before the genesis).
///
/// - `vacant`: the vacant slot to take; none adds a slot to the shard.
///
/// Who: the device signs, and the registrar where there is one; anybody pays. What must hold: the device is not registered
/// and the shard has room. What changes: device and slot exist; the payer pays the rent of both and the bond of the policy of
/// the epoch under way. The rent of a vacant slot goes to whoever paid it before.
/// Errors: [`StipendError::OwnerRefused`], [`StipendError::RegistrarMissing`], [`StipendError::RegistrarMismatch`],
/// [`StipendError::DirectoryNetworkMismatch`], [`StipendError::DirectoryMismatch`], [`StipendError::DeviceRegistered`],
/// [`StipendError::ShardNetworkMismatch`], [`StipendError::ShardFull`], [`StipendError::SlotTaken`],
/// [`StipendError::SlotOutOfRange`], [`StipendError::PayerMismatch`], [`StipendError::PayerEmpty`].
pub fn register_node(ctx: Context<RegisterNode>, vacant: Option<u16>) -> Result<()> {
    let accounts = ctx.accounts;
    let owner = accounts.owner.key();
    let (bond_lamports, since, policy_from_epoch) = {
        let network = accounts.network.load()?;
        network.invariant()?;
        let now = Clock::get()?.unix_timestamp;
        let policy = network.policy_at(network.schedule().current_epoch(now));
        match &accounts.registrar {
            None => require_keys_eq!(policy.registrar, Pubkey::default(), StipendError::RegistrarMissing),
            Some(signer) => require_keys_eq!(signer.key(), policy.registrar, StipendError::RegistrarMismatch),
        }
        (policy.bond_lamports, network.schedule().next_epoch(now), policy.from_epoch)
    };
    let (slot, slot_lamports) = match vacant {
        Some(slot) => (slot, accounts.take_vacant(slot)?),
        None => accounts.add_slot()?,
    };
    note_gained(&accounts.owner)?;
    let shard_index = accounts.settle_in(slot, Slot::new(owner, since))?;
    let entry = DirectoryEntry {
        device: accounts.device.key(),
        payer: accounts.payer.key(),
        deposit_lamports: bond_lamports.checked_add(slot_lamports.into()).ok_or(StipendError::ArithmeticOverflow)?,
        slot_lamports,
        shard: u16::try_from(shard_index).ok().ok_or(StipendError::InvariantBroken)?,
        slot,
    };
    let deposit_lamports = accounts.add_entry(entry, bond_lamports)?;
    emit!(NodeRegistered {
        network: accounts.network.key(),
        device: entry.device,
        owner,
        shard: accounts.shard.key(),
        slot,
        since,
        bond_lamports,
        deposit_lamports,
        payer: entry.payer,
        policy_from_epoch,
    });
    Ok(())
}

impl RegisterNode<'_> {
    /// Pays whoever paid for a vacant slot; returns how much.
    fn take_vacant(&self, place: u16) -> Result<u32> {
        let slot_payer = self.slot_payer.as_ref().ok_or(StipendError::PayerMismatch)?;
        let rent_lamports = {
            let data = self.shard.as_ref().try_borrow_data()?;
            let (_, slots) = Shard::split(&data)?;
            let slot = slots.get(usize::from(place)).ok_or(StipendError::SlotOutOfRange)?;
            require!(slot.is_vacant(), StipendError::SlotTaken);
            require_keys_eq!(slot_payer.key(), slot.owner, StipendError::PayerMismatch);
            slot.from_epoch
        };
        deposit::pay(&self.system_program, &self.payer, slot_payer.to_account_info(), rent_lamports.into())?;
        deposit::check_rent(slot_payer)?;
        Ok(rent_lamports)
    }

    /// Adds a slot to the shard's tail; returns its place, and the lamports that were paid for it.
    fn add_slot(&self) -> Result<(u16, u32)> {
        let shard = self.shard.as_ref();
        let place = {
            let data = shard.try_borrow_data()?;
            let (header, slots) = Shard::split(&data)?;
            require_gt!(usize::from(header.capacity), slots.len(), StipendError::ShardFull);
            slots.len()
        };
        let space = place.checked_add(1).and_then(Shard::checked_space).ok_or(StipendError::ArithmeticOverflow)?;
        let lamports = deposit::growth_lamports(shard, space)?;
        deposit::pay(&self.system_program, &self.payer, shard.clone(), lamports)?;
        shard.resize(space)?;
        let place = u16::try_from(place).ok().ok_or(StipendError::ArithmeticOverflow)?;
        Ok((place, u32::try_from(lamports).ok().ok_or(StipendError::ArithmeticOverflow)?))
    }

    /// Puts the node into its slot, and has the network score the shard again if it was dormant; returns the shard's index.
    fn settle_in(&self, place: u16, node: Slot) -> Result<u32> {
        let mut data = self.shard.as_ref().try_borrow_mut_data()?;
        let (shard, slots) = Shard::split_mut(&mut data)?;
        *slots.get_mut(usize::from(place)).ok_or(StipendError::SlotOutOfRange)? = node;
        shard.add_node()?;
        let mut network = self.network.load_mut()?;
        network.note_owner();
        if shard.is_dormant() {
            let is_scored = shard.wake(network.open_epoch);
            network.add_awake(is_scored)?;
        }
        network.invariant()?;
        shard.invariant(slots)?;
        Ok(shard.index)
    }

    /// Adds the device to the directory, with the bond and the entry's rent; returns the whole deposit.
    fn add_entry(&self, mut entry: DirectoryEntry, bond_lamports: u64) -> Result<u64> {
        let account = self.directory.as_ref();
        let count = Directory::split(&account.try_borrow_data()?)?.1.len();
        let space = count.checked_add(1).and_then(Directory::checked_space).ok_or(StipendError::ArithmeticOverflow)?;
        let entry_lamports = deposit::growth_lamports(account, space)?;
        let lamports = entry_lamports.checked_add(bond_lamports).ok_or(StipendError::ArithmeticOverflow)?;
        deposit::pay(&self.system_program, &self.payer, account.clone(), lamports)?;
        account.resize(space)?;
        entry.deposit_lamports =
            entry.deposit_lamports.checked_add(entry_lamports).ok_or(StipendError::ArithmeticOverflow)?;
        let mut data = account.try_borrow_mut_data()?;
        let (directory, entries) = Directory::split_mut(&mut data)?;
        directory.insert(entries, entry)?;
        Ok(entry.deposit_lamports)
    }
}
