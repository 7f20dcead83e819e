//! The program's accounts compared with the model, and DESIGN's invariants read from the accounts alone.

use crate::{
    cast,
    model::{rate, Model, Net, Shard, FIRST_SUPPLY, NEVER, RING},
    step::Place,
    vm::Vm,
};
use bytemuck::Pod;
use solana_address::Address;
use std::{collections::BTreeSet, fmt::Debug};
use stipend::state;

type Checked<T = ()> = Result<T, String>;

fn same<T: PartialEq + Debug>(name: impl Fn() -> String, found: T, expected: T) -> Checked {
    if found == expected {
        return Ok(());
    }
    Err(format!("{} is {found:?}, and the model has {expected:?}", name()))
}

fn holds(is_so: bool, name: impl Fn() -> String) -> Checked {
    if is_so {
        Ok(())
    } else {
        Err(format!("broken: {}", name()))
    }
}

/// Header and items of an account of the program.
struct Read<H, I> {
    header: H,
    items: Vec<I>,
}

fn read<H: Pod, I: Pod>(vm: &Vm, address: &Address, lamports: u64) -> Checked<Read<H, I>> {
    let account = vm.account(address).ok_or_else(|| format!("account {address} is missing"))?;
    same(|| format!("owner of {address}"), account.owner, stipend::ID)?;
    same(|| format!("lamports of {address}"), account.lamports, lamports)?;
    let body = account.data.get(8..8 + size_of::<H>()).ok_or("account is too short")?;
    let mut header = H::zeroed();
    bytemuck::bytes_of_mut(&mut header).copy_from_slice(body);
    let tail = &account.data[8 + size_of::<H>()..];
    let size = size_of::<I>().max(1);
    same(|| format!("rest of {address}"), tail.len() % size, 0)?;
    let mut items = vec![I::zeroed(); tail.len() / size];
    bytemuck::cast_slice_mut::<_, u8>(&mut items).copy_from_slice(tail);
    Ok(Read { header, items })
}

/// Compares what lies outside networks: wallets, tokens, the mint, and that no other account of the program is there.
pub fn check_wallets(vm: &Vm, model: &Model) -> Checked {
    for wallet in 0..cast::WALLETS {
        let lamports = vm.account(&cast::wallet(wallet)).map_or(0, |account| account.lamports);
        same(|| format!("lamports of wallet {wallet}"), lamports, model.wallets[usize::from(wallet)])?;
        let account = vm.account(&cast::tokens(wallet)).ok_or("token account is missing")?;
        let atoms = u64::from_le_bytes(account.data[64..72].try_into().map_err(|_| "token account")?);
        same(|| format!("tokens of wallet {wallet}"), atoms, model.tokens[usize::from(wallet)])?;
    }
    let mint = vm.account(&cast::MINT).ok_or("mint is missing")?;
    let supply = u64::from_le_bytes(mint.data[36..44].try_into().map_err(|_| "mint")?);
    same(|| "supply".into(), supply, model.supply)?;
    let minted: u64 = model.nets.values().map(|net| net.budget.minted).sum();
    same(|| "supply as minted".into(), supply, FIRST_SUPPLY + model.gone_minted + minted)?;
    let burnt = vm.account(&stipend::constants::INCINERATOR_ID).map_or(0, |account| account.lamports);
    same(|| "burnt lamports".into(), burnt, model.incinerator)?;
    let ours = model.ledger().len() - usize::from(cast::WALLETS);
    same(|| "number of the program's accounts".into(), vm.program_accounts(), ours)?;
    // Over all networks of the mint.
    if !model.nets.is_empty() {
        let caps: u64 = model.nets.values().map(|net| net.budget.cap).sum();
        same(|| "sum of the caps".into(), caps + model.gone_scheduled, model.total_cap)?;
    }
    model.check_conservation()
}

/// Compares a network and all that belongs to it; `true` if it is there.
pub fn check_network(vm: &Vm, model: &Model, id: u16) -> Checked {
    let Some(net) = model.nets.get(&id) else {
        return holds(vm.account(&cast::network(id)).is_none(), || format!("network {id} is gone"));
    };
    let read: Read<state::Network, u8> = read(vm, &cast::network(id), net.lamports)?;
    check_header(&read.header, net, id)?;
    check_ring(&read.header, net)?;
    let (tenants, accrued) = check_shards(vm, net, id)?;
    let listed = check_directories(vm, net, id)?;
    same(|| "devices and slots".into(), listed, tenants)?;

    let budget = read.header.emission;
    same(|| "accrued and not minted".into(), accrued + budget.minted_atoms, budget.accrued_atoms)?;
    let is_ordered = budget.minted_atoms <= budget.accrued_atoms
        && budget.accrued_atoms.checked_add(budget.carried_atoms).is_some_and(|sum| sum <= budget.scheduled_atoms)
        && budget.scheduled_atoms <= budget.cap_atoms;
    holds(is_ordered, || format!("minted ≤ accrued ≤ scheduled ≤ cap: {budget:?}"))
}

fn check_header(found: &state::Network, net: &Net, id: u16) -> Checked {
    let name = |field: &'static str| move || format!("{field} of network {id}");
    let nobody = Address::default();
    same(name("id"), found.id, id)?;
    same(name("authority"), found.authority, cast::wallet(net.authority))?;
    same(name("pending authority"), found.pending_authority, net.pending.map_or(nobody, cast::wallet))?;
    same(name("guardian"), found.guardian, net.guardian.map_or(nobody, cast::wallet))?;
    same(name("domain"), found.domain, net.domain)?;
    same(name("opened at"), found.opened_at, net.opened_at)?;
    same(name("end of pause"), found.pause_ends_at, net.pause_ends)?;
    same(name("guardian's rest"), found.guardian_ready_at, net.guardian_ready)?;
    same(name("open epoch"), found.open_epoch, net.open)?;
    let counts = net.shard_counts();
    same(name("shards"), found.shard_count as usize, net.shards.len())?;
    same(
        name("awake, scored and unsettled shards"),
        (found.awake_shards, found.scored_shards, found.unsettled_shards),
        counts,
    )?;
    same(name("directories"), usize::from(found.directory_count), net.directories.len())?;
    same(name("other networks"), found.other_networks, net.others)?;
    same(name("has shared"), found.has_shared, u8::from(net.has_shared))?;
    same(name("total score"), found.total_score, net.total_score)?;
    check_policy(&found.policy, &net.policy)?;
    match &net.next {
        Some(next) => check_policy(&found.next_policy, next)?,
        None => same(name("next policy"), found.next_policy.from_epoch, NEVER)?,
    }
    let (budget, expected) = (found.emission, net.budget);
    same(
        name("budget"),
        [
            budget.per_epoch_atoms,
            budget.cap_atoms,
            budget.scheduled_atoms,
            budget.carried_atoms,
            budget.accrued_atoms,
            budget.minted_atoms,
            budget.minted_in_epoch_atoms,
            budget.mint_epoch.into(),
            budget.empty_epochs.into(),
        ],
        [
            expected.per_epoch,
            expected.cap,
            expected.scheduled,
            expected.carried,
            expected.accrued,
            expected.minted,
            expected.minted_in_epoch,
            expected.mint_epoch.into(),
            expected.empty.into(),
        ],
    )?;
    for (place, (found, oracle)) in found.oracles.entries.iter().zip(&net.oracles).enumerate() {
        let name = || format!("oracle {place} of network {id}");
        let Some(number) = oracle.number else {
            same(name, found.key, nobody)?;
            continue;
        };
        same(name, found.key, cast::oracle(number))?;
        same(name, (found.active_from, found.active_until), (oracle.from, oracle.until))?;
        same(name, (found.reports_made, found.reports_missed), (oracle.made, oracle.missed))?;
        same(name, (found.values_judged, found.values_outside), (oracle.judged, oracle.outside))?;
        same(name, (found.bond_lamports, found.payer), (oracle.bond, cast::wallet(oracle.payer)))?;
        same(name, found.suspended, u8::from(oracle.is_suspended))?;
    }
    Ok(())
}

fn check_policy(found: &state::Policy, policy: &crate::model::Policy) -> Checked {
    let name = || format!("policy from {}", policy.from);
    let (rules, plan) = (&policy.rules, &policy.plan);
    same(name, (found.from_epoch, found.emission_from_epoch), (policy.from, policy.plan_from))?;
    same(
        name,
        [
            u64::from(found.report_secs),
            found.score_secs.into(),
            found.bandwidth_cap.into(),
            found.uptime_weight_bps.into(),
            found.min_uptime_bps.into(),
            found.min_boost_bps.into(),
            found.max_boost_bps.into(),
            found.tolerance_bps.into(),
            found.quorum.into(),
            found.mint_limit_atoms,
            found.max_reward_atoms,
            found.dispute_secs.into(),
            found.uptime_mode.into(),
            found.bond_lamports,
            found.oracle_bond_lamports,
            found.per_epoch_atoms,
            found.decay_bps.into(),
            found.decay_every_epochs.into(),
            found.carry_epochs.into(),
        ],
        [
            u64::from(rules.report_secs),
            rules.score_secs.into(),
            rules.bandwidth_cap.into(),
            rules.uptime_weight.into(),
            rules.min_uptime.into(),
            rules.min_boost.into(),
            rules.max_boost.into(),
            rules.tolerance.into(),
            rules.quorum.into(),
            rules.mint_limit,
            rules.max_reward,
            rules.dispute_secs.into(),
            rules.is_gate.into(),
            rules.bond,
            rules.oracle_bond,
            plan.per_epoch,
            plan.decay.into(),
            plan.decay_every.into(),
            plan.carry.into(),
        ],
    )
}

/// DESIGN, invariants 1 and 5, and what was promised when an epoch ended.
fn check_ring(found: &state::Network, net: &Net) -> Checked {
    for entry in found.ring.iter().filter(|entry| entry.epoch != NEVER) {
        let name = || format!("closed epoch {}", entry.epoch);
        let closed = net.closed.get(&entry.epoch).ok_or_else(name)?;
        same(
            name,
            (entry.emission_atoms, entry.total_score, entry.paid_atoms, entry.unsettled_shards),
            (closed.emission, closed.total_score, closed.paid, closed.unsettled),
        )?;
        same(name, (entry.kept_back_atoms, entry.dispute_end), (closed.kept_back, closed.dispute_end))?;
        let found_rate = u128::from(entry.rate_atoms) << 64 | u128::from(entry.rate_fraction);
        let max_reward = closed.policy.rules.max_reward;
        same(name, found_rate, rate(closed.emission + closed.kept_back, closed.total_score, max_reward))?;
        same(name, entry.policy_from_epoch, closed.policy.from)?;
        holds(entry.paid_atoms <= entry.emission_atoms, || format!("rewards ≤ emission of {}", entry.epoch))?;
        let promised = net.promised.get(&entry.epoch).copied().unwrap_or(0);
        let kept = entry.total_score == 0 || entry.emission_atoms + entry.kept_back_atoms >= promised;
        holds(kept, || format!("epoch {} emits {} of {promised} atoms", entry.epoch, entry.emission_atoms))?;
    }
    // None is missing.
    let first = net.open.saturating_sub(RING);
    let there = found.ring.iter().filter(|entry| entry.epoch != NEVER && entry.epoch >= first).count();
    same(|| "closed epochs in the ring".into(), there, (net.open - first) as usize)
}

/// A device's place: key, shard, slot.
type Seats = BTreeSet<(Address, u32, u16)>;

fn check_shards(vm: &Vm, net: &Net, id: u16) -> Checked<(Seats, u64)> {
    let (mut seats, mut accrued) = (Seats::new(), 0);
    for (index, shard) in net.shards.iter().enumerate() {
        let index = index as u32;
        let read: Read<state::Shard, state::Slot> = read(vm, &cast::shard(id, index), shard.lamports)?;
        let found = read.header;
        let name = || format!("shard {index} of network {id}");
        same(
            name,
            (found.index, found.capacity, found.network, found.payer),
            (index, net.capacity, cast::network(id), cast::wallet(shard.payer)),
        )?;
        same(
            name,
            (found.next_epoch, found.scored_epoch, found.next_judged_epoch, found.total_score),
            (shard.next, shard.scored, shard.next_judged, shard.total_score),
        )?;
        same(
            name,
            (found.unsettled, found.dormant, usize::from(found.open_reports)),
            (u8::from(shard.is_unsettled), u8::from(shard.is_dormant), shard.reports.len()),
        )?;
        same(name, read.items.len(), shard.slots.len())?;
        let tenants = shard.slots.iter().filter(|slot| slot.tenant.is_some()).count();
        same(name, usize::from(found.nodes), tenants)?;
        for (place, (found, slot)) in read.items.iter().zip(&shard.slots).enumerate() {
            check_slot(found, slot, net.open).map_err(|error| format!("slot {place} of {}: {error}", name()))?;
            accrued += found.accrued_atoms;
            if let Some(tenant) = &slot.tenant {
                seats.insert((cast::device(tenant.device), index, place as u16));
            }
        }
        check_reports(vm, net, Place { net: id, index }, shard)?;
    }
    Ok((seats, accrued))
}

fn check_slot(found: &state::Slot, slot: &crate::model::Slot, open: u32) -> Checked {
    let measured = (slot.measured.0.unwrap_or(u16::MAX), slot.measured.1.unwrap_or(u32::MAX));
    same(|| "medians".into(), (found.uptime_bps, found.bandwidth), measured)?;
    let Some(tenant) = &slot.tenant else {
        let (payer, lamports, until) = slot.vacant;
        same(|| "state".into(), found.state, state::SlotState::Vacant as u8)?;
        same(
            || "vacant slot".into(),
            (found.owner, u64::from(found.from_epoch), found.until),
            (cast::wallet(payer), lamports, until),
        )?;
        return same(|| "vacant slot's".into(), (found.score, found.accrued_atoms), (0, 0));
    };
    same(|| "owner".into(), found.owner, cast::wallet(tenant.owner))?;
    same(|| "score and reason".into(), (u64::from(found.score), found.reason), (slot.score, slot.reason))?;
    same(|| "accrued".into(), found.accrued_atoms, tenant.accrued)?;
    same(|| "until".into(), found.until, tenant.until)?;
    holds(found.state != state::SlotState::Vacant as u8, || "tenant's slot is vacant".into())?;
    if found.state == state::SlotState::Starting as u8 {
        same(|| "since".into(), found.from_epoch, tenant.since)?;
    } else {
        holds(tenant.since <= open.max(tenant.until), || "tenant has begun".into())?;
    }
    Ok(())
}

fn check_reports(vm: &Vm, net: &Net, place: Place, shard: &Shard) -> Checked {
    for (number, report) in &shard.reports {
        let address = cast::report(place.net, place.index, *number);
        let read: Read<state::Report, state::Entry> = read(vm, &address, report.lamports)?;
        let found = read.header;
        let name = || format!("report of {place:?} by oracle {number}");
        same(
            name,
            (found.oracle, found.shard, found.network, found.payer),
            (
                cast::oracle(*number),
                cast::shard(place.net, place.index),
                cast::network(place.net),
                cast::wallet(report.payer),
            ),
        )?;
        same(name, (found.epoch, found.total, found.received), (report.epoch, report.total, report.received))?;
        if let Some((epoch, evidence)) = report.evidence {
            same(name, (found.evidence_epoch, found.evidence), (epoch, [evidence; 32]))?;
        }
        same(name, read.items.len(), usize::from(net.capacity))?;
        for (found, (uptime, bandwidth)) in read.items.iter().zip(&report.entries) {
            let found = (u16::from_le_bytes(found.uptime_bps), u32::from_le_bytes(found.bandwidth));
            same(name, found, (uptime.unwrap_or(u16::MAX), bandwidth.unwrap_or(u32::MAX)))?;
        }
    }
    Ok(())
}

/// DESIGN, invariant 11. Returns where the directories say that devices are.
fn check_directories(vm: &Vm, net: &Net, id: u16) -> Checked<Seats> {
    let mut seats = Seats::new();
    for (byte, directory) in &net.directories {
        let read: Read<state::Directory, state::DirectoryEntry> =
            read(vm, &cast::directory(id, *byte), directory.lamports)?;
        let name = || format!("directory {byte} of network {id}");
        same(
            name,
            (read.header.first_byte, read.header.network, read.header.payer),
            (*byte, cast::network(id), cast::wallet(directory.payer)),
        )?;
        let is_sorted = read.items.is_sorted_by(|one, next| one.device < next.device);
        holds(is_sorted, || format!("{} is sorted", name()))?;
        let is_here = read.items.iter().all(|entry| entry.device.as_ref()[0] == *byte);
        holds(is_here, || format!("{} has its own devices", name()))?;
        same(name, read.items.len(), directory.entries.len())?;
        for (device, listed) in &directory.entries {
            let key = cast::device(*device);
            let found = read.items.iter().find(|entry| entry.device == key).ok_or_else(name)?;
            same(
                name,
                (found.payer, found.deposit_lamports, u64::from(found.slot_lamports)),
                (cast::wallet(listed.payer), listed.deposit, listed.slot_lamports),
            )?;
        }
        seats.extend(read.items.iter().map(|entry| (entry.device, entry.shard.into(), entry.slot)));
    }
    Ok(seats)
}
