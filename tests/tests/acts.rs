//! What is done to nodes and bonds in the tests of more than one instruction.

use solana_account::Account;
use solana_address::Address;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_signer::Signer;
use stipend::state::{Directory, Shard, Tail};
use stipend_client::{
    address as place,
    instruction::{self, Vacancy},
};
use stipend_tests::{
    key,
    scene::{end, SCORE_SECS},
    Receipt, Scene,
};

/// Somebody with lamports.
pub fn funded(scene: &mut Scene, name: &str, lamports: u64) -> Keypair {
    let key = key(name);
    scene.stage.put(&key.pubkey(), Account { lamports, ..Account::default() });
    key
}

/// Lamports of an account, or 0 if it is not there.
pub fn lamports(scene: &mut Scene, address: &Address) -> u64 {
    scene.stage.account(address).map_or(0, |account| account.lamports)
}

/// What an entry of a directory costs: its bytes at today's price.
pub fn entry_rent(scene: &mut Scene) -> u64 {
    let [empty, one] = [0, 1].map(|entries| scene.stage.rent_lamports(Directory::checked_space(entries).unwrap()));
    one - empty
}

/// What a slot of a shard costs: its bytes at today's price.
pub fn slot_rent(scene: &mut Scene) -> u64 {
    let [empty, one] = [0, 1].map(|slots| scene.stage.rent_lamports(Shard::checked_space(slots).unwrap()));
    one - empty
}

/// A device and its owner, whose places are in a shard.
pub struct Tenant {
    /// The device's key.
    pub device: Keypair,
    /// Who is paid.
    pub owner: Keypair,
    /// Where the slot is.
    pub shard: Address,
}

impl Tenant {
    /// A device that is not registered.
    pub fn new(name: &str, shard: &Address) -> Self {
        Self { device: key(name), owner: key(&format!("owner of {name}")), shard: *shard }
    }

    /// A device that the stage's payer registered in a new slot.
    pub fn registered(scene: &mut Scene, name: &str, shard: &Address) -> Self {
        let tenant = Self::new(name, shard);
        tenant.register(scene, None);
        tenant
    }

    /// Where the device's directory is.
    pub fn directory(&self, scene: &Scene) -> Address {
        place::directory(&scene.network, &self.device.pubkey())
    }

    /// What registers it.
    pub fn register_instruction(&self, scene: &Scene, payer: &Address, vacancy: Option<Vacancy>) -> Instruction {
        let (device, owner) = (self.device.pubkey(), self.owner.pubkey());
        instruction::register_node(payer, &device, None, &scene.network, &self.shard, &owner, vacancy)
    }

    /// Registers it; the stage's payer pays.
    pub fn register(&self, scene: &mut Scene, vacancy: Option<Vacancy>) -> Receipt {
        scene.open_directory(&self.device.pubkey());
        let register = self.register_instruction(scene, &scene.stage.payer.pubkey(), vacancy);
        scene.stage.accepts(&[register], &[&self.device])
    }

    /// Registers it in a vacant slot whose rent the stage's payer paid.
    pub fn register_in(&self, scene: &mut Scene, slot: u16) -> Receipt {
        let payer = scene.stage.payer.pubkey();
        self.register(scene, Some(Vacancy { slot, payer }))
    }

    /// What the owner retires it with.
    pub fn retire_instruction(&self, scene: &Scene) -> Instruction {
        self.retire_by(scene, &self.owner.pubkey(), "")
    }

    /// What somebody retires it with, and why.
    pub fn retire_by(&self, scene: &Scene, by: &Address, words: &str) -> Instruction {
        let mut reason = [0; 32];
        reason[..words.len()].copy_from_slice(words.as_bytes());
        instruction::retire_node(by, &scene.network, &self.shard, &self.device.pubkey(), reason)
    }

    /// The owner retires it.
    pub fn retire(&self, scene: &mut Scene) -> Receipt {
        let retire = self.retire_instruction(scene);
        scene.stage.accepts(&[retire], &[&self.owner])
    }

    /// What closes it.
    pub fn close_instruction(&self, scene: &Scene, payer: &Address) -> Instruction {
        instruction::close_node(&scene.network, &self.shard, &self.device.pubkey(), &self.owner.pubkey(), payer)
    }

    /// Closes it; the stage's payer had paid.
    pub fn close(&self, scene: &mut Scene) -> Receipt {
        let close = self.close_instruction(scene, &scene.stage.payer.pubkey());
        scene.stage.accepts(&[close], &[])
    }

    /// What gives it to somebody else.
    pub fn transfer_instruction(&self, scene: &Scene, new_owner: &Address) -> Instruction {
        let device = self.device.pubkey();
        instruction::transfer_node(&self.owner.pubkey(), &scene.network, &self.shard, &device, new_owner)
    }

    /// What the authority gives it a boost with.
    pub fn boost_instruction(&self, scene: &Scene, boost_bps: u16) -> Instruction {
        let device = self.device.pubkey();
        instruction::set_boost(&scene.authority.pubkey(), &scene.network, &self.shard, &device, boost_bps)
    }

    /// The authority gives it a boost.
    pub fn boost(&self, scene: &mut Scene, boost_bps: u16) -> Receipt {
        let boost = self.boost_instruction(scene, boost_bps);
        scene.stage.accepts(&[boost], &[&scene.authority])
    }

    /// Claims what its slot has accrued, to the owner's associated token account, which is opened if need be.
    pub fn claim(&self, scene: &mut Scene, slot: u16) -> Receipt {
        let (payer, owner) = (scene.stage.payer.pubkey(), self.owner.pubkey());
        let open = instruction::open_associated_token(&payer, &owner, &scene.mint, &scene.token_program);
        let claim = scene.claim_instruction(&self.shard, &owner, &[slot]);
        scene.stage.accepts(&[open, claim], &[])
    }

    /// Atoms that its owner was paid.
    pub fn paid_atoms(&self, scene: &mut Scene) -> u64 {
        let token = place::associated_token(&self.owner.pubkey(), &scene.mint, &scene.token_program);
        match scene.stage.account(&token) {
            Some(_) => scene.atoms(&token),
            None => 0,
        }
    }
}

/// Closes the open epoch, of which not every shard is scored, in the first second in which nobody is waited for.
pub fn close_unscored(scene: &mut Scene, epoch: u32) {
    let network = scene.network();
    assert_eq!(network.open_epoch, epoch);
    scene.warp_to(end(epoch).max(network.opened_at).max(network.pause_ends_at) + SCORE_SECS);
    scene.close();
    assert!(scene.network().open_epoch > epoch);
}
