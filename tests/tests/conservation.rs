//! Networks that run at random, under rules that change and through pauses: what is minted, accrued, scheduled and capped
//! stays in that order, every epoch pays what an independent model says, and no slot is paid twice.
//!
//! A run is the same whenever its seed is: STIPEND_TEST_SEED=n runs that one alone.

use solana_address::Address;
use solana_keypair::Keypair;
use solana_signer::Signer;
use stipend::{
    error::StipendError,
    instructions::NetworkParams,
    state::{EmissionParams, PolicyParams},
};
use stipend_tests::{
    key,
    mint::supply_atoms,
    random::Random,
    scene::{end, Measured, REPORT_SECS},
    Scene,
};

/// A node as the model knows it.
struct Tenant {
    shard: usize,
    slot: u16,
    since: u32,
    owner: usize,
    /// Score of the shard's last scored epoch.
    score: u64,
    /// Atoms settled and not yet claimed.
    owed_atoms: u64,
}

/// A scored epoch that is not settled: its number, and once it is closed, its emission and total score.
#[derive(Clone, Copy)]
struct Due {
    epoch: u32,
    closed: Option<(u64, u64)>,
}

/// The network, and the model beside it.
struct World {
    scene: Scene,
    random: Random,
    params: NetworkParams,
    /// The policy to come: its first epoch, its rules, and the emission that begins with it, if any.
    next: Option<(u32, PolicyParams, Option<EmissionParams>)>,
    /// The first epoch of the emission schedule.
    emission_from: u32,
    /// The epoch of the last claim and what was minted in it.
    minted: (u32, u64),
    owners: Vec<Keypair>,
    tenants: Vec<Tenant>,
    due: Vec<Option<Due>>,
    /// The model's budget.
    per_epoch_atoms: u64,
    scheduled_atoms: u64,
    carried_atoms: u64,
    accrued_atoms: u64,
    claimed_atoms: u64,
    empty_epochs: u32,
    /// Of each epoch with a score: emission, paid so far, shards that are not settled.
    shared: Vec<(u32, u64, u64, usize)>,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let per_epoch_atoms = [1, 7, 1_000_000, 999_999_999_999][random.below(4) as usize];
        let epochs = 3 + random.below(12);
        let decays = random.below(2) == 1;
        let mut chosen = None;
        let scene = Scene::with(3, |params| {
            params.emission.per_epoch_atoms = per_epoch_atoms;
            params.cap_atoms = per_epoch_atoms * epochs + random.below(per_epoch_atoms);
            params.emission.carry_epochs = random.below(4) as u16;
            params.shard_capacity = 1 + random.below(3) as u16;
            params.policy.uptime_weight_bps = random.below(10_001) as u16;
            params.policy.min_uptime_bps = 3_000;
            if decays {
                params.emission.decay_bps = 1 + random.below(3_000) as u16;
                params.emission.decay_every_epochs = 1 + random.below(4) as u32;
            }
            chosen = Some(params.clone());
        });
        let owners = (0..3).map(|owner| key(&format!("owner {owner}"))).collect();
        let mut world = Self {
            scene,
            random,
            params: chosen.unwrap(),
            next: None,
            emission_from: 0,
            minted: (0, 0),
            owners,
            tenants: Vec::new(),
            due: Vec::new(),
            per_epoch_atoms,
            scheduled_atoms: 0,
            carried_atoms: 0,
            accrued_atoms: 0,
            claimed_atoms: 0,
            empty_epochs: 0,
            shared: Vec::new(),
        };
        for owner in world.owners.iter().map(Signer::pubkey).collect::<Vec<_>>() {
            world.scene.open_token(&owner);
        }
        world
    }

    /// Some nodes more, in a new shard where the last is full.
    fn register(&mut self, since: u32) {
        for _ in 0..1 + self.random.below(3) {
            let capacity = usize::from(self.params.shard_capacity);
            if self.tenants.len() == self.due.len() * capacity {
                self.scene.open_shard();
                self.due.push(None);
            }
            let owner = self.random.below(3) as usize;
            let (shard, slot) = (self.due.len() - 1, (self.tenants.len() % capacity) as u16);
            let address = self.scene.shards[shard];
            self.scene.register(&address, &self.owners[owner].pubkey());
            self.tenants.push(Tenant { shard, slot, since, owner, score: 0, owed_atoms: 0 });
        }
    }

    /// All three oracles see the same, so that the median is what they saw; the score is checked against the formula.
    fn measure(&mut self, epoch: u32, shard: usize, is_down: bool) {
        let address = self.scene.shards[shard];
        let places: Vec<usize> = (0..self.tenants.len()).filter(|place| self.tenants[*place].shard == shard).collect();
        let mut values: Vec<Measured> = Vec::new();
        for place in &places {
            let uptime_bps = if is_down { 0 } else { self.random.below(10_001) as u16 };
            let bandwidth = self.random.below(1_500) as u32;
            values.push((Some(uptime_bps), Some(bandwidth)));
            let rules = self.params.policy;
            let (weight, cap) = (u128::from(rules.uptime_weight_bps), rules.bandwidth_cap);
            let counted = u128::from(bandwidth.min(cap));
            let quality = weight * 10_000 + (10_000 - weight) * 10_000 * counted / u128::from(cap);
            let tenant = &mut self.tenants[*place];
            let counts = uptime_bps >= rules.min_uptime_bps && tenant.since <= epoch;
            tenant.score = if counts { (u128::from(uptime_bps) * (quality / 10_000)) as u64 } else { 0 };
        }
        self.scene.report_all(&address, epoch, &values);
        self.scene.score(&address, epoch);
        let slots = self.scene.shard(&address).1;
        let score: u64 = places.iter().map(|place| self.tenants[*place].score).sum();
        for place in places {
            let tenant = &self.tenants[place];
            assert_eq!(u64::from(slots[usize::from(tenant.slot)].score), tenant.score);
        }
        self.due[shard] = (score > 0).then_some(Due { epoch, closed: None });
    }

    fn close(&mut self, epoch: u32) {
        self.scene.close();
        let scored: Vec<usize> =
            (0..self.due.len()).filter(|shard| self.due[*shard].is_some_and(|due| due.epoch == epoch)).collect();
        let total: u64 = self.tenants.iter().filter(|tenant| scored.contains(&tenant.shard)).map(|t| t.score).sum();
        let room = self.params.cap_atoms - self.scheduled_atoms;
        if total > 0 || self.empty_epochs < u32::from(self.params.emission.carry_epochs) {
            self.scheduled_atoms += self.per_epoch_atoms.min(room);
            self.carried_atoms += self.per_epoch_atoms.min(room);
        }
        if total > 0 {
            let emission = std::mem::take(&mut self.carried_atoms);
            self.empty_epochs = 0;
            for shard in &scored {
                self.due[*shard].as_mut().unwrap().closed = Some((emission, total));
            }
            self.shared.push((epoch, emission, 0, scored.len()));
        } else {
            self.empty_epochs += 1;
        }
        self.begin(epoch + 1);
    }

    /// What an epoch begins with: other rules, another schedule, or a decay step of the present one.
    fn begin(&mut self, epoch: u32) {
        if let Some((_, policy, emission)) = self.next.take_if(|next| next.0 == epoch) {
            self.params.policy = policy;
            if let Some(emission) = emission {
                (self.params.emission, self.emission_from) = (emission, epoch);
                self.per_epoch_atoms = emission.per_epoch_atoms;
                return;
            }
        }
        let every = self.params.emission.decay_every_epochs;
        if every > 0 && (epoch - self.emission_from).is_multiple_of(every) {
            let kept = u128::from(10_000 - self.params.emission.decay_bps);
            self.per_epoch_atoms = (u128::from(self.per_epoch_atoms) * kept / 10_000) as u64;
        }
    }

    fn settle(&mut self, shard: usize) {
        let Some(Due { epoch, closed: Some((emission, total)) }) = self.due[shard] else { return };
        let address = self.scene.shards[shard];
        self.scene.settle(&address);
        let rate = (u128::from(emission) << 64) / u128::from(total);
        let mut paid = 0;
        for tenant in self.tenants.iter_mut().filter(|tenant| tenant.shard == shard) {
            let reward = ((u128::from(tenant.score) * rate) >> 64) as u64;
            tenant.owed_atoms += reward;
            paid += reward;
        }
        self.accrued_atoms += paid;
        self.due[shard] = None;
        let shared = self.shared.iter_mut().find(|shared| shared.0 == epoch).unwrap();
        shared.2 += paid;
        shared.3 -= 1;
        assert!(shared.2 <= shared.1, "epoch {epoch} paid {} of {}", shared.2, shared.1);
        if shared.3 == 0 {
            self.carried_atoms += shared.1 - shared.2;
        }
    }

    /// Other rules from the next epoch or the one after it on, in place of what was to come.
    fn govern(&mut self, epoch: u32) {
        let from_epoch = epoch + 1 + self.random.below(2) as u32;
        let mut policy = self.params.policy;
        policy.uptime_weight_bps = self.random.below(10_001) as u16;
        policy.min_uptime_bps = self.random.below(6_000) as u16;
        policy.bandwidth_cap = 1 + self.random.below(2_000) as u32;
        let emission = (self.random.below(3) == 0).then(|| EmissionParams {
            per_epoch_atoms: 1 + self.random.below(2_000_000),
            decay_bps: 1_000,
            decay_every_epochs: 1 + self.random.below(3) as u32,
            carry_epochs: self.random.below(4) as u16,
        });
        let least = emission.map_or(self.per_epoch_atoms, |emission| emission.per_epoch_atoms);
        policy.mint_limit_atoms = if self.random.below(2) == 0 { 0 } else { least.max(1) };
        self.scene.update_policy(from_epoch, emission, |params| *params = policy);
        self.next = Some((from_epoch, policy, emission));
    }

    /// Claims an owner's slots in a shard while `epoch` is under way, if they have anything: slot by slot in order, until the
    /// room that the mint limit leaves is used up.
    fn claim(&mut self, epoch: u32, shard: usize, owner: usize) {
        let places: Vec<usize> = (0..self.tenants.len())
            .filter(|place| self.tenants[*place].shard == shard && self.tenants[*place].owner == owner)
            .collect();
        let atoms: u64 = places.iter().map(|place| self.tenants[*place].owed_atoms).sum();
        if atoms == 0 {
            return;
        }
        let slots: Vec<u16> = places.iter().map(|place| self.tenants[*place].slot).collect();
        let address = self.scene.shards[shard];
        let claim = self.scene.claim_instruction(&address, &self.owners[owner].pubkey(), &slots);

        let policy = self.next.filter(|next| next.0 <= epoch).map_or(self.params.policy, |next| next.1);
        let minted = if self.minted.0 == epoch { self.minted.1 } else { 0 };
        // What was owed when the epoch began, and what was settled since: a 32nd of it, rounded up, may always be minted.
        let floor = (self.accrued_atoms - self.claimed_atoms + minted).div_ceil(32);
        let limit = if policy.mint_limit_atoms == 0 { u64::MAX } else { policy.mint_limit_atoms.max(floor) };
        let mut room = limit.saturating_sub(minted);
        if room == 0 {
            self.scene.stage.refuses(&[claim], &[], StipendError::MintLimitReached);
            return;
        }
        self.scene.stage.accepts(&[claim], &[]);
        let paid = atoms.min(room);
        self.minted = (epoch, minted + paid);
        self.claimed_atoms += paid;
        for place in places {
            let owed = &mut self.tenants[place].owed_atoms;
            let taken = room.min(*owed);
            (*owed, room) = (*owed - taken, room - taken);
        }
    }

    fn check(&mut self) {
        let emission = self.scene.network().emission;
        let (accrued, claimed) = (self.accrued_atoms, self.claimed_atoms);
        assert_eq!((emission.minted_atoms, emission.accrued_atoms), (claimed, accrued));
        assert_eq!((emission.scheduled_atoms, emission.carried_atoms), (self.scheduled_atoms, self.carried_atoms));
        assert_eq!((emission.per_epoch_atoms, emission.empty_epochs), (self.per_epoch_atoms, self.empty_epochs));
        assert!(claimed <= accrued && accrued + self.carried_atoms <= self.scheduled_atoms);
        assert!(self.scheduled_atoms <= self.params.cap_atoms);
        let mint = self.scene.mint;
        assert_eq!(supply_atoms(&self.scene.stage.account(&mint).unwrap()), claimed);
        for (shard, address) in self.scene.shards.clone().into_iter().enumerate() {
            let slots = self.scene.shard(&address).1;
            for tenant in self.tenants.iter().filter(|tenant| tenant.shard == shard) {
                let slot = &slots[usize::from(tenant.slot)];
                assert_eq!(slot.accrued_atoms, tenant.owed_atoms);
                assert_eq!(slot.owner, self.owners[tenant.owner].pubkey());
            }
        }
    }

    /// One epoch: nodes come, shards are measured, closed late or early, settled and claimed or not.
    fn epoch(&mut self, epoch: u32) {
        let is_down = self.random.below(4) == 0;
        self.scene.warp_to(end(epoch) - 1);
        if self.random.below(2) == 0 {
            // Epoch 0 has begun, so the next one counts.
            self.register(epoch + 1);
        }
        if self.random.below(3) == 0 {
            self.govern(epoch);
        }
        self.scene.warp_to(end(epoch) + self.random.below(REPORT_SECS as u64) as i64);
        let is_paused = self.random.below(4) == 0;
        if is_paused {
            self.scene.pause();
        }
        for shard in 0..self.due.len() {
            // A shard must be settled before it is scored again; a pause does not keep it from that.
            self.settle(shard);
        }
        if is_paused {
            self.scene.resume();
        }
        for shard in 0..self.due.len() {
            self.measure(epoch, shard, is_down);
            self.check();
        }
        self.close(epoch);
        for shard in 0..self.due.len() {
            if self.random.below(2) == 0 {
                self.settle(shard);
            }
            if self.random.below(2) == 0 {
                let owner = self.random.below(3) as usize;
                // The epochs are all closed in time, so the next one is under way.
                self.claim(epoch + 1, shard, owner);
            }
            self.check();
        }
    }

    fn finish(&mut self, epoch: u32) {
        for shard in 0..self.due.len() {
            self.settle(shard);
        }
        // Within the mint limit while this epoch is under way, and without one in the next.
        for under_way in [epoch, epoch + 1] {
            self.scene.warp_to(end(under_way) - 1);
            for shard in 0..self.due.len() {
                for owner in 0..3 {
                    self.claim(under_way, shard, owner);
                }
            }
            self.check();
            if under_way == epoch {
                let policy = PolicyParams { mint_limit_atoms: 0, ..self.params.policy };
                self.scene.update_policy(epoch + 1, None, |params| *params = policy);
                self.next = Some((epoch + 1, policy, None));
            }
        }
        assert!(self.tenants.iter().all(|tenant| tenant.owed_atoms == 0));
        let claimed = self.claimed_atoms;
        assert_eq!(claimed + self.carried_atoms, self.scheduled_atoms);
        let balances: Vec<Address> = self.owners.iter().map(Signer::pubkey).collect();
        let mut held = 0;
        for owner in balances {
            let token = stipend_client::address::associated_token(&owner, &self.scene.mint, &self.scene.token_program);
            held += self.scene.atoms(&token);
        }
        assert_eq!(held, claimed);
    }
}

fn run(seed: u64) {
    println!("STIPEND_TEST_SEED={seed}");
    let mut world = World::new(seed);
    world.register(0);
    let epochs = 10;
    for epoch in 0..epochs {
        world.epoch(epoch);
    }
    world.finish(epochs);
}

#[test]
fn whatever_happens_no_atom_is_made_up_lost_or_paid_twice() {
    match std::env::var("STIPEND_TEST_SEED").map(|seed| seed.parse().expect("a seed is a number")) {
        Ok(seed) => run(seed),
        Err(_) => (1..=12).for_each(run),
    }
}
