//! Just enough ELF (64-bit, little-endian) to tell the size of a section.
//!
//! Layout: `Elf64_Ehdr` and `Elf64_Shdr` of elf(5).

/// The size in bytes of the section called `name`; `None` when there is none or this is no such ELF file.
pub fn section_size(file: &[u8], name: &str) -> Option<u64> {
    if !file.starts_with(b"\x7fELF\x02\x01") {
        return None;
    }
    let table = number::<8>(file, 40)?;
    let entry_size = number::<2>(file, 58)?;
    let count = number::<2>(file, 60)?;
    let names_index = number::<2>(file, 62)?;
    let header = |index: u64| usize::try_from(table + index * entry_size).ok();
    let names = number::<8>(file, header(names_index)? + 24)?;
    (0..count).filter_map(header).find_map(|at| {
        let text = usize::try_from(names + number::<4>(file, at)?).ok()?;
        let is_it = file.get(text..)?.split(|&byte| byte == 0).next()? == name.as_bytes();
        if is_it { number::<8>(file, at + 32) } else { None }
    })
}

/// The little-endian number of `N` bytes at `at`.
fn number<const N: usize>(file: &[u8], at: usize) -> Option<u64> {
    let mut bytes = [0; 8];
    bytes[..N].copy_from_slice(file.get(at..)?.get(..N)?);
    Some(u64::from_le_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An ELF file with a `.BTF` section of 5 bytes and the section of names.
    fn file() -> Vec<u8> {
        let mut file = vec![0; 64];
        file[..6].copy_from_slice(b"\x7fELF\x02\x01");
        file[40] = 80; // the table of sections is behind the names
        file[58] = 64;
        file[60] = 2;
        file[62] = 1;
        file.extend(b"\0.BTF\0.names\0\0\0\0");
        for (name, at, size) in [(1, 200, 5), (6, 64, 13)] {
            let mut header = [0; 64];
            header[0] = name;
            header[24] = at;
            header[32] = size;
            file.extend(header);
        }
        file
    }

    #[test]
    fn a_section_is_found_by_its_name() {
        assert_eq!(section_size(&file(), ".BTF"), Some(5));
        assert_eq!(section_size(&file(), ".names"), Some(13));
        assert_eq!(section_size(&file(), ".BT"), None);
    }

    #[test]
    fn what_is_no_elf_file_has_no_sections() {
        assert_eq!(section_size(b"", ".BTF"), None);
        assert_eq!(section_size(b"\x7fELF\x02\x01 cut off", ".BTF"), None);
        assert_eq!(section_size(&file()[..100], ".BTF"), None);
    }
}
