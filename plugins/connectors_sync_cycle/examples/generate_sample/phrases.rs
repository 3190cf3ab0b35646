//! What the made-up people say.

/// A made-up person.
pub struct Person {
    /// Full name.
    pub name: &'static str,
    /// Mail address without the host, and Slack name.
    pub key: &'static str,
}

impl Person {
    /// What colleagues say.
    pub fn first_name(&self) -> &'static str {
        self.name.split(' ').next().unwrap_or(self.name)
    }
}

const fn person(name: &'static str, key: &'static str) -> Person {
    Person { name, key }
}

/// Everybody; neighbouring projects share one person.
pub const PEOPLE: [Person; 16] = [
    person("Ann Keller", "ann.keller"),
    person("Tom Brandt", "tom.brandt"),
    person("Priya Nair", "priya.nair"),
    person("Luis Ortega", "luis.ortega"),
    person("Grace Okafor", "grace.okafor"),
    person("Oleg Smirnov", "oleg.smirnov"),
    person("Марина Волкова", "marina.volkova"),
    person("Игорь Лебедев", "igor.lebedev"),
    person("Светлана Белова", "svetlana.belova"),
    person("Павел Зайцев", "pavel.zaytsev"),
    person("Nina Petrova", "nina.petrova"),
    person("Jonas Weber", "jonas.weber"),
    person("Дарья Орлова", "darya.orlova"),
    person("Mei Tanaka", "mei.tanaka"),
    person("Антон Рябов", "anton.ryabov"),
    person("Sara Lindqvist", "sara.lindqvist"),
];

/// What a message is about.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// Everyday work.
    Calm,
    /// A date that will not hold.
    Deadline,
    /// Work that stands still.
    Blocker,
    /// Money.
    Budget,
    /// Somebody is unhappy.
    Complaint,
    /// Something was settled.
    Decision,
    /// A question.
    Question,
}

impl Mood {
    /// What can go wrong.
    pub const TROUBLE: [Self; 5] =
        [Self::Deadline, Self::Blocker, Self::Budget, Self::Complaint, Self::Question];
}

/// Sentences of one language.
pub struct Phrases {
    /// What can be talked about.
    pub topics: &'static [&'static str],
    /// First words.
    pub openings: &'static [&'static str],
    /// Last words.
    pub closings: &'static [&'static str],
    calm: &'static [&'static str],
    deadline: &'static [&'static str],
    blocker: &'static [&'static str],
    budget: &'static [&'static str],
    complaint: &'static [&'static str],
    decision: &'static [&'static str],
    question: &'static [&'static str],
}

impl Phrases {
    /// Russian or English.
    pub fn of(russian: bool) -> &'static Self {
        if russian { &RUSSIAN } else { &ENGLISH }
    }

    /// Sentences of a mood; `{topic}` is to be filled in.
    pub fn sentences(&self, mood: Mood) -> &'static [&'static str] {
        match mood {
            Mood::Calm => self.calm,
            Mood::Deadline => self.deadline,
            Mood::Blocker => self.blocker,
            Mood::Budget => self.budget,
            Mood::Complaint => self.complaint,
            Mood::Decision => self.decision,
            Mood::Question => self.question,
        }
    }
}

const ENGLISH: Phrases = Phrases {
    topics: &[
        "data migration",
        "billing export",
        "customer portal",
        "load test",
        "access rights",
        "release notes",
        "monitoring",
        "partner API",
        "search index",
        "training material",
        "backup plan",
        "mobile layout",
        "invoice template",
        "staging cluster",
    ],
    openings: &[
        "Hi all,",
        "Morning,",
        "Hello team,",
        "Quick update:",
        "{name} here.",
        "From today's call:",
        "Following up:",
        "As promised,",
        "For the record:",
        "Short note.",
    ],
    closings: &[
        "Thanks!",
        "More tomorrow.",
        "Notes are in the wiki.",
        "Have a good evening.",
        "I will keep you posted.",
        "Cheers.",
        "See you at the stand-up.",
    ],
    calm: &[
        "the {topic} looks good after yesterday's review.",
        "I have updated the page about the {topic}.",
        "two small fixes for the {topic} went in this morning.",
        "the walkthrough of the {topic} is in everybody's calendar.",
        "the numbers for the {topic} match the last report.",
        "I tidied up the tickets of the {topic} and closed five old ones.",
        "the demo of the {topic} went well and the client took notes.",
        "we are no longer blocked on the {topic}, the rights came through.",
        "tests for the {topic} are green on every branch.",
        "I moved the description of the {topic} to the shared folder.",
        "the second half of the {topic} starts as planned.",
        "the team finished its part of the {topic} a day early.",
    ],
    deadline: &[
        "we are going to miss the deadline for the {topic}.",
        "the {topic} is behind schedule by at least a week.",
        "I do not think we can deliver the {topic} on time.",
        "the {topic} has slipped again, now to the end of the month.",
        "there is a real risk of delay for the {topic}.",
        "the date for the {topic} is not realistic any more.",
    ],
    blocker: &[
        "we are blocked on the {topic} until the vendor answers.",
        "the {topic} is stuck, nobody has access to the server.",
        "I cannot proceed with the {topic} without the new keys.",
        "work on the {topic} is on hold because the environment is down.",
        "the {topic} is waiting for approval since last week and nothing moves.",
        "a showstopper came up in the {topic}.",
    ],
    budget: &[
        "the {topic} is over budget by twelve percent.",
        "we are running out of budget for the {topic}.",
        "costs of the {topic} exceed the plan.",
        "the unexpected costs for the {topic} were not approved.",
        "finance asks for budget cuts and the {topic} is on the list.",
    ],
    complaint: &[
        "the client is unhappy with the {topic}.",
        "frankly, I am disappointed by the state of the {topic}.",
        "this is unacceptable, the {topic} broke for the third time.",
        "people are frustrated with the {topic} and say so.",
        "we received a complaint about the {topic} this morning.",
    ],
    decision: &[
        "we decided to split the {topic} into two releases.",
        "it was agreed to keep the {topic} as it is.",
        "the steering group approved the new plan for the {topic}.",
        "final decision: the {topic} goes live on Monday.",
    ],
    question: &[
        "who is responsible for the {topic} after the hand-over?",
        "could somebody tell me when the {topic} will be ready?",
        "do we have the client's approval for the {topic}?",
        "what is the plan if the {topic} fails?",
        "can anyone confirm the figures for the {topic}?",
    ],
};

const RUSSIAN: Phrases = Phrases {
    topics: &[
        "перенос данных",
        "мобильное приложение",
        "личный кабинет",
        "отчёт для клиента",
        "нагрузочный тест",
        "выпуск версии",
        "интеграция с банком",
        "раздел помощи",
        "обучение операторов",
        "резервный план",
        "макет экрана",
        "договор с подрядчиком",
    ],
    openings: &[
        "Коллеги,",
        "Доброе утро,",
        "Всем привет,",
        "Коротко:",
        "По итогам встречи:",
        "Добрый день,",
        "Напоминаю:",
        "Как и обещали,",
        "Для истории:",
        "Ещё одно.",
    ],
    closings: &[
        "Спасибо!",
        "Подробности завтра.",
        "Записи лежат в вики.",
        "Хорошего вечера.",
        "Буду держать в курсе.",
        "До встречи на планёрке.",
    ],
    calm: &[
        "тема «{topic}» после вчерашней проверки выглядит хорошо.",
        "страница «{topic}» обновлена, можно читать.",
        "утром вышли две небольшие правки по теме «{topic}».",
        "встреча по теме «{topic}» стоит у всех в календаре.",
        "цифры по теме «{topic}» сходятся с прошлым отчётом.",
        "показ по теме «{topic}» прошёл удачно, клиент делал заметки.",
        "мы больше не заблокированы по теме «{topic}», доступ выдали.",
        "все проверки по теме «{topic}» зелёные.",
        "вторая часть темы «{topic}» начинается по плану.",
        "команда закончила свою часть темы «{topic}» на день раньше.",
    ],
    deadline: &[
        "не успеваем к сроку по теме «{topic}».",
        "«{topic}»: отстаём от графика минимум на неделю.",
        "срок по теме «{topic}» снова сдвигается, теперь на конец месяца.",
        "есть серьёзный риск задержки по теме «{topic}».",
        "боюсь, мы сорвём сроки по теме «{topic}».",
    ],
    blocker: &[
        "работа по теме «{topic}» заблокирована, ждём ответа подрядчика.",
        "по теме «{topic}» всё стоит: ни у кого нет доступа к серверу.",
        "не можем продолжить тему «{topic}» без новых ключей.",
        "тема «{topic}» зависла на согласовании с прошлой недели.",
        "по теме «{topic}» нашлась критическая ошибка, выпуск невозможен.",
    ],
    budget: &[
        "по теме «{topic}» перерасход бюджета двенадцать процентов.",
        "бюджет на тему «{topic}» заканчивается.",
        "расходы по теме «{topic}» превышают план.",
        "незапланированные расходы по теме «{topic}» не согласованы.",
    ],
    complaint: &[
        "клиент недоволен темой «{topic}».",
        "это неприемлемо: «{topic}» ломается третий раз.",
        "люди раздражены тем, как идёт «{topic}».",
        "утром пришла жалоба по теме «{topic}».",
        "я разочарован тем, в каком состоянии «{topic}».",
    ],
    decision: &[
        "решили разделить тему «{topic}» на два выпуска.",
        "договорились оставить тему «{topic}» как есть.",
        "руководство утвердило новый план по теме «{topic}».",
        "окончательное решение: «{topic}» запускаем в понедельник.",
    ],
    question: &[
        "кто отвечает за тему «{topic}» после передачи?",
        "когда будет готова тема «{topic}»?",
        "есть ли согласие клиента по теме «{topic}»?",
        "что делаем, если «{topic}» не получится?",
        "кто может подтвердить цифры по теме «{topic}»?",
    ],
};
