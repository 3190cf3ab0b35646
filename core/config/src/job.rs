//! The keys of `[jobs.NAME]`. To add one is to declare it here.

use std::{collections::BTreeMap, time::Duration};

use cascade_model::{KEY_OF_SCHEDULE, MOST_ATTEMPTS, MOST_RUNS, MOST_RUNS_OF_KEY};
use cascade_sdk::JobDescriptor;
use chrono::Utc;
use chrono_tz::Tz;
use serde_json::Value;
use toml::de::{DeTable, DeValue};

use super::{
    Schedule,
    diagnostic::Problem,
    key_from::ArgPath,
    key_values::{KeySettings, KeyValues},
    kind::{
        Count, Flag, Kind, Names, Number, Open, Optional, Priority, Span, Tags, Text, TimeZone,
        Weights,
    },
    limits::SHORTEST,
    rate::{Rate, RateText},
    reader::{Reader, TomlValue},
    table::{self, Together, table},
};

table! {
    /// When a job runs by itself.
    pub(crate) struct Timing at "jobs.*" {
        /// A pause between runs, such as "15m" or "1h 30m".
        #[key(Optional(Span), "Interval", ru: "Интервал", "Пауза между запусками, например 15m или 1h 30m.")]
        pub every: Option<Duration> = None,

        /// Minute, hour, day of month, month, day of week; six fields start with seconds.
        #[key(Optional(Text), "Cron expression", ru: "Выражение cron", "Минута, час, день месяца, месяц, день недели; если полей шесть, первое – секунды.")]
        pub cron: Option<String> = None,

        /// The time zone of the cron expression; "UTC" if left out.
        #[key(Optional(TimeZone), "Time zone", ru: "Часовой пояс", "Часовой пояс выражения cron; без него UTC.")]
        pub timezone: Option<Tz> = None,
    }
}

table! {
    /// One `[jobs.NAME]` table.
    pub struct JobSettings at "jobs.*" {
        together Timing,
        /// When it runs by itself; `None` leaves it to cascades and people.
        pub schedule: Option<Schedule>,

        /// Whether it runs; if not, nothing triggers it either.
        #[key(Flag, "Enabled", ru: "Включена", "Работает ли задача; выключенную ничто не запускает.")]
        pub enabled: bool = true,

        /// How long one attempt may take.
        #[key(Span, "Timeout", ru: "Тайм-аут", "Сколько может длиться одна попытка.")]
        pub timeout: Duration = Duration::from_secs(600),

        /// How many attempts a run has.
        #[key(Count(MOST_ATTEMPTS), "Max attempts", ru: "Максимум попыток", "Сколько попыток у одного запуска.")]
        pub max_attempts: u32 = 3,

        /// Runs of this job at a time, over all workers and projects; the plugin's default or no limit if left out.
        #[key(Optional(Count(MOST_RUNS)), "Max concurrent runs", ru: "Максимум одновременных запусков", "На всех исполнителях и во всех проектах; без него – как в плагине или без предела.")]
        pub concurrency: Option<u32> = None,

        /// The limits that this job shares with others, each the name of a table `[limits.NAME]`.
        #[key(Names, "Shared limits", ru: "Общие ограничения", "Имена таблиц [limits.NAME]: ограничения, общие с другими задачами.")]
        pub limits: Vec<String> = Vec::new(),

        /// The arg whose value is the key of runs that are asked for without one, such as "customer.id".
        #[key(Optional(ArgPath), "Key from arg", ru: "Ключ из аргумента", "Аргумент, значение которого – ключ запуска, если его не назвали, например customer.id.")]
        pub key_from: Option<String> = None,

        /// Runs of one key at a time, over all workers, for each project; the next ones wait.
        #[key(Count(MOST_RUNS_OF_KEY), "Runs per key", ru: "Запусков на ключ", "Сколько запусков с одним ключом идёт одновременно на всех исполнителях в каждом проекте; остальные ждут.")]
        pub runs_per_key: u32 = 1,

        /// Runs of one key that may begin in any such time, for each project, such as "100/1m"; the next ones wait. No
        /// limit if left out.
        #[key(Optional(RateText { shortest: SHORTEST, example: "100/1m" }), "Rate per key", ru: "Частота на ключ", "Сколько запусков с одним ключом может начаться за любое такое время в каждом проекте, например 100/1m; остальные ждут. Без неё – без предела.")]
        pub rate_per_key: Option<Rate> = None,

        /// Numbers of single keys, by key, in place of `runs_per_key` and `rate_per_key` of the job.
        #[key(KeyValues)]
        pub keys: BTreeMap<String, KeySettings> = BTreeMap::new(),

        /// Only workers that have all these labels (`cascade worker --labels`) run this job; any worker if left out.
        #[key(Names, "Required worker labels", ru: "Нужные метки исполнителя", "Задачу выполняют только исполнители со всеми этими метками (cascade worker --labels); без них – любые.")]
        pub needs_labels: Vec<String> = Vec::new(),

        /// How much this job prefers workers with a label, such as `{ gpu = 10, eu = 5 }`, up to 1000, and below zero
        /// how much it avoids them: its runs go to the live workers for which the sum is greatest.
        #[key(Weights)]
        pub prefers_labels: BTreeMap<String, i32> = BTreeMap::new(),

        /// How long a run that could begin is left to the workers that `prefers_labels` says, before any other that may
        /// run it takes it.
        #[key(Span)]
        pub prefers_for: Duration = Duration::from_secs(5),

        /// The priority of runs that name none and are not its schedule's, 1 to 9: the highest goes first; 0 if left out.
        #[key(Optional(Priority), "Priority", ru: "Приоритет", "Приоритет запусков, которые его не называют (кроме запусков по расписанию), от 1 до 9: больший раньше; без него 0.")]
        pub priority: Option<u8> = None,

        /// The pause between attempts; a duration alone sets the first.
        #[key(Growing, "Retry backoff", ru: "Задержка перед повтором", "Пауза между попытками; одно значение задаёт первую.")]
        pub backoff: Backoff = Backoff::default(),

        /// Who answers for it, such as a team and how to reach it.
        #[key(Optional(Text), "Owner", ru: "Ответственный", "Кто отвечает за задачу, например команда и как с ней связаться.")]
        pub owner: Option<String> = None,

        /// Words by which all runs of the job are found: up to 16, each of 1 to 64 bytes.
        #[key(Tags)]
        pub tags: Vec<String> = Vec::new(),

        /// What the job itself takes: `cascade plugin list --schema NAME`.
        #[key(Open)]
        pub params: Value = Open::empty(),

        /// What runs are asked for that a timer or a plain edge starts.
        #[key(Open)]
        pub args: Value = Open::empty(),
    }
}

table! {
    /// Exponential backoff: `initial * factor^(attempt - 1)`, at most `max`, less up to a quarter of
    /// itself at random so that runs which failed together do not come back together.
    pub struct Backoff at "jobs.*.backoff" {
        /// The pause after the first failed attempt.
        #[key(Span, "Initial backoff", ru: "Начальная задержка", "Пауза после первой неудачной попытки.")]
        pub initial: Duration = Duration::from_secs(10),

        /// The longest pause.
        #[key(Span, "Max backoff", ru: "Максимальная задержка", "Самая длинная пауза.")]
        pub max: Duration = Duration::from_secs(600),

        /// How much longer each pause is than the one before.
        #[key(Number(1.0..100.0), "Backoff factor", ru: "Множитель задержки", "Во сколько раз каждая пауза длиннее предыдущей.")]
        pub factor: f64 = 2.0,
    }
}

/// Keys of [`JobSettings`] for which a plugin may have another default than the host.
pub(crate) const OF_PLUGINS: [&str; 4] = ["timeout", "max_attempts", "concurrency", "backoff"];

impl JobSettings {
    /// What holds where jobs.toml says nothing of a job: what its plugin says, or else the host.
    pub fn without_file(job: Option<&JobDescriptor>) -> Self {
        let host = Self::default();
        let Some(JobDescriptor { defaults, .. }) = job else { return host };
        Self {
            timeout: defaults.timeout.unwrap_or(host.timeout),
            max_attempts: defaults.max_attempts.unwrap_or(host.max_attempts),
            concurrency: defaults.concurrency,
            backoff: defaults.backoff.map_or(host.backoff, Backoff::from),
            ..host
        }
    }
}

impl JobSettings {
    /// Runs of a key at a time.
    pub fn runs_of_key(&self, key: &str) -> u32 {
        let of_key = self.keys.get(key).and_then(|settings| settings.runs_per_key);
        if key == KEY_OF_SCHEDULE { 1 } else { of_key.unwrap_or(self.runs_per_key) }
    }

    /// The rate of a key.
    pub fn rate_of_key(&self, key: &str) -> Option<Rate> {
        let of_key = self.keys.get(key).and_then(|settings| settings.rate_per_key);
        of_key.or(self.rate_per_key).filter(|_| key != KEY_OF_SCHEDULE)
    }

    /// How much the job prefers a worker with these labels.
    pub fn weight(&self, labels: &[String]) -> i64 {
        let has = self.prefers_labels.iter().filter(|(label, _)| labels.contains(label));
        has.map(|(_, weight)| i64::from(*weight)).sum()
    }
}

impl From<cascade_sdk::Backoff> for Backoff {
    fn from(from: cascade_sdk::Backoff) -> Self {
        Self { initial: from.initial, max: from.max, factor: from.factor }
    }
}

impl Together for Timing {
    type Value = Option<Schedule>;

    fn value(self, reader: &mut Reader, path: &str, entries: &DeTable) -> Option<Schedule> {
        let span = |name: &str| entries.get_key_value(name).map(|(key, _)| key.span());
        if let (Some(span), Some(_)) = (span("every"), &self.cron) {
            reader.refuse(
                Problem::error(&format!("{path}.every"), span, "both `every` and `cron` are set")
                    .help("keep one of them"),
            );
        }
        if let (Some(span), None) = (span("timezone"), &self.cron) {
            reader.refuse(
                Problem::error(&format!("{path}.timezone"), span, "`timezone` without `cron`")
                    .help("add `cron`, or remove `timezone`: `every` needs none"),
            );
        }
        match (self.cron, entries.get("cron")) {
            // A bad zone has been told; the line is still checked.
            (Some(line), Some(at)) => {
                cron_line(reader, path, &line, at, self.timezone.unwrap_or(chrono_tz::UTC))
            }
            _ => self.every.map(Schedule::Every),
        }
    }
}

fn cron_line(
    reader: &mut Reader,
    path: &str,
    line: &str,
    at: &TomlValue,
    zone: Tz,
) -> Option<Schedule> {
    let (key, span) = (format!("{path}.cron"), at.span());
    match Schedule::cron(line, zone) {
        Ok(schedule) => {
            if schedule.next_after(Utc::now()).is_none() {
                let passed = "the last time of this cron line has passed";
                reader.refuse(
                    Problem::warning(&key, span, passed)
                        .label("the job no longer runs by itself")
                        .help("change the year (the seventh field), or remove `cron`"),
                );
            }
            Some(schedule)
        }
        Err(error) => {
            reader.refuse(
                Problem::error(&key, span, format!("bad cron line \"{line}\""))
                    .label(error)
                    .help("five fields: minute hour day-of-month month day-of-week, as in \"0 6 * * 1-5\""),
            );
            None
        }
    }
}

/// A table of [`Backoff`], or the first pause alone.
pub(crate) struct Growing;

impl Kind for Growing {
    type Value = Backoff;
    const NAME: &'static str = "table";

    fn schema(&self) -> Value {
        serde_json::json!({"type": ["string", "object"], "x-alone": "initial"})
    }

    fn read(&self, reader: &mut Reader, key: &str, value: &TomlValue) -> Option<Backoff> {
        self.read_over(reader, key, value, &Backoff::default())
    }

    fn read_over(
        &self,
        reader: &mut Reader,
        key: &str,
        value: &TomlValue,
        base: &Backoff,
    ) -> Option<Backoff> {
        let problems = reader.problems.len();
        let mut backoff = match value.get_ref() {
            DeValue::String(_) => {
                Backoff { initial: Span.read(reader, key, value)?, ..base.clone() }
            }
            _ => {
                let entries = reader.table(key, value)?;
                table::read(reader, key, entries, base.clone())
            }
        };
        let given = value.get_ref().as_table().and_then(|table| table.get("max"));
        match given.filter(|_| backoff.max < backoff.initial) {
            Some(_) if reader.problems.len() > problems => {}
            Some(max) => {
                let message = "`max` is shorter than `initial`";
                reader.refuse(Problem::error(&format!("{key}.max"), max.span(), message));
            }
            None => backoff.max = backoff.max.max(backoff.initial),
        }
        Some(backoff)
    }

    fn write(&self, value: &Backoff) -> Value {
        serde_json::to_value(value).unwrap_or_default()
    }
}

impl Backoff {
    /// The pause after failed attempt number `attempt` (from 1); `jitter` is a random 0..1.
    pub fn delay(&self, attempt: u32, jitter: f64) -> Duration {
        let power = i32::try_from(attempt.saturating_sub(1)).unwrap_or(i32::MAX);
        let grown = self.initial.as_secs_f64() * self.factor.powi(power);
        let capped = grown.min(self.max.as_secs_f64());
        Duration::from_secs_f64(capped * (1.0 - 0.25 * jitter.clamp(0.0, 1.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_is_read_and_served() {
        let (root, _) = DeTable::parse_recoverable("owner = \"Data team, +49 30 1234\"");
        let (mut reader, base) = (Reader::default(), JobSettings::default());
        let settings = table::read(&mut reader, "jobs.x", root.get_ref(), base);
        let served = serde_json::to_value(&settings).unwrap();
        assert_eq!(served["owner"], "Data team, +49 30 1234");
    }

    #[test]
    fn backoff_grows_to_its_maximum_and_jitter_only_shortens_it() {
        let backoff =
            Backoff { initial: Duration::from_secs(1), max: Duration::from_secs(5), factor: 2.0 };
        let plain = [1, 2, 3, 4, 900].map(|attempt| backoff.delay(attempt, 0.0).as_secs());
        assert_eq!(plain, [1, 2, 4, 5, 5]);
        assert_eq!(backoff.delay(2, 1.0), Duration::from_millis(1500));
    }
}
