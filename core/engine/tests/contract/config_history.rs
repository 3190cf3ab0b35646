//! Texts of jobs.toml that came into force.

use cascade_engine::Engine;
use cascade_model::{ConfigOrigin, ConfigText};
use cascade_store::Queries;

fn text(text: &str) -> ConfigText {
    ConfigText::on_disk(text)
}

async fn origins(engine: &Engine) -> Vec<(ConfigOrigin, Option<String>)> {
    let page = engine.store().config_history(1, 50).await.unwrap();
    page.items.into_iter().map(|item| (item.origin, item.comment)).collect()
}

pub(super) async fn each_config_that_comes_into_force_is_kept_once(engine: &Engine) {
    let ui = ConfigText {
        by: Some("ann".into()),
        comment: Some("why".into()),
        origin: ConfigOrigin::Ui,
        ..text("b")
    };
    assert_eq!(engine.store().config_history(1, 50).await.unwrap().total, 0);
    // As many processes that see one file do.
    let (one, another) = (text("a"), text("a"));
    let (a, b) = tokio::join!(
        engine.store().record_config(&one, None),
        engine.store().record_config(&another, None)
    );
    a.unwrap();
    b.unwrap();
    assert_eq!(origins(engine).await, [(ConfigOrigin::File, None)]);
    // The watcher is faster than the one who saved it.
    engine.store().record_config(&text("b"), None).await.unwrap();
    engine.store().record_config(&ui, None).await.unwrap();
    engine.store().record_config(&text("b"), None).await.unwrap();
    let why = Some("why".to_owned());
    assert_eq!(
        origins(engine).await,
        [(ConfigOrigin::Ui, why.clone()), (ConfigOrigin::File, None)]
    );
    // And the other way round; an undo is a new entry.
    engine.store().record_config(&text("a"), None).await.unwrap();
    engine.store().record_config(&ui, None).await.unwrap();
    let page = engine.store().config_history(1, 3).await.unwrap();
    assert_eq!((page.total, page.items.len()), (4, 3));
    assert_eq!((page.items[0].by.as_deref(), page.items[0].comment.clone()), (Some("ann"), why));
    assert_eq!(engine.store().config_history(2, 3).await.unwrap().items[0].revision, one.revision);
    let found = engine.store().config_text(&ui.revision).await.unwrap().unwrap();
    assert_eq!((found.text.as_str(), &found.version), ("b", &page.items[0]), "the latest of them");
    assert!(engine.store().config_text("none").await.unwrap().is_none());
}

pub(super) async fn the_newest_five_hundred_configs_are_kept(engine: &Engine) {
    for nth in 0..503 {
        engine.store().record_config(&text(&nth.to_string()), None).await.unwrap();
    }
    let page = engine.store().config_history(10, 50).await.unwrap();
    assert_eq!((page.total, page.items.len()), (500, 50));
    assert_eq!(page.items[49].revision, text("3").revision);
}
