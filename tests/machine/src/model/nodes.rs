//! Directories, shards and nodes.

use super::*;
use crate::cast::byte_of;

/// A registration's arguments.
pub struct Registration {
    pub payer: u8,
    pub device: u16,
    pub byte: u8,
    pub owner: u8,
    pub registrar: Option<u8>,
    pub vacant: Option<(u16, u8)>,
}

impl Model {
    pub fn open_shard(&mut self, payer: u8, id: u16, index: u32, last: Option<u32>) -> Verdict {
        let net = self.net(id)?;
        ensure(index as usize == net.shards.len(), "not the next shard")?;
        if let Some(last) = last {
            ensure((last as usize) < net.shards.len(), "no such last shard")?;
        }
        if let Some(shard) = net.shards.last() {
            ensure(last == Some(index - 1), "not the last shard")?;
            ensure(shard.slots.len() == usize::from(net.capacity), "last shard is not full")?;
        }
        let (lamports, paid) = self.pay_rent(payer, Account::Shard(Place { net: id, index }), SHARD_BYTES)?;
        let net = self.net_mut(id)?;
        net.shards.push(Shard {
            lamports,
            paid,
            payer,
            next: net.open,
            scored: NEVER,
            total_score: 0,
            is_unsettled: false,
            is_dormant: true,
            next_judged: net.open,
            last_settled: None,
            slots: Vec::new(),
            reports: BTreeMap::new(),
        });
        Ok(())
    }

    pub fn shrink_shard(&mut self, id: u16, place: Place, payers: &[u8]) -> Verdict {
        let (net, shard) = self.shard(id, place)?;
        let open = net.open;
        ensure(payers.len() <= shard.slots.len(), "more than there are")?;
        let mut due = Vec::new();
        for (slot, payer) in shard.slots.iter().rev().zip(payers) {
            ensure(slot.tenant.is_none(), "slot is taken")?;
            let (owner, lamports, until) = slot.vacant;
            ensure(open > until, "slot became vacant lately")?;
            ensure(owner == *payer, "another paid")?;
            due.push((owner, lamports));
        }
        let left = shard.slots.len() - payers.len();
        self.shard_mut(id, place)?.slots.truncate(left);
        for (payer, lamports) in due {
            let shard = self.shard_mut(id, place)?;
            shard.lamports -= lamports;
            let held = shard.lamports;
            self.credit(payer, lamports);
            self.check_payee(payer)?;
            self.check_source(held, SHARD_BYTES + 64 * left)?;
        }
        Ok(())
    }

    pub fn close_shard(&mut self, id: u16, place: Place, payer: u8) -> Verdict {
        let (net, shard) = self.shard(id, place)?;
        ensure(shard.payer == payer, "another paid")?;
        ensure(place.index as usize + 1 == net.shards.len(), "not the last shard")?;
        ensure(shard.slots.is_empty() && shard.reports.is_empty(), "shard is not empty")?;
        ensure(shard.is_dormant || shard.next <= net.open, "shard is scored for the open epoch")?;
        let (lamports, paid) = (shard.lamports, shard.paid);
        self.net_mut(id)?.shards.pop();
        self.windfall[usize::from(payer)] += i128::from(lamports - paid);
        self.credit(payer, lamports);
        Ok(())
    }

    pub fn open_directory(&mut self, payer: u8, id: u16, byte: u8) -> Verdict {
        ensure(!self.net(id)?.directories.contains_key(&byte), "directory exists")?;
        let (lamports, paid) = self.pay_rent(payer, Account::Directory(id, byte), DIRECTORY_BYTES)?;
        let directory = Directory { lamports, paid, payer, entries: BTreeMap::new() };
        self.net_mut(id)?.directories.insert(byte, directory);
        Ok(())
    }

    pub fn close_directory(&mut self, id: u16, byte: u8, payer: u8) -> Verdict {
        let directory = self.net(id)?.directories.get(&byte).ok_or("no such directory")?;
        ensure(directory.payer == payer, "another paid")?;
        ensure(directory.entries.is_empty(), "directory is not empty")?;
        let (lamports, paid) = (directory.lamports, directory.paid);
        self.net_mut(id)?.directories.remove(&byte);
        self.windfall[usize::from(payer)] += i128::from(lamports - paid);
        self.credit(payer, lamports);
        Ok(())
    }

    pub fn register_node(&mut self, id: u16, place: Place, node: &Registration) -> Verdict {
        let now = self.now;
        let (net, shard) = self.shard(id, place)?;
        let directory = net.directories.get(&node.byte).ok_or("no such directory")?;
        ensure(node.byte == byte_of(node.device), "directory of other devices")?;
        let rules = net.policy_at(net.current(now)).rules;
        ensure(node.registrar == rules.registrar, "registrar")?;
        ensure(!directory.entries.contains_key(&node.device), "device is registered")?;
        let (open, since, capacity) = (net.open, net.unbegun(now), usize::from(net.capacity));
        let entries = directory.entries.len();
        let grown = DIRECTORY_BYTES + 80 * (entries + 1);
        let entry_lamports = self.growth(directory.lamports, grown - 80, grown);
        let slots = shard.slots.len();

        let (slot, slot_lamports) = match node.vacant {
            Some((slot, slot_payer)) => {
                let found = shard.slots.get(usize::from(slot)).ok_or("no such slot")?;
                ensure(found.tenant.is_none(), "slot is taken")?;
                let (owner, lamports, _) = found.vacant;
                ensure(owner == slot_payer, "another paid for the slot")?;
                self.charge(node.payer, lamports)?;
                self.credit(owner, lamports);
                self.check_payee(owner)?;
                (slot, lamports)
            }
            None => {
                ensure(slots < capacity, "shard is full")?;
                let bytes = SHARD_BYTES + 64 * slots;
                let lamports = self.growth(shard.lamports, bytes, bytes + 64);
                ensure(lamports <= u32::MAX.into(), "slot costs too much")?;
                self.charge(node.payer, lamports)?;
                self.shard_mut(id, place)?.lamports += lamports;
                (slots as u16, lamports)
            }
        };
        self.charge(node.payer, entry_lamports + rules.bond)?;

        let shard = self.shard_mut(id, place)?;
        let tenant = Tenant {
            device: node.device,
            owner: node.owner,
            since,
            until: NEVER,
            boosts: vec![(since, 10_000)],
            accrued: 0,
        };
        let new = Slot { tenant: Some(tenant), vacant: (0, 0, 0), measured: (None, None), score: 0, reason: 0 };
        match shard.slots.get_mut(usize::from(slot)) {
            Some(slot) => *slot = new,
            None => shard.slots.push(new),
        }
        if shard.is_dormant {
            shard.is_dormant = false;
            shard.next = shard.next.max(open);
        }
        let directory = self.net_mut(id)?.directories.get_mut(&node.byte).ok_or("no such directory")?;
        directory.lamports += entry_lamports + rules.bond;
        let deposit = rules.bond + slot_lamports + entry_lamports;
        let listed = Listed { payer: node.payer, deposit, slot_lamports, shard: place.index, slot };
        directory.entries.insert(node.device, listed);
        Ok(())
    }

    /// The node's place in its shard, which is named.
    fn listed(&self, id: u16, place: Place, device: u16) -> Verdict<Listed> {
        self.shard(id, place)?;
        let directory = self.net(id)?.directories.get(&byte_of(device)).ok_or("no such directory")?;
        let listed = directory.entries.get(&device).ok_or("device is unknown")?;
        ensure(listed.shard == place.index, "device of another shard")?;
        Ok(*listed)
    }

    fn tenant_mut(&mut self, id: u16, place: Place, device: u16) -> Verdict<&mut Tenant> {
        let listed = self.listed(id, place, device)?;
        let slot = self.shard_mut(id, place)?.slots.get_mut(usize::from(listed.slot)).ok_or("no such slot")?;
        slot.tenant.as_mut().ok_or("model: listed device has no slot")
    }

    pub fn transfer_node(&mut self, by: u8, id: u16, place: Place, device: u16, to: u8) -> Verdict {
        let tenant = self.tenant_mut(id, place, device)?;
        ensure(tenant.owner == by, "not the owner")?;
        ensure(tenant.until == NEVER, "node is retired")?;
        tenant.owner = to;
        Ok(())
    }

    pub fn set_boost(&mut self, by: u8, id: u16, place: Place, device: u16, boost: u16) -> Verdict {
        let net = self.net(id)?;
        ensure(net.authority == by, "not the authority")?;
        let (from, open) = (net.unbegun(self.now), net.open);
        let rules = net.policy_at(from).rules;
        ensure((rules.min_boost..=rules.max_boost).contains(&boost), "boost is out of bounds")?;
        let tenant = self.tenant_mut(id, place, device)?;
        ensure(tenant.until == NEVER, "node is retired")?;
        let (last, _) = *tenant.boosts.last().ok_or("model: no boost")?;
        // A change that has begun while epochs before it are open must not be forgotten.
        ensure(last <= open || last >= from, "boost is pending")?;
        tenant.boosts.retain(|(since, _)| *since < from);
        tenant.boosts.push((from, boost));
        Ok(())
    }

    pub fn retire_node(&mut self, by: u8, id: u16, place: Place, device: u16, has_reason: bool) -> Verdict {
        let net = self.net(id)?;
        let until = net.current(self.now);
        let registrar = net.policy_at(until).rules.registrar;
        let tenant = self.tenant_mut(id, place, device)?;
        if tenant.owner != by {
            ensure(registrar == Some(by), "neither owner nor registrar")?;
            ensure(has_reason, "eviction without a reason")?;
        }
        ensure(tenant.until == NEVER, "node is retired")?;
        tenant.until = until;
        Ok(())
    }

    pub fn close_node(&mut self, id: u16, place: Place, device: u16, owner: u8, payer: u8) -> Verdict {
        let listed = self.listed(id, place, device)?;
        ensure(listed.payer == payer, "another paid")?;
        let (net, shard) = self.shard(id, place)?;
        let (epoch, open) = (net.current(self.now), net.open);
        let slot = &shard.slots[usize::from(listed.slot)];
        let tenant = slot.tenant.as_ref().ok_or("model: listed device has no slot")?;
        ensure(tenant.owner == owner, "another owns it")?;
        ensure(tenant.until != NEVER, "node is not retired")?;
        ensure(open.max(tenant.since) >= tenant.until, "node still earns")?;
        ensure(!shard.is_unsettled || slot.score == 0, "shard is not settled")?;
        ensure(tenant.accrued == 0, "node is owed")?;

        let vacant = (payer, listed.slot_lamports, epoch);
        let slot = &mut self.shard_mut(id, place)?.slots[usize::from(listed.slot)];
        *slot = Slot { tenant: None, vacant, measured: (None, None), score: 0, reason: 0 };
        let refund = listed.deposit - listed.slot_lamports;
        let directory = self.net_mut(id)?.directories.get_mut(&byte_of(device)).ok_or("no such directory")?;
        directory.entries.remove(&device);
        directory.lamports -= refund;
        let (lamports, bytes) = (directory.lamports, DIRECTORY_BYTES + 80 * directory.entries.len());
        self.credit(payer, refund);
        self.check_payee(payer)?;
        self.check_source(lamports, bytes)
    }
}
