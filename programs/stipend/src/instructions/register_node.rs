use crate::{check::OrRefuse, constants::*, ensure, ensure_that, error::StipendError, event::NodeRegistered, state::*};
use anchor_lang::{
    prelude::*,
    system_program::{transfer, Transfer},
};

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
    /// A shard with room.
    #[account(mut, has_one = network @ StipendError::ShardNetworkMismatch)]
    pub shard: AccountLoader<'info, Shard>,
    /// The node.
    #[account(
        init,
        payer = payer,
        space = 8 + Node::INIT_SPACE,
        seeds = [NODE_SEED, network.key().as_ref(), device.key().as_ref()],
        bump
    )]
    pub node: Account<'info, Node>,
    /// The system program.
    pub system_program: Program<'info, System>,
}

/// Registers a device: it gets a slot, which counts from the next epoch on (from epoch 0 before the genesis).
///
/// Who: the device signs, and the registrar where there is one; anybody pays. What must hold: the device is not registered
/// and the shard has room. What changes: the shard grows by a slot, whose rent the payer pays; the bond lies in the node.
/// Errors: [`StipendError::OwnerZero`], [`StipendError::RegistrarMissing`], [`StipendError::RegistrarMismatch`],
/// [`StipendError::ShardNetworkMismatch`], [`StipendError::ShardFull`].
pub fn register_node(ctx: Context<RegisterNode>, owner: Pubkey) -> Result<()> {
    ctx.accounts.validate(&owner)?;
    let now = Clock::get()?.unix_timestamp;
    let (slot, since) = ctx.accounts.apply(owner, now, ctx.bumps.node)?;
    emit!(NodeRegistered {
        network: ctx.accounts.network.key(),
        device: ctx.accounts.device.key(),
        owner,
        shard: ctx.accounts.shard.key(),
        slot,
        since,
    });
    Ok(())
}

impl<'info> RegisterNode<'info> {
    fn validate(&self, owner: &Pubkey) -> Result<()> {
        ensure!(*owner != Pubkey::default(), StipendError::OwnerZero);
        let registrar = self.network.load()?.registrar;
        match &self.registrar {
            None => ensure!(registrar == Pubkey::default(), StipendError::RegistrarMissing),
            Some(signer) => ensure!(signer.key() == registrar, StipendError::RegistrarMismatch),
        }
        Ok(())
    }

    fn apply(&mut self, owner: Pubkey, now: i64, bump: u8) -> Result<(u16, u32)> {
        let mut network = self.network.load_mut()?;
        let since = network.schedule().next_epoch(now);
        let bond_lamports = network.bond_lamports;
        network.slot_count = network.slot_count.checked_add(1).or_refuse(StipendError::ArithmeticOverflow)?;
        network.invariant()?;
        drop(network);

        let slot = self.grow_shard()?;
        {
            let shard = self.shard.to_account_info();
            let mut data = shard.try_borrow_mut_data()?;
            let (_, slots) = Shard::split_mut(&mut data)?;
            *slots.last_mut().or_refuse(StipendError::AccountSizeWrong)? = Slot::new(owner, since);
        }
        self.pay(self.node.to_account_info(), bond_lamports)?;
        self.node.set_inner(Node {
            version: ACCOUNT_VERSION,
            bump,
            network: self.network.key(),
            device: self.device.key(),
            shard: self.shard.key(),
            slot,
            since,
            bond_lamports,
            payer: self.payer.key(),
        });
        Ok((slot, since))
    }

    /// Adds a slot to the shard's tail, and what its rent needs; returns the slot's number.
    fn grow_shard(&self) -> Result<u16> {
        let shard = self.shard.to_account_info();
        let (slot, capacity) = {
            let data = shard.try_borrow_data()?;
            let (header, slots) = Shard::split(&data)?;
            (slots.len(), header.capacity)
        };
        ensure_that!((usize::from(capacity)) > slot, StipendError::ShardFull);
        let items = slot.checked_add(1).or_refuse(StipendError::ArithmeticOverflow)?;
        let space = Shard::checked_space(items).or_refuse(StipendError::ArithmeticOverflow)?;
        let missing_lamports = Rent::get()?.minimum_balance(space).saturating_sub(shard.lamports());
        self.pay(shard.clone(), missing_lamports)?;
        shard.resize(space)?;
        u16::try_from(slot).ok().or_refuse(StipendError::ArithmeticOverflow)
    }

    fn pay(&self, to: AccountInfo<'info>, lamports: u64) -> Result<()> {
        let accounts = Transfer { from: self.payer.to_account_info(), to };
        transfer(CpiContext::new(self.system_program.key(), accounts), lamports)
    }
}
