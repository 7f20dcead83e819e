//! What the VM would run otherwise than LLVM meant it.

use anyhow::{bail, Context, Result};

/// Low three bits of an opcode: its class. ALU32 is arithmetic on 32-bit halves of registers.
const CLASS: u8 = 0x07;
const ALU32: u8 = 0x04;
/// Of that class by its number alone: reverses the bytes of a register, for the VM as for LLVM.
const BIG_ENDIAN: u8 = 0xdc;

/// The one instruction of two words: a 64-bit constant.
const LDDW: u8 = 0x18;
const WORD: usize = 8;

/// Rejects a program with 32-bit arithmetic: upstream LLVM takes its results to be zero-extended, and sBPF v3 sign-extends
/// the sums, differences and products. LLVM writes none for its oldest BPF machine, the default here; `-Ctarget-cpu=v3`
/// gives a smaller program that computes wrong numbers.
///
/// Errors: the file is no 64-bit ELF file, or has such an instruction.
pub fn check(program: &[u8]) -> Result<()> {
    let code = code(program).context("the program is not an ELF file as sbpf-linker writes it; build it again")?;
    let mut offset = 0;
    while let Some(&opcode) = code.get(offset) {
        if opcode & CLASS == ALU32 && opcode != BIG_ENDIAN {
            bail!(
                "the program has a 32-bit instruction ({opcode:#04x} at {offset:#x} of its code), which the VM and LLVM \
                 understand differently; keep the target's default -Ctarget-cpu and compile builtins.c without -mcpu"
            );
        }
        offset += if opcode == LDDW { 2 * WORD } else { WORD };
    }
    Ok(())
}

/// The segment that can be executed.
fn code(program: &[u8]) -> Option<&[u8]> {
    const EXECUTABLE: u64 = 1;
    let number = |at: usize, bytes: usize| {
        let mut value = [0; WORD];
        value[..bytes].copy_from_slice(program.get(at..at + bytes)?);
        Some(u64::from_le_bytes(value))
    };
    // Places in the headers: ELF-64, "ELF header" and "Program header".
    let headers = usize::try_from(number(32, 8)?).ok()?;
    let count = usize::try_from(number(56, 2)?).ok()?;
    let header = (0..count)
        .map(|index| headers + 56 * index)
        .find(|at| number(at + 4, 4).is_some_and(|flags| flags & EXECUTABLE != 0))?;
    let start = usize::try_from(number(header + 8, 8)?).ok()?;
    let length = usize::try_from(number(header + 32, 8)?).ok()?;
    program.get(start..start.checked_add(length)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An ELF file with one executable segment, its code right after the headers.
    fn program(code: &[u8]) -> Vec<u8> {
        let mut file = vec![0; 64 + 56];
        file[32] = 64;
        file[56] = 1;
        file[64 + 4] = 1;
        file[64 + 8] = 64 + 56;
        file[64 + 32] = code.len() as u8;
        file.extend_from_slice(code);
        file
    }

    const ADD64: [u8; WORD] = [0x07, 0, 0, 0, 1, 0, 0, 0];
    const ADD32: [u8; WORD] = [0x04, 0, 0, 0, 1, 0, 0, 0];
    const BE64: [u8; WORD] = [BIG_ENDIAN, 0, 0, 0, 64, 0, 0, 0];
    const EXIT: [u8; WORD] = [0x95, 0, 0, 0, 0, 0, 0, 0];

    #[test]
    fn a_program_of_64_bit_arithmetic_is_accepted() {
        assert!(check(&program(&[ADD64, BE64, EXIT].concat())).is_ok());
    }

    #[test]
    fn a_32_bit_addition_is_refused_with_its_place() {
        let error = check(&program(&[ADD64, ADD32, EXIT].concat())).expect_err("refused").to_string();

        assert!(error.contains("0x04 at 0x8"), "{error}");
    }

    #[test]
    fn the_upper_half_of_a_64_bit_constant_is_no_instruction() {
        let constant = [LDDW, 1, 0, 0, 0, 0, 0, 0];

        assert!(check(&program(&[constant, ADD32, EXIT].concat())).is_ok());
    }

    #[test]
    fn what_is_no_elf_file_is_refused() {
        assert!(check(b"text").is_err());
        assert!(check(&[0; 64]).is_err());
    }
}
