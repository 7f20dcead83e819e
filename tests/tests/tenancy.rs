//! Slots whose tenants come and go at random: each owner is paid exactly what an independent model says, whoever was in the
//! slot before or comes behind, and whatever the reports say of a slot that nobody is in.
//!
//! A run is the same whenever its seed is: STIPEND_TEST_SEED=n runs that one alone.

mod model;

use model::{Life, Model, Place, CAPACITY, OWNERS};
use solana_address::Address;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_signer::Signer;
use std::collections::HashMap;
use stipend::error::StipendError;
use stipend_client::{
    address as place,
    instruction::{self, Vacancy},
};
use stipend_tests::{
    key,
    random::Random,
    scene::{end, Measured, EPOCH_SECS, GENESIS},
    Scene,
};

/// Devices that come and go.
const DEVICES: usize = 10;
/// Epochs of a run.
const EPOCHS: u32 = 40;
/// Shards at the most.
const SHARDS: usize = 3;

/// The network, and the model beside it.
struct World {
    scene: Scene,
    model: Model,
    random: Random,
    owners: Vec<Keypair>,
    devices: Vec<Keypair>,
    /// What was reported of the open epoch, by the shard's number.
    reported: HashMap<usize, Vec<Measured>>,
    /// The epoch under way; none before the genesis.
    current: Option<u32>,
    /// What was tried, and how often it was allowed and refused.
    tried: [(u32, u32); 8],
}

impl World {
    fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let weight = random.below(10_001) as u16;
        let per_epoch_atoms = [1, 999, 1_000_000_007, 999_999_999_999][random.below(4) as usize];
        // In some runs the cap is reached on the way.
        let cap_atoms = per_epoch_atoms * (10 + random.below(60));
        let carry_epochs = random.below(4) as u16;
        let mut scene = Scene::with(1, |params| {
            (params.policy.quorum, params.policy.uptime_weight_bps) = (1, weight);
            // Epochs may be scored late, so that several wait at once.
            (params.policy.report_secs, params.policy.score_secs) = (100, 2_000);
            (params.policy.min_boost_bps, params.policy.max_boost_bps) = (0, 65_535);
            (params.emission.per_epoch_atoms, params.cap_atoms) = (per_epoch_atoms, cap_atoms);
            (params.emission.carry_epochs, params.shard_capacity) = (carry_epochs, CAPACITY as u16);
        });
        let owners: Vec<Keypair> = (0..OWNERS).map(|owner| key(&format!("owner {owner}"))).collect();
        for owner in &owners {
            scene.open_token(&owner.pubkey());
        }
        let devices: Vec<Keypair> = (0..DEVICES).map(|device| key(&format!("device {device}"))).collect();
        for device in &devices {
            scene.open_directory(&device.pubkey());
        }
        let model = Model::new(weight, per_epoch_atoms, cap_atoms, carry_epochs.into());
        let (reported, tried) = (HashMap::new(), [(0, 0); 8]);
        let mut world = Self { scene, model, random, owners, devices, reported, current: None, tried };
        world.open_shard();
        world
    }

    fn below(&mut self, bound: usize) -> usize {
        self.random.below(bound as u64) as usize
    }

    fn next(&self) -> u32 {
        self.current.map_or(0, |epoch| epoch + 1)
    }

    fn open_shard(&mut self) {
        self.scene.open_shard();
        self.model.shards.push(model::Shard::default());
    }

    /// A slot with somebody in it.
    fn someone(&mut self) -> Option<(usize, usize)> {
        let slots =
            |(shard, state): (usize, &model::Shard)| state.lives().map(|(slot, _)| (shard, slot)).collect::<Vec<_>>();
        let all: Vec<(usize, usize)> = self.model.shards.iter().enumerate().flat_map(slots).collect();
        (!all.is_empty()).then(|| all[self.below(all.len())])
    }

    /// Does what the model allows, and is refused as it says.
    fn expect(&mut self, kind: usize, act: Instruction, keys: &[usize], allowed: Result<(), StipendError>) {
        let signers: Vec<&Keypair> =
            keys.iter().map(|owner| &self.owners[*owner]).chain([&self.scene.authority]).collect();
        match allowed {
            Ok(()) => {
                self.scene.stage.accepts(&[act], &signers);
                self.tried[kind].0 += 1;
            }
            Err(error) => {
                self.scene.stage.refuses(&[act], &signers, error);
                self.tried[kind].1 += 1;
            }
        }
    }

    fn register(&mut self) {
        let taken: Vec<usize> = self.model.shards.iter().flat_map(|s| s.lives().map(|(_, life)| life.device)).collect();
        let free: Vec<usize> = (0..DEVICES).filter(|device| !taken.contains(device)).collect();
        if free.is_empty() {
            return;
        }
        if self.model.taken() == self.model.shards.len() * CAPACITY {
            if self.model.shards.len() == SHARDS {
                return;
            }
            self.open_shard();
        }
        let (device, owner) = (free[self.below(free.len())], self.below(OWNERS));
        let shard = self.below(self.model.shards.len());
        let places = &self.model.shards[shard].places;
        let vacant: Vec<usize> = (0..places.len()).filter(|s| matches!(places[*s], Place::Vacant { .. })).collect();
        let is_full = places.len() == CAPACITY;
        let slot = match (vacant.is_empty(), is_full) {
            (true, true) => return,
            (true, false) => None,
            (false, true) => Some(vacant[self.below(vacant.len())]),
            (false, false) => (self.below(2) == 0).then_some(vacant[0]),
        };
        let payer = self.scene.stage.payer.pubkey();
        let register = instruction::register_node(
            &payer,
            &self.devices[device].pubkey(),
            None,
            &self.scene.network,
            &self.scene.shards[shard],
            &self.owners[owner].pubkey(),
            slot.map(|slot| Vacancy { slot: slot as u16, payer }),
        );
        self.scene.stage.accepts(&[register], &[&self.devices[device]]);
        self.tried[0].0 += 1;
        self.model.wake(shard);
        let life = Place::Taken(Life::new(device, owner, self.next()));
        match slot {
            Some(slot) => self.model.shards[shard].places[slot] = life,
            None => self.model.shards[shard].places.push(life),
        }
    }

    /// One thing that somebody does to a node or a slot.
    fn act(&mut self) {
        let Some((shard, slot)) = self.someone() else { return self.register() };
        let life = self.model.shards[shard].life(slot).clone();
        let (network, address) = (self.scene.network, self.scene.shards[shard]);
        let (device, payer) = (self.devices[life.device].pubkey(), self.scene.stage.payer.pubkey());
        let owner = self.owners[life.owner].pubkey();
        let (current, next) = (self.current.unwrap_or(0), self.next());
        match self.below(12) {
            0..=2 => self.register(),
            3 | 4 => {
                let allowed = self.model.retire(shard, slot, current);
                let retire = instruction::retire_node(&owner, &network, &address, &device, [0; 32]);
                self.expect(1, retire, &[life.owner], allowed);
            }
            5 => {
                let new = self.below(OWNERS);
                let allowed = self.model.transfer(shard, slot, new);
                let new = self.owners[new].pubkey();
                let transfer = instruction::transfer_node(&owner, &network, &address, &device, &new);
                self.expect(2, transfer, &[life.owner], allowed);
            }
            6 | 7 => {
                let bps = [0, 3_333, 10_000, 25_000, 65_535][self.below(5)];
                let allowed = self.model.boost(shard, slot, bps, next);
                let boost = instruction::set_boost(&self.scene.authority.pubkey(), &network, &address, &device, bps);
                self.expect(3, boost, &[], allowed);
            }
            8 | 9 => {
                // Whoever wants to be rid of it claims first, half of the time.
                if self.below(2) == 0 {
                    self.claim(shard, slot);
                }
                let allowed = self.model.close_node(shard, slot, current);
                let close = instruction::close_node(&network, &address, &device, &owner, &payer);
                self.expect(4, close, &[], allowed);
            }
            10 => {
                let allowed = self.model.shrink(shard);
                let shrink = instruction::shrink_shard(&network, &address, &[payer]);
                self.expect(5, shrink, &[], allowed);
            }
            _ => self.claim(shard, slot),
        }
    }

    fn claim(&mut self, shard: usize, slot: usize) {
        let owner = self.model.shards[shard].life(slot).owner;
        let claim =
            self.scene.claim_instruction(&self.scene.shards[shard], &self.owners[owner].pubkey(), &[slot as u16]);
        let allowed = self.model.claim(shard, slot).map(|_| ());
        self.expect(6, claim, &[], allowed);
    }

    /// What the oracle says of every slot, also of one that nobody is in.
    fn measure(&mut self, slots: usize) -> Vec<Measured> {
        let is_down = self.below(6) == 0;
        (0..slots)
            .map(|_| match self.below(8) {
                0 => (None, None),
                1 => (Some(4_999), Some(1_000)),
                _ if is_down => (Some(0), Some(0)),
                kind => {
                    let bandwidth = self.below(1_300) as u32;
                    (Some(5_000 + self.below(5_001) as u16), (kind != 2).then_some(bandwidth))
                }
            })
            .collect()
    }

    /// Reports what was not yet, if the open epoch takes reports.
    fn report(&mut self) {
        let (network, now) = (self.scene.network(), self.scene.stage.now());
        if network.check_report_window(network.open_epoch, now).is_err() {
            return;
        }
        for shard in 0..self.model.shards.len() {
            if !self.reported.contains_key(&shard) && !self.model.is_scored(shard) {
                let values = self.measure(self.model.shards[shard].places.len());
                self.scene.report(0, &self.scene.shards[shard].clone(), network.open_epoch, &values);
                self.reported.insert(shard, values);
            }
        }
    }

    /// Reports, scores and closes the open epoch, with people coming and going in between.
    fn process(&mut self) {
        let epoch = self.model.open;
        while let Some(shard) = self.model.next_to_score() {
            self.settle(shard);
            self.report();
            for _ in 0..self.below(3) {
                self.act();
            }
            let address = self.scene.shards[shard];
            self.scene.score(&address, epoch);
            let values = self.reported.get(&shard).cloned().unwrap_or_default();
            let points = self.model.score(shard, &values);
            let slots = self.scene.shard(&address).1;
            assert_eq!(slots.iter().map(|slot| u64::from(slot.score)).collect::<Vec<_>>(), points, "epoch {epoch}");
            self.act();
        }
        self.scene.close();
        self.model.close_epoch();
        // Epochs that are over and wait for no shard are closed along.
        while self.current.is_some_and(|current| self.model.open < current) && self.model.next_to_score().is_none() {
            self.model.close_epoch();
        }
        self.reported.clear();
        self.act();
    }

    fn settle(&mut self, shard: usize) {
        let address = self.scene.shards[shard];
        if self.model.settle(shard) {
            self.scene.settle(&address);
            self.tried[7].0 += 1;
        }
    }

    /// Compares every account with the model.
    fn check(&mut self) {
        let network = self.scene.network();
        assert_eq!((network.open_epoch, network.awake_shards), (self.model.open, self.model.awake()));
        let emission = network.emission;
        let minted: u64 = self.model.paid_atoms.iter().sum();
        assert_eq!((emission.minted_atoms, emission.accrued_atoms), (minted, self.model.accrued_atoms));
        assert_eq!(emission.scheduled_atoms, self.model.scheduled_atoms);
        assert_eq!(emission.carried_atoms, self.model.carried_atoms);
        assert!(self.model.accrued_atoms + self.model.carried_atoms <= self.model.scheduled_atoms);
        assert!(self.model.scheduled_atoms <= self.model.cap_atoms);
        for (shard, address) in self.scene.shards.clone().into_iter().enumerate() {
            let (header, slots) = self.scene.shard(&address);
            let state = &self.model.shards[shard];
            assert_eq!(slots.len(), state.places.len());
            assert_eq!(header.dormant == 0, state.is_awake);
            for (slot, place) in slots.iter().zip(&state.places) {
                match place {
                    Place::Vacant { vacated_in } => {
                        assert_eq!((slot.state, slot.accrued_atoms, slot.until), (0, 0, *vacated_in));
                        assert_eq!(slot.owner, self.scene.stage.payer.pubkey());
                    }
                    Place::Taken(life) => {
                        assert_eq!(slot.owner, self.owners[life.owner].pubkey());
                        assert_eq!(slot.accrued_atoms, life.accrued_atoms);
                        assert_eq!(slot.until, life.until.unwrap_or(u32::MAX));
                    }
                }
            }
        }
    }

    fn run(&mut self) {
        for _ in 0..4 {
            self.act();
        }
        for epoch in 0..EPOCHS {
            self.current = Some(epoch);
            let into_epoch = self.below(50) as i64;
            self.scene.warp_to(GENESIS + i64::from(epoch) * EPOCH_SECS + into_epoch);
            // The oracle is in time; whoever scores may not be.
            self.report();
            for _ in 0..self.below(4) {
                self.act();
            }
            // Up to two epochs are let wait.
            while self.model.open < epoch && (self.model.open + 2 < epoch || self.below(3) > 0) {
                self.process();
            }
            self.report();
            for shard in 0..self.model.shards.len() {
                if self.below(2) == 0 {
                    self.settle(shard);
                }
            }
            self.check();
        }
        self.finish();
    }

    /// Everything that is owed is paid.
    fn finish(&mut self) {
        self.current = Some(EPOCHS);
        self.scene.warp_to(end(EPOCHS - 1));
        while self.model.open < EPOCHS {
            self.process();
        }
        for shard in 0..self.model.shards.len() {
            self.settle(shard);
            let owed: Vec<usize> =
                self.model.shards[shard].lives().filter(|(_, life)| life.accrued_atoms > 0).map(|(s, _)| s).collect();
            for slot in owed {
                self.claim(shard, slot);
            }
        }
        self.check();
        let paid_atoms: u64 = self.model.paid_atoms.iter().sum();
        assert_eq!(paid_atoms, self.model.accrued_atoms);
        assert_eq!(paid_atoms + self.model.carried_atoms, self.model.scheduled_atoms);
        let owners: Vec<Address> = self.owners.iter().map(Signer::pubkey).collect();
        for (owner, expected) in owners.iter().zip(self.model.paid_atoms) {
            let token = place::associated_token(owner, &self.scene.mint, &self.scene.token_program);
            assert_eq!(self.scene.atoms(&token), expected);
        }
    }
}

fn run(seed: u64) -> [(u32, u32); 8] {
    println!("STIPEND_TEST_SEED={seed}");
    let mut world = World::new(seed);
    world.run();
    world.tried
}

#[test]
fn every_tenant_earns_its_own_time_and_no_other() {
    if let Ok(seed) = std::env::var("STIPEND_TEST_SEED") {
        run(seed.parse().expect("a seed is a number"));
        return;
    }
    let mut tried = [(0, 0); 8];
    for seed in 1..=4 {
        for (all, one) in tried.iter_mut().zip(run(seed)) {
            (all.0, all.1) = (all.0 + one.0, all.1 + one.1);
        }
    }
    println!("register, retire, transfer, boost, close, shrink, claim, settle: {tried:?}");
    // Every kind of act was allowed at times, and those that can be refused were refused at times.
    assert!(tried.iter().all(|(allowed, _)| *allowed > 0), "{tried:?}");
    assert!(tried[1..7].iter().all(|(_, refused)| *refused > 0), "{tried:?}");
}
