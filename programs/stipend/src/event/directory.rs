//! Directories.

use anchor_lang::prelude::*;

/// Devices whose keys begin with a byte can register.
#[event]
pub struct DirectoryOpened {
    /// The network.
    pub network: Pubkey,
    /// The byte.
    pub first_byte: u8,
    /// Who paid its rent.
    pub payer: Pubkey,
}

/// An empty directory is gone, and its rent is paid back.
#[event]
pub struct DirectoryClosed {
    /// The network.
    pub network: Pubkey,
    /// First byte of the devices it was for.
    pub first_byte: u8,
}
