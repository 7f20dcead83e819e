//! What the authority, the guardian and the owners of nodes do.

use super::Scene;
use crate::{key, stage::Receipt};
use solana_address::Address;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_signer::Signer;
use stipend::state::{EmissionParams, PolicyParams};
use stipend_client::instruction;

impl Scene {
    /// Executes an instruction of the authority's.
    #[track_caller]
    pub fn govern(&mut self, instruction: Instruction) -> Receipt {
        self.stage.accepts(&[instruction], &[&self.authority])
    }

    /// Adds an oracle, whose bond the stage's payer leaves.
    #[track_caller]
    pub fn add_oracle(&mut self, oracle: Keypair) -> Receipt {
        let (payer, authority) = (self.stage.payer.pubkey(), self.authority.pubkey());
        let receipt = self.govern(instruction::add_oracle(&payer, &authority, &self.network, &oracle.pubkey()));
        self.oracles.push(oracle);
        receipt
    }

    /// Removes an oracle, whose key stays with the others.
    #[track_caller]
    pub fn remove_oracle(&mut self, oracle: &Address, at_once: bool) -> Receipt {
        self.govern(instruction::remove_oracle(&self.authority.pubkey(), &self.network, oracle, at_once))
    }

    /// The authority pauses.
    #[track_caller]
    pub fn pause(&mut self) -> Receipt {
        self.govern(instruction::pause(&self.authority.pubkey(), &self.network))
    }

    /// The authority resumes.
    #[track_caller]
    pub fn resume(&mut self) -> Receipt {
        self.govern(instruction::resume(&self.authority.pubkey(), &self.network))
    }

    /// What gives the network the policy in force, altered, from an epoch on.
    pub fn policy_instruction(
        &mut self,
        from_epoch: u32,
        emission: Option<EmissionParams>,
        alter: impl FnOnce(&mut PolicyParams),
    ) -> Instruction {
        let mut params = self.network().policy.params();
        alter(&mut params);
        instruction::update_policy(&self.authority.pubkey(), &self.network, from_epoch, params, emission)
    }

    /// Gives the network the policy in force, altered, from an epoch on.
    #[track_caller]
    pub fn update_policy(
        &mut self,
        from_epoch: u32,
        emission: Option<EmissionParams>,
        alter: impl FnOnce(&mut PolicyParams),
    ) -> Receipt {
        let update = self.policy_instruction(from_epoch, emission, alter);
        self.govern(update)
    }

    /// Registers a new device of `owner` in a new slot and returns the device's key.
    #[track_caller]
    pub fn register(&mut self, shard: &Address, owner: &Address) -> Address {
        let device = key(&format!("device {}", self.devices.len()));
        self.open_directory(&device.pubkey());
        let register = self.register_instruction(&device.pubkey(), shard, owner);
        self.stage.accepts(&[register], &[&device]);
        let address = device.pubkey();
        self.devices.push(device);
        address
    }

    /// What registers a device where there is no registrar.
    pub fn register_instruction(&self, device: &Address, shard: &Address, owner: &Address) -> Instruction {
        instruction::register_node(&self.stage.payer.pubkey(), device, None, &self.network, shard, owner, None)
    }

    /// The owner retires a node and says nothing.
    #[track_caller]
    pub fn retire(&mut self, owner: &Keypair, shard: &Address, device: &Address) -> Receipt {
        let retire = instruction::retire_node(&owner.pubkey(), &self.network, shard, device, [0; 32]);
        self.stage.accepts(&[retire], &[owner])
    }

    /// Pays a retired node's bond and rent back to the stage's payer.
    #[track_caller]
    pub fn close_node(&mut self, shard: &Address, device: &Address) -> Receipt {
        let owner = self.owner_of(shard, device);
        let close = instruction::close_node(&self.network, shard, device, &owner, &self.stage.payer.pubkey());
        self.stage.accepts(&[close], &[])
    }
}
