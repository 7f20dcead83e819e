use crate::{
    account::{
        borrow_mut, check, check_address, check_derived, check_payer, check_signer, check_system_program,
        check_writable, open, open_mut, optional, read, take, write,
    },
    check::OrRefuse,
    constants::*,
    ensure, ensure_that,
    error::StipendError,
    event::{self, NodeRegistered},
    rent,
    state::*,
};
use anchor_lang::prelude::*;

/// Accounts of [`register_node`].
#[derive(Accounts)]
pub struct RegisterNode<'info> {
    /// Pays the rent of the node and of its slot, and the bond.
    #[account(mut)]
    pub payer: Signer<'info>,
    /// The device's own key: nobody registers a device that they don't hold.
    pub device: Signer<'info>,
    /// The network's registrar, if it has one.
    pub registrar: Option<Signer<'info>>,
    /// The network.
    #[account(mut)]
    pub network: AccountLoader<'info, Network>,
    /// A [`Shard`] of the network.
    #[account(mut)]
    pub shard: AccountLoader<'info, Shard>,
    /// The node, by its address.
    #[account(
        init,
        payer = payer,
        space = Node::SPACE,
        seeds = [NODE_SEED, network.key().as_ref(), device.key().as_ref()],
        bump
    )]
    pub node: AccountLoader<'info, Node>,
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
/// and the shard has room. What changes: the payer pays the slot's rent, to the shard that grows or to whoever paid it
/// before; the bond of the policy of the epoch under way lies in the node.
/// Errors: [`StipendError::OwnerZero`], [`StipendError::RegistrarMissing`], [`StipendError::RegistrarMismatch`],
/// [`StipendError::ShardNetworkMismatch`], [`StipendError::ShardFull`], [`StipendError::SlotTaken`],
/// [`StipendError::SlotOutOfRange`], [`StipendError::PayerMismatch`].
pub fn register_node(accounts: &[AccountInfo], owner: Pubkey, vacant: Option<u16>) -> Result<()> {
    let [payer, device, registrar, network_info, shard_info, node_info, slot_payer, system_program] = take(accounts)?;
    check_payer(payer)?;
    check_signer(device)?;
    check::<Network>(network_info)?;
    check::<Shard>(shard_info)?;
    check_system_program(system_program)?;
    let seeds: [&[u8]; 3] = [NODE_SEED, network_info.key.as_ref(), device.key.as_ref()];
    let bump = check_derived(node_info, &seeds)?;
    let network_of_shard = read::<Shard>(shard_info)?.network;
    check_address(network_info, &network_of_shard, StipendError::ShardNetworkMismatch)?;
    ensure!(owner != Pubkey::default(), StipendError::OwnerZero);

    let terms = admit(&mut *write::<Network>(network_info)?, optional(registrar))?;
    let slot = match vacant {
        Some(slot) => take_vacant(shard_info, slot, payer, optional(slot_payer))?,
        None => grow(shard_info, payer)?,
    };
    {
        let mut data = open_mut(shard_info)?;
        let (_, slots) = Shard::split_mut(&mut data)?;
        *slots.get_mut(usize::from(slot)).or_refuse(StipendError::SlotOutOfRange)? = Slot::new(owner, terms.since);
    }
    let [seed, network_seed, device_seed] = seeds;
    rent::open::<Node>(node_info, payer, 0, &[seed, network_seed, device_seed, &[bump]])?;
    rent::pay(payer, node_info, terms.bond_lamports)?;
    let mut data = borrow_mut(node_info)?;
    let (node, _) = Node::init(&mut data)?;
    node.bump = bump;
    node.slot = slot;
    node.since = terms.since;
    node.until = NO_EPOCH;
    node.bond_lamports = terms.bond_lamports;
    node.network = *network_info.key;
    node.device = *device.key;
    node.shard = *shard_info.key;
    node.payer = *payer.key;
    event::log(&NodeRegistered {
        network: node.network,
        device: node.device,
        owner,
        shard: node.shard,
        slot,
        since: terms.since,
        bond_lamports: terms.bond_lamports,
        payer: node.payer,
        policy_from_epoch: terms.policy_from_epoch,
    })
}

/// What a node registers for.
struct Terms {
    since: u32,
    bond_lamports: u64,
    policy_from_epoch: u32,
}

/// Checks that the registrar signs, where there is one, and counts the node.
fn admit(network: &mut Network, registrar: Option<&AccountInfo>) -> Result<Terms> {
    let now = Clock::get()?.unix_timestamp;
    let policy = *network.policy_at(network.schedule().current_epoch(now));
    match registrar {
        None => ensure!(policy.registrar == Pubkey::default(), StipendError::RegistrarMissing),
        Some(registrar) => {
            check_signer(registrar)?;
            check_address(registrar, &policy.registrar, StipendError::RegistrarMismatch)?;
        }
    }
    network.slot_count = network.slot_count.checked_add(1).or_refuse(StipendError::ArithmeticOverflow)?;
    network.invariant()?;
    Ok(Terms {
        since: network.schedule().next_epoch(now),
        bond_lamports: policy.bond_lamports,
        policy_from_epoch: policy.from_epoch,
    })
}

/// Takes a vacant slot, and pays whoever paid for it.
fn take_vacant<'info>(
    shard_info: &AccountInfo<'info>,
    place: u16,
    payer: &AccountInfo<'info>,
    slot_payer: Option<&AccountInfo<'info>>,
) -> Result<u16> {
    let slot_payer = slot_payer.or_refuse(StipendError::PayerMismatch)?;
    check_writable(slot_payer)?;
    {
        let mut data = open_mut(shard_info)?;
        let (shard, slots) = Shard::split_mut(&mut data)?;
        let slot = slots.get(usize::from(place)).or_refuse(StipendError::SlotOutOfRange)?;
        ensure!(slot.state == SlotState::Vacant as u8, StipendError::SlotTaken);
        check_address(slot_payer, &slot.owner, StipendError::PayerMismatch)?;
        shard.vacant_slots = shard.vacant_slots.checked_sub(1).or_refuse(StipendError::InvariantBroken)?;
    }
    rent::refund(slot_payer, rent::item_lamports::<Shard>()?, |lamports| rent::pay(payer, slot_payer, lamports))?;
    Ok(place)
}

/// Adds a slot to the shard's tail, and what its rent needs; returns the slot's number.
fn grow<'info>(shard_info: &AccountInfo<'info>, payer: &AccountInfo<'info>) -> Result<u16> {
    check_writable(shard_info)?;
    let (slot, capacity) = {
        let data = open(shard_info)?;
        let (header, slots) = Shard::split(&data)?;
        (slots.len(), header.capacity)
    };
    ensure_that!((usize::from(capacity)) > slot, StipendError::ShardFull);
    let items = slot.checked_add(1).or_refuse(StipendError::ArithmeticOverflow)?;
    let space = Shard::checked_space(items).or_refuse(StipendError::ArithmeticOverflow)?;
    rent::fund(shard_info, payer, space)?;
    shard_info.resize(space)?;
    u16::try_from(slot).ok().or_refuse(StipendError::ArithmeticOverflow)
}
