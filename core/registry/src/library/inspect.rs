//! What a file is, found out before any of its code runs.

use cascade_abi::ENTRY_PREFIX;
use object::{Architecture, BinaryFormat, Object, ObjectKind};

use super::LibraryError;

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
const EXPECTED: (&str, BinaryFormat, Architecture) =
    ("Linux on x86_64", BinaryFormat::Elf, Architecture::X86_64);
#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
const EXPECTED: (&str, BinaryFormat, Architecture) =
    ("Linux on aarch64", BinaryFormat::Elf, Architecture::Aarch64);
#[cfg(all(target_os = "macos", target_arch = "aarch64"))]
const EXPECTED: (&str, BinaryFormat, Architecture) =
    ("macOS on aarch64", BinaryFormat::MachO, Architecture::Aarch64);
#[cfg(all(target_os = "macos", target_arch = "x86_64"))]
const EXPECTED: (&str, BinaryFormat, Architecture) =
    ("macOS on x86_64", BinaryFormat::MachO, Architecture::X86_64);

/// The name of the library's entry function.
pub(super) fn entry(bytes: &[u8]) -> Result<String, LibraryError> {
    let (expected, format, architecture) = EXPECTED;
    let refuse = |found: String| LibraryError::NotALibrary { expected, found };
    if bytes.is_empty() {
        return Err(refuse("an empty file".into()));
    }
    let file = object::File::parse(bytes).map_err(|_| refuse(looks_like(bytes)))?;
    if (file.format(), file.architecture()) != (format, architecture) {
        return Err(refuse(format!("{:?} for {:?}", file.format(), file.architecture())));
    }
    if file.kind() != ObjectKind::Dynamic {
        return Err(refuse(format!("an object file of kind {:?}", file.kind())));
    }
    let exports = file.exports().map_err(|error| refuse(format!("a damaged library: {error}")))?;
    let mut names = Vec::new();
    for export in exports {
        let export = export.map_err(|error| refuse(format!("a damaged library: {error}")))?;
        let name = export.name();
        let Some(name) = name.name() else { continue };
        let name = String::from_utf8_lossy(name).into_owned();
        // Mach-O puts an underscore before the names of C.
        let plain = name.strip_prefix('_').filter(|rest| rest.starts_with(ENTRY_PREFIX));
        names.push(plain.map_or(name.clone(), ToOwned::to_owned));
    }
    match names.iter().find(|name| name.starts_with(ENTRY_PREFIX)) {
        Some(name) => Ok(name.clone()),
        None => {
            let found = match names.len() {
                0 => "no exported function".into(),
                n => format!("{n} others, such as `{}`", names[0]),
            };
            Err(LibraryError::NoEntry { expected: ENTRY_PREFIX, found })
        }
    }
}

fn looks_like(bytes: &[u8]) -> String {
    let head = &bytes[..bytes.len().min(512)];
    if bytes.starts_with(b"\x7fELF") {
        return "an ELF file that is damaged or cut short".into();
    }
    if bytes.starts_with(b"MZ") {
        return "a Windows program or library".into();
    }
    match std::str::from_utf8(head) {
        Ok(text) if text.starts_with("#!") => "a script".into(),
        Ok(text) if !text.contains('\0') => "a text file".into(),
        _ => "a file of another format".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_library_is_told_by_what_it_is() {
        for (bytes, found) in [
            (&b""[..], "an empty file"),
            (b"#!/bin/sh\n", "a script"),
            (b"MZ\x90\0\x03\0", "a Windows program"),
            (b"hello", "a text file"),
            (b"\x7fELF\x02\x01", "cut short"),
            (b"\0\x01\x02", "another format"),
        ] {
            let error = entry(bytes).unwrap_err().to_string();
            assert!(error.contains(found), "{error}");
        }
        let own = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let error = entry(&own).unwrap_err();
        assert!(
            matches!(error, LibraryError::NoEntry { .. } | LibraryError::NotALibrary { .. }),
            "{error}"
        );
    }
}
