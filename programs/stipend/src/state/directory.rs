//! The devices of a network whose keys share a first byte.

use super::Tail;
use crate::error::StipendError;
use anchor_lang::prelude::*;

/// A directory: `["directory", network, first byte]`, then one [`DirectoryEntry`] for each device, sorted by its key.
///
/// A device stands in one directory and there in one place, so it has at most one slot in a network.
#[account(zero_copy)]
#[derive(Debug)]
#[repr(C)]
pub struct Directory {
    /// Layout of this account.
    pub version: u8,
    /// Bump of this account's address.
    pub bump: u8,
    /// First byte of every device's key.
    pub first_byte: u8,
    /// Zero.
    pub reserved: [u8; 5],
    /// The network whose devices they are.
    pub network: Pubkey,
    /// Who opened the directory and paid for its header.
    pub payer: Pubkey,
    /// How often a device joined or left: the entries are the same as long as this is.
    pub changes: u64,
    /// Zero.
    pub reserved_words: [u64; 1],
    /// As many as have registered: the account's data goes on behind this header.
    pub entries: [DirectoryEntry; 0],
}

/// A device, where it is measured, and what was paid for it; 80 bytes.
#[zero_copy]
#[derive(Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct DirectoryEntry {
    /// The device's ed25519 key.
    pub device: Pubkey,
    /// Who paid the deposit and gets it back.
    pub payer: Pubkey,
    /// Lamports that the payer paid for the node: its bond, and the rents of this entry and of the slot.
    pub deposit_lamports: u64,
    /// Of these, lamports that lie in the shard, for the slot.
    pub slot_lamports: u32,
    /// Index of the shard.
    pub shard: u16,
    /// The node's slot in that shard.
    pub slot: u16,
}

impl Tail for Directory {
    type Item = DirectoryEntry;
}

impl Directory {
    /// Adds `entry` at its place in `entries`, whose last item is a new one.
    ///
    /// Errors: [`StipendError::DirectoryMismatch`], [`StipendError::DeviceRegistered`].
    pub fn insert(&mut self, entries: &mut [DirectoryEntry], entry: DirectoryEntry) -> Result<()> {
        let Some((_, present)) = entries.split_last() else {
            return err!(StipendError::InvariantBroken);
        };
        let Err(place) = search(present, &entry.device) else {
            return err!(StipendError::DeviceRegistered);
        };
        let behind = entries.get_mut(place..).ok_or(StipendError::InvariantBroken)?;
        let last = behind.len().saturating_sub(1);
        behind.copy_within(..last, 1);
        *behind.first_mut().ok_or(StipendError::InvariantBroken)? = entry;
        self.changes = self.changes.wrapping_add(1);
        self.invariant(entries, place)
    }

    /// Takes the device's entry out; the last item of `entries` is left to be cut off.
    ///
    /// Errors: [`StipendError::DeviceUnknown`].
    pub fn remove(&mut self, entries: &mut [DirectoryEntry], device: &Pubkey) -> Result<DirectoryEntry> {
        let place = search(entries, device).ok().ok_or(StipendError::DeviceUnknown)?;
        let behind = entries.get_mut(place..).ok_or(StipendError::InvariantBroken)?;
        let entry = *behind.first().ok_or(StipendError::InvariantBroken)?;
        behind.copy_within(1.., 0);
        self.changes = self.changes.wrapping_add(1);
        let (_, left) = entries.split_last().ok_or(StipendError::InvariantBroken)?;
        self.invariant(left, place)?;
        Ok(entry)
    }

    /// What holds of every directory, at and around `place`, where it was changed.
    pub fn invariant(&self, entries: &[DirectoryEntry], place: usize) -> Result<()> {
        let around = entries.get(place.saturating_sub(1)..entries.len().min(place.saturating_add(2)));
        let around = around.ok_or(StipendError::InvariantBroken)?;
        // A device has one directory.
        let is_here = around.iter().all(|entry| entry.device.as_ref().first() == Some(&self.first_byte));
        require!(is_here, StipendError::DirectoryMismatch);
        // Entries are sorted, and no device stands in two.
        require!(around.is_sorted_by(|one, next| one.device < next.device), StipendError::InvariantBroken);
        // The slot's share is part of the deposit.
        let is_part = around.iter().all(|entry| u64::from(entry.slot_lamports) <= entry.deposit_lamports);
        require!(is_part, StipendError::InvariantBroken);
        Ok(())
    }
}

/// The entry of `device`. Errors: [`StipendError::DeviceUnknown`].
pub fn find<'a>(entries: &'a [DirectoryEntry], device: &Pubkey) -> Result<&'a DirectoryEntry> {
    let place = search(entries, device).ok().ok_or(StipendError::DeviceUnknown)?;
    entries.get(place).ok_or_else(|| error!(StipendError::InvariantBroken))
}

/// Place of `device` in sorted entries, or where it would be.
fn search(entries: &[DirectoryEntry], device: &Pubkey) -> core::result::Result<usize, usize> {
    entries.binary_search_by(|entry| entry.device.cmp(device))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytemuck::Zeroable;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    const FIRST_BYTE: u8 = 7;

    fn device(tail: &[u8]) -> Pubkey {
        let mut key = [0; 32];
        key[0] = FIRST_BYTE;
        key[32 - tail.len()..].copy_from_slice(tail);
        Pubkey::new_from_array(key)
    }

    fn entry(device: Pubkey, slot: u16) -> DirectoryEntry {
        DirectoryEntry { device, slot, deposit_lamports: 9, slot_lamports: 4, ..DirectoryEntry::default() }
    }

    fn directory() -> Directory {
        Directory { first_byte: FIRST_BYTE, ..Directory::zeroed() }
    }

    #[test]
    fn a_device_is_registered_once() {
        let mut entries = vec![entry(device(&[1]), 0), DirectoryEntry::default()];

        let again = directory().insert(&mut entries, entry(device(&[1]), 1));

        assert_eq!(again, Err(StipendError::DeviceRegistered.into()));
    }

    #[test]
    fn a_device_of_another_directory_is_rejected() {
        let mut entries = vec![DirectoryEntry::default()];

        let result = directory().insert(&mut entries, entry(Pubkey::new_from_array([8; 32]), 0));

        assert_eq!(result, Err(StipendError::DirectoryMismatch.into()));
    }

    #[test]
    fn a_device_that_is_not_there_is_not_found() {
        let mut entries = vec![entry(device(&[1]), 0)];

        assert_eq!(find(&entries, &device(&[2])), Err(StipendError::DeviceUnknown.into()));
        assert_eq!(directory().remove(&mut entries, &device(&[0])), Err(StipendError::DeviceUnknown.into()));
    }

    /// What happens to a directory: a device comes or goes.
    #[derive(Clone, Copy, Debug)]
    enum Step {
        Insert(Pubkey),
        Remove(Pubkey),
    }

    /// Random keys, and keys that differ in the last byte alone, so that many meet again.
    fn devices() -> impl Strategy<Value = Pubkey> {
        prop_oneof![
            any::<[u8; 31]>().prop_map(|tail| device(&tail)),
            any::<u8>().prop_map(|last| device(&[last])),
            (any::<u8>(), any::<bool>()).prop_map(|(byte, is_full)| device(&[byte; 31][usize::from(is_full)..])),
        ]
    }

    fn steps() -> impl Strategy<Value = Step> {
        prop_oneof![3 => devices().prop_map(Step::Insert), 2 => devices().prop_map(Step::Remove)]
    }

    proptest! {
        #[test]
        fn a_directory_behaves_as_a_sorted_map(steps in prop::collection::vec(steps(), 0..300)) {
            let (mut directory, mut entries) = (directory(), Vec::<DirectoryEntry>::new());
            let mut model = BTreeMap::new();
            let mut changes = 0;
            for (number, step) in steps.into_iter().enumerate() {
                match step {
                    Step::Insert(device) => {
                        entries.push(DirectoryEntry::default());
                        let entry = entry(device, number as u16);
                        let result = directory.insert(&mut entries, entry);
                        prop_assert_eq!(result.is_ok(), !model.contains_key(&device));
                        changes += u64::from(result.is_ok());
                        if result.is_err() {
                            entries.pop();
                        }
                        model.entry(device).or_insert(entry);
                    }
                    Step::Remove(device) => {
                        let removed = directory.remove(&mut entries, &device).ok();
                        prop_assert_eq!(removed, model.remove(&device));
                        changes += u64::from(removed.is_some());
                        if removed.is_some() {
                            entries.pop();
                        }
                    }
                }
                prop_assert!(entries.iter().eq(model.values()));
                prop_assert_eq!(directory.changes, changes);
            }
            for device in model.keys() {
                prop_assert_eq!(find(&entries, device).ok(), model.get(device));
            }
        }
    }
}
