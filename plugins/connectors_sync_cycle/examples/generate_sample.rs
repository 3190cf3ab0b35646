//! Writes the sample input: `cargo run -p connectors_sync_cycle --example generate_sample [FOLDER]`.
//!
//! Three made-up projects in real formats. The seed is fixed, so that a second run writes the very
//! same bytes; a test compares them with what is committed.

#[path = "generate_sample/phrases.rs"]
mod phrases;
#[path = "generate_sample/write.rs"]
mod write;

use std::{
    env,
    error::Error,
    path::{Path, PathBuf},
};

use chrono::{DateTime, TimeDelta, Utc};
use phrases::{Mood, PEOPLE, Phrases};

/// The last moment of the archive; `replay_from` in jobs.toml names it.
const ANCHOR: &str = "2026-11-20T18:00:00Z";
const DAYS: i64 = 45;

/// Marsaglia's xorshift64*: small, seeded, the same everywhere.
pub struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let bits = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(bits).unwrap_or(0) % sides
    }

    fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.roll(list.len())]
    }
}

/// A message before it takes the form of its source.
pub struct Said {
    /// Index into [`PEOPLE`].
    pub who: usize,
    /// When.
    pub at: DateTime<Utc>,
    /// Title.
    pub subject: String,
    /// Text.
    pub body: String,
    /// Index of the message it answers.
    pub answers: Option<usize>,
}

/// A made-up project: how much goes wrong and how much of it is in Russian, both in percent.
struct Project {
    slug: &'static str,
    trouble: usize,
    russian: usize,
    people: std::ops::Range<usize>,
    mail: usize,
    chat: usize,
    news: usize,
}

const PROJECTS: [Project; 3] = [
    Project { slug: "atlas", trouble: 42, russian: 12, people: 0..6, mail: 75, chat: 70, news: 12 },
    Project {
        slug: "borealis",
        trouble: 20,
        russian: 85,
        people: 5..11,
        mail: 65,
        chat: 75,
        news: 0,
    },
    Project { slug: "cedar", trouble: 6, russian: 40, people: 10..16, mail: 0, chat: 85, news: 16 },
];

fn main() -> Result<(), Box<dyn Error>> {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/sample");
    generate(&PathBuf::from(env::args().nth(1).unwrap_or_else(|| default.into())))
}

/// Writes all projects into a folder.
pub fn generate(folder: &Path) -> Result<(), Box<dyn Error>> {
    let anchor: DateTime<Utc> = ANCHOR.parse()?;
    let mut dice = Dice(0x0CA5_CADE_2026);
    for project in &PROJECTS {
        let home = folder.join(project.slug);
        std::fs::create_dir_all(&home)?;
        if project.mail > 0 {
            let said = talk(&mut dice, project, project.mail, anchor);
            write::mbox(&home.join("inbox.mbox"), project.slug, &said)?;
        }
        let said = talk(&mut dice, project, project.chat, anchor);
        write::slack(&home.join("slack"), &said, project.people.clone())?;
        if project.news > 0 {
            let said = talk(&mut dice, project, project.news, anchor);
            write::atom(&home.join("news.xml"), project.slug, &said)?;
        }
    }
    Ok(())
}

fn talk(dice: &mut Dice, project: &Project, count: usize, anchor: DateTime<Utc>) -> Vec<Said> {
    let mut said: Vec<Said> = Vec::with_capacity(count);
    let minutes = DAYS * 24 * 60;
    let step = minutes / i64::try_from(count).unwrap_or(1);
    for nth in 0..count {
        let wobble =
            i64::try_from(dice.roll(usize::try_from(step).unwrap_or(1).max(1))).unwrap_or(0);
        let left = minutes - i64::try_from(nth).unwrap_or(0) * step - wobble;
        // The anchor is six in the evening; whole days back keep people to office hours.
        let hours = TimeDelta::minutes(left % (24 * 60) * 9 / 24);
        let at = anchor - TimeDelta::days(left / (24 * 60)) - hours;
        let at = said.last().map_or(at, |before: &Said| at.max(before.at + TimeDelta::minutes(2)));
        let phrases = Phrases::of(dice.roll(100) < project.russian);
        let mood = match dice.roll(100) {
            roll if roll < project.trouble => *dice.pick(&Mood::TROUBLE),
            roll if roll < project.trouble + 8 => Mood::Decision,
            _ => Mood::Calm,
        };
        let reply = nth > 2 && dice.roll(100) < 35;
        let answers = reply.then(|| nth - 1 - dice.roll(3));
        let topic = *dice.pick(phrases.topics);
        let who = project.people.start + dice.roll(project.people.len());
        let subject = match answers {
            Some(before) => format!("Re: {}", said[before].subject.trim_start_matches("Re: ")),
            None => capitalised(topic),
        };
        let mut body = dice.pick(phrases.openings).replace("{name}", PEOPLE[who].first_name());
        add_sentence(&mut body, &dice.pick(phrases.sentences(mood)).replace("{topic}", topic));
        if dice.roll(2) == 0 {
            let more = dice.pick(phrases.sentences(Mood::Calm)).replace("{topic}", topic);
            add_sentence(&mut body, &more);
        }
        if dice.roll(3) == 0 {
            body.push(' ');
            body.push_str(dice.pick::<&str>(phrases.closings));
        }
        // Nobody says the very same twice.
        while said.iter().any(|before| before.body == body) {
            let more =
                phrases.sentences(Mood::Calm)[said.len() % phrases.sentences(Mood::Calm).len()];
            add_sentence(&mut body, &more.replace("{topic}", topic));
        }
        said.push(Said { who, at, subject, body, answers });
    }
    said
}

/// The phrases begin in lower case, for those that follow a comma or a colon.
fn add_sentence(body: &mut String, sentence: &str) {
    let starts = body.ends_with(['.', '!', '?']);
    body.push(' ');
    body.push_str(&if starts { capitalised(sentence) } else { sentence.to_owned() });
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
