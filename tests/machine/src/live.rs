//! Liveness: what honest callers alone can bring about from any state.

use crate::{
    cast::{byte_of, BYTES},
    generate::{said, LEAST_RENT},
    machine::Machine,
    model::{Account, Net, DIRECTORY_BYTES, NEVER, WALLET_LAMPORTS},
    random::Random,
    step::{Gifted, Place, Step, Witness},
};

type Lived<T = ()> = Result<T, String>;

/// The wallet of the honest callers.
const HONEST: u8 = 8;
/// Epochs that a network may be behind for a node's end to be played.
const MOST_BEHIND: u32 = 6;

/// Brings a copy of `machine` to the network's next closed and settled epoch, has something claimed, and ends a node.
///
/// Nothing is done by the authority: a network that it has paused is passed over.
pub fn check(machine: &Machine, id: u16, seed: u64) -> Lived {
    let mut copy = machine.clone();
    copy.is_thorough = false;
    let mut random = Random::new(seed);
    if copy.model.nets.get(&id).is_none_or(|net| net.pause_ends == i64::MAX) {
        return Ok(());
    }
    copy.must(Step::Balance { wallet: HONEST, lamports: WALLET_LAMPORTS })?;
    let does_report = random.chance(70);
    advance(&mut copy, id, does_report)?;
    claim_something(&mut copy, id)?;
    if random.chance(50) {
        end_node(&mut copy, id, &mut random)?;
    }
    copy.check_all()
}

fn net(machine: &Machine, id: u16) -> Lived<&Net> {
    machine.model.nets.get(&id).ok_or_else(|| format!("network {id} is gone"))
}

fn places(machine: &Machine, id: u16) -> Lived<Vec<Place>> {
    Ok((0..net(machine, id)?.shards.len() as u32).map(|index| Place { net: id, index }).collect())
}

fn wait_until(machine: &mut Machine, time: i64) -> Lived {
    let secs = time - machine.model.now;
    match u32::try_from(secs) {
        Ok(secs) if secs > 0 => machine.must(Step::Warp { secs }),
        Ok(_) => Ok(()),
        Err(_) if secs < 0 => Ok(()),
        Err(_) => Err(format!("{secs} seconds to wait")),
    }
}

/// Settles what can be.
fn settle(machine: &mut Machine, id: u16) -> Lived {
    for place in places(machine, id)? {
        let net = net(machine, id)?;
        let shard = &net.shards[place.index as usize];
        if shard.is_unsettled && shard.scored < net.open {
            let dispute_end = net.dispute_end(shard.scored);
            wait_until(machine, dispute_end)?;
            machine.must(Step::SettleShard { net: id, place })?;
        }
    }
    Ok(())
}

/// Closes and settles the open epoch.
fn advance(machine: &mut Machine, id: u16, does_report: bool) -> Lived {
    let epoch = net(machine, id)?.open;
    let pause_ends = net(machine, id)?.pause_ends;
    wait_until(machine, pause_ends)?;
    let end = net(machine, id)?.end(epoch);
    wait_until(machine, end)?;
    settle(machine, id)?;
    let due = |machine: &Machine, place: Place| -> Lived<bool> {
        let shard = &net(machine, id)?.shards[place.index as usize];
        Ok(!shard.is_dormant && shard.next <= epoch)
    };
    let active = net(machine, id)?.active(epoch);
    for place in places(machine, id)? {
        if does_report && due(machine, place)? {
            for oracle in &active {
                report(machine, id, place, *oracle, epoch)?;
            }
        }
    }
    for place in places(machine, id)? {
        if !due(machine, place)? {
            continue;
        }
        let score = Step::ScoreShard { net: id, place, epoch, oracles: active.clone() };
        if machine.model.clone().apply(&score).is_err() {
            let report_end = net(machine, id)?.report_end();
            wait_until(machine, report_end)?;
        }
        machine.must(score)?;
    }
    machine.must(Step::CloseEpoch { net: id })?;
    settle(machine, id)?;
    let net = net(machine, id)?;
    let closed = net.closed.get(&epoch).ok_or("the open epoch was not closed")?;
    if closed.unsettled > 0 {
        return Err(format!("epoch {epoch} is closed and {} shards are not settled", closed.unsettled));
    }
    Ok(())
}

/// An honest oracle's report, if nothing else was reported for it.
fn report(machine: &mut Machine, id: u16, place: Place, oracle: u8, epoch: u32) -> Lived {
    let net = net(machine, id)?;
    let shard = &net.shards[place.index as usize];
    let is_needed = net.oracles.iter().any(|it| it.number == Some(oracle) && it.is_needed(epoch));
    let is_open = machine.model.now < net.report_end();
    let found = shard.reports.get(&oracle).map(|report| report.epoch);
    if !is_needed || !is_open || found == Some(epoch) {
        return Ok(());
    }
    let mut sent = said(place, oracle, epoch, shard.slots.len() as u16);
    sent.count = shard.slots.len() as u16;
    if found.is_none() {
        machine.must(Step::OpenReport { payer: HONEST, net: id, place, oracle })?;
    }
    machine.must(Step::SubmitReport { net: id, place, oracle, epoch, sent, witness: Witness::Signs })
}

/// Claims of the first slot that is owed something, a whole epoch's room if the mint limit is used up.
fn claim_something(machine: &mut Machine, id: u16) -> Lived {
    for place in places(machine, id)? {
        for (slot, found) in net(machine, id)?.shards[place.index as usize].slots.iter().enumerate() {
            let owed = found.tenant.as_ref().filter(|tenant| tenant.accrued > 0);
            if let Some(owner) = owed.map(|tenant| tenant.owner) {
                return claim(machine, id, place, slot as u16, owner).map(drop);
            }
        }
    }
    Ok(())
}

/// Claims a slot in an epoch that has room. Returns the atoms that are left.
fn claim(machine: &mut Machine, id: u16, place: Place, slot: u16, owner: u8) -> Lived<u64> {
    if machine.model.mint_room(id)? == 0 {
        let now = machine.model.now;
        let next = net(machine, id)?.end(net(machine, id)?.current(now));
        wait_until(machine, next)?;
    }
    let budget = net(machine, id)?.budget;
    let before = accrued(machine, id, place, slot)?;
    machine.must(Step::Claim { net: id, place, owner, slots: vec![slot], to: owner, signs: false })?;
    let left = accrued(machine, id, place, slot)?;
    let is_fresh = net(machine, id)?.budget.minted_in_epoch == before - left;
    let due = (budget.accrued - budget.minted).div_ceil(32).min(before);
    if is_fresh && before - left < due {
        return Err(format!("a claim of {before} atoms brought {}, and {due} are due", before - left));
    }
    Ok(left)
}

fn accrued(machine: &Machine, id: u16, place: Place, slot: u16) -> Lived<u64> {
    let slot = net(machine, id)?.shards[place.index as usize].slots.get(usize::from(slot));
    Ok(slot.and_then(|slot| slot.tenant.as_ref()).map_or(0, |tenant| tenant.accrued))
}

/// Lets any node retire, and brings it to its end: paid, closed, its deposit back.
fn end_node(machine: &mut Machine, id: u16, random: &mut Random) -> Lived {
    let mut nodes = Vec::new();
    for directory in net(machine, id)?.directories.values() {
        nodes.extend(directory.entries.iter().map(|(device, listed)| (*device, *listed)));
    }
    let Some((device, listed)) = random.pick(&nodes) else {
        return Ok(());
    };
    let place = Place { net: id, index: listed.shard };
    let tenant = |machine: &Machine| -> Lived<crate::model::Tenant> {
        let slot = &net(machine, id)?.shards[place.index as usize].slots[usize::from(listed.slot)];
        slot.tenant.clone().ok_or_else(|| "a listed device has no slot".into())
    };
    let owner = tenant(machine)?.owner;
    if tenant(machine)?.until == NEVER {
        machine.must(Step::RetireNode { by: owner, net: id, place, device, has_reason: false })?;
    }
    if tenant(machine)?.until.saturating_sub(net(machine, id)?.open) > MOST_BEHIND {
        return Ok(());
    }
    while net(machine, id)?.open.max(tenant(machine)?.since) < tenant(machine)?.until {
        advance(machine, id, false)?;
    }
    // Of an epoch that is scored and over since.
    settle(machine, id)?;
    if net(machine, id)?.shards[place.index as usize].is_unsettled {
        advance(machine, id, false)?;
    }
    for _ in 0..40 {
        if accrued(machine, id, place, listed.slot)? == 0 {
            break;
        }
        claim(machine, id, place, listed.slot, owner)?;
    }
    if accrued(machine, id, place, listed.slot)? > 0 {
        return Ok(());
    }
    machine.must(Step::Balance { wallet: listed.payer, lamports: WALLET_LAMPORTS })?;
    // Where rent rose since, the directory may lack it once the deposit is gone.
    let byte = byte_of(device);
    let directory = net(machine, id)?.directories.get(&byte).ok_or("a listed device has no directory")?;
    let left = directory.lamports + listed.slot_lamports - listed.deposit;
    let needed = machine.model.rent(DIRECTORY_BYTES + 80 * (directory.entries.len() - 1));
    if left < needed {
        machine.must(Step::Gift { to: Gifted::Directory(id, byte), lamports: needed - left })?;
    }
    machine.must(Step::CloseNode { net: id, place, device, owner, payer: listed.payer })
}

/// Gives every account its rent once more, as anybody can: where rent rose, deposits may not go back without.
fn top_up(machine: &mut Machine) -> Lived {
    for (account, (_, bytes)) in machine.model.ledger() {
        let lamports = machine.model.rent(bytes);
        let to = match account {
            Account::Wallet(_) => continue,
            Account::Network(id) => Gifted::Network(id),
            Account::Shard(place) => Gifted::Shard(place),
            Account::Directory(id, byte) => Gifted::Directory(id, byte),
            Account::Report(place, oracle) => Gifted::Report(place, oracle),
        };
        machine.must(Step::Gift { to, lamports })?;
    }
    Ok(())
}

/// Closes everything on a copy; then everybody must have all lamports back. False if there is too much to do.
pub fn unwind(machine: &Machine, seed: u64) -> Lived<bool> {
    let mut copy = machine.clone();
    copy.is_thorough = false;
    let mut random = Random::new(seed);
    for wallet in 0..crate::cast::WALLETS {
        let lamports = copy.model.wallets[usize::from(wallet)].max(WALLET_LAMPORTS);
        copy.must(Step::Balance { wallet, lamports })?;
    }
    if random.chance(50) {
        copy.must(Step::Rent { per_byte: LEAST_RENT })?;
    } else {
        top_up(&mut copy)?;
    }
    let mut ids: Vec<u16> = copy.model.nets.keys().copied().collect();
    ids.reverse();
    for id in &ids {
        if !unwind_network(&mut copy, *id, &mut random)? {
            return Ok(false);
        }
    }
    copy.check_all()?;
    if copy.vm.program_accounts() > 0 {
        return Err("accounts are left".into());
    }
    if copy.model.outstanding().iter().any(|lamports| *lamports != 0) {
        return Err(format!("lamports are left: {:?}", copy.model.outstanding()));
    }
    Ok(true)
}

fn unwind_network(machine: &mut Machine, id: u16, random: &mut Random) -> Lived<bool> {
    let authority = net(machine, id)?.authority;
    if net(machine, id)?.is_paused(machine.model.now) {
        machine.must(Step::Resume { by: authority, net: id })?;
    }
    let behind = net(machine, id)?.current(machine.model.now).saturating_sub(net(machine, id)?.open);
    if behind > 60 {
        return Ok(false);
    }
    for (oracle, until) in needed(net(machine, id)?) {
        if until == NEVER {
            machine.must(Step::RemoveOracle { by: authority, net: id, oracle, at_once: random.chance(30) })?;
        }
    }
    for (device, place, _, _) in nodes(net(machine, id)?, id) {
        let slot = net(machine, id)?.directories[&byte_of(device)].entries[&device].slot;
        let tenant = net(machine, id)?.shards[place.index as usize].slots[usize::from(slot)].tenant.clone();
        let tenant = tenant.ok_or("a listed device has no slot")?;
        if tenant.until == NEVER {
            machine.must(Step::RetireNode { by: tenant.owner, net: id, place, device, has_reason: false })?;
        }
    }
    // Two more epochs: no oracle measures the last one that is closed.
    let last = net(machine, id)?.unbegun(machine.model.now).max(net(machine, id)?.open) + 1;
    while net(machine, id)?.open <= last {
        advance(machine, id, false)?;
    }
    for round in 0.. {
        let owed = owed(net(machine, id)?, id);
        let Some((place, slot, owner)) = owed.first().copied() else {
            break;
        };
        if round > 400 {
            return Ok(false);
        }
        claim(machine, id, place, slot, owner)?;
    }
    for (device, place, owner, payer) in nodes(net(machine, id)?, id) {
        machine.must(Step::CloseNode { net: id, place, device, owner, payer })?;
    }
    let last = net(machine, id)?.current(machine.model.now);
    while net(machine, id)?.open <= last {
        advance(machine, id, false)?;
    }
    for place in places(machine, id)?.into_iter().rev() {
        loop {
            let shard = &net(machine, id)?.shards[place.index as usize];
            let payers: Vec<u8> = shard.slots.iter().rev().take(20).map(|slot| slot.vacant.0).collect();
            if payers.is_empty() {
                break;
            }
            machine.must(Step::ShrinkShard { net: id, place, payers })?;
        }
        let reports = net(machine, id)?.shards[place.index as usize].reports.clone();
        for (oracle, report) in reports {
            machine.must(Step::CloseReport { net: id, place, oracle, payer: report.payer })?;
        }
        let payer = net(machine, id)?.shards[place.index as usize].payer;
        machine.must(Step::CloseShard { net: id, place, payer })?;
    }
    for byte in BYTES {
        if let Some(payer) = net(machine, id)?.directories.get(&byte).map(|directory| directory.payer) {
            machine.must(Step::CloseDirectory { net: id, byte, payer })?;
        }
    }
    for oracle in net(machine, id)?.oracles {
        if let Some(number) = oracle.number.filter(|_| oracle.bond > 0) {
            machine.must(Step::WithdrawBond { net: id, payer: oracle.payer, oracle: number })?;
        }
    }
    let payer = net(machine, id)?.payer;
    machine.must(Step::CloseNetwork { by: authority, net: id, payer })?;
    Ok(true)
}

/// Oracles that measure any epoch from the open one on, and until when.
fn needed(net: &Net) -> Vec<(u8, u32)> {
    let needed = net.oracles.iter().filter(|oracle| oracle.is_needed(net.open));
    needed.filter_map(|oracle| Some((oracle.number?, oracle.until))).collect()
}

/// Devices, where they are, whose they are, and who paid.
fn nodes(net: &Net, id: u16) -> Vec<(u16, Place, u8, u8)> {
    let entries = net.directories.values().flat_map(|directory| &directory.entries);
    let node = |(device, listed): (&u16, &crate::model::Listed)| {
        let slot = net.shards.get(listed.shard as usize)?.slots.get(usize::from(listed.slot))?;
        let owner = slot.tenant.as_ref()?.owner;
        Some((*device, Place { net: id, index: listed.shard }, owner, listed.payer))
    };
    entries.filter_map(node).collect()
}

/// Slots that are owed something.
fn owed(net: &Net, id: u16) -> Vec<(Place, u16, u8)> {
    let mut owed = Vec::new();
    for (index, shard) in net.shards.iter().enumerate() {
        for (slot, found) in shard.slots.iter().enumerate() {
            if let Some(tenant) = found.tenant.as_ref().filter(|tenant| tenant.accrued > 0) {
                owed.push((Place { net: id, index: index as u32 }, slot as u16, tenant.owner));
            }
        }
    }
    owed
}
