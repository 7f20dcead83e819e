//! Which windows of an epoch have a sample.

/// A set of windows.
#[derive(Clone, Debug, Default)]
pub struct WindowSet {
    /// Bit `i` of word `w` is window `64·w + i`.
    words: Vec<u64>,
}

impl WindowSet {
    /// Adds `window`. Returns whether it is new.
    pub fn insert(&mut self, window: u32) -> bool {
        let (word, bit) = ((window / u64::BITS) as usize, 1 << (window % u64::BITS));
        if self.words.len() <= word {
            self.words.resize(word + 1, 0);
        }
        let is_new = self.words[word] & bit == 0;
        self.words[word] |= bit;
        is_new
    }

    pub fn len(&self) -> u64 {
        self.words.iter().map(|word| u64::from(word.count_ones())).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_new_once() {
        let mut set = WindowSet::default();

        assert!(set.insert(64));
        assert!(set.insert(63));
        assert!(!set.insert(64));
        assert_eq!(set.len(), 2);
    }
}
