//! Lamports: where they are, and the runtime's rule for accounts with too few.

use super::*;
use crate::cast::byte_of;

/// Lamports and bytes of every account.
pub type Ledger = BTreeMap<Account, (u64, usize)>;

/// An account that holds lamports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Account {
    Wallet(u8),
    Network(u16),
    Shard(Place),
    Directory(u16, u8),
    Report(Place, u8),
}

impl Model {
    /// Least lamports of an account that lasts.
    pub fn rent(&self, bytes: usize) -> u64 {
        (128 + bytes as u64) * self.rent_per_byte
    }

    /// Takes lamports of a wallet.
    pub fn charge(&mut self, wallet: u8, lamports: u64) -> Verdict {
        let held = &mut self.wallets[usize::from(wallet)];
        *held = held.checked_sub(lamports).ok_or("wallet has too little")?;
        Ok(())
    }

    /// Has a wallet pay for a new account what its address does not hold yet; returns what it then holds, and what was paid.
    pub fn pay_rent(&mut self, payer: u8, account: Account, bytes: usize) -> Verdict<(u64, u64)> {
        let stray = self.strays.remove(&account).unwrap_or(0);
        let paid = self.rent(bytes).saturating_sub(stray);
        self.charge(payer, paid)?;
        Ok((stray + paid, paid))
    }

    /// Gives a wallet lamports.
    pub fn credit(&mut self, wallet: u8, lamports: u64) {
        self.wallets[usize::from(wallet)] += lamports;
    }

    /// Whether a wallet could exist with what it has, as the program checks it.
    pub fn check_payee(&self, wallet: u8) -> Verdict {
        let held = self.wallets[usize::from(wallet)];
        ensure(held == 0 || held >= self.rent(0), "payer's account is empty")
    }

    /// Whether an account of the program can last, as the program checks it.
    pub fn check_source(&self, lamports: u64, bytes: usize) -> Verdict {
        ensure(lamports == 0 || lamports >= self.rent(bytes), "account misses rent")
    }

    /// What growing an account costs: its bytes at today's price, or what it lacks.
    pub fn growth(&self, lamports: u64, from: usize, to: usize) -> u64 {
        (self.rent(to) - self.rent(from)).max(self.rent(to).saturating_sub(lamports))
    }

    /// Every account.
    pub fn ledger(&self) -> Ledger {
        let wallets = self.wallets.iter().enumerate().map(|(wallet, held)| (Account::Wallet(wallet as u8), (*held, 0)));
        let mut ledger: Ledger = wallets.collect();
        for (id, net) in &self.nets {
            ledger.insert(Account::Network(*id), (net.lamports, NETWORK_BYTES));
            for (byte, directory) in &net.directories {
                let bytes = DIRECTORY_BYTES + 80 * directory.entries.len();
                ledger.insert(Account::Directory(*id, *byte), (directory.lamports, bytes));
            }
            for (index, shard) in net.shards.iter().enumerate() {
                let place = Place { net: *id, index: index as u32 };
                ledger.insert(Account::Shard(place), (shard.lamports, SHARD_BYTES + 64 * shard.slots.len()));
                for (oracle, report) in &shard.reports {
                    let bytes = REPORT_BYTES + 6 * usize::from(net.capacity);
                    ledger.insert(Account::Report(place, *oracle), (report.lamports, bytes));
                }
            }
        }
        ledger
    }

    /// The runtime's rule: an account below its rent may not come to be, grow, shrink or get lamports and stay below.
    pub fn check_rent_states(&self, before: &Ledger) -> Verdict {
        let none = (0, 0);
        for (account, (lamports, bytes)) in &self.ledger() {
            let (old_lamports, old_bytes) = *before.get(account).unwrap_or(&none);
            if (old_lamports, old_bytes) == (*lamports, *bytes) || *lamports == 0 || *lamports >= self.rent(*bytes) {
                continue;
            }
            let was_short = old_lamports > 0 && old_lamports < self.rent(old_bytes);
            ensure(was_short && old_bytes == *bytes && *lamports <= old_lamports, "runtime: too little for rent")?;
        }
        Ok(())
    }

    /// Lamports that are owed to each wallet: what it paid and did not get back.
    pub fn outstanding(&self) -> [i128; WALLETS as usize] {
        let mut owed = [0i128; WALLETS as usize];
        let mut add = |wallet: u8, lamports: u64| owed[usize::from(wallet)] += i128::from(lamports);
        for net in self.nets.values() {
            add(net.payer, net.paid);
            for oracle in net.oracles.iter().filter(|oracle| oracle.bond > 0) {
                add(oracle.payer, oracle.bond);
            }
            for directory in net.directories.values() {
                add(directory.payer, directory.paid);
                for listed in directory.entries.values() {
                    add(listed.payer, listed.deposit);
                }
            }
            for shard in &net.shards {
                add(shard.payer, shard.paid);
                for slot in shard.slots.iter().filter(|slot| slot.tenant.is_none()) {
                    add(slot.vacant.0, slot.vacant.1);
                }
                for report in shard.reports.values() {
                    add(report.payer, report.paid);
                }
            }
        }
        owed
    }

    /// DESIGN, invariant 12: each wallet has what it had, but for what is owed to it and what it got or lost otherwise;
    /// and each account holds all that is owed out of it.
    pub fn check_conservation(&self) -> Result<(), String> {
        let owed = self.outstanding();
        for (wallet, owed) in owed.into_iter().enumerate() {
            let held = i128::from(self.wallets[wallet]) + owed;
            let expected = i128::from(WALLET_LAMPORTS) + self.windfall[wallet];
            if held != expected {
                return Err(format!("wallet {wallet} has or is owed {held} lamports, and it should be {expected}"));
            }
        }
        for (id, net) in &self.nets {
            let bonds: u64 = net.oracles.iter().map(|oracle| oracle.bond).sum();
            covers("network", net.lamports, net.paid + bonds)?;
            for directory in net.directories.values() {
                let deposits: u64 = directory.entries.values().map(|one| one.deposit - one.slot_lamports).sum();
                covers("directory", directory.lamports, directory.paid + deposits)?;
            }
            for (index, shard) in net.shards.iter().enumerate() {
                let slots = shard.slots.iter().map(|slot| match &slot.tenant {
                    None => slot.vacant.1,
                    Some(tenant) => {
                        let entries = net.directories.get(&byte_of(tenant.device)).map(|it| &it.entries);
                        entries.and_then(|it| it.get(&tenant.device)).map_or(0, |one| one.slot_lamports)
                    }
                });
                covers(&format!("shard {index} of {id}"), shard.lamports, shard.paid + slots.sum::<u64>())?;
            }
        }
        Ok(())
    }
}

fn covers(name: &str, lamports: u64, owed: u64) -> Result<(), String> {
    if lamports < owed {
        return Err(format!("{name} holds {lamports} lamports and owes {owed}"));
    }
    Ok(())
}
