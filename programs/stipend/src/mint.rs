//! Which mints rewards may be paid in.

use crate::error::StipendError;
use anchor_lang::prelude::*;
use anchor_spl::{
    token_2022::spl_token_2022::{
        extension::{BaseStateWithExtensions, ExtensionType, StateWithExtensions},
        state::Mint as MintState,
    },
    token_interface::Mint,
};

/// Whether a mint with this Token-2022 extension is taken: none that can hold back, take or dilute a reward, or that makes an
/// amount look like another. The reasons are in `docs/token-2022.md`.
///
/// Every extension is named, so that a new one does not compile until it is decided.
fn is_harmless(extension: ExtensionType) -> bool {
    use ExtensionType::*;
    match extension {
        MetadataPointer | TokenMetadata | GroupPointer | TokenGroup | GroupMemberPointer | TokenGroupMember => true,
        // Of a mint.
        TransferFeeConfig
        | MintCloseAuthority
        | ConfidentialTransferMint
        | DefaultAccountState
        | NonTransferable
        | InterestBearingConfig
        | PermanentDelegate
        | TransferHook
        | ConfidentialTransferFeeConfig
        | ConfidentialMintBurn
        | ScaledUiAmount
        | Pausable => false,
        // Of a token account: no mint has one.
        Uninitialized
        | TransferFeeAmount
        | ConfidentialTransferAccount
        | ImmutableOwner
        | MemoTransfer
        | CpiGuard
        | NonTransferableAccount
        | TransferHookAccount
        | ConfidentialTransferFeeAmount
        | PausableAccount => false,
    }
}

/// Checks that rewards can be paid in the mint, that `authority` mints, and that `cap_atoms` more can exist.
///
/// Errors: [`StipendError::MintAuthorityMismatch`], [`StipendError::MintHasFreezeAuthority`],
/// [`StipendError::MintExtensionRefused`], [`StipendError::CapExceedsSupplyRoom`].
pub fn check_mint(mint: &InterfaceAccount<Mint>, authority: &Pubkey, cap_atoms: u64) -> Result<()> {
    require!(mint.mint_authority == Some(*authority).into(), StipendError::MintAuthorityMismatch);
    require!(mint.freeze_authority.is_none(), StipendError::MintHasFreezeAuthority);
    let info = mint.to_account_info();
    let data = info.try_borrow_data()?;
    // An extension that the crate does not know yet is an error of its own.
    let extensions = StateWithExtensions::<MintState>::unpack(&data).and_then(|mint| mint.get_extension_types());
    let extensions = extensions.ok().ok_or(StipendError::MintExtensionRefused)?;
    require!(extensions.into_iter().all(is_harmless), StipendError::MintExtensionRefused);
    require!(cap_atoms.checked_add(mint.supply).is_some(), StipendError::CapExceedsSupplyRoom);
    Ok(())
}
