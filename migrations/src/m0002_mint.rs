//! Step 2: the mint of the rewards, created or adopted.

use crate::{
    error::MigrationError,
    migration::{signed, Action, Migration},
    plan::Plan,
};
use solana_account::Account;
use solana_address::Address;
use solana_program_pack::Pack;
use solana_signer::Signer;
use spl_token_interface::state::Mint;
use stipend_client::{address, instruction::create_mint, ledger::Ledger};

/// See [the module](self).
pub struct CreateMint;

/// The place in a mint of Token-2022 with extensions that says what the account is, and what a mint has there.
const ACCOUNT_TYPE_AT: usize = 165;
const ACCOUNT_TYPE_MINT: u8 = 1;

impl<L: Ledger> Migration<L> for CreateMint {
    fn name(&self) -> &'static str {
        "0002 mint"
    }

    fn look(&self, ledger: &mut L, plan: &Plan) -> Result<Vec<Action>, MigrationError> {
        let mint = plan.mint.key.address();
        let has_first = ledger.account(&address::network(&mint, 0))?.is_some();
        if let Some(account) = ledger.account(&mint)? {
            check(&account, has_first, plan)?;
            return Ok(Vec::new());
        }
        if !plan.mint.key.has_secret() {
            return Err(MigrationError::MintMissing { mint });
        }
        let rent = ledger.rent_lamports(Mint::LEN)?;
        let what = format!("create mint {mint} with {} decimals", plan.mint.decimals);
        Ok(vec![Action::new(what, 1, 2, signed(rent))])
    }

    fn apply(&self, ledger: &mut L, plan: &Plan) -> Result<(), MigrationError> {
        let (payer, mint) = (plan.payer.keypair("payer")?, plan.mint.key.keypair("mint")?);
        let rent = ledger.rent_lamports(Mint::LEN)?;
        let authority = plan.network.authority.address();
        let create = create_mint(
            &payer.pubkey(),
            &mint.pubkey(),
            &authority,
            &plan.mint.token_program,
            plan.mint.decimals,
            rent,
        );
        ledger.send(payer, &create, &[mint])?;
        Ok(())
    }
}

/// That the mint is one that the network can be created on, or was.
fn check(account: &Account, has_first: bool, plan: &Plan) -> Result<(), MigrationError> {
    let (mint, planned) = (plan.mint.key.address(), plan.mint.token_program);
    let unpacked = account.data.get(..Mint::LEN).and_then(|base| Mint::unpack(base).ok());
    let is_mint = account.data.len() == Mint::LEN || account.data.get(ACCOUNT_TYPE_AT) == Some(&ACCOUNT_TYPE_MINT);
    let Some(there) = unpacked.filter(|_| is_mint && account.owner == planned) else {
        return Err(MigrationError::NotAMint { mint, owner: account.owner, planned });
    };
    if there.decimals != plan.mint.decimals {
        let planned = plan.mint.decimals;
        return Err(MigrationError::MintDecimalsDiffer { mint, there: there.decimals, planned });
    }
    if let Some(authority) = Option::<Address>::from(there.freeze_authority) {
        return Err(MigrationError::MintFreezable { mint, authority });
    }
    // Once the first network is there, the program mints.
    let planned = if has_first { address::mint_authority(&mint) } else { plan.network.authority.address() };
    let there = Option::<Address>::from(there.mint_authority);
    if there != Some(planned) {
        return Err(MigrationError::MintAuthorityDiffers { mint, there, planned });
    }
    Ok(())
}
