//! The bytes of mints and token accounts, laid out by hand: SPL Token's own layout, and Token-2022's extensions behind it.

use solana_account::Account;
use solana_address::Address;

/// The program of Token-2022.
pub const TOKEN_2022_ID: Address = Address::from_str_const("TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb");

/// Bytes of a mint.
pub const MINT_BYTES: usize = 82;
/// Where Token-2022 says what an account is; extensions follow.
const KIND_AT: usize = 165;
/// Lamports that are enough for every account here.
const LAMPORTS: u64 = 1_000_000_000;

/// What a mint says.
#[derive(Clone, Debug, Default)]
pub struct MintState {
    /// Who mints.
    pub authority: Option<Address>,
    /// Atoms that exist.
    pub supply_atoms: u64,
    /// Who can freeze.
    pub freeze_authority: Option<Address>,
    /// Extensions of Token-2022: type and content.
    pub extensions: Vec<(u16, Vec<u8>)>,
}

impl MintState {
    /// The account, owned by `token_program`.
    pub fn to_account(&self, token_program: &Address) -> Account {
        let mut data = Vec::with_capacity(MINT_BYTES);
        data.extend_from_slice(&option(&self.authority));
        data.extend_from_slice(&self.supply_atoms.to_le_bytes());
        // Nine decimals, initialized.
        data.extend_from_slice(&[9, 1]);
        data.extend_from_slice(&option(&self.freeze_authority));
        if !self.extensions.is_empty() {
            data.resize(KIND_AT, 0);
            data.push(1);
            for (kind, content) in &self.extensions {
                data.extend_from_slice(&kind.to_le_bytes());
                data.extend_from_slice(&u16::try_from(content.len()).expect("content fits").to_le_bytes());
                data.extend_from_slice(content);
            }
        }
        Account { lamports: LAMPORTS, data, owner: *token_program, executable: false, rent_epoch: u64::MAX }
    }
}

/// A token account of `owner` with no atoms.
pub fn token_account(mint: &Address, owner: &Address, token_program: &Address) -> Account {
    let mut data = Vec::with_capacity(KIND_AT);
    data.extend_from_slice(mint.as_ref());
    data.extend_from_slice(owner.as_ref());
    data.resize(108, 0);
    // Initialized, not frozen.
    data.push(1);
    data.resize(KIND_AT, 0);
    Account { lamports: LAMPORTS, data, owner: *token_program, executable: false, rent_epoch: u64::MAX }
}

/// Atoms in a token account.
pub fn atoms(account: &Account) -> u64 {
    u64::from_le_bytes(account.data[64..72].try_into().expect("eight bytes"))
}

/// Atoms of a mint that exist.
pub fn supply_atoms(account: &Account) -> u64 {
    u64::from_le_bytes(account.data[36..44].try_into().expect("eight bytes"))
}

/// Who mints.
pub fn authority(account: &Account) -> Option<Address> {
    let key: [u8; 32] = account.data[4..36].try_into().expect("a key");
    (account.data[0] == 1).then(|| Address::from(key))
}

fn option(address: &Option<Address>) -> [u8; 36] {
    let mut bytes = [0; 36];
    if let Some(address) = address {
        bytes[0] = 1;
        bytes[4..].copy_from_slice(address.as_ref());
    }
    bytes
}
