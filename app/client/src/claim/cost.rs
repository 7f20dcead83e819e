//! What claims will cost whoever pays for them.

use super::ClaimPlan;
use crate::{
    instruction,
    ledger::{Ledger, LedgerError, LAMPORTS_PER_SIGNATURE},
    network_client::NetworkClient,
    reader::ReadError,
};
use solana_address::Address;
use solana_signer::Signer;
use stipend::state::Network;

/// Bytes of a token account that has what every associated one has, in SPL Token and in Token-2022.
const TOKEN_ACCOUNT_BYTES: (usize, usize) = (165, 170);

/// What sending a plan will cost, as far as it can be told before.
#[derive(Debug)]
pub struct ClaimCost {
    /// Fees of all transactions, as if each cost what the first one does.
    pub fee_lamports: u64,
    /// Whether that includes a priority, which differs from one to the other.
    pub has_priority: bool,
    /// How many token accounts are opened.
    pub token_accounts: u64,
    /// Their rent.
    pub rent_lamports: u64,
    /// Whether the rent may be more: the ledger does not tell what an account of this mint needs.
    pub is_rent_least: bool,
    /// Why the first transaction would be refused now; the others may be paid all the same.
    pub refused: Option<LedgerError>,
}

impl<L: Ledger> NetworkClient<'_, L> {
    /// What a plan will cost; nothing is sent. The first transaction is simulated, and the opening of a token account, which alone
    /// tells how much rent the mint's extensions ask for.
    ///
    /// Errors: the ledger can't be asked, or whoever pays can't pay the first transaction.
    pub fn cost_of_claims(&mut self, network: &Network, plan: &ClaimPlan) -> Result<ClaimCost, ReadError> {
        let mut cost = ClaimCost {
            fee_lamports: 0,
            has_priority: false,
            token_accounts: plan.owners.values().filter(|claim| claim.opens).count() as u64,
            rent_lamports: 0,
            is_rent_least: false,
            refused: None,
        };
        let mut changes_lamports = Vec::new();
        if let Some(first) = plan.transactions.first() {
            // Whoever pays is the only one who signs.
            let one_lamports = match self.ledger.simulate(self.payer, &first.concat(), &[]) {
                Ok(simulation) => {
                    changes_lamports = simulation.changes_lamports;
                    simulation.fee_lamports
                }
                Err(error @ LedgerError::Refused { .. }) => {
                    cost.refused = Some(error);
                    LAMPORTS_PER_SIGNATURE
                }
                Err(error) => return Err(error.into()),
            };
            cost.has_priority = one_lamports > LAMPORTS_PER_SIGNATURE;
            cost.fee_lamports = one_lamports.saturating_mul(plan.transactions.len() as u64);
        }
        if cost.token_accounts > 0 {
            let (one_lamports, is_least) = self.token_account_rent(network, plan, changes_lamports)?;
            cost.rent_lamports = one_lamports.saturating_mul(cost.token_accounts);
            cost.is_rent_least = is_least;
        }
        Ok(cost)
    }

    /// Rent of one token account of the mint, and whether it may be more.
    ///
    /// - `changes_lamports`: by the first transaction, which may open some.
    fn token_account_rent(
        &mut self,
        network: &Network,
        plan: &ClaimPlan,
        changes_lamports: Vec<(Address, i128)>,
    ) -> Result<(u64, bool), ReadError> {
        let (payer, mint, token_program) = (self.payer.pubkey(), &network.mint, &network.token_program);
        let untouched: Vec<_> = plan.owners.iter().filter(|(_, claim)| claim.opens && claim.is_untouched).collect();
        let rent_of = |changes_lamports: Vec<(Address, i128)>| {
            let is_opened =
                |(address, _): &(Address, i128)| untouched.iter().any(|(_, one)| one.destination == *address);
            let opened = changes_lamports.into_iter().find(is_opened);
            opened.and_then(|(_, lamports)| u64::try_from(lamports).ok())
        };
        let mut rent_lamports = rent_of(changes_lamports);
        if let (None, Some((owner, _))) = (rent_lamports, untouched.first()) {
            let open = instruction::open_associated_token(&payer, owner, mint, token_program);
            rent_lamports = rent_of(self.ledger.simulate(self.payer, &[open], &[])?.changes_lamports);
        }
        if let Some(lamports) = rent_lamports {
            return Ok((lamports, false));
        }
        let (old, new) = TOKEN_ACCOUNT_BYTES;
        let bytes = if *token_program == spl_token_interface::ID { old } else { new };
        Ok((self.ledger.rent_lamports(bytes)?, bytes == new))
    }
}
