//! Groups entries about builds by a key. Keeps a bounded number of bytes in memory, and writes the rest to
//! temporary files, which the system removes whenever the program ends.

use std::{
    borrow::Cow,
    fs::File,
    io::{self, BufReader, Read, Seek, SeekFrom, Write},
    sync::{Mutex, PoisonError},
};

/// The number of partitions. Each may have a file open.
const PARTITIONS: usize = 64;
/// The number of bytes of a partition that stay in memory: 8 MB for all of them.
const BUFFER: usize = 128 * 1024;
/// The length up to which a partition's file is read back at once, in bytes. The entries of a longer file are read one
/// by one.
const READ_BACK: u64 = 8 << 20;
/// The bytes before an entry's content: its key and its length.
const HEADER: usize = 12;

/// Entries in partitions, by their keys.
pub(super) struct Spill {
    partitions: Vec<Mutex<Partition>>,
}

#[derive(Default)]
struct Partition {
    buffer: Vec<u8>,
    file: Option<File>,
}

/// A partition whose entries are read again.
pub(super) struct Entries {
    buffer: Vec<u8>,
    file: Option<File>,
    file_length: u64,
    /// The key, place and length of each entry, ordered by key.
    places: Vec<(u64, u64, usize)>,
}

impl Spill {
    pub(super) fn new() -> Self {
        Self { partitions: (0..PARTITIONS).map(|_| Mutex::default()).collect() }
    }

    /// Adds an entry. Entries with one key are in one partition.
    pub(super) fn add(&self, key: u64, content: &[u8]) -> io::Result<()> {
        let index = usize::try_from(key % PARTITIONS as u64).unwrap_or_default();
        let Some(partition) = self.partitions.get(index) else { return Ok(()) };
        let mut partition = partition.lock().unwrap_or_else(PoisonError::into_inner);
        let length = u32::try_from(content.len()).map_err(io::Error::other)?;
        partition.buffer.extend_from_slice(&key.to_le_bytes());
        partition.buffer.extend_from_slice(&length.to_le_bytes());
        partition.buffer.extend_from_slice(content);
        if partition.buffer.len() > BUFFER { partition.write_out() } else { Ok(()) }
    }

    /// Returns whether every entry is still in memory.
    pub(super) fn is_in_memory(&self) -> bool {
        let is_in_memory =
            |partition: &Mutex<Partition>| partition.lock().unwrap_or_else(PoisonError::into_inner).file.is_none();
        self.partitions.iter().all(is_in_memory)
    }

    /// The partitions, to be read one by one.
    pub(super) fn into_partitions(self) -> impl Iterator<Item = io::Result<Entries>> {
        self.partitions
            .into_iter()
            .map(|partition| Entries::of(partition.into_inner().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl Partition {
    fn write_out(&mut self) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(tempfile::tempfile()?),
        };
        file.write_all(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }
}

impl Entries {
    fn of(Partition { mut buffer, mut file }: Partition) -> io::Result<Self> {
        let mut places = Vec::new();
        let mut file_length = 0;
        if let Some(whole) = &mut file
            && whole.stream_position()? <= READ_BACK
        {
            // The file's entries come first: those in memory were added later.
            let mut all = Vec::new();
            whole.seek(SeekFrom::Start(0))?;
            whole.read_to_end(&mut all)?;
            all.append(&mut buffer);
            (buffer, file) = (all, None);
        }
        if let Some(file) = &mut file {
            file_length = file.seek(SeekFrom::End(0))?;
            file.seek(SeekFrom::Start(0))?;
            let mut reader = BufReader::new(&*file);
            let mut header = [0; HEADER];
            let mut place = 0;
            while place < file_length {
                reader.read_exact(&mut header)?;
                let (key, length) = read_header(&header);
                places.push((key, place + HEADER as u64, length));
                reader.seek_relative(i64::try_from(length).map_err(io::Error::other)?)?;
                place += (HEADER + length) as u64;
            }
        }
        let mut rest = buffer.as_slice();
        let mut place = file_length;
        while let Some((header, after)) = rest.split_first_chunk::<HEADER>() {
            let (key, length) = read_header(header);
            places.push((key, place + HEADER as u64, length));
            place += (HEADER + length) as u64;
            rest = after.get(length..).unwrap_or_default();
        }
        // The entries of one key keep their order.
        places.sort_unstable_by_key(|(key, place, _)| (*key, *place));
        Ok(Self { buffer, file, file_length, places })
    }

    /// Calls `each` once for each key, with the contents of all its entries.
    pub(super) fn for_each_key(&self, mut each: impl FnMut(&[Cow<'_, [u8]>]) -> io::Result<()>) -> io::Result<()> {
        let mut contents = Vec::new();
        for of_key in self.places.chunk_by(|(one, ..), (other, ..)| one == other) {
            contents.clear();
            for (_, place, length) in of_key {
                contents.push(self.content(*place, *length)?);
            }
            each(&contents)?;
        }
        Ok(())
    }

    fn content(&self, place: u64, length: usize) -> io::Result<Cow<'_, [u8]>> {
        if let Some(place) = place.checked_sub(self.file_length) {
            let place = usize::try_from(place).map_err(io::Error::other)?;
            return Ok(self.buffer.get(place..place + length).unwrap_or_default().into());
        }
        let mut content = vec![0; length];
        if let Some(mut file) = self.file.as_ref() {
            file.seek(SeekFrom::Start(place))?;
            file.read_exact(&mut content)?;
        }
        Ok(content.into())
    }
}

fn read_header(header: &[u8; HEADER]) -> (u64, usize) {
    let [a, b, c, d, e, f, g, h, length @ ..] = *header;
    (u64::from_le_bytes([a, b, c, d, e, f, g, h]), u32::from_le_bytes(length) as usize)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// Adds entries and reads them back by key.
    fn check(count: u64, length: usize, in_memory: bool) {
        let spill = Spill::new();
        let mut expected: BTreeMap<u64, Vec<Vec<u8>>> = BTreeMap::new();
        for number in 0..count {
            let (key, content) = (number % 1000, format!("{number}:{}", "x".repeat(length)).into_bytes());
            spill.add(key, &content).unwrap();
            expected.entry(key).or_default().push(content);
        }
        assert_eq!(spill.is_in_memory(), in_memory);
        let mut found: Vec<Vec<Vec<u8>>> = Vec::new();
        for entries in spill.into_partitions() {
            let keep = |contents: &[Cow<'_, [u8]>]| {
                found.push(contents.iter().map(|content| content.to_vec()).collect());
                Ok(())
            };
            entries.unwrap().for_each_key(keep).unwrap();
        }
        let mut expected: Vec<Vec<Vec<u8>>> = expected.into_values().collect();
        found.sort();
        expected.sort();
        assert!(found == expected, "{count} entries of {length} bytes");
    }

    #[test]
    fn every_entry_is_found_with_those_of_its_key() {
        check(0, 0, true);
        check(5000, 100, true);
        check(20_000, 1000, false);
        check(3, 300_000, false);
        check(3, 9_000_000, false);
    }
}
