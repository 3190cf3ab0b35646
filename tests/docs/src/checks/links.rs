//! Links lead somewhere.

use std::path::Path;

use super::{markdown::prose, none, root};

#[test]
fn links_between_pages_and_to_files_lead_somewhere() {
    let folder = root().join("docs/plugins");
    let mut pages: Vec<_> = crate::PAGES.iter().map(|(file, _)| folder.join(file)).collect();
    // These link to the pages, and the pages to them.
    pages.extend([
        root().join("docs/operations.md"),
        root().join("docs/edges.md"),
        root().join("docs/joins.md"),
        root().join("README.md"),
    ]);
    let mut faults = Vec::new();
    for page in pages {
        let text = std::fs::read_to_string(&page).expect("a page");
        for link in links(&prose(&text)) {
            let outside = ["http://", "https://", "mailto:"].iter().any(|s| link.starts_with(s));
            if !outside && let Err(why) = follow(&page, &link) {
                faults.push(format!("{}: the link {link} {why}", page.display()));
            }
        }
    }
    none(faults);
}

#[test]
fn every_page_is_reached_from_the_first() {
    let first = links(&prose(super::page("README.md")));
    let missing = crate::PAGES.iter().filter(|(file, _)| *file != "README.md");
    let missing = missing.filter(|(file, _)| !first.iter().any(|link| link == file));
    none(missing.map(|(file, _)| format!("README.md does not link to {file}")).collect());
}

fn follow(page: &Path, link: &str) -> Result<(), String> {
    let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
    let target = if path.is_empty() { page.to_owned() } else { page.with_file_name(path) };
    let target = target.canonicalize().map_err(|error| format!("leads nowhere: {error}"))?;
    if !target.starts_with(root().canonicalize().map_err(|error| error.to_string())?) {
        return Err("leads out of the checkout".into());
    }
    if anchor.is_empty() {
        return Ok(());
    }
    let text = std::fs::read_to_string(&target).map_err(|error| error.to_string())?;
    match prose(&text).lines().zip(text.lines()).any(|(kept, line)| heading(kept, line, anchor)) {
        true => Ok(()),
        false => Err("names a heading that is not there".into()),
    }
}

/// Whether the line is the heading that GitHub gives this anchor.
fn heading(kept: &str, line: &str, anchor: &str) -> bool {
    let Some(title) = line.strip_prefix('#').filter(|_| kept.starts_with('#')) else {
        return false;
    };
    let title = title.trim_start_matches('#').trim().to_lowercase();
    let kept = title.chars().filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c));
    kept.map(|c| if c == ' ' { '-' } else { c }).eq(anchor.chars())
}

/// The targets of `[text](target)`.
fn links(prose: &str) -> Vec<String> {
    let mut found = Vec::new();
    for part in prose.split("](").skip(1) {
        let end = part.find([')', ' ', '\n']).unwrap_or(part.len());
        found.push(part[..end].to_owned());
    }
    found
}

#[test]
fn links_and_headings_are_found() {
    assert_eq!(links("a [b](c.md#d) and ![e](f.png \"g\")"), ["c.md#d", "f.png"]);
    let line = "## What `x-chart` does, in 5 s";
    assert!(heading("## What ` does", line, "what-x-chart-does-in-5-s"));
    assert!(!heading("## What ` does", line, "what-x-chart-does"));
    assert!(!heading("", "# in a block", "in-a-block"));
}
