//! Reports are opened, filled and closed.

use super::*;
use crate::step::{Says, Sent, Witness};

const BLANK: Measured = (None, None);

impl Model {
    pub fn open_report(&mut self, payer: u8, id: u16, place: Place, number: u8) -> Verdict {
        let (net, shard) = self.shard(id, place)?;
        ensure(!shard.reports.contains_key(&number), "report exists")?;
        let has = net.oracles.iter().any(|it| it.number == Some(number) && it.is_needed(net.open));
        ensure(has, "oracle is unknown")?;
        let capacity = usize::from(net.capacity);
        let (lamports, paid) = self.pay_rent(payer, Account::Report(place, number), REPORT_BYTES + 6 * capacity)?;
        let report = Report {
            lamports,
            paid,
            payer,
            epoch: NEVER,
            total: 0,
            received: 0,
            entries: vec![BLANK; capacity],
            is_honest: true,
            evidence: None,
        };
        self.shard_mut(id, place)?.reports.insert(number, report);
        Ok(())
    }

    pub fn close_report(&mut self, id: u16, place: Place, number: u8, payer: u8) -> Verdict {
        let (net, shard) = self.shard(id, place)?;
        let report = shard.reports.get(&number).ok_or("no such report")?;
        ensure(report.payer == payer, "another paid")?;
        let is_answerable = net.oracles.iter().any(|it| it.number == Some(number) && !it.is_free(net.open));
        ensure(shard.slots.is_empty() || !is_answerable, "report is in use")?;
        let (lamports, paid) = (report.lamports, report.paid);
        self.shard_mut(id, place)?.reports.remove(&number);
        self.windfall[usize::from(payer)] += i128::from(lamports - paid);
        self.credit(payer, lamports);
        Ok(())
    }

    /// Whether a report of `epoch` may be made now.
    fn check_window(&self, net: &Net, epoch: u32) -> Verdict {
        ensure(!net.is_paused(self.now), "paused")?;
        ensure(epoch == net.open, "not the open epoch")?;
        ensure(self.now >= net.end(epoch), "epoch is not over")?;
        ensure(self.now < net.report_end(), "report window is closed")
    }

    fn check_witness(witness: Witness) -> Verdict {
        let is_signed = matches!(witness, Witness::Signs | Witness::Relayed | Witness::Padded);
        ensure(is_signed, "oracle has not signed this")
    }

    pub fn submit_report(
        &mut self,
        id: u16,
        place: Place,
        number: u8,
        epoch: u32,
        sent: &Sent,
        witness: Witness,
    ) -> Verdict {
        let (net, shard) = self.shard(id, place)?;
        ensure(shard.reports.contains_key(&number), "no such report")?;
        self.check_window(net, epoch)?;
        ensure(shard.next <= epoch, "shard is scored")?;
        Self::check_witness(witness)?;
        let padding = usize::from(witness == Witness::Padded);
        let is_short = usize::from(sent.count) * 6 + padding <= 280 * 6;
        ensure(witness == Witness::Signs || is_short, "relayed report is too long")?;
        ensure(net.active(epoch).contains(&number), "oracle is not active")?;
        let slots = shard.slots.len();

        let report = self.shard_mut(id, place)?.reports.get_mut(&number).ok_or("no such report")?;
        if report.epoch != epoch {
            ensure(usize::from(sent.total) <= slots, "total is out of range")?;
            (report.epoch, report.total, report.received) = (epoch, sent.total, 0);
            report.entries.fill(BLANK);
            report.is_honest = true;
        }
        ensure(report.total == sent.total, "another total")?;
        report.is_honest &= matches!(sent.says, Says::Truth | Says::Gaps);
        ensure(usize::from(sent.first) + usize::from(sent.count) <= slots, "no such slot")?;
        for slot in sent.first..sent.first + sent.count {
            let (uptime, bandwidth) = sent.of(place, epoch, slot);
            ensure(uptime.is_none_or(|uptime| uptime <= 10_000), "uptime is out of range")?;
            let known = &mut report.entries[usize::from(slot)];
            let contradicts = known.0.is_some() && uptime.is_some() && known.0 != uptime
                || known.1.is_some() && bandwidth.is_some() && known.1 != bandwidth;
            ensure(!contradicts, "contradicts what was reported")?;
            report.received += u16::from(*known == BLANK && (uptime, bandwidth) != BLANK);
            *known = (known.0.or(uptime), known.1.or(bandwidth));
        }
        ensure(report.received <= report.total, "more than the total")
    }

    pub fn commit_evidence(
        &mut self,
        id: u16,
        place: Place,
        number: u8,
        epoch: u32,
        evidence: u8,
        witness: Witness,
    ) -> Verdict {
        let (net, shard) = self.shard(id, place)?;
        ensure(shard.reports.contains_key(&number), "no such report")?;
        self.check_window(net, epoch)?;
        Self::check_witness(witness)?;
        ensure(net.active(epoch).contains(&number), "oracle is not active")?;
        let report = self.shard_mut(id, place)?.reports.get_mut(&number).ok_or("no such report")?;
        match report.evidence {
            Some((known_epoch, known)) if known_epoch == epoch => ensure(known == evidence, "other evidence")?,
            _ => report.evidence = Some((epoch, evidence)),
        }
        Ok(())
    }
}
