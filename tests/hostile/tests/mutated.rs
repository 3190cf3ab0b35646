//! Kept inputs, changed at random: what fuzzing without coverage finds. The numbers come from a fixed
//! start, so that a failure comes again. `HOSTILE_ROUNDS` asks for more than a test's share.

use std::{fs, path::Path};

/// Xorshift: few lines, and the same numbers everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap_or_default() % end.max(1)
    }
}

/// One change: a byte, a cut, a part moved or doubled, a piece of another input or of syntax.
fn change(input: &mut Vec<u8>, other: &[u8], random: &mut Random) {
    const PIECES: [&[u8]; 14] = [
        b"\n\n",
        b"\r\n",
        b"From ",
        b"\nFrom a@x Mon Jan  5 10:00:00 2026\n",
        b"<",
        b"<![CDATA[",
        b"]]>",
        b"&#0;",
        b"\0",
        b"\xff",
        b"{\"a\":",
        b"\n---\n",
        b"\xef\xbb\xbf",
        b"Content-Type: multipart/mixed; boundary=\"\"\n",
    ];
    let at = random.below(input.len() + 1);
    let end = at + random.below((input.len() - at).min(200) + 1);
    match random.below(6) {
        0 if at < input.len() => input[at] = u8::try_from(random.below(256)).unwrap_or_default(),
        1 => drop(input.drain(at..end)),
        2 => {
            let part = input[at..end].to_vec();
            let to = random.below(input.len() + 1);
            input.splice(to..to, part);
        }
        3 => {
            let from = random.below(other.len() + 1);
            let part = &other[from..(from + random.below(200)).min(other.len())];
            input.splice(at..at, part.iter().copied());
        }
        4 => input.truncate(at),
        _ => {
            let piece = PIECES[random.below(PIECES.len())];
            input.splice(at..at, piece.iter().copied());
        }
    }
}

fn mutated(name: &str) {
    let rounds = std::env::var("HOSTILE_ROUNDS").ok().and_then(|rounds| rounds.parse().ok());
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/seeds").join(name);
    let entries = fs::read_dir(folder).expect("a folder of seeds");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("a seed").path()).collect();
    paths.sort();
    let seeds: Vec<Vec<u8>> = paths.iter().map(|path| fs::read(path).expect("a seed")).collect();
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let failing =
        std::env::temp_dir().join(format!("cascade-hostile-{name}-{}", std::process::id()));
    for round in 0..rounds.unwrap_or(200) {
        let mut input = seeds[random.below(seeds.len())].clone();
        for _ in 0..=random.below(6) {
            let other = &seeds[random.below(seeds.len())];
            change(&mut input, other, &mut random);
        }
        let checked = std::panic::catch_unwind(|| cascade_hostile::check(name, &input));
        if let Err(panic) = checked {
            fs::write(&failing, &input).expect("a place for the input");
            println!("round {round}: the input is kept as {}", failing.display());
            std::panic::resume_unwind(panic);
        }
    }
}

#[test]
fn changed_mail_does_no_harm() {
    mutated("mail");
}

#[test]
fn changed_slack_exports_do_no_harm() {
    mutated("slack");
}

#[test]
fn changed_feeds_do_no_harm() {
    mutated("feed");
}

#[test]
fn changed_answers_of_mail_servers_do_no_harm() {
    mutated("imap");
}
