//! What the rules say, in plain numbers: no account, no clock, and nothing of the program's own arithmetic.

use stipend::error::StipendError;
use stipend_tests::scene::Measured;

/// Slots of a shard.
pub const CAPACITY: usize = 3;
/// People who own nodes.
pub const OWNERS: usize = 4;

/// A device's time in a slot.
#[derive(Clone, Debug)]
pub struct Life {
    /// The device and its owner, by number.
    pub device: usize,
    pub owner: usize,
    /// The first epoch that counts, and the first that does not any more.
    pub since: u32,
    pub until: Option<u32>,
    /// Boosts, each with its first epoch, in order.
    boosts: Vec<(u32, u16)>,
    /// Atoms settled and not claimed.
    pub accrued_atoms: u64,
    /// Points of the shard's last scored epoch.
    score: u64,
}

impl Life {
    pub fn new(device: usize, owner: usize, since: u32) -> Self {
        Self { device, owner, since, until: None, boosts: Vec::new(), accrued_atoms: 0, score: 0 }
    }

    fn boost_bps(&self, epoch: u32) -> u128 {
        let held = self.boosts.iter().rev().find(|(from, _)| *from <= epoch);
        held.map_or(10_000, |(_, bps)| u128::from(*bps))
    }

    /// Whether a boost begins behind the open epoch and before this one.
    fn has_boost_between(&self, open: u32, epoch: u32) -> bool {
        self.boosts.iter().any(|(from, _)| open < *from && *from < epoch)
    }

    fn points(&self, epoch: u32, uptime_weight_bps: u16, measured: &Measured) -> u64 {
        let counts = self.since <= epoch && self.until.is_none_or(|until| epoch < until);
        let (Some(uptime_bps), true) = (measured.0, counts) else { return 0 };
        if uptime_bps < 5_000 {
            return 0;
        }
        let bandwidth = u128::from(measured.1.unwrap_or(0).min(1_000));
        let weight = u128::from(uptime_weight_bps);
        let quality = (weight * 10_000 + (10_000 - weight) * 10_000 * bandwidth / 1_000) / 10_000;
        (u128::from(uptime_bps) * quality * self.boost_bps(epoch) / 10_000) as u64
    }
}

/// A slot: somebody's, or vacated in an epoch.
#[derive(Clone, Debug)]
pub enum Place {
    Taken(Life),
    Vacant { vacated_in: u32 },
}

/// A scored epoch that is not settled, and once it is closed its emission and total score.
#[derive(Clone, Copy, Debug)]
pub struct Due {
    epoch: u32,
    closed: Option<(u64, u64)>,
}

#[derive(Clone, Debug, Default)]
pub struct Shard {
    pub places: Vec<Place>,
    pub due: Option<Due>,
    /// Whether epochs wait for it: not before its first registration, nor once nobody in it can earn any more.
    pub is_awake: bool,
    /// The first epoch that it is not scored for.
    next_epoch: u32,
}

impl Shard {
    pub fn life(&mut self, slot: usize) -> &mut Life {
        match &mut self.places[slot] {
            Place::Taken(life) => life,
            Place::Vacant { .. } => panic!("slot {slot} is vacant"),
        }
    }

    pub fn lives(&self) -> impl Iterator<Item = (usize, &Life)> {
        self.places.iter().enumerate().filter_map(|(slot, place)| match place {
            Place::Taken(life) => Some((slot, life)),
            Place::Vacant { .. } => None,
        })
    }
}

/// The network.
#[derive(Clone, Debug)]
pub struct Model {
    pub uptime_weight_bps: u16,
    pub per_epoch_atoms: u64,
    pub cap_atoms: u64,
    pub carry_epochs: u32,
    pub shards: Vec<Shard>,
    pub open: u32,
    pub scheduled_atoms: u64,
    pub carried_atoms: u64,
    pub accrued_atoms: u64,
    pub paid_atoms: [u64; OWNERS],
    empty_epochs: u32,
    /// Of each epoch that shares: its number, its emission, what was paid of it, shards that are not settled.
    shared: Vec<(u32, u64, u64, usize)>,
}

impl Model {
    pub fn new(uptime_weight_bps: u16, per_epoch_atoms: u64, cap_atoms: u64, carry_epochs: u32) -> Self {
        Self {
            uptime_weight_bps,
            per_epoch_atoms,
            cap_atoms,
            carry_epochs,
            shards: Vec::new(),
            open: 0,
            scheduled_atoms: 0,
            carried_atoms: 0,
            accrued_atoms: 0,
            paid_atoms: [0; OWNERS],
            empty_epochs: 0,
            shared: Vec::new(),
        }
    }

    /// Shards that epochs wait for.
    pub fn awake(&self) -> u32 {
        self.shards.iter().filter(|shard| shard.is_awake).count() as u32
    }

    /// Somebody registers in a shard.
    pub fn wake(&mut self, shard: usize) {
        self.shards[shard].is_awake = true;
    }

    /// Whether a shard is scored for the open epoch.
    pub fn is_scored(&self, shard: usize) -> bool {
        self.shards[shard].next_epoch > self.open
    }

    /// A shard that the open epoch waits for.
    pub fn next_to_score(&self) -> Option<usize> {
        (0..self.shards.len()).find(|shard| self.shards[*shard].is_awake && !self.is_scored(*shard))
    }

    /// Slots with somebody in them, live or retired.
    pub fn taken(&self) -> usize {
        self.shards.iter().map(|shard| shard.lives().count()).sum()
    }

    /// - `next`: the first epoch that has not begun.
    pub fn boost(&mut self, shard: usize, slot: usize, bps: u16, next: u32) -> Result<(), StipendError> {
        let open = self.open;
        let life = self.shards[shard].life(slot);
        if life.until.is_some() {
            return Err(StipendError::NodeRetired);
        }
        // Neither its start nor a boost may lie between an epoch that is not closed and what is decided now.
        if life.has_boost_between(open, next) || open < life.since && life.since < next {
            return Err(StipendError::BoostPending);
        }
        life.boosts.retain(|(from, _)| *from < next);
        life.boosts.push((next, bps));
        Ok(())
    }

    /// - `current`: the epoch under way.
    pub fn retire(&mut self, shard: usize, slot: usize, current: u32) -> Result<(), StipendError> {
        let life = self.shards[shard].life(slot);
        if life.until.is_some() {
            return Err(StipendError::NodeRetired);
        }
        life.until = Some(current);
        Ok(())
    }

    pub fn transfer(&mut self, shard: usize, slot: usize, owner: usize) -> Result<(), StipendError> {
        let life = self.shards[shard].life(slot);
        if life.until.is_some() {
            return Err(StipendError::NodeRetired);
        }
        life.owner = owner;
        Ok(())
    }

    pub fn close_node(&mut self, shard: usize, slot: usize, current: u32) -> Result<(), StipendError> {
        let open = self.open;
        let shard = &mut self.shards[shard];
        let is_due = shard.due.is_some();
        let life = shard.life(slot);
        let until = life.until.ok_or(StipendError::NodeNotRetired)?;
        if open < until && life.since < until {
            return Err(StipendError::NodeStillEarns);
        }
        if is_due && life.score > 0 {
            return Err(StipendError::ShardNotSettled);
        }
        if life.accrued_atoms > 0 {
            return Err(StipendError::NodeOwed);
        }
        shard.places[slot] = Place::Vacant { vacated_in: current };
        Ok(())
    }

    /// Takes the last slot off.
    pub fn shrink(&mut self, shard: usize) -> Result<(), StipendError> {
        match self.shards[shard].places.last() {
            Some(Place::Vacant { vacated_in }) if *vacated_in < self.open => {
                self.shards[shard].places.pop();
                Ok(())
            }
            Some(Place::Vacant { .. }) => Err(StipendError::SlotVacatedLately),
            _ => Err(StipendError::SlotNotVacant),
        }
    }

    pub fn score(&mut self, shard: usize, values: &[Measured]) -> Vec<u64> {
        let (epoch, weight) = (self.open, self.uptime_weight_bps);
        let shard = &mut self.shards[shard];
        assert!(shard.due.is_none(), "a shard is settled before it is scored again");
        let mut points = vec![0; shard.places.len()];
        for (slot, place) in shard.places.iter_mut().enumerate() {
            if let Place::Taken(life) = place {
                life.score = life.points(epoch, weight, values.get(slot).unwrap_or(&(None, None)));
                points[slot] = life.score;
            }
        }
        shard.next_epoch = epoch + 1;
        let is_awake = shard.lives().any(|(_, life)| life.until.is_none_or(|until| epoch < until));
        shard.is_awake = is_awake;
        shard.due = points.iter().any(|points| *points > 0).then_some(Due { epoch, closed: None });
        points
    }

    pub fn close_epoch(&mut self) {
        let epoch = self.open;
        let scored = |shard: &&mut Shard| shard.due.is_some_and(|due| due.epoch == epoch);
        let due: Vec<&mut Shard> = self.shards.iter_mut().filter(scored).collect();
        let total: u64 = due.iter().flat_map(|shard| shard.lives()).map(|(_, life)| life.score).sum();
        let fresh_atoms = self.per_epoch_atoms.min(self.cap_atoms - self.scheduled_atoms);
        if total > 0 || self.empty_epochs < self.carry_epochs {
            self.scheduled_atoms += fresh_atoms;
            self.carried_atoms += fresh_atoms;
        }
        if total > 0 {
            let emission_atoms = std::mem::take(&mut self.carried_atoms);
            self.empty_epochs = 0;
            self.shared.push((epoch, emission_atoms, 0, due.len()));
            for shard in due {
                shard.due = Some(Due { epoch, closed: Some((emission_atoms, total)) });
            }
        } else {
            self.empty_epochs += 1;
        }
        self.open += 1;
    }

    /// Whether the shard has a closed epoch to settle; if so, it is.
    pub fn settle(&mut self, shard: usize) -> bool {
        let Some(Due { epoch, closed: Some((emission_atoms, total)) }) = self.shards[shard].due else { return false };
        let mut paid_atoms = 0;
        for place in &mut self.shards[shard].places {
            if let Place::Taken(life) = place {
                let rate = (u128::from(emission_atoms) << 64) / u128::from(total);
                let atoms = ((u128::from(life.score) * rate) >> 64) as u64;
                life.accrued_atoms += atoms;
                paid_atoms += atoms;
            }
        }
        self.shards[shard].due = None;
        self.accrued_atoms += paid_atoms;
        let shared = self.shared.iter_mut().find(|shared| shared.0 == epoch).expect("the epoch shared something");
        shared.2 += paid_atoms;
        shared.3 -= 1;
        assert!(shared.2 <= shared.1, "epoch {epoch} pays more than it emits");
        if shared.3 == 0 {
            self.carried_atoms += shared.1 - shared.2;
        }
        true
    }

    /// Pays the owner of a slot; nothing if nothing has accrued.
    pub fn claim(&mut self, shard: usize, slot: usize) -> Result<usize, StipendError> {
        let life = self.shards[shard].life(slot);
        if life.accrued_atoms == 0 {
            return Err(StipendError::NothingToClaim);
        }
        self.paid_atoms[life.owner] += std::mem::take(&mut life.accrued_atoms);
        Ok(life.owner)
    }
}
