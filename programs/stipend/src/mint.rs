//! The mint of the rewards: which mints are taken, who mints, and how.

use crate::{
    account::{borrow, check_writable},
    check::OrRefuse,
    ensure,
    error::StipendError,
    invoke::call,
};
use anchor_lang::{prelude::*, solana_program::instruction::AccountMeta};
use anchor_spl::token_2022::spl_token_2022::{
    extension::{BaseStateWithExtensions, ExtensionType, StateWithExtensions},
    state::Mint,
};

/// The token programs that a mint may belong to: SPL Token and Token-2022.
const TOKEN_PROGRAM_IDS: [Pubkey; 2] = [anchor_spl::token::ID, anchor_spl::token_2022::ID];

// The numbers of the token programs' instructions, which are the same in both.
const SET_AUTHORITY: u8 = 6;
const MINT_TO: u8 = 7;
/// The kind of authority that mints.
const MINT_TOKENS: u8 = 0;

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

/// Checks that the mint is one that rewards can be paid in, that `authority` mints, and that `cap_atoms` more can exist.
#[inline(never)]
pub fn check_mint(mint: &AccountInfo, authority: &Pubkey, token_program: &AccountInfo, cap_atoms: u64) -> Result<()> {
    check_writable(mint)?;
    ensure!(TOKEN_PROGRAM_IDS.contains(token_program.key), StipendError::TokenProgramUnknown);
    ensure!(mint.owner == token_program.key, StipendError::TokenProgramMismatch);
    let data = borrow(mint)?;
    let mint = StateWithExtensions::<Mint>::unpack(&data).ok().or_refuse(StipendError::MintInvalid)?;
    let mint_authority = Option::<Pubkey>::from(mint.base.mint_authority);
    ensure!(mint_authority == Some(*authority), StipendError::MintAuthorityMismatch);
    ensure!(mint.base.freeze_authority.is_none(), StipendError::MintHasFreezeAuthority);
    // An extension that the crate does not know yet is an error of its own.
    let extensions = mint.get_extension_types().ok().or_refuse(StipendError::MintExtensionRefused)?;
    ensure!(extensions.into_iter().all(is_harmless), StipendError::MintExtensionRefused);
    ensure!(cap_atoms.checked_add(mint.base.supply).is_some(), StipendError::CapExceedsSupplyRoom);
    Ok(())
}

/// Checks that the account is the mint's authority, as the mint says itself: a tag of four bytes, 1 if there is one, and its
/// address. That it is the program's address shows when it signs.
pub fn check_mint_authority(mint: &AccountInfo, mint_authority: &AccountInfo) -> Result<()> {
    let data = borrow(mint)?;
    ensure!(data.get(4..36) == Some(mint_authority.key.as_ref()), StipendError::MintAuthorityAccountMismatch);
    Ok(())
}

/// Mints atoms into a token account, signed by the mint's authority, an address of the program's own.
pub fn mint_to(
    token_program: &AccountInfo,
    [mint, destination, authority]: [&AccountInfo; 3],
    atoms: u64,
    seeds: &[&[u8]],
) -> Result<()> {
    let mut data = Vec::with_capacity(9);
    data.push(MINT_TO);
    data.extend_from_slice(&atoms.to_le_bytes());
    let metas = vec![
        AccountMeta::new(*mint.key, false),
        AccountMeta::new(*destination.key, false),
        AccountMeta::new_readonly(*authority.key, true),
    ];
    call(token_program.key, &[mint.clone(), destination.clone(), authority.clone()], metas, data, seeds)
}

/// Gives a mint another authority, or none for ever; the present one signs.
pub fn set_mint_authority(
    token_program: &AccountInfo,
    [mint, authority]: [&AccountInfo; 2],
    new: Option<&Pubkey>,
    seeds: &[&[u8]],
) -> Result<()> {
    let mut data = vec![SET_AUTHORITY, MINT_TOKENS, u8::from(new.is_some())];
    if let Some(new) = new {
        data.extend_from_slice(new.as_ref());
    }
    let metas = vec![AccountMeta::new(*mint.key, false), AccountMeta::new_readonly(*authority.key, true)];
    call(token_program.key, &[mint.clone(), authority.clone()], metas, data, seeds)
}
