//! One step.

use super::{nodes::Registration, *};
use crate::step::{Gifted, Step};

impl Model {
    /// Does what the step does; nothing if it is rejected.
    pub fn apply(&mut self, step: &Step) -> Verdict {
        let mut after = self.clone();
        after.take(step)?;
        if step.instruction().is_some() {
            after.check_rent_states(&self.ledger())?;
        }
        *self = after;
        self.promise();
        Ok(())
    }

    /// Keeps what epochs that are over may emit, as of when they ended.
    fn promise(&mut self) {
        let now = self.now;
        for net in self.nets.values_mut() {
            let begun = net.unbegun(now).saturating_sub(1);
            // The last one that is over.
            if begun <= net.open {
                continue;
            }
            for (epoch, atoms) in net.forecast((begun - 1).min(net.open + 64)) {
                net.promised.entry(epoch).or_insert(atoms);
            }
        }
    }

    fn take(&mut self, step: &Step) -> Verdict {
        match step {
            Step::Warp { secs } => {
                self.now += i64::from(*secs);
                self.slot += 1;
                Ok(())
            }
            Step::Rent { per_byte } => {
                self.rent_per_byte = *per_byte;
                Ok(())
            }
            Step::Live { .. } | Step::Unwind { .. } => Ok(()),
            Step::Gift { to, lamports } => self.gift(*to, *lamports),
            Step::Balance { wallet, lamports } => {
                let held = std::mem::replace(&mut self.wallets[usize::from(*wallet)], *lamports);
                self.windfall[usize::from(*wallet)] += i128::from(*lamports) - i128::from(held);
                Ok(())
            }
            Step::Unsigned(step) => {
                ensure(!step.has_signer(), "nobody signs")?;
                self.take(step)
            }
            Step::CreateNetwork { by, payer, id, founding } => self.create_network(*by, *payer, *id, founding),
            Step::CloseNetwork { by, net, payer } => self.close_network(*by, *net, *payer),
            Step::ProposeAuthority { by, net, new } => {
                let net = self.net_mut(*net)?;
                ensure(net.authority == *by, "not the authority")?;
                net.pending = *new;
                Ok(())
            }
            Step::AcceptAuthority { by, net } => {
                let net = self.net_mut(*net)?;
                ensure(net.pending == Some(*by), "not proposed")?;
                net.authority = *by;
                net.pending = None;
                Ok(())
            }
            Step::SetGuardian { by, net, new } => {
                let net = self.net_mut(*net)?;
                ensure(net.authority == *by, "not the authority")?;
                net.guardian = *new;
                Ok(())
            }
            Step::Pause { by, net } => self.pause(*by, *net),
            Step::Resume { by, net } => self.resume(*by, *net),
            Step::UpdatePolicy { by, net, from, rules, plan } => self.update_policy(*by, *net, *from, rules, *plan),
            Step::AddOracle { by, payer, net, oracle } => self.add_oracle(*by, *payer, *net, *oracle),
            Step::RemoveOracle { by, net, oracle, at_once } => self.remove_oracle(*by, *net, *oracle, *at_once),
            Step::ProveEquivocation { net, place, oracle, prover, epoch, one, other } => {
                self.prove_equivocation(*net, *place, *oracle, *prover, *epoch, one, other.as_ref())
            }
            Step::WithdrawBond { net, payer, oracle } => self.withdraw_bond(*net, *payer, *oracle),
            Step::OpenShard { payer, net, index, last } => self.open_shard(*payer, *net, *index, *last),
            Step::ShrinkShard { net, place, payers } => self.shrink_shard(*net, *place, payers),
            Step::CloseShard { net, place, payer } => self.close_shard(*net, *place, *payer),
            Step::OpenReport { payer, net, place, oracle } => self.open_report(*payer, *net, *place, *oracle),
            Step::CloseReport { net, place, oracle, payer } => self.close_report(*net, *place, *oracle, *payer),
            Step::OpenDirectory { payer, net, byte } => self.open_directory(*payer, *net, *byte),
            Step::CloseDirectory { net, byte, payer } => self.close_directory(*net, *byte, *payer),
            Step::RegisterNode { payer, net, device, byte, owner, registrar, place, vacant } => {
                let (payer, device, byte, owner) = (*payer, *device, *byte, *owner);
                let node = Registration { payer, device, byte, owner, registrar: *registrar, vacant: *vacant };
                self.register_node(*net, *place, &node)
            }
            Step::TransferNode { by, net, place, device, to } => self.transfer_node(*by, *net, *place, *device, *to),
            Step::SetBoost { by, net, place, device, boost } => self.set_boost(*by, *net, *place, *device, *boost),
            Step::RetireNode { by, net, place, device, has_reason } => {
                self.retire_node(*by, *net, *place, *device, *has_reason)
            }
            Step::CloseNode { net, place, device, owner, payer } => {
                self.close_node(*net, *place, *device, *owner, *payer)
            }
            Step::SubmitReport { net, place, oracle, epoch, sent, witness } => {
                self.submit_report(*net, *place, *oracle, *epoch, sent, *witness)
            }
            Step::CommitEvidence { net, place, oracle, epoch, evidence, witness } => {
                self.commit_evidence(*net, *place, *oracle, *epoch, *evidence, *witness)
            }
            Step::ScoreShard { net, place, epoch, oracles } => self.score_shard(*net, *place, *epoch, oracles),
            Step::JudgeShard { net, place, epoch, oracles } => self.judge_shard(*net, *place, *epoch, oracles),
            Step::CloseEpoch { net } => self.close_epoch(*net),
            Step::SettleShard { net, place } => self.settle_shard(*net, *place),
            Step::VoidScore { by, net, place, slot, has_reason } => {
                self.void_score(*by, *net, *place, *slot, *has_reason)
            }
            Step::Claim { net, place, owner, slots, to, signs } => self.claim(*net, *place, *owner, slots, *to, *signs),
        }
    }

    /// An address where no account is keeps what it gets for the account that comes there.
    fn gift(&mut self, to: Gifted, lamports: u64) -> Verdict {
        let account = match to {
            Gifted::Network(id) => Account::Network(id),
            Gifted::Shard(place) => Account::Shard(place),
            Gifted::Directory(id, byte) => Account::Directory(id, byte),
            Gifted::Report(place, number) => Account::Report(place, number),
        };
        *self.held_mut(account).unwrap_or(&mut 0) += lamports;
        if self.held_mut(account).is_none() {
            *self.strays.entry(account).or_insert(0) += lamports;
        }
        Ok(())
    }

    /// Lamports of an account of the program.
    fn held_mut(&mut self, account: Account) -> Option<&mut u64> {
        match account {
            Account::Wallet(_) => None,
            Account::Network(id) => Some(&mut self.nets.get_mut(&id)?.lamports),
            Account::Shard(place) => {
                Some(&mut self.nets.get_mut(&place.net)?.shards.get_mut(place.index as usize)?.lamports)
            }
            Account::Directory(id, byte) => Some(&mut self.nets.get_mut(&id)?.directories.get_mut(&byte)?.lamports),
            Account::Report(place, number) => {
                let shard = self.nets.get_mut(&place.net)?.shards.get_mut(place.index as usize)?;
                Some(&mut shard.reports.get_mut(&number)?.lamports)
            }
        }
    }
}
