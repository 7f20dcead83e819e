//! The errors that an instruction can give.

use anchor_lang::error::ErrorCode;
use solana_instruction_error::InstructionError;
use stipend::error::StipendError;

/// Why an instruction was refused.
#[derive(Debug)]
pub enum Refusal {
    /// By the program's own rules: 6,000 and the variant's place.
    Stipend(StipendError),
    /// By Anchor's, before the program's own.
    Anchor(ErrorCode),
    /// By another program that was called, with its number.
    Program(u32),
    /// By the runtime.
    Runtime(InstructionError),
}

impl Refusal {
    /// What the transaction's status says.
    pub fn to_instruction_error(&self) -> InstructionError {
        match self {
            // Written out, so that a variant that moves is found.
            Self::Stipend(error) => InstructionError::Custom(6_000 + *error as u32),
            Self::Anchor(error) => InstructionError::Custom(u32::from(*error)),
            Self::Program(number) => InstructionError::Custom(*number),
            Self::Runtime(error) => error.clone(),
        }
    }
}

impl From<StipendError> for Refusal {
    fn from(error: StipendError) -> Self {
        Self::Stipend(error)
    }
}

impl From<ErrorCode> for Refusal {
    fn from(error: ErrorCode) -> Self {
        Self::Anchor(error)
    }
}

impl From<InstructionError> for Refusal {
    fn from(error: InstructionError) -> Self {
        Self::Runtime(error)
    }
}
